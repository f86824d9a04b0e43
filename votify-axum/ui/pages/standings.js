// What the pages of results show: the options with their places, and texts about them.

import { Formatter } from "../poll/language.js";
import { hiddenUntil, outcome, results, statusName, tied, votesText } from "../poll/model.js";

/** The pages are in English. */
const format = new Formatter();

/** Returns each option with its result and its place, or `null` while there are no counts. */
export function standings(state) {
  const rows = results(state);
  return rows?.map((row, index) => ({
    ...row,
    id: state.options[index].id,
    place: 1 + rows.filter(({ count }) => count > row.count).length,
  })) ?? null;
}

export const percentText = (percent) => format.percent(percent);
export const countText = (count) => format.text("votes", { count });
export const totalText = (state, rows) => votesText(state, rows, format);
export const viewersText = (count) => format.text("viewers", { count });

/** Returns the sentence that says when hidden results are shown. */
export const hiddenText = (state) => hiddenUntil({ state, caller: null }, format);

/** The text while the presenter covers the counts. `src/ui/room.rs` has the same. */
export const COVERED = "The results are hidden until they are revealed.";

/** Returns why the room shows no counts. `src/ui/room.rs` writes the same. */
export function roomReason(state) {
  const { status, results: shownTo } = state.poll;
  if (status === "scheduled") return "The poll is not open yet.";
  if (status === "open" && shownTo === "after_vote") return "Results are shown to people who have voted.";
  return status === "open" && shownTo === "live" ? COVERED : hiddenText(state);
}

/** Returns one sentence about the options in front. `src/ui/result_texts.rs` writes the same. */
export function summary(rows, isFinal) {
  if (isFinal) return outcome(rows, format);
  const leaders = rows.filter(({ isLeader }) => isLeader);
  if (leaders.length === 0) return "Nobody has voted yet.";
  if (leaders.length === 1) return `${format.quote(leaders[0].text)} is in front.`;
  return `A tie between ${tied(rows, format)}.`;
}

/** Shows the state of a poll in a pill. */
export function showStatus(pill, state) {
  const name = statusName(state);
  pill.textContent = format.text(name);
  pill.className = `pill ${name}`;
}

/** Shows the state of the connection, with a dot and in words. */
export function showConnection(element, text, { connection, poll }) {
  element.hidden = connection === "ended" || Boolean(poll?.final);
  element.dataset.state = connection;
  text.textContent = element.hidden ? "" : format.text(connection);
}
