import assert from "node:assert/strict";
import { test } from "node:test";
import { matchLanguage } from "../poll/language.js";
import { canVote, canWithdraw, choiceProblem, isSameChoice, loginUrl, neededStep, optionOrder } from "../poll/model.js";

const open = { status: "open", voters: "browser", ballot: { kind: "single" }, revote: false };
const model = (poll, rest) => ({ state: { poll: { ...open, ...poll } }, caller: { can_vote: true }, invite: null, blocked: null, ...rest });

test("a voter without a code is asked for it, and with a wrong one again", () => {
  const poll = { voters: "invite" };
  assert.equal(neededStep(model(poll, { caller: { reason: "invite_invalid" } })), "invite");
  assert.equal(neededStep(model(poll, { caller: { can_vote: true } })), "invite");
  assert.equal(neededStep(model(poll, { caller: { can_vote: true }, invite: "X" })), null);
  assert.equal(neededStep(model(poll, { caller: { reason: "invite_invalid" }, invite: "X" })), "invite");
  assert.equal(neededStep(model({ ...poll, status: "closed" }, { caller: { reason: "invite_invalid" } })), null);
});

test("a poll by account asks for the log-in", () => {
  const shown = model({ voters: "account" }, { caller: { can_vote: false, reason: "not_logged_in" } });
  assert.equal(neededStep(shown), "login");
  assert.equal(canVote(shown), false);
});

test("who can vote", () => {
  assert.equal(canVote(model({})), true);
  assert.equal(canVote(model({}, { caller: null })), true);
  assert.equal(canVote(model({}, { caller: { can_vote: false } })), false);
  assert.equal(canVote(model({ status: "scheduled" })), false);
  assert.equal(canVote(model({}, { blocked: { code: "poll_key_unknown" } })), false);
  assert.equal(canVote(model({ ballot: { kind: "ranked" } })), false);
  assert.equal(canWithdraw(model({ revote: true }, { caller: { can_vote: true, voted: true } })), true);
  assert.equal(canWithdraw(model({}, { caller: { can_vote: false, voted: true } })), false);
});

test("what is wrong with a choice", () => {
  const state = { poll: { ballot: { kind: "multiple", min: 2, max: 3 } }, options: ["a", "b", "c", "d"] };
  assert.deepEqual(choiceProblem(state, []), ["pick_one_first"]);
  assert.deepEqual(choiceProblem(state, ["a"]), ["pick_more", { count: 2 }]);
  assert.equal(choiceProblem(state, ["a", "b"]), null);
  assert.deepEqual(choiceProblem(state, ["a", "b", "c", "d"]), ["pick_fewer", { count: 3 }]);
});

test("choices are the same in any order", () => {
  assert.equal(isSameChoice(["a", "b"], ["b", "a"]), true);
  assert.equal(isSameChoice(["a"], ["b", "a"]), false);
});

test("options are in the poll's order or by count, equal counts in the poll's order", () => {
  const rows = [{ count: 1 }, { count: 3 }, { count: 1 }];
  assert.deepEqual(optionOrder(["a", "b", "c"], "poll", rows), [0, 1, 2]);
  assert.deepEqual(optionOrder(["a", "b", "c"], "count", rows), [1, 0, 2]);
  assert.deepEqual(optionOrder(["a", "b", "c"], "count", null), [0, 1, 2]);
});

test("the first language with texts is used, also for a region of it", () => {
  assert.deepEqual(matchLanguage(["de-CH", "en"]), { language: "de-CH", key: "de" });
  assert.deepEqual(matchLanguage(["fr", "DE", "en"]), { language: "DE", key: "de" });
  assert.deepEqual(matchLanguage(["xx"]), { language: "en", key: "en" });
});

test("the log-in leads back to the page, without the path of the server's base URL", () => {
  const next = (server, page) => new URL(loginUrl(server, "1", new URL(page))).searchParams.get("next");
  assert.equal(next("https://a.test/", "https://a.test/p/1?invite=X"), "/p/1?invite=X");
  assert.equal(next("https://a.test/votes/", "https://a.test/votes/p/1/embed"), "/p/1/embed");
  assert.equal(next("https://a.test/votes/", "https://a.test/blog"), "/p/1");
  assert.equal(next("https://a.test/votes/", "https://b.test/votes/p/2"), "/p/1");
  assert.ok(loginUrl("https://a.test/votes/", "1", new URL("https://b.test/")).startsWith("https://a.test/votes/login?"));
});
