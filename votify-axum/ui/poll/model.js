/*
 * A model is what the element shows:
 * - state: the poll as the stream knows it; caller: what holds for the caller, or null;
 * - own: the options of the caller's vote that counts; invite: the caller's invite code;
 * - pending: the vote that is being sent; confirmation: the text about the last one;
 * - problem: a text about the choice; refusal: the error of the last vote; blocked: an error
 *   for all voters; codeProblem: a text about the invite code;
 * - order: "poll" or "count".
 */

const isSingle = (poll) => poll.ballot.kind === "single";

/** Returns true if the element can cast ballots of the poll's kind. */
export const isKnownKind = (poll) => isSingle(poll) || poll.ballot.kind === "multiple";

/** Returns "invite" or "login" if the caller needs one before voting. */
export function neededStep({ state: { poll }, caller, invite }) {
  if (poll.status !== "open" || !caller) return null;
  if (caller.reason === "not_logged_in") return "login";
  const lacksCode = poll.voters === "invite" && !invite && !caller.voted;
  return lacksCode || caller.reason === "invite_invalid" ? "invite" : null;
}

/** Returns true if the caller can vote now, or change a vote. */
export function canVote(model) {
  const { state: { poll }, caller, blocked } = model;
  if (poll.status !== "open" || blocked || !isKnownKind(poll) || neededStep(model)) return false;
  // Until the caller's state is known, the server decides.
  return caller?.can_vote ?? true;
}

export const canWithdraw = (model) => canVote(model) && model.state.poll.revote && Boolean(model.caller?.voted);

/** Returns the smallest and the largest number of options of a ballot. */
export function choiceBounds({ poll, options }) {
  if (isSingle(poll)) return { min: 1, max: 1 };
  const { min = 1, max = options.length } = poll.ballot;
  return { min, max: Math.min(max, options.length) };
}

/** Returns the arguments of a text about what is wrong with the choice, or `null`. */
export function choiceProblem(state, choice) {
  const { min, max } = choiceBounds(state);
  if (choice.length === 0) return ["pick_one_first"];
  if (choice.length < min) return ["pick_more", { count: min }];
  return choice.length > max ? ["pick_fewer", { count: max }] : null;
}

export const isSameChoice = (one, other) => one.length === other.length && one.every((id) => other.includes(id));

/**
 * Returns the percentage of the voters for each count, as whole numbers.
 *
 * With one option per ballot they add up to 100: each is rounded down, and the missing
 * points go to the largest remainders, then to the larger counts, then in the order of the
 * options. With several options per ballot each is rounded, and they may add up to more.
 */
export function percentages(counts, voters, isOnePerBallot) {
  if (voters === 0) return counts.map(() => 0);
  if (!isOnePerBallot) return counts.map((count) => Math.floor((200 * count + voters) / (2 * voters)));
  const percents = counts.map((count) => Math.floor((100 * count) / voters));
  const remainder = (index) => (100 * counts[index]) % voters;
  // Negative if the counts are ahead of the number of voters.
  const missing = 100 - percents.reduce((sum, percent) => sum + percent);
  const order = [...counts.keys()].sort((a, b) => remainder(b) - remainder(a) || counts[b] - counts[a]);
  // Only remainders are rounded up. The counts may lag behind the number of voters.
  for (const index of order.slice(0, Math.max(0, missing))) if (remainder(index) > 0) percents[index] += 1;
  return percents;
}

/** Returns the results of the options, or `null` while counts are hidden and before the
 *  opening. */
export function results({ poll, options, totalVotes, countsHidden }) {
  if (countsHidden || totalVotes === null || poll.status === "scheduled") return null;
  const counts = options.map(({ count }) => count);
  const percents = percentages(counts, totalVotes, isSingle(poll));
  const most = Math.max(...counts);
  return options.map(({ text, count }, index) => ({
    text,
    count,
    percent: percents[index],
    // The bar is exact to a tenth of a percent.
    share: totalVotes && Math.min(100, Math.round((1000 * count) / totalVotes) / 10),
    isLeader: count > 0 && count === most,
  }));
}

/**
 * Returns the URL of the server's log-in page. It leads back to the page at `location`, or to
 * the page of the poll if the server does not serve that one.
 */
export function loginUrl(server, poll, { origin, pathname, search }) {
  const own = new URL(server);
  const isOwn = origin === own.origin && pathname.startsWith(own.pathname);
  // The server adds the path of its base URL.
  const path = isOwn ? `/${pathname.slice(own.pathname.length)}${search}` : `/p/${poll}`;
  return `${server}login?next=${encodeURIComponent(path)}`;
}

/** Returns the indexes of the options in the order to show. */
export function optionOrder(options, order, rows) {
  const indexes = [...options.keys()];
  return order === "count" && rows ? indexes.sort((a, b) => rows[b].count - rows[a].count) : indexes;
}
