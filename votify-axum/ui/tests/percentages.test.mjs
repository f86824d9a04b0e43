import assert from "node:assert/strict";
import { test } from "node:test";
import { percentages } from "../poll/model.js";

const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);

test("percentages of a single choice add up to 100", () => {
  assert.deepEqual(percentages([1, 1, 1], 3, true), [34, 33, 33]);
  assert.deepEqual(percentages([2, 1], 3, true), [67, 33]);
  assert.deepEqual(percentages([1, 1, 1, 1, 1, 1], 6, true), [17, 17, 17, 17, 16, 16]);
  let seed = 1;
  for (let round = 0; round < 2000; round += 1) {
    const counts = Array.from({ length: 2 + (round % 99) }, () => {
      seed = (seed * 48271) % 2147483647;
      return seed % 1000;
    });
    const voters = sum(counts);
    if (voters === 0) continue;
    const result = percentages(counts, voters, true);
    assert.equal(sum(result), 100, `${counts}`);
    counts.forEach((count, index) => assert.ok(Math.abs(result[index] - (100 * count) / voters) < 1, `${counts}`));
  }
});

test("the largest remainder gets the missing point, then the larger count", () => {
  // 42.857, 42.857 and 14.285: both points go to the first two.
  assert.deepEqual(percentages([3, 3, 1], 7, true), [43, 43, 14]);
  // 12.5 and 87.5: the remainders are equal.
  assert.deepEqual(percentages([1, 7], 8, true), [12, 88]);
  assert.deepEqual(percentages([1, 199], 200, true), [0, 100]);
});

test("options without votes stay at 0 %", () => {
  assert.deepEqual(percentages([0, 5, 0], 5, true), [0, 100, 0]);
  // The total is ahead of the counts for a moment.
  assert.deepEqual(percentages([0, 1], 2, true), [0, 50]);
  // The counts are ahead of the total for a moment.
  assert.deepEqual(percentages([104, 102, 101], 300, true), [34, 34, 33]);
});

test("percentages of several picks are of voters, and may exceed 100 together", () => {
  assert.deepEqual(percentages([3, 2, 1], 4, false), [75, 50, 25]);
  assert.deepEqual(percentages([1, 7], 8, false), [13, 88]);
});

test("nobody voted yet", () => {
  assert.deepEqual(percentages([0, 0], 0, true), [0, 0]);
  assert.deepEqual(percentages([0, 0], 0, false), [0, 0]);
});
