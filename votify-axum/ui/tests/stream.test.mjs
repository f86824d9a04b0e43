// Streams on a fake network, for answers that arrive in an unusual order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { VotifyClient } from "../votify.js";

const POLL = "01a22357-e063-7ce0-bf40-a465061fa4c7";

/** Returns the answer to `GET /api/polls/{id}`. `position` has the revision or the version. */
function details(position, fields = {}) {
  const options = [{ id: "a", text: "Pizza" }, { id: "b", text: "Sushi" }];
  const counted = position.revision === undefined ? options : options.map((option) => ({ ...option, count: 1 }));
  const poll = { id: POLL, title: "Lunch?", status: "open", final: false, results: "live", ...fields };
  return { poll, options: counted, stats: { epoch: 0, total_votes: position.revision === undefined ? undefined : 2, viewers: 1, ...position } };
}

/** A network whose requests are answered by the test, and with one socket. */
class Network {
  /** The requests without an answer: functions that take the answer. */
  requests = [];
  socket = null;

  /** Starts a stream that is live after its poll was read. */
  async watch(t, first, options) {
    const network = this;
    class Socket extends EventTarget {
      readyState = 1;

      constructor() {
        super();
        network.socket = this;
      }

      close() {}
      send() {}
    }
    const fetch = (url, { signal }) => new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      this.requests.push((body) => resolve(new Response(JSON.stringify(body))));
    });
    const client = new VotifyClient({ server: "http://votify.test", fetch, WebSocket: Socket });
    const stream = client.watch(POLL, options);
    t.after(() => stream.close());
    await this.answer(first);
    this.receive({ type: "heartbeat" });
    assert.equal(stream.state.connection, "live");
    return stream;
  }

  /** Answers the oldest request. */
  async answer(body) {
    for (let waits = 0; this.requests.length === 0; waits += 1) {
      assert.ok(waits < 100, "there is no request");
      await sleep(5);
    }
    this.requests.shift()(body);
    await sleep(20);
  }

  receive(message) {
    this.socket.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
  }
}

const counted = [{ id: "a", count: 1 }, { id: "b", count: 1 }];
const edited = { type: "poll_updated", epoch: 0, revision: 12, total_votes: 2, options: [{ id: "a", count: 2 }] };

for (const [name, before, closed] of [
  ["with counts", { revision: 11 }, { revision: 11, options: counted, total_votes: 2 }],
  ["whose counts show at the close", { version: 3 }, { revision: 11, options: counted, total_votes: 2 }],
  ["whose counts stay hidden", { version: 3 }, { version: 4, options: [{ id: "a" }, { id: "b" }] }],
]) {
  test(`a poll ${name} stays closed when an answer from before the close arrives`, async (t) => {
    const network = new Network();
    const stream = await network.watch(t, details(before));
    // Another connection reads the poll, and the answer takes long.
    network.receive(edited);
    network.receive({ type: "poll_closed", epoch: 0, final: true, ...closed });
    assert.deepEqual([stream.state.poll.status, stream.state.poll.final], ["closed", true]);
    do await network.answer(details(before)); while (network.requests.length > 0);
    assert.deepEqual([stream.state.poll.status, stream.state.poll.final], ["closed", true]);
  });
}

test("a close shows also if newer counts are known", async (t) => {
  const network = new Network();
  const stream = await network.watch(t, details({ revision: 20 }));
  network.receive({ type: "poll_closed", epoch: 0, revision: 19, total_votes: 1, options: counted, final: false });
  assert.deepEqual([stream.state.poll.status, stream.state.totalVotes], ["closed", 2]);
});

test("a poll whose options differ is read again, one request at a time", async (t) => {
  const network = new Network();
  const stream = await network.watch(t, details({ revision: 11 }));
  for (let revision = 12; revision < 32; revision += 1) network.receive({ ...edited, revision });
  await sleep(20);
  assert.equal(network.requests.length, 1);
  // The running request may have been answered before the last change, so one more follows.
  await network.answer(details({ revision: 31 }));
  assert.equal(network.requests.length, 1);
  await network.answer(details({ revision: 31 }, { title: "Dinner?" }));
  assert.equal(stream.state.poll.title, "Dinner?");
  assert.equal(network.requests.length, 0);
});

test("a token function that never returns ends the request in time", async () => {
  const options = { server: "http://votify.test", timeout: 50, token: () => new Promise(() => {}) };
  const client = new VotifyClient({ ...options, fetch: () => assert.fail("nothing is sent") });
  await assert.rejects(client.getPoll(POLL), { code: "timeout", isTemporary: true });
  const abort = new AbortController();
  const call = client.getPoll(POLL, { signal: abort.signal });
  abort.abort(new Error("no longer needed"));
  await assert.rejects(call, { message: "no longer needed" });
});

test("a stream that ended leaves no listener at its signal", async (t) => {
  const { signal } = new AbortController();
  const listeners = new Set();
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (type, listener, options) => {
    listeners.add(listener);
    options?.signal?.addEventListener("abort", () => listeners.delete(listener));
    add.call(signal, type, listener, options);
  };
  signal.removeEventListener = (type, listener) => {
    listeners.delete(listener);
    remove.call(signal, type, listener);
  };
  const stream = await new Network().watch(t, details({ revision: 11 }), { signal });
  assert.equal(listeners.size, 1);
  stream.close();
  assert.equal(listeners.size, 0);
});
