// Suggestions below a search field (the combobox pattern of ARIA): `data-suggestions` names where a JSON list of texts comes
// from. Without an answer the field is an ordinary one.
const PAUSE_MS = 150;
const SHORTEST = 2;

document.querySelectorAll('[data-suggestions]').forEach((input, index) => {
  const list = document.createElement('ul');
  list.id = `suggestions-${index}`;
  list.className = 'combobox-list';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', input.labels?.[0]?.textContent ?? '');
  list.hidden = true;
  const frame = document.createElement('div');
  frame.className = 'combobox';
  input.replaceWith(frame);
  frame.append(input, list);
  for (const [name, value] of Object.entries({
    role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': list.id,
  })) input.setAttribute(name, value);

  let timer;
  let asking;
  let current = -1;

  const close = () => {
    list.hidden = true;
    current = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const choose = (text) => {
    input.value = text;
    close();
    input.form.requestSubmit();
  };
  const show = (texts) => {
    list.replaceChildren(...texts.map((text, number) => {
      const option = document.createElement('li');
      option.id = `${list.id}-${number}`;
      option.setAttribute('role', 'option');
      option.setAttribute('aria-selected', 'false');
      option.textContent = text;
      option.addEventListener('mousedown', (event) => {
        event.preventDefault();
        choose(text);
      });
      return option;
    }));
    current = -1;
    list.hidden = texts.length === 0;
    input.setAttribute('aria-expanded', String(texts.length > 0));
  };
  const move = (step) => {
    const options = [...list.children];
    if (list.hidden || options.length === 0) return;
    options[current]?.setAttribute('aria-selected', 'false');
    current = (current + step + options.length + (current < 0 && step < 0 ? 1 : 0)) % options.length;
    options[current].setAttribute('aria-selected', 'true');
    input.setAttribute('aria-activedescendant', options[current].id);
  };
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    try {
      const path = `${input.dataset.suggestions}?${new URLSearchParams({ query: input.value })}`;
      const answer = await fetch(path, { signal: asking.signal });
      if (answer.ok) show(await answer.json());
    } catch {
      // A newer question is under way, or nobody answers: no suggestions then.
    }
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    if (input.value.trim().length < SHORTEST) close();
    else timer = setTimeout(ask, PAUSE_MS);
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      move(event.key === 'ArrowDown' ? 1 : -1);
    } else if (event.key === 'Escape') {
      close();
    } else if (event.key === 'Enter' && current >= 0) {
      event.preventDefault();
      choose(list.children[current].textContent);
    }
  });
  input.addEventListener('blur', close);
});
