import { createInterface } from "node:readline";

// The test that started this script executes its commands. See `Script` in
// `xtask/test-support/src/browser.rs`.
let lines;

/** Sends a command to the test, and waits for its response. */
export async function command(text) {
  lines ??= createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  process.stdout.write(`${text}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error(`the test did not respond to the command ${text}`);
  return value;
}
