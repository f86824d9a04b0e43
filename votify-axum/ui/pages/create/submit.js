/** Time after which the form can be sent again, in milliseconds. */
const PAUSE = 10_000;

/**
 * Sends the form once: a second click would create a second poll. It can be sent again after
 * a change, and after 10 s. No event reports that *Stop* in the browser ended the request.
 */
export function guardSubmit(form) {
  let sentAt = -Infinity;
  const reset = () => { sentAt = -Infinity; };
  form.addEventListener("submit", (event) => {
    if (event.submitter?.name === "more") return;
    if (Date.now() - sentAt < PAUSE) event.preventDefault();
    else sentAt = Date.now();
  });
  form.addEventListener("input", reset);
  // A page from the browser's cache can be sent again.
  addEventListener("pageshow", reset);
}
