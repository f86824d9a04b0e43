import { setTimeout as sleep } from "node:timers/promises";

/**
 * Checks a condition every 20 ms until it returns something other than `undefined` and
 * `false`. Returns that and the time it took.
 */
export async function eventually(what, limit, condition) {
  const start = performance.now();
  for (;;) {
    const result = await condition();
    const elapsed = performance.now() - start;
    if (result !== undefined && result !== false) return { result, elapsed };
    if (elapsed > limit) throw new Error(`${what}: not within ${limit} ms`);
    await sleep(20);
  }
}

/** Fails if a condition becomes true within a time. */
export async function never(what, duration, condition) {
  const end = performance.now() + duration;
  while (performance.now() < end) {
    if (await condition()) throw new Error(`${what}, within ${duration} ms`);
    await sleep(50);
  }
}
