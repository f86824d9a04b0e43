// Announces texts to screen readers, politely.

/**
 * Returns a function that announces a text in a region. Of several texts within `interval`
 * milliseconds, the last one is read. A text that is the same as the one before is not.
 */
export function announcer(region, interval, text = "") {
  let last = text;
  let timer;
  return (next) => {
    if (next === last) return;
    last = next;
    timer ??= setTimeout(() => {
      timer = undefined;
      region.textContent = last;
    }, interval);
  };
}
