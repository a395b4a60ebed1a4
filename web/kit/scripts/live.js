// Parts of a page that follow what happens: `data-live` names where the fragments come from. They are ours, escaped by the
// server, and scripts in them could not run.
document.querySelectorAll('[data-live]').forEach((element) => {
  const events = new EventSource(element.dataset.live);
  events.addEventListener('fragment', (event) => {
    // Who is at something in there, or has opened it, is not to lose it.
    const isUsed = element.contains(document.activeElement) || element.querySelector('details[open]');
    if (!isUsed) element.innerHTML = event.data;
  });
  events.addEventListener('end', () => events.close());
  events.addEventListener('goto', (event) => {
    events.close();
    window.location.assign(event.data);
  });
  window.addEventListener('pagehide', () => events.close());
});
