// Numbers that roll from one value to the next.

/** The time of a change, as that of the bars, in milliseconds. */
const DURATION = 300;

const isReduced = matchMedia("(prefers-reduced-motion: reduce)");
/** The value that each element shows or rolls to, and the running frame. */
const rolling = new WeakMap();

/**
 * Shows a number in an element, as `write` returns it. It rolls from the number that was
 * shown before, unless the viewer prefers less motion. `null` shows nothing.
 */
export function showNumber(element, value, write) {
  const before = rolling.get(element);
  if (before?.value === value) return;
  cancelAnimationFrame(before?.frame);
  const state = { value, frame: 0 };
  rolling.set(element, state);
  const from = before?.value ?? null;
  if (value === null || from === null || isReduced.matches || document.hidden) {
    element.textContent = value === null ? "" : write(value);
    return;
  }
  const start = performance.now();
  const step = (now) => {
    const part = Math.min(1, Math.max(0, (now - start) / DURATION));
    const eased = 1 - (1 - part) ** 3;
    element.textContent = write(Math.round(from + (value - from) * eased));
    if (part < 1) state.frame = requestAnimationFrame(step);
  };
  state.frame = requestAnimationFrame(step);
}
