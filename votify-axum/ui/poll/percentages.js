/**
 * Returns the percentage of the voters for each count, as whole numbers.
 *
 * With one option per ballot they add up to 100: each is rounded down, and the missing
 * points go to the largest remainders, then to the larger counts, then in the order of the
 * options. With several options per ballot each is rounded, and they may add up to more.
 *
 * @param {readonly number[]} counts
 * @param {number} voters
 * @param {boolean} isSingle True if a ballot has one option.
 * @returns {number[]}
 */
export function percentages(counts, voters, isSingle) {
  if (voters === 0) return counts.map(() => 0);
  if (!isSingle) return counts.map((count) => Math.floor((200 * count + voters) / (2 * voters)));
  const rounded = counts.map((count) => Math.floor((100 * count) / voters));
  const remainder = (index) => (100 * counts[index]) % voters;
  const missing = 100 - rounded.reduce((sum, percent) => sum + percent, 0);
  const order = counts.map((_, index) => index)
    .sort((a, b) => remainder(b) - remainder(a) || counts[b] - counts[a] || a - b);
  // Only remainders are rounded up. The counts may lag behind the number of voters.
  for (const index of order.slice(0, missing)) if (remainder(index) > 0) rounded[index] += 1;
  return rounded;
}

/** Returns the indexes of the options with the most votes. None before the first vote. */
export function leaders(counts) {
  const most = Math.max(0, ...counts);
  return most === 0 ? [] : counts.flatMap((count, index) => (count === most ? [index] : []));
}
