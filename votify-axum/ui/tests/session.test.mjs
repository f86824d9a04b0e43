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

/** A client whose streams have the states that the test gives them. */
class FakeClient {
  streams = [];

  watch(_, options) {
    const stream = Object.assign(new EventTarget(), { state: UNKNOWN, options, close() {} });
    this.streams.push(stream);
    return stream;
  }

  /** The caller's vote, and the votes that were sent. */
  own = null;
  sent = [];

  vote(_, body, { ballotId }) {
    this.sent.push(body);
    return Object.assign(new EventTarget(), { ballotId, status: "sending", result: new Promise(() => {}) });
  }

  async getOwnBallot() { return this.own; }

  async getCallerState(_, { invite }) {
    if (this.own) return { can_vote: true, voted: true, reason: null, ballot_id: "1" };
    if (this.isAccount) return { can_vote: true, voted: false, reason: null };
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
});

const settle = () => new Promise((resolve) => { setTimeout(resolve, 10); });

/** Opens a poll after a vote of this tab that was not settled. */
async function resumed(voters, before, after, own = null) {
  stored.set("votify-vote-1", JSON.stringify({ ballotId: "9", choice: ["a"], invite: before, replaced: null }));
  const client = Object.assign(new FakeClient(), { isAccount: voters === "account", own });
  const session = new PollSession(client, "1", after, () => {}, () => {});
  client.show({ ...KNOWN, poll: { ...KNOWN.poll, voters, revote: true } });
  await settle();
  session.close();
  return client.sent.length;
}

test("a vote that was not settled is sent again for the same caller only", async () => {
  assert.equal(await resumed("invite", "CODE", "CODE"), 1);
  assert.equal(await resumed("invite", "OTHER", "CODE"), 0);
  assert.equal(stored.has("votify-vote-1"), false);
  assert.equal(await resumed("browser", null, null, { option_id: "b" }), 0, "a newer vote of another tab stays");
  // Nothing tells one account from another.
  assert.equal(await resumed("account", null, null), 0);
});

test("a vote of another window shows once this one has the focus", async () => {
  const client = Object.assign(new FakeClient(), { own: { option_id: "a" } });
  const session = new PollSession(client, "1", null, () => {}, () => {});
  client.show({ ...KNOWN, poll: { ...KNOWN.poll, voters: "browser" } });
  await settle();
  assert.deepEqual([session.model.own, session.model.confirmation], [["a"], "voted"]);
  session.model.confirmation = "counted";
  client.own = { option_id: "b" };
  windowEvents.dispatchEvent(new Event("focus"));
  await settle();
  assert.deepEqual([session.model.own, session.model.confirmation], [["b"], "voted"]);
  session.close();
  client.own = { option_id: "c" };
  windowEvents.dispatchEvent(new Event("focus"));
  await settle();
  assert.deepEqual(session.model.own, ["b"]);
});
