import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { VotifyError } from "../../votify.js";
import { TestServer, castVote, createPoll, recordPositions, stateOf, timeUntil, watchLive } from "./server.js";

for (const transport of ["websocket", "sse"]) {
  test(`two clients see each other's vote within a second over ${transport}`, async (t) => {
    const server = await TestServer.start(t);
    const clients = [server.client({ transports: [transport] }), server.client({ transports: [transport] })];
    const poll = await createPoll(server.client());
    const streams = [];
    for (const client of clients) streams.push(await watchLive(t, client, poll));
    for (const { state } of streams) assert.equal(state.transport, transport);
    const times = [];
    for (const [index, client] of clients.entries()) {
      const vote = client.vote(poll.id, { option_id: poll.options[index] });
      const seen = timeUntil(streams[1 - index], ({ totalVotes }) => totalVotes === index + 1);
      await vote.result;
      assert.ok(streams[index].state.totalVotes > index, "the receipt counts at once");
      times.push(await seen);
    }
    // The slower one may have waited for other tests on this machine.
    assert.ok(Math.min(...times) < 1_000, `${times} ms`);
    for (const { state } of streams) {
      assert.deepEqual(state.options.map(({ text, count }) => [text, count]), [["Pizza", 1], ["Sushi", 1]]);
      assert.ok(state.viewers >= 1 && state.poll.status === "open" && !state.countsHidden);
    }
  });

  test(`a stream over ${transport} resumes after a restart of the server`, async (t) => {
    const server = await TestServer.start(t);
    const poll = await createPoll(server.client());
    const stream = await watchLive(t, server.client({ transports: [transport] }), poll);
    const positions = recordPositions(stream);
    await castVote(server, poll);
    await timeUntil(stream, ({ totalVotes }) => totalVotes === 1);
    await server.kill();
    await timeUntil(stream, ({ connection }) => connection === "reconnecting");
    assert.equal(stream.state.totalVotes, 1, "the last counts stay");
    await server.restart();
    await castVote(server, poll, 1);
    await timeUntil(stream, ({ connection, totalVotes }) => connection === "live" && totalVotes === 2);
    assert.ok(positions.length >= 3, `${positions}`);
  });
}

test("changes, the close and the deletion of a poll show, also those that were missed", async (t) => {
  const server = await TestServer.start(t);
  const owner = server.client();
  const poll = await createPoll(owner);
  const stream = await watchLive(t, server.client(), poll);
  await owner.changePoll(poll.id, { title: "Dinner?" });
  await timeUntil(stream, (state) => state.poll.title === "Dinner?");
  assert.ok(stream.state.poll.url.endsWith(`/p/${poll.id}`), "messages have no URL, so it stays");
  await server.kill();
  await server.restart();
  await owner.changePoll(poll.id, { title: "Supper?", options: ["Soup", "Bread", "Cheese"] });
  await timeUntil(stream, (state) => state.connection === "live" && state.poll.title === "Supper?");
  assert.deepEqual(stream.state.options.map(({ text, count }) => [text, count]), [["Soup", 0], ["Bread", 0], ["Cheese", 0]]);
  await owner.closePoll(poll.id);
  await timeUntil(stream, (state) => state.poll.status === "closed" && state.poll.final);
  await owner.deletePoll(poll.id);
  await timeUntil(stream, ({ connection }) => connection === "ended");
  assert.equal(stream.state.ended, "deleted");
  const other = server.client().watch(poll.id);
  await assert.rejects(stateOf(other, () => false), { message: "the stream ended: deleted" });
});

test("hidden results show after the close", async (t) => {
  const server = await TestServer.start(t);
  const owner = server.client();
  const poll = await createPoll(owner, { results: "after_close" });
  const stream = await watchLive(t, owner, poll);
  await owner.vote(poll.id, { option_id: poll.options[0] }).result;
  await castVote(server, poll);
  assert.ok(stream.state.countsHidden && stream.state.totalVotes === null);
  assert.ok(stream.state.position.includes("-v") && stream.state.options.every((option) => !("count" in option)));
  await owner.closePoll(poll.id);
  await timeUntil(stream, ({ totalVotes }) => totalVotes === 2);
  assert.ok(!stream.state.countsHidden && stream.state.options[0].count === 2);
});

for (const transport of ["websocket", "sse"]) {
  test(`counts show after the own vote, and hide after its withdrawal, over ${transport}`, async (t) => {
    const server = await TestServer.start(t);
    const poll = await createPoll(server.client(), { results: "after_vote", revote: true });
    const voter = server.client({ transports: [transport] });
    const [stream, stranger] = [await watchLive(t, voter, poll), await watchLive(t, server.client(), poll)];
    assert.ok(stream.state.countsHidden);
    await voter.vote(poll.id, { option_id: poll.options[0] }).result;
    assert.equal(stream.state.totalVotes, 1, "the receipt shows at once");
    let wasHidden = false;
    stream.addEventListener("change", () => (wasHidden ||= stream.state.countsHidden));
    await castVote(server, poll, 1);
    await timeUntil(stream, ({ totalVotes }) => totalVotes === 2);
    assert.ok(!wasHidden, "the counts do not flicker");
    assert.ok(stranger.state.countsHidden && stranger.state.totalVotes === null);
    await voter.withdrawVote(poll.id).result;
    assert.ok(stream.state.countsHidden);
  });
}

test("a client in Node.js keeps its session", async (t) => {
  const server = await TestServer.start(t);
  const client = server.client();
  const poll = await createPoll(client);
  const vote = client.vote(poll.id, { option_id: poll.options[0] });
  await vote.result;
  const state = await client.getCallerState(poll.id);
  assert.deepEqual([state.owner, state.voted, state.ballot_id], [true, true, vote.ballotId]);
  assert.equal((await client.getOwnBallot(poll.id)).option_id, poll.options[0]);
  const second = client.vote(poll.id, { option_id: poll.options[1] });
  await assert.rejects(second.result, { name: "VotifyError", code: "already_voted", status: 409 });
  assert.equal(second.status, "refused");
  const stranger = server.client();
  assert.equal(await stranger.getOwnBallot(poll.id), null);
  assert.equal((await stranger.getCallerState(poll.id)).owner, false);
});

test("requests at the same time share one session", async (t) => {
  const server = await TestServer.start(t);
  const poll = await createPoll(server.client());
  const client = server.client();
  const stream = client.watch(poll.id);
  t.after(() => stream.close());
  const votes = [0, 1].map((option) => client.vote(poll.id, { option_id: poll.options[option] }));
  const settled = await Promise.allSettled(votes.map(({ result }) => result));
  assert.deepEqual(settled.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

const getUser = (client) => client.request("GET", "api/auth/me");

/** Repeats a call while the server is overloaded: a debug build takes seconds for the hash of
 *  a password. */
async function untilAnswered(call) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (error.code !== "overloaded") throw error;
      await sleep(1_000 * error.retryAfter);
    }
  }
}

test("every call reaches its endpoint", async (t) => {
  const server = await TestServer.start(t);
  const client = server.client();
  const poll = await createPoll(client, { voters: "invite", visibility: "public" });
  assert.equal((await client.getPoll(poll.id)).poll.title, "Lunch?");
  assert.equal((await client.request("GET", "api/polls", { query: { q: "lunch" } })).polls[0].id, poll.id);
  assert.ok(Array.isArray((await client.request("GET", "api/trending", { query: { limit: 3 } })).polls));
  const { invites } = await client.request("POST", `api/polls/${poll.id}/invites`, { body: { count: 2 } });
  const voter = { invite: invites[0].code };
  assert.equal((await client.getCallerState(poll.id, voter)).can_vote, true);
  const stream = await watchLive(t, client, poll, voter);
  await client.vote(poll.id, { option_id: poll.options[1] }, voter).result;
  assert.equal(stream.state.totalVotes, 1);
  assert.equal((await client.request("GET", `api/polls/${poll.id}/results`, { query: voter })).leaders[0], poll.options[1]);
  assert.equal((await client.request("GET", "healthz")).status, "ok");
  const metrics = await client.request("GET", "metrics", { as: "text" });
  assert.match(metrics, /# EOF\s*$/);
  await client.closePoll(poll.id);
  await client.deletePoll(poll.id);
  await assert.rejects(client.getPoll(poll.id), { code: "poll_not_found", status: 404, isTemporary: false });
});

test("the calls of accounts reach their endpoints", async (t) => {
  const server = await TestServer.start(t);
  const client = server.client({ timeout: 60_000 });
  const poll = await createPoll(client);
  await assert.rejects(getUser(client), { code: "not_logged_in" });
  const credentials = { name: "ada", password: "correct horse" };
  await untilAnswered(() => client.request("POST", "api/auth/register", { body: credentials }));
  assert.equal((await getUser(client)).name, "ada");
  await client.request("POST", "api/auth/logout");
  await assert.rejects(getUser(client), { code: "not_logged_in" });
  const { token } = await untilAnswered(() => client.request("POST", "api/auth/login", { body: credentials }));
  const withToken = server.client({ timeout: 60_000, token: () => Promise.resolve(token) });
  assert.equal((await getUser(withToken)).name, "ada");
  await watchLive(t, withToken, poll);
});

test("problems have the fields of the server", async (t) => {
  const server = await TestServer.start(t);
  const error = await server.client().createPoll({ title: "", options: ["a"] }).catch((error) => error);
  assert.ok(error instanceof VotifyError);
  assert.deepEqual([error.code, error.status, error.isTemporary], ["invalid_poll", 422, false]);
  assert.deepEqual(error.errors.map(({ field }) => field).sort(), ["options", "title"]);
  await server.kill();
  await assert.rejects(server.client().request("GET", "healthz"), { code: "unreachable", status: 0, isTemporary: true });
});

test("the server sends heartbeats, so that a quiet stream stays live", { timeout: 120_000 }, async (t) => {
  const server = await TestServer.start(t);
  const poll = await createPoll(server.client());
  const received = ["websocket", "sse"].map(async (transport) => {
    const stream = await watchLive(t, server.client({ transports: [transport] }), poll);
    return new Promise((resolve) => {
      stream.addEventListener("message", ({ detail }) => detail.type === "heartbeat" && resolve(stream.state.connection));
    });
  });
  assert.deepEqual(await Promise.all(received), ["live", "live"]);
});
