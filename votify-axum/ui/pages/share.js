/*
 * Buttons to copy and to share a link: `data-copy` and `data-share` hold it. They are
 * hidden until this script runs, and where the browser cannot do it.
 */
const status = document.getElementById("share-status");

function copyByField(text) {
  // Without TLS there is no clipboard API.
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("readonly", "");
  field.className = "visually-hidden";
  document.body.append(field);
  const focused = document.activeElement;
  field.select();
  const copied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  if (!copied) throw new Error("copying failed");
}

async function copy(button) {
  const text = button.dataset.copy;
  const label = button.querySelector("span");
  const before = label.dataset.text ?? label.textContent;
  label.dataset.text = before;
  try {
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    else copyByField(text);
    label.textContent = "Copied";
    status.textContent = "The link was copied.";
  } catch {
    status.textContent = "The link could not be copied. Select it and copy it.";
    label.textContent = "Not copied";
  }
  setTimeout(() => {
    label.textContent = before;
  }, 2000);
}

async function share(button) {
  try {
    await navigator.share({ title: button.dataset.title, url: button.dataset.share });
  } catch (error) {
    // Closing the dialog is no error.
    if (error.name !== "AbortError") status.textContent = "The link could not be shared.";
  }
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}
if (navigator.share) {
  for (const button of document.querySelectorAll("[data-share]")) {
    button.hidden = false;
    button.addEventListener("click", () => share(button));
  }
}
const link = document.getElementById("share-link");
link?.addEventListener("focus", () => link.select());
