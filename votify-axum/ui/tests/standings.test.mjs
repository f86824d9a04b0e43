import assert from "node:assert/strict";
import { test } from "node:test";
import { plural, standings, statusLabel, summary, votesText } from "../pages/standings.js";

const state = (counts, totalVotes = counts.reduce((sum, count) => sum + count, 0)) => ({
  totalVotes,
  options: counts.map((count, index) => ({ id: `${index}`, text: `Option ${index}`, count })),
});

test("options have percentages, shares and places", () => {
  const rows = standings(state([1, 3, 3, 0]), true);
  assert.deepEqual(rows.map((row) => row.percent), [14, 43, 43, 0]);
  assert.deepEqual(rows.map((row) => row.place), [3, 1, 1, 4]);
  assert.deepEqual(rows.map((row) => row.leads), [false, true, true, false]);
  assert.deepEqual(rows.map((row) => row.share.toFixed(1)), ["14.3", "42.9", "42.9", "0.0"]);
});

test("shares of voters are at most 100, also if counts are ahead of the total", () => {
  assert.deepEqual(standings(state([2, 1], 1), false).map((row) => row.share), [100, 100]);
  assert.deepEqual(standings(state([0, 0]), true).map((row) => row.share), [0, 0]);
});

test("hidden counts are zero", () => {
  const hidden = { totalVotes: null, options: [{ id: "0", text: "a" }, { id: "1", text: "b" }] };
  assert.deepEqual(standings(hidden, true).map((row) => [row.count, row.leads]), [[0, false], [0, false]]);
});

test("the summary names leaders and ties", () => {
  const text = (counts, isFinal) => summary(standings(state(counts), true), isFinal).replace(/[\u2068\u2069]/g, "");
  assert.equal(text([0, 0], false), "Nobody has voted yet.");
  assert.equal(text([0, 0], true), "Final result: nobody voted.");
  assert.equal(text([2, 1], false), "“Option 0” is in front.");
  assert.equal(text([2, 1], true), "Final result: most votes for “Option 0”.");
  assert.equal(text([2, 2, 1], false), "A tie between “Option 0” and “Option 1”.");
  assert.equal(text([2, 2, 2], true), "Final result: a tie between “Option 0”, “Option 1” and “Option 2”.");
  assert.equal(text([1, 1, 1, 1], false), "A tie between 4 options.");
});

test("states and numbers are written as on the server", () => {
  assert.deepEqual(statusLabel({ status: "closed", final: true }), { name: "final", text: "Final" });
  assert.deepEqual(statusLabel({ status: "scheduled" }), { name: "scheduled", text: "Not open yet" });
  assert.equal(plural(1, "vote"), "1 vote");
  assert.equal(plural(1234, "vote"), "1,234 votes");
});

test("a ballot with several options is one voter", () => {
  assert.equal(votesText(0, false), "No votes yet");
  assert.equal(votesText(1, true), "1 vote");
  assert.equal(votesText(2, false), "2 voters");
});
