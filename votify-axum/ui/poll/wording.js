import { canVote, canWithdraw, choiceBounds, isKnownKind, neededStep } from "./model.js";

/** At most so many options of a tie are named. */
const MAX_NAMED = 5;

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
  const { poll, options } = model.state;
  return [
    !isKnownKind(poll) && format.text("unknown_kind"),
    neededStep(model) === "invite" && format.text("invite_needed"),
    rows && poll.final && outcome(options, rows, format),
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
export function outcome(options, rows, format) {
  const names = options.filter((_, index) => rows[index].isLeader).map(({ text }) => format.quote(text));
  if (names.length === 0) return format.text("final_no_votes");
  if (names.length === 1) return format.text("winner", { option: names[0] });
  const more = names.length - MAX_NAMED;
  if (more > 0) names.splice(MAX_NAMED, more, format.text("more_options", { count: more }));
  return format.text("tie", { options: format.list(names) });
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
  return key ? format.text(key) : detail || message;
}

/** Returns the leading results in one sentence. */
export function summary(state, rows, format) {
  const leading = rows.map(({ count, percent }, index) => ({ count, percent, option: state.options[index].text }))
    .sort((a, b) => b.count - a.count)
    .slice(0, 3)
    .map(({ option, percent }) => format.text("result", { option, percent: format.percent(percent) }));
  return `${votesText(state, rows, format)}. ${format.list(leading)}.`;
}
