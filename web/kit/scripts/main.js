// What every page has: nothing here is needed, everything is a little nicer with it.

// A form that is on its way is not sent again: the server would notice, but the visitor need not wonder.
document.addEventListener('submit', (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== 'post') return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  const question = event.submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = 'yes';
});

// A page that comes back from the browser's memory may be sent from anew.
window.addEventListener('pageshow', () => {
  document.querySelectorAll('form[data-sent]').forEach((form) => delete form.dataset.sent);
});

// The theme changes at once; the server is told so that the next page has it too.
document.querySelectorAll('[data-theme-switch]').forEach((form) => {
  form.addEventListener('submit', (event) => {
    const choice = event.submitter?.value;
    if (!choice) return;
    event.preventDefault();
    event.stopPropagation();
    document.documentElement.dataset.theme = choice;
    form.querySelectorAll('button').forEach((button) => button.setAttribute('aria-pressed', String(button.value === choice)));
    const fields = new URLSearchParams(new FormData(form));
    fields.set('choice', choice);
    fetch(form.action, { method: 'POST', body: fields, redirect: 'manual' });
  });
});

// A menu closes when one goes elsewhere.
document.addEventListener('click', (event) => {
  document.querySelectorAll('details.menu[open]').forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  document.querySelectorAll('details.menu[open]').forEach((menu) => {
    menu.open = false;
    menu.querySelector('summary').focus();
  });
});

// A choice that only asks for another view needs no button: `data-auto-submit` on the form.
document.querySelectorAll('form[data-auto-submit]').forEach((form) => {
  form.addEventListener('change', () => form.requestSubmit());
});

// What is wrong with a form is the first thing to see.
document.querySelector('.error-summary')?.focus();

if (document.querySelector('[data-live]')) import('./live.js');
if (document.querySelector('[data-suggestions]')) import('./autocomplete.js');
