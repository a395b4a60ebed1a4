// Says how far a file is on its way, and puts the answer where the form was. Without this script the browser does it by itself,
// only without saying how far it is.

const follow = () => {
  const form = document.querySelector("form[data-import]");
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
};

const send = (form) => {
  const [bar, note] = [form.querySelector("progress"), form.querySelector("[role=status]")];
  const button = form.querySelector("button[type=submit]");
  const request = new XMLHttpRequest();
  request.open("POST", form.action);
  request.responseType = "document";
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    const percent = Math.floor((100 * loaded) / Math.max(total, 1));
    bar.value = percent;
    note.textContent = percent < 100 ? `${form.dataset.sending} ${percent} %` : form.dataset.working;
  });
  // Whatever goes wrong on the way, the browser's own way of sending the form says what.
  request.addEventListener("error", () => form.submit());
  request.addEventListener("load", () => show(request) || form.submit());
  form.querySelector("[data-progress]").hidden = false;
  button.disabled = true;
  request.send(new FormData(form));
};

const show = ({ response, responseURL }) => {
  const main = response?.getElementById("main");
  if (!main) return false;
  document.title = response.title;
  document.getElementById("main").replaceWith(document.adoptNode(main));
  history.replaceState(null, "", responseURL);
  document.getElementById("main").focus();
  follow();
  return true;
};

follow();
