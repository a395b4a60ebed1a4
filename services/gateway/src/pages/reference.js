// Sends the calls of the API reference from the page itself. Without scripts the page shows the same calls for curl.

const tokenForm = document.querySelector("#token");
const tokenField = document.querySelector("#access-token");
tokenForm.hidden = false;
tokenField.value = sessionStorage.getItem("access-token") ?? "";
tokenField.addEventListener("input", () => sessionStorage.setItem("access-token", tokenField.value.trim()));

for (const form of document.querySelectorAll("form.try")) {
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form);
  });
}

async function send(form) {
  const button = form.querySelector("button");
  const output = form.querySelector("output");
  button.disabled = true;
  output.replaceChildren(line("Waiting for the answer …"));
  const started = performance.now();
  try {
    const answer = await fetch(address(form), { method: form.dataset.method, headers: headers(form), body: body(form), credentials: "omit" });
    const text = await answer.text();
    show(output, answer, text, Math.round(performance.now() - started));
    keepToken(form, answer, text);
  } catch (error) {
    output.replaceChildren(line(`No answer: ${error.message}`));
  } finally {
    button.disabled = false;
  }
}

function fields(form, place) {
  const all = [...form.querySelectorAll(`[data-in="${place}"]`)];
  return all.map((field) => [field.dataset.name, field.value]).filter(([, value]) => value !== "");
}

function address(form) {
  let path = form.dataset.path;
  for (const [name, value] of fields(form, "path")) {
    path = path.replace(`{${name}}`, () => encodeURIComponent(value));
  }
  const query = new URLSearchParams(fields(form, "query")).toString();
  return query ? `${path}?${query}` : path;
}

function headers(form) {
  const headers = new Headers(fields(form, "header"));
  if (form.querySelector('[data-in="body"]') && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  const token = tokenField.value.trim();
  if (token) {
    headers.set("authorization", `Bearer ${token}`);
  }
  return headers;
}

function body(form) {
  return form.querySelector('[data-in="body"]')?.value;
}

function show(output, answer, text, time) {
  const status = document.createElement("strong");
  status.textContent = `${answer.status}`;
  const about = line("");
  about.append(status, ` in ${time} ms, ${text.length} characters, correlation id ${answer.headers.get("x-correlation-id") ?? "none"}`);
  const pre = document.createElement("pre");
  pre.tabIndex = 0;
  pre.textContent = pretty(text);
  output.replaceChildren(about, pre);
}

function line(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "sent";
  paragraph.textContent = text;
  return paragraph;
}

// Integers may be larger than a JavaScript number holds, so a text is only laid out anew when nothing of it changes.
function pretty(text) {
  try {
    const value = JSON.parse(text);
    return JSON.stringify(value).length === text.length ? JSON.stringify(value, null, 2) : text;
  } catch {
    return text;
  }
}

// Who signs in here is signed in for the other calls of the page.
function keepToken(form, answer, text) {
  if (!answer.ok || !form.dataset.path.startsWith("/v1/sessions")) return;
  try {
    const { accessToken } = JSON.parse(text);
    if (!accessToken) return;
    tokenField.value = accessToken;
    sessionStorage.setItem("access-token", accessToken);
  } catch {
    // An answer without a token, such as that of signing out.
  }
}
