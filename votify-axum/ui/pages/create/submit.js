/**
 * Sends the form once: a second click would create a second poll. It can be sent again after
 * a change, and after `pause` milliseconds. No event reports that *Stop* in the browser ended
 * the request.
 */
export function guardSubmit(form, pause) {
  let sentAt = -Infinity;
  const reset = () => { sentAt = -Infinity; };
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "more") return;
    if (Date.now() - sentAt < pause) event.preventDefault();
    else sentAt = Date.now();
  });
  form.addEventListener("input", reset);
  // A page from the browser's cache can be sent again.
  addEventListener("pageshow", reset);
}
