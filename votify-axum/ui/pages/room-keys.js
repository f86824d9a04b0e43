// The keys of the room: each clicks a button, unless somebody types or a dialog is open.

/** Lets single keys click buttons. A button that is hidden does not react. */
export function bindKeys(buttons) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const button = buttons[event.key.toLowerCase()];
    if (!button || button.hidden) return;
    event.preventDefault();
    button.click();
  });
}
