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
const isKnownKind = (poll) => isSingle(poll) || poll.ballot.kind === "multiple";

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
function choiceBounds({ poll, options }) {
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

/* ---------- Texts ---------- */

/** At most so many options of a tie are named. */
const MAX_NAMED = 5;
/** Results are read out at most this often, in milliseconds. */
const RESULTS_INTERVAL = 30_000;
/** A connection that is lost for a shorter time is not mentioned, in milliseconds. */
const LOST_AFTER = 3000;

/** Returns the name of the poll's state: `scheduled`, `open`, `closed`, `counting` or `final`. */
export function statusName({ poll, counting }) {
  if (poll.final) return "final";
  return poll.status === "closed" && counting ? "counting" : poll.status;
}

/** Returns the time of the next change of the poll, if it is known. */
export const nextChange = ({ poll }) => ({ scheduled: poll.opens_at, open: poll.closes_at })[poll.status];

/** Returns the text of the countdown. */
export function countdown(state, format) {
  const key = { scheduled: "opens", open: "closes" }[state.poll.status];
  if (!key) return format.text("closed");
  const left = Date.parse(nextChange(state)) - Date.now();
  return left < 1000 ? format.text(`${key}_now`) : format.text(key, { when: format.until(left) });
}

/** Returns the text above the options: what to choose, or that they are results. */
export function legend(model, rows, format) {
  return canVote(model) ? chooseText(model.state, format) : format.text(rows ? "results" : "options");
}

/** Returns the text that says how many options to choose. */
export function chooseText({ poll, options }, format) {
  if (isSingle(poll)) return format.text("choose_one");
  const { min, max } = choiceBounds({ poll, options });
  if (min === max) return format.text("choose_exactly", { count: min });
  if (min > 1) return format.text("choose_between", { min, max });
  return max < options.length ? format.text("choose_up_to", { max }) : format.text("choose_any");
}

/** Returns the sentences below the options: the outcome, or when results are shown. */
export function hint(model, rows, format) {
  const { poll } = model.state;
  return [
    !isKnownKind(poll) && format.text("unknown_kind"),
    neededStep(model) === "invite" && format.text("invite_needed"),
    rows && poll.final && outcome(rows, format),
    rows && poll.ballot.kind === "multiple" && format.text("of_voters", { hundred: format.percent(100) }),
    !rows && poll.status !== "scheduled" && hiddenUntil(model, format),
  ].filter(Boolean).join(" ");
}

/** Returns the sentence that says when hidden results are shown. */
export function hiddenUntil({ state: { poll }, caller }, format) {
  if (poll.status === "closed") return format.text("hidden_until_counted");
  if (poll.results === "after_vote") return caller?.voted ? "" : format.text("hidden_until_vote");
  if (!poll.closes_at) return format.text("hidden_until_close");
  return format.text("hidden_until", { time: format.time(poll.closes_at) });
}

/** Returns the sentence that names the winner of a final result, or the options of a tie. */
export function outcome(rows, format) {
  const count = rows.filter(({ isLeader }) => isLeader).length;
  if (count === 0) return format.text("final_no_votes");
  const options = tied(rows, format);
  return count === 1 ? format.text("winner", { option: options }) : format.text("tie", { options });
}

/** Returns the list of the options in front. Of many, it names some. */
export function tied(rows, format) {
  const names = rows.filter(({ isLeader }) => isLeader).map(({ text }) => format.quote(text));
  const more = names.length - MAX_NAMED;
  if (more > 0) names.splice(MAX_NAMED, more, format.text("more_options", { count: more }));
  return format.lists.format(names);
}

/** Returns the number of votes, or of voters where each has several. Empty while hidden. */
export function votesText({ poll, totalVotes }, rows, format) {
  if (!rows) return "";
  if (totalVotes === 0) return format.text("no_votes");
  return format.text(poll.ballot.kind === "single" ? "votes" : "voters", { count: totalVotes });
}

/** Returns what to say about a vote on its way or settled. */
export function confirmationText(model, format) {
  const { pending, confirmation } = model;
  if (!pending) {
    const text = confirmation ? format.text(confirmation) : "";
    return text && canWithdraw(model) ? format.text("choose_again", { text }) : text;
  }
  if (pending.status === "offline") return format.text("waiting_offline");
  if (pending.status !== "waiting") return "";
  return format.text(pending.error?.code === "rate_limited" ? "waiting_limited" : "waiting");
}

/** Returns what is wrong with the choice or with the last vote. */
export function errorText({ state, problem, refusal, blocked }, format) {
  if (problem) return format.text(...problem);
  const error = refusal ?? blocked;
  return error ? problemText(error, format, state.poll.voters) : "";
}

/** Returns the text of an error, of its variant if there is one. Errors without a text show
 *  the server's words. */
export function problemText({ code, detail, message }, format, variant) {
  const key = [`error_${code}_${variant}`, `error_${code}`].find((name) => name in format.texts);
  return key ? format.text(key) : detail || message || code;
}

/** Returns the leading results in one sentence. */
export function summary(state, rows, format) {
  const leading = [...rows].sort((a, b) => b.count - a.count).slice(0, 3)
    .map(({ text, percent }) => format.text("result", { option: text, percent: format.percent(percent) }));
  return `${votesText(state, rows, format)}. ${format.lists.format(leading)}.`;
}

/** Announces the own vote, the poll's state and its results to screen readers, politely. */
export class Announcer {
  #region;
  #texts = [];
  #timer;
  #last = null;
  #lastSummary;
  #summaryAt = Date.now();
  #lostTimer;
  #wasLost = false;

  constructor(region) {
    this.#region = region;
  }

  say(text) {
    this.#texts.push(text);
    this.#timer ??= setTimeout(() => {
      const said = this.#texts.join(" ");
      // The same text again is read only if it differs.
      this.#region.textContent = said === this.#region.textContent ? `${said}\u00a0` : said;
      this.#texts = [];
      this.#timer = undefined;
    }, 100);
  }

  stop() {
    clearTimeout(this.#lostTimer);
    this.#lostTimer = undefined;
  }

  update(model, format) {
    const { state, caller } = model;
    const before = this.#last;
    const now = { confirmation: confirmationText(model, format), status: statusName(state) };
    this.#last = now;
    this.#updateConnection(state.connection, format);
    if (!before) return;
    const texts = [];
    if (now.confirmation !== before.confirmation) texts.push(now.confirmation);
    const key = { open: "now_open", closed: "now_closed", final: "now_final" }[now.status];
    if (now.status !== before.status && key) texts.push(format.text(key));
    const rows = results(state);
    const text = rows && summary(state, rows, format);
    const isDue = caller?.voted && Date.now() - this.#summaryAt > RESULTS_INTERVAL;
    if (text && text !== this.#lastSummary && (isDue || texts.some(Boolean))) {
      texts.push(text);
      this.#lastSummary = text;
      this.#summaryAt = Date.now();
    }
    if (texts.some(Boolean)) this.say(texts.join(" "));
  }

  #updateConnection(connection, format) {
    if (connection === "reconnecting" || connection === "offline") {
      this.#lostTimer ??= setTimeout(() => {
        this.#wasLost = true;
        this.say(format.text("connection_lost"));
      }, LOST_AFTER);
      return;
    }
    this.stop();
    if (this.#wasLost && connection === "live") this.say(format.text("live_again"));
    this.#wasLost &&= connection !== "live";
  }
}
