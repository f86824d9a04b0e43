// Streams through the proxy at VOTIFY_PROXY_URL, which passes no upgrades.

import assert from "node:assert/strict";
import { test } from "node:test";

import { VotifyClient } from "../../votify.js";
import { createPoll, timeUntil, watchLive } from "./server.js";

test("streams through a proxy without upgrades are live", async (t) => {
  const client = () => new VotifyClient({ server: process.env.VOTIFY_PROXY_URL });
  assert.ok(globalThis.WebSocket, "run Node.js with --experimental-websocket");
  const [owner, viewer] = [client(), client()];
  const poll = await createPoll(owner);
  const stream = await watchLive(t, viewer, poll);
  assert.equal(stream.state.transport, "sse");
  const times = [];
  for (const [index, voter] of [client(), client(), client()].entries()) {
    const seen = timeUntil(stream, ({ totalVotes }) => totalVotes === index + 1);
    await voter.vote(poll.id, { option_id: poll.options[0] }).result;
    times.push(await seen);
  }
  // The slower ones may have waited for other tests on this machine.
  assert.ok(Math.min(...times) < 1_000, `${times} ms`);
});
