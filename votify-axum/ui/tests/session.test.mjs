import assert from "node:assert/strict";
import { test } from "node:test";
import { PollSession } from "../poll/session.js";

globalThis.location = new URL("https://votify.test/p/1");

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

  async getCallerState(_, { invite }) {
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
