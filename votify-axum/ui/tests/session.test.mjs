import assert from "node:assert/strict";
import { test } from "node:test";
import { PollSession } from "../poll/session.js";

globalThis.location = new URL("https://votify.test/p/1");
const stored = new Map();
globalThis.sessionStorage = {
  getItem: (key) => stored.get(key) ?? null,
  setItem: (key, value) => stored.set(key, value),
  removeItem: (key) => stored.delete(key),
};
const windowEvents = new EventTarget();
globalThis.addEventListener = windowEvents.addEventListener.bind(windowEvents);
globalThis.removeEventListener = windowEvents.removeEventListener.bind(windowEvents);
globalThis.history = { replaceState() {} };

const UNKNOWN = { connection: "connecting", ended: null, error: null, poll: null, options: [], totalVotes: null, countsHidden: false };
const KNOWN = {
  ...UNKNOWN, connection: "live", totalVotes: 3,
  poll: { title: "Lunch?", status: "open", voters: "invite", ballot: { kind: "single" } },
  options: [{ id: "a", text: "Pizza", count: 3 }],
};
const ADA = { can_vote: true, voted: false, reason: null, ballot_id: null, voter: "ada" };

/** A client whose streams have the states that the test gives them. */
class FakeClient {
  streams = [];

  watch(_, options) {
    const stream = Object.assign(new EventTarget(), { state: UNKNOWN, options, close() {} });
    this.streams.push(stream);
    return stream;
  }

  /** The caller's state and choice, and the votes that were sent. */
  caller = null;
  choice = "b";
  sent = [];

  vote(_, { option_id: choice }, { ballotId, voter }) {
    this.sent.push({ ballotId, choice, voter });
    return Object.assign(new EventTarget(), { ballotId, status: "sending", result: new Promise(() => {}) });
  }

  withdrawVote(poll, options) { return this.vote(poll, { option_id: null }, options); }

  async getOwnBallot() { return { option_id: this.choice }; }

  async getCallerState(_, { invite }) {
    if (this.caller) return this.caller;
    return { can_vote: invite === "CODE", voted: false, reason: invite ? null : "invite_invalid" };
  }

  show(change) {
    const stream = this.streams.at(-1);
    stream.state = { ...stream.state, ...change };
    stream.dispatchEvent(new Event("change"));
  }
}

test("the poll stays while the stream with the invite code connects", async () => {
  const client = new FakeClient();
  const session = new PollSession(client, "1", null, () => {}, () => {});
  const { model } = session;
  client.show(KNOWN);
  await session.enterCode("CODE");
  assert.equal(client.streams.length, 2);
  assert.equal(client.streams[1].options.invite, "CODE");
  assert.deepEqual([model.state.poll.title, model.state.totalVotes], ["Lunch?", 3]);
  client.show({ connection: "offline" });
  assert.deepEqual([model.state.poll.title, model.state.connection], ["Lunch?", "offline"]);
  // A click on "Vote" meanwhile says what is missing.
  assert.equal(session.vote([]), false);
  assert.deepEqual(model.problem, ["pick_one_first"]);
  client.show({ ...KNOWN, poll: { ...KNOWN.poll, title: "Dinner?" } });
  assert.equal(model.state.poll.title, "Dinner?");
  session.close();
});

const settle = () => new Promise((resolve) => { setTimeout(resolve, 10); });

/**
 * Opens a poll after a vote of this tab that was not settled. Returns the votes that are
 * sent, and the model.
 */
async function resume(vote, caller, voters = "account") {
  stored.set("votify-vote-1", JSON.stringify({ ballotId: "9", choice: ["a"], voter: "ada", replaced: null, ...vote }));
  const client = Object.assign(new FakeClient(), { caller: { ...ADA, ...caller } });
  const session = new PollSession(client, "1", null, () => {}, () => {});
  client.show({ ...KNOWN, poll: { ...KNOWN.poll, voters, revote: true } });
  await settle();
  session.close();
  return { sent: client.sent, model: session.model };
}

test("a vote that was not settled is sent again for the same voter only", async () => {
  const own = await resume();
  assert.deepEqual(own.sent, [{ ballotId: "9", choice: "a", voter: "ada" }]);
  assert.equal(own.model.refusal, null);
  const other = await resume({}, { voter: "bob" });
  assert.deepEqual([other.sent, other.model.refusal.code], [[], "voter_changed"]);
  assert.equal(stored.get("votify-vote-1"), "null");
  // Nobody is logged in yet.
  const anonymous = await resume({}, { voter: null, can_vote: false, reason: "not_logged_in" });
  assert.deepEqual([anonymous.sent, anonymous.model.refusal], [[], null]);
  assert.equal(JSON.parse(stored.get("votify-vote-1")).ballotId, "9");
});

test("a vote that was not settled is not sent after a newer one", async () => {
  const newer = await resume({}, { voted: true, ballot_id: "10" });
  assert.deepEqual([newer.sent, newer.model.refusal.code], [[], "voted_since"]);
  const change = await resume({ replaced: "8" }, { voted: true, ballot_id: "8" });
  assert.equal(change.sent.length, 1);
  const arrived = await resume({}, { voted: true, ballot_id: "9" });
  assert.deepEqual([arrived.sent, arrived.model.confirmation, arrived.model.own], [[], "counted", ["b"]]);
  const closed = await resume({}, { can_vote: false, reason: "poll_closed" });
  assert.deepEqual([closed.sent, closed.model.refusal.code], [[], "poll_closed"]);
  // The queue may have it, and it may still be counted.
  const queued = await resume({ isQueued: true }, { can_vote: false, reason: "poll_closed" });
  assert.deepEqual([queued.sent, queued.model.refusal], [[], null]);
});

test("a vote that was sent before the voter was known is sent again where voters have no tag", async () => {
  const client = new FakeClient();
  client.getCallerState = () => Promise.reject(Object.assign(new Error("overloaded"), { isTemporary: true }));
  const session = new PollSession(client, "1", null, () => {}, () => {});
  client.show({ ...KNOWN, poll: { ...KNOWN.poll, voters: "ip" } });
  await settle();
  assert.ok(session.vote(["a"]));
  session.close();
  const early = JSON.parse(stored.get("votify-vote-1"));
  assert.deepEqual([early.choice, client.sent.length], [["a"], 1]);
  const again = await resume({ ...early, ballotId: "9" }, { voter: null }, "ip");
  assert.deepEqual(again.sent, [{ ballotId: "9", choice: "a", voter: null }]);
  assert.equal(again.model.refusal, null);
  const other = await resume({ ...early, ballotId: "9" });
  assert.deepEqual([other.sent, other.model.refusal.code], [[], "voter_changed"]);
  const arrived = await resume({ ...early, ballotId: "9" }, { voted: true, ballot_id: "9" });
  assert.deepEqual([arrived.model.confirmation, arrived.model.refusal], ["counted", null]);
});

test("a withdrawal that was not settled is sent again, unless it has arrived", async () => {
  const withdrawal = { choice: [], replaced: "8" };
  const again = await resume(withdrawal, { voted: true, ballot_id: "8" });
  assert.deepEqual(again.sent, [{ ballotId: "9", choice: null, voter: "ada" }]);
  const arrived = await resume(withdrawal);
  assert.deepEqual([arrived.sent, arrived.model.confirmation], [[], "withdrawn"]);
  const newer = await resume(withdrawal, { voted: true, ballot_id: "10" });
  assert.deepEqual([newer.sent, newer.model.refusal.code], [[], "voted_since"]);
  const other = await resume(withdrawal, { voter: "bob" });
  assert.deepEqual([other.sent, other.model.refusal.code], [[], "voter_changed"]);
});

test("a vote of another window is shown", async () => {
  const client = Object.assign(new FakeClient(), { caller: { ...ADA, voted: true, ballot_id: "1" }, choice: "a" });
  const session = new PollSession(client, "1", null, () => {}, () => {});
  client.show({ ...KNOWN, poll: { ...KNOWN.poll, voters: "account" } });
  await settle();
  const { model } = session;
  assert.deepEqual([model.own, model.confirmation], [["a"], "voted"]);
  model.confirmation = "counted";
  client.choice = "b";
  const other = new BroadcastChannel("votify-vote-1");
  other.postMessage(null);
  await settle();
  other.close();
  assert.deepEqual([model.own, model.confirmation], [["b"], "voted"]);
  client.choice = "a";
  windowEvents.dispatchEvent(new Event("focus"));
  await settle();
  assert.deepEqual(model.own, ["a"]);
  session.close();
  client.choice = "b";
  windowEvents.dispatchEvent(new Event("focus"));
  await settle();
  assert.deepEqual(model.own, ["a"]);
});

test("a poll can be voted in where the browser forbids channels between windows", async (t) => {
  const { BroadcastChannel } = globalThis;
  t.after(() => { globalThis.BroadcastChannel = BroadcastChannel; });
  globalThis.BroadcastChannel = class { constructor() { throw new Error("forbidden"); } };
  const client = Object.assign(new FakeClient(), { caller: ADA });
  client.vote = () => Object.assign(new EventTarget(), { ballotId: "9", result: Promise.resolve({ status: "counted" }) });
  const session = new PollSession(client, "1", null, () => {}, () => {});
  client.show({ ...KNOWN, poll: { ...KNOWN.poll, voters: "account" } });
  await settle();
  assert.ok(session.vote(["a"]));
  await settle();
  assert.deepEqual([session.model.own, session.model.confirmation], [["a"], "counted"]);
  session.close();
});
