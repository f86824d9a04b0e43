import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { ENGLISH } from "../locales/en.js";
import { addLanguage, Formatter, languageListeners, matchLanguage } from "../poll/language.js";
import {
  confirmationText, hint, legend, problemText, results, statusName, summary, votesText,
} from "../poll/model.js";

const GERMAN = JSON.parse(await readFile(new URL("../locales/de.json", import.meta.url), "utf8"));
const english = new Formatter("en");
const german = new Formatter("de", GERMAN);

/** Returns a model of an open poll in which the caller may vote. */
function model({ counts, poll, ...rest } = {}) {
  const options = (counts ?? [2, 1]).map((count, index) => ({ id: `${index}`, text: `Option ${index}`, count }));
  const totalVotes = options.reduce((sum, { count }) => sum + count, 0);
  return {
    state: {
      poll: { ballot: { kind: "single" }, status: "open", results: "live", final: false, ...poll },
      options, totalVotes, countsHidden: false, counting: false,
    },
    caller: { can_vote: true, voted: false }, own: [], invite: null, pending: null, confirmation: null, ...rest,
  };
}

const hinted = (shown, format = english) => hint(shown, results(shown.state), format);

test("every language has exactly the English texts", () => {
  assert.deepEqual(Object.keys(GERMAN).sort(), Object.keys(ENGLISH).sort());
  for (const [key, text] of Object.entries(ENGLISH)) {
    const placeholders = (value) => [...JSON.stringify(value).matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
    const unique = (value) => [...new Set(placeholders(value))];
    assert.deepEqual(unique(GERMAN[key]), unique(text), key);
    if (typeof text === "object") assert.equal(typeof GERMAN[key], "object", key);
  }
});

test("texts have plurals and numbers of their language", () => {
  assert.equal(english.text("votes", { count: 1 }), "1 vote");
  assert.equal(english.text("votes", { count: 1234 }), "1,234 votes");
  assert.equal(german.text("votes", { count: 1 }), "1 Stimme");
  assert.equal(german.text("voters", { count: 1234567 }), "1.234.567 Teilnahmen");
  assert.equal(english.percent(7), "7%");
  assert.equal(german.percent(7), "7\u00a0%");
});

test("a missing text is English, and users' braces stay as they are", () => {
  assert.equal(new Formatter("fr", { vote: "Voter" }).text("withdraw"), "Withdraw vote");
  assert.equal(english.text("winner", { option: "{options} $&" }), "Final result: most votes for {options} $&.");
});

test("malformed texts are English", () => {
  const format = new Formatter("fr", { vote: null, votes: { one: "{count} voix" }, open: "{constructor}{x}" });
  assert.equal(format.text("vote"), "Vote");
  assert.equal(format.text("votes", { count: 2 }), "2 votes");
  assert.equal(format.text("open", { x: 1 }), "1");
});

test("a malformed language tag is read up to what is known", () => {
  assert.deepEqual(matchLanguage(["xx", "en-US@posix"]), { language: "en", key: "en" });
  assert.deepEqual(matchLanguage(["de-"]), { language: "de", key: "de" });
  assert.deepEqual(matchLanguage(["de-CH"]), { language: "de-CH", key: "de" });
});

test("an added language is announced", () => {
  let calls = 0;
  const listener = () => { calls += 1; };
  languageListeners.add(listener);
  addLanguage("FR", { vote: "Voter" });
  languageListeners.delete(listener);
  assert.equal(calls, 1);
  assert.deepEqual(matchLanguage(["fr-CA"]), { language: "fr-CA", key: "fr" });
});

test("countdowns round down", () => {
  const minute = 60_000;
  assert.equal(english.until(119_999), "in 119 seconds");
  assert.equal(english.until(2 * minute), "in 2 minutes");
  assert.equal(english.until(119 * minute), "in 119 minutes");
  assert.equal(english.until(179 * minute), "in 2 hours");
  assert.equal(english.until(49 * 60 * minute), "in 2 days");
  assert.equal(german.until(5 * minute), "in 5 Minuten");
});

test("times name their zone", () => {
  assert.match(english.time("2020-05-01T12:30:00Z"), /^May 1, 2020, .+ (?:[A-Z]{2,5}|GMT[+-]\d+)$/);
});

test("the legend says how many options to choose", () => {
  const choosing = (ballot, counts) => legend(model({ poll: { ballot }, counts }), null, english);
  assert.equal(choosing({ kind: "single" }), "Choose one option");
  assert.equal(choosing({ kind: "multiple", min: 1, max: 2 }), "Choose one or more options");
  assert.equal(choosing({ kind: "multiple", min: 1, max: 2 }, [1, 1, 1]), "Choose up to 2 options");
  assert.equal(choosing({ kind: "multiple", min: 2, max: 2 }, [1, 1, 1]), "Choose 2 options");
  assert.equal(choosing({ kind: "multiple", min: 2, max: 3 }, [1, 1, 1, 1]), "Choose 2 to 3 options");
  assert.equal(legend(model({ poll: { status: "closed" } }), [], english), "Results");
  assert.equal(legend(model({ poll: { status: "closed" } }), null, english), "Options");
});

test("hidden results say when they are shown", () => {
  const hidden = (poll, caller) => {
    const shown = model({ poll, ...(caller && { caller }) });
    shown.state.countsHidden = true;
    return hinted(shown);
  };
  assert.equal(hidden({ results: "after_vote" }), "Results are shown after you vote.");
  assert.equal(hidden({ results: "after_close" }), "Results are shown once the poll is closed.");
  assert.match(hidden({ results: "after_close", closes_at: "2020-05-01T12:30:00Z" }), /closed: May 1, 2020/);
  assert.equal(hidden({ results: "after_close", status: "closed" }), "Results are shown once all votes are counted.");
});

test("final results name the winner or the tie", () => {
  const final = (counts) => hinted(model({ counts, poll: { status: "closed", final: true } })).replace(/[\u2068\u2069]/g, "");
  assert.equal(final([2, 1]), "Final result: most votes for “Option 0”.");
  assert.equal(final([1, 1]), "Final result: a tie between “Option 0” and “Option 1”.");
  assert.equal(final([0, 0]), "Final result: no votes.");
  assert.match(final([1, 1, 1, 1, 1, 1, 1]), /“Option 4”, and 2 more\.$/);
});

test("several picks are of voters", () => {
  const shown = model({ poll: { ballot: { kind: "multiple" } } });
  assert.equal(hinted(shown), "Percentages are of voters. They can add up to more than 100%.");
  assert.equal(votesText(shown.state, [], english), "3 voters");
  assert.equal(votesText(model().state, [], english), "3 votes");
  assert.equal(votesText(model().state, null, english), "");
});

test("a kind of ballot that is not known says so", () => {
  const shown = model({ poll: { ballot: { kind: "ranked" } } });
  assert.match(hinted(shown), /cannot show this kind of ballot yet/);
  assert.equal(legend(shown, null, english), "Options");
});

test("the state of a poll", () => {
  assert.equal(statusName(model().state), "open");
  assert.equal(statusName({ poll: { status: "closed", final: false }, counting: true }), "counting");
  assert.equal(statusName({ poll: { status: "closed", final: true }, counting: false }), "final");
});

test("a vote on its way says what happens", () => {
  const text = (pending, rest) => confirmationText(model({ pending, ...rest }), english);
  assert.equal(text({ status: "sending" }), "");
  assert.match(text({ status: "offline" }), /offline/);
  assert.match(text({ status: "waiting", error: { code: "unreachable" } }), /Trying again/);
  assert.match(text({ status: "waiting", error: { code: "rate_limited" } }), /Too many attempts/);
  assert.equal(text(null, { confirmation: "counted" }), "Your vote was counted.");
  assert.equal(
    text(null, { confirmation: "counted", poll: { revote: true }, caller: { can_vote: true, voted: true } }),
    "Your vote was counted. Choose again to change it.",
  );
});

test("errors are in the viewer's language where there is a text", () => {
  assert.equal(problemText({ code: "already_voted" }, german), "Du hast schon abgestimmt.");
  assert.match(problemText({ code: "already_voted" }, english, "ip"), /from your internet address/);
  assert.equal(problemText({ code: "unheard_of", detail: "Ask the operator." }, german), "Ask the operator.");
});

test("the summary has the three leading options", () => {
  const { state } = model({ counts: [1, 5, 3, 1] });
  assert.equal(summary(state, results(state), english), "10 votes. Option 1: 50%, Option 2: 30%, and Option 0: 10%.");
});

test("results are not shown before the opening or while they are hidden", () => {
  assert.equal(results(model({ poll: { status: "scheduled" } }).state), null);
  assert.equal(results({ ...model().state, countsHidden: true }), null);
  assert.deepEqual(results(model({ counts: [2, 1] }).state).map(({ share }) => share), [66.7, 33.3]);
});

test("leaders are the options with the most votes", () => {
  const leaders = (counts) => results(model({ counts }).state).map(({ isLeader }) => isLeader);
  assert.deepEqual(leaders([1, 3, 2]), [false, true, false]);
  assert.deepEqual(leaders([3, 1, 3]), [true, false, true]);
  assert.deepEqual(leaders([0, 0]), [false, false]);
});
