import { findInvite, keepInvite } from "../poll/session.js";

/** Returns the invite code of this tab, and removes it from the address bar. */
export function takeInvite(poll) {
  const code = findInvite(poll);
  if (code) keepInvite(poll, code);
  return code;
}

/** Adds the code to links, which the server writes without it after a reload. */
export function addInvite(links, code) {
  for (const link of links) {
    const url = new URL(link.href);
    url.searchParams.set("invite", code);
    link.href = url.href;
  }
}
