// Connections that are cut, frozen and resumed.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { VotifyClient } from "../../votify.js";
import { Relay } from "./relay.js";
import { TestServer, castVote, createPoll, recordPositions, timeUntil, watchLive } from "./server.js";
import { WAKE_EVENTS, goOffline, goOnline, sleepLikeAComputer } from "./page.js";

/** Starts a server behind a relay, with a poll and a live stream through the relay. */
async function start(t, options) {
  const server = await TestServer.start(t);
  const relay = await Relay.start(t, server.port);
  const poll = await createPoll(server.client());
  const stream = await watchLive(t, server.client({ server: relay.url, ...options }), poll);
  return { server, relay, poll, stream, positions: recordPositions(stream) };
}

for (const transport of ["websocket", "sse"]) {
  const transports = [transport];

  test(`a stream over ${transport} that is cut resumes`, async (t) => {
    const { server, relay, poll, stream } = await start(t, { transports });
    for (let total = 1; total <= 3; total += 1) {
      relay.cut();
      await castVote(server, poll);
      await timeUntil(stream, ({ connection, totalVotes }) => connection === "live" && totalVotes === total);
    }
  });

  for (const [name, dispatch] of Object.entries(WAKE_EVENTS)) {
    test(`a frozen stream over ${transport} is fresh within 5 s of ${name}`, async (t) => {
      const { server, relay, poll, stream } = await start(t, { transports });
      await sleep(1_100);
      relay.freeze();
      await castVote(server, poll);
      await sleep(1_000);
      assert.equal(stream.state.totalVotes, 0, "the connection is frozen");
      assert.equal(stream.state.connection, "live", "the connection is not known to be dead");
      dispatch();
      const time = await timeUntil(stream, ({ connection, totalVotes }) => connection === "live" && totalVotes === 1);
      assert.ok(time < 5_000, `${time} ms`);
    });
  }

  test(`a frozen stream over ${transport} is dead after the time of two heartbeats`, async (t) => {
    const { server, relay, poll, stream } = await start(t, { transports, heartbeatTimeout: 4_000 });
    relay.freeze();
    await castVote(server, poll);
    const time = await timeUntil(stream, ({ totalVotes }) => totalVotes === 1);
    assert.ok(time > 2_000, `${time} ms`);
  });
}

test("a stream is fresh within 5 s after a sleep of the computer", async (t) => {
  const { server, relay, poll, stream } = await start(t);
  relay.freeze();
  await castVote(server, poll);
  sleepLikeAComputer(7_000);
  const time = await timeUntil(stream, ({ connection, totalVotes }) => connection === "live" && totalVotes === 1);
  assert.ok(time < 5_000, `${time} ms`);
});

test("a stream that is alive does not reconnect when it wakes up", async (t) => {
  const { stream, relay } = await start(t, { transports: ["websocket"] });
  let states = [];
  stream.addEventListener("change", () => states.push(stream.state.connection));
  const connections = relay.connections;
  WAKE_EVENTS.online();
  await sleep(4_000);
  assert.ok(states.every((state) => state === "live"), `${states}`);
  assert.ok(relay.connections <= connections);
});

test("a stream that reopens on waking counts as live meanwhile", async (t) => {
  const { stream } = await start(t, { transports: ["sse"] });
  const states = [];
  stream.addEventListener("change", () => states.push(stream.state.connection));
  await sleep(1_500);
  WAKE_EVENTS.pageshow();
  await sleep(2_000);
  assert.ok(states.every((state) => state === "live"), `${states}`);
});

test("a stream says that the browser is offline, and returns with the network", async (t) => {
  const { server, relay, poll, stream } = await start(t);
  goOffline(t);
  assert.equal(stream.state.connection, "offline");
  relay.cut();
  await castVote(server, poll);
  await sleep(1_500);
  assert.equal(stream.state.connection, "offline");
  goOnline();
  const time = await timeUntil(stream, ({ connection, totalVotes }) => connection === "live" && totalVotes === 1);
  assert.ok(time < 5_000, `${time} ms`);
});

test("a server that is away is asked ever more rarely", async (t) => {
  const { relay, stream } = await start(t);
  relay.refuse(true);
  relay.cut();
  const pauses = [];
  stream.addEventListener("change", () => {
    if (stream.state.retryAt) pauses.push(stream.state.retryAt - Date.now());
  });
  await sleep(6_000);
  assert.ok(pauses.length >= 2 && pauses.length < 15, `${pauses}`);
  assert.ok(new Set(pauses).size > 1, "the pauses are random");
  assert.equal(stream.state.error.code, "unreachable");
  relay.refuse(false);
  stream.refresh();
  assert.ok((await timeUntil(stream, ({ connection }) => connection === "live")) < 5_000);
});

test("without upgrades, streams use SSE, and remember it", async (t) => {
  const server = await TestServer.start(t);
  const poll = await createPoll(server.client());
  let upgrades = 0;
  class NoWebSocket extends EventTarget {
    constructor() {
      super();
      upgrades += 1;
      queueMicrotask(() => this.dispatchEvent(new Event("error")));
    }

    close() {}
  }
  const client = server.client({ WebSocket: NoWebSocket });
  const first = await watchLive(t, client, poll);
  const second = await watchLive(t, client, poll);
  assert.deepEqual([first.state.transport, second.state.transport, upgrades], ["sse", "sse", 1]);
  const vote = client.vote(poll.id, { option_id: poll.options[0] });
  await vote.result;
  await timeUntil(second, ({ totalVotes }) => totalVotes === 1);
});

test("a server that never answers ends no stream", async (t) => {
  const silent = createServer(() => {}).listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const client = new VotifyClient({ server: `http://127.0.0.1:${silent.address().port}`, timeout: 300 });
  const stream = client.watch("01a22357-e063-7ce0-bf40-a465061fa4c7");
  await timeUntil(stream, ({ error }) => error?.code === "timeout");
  assert.equal(stream.state.connection, "connecting");
  stream.close();
  assert.equal(stream.state.ended, "closed");
});
