/**
 * Sends the form once: a second click could create a second poll. It can be sent again after
 * a change, and after `pause` milliseconds. No event reports that *Stop* in the browser ended
 * the request.
 *
 * If the browser seems to be offline, the page stays, and the element `problem` says so:
 * otherwise what was typed could be lost. Sent once more, the form is sent: the server may be
 * on this machine.
 */
export function guardSubmit(form, pause, problem) {
  problem.role = "alert";
  let sentAt = -Infinity;
  const reset = () => { sentAt = -Infinity; };
  form.addEventListener("submit", (event) => {
    const isWarned = !problem.hidden;
    problem.hidden = isWarned || globalThis.navigator?.onLine !== false;
    if (!problem.hidden) return event.preventDefault();
    if (event.submitter?.name === "more") return;
    if (Date.now() - sentAt < pause) event.preventDefault();
    else sentAt = Date.now();
  });
  form.addEventListener("input", reset);
  // A page from the browser's cache can be sent again.
  addEventListener("pageshow", reset);
}

/**
 * Makes a form another one when the browser restores its page, as by *Back*. The server
 * carries out equal forms once, and would show the invite codes of before.
 */
export function renewWhenRestored(form) {
  let restoredAt = "";
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) restoredAt = Date.now();
  });
  form.addEventListener("formdata", ({ formData }) => formData.set("restored_at", restoredAt));
}
