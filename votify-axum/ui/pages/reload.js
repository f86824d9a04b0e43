// Loads a page again whose rows the server has to render.

/**
 * Reloads the page for these options. Does so once for each set of options: if the page
 * still has other rows then, a further reload changes nothing.
 */
export function reloadFor(options) {
  const key = `votify-reloaded-${location.pathname}`;
  const ids = options.map(({ id }) => id).join(" ");
  try {
    if (sessionStorage.getItem(key) === ids) return;
    sessionStorage.setItem(key, ids);
  } catch {
    // Without storage, nothing would end the reloads.
    return;
  }
  location.reload();
}
