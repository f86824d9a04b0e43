import { findInvite, keepInvite } from "../poll/session.js";

/** Returns the invite code of this tab, and removes it from the address bar. */
export function takeInvite(poll) {
  const code = findInvite(poll);
  if (code) keepInvite(poll, code);
  return code;
}
