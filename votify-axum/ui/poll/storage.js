/** The values that this tab keeps, so that a reload of the page does not lose them. */
const values = new Map();

/** Returns a value of this tab, or `null`. */
export function read(key) {
  try {
    return sessionStorage.getItem(key);
  } catch {
    // Storage may be forbidden. The value then lasts as long as the page.
    return values.get(key) ?? null;
  }
}

/** Stores a value for this tab. `null` removes it. */
export function write(key, value) {
  values.set(key, value);
  try {
    if (value === null) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, value);
  } catch {
    // See above.
  }
}

const inviteKey = (poll) => `votify-invite-${poll}`;

export const storeInvite = (poll, code) => write(inviteKey(poll), code);

/**
 * Returns the invite code of this tab's voter, from the link that led here or as it was
 * entered. It is removed from the address bar, so that a copied link does not contain it.
 */
export function readInvite(poll) {
  const url = new URL(location.href);
  const code = url.searchParams.get("invite");
  if (code) {
    storeInvite(poll, code);
    url.searchParams.delete("invite");
    history.replaceState(history.state, "", url);
  }
  return code || read(inviteKey(poll));
}
