import { canVote, canWithdraw, choiceBounds, isKnownKind, neededStep, results } from "./model.js";

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
  if (!key) return format.text("closed_at");
  const left = Date.parse(nextChange(state)) - Date.now();
  return left < 1000 ? format.text(`${key}_now`) : format.text(key, { when: format.until(left) });
}

/** Returns the text above the options: what to choose, or that they are results. */
export function legend(model, rows, format) {
  const { state } = model;
  if (!canVote(model)) return format.text(rows ? "results" : "options");
  if (state.poll.ballot.kind === "single") return format.text("choose_one");
  const { min, max } = choiceBounds(state);
  if (min === max) return format.text("choose_exactly", { count: min });
  if (min > 1) return format.text("choose_between", { min, max });
  return max < state.options.length ? format.text("choose_up_to", { max }) : format.text("choose_any");
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

function hiddenUntil({ state: { poll }, caller }, format) {
  if (poll.status === "closed") return format.text("hidden_until_counted");
  if (poll.results === "after_vote") return caller?.voted ? "" : format.text("hidden_until_vote");
  if (!poll.closes_at) return format.text("hidden_until_close");
  return format.text("hidden_until", { time: format.time(poll.closes_at) });
}

/** Returns the sentence that names the winner of a final result, or the options of a tie. */
function outcome(rows, format) {
  const names = rows.filter(({ isLeader }) => isLeader).map(({ text }) => format.quote(text));
  if (names.length === 0) return format.text("final_no_votes");
  if (names.length === 1) return format.text("winner", { option: names[0] });
  const more = names.length - MAX_NAMED;
  if (more > 0) names.splice(MAX_NAMED, more, format.text("more_options", { count: more }));
  return format.text("tie", { options: format.lists.format(names) });
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

/** Tells screen readers politely about the own vote, the poll's state and its results. */
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
