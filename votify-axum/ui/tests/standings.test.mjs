import assert from "node:assert/strict";
import { test } from "node:test";
import { countText, roomReason, standings, summary, totalText } from "../pages/standings.js";

const state = (counts, { totalVotes = counts.reduce((sum, count) => sum + count, 0), kind = "single", status = "open" } = {}) => ({
  poll: { ballot: { kind }, status },
  totalVotes,
  countsHidden: totalVotes === null,
  options: counts.map((count, index) => ({ id: `${index}`, text: `Option ${index}`, count })),
});

test("options have percentages, shares and places", () => {
  const rows = standings(state([1, 3, 3, 0]));
  assert.deepEqual(rows.map((row) => row.id), ["0", "1", "2", "3"]);
  assert.deepEqual(rows.map((row) => row.percent), [14, 43, 43, 0]);
  assert.deepEqual(rows.map((row) => row.place), [3, 1, 1, 4]);
  assert.deepEqual(rows.map((row) => row.isLeader), [false, true, true, false]);
  assert.deepEqual(rows.map((row) => row.share), [14.3, 42.9, 42.9, 0]);
});

test("there are no counts while they are hidden, and before the opening", () => {
  assert.equal(standings(state([1, 2], { totalVotes: null })), null);
  assert.equal(standings(state([0, 0], { status: "scheduled" })), null);
});

test("the summary names leaders and ties", () => {
  const text = (counts, isFinal) => summary(standings(state(counts)), isFinal).replace(/[\u2068\u2069]/g, "");
  assert.equal(text([0, 0], false), "Nobody has voted yet.");
  assert.equal(text([0, 0], true), "Final result: no votes.");
  assert.equal(text([2, 1], false), "“Option 0” is in front.");
  assert.equal(text([2, 1], true), "Final result: most votes for “Option 0”.");
  assert.equal(text([2, 2, 1], false), "A tie between “Option 0” and “Option 1”.");
  assert.equal(text([2, 2, 2], true), "Final result: a tie between “Option 0”, “Option 1”, and “Option 2”.");
  assert.match(text([1, 1, 1, 1, 1, 1, 1], false), /^A tie between “Option 0”, .*“Option 4”, and 2 more\.$/);
});

test("numbers are written as on the server", () => {
  assert.equal(countText(1), "1 vote");
  assert.equal(countText(1234), "1,234 votes");
});

test("a ballot with several options is one voter", () => {
  const total = (totalVotes, kind) => {
    const shown = state([totalVotes, 0], { totalVotes, kind });
    return totalText(shown, standings(shown));
  };
  assert.equal(total(0, "multiple"), "No votes yet");
  assert.equal(total(1, "single"), "1 vote");
  assert.equal(total(2, "multiple"), "2 voters");
});

test("the room says why it has no counts, also after the poll was opened or closed", () => {
  const reason = (status, results) => roomReason({ poll: { status, results } });
  assert.equal(reason("scheduled", "after_vote"), "The poll is not open yet.");
  assert.equal(reason("open", "after_vote"), "Results are shown to people who have voted.");
  assert.equal(reason("open", "live"), "The results are hidden until they are revealed.");
  assert.equal(reason("open", "after_close"), "Results are shown once the poll is closed.");
  assert.equal(reason("closed", "after_vote"), "Results are shown once all votes are counted.");
});
