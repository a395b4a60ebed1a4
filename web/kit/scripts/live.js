// Parts of a page that follow what happens: `data-live` names where the fragments come from. They are ours, escaped by the
// server, and scripts in them could not run. A server that goes away is asked again until it is back.

const AGAIN_MS = 1000;
const AGAIN_MS_MAX = 20_000;

const follow = (element) => {
  let events;
  let timer;
  let wait = AGAIN_MS;

  const show = ({ data }) => {
    // Who is at something in there, or has opened it, is not to lose it.
    const isUsed = element.contains(document.activeElement) || element.querySelector('details[open]');
    if (!isUsed) element.innerHTML = data;
  };

  const open = () => {
    events = new EventSource(element.dataset.live);
    events.addEventListener('open', () => { wait = AGAIN_MS; });
    events.addEventListener('fragment', show);
    events.addEventListener('end', () => events.close());
    events.addEventListener('goto', ({ data }) => {
      events.close();
      window.location.assign(data);
    });
    // After a broken connection the browser connects anew by itself, but not after an answer that is no stream, such as that of
    // a gateway which has only just come back.
    events.addEventListener('error', () => {
      if (events.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(open, wait);
      wait = Math.min(2 * wait, AGAIN_MS_MAX);
    });
  };

  open();
  window.addEventListener('pagehide', () => {
    clearTimeout(timer);
    events.close();
  });
  // A page that comes back from the browser's memory follows again.
  window.addEventListener('pageshow', ({ persisted }) => { if (persisted) open(); });
};

document.querySelectorAll('[data-live]').forEach(follow);
