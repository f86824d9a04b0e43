/** Fails unless a measured time is below a limit. Prints it, so that runs can be compared. */
export function assertBelow(what, elapsed, limit) {
  const text = `${what} after ${Math.round(elapsed)} ms`;
  if (elapsed >= limit) throw new Error(`${text}, not within ${limit} ms`);
  console.error(text);
}

export function assertEqual(actual, expected, what) {
  const [left, right] = [actual, expected].map((value) => JSON.stringify(value));
  if (left !== right) throw new Error(`${what}: ${left} instead of ${right}`);
}

export function assert(condition, what) {
  if (!condition) throw new Error(what);
}
