// The keys of the room: each clicks a button, unless somebody types or a dialog is open.

/** Where this browser keeps that the keys are turned off. */
const STORED = "votify-room-keys";

function readIsOn() {
  try {
    return localStorage.getItem(STORED) !== "off";
  } catch {
    // Storage may be forbidden.
    return true;
  }
}

function writeIsOn(isOn) {
  try {
    if (isOn) localStorage.removeItem(STORED);
    else localStorage.setItem(STORED, "off");
  } catch {
    // The switch then lasts until the page is left.
  }
}

/**
 * Lets single keys click buttons. A button that is hidden does not react. Adds a button to
 * `bar` that turns the keys off: people who control the browser by voice would press them
 * by accident.
 */
export function bindKeys(buttons, bar) {
  let isOn = readIsOn();
  const toggle = document.createElement("button");
  toggle.type = "button";
  toggle.id = "keys";
  toggle.className = "button quiet";
  const show = () => {
    toggle.textContent = isOn ? "Turn keys off" : "Turn keys on";
    for (const [key, button] of Object.entries(buttons)) {
      if (!button) continue;
      if (isOn) button.setAttribute("aria-keyshortcuts", key);
      else button.removeAttribute("aria-keyshortcuts");
      const hint = button.querySelector("kbd");
      if (hint) hint.hidden = !isOn;
    }
  };
  toggle.addEventListener("click", () => {
    isOn = !isOn;
    writeIsOn(isOn);
    show();
  });
  show();
  bar.append(toggle);
  document.addEventListener("keydown", (event) => {
    if (!isOn || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const button = buttons[event.key.toLowerCase()];
    if (!button || button.hidden) return;
    event.preventDefault();
    button.click();
  });
}
