// The options of a poll with their percentages and places, and what they say in words.

import { percentages } from "../poll/model.js";

const numbers = new Intl.NumberFormat("en");

/** Returns a number with a noun: "1 vote", "2 votes". */
export const plural = (count, noun) => `${numbers.format(count)} ${noun}${count === 1 ? "" : "s"}`;

/** Returns the number of votes, or of voters where a ballot has several options. */
export const votesText = (total, isSingle) =>
  total === 0 ? "No votes yet" : plural(total, isSingle ? "vote" : "voter");

/** Returns the number of viewers as the pages write it. */
export const watching = (viewers) => `${numbers.format(viewers)} watching`;

/**
 * Returns each option with its percentage, share and place, in the poll's order.
 *
 * @param {import("../votify.js").PollState} state
 * @param {boolean} isSingle True if a ballot has one option.
 */
export function standings(state, isSingle) {
  const counts = state.options.map((option) => option.count ?? 0);
  const voters = state.totalVotes ?? 0;
  const percents = percentages(counts, voters, isSingle);
  const most = Math.max(0, ...counts);
  return state.options.map((option, index) => ({
    id: option.id,
    text: option.text,
    count: counts[index],
    percent: percents[index],
    share: voters === 0 ? 0 : Math.min(100, (100 * counts[index]) / voters),
    place: 1 + counts.filter((count) => count > counts[index]).length,
    leads: most > 0 && counts[index] === most,
  }));
}

/** Returns one sentence about the options in front. `src/ui/results.rs` writes the same. */
export function summary(rows, isFinal) {
  const quoted = rows.filter((row) => row.leads).map((row) => `\u2068“${row.text}”\u2069`);
  const [leader] = quoted;
  if (quoted.length === 0) return isFinal ? "Final result: nobody voted." : "Nobody has voted yet.";
  if (quoted.length === 1) {
    return isFinal ? `Final result: most votes for ${leader}.` : `${leader} is in front.`;
  }
  const list = quoted.length > 3
    ? `${numbers.format(quoted.length)} options`
    : `${quoted.slice(0, -1).join(", ")} and ${quoted.at(-1)}`;
  return isFinal ? `Final result: a tie between ${list}.` : `A tie between ${list}.`;
}

/** Returns the name and the text of a poll's state. `src/ui/poll_status.rs` has the same. */
export function statusLabel(poll) {
  if (poll.status === "scheduled") return { name: "scheduled", text: "Not open yet" };
  if (poll.status === "open") return { name: "open", text: "Open" };
  return poll.final ? { name: "final", text: "Final" } : { name: "closed", text: "Closed" };
}

const CONNECTIONS = {
  connecting: "Connecting…",
  live: "Live",
  reconnecting: "Reconnecting…",
  offline: "Offline",
  ended: "Not connected",
};

/** Shows the state of the connection, with a dot and in words. */
export function showConnection(element, text, connection) {
  element.hidden = false;
  element.dataset.state = connection;
  text.textContent = CONNECTIONS[connection];
}
