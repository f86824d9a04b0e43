// Votes that are sent until they are settled.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

import { VotifyClient, randomUuid } from "../../votify.js";
import { Relay } from "./relay.js";
import { TestServer, createPoll, timeUntil, watchLive } from "./server.js";
import { goOffline, goOnline } from "./page.js";

async function start(t, options) {
  const server = await TestServer.start(t, options);
  const relay = await Relay.start(t, server.port);
  const poll = await createPoll(server.client());
  return { server, relay, poll, client: server.client({ server: relay.url, timeout: 2_000 }) };
}

/** Records the statuses of a vote. */
function recordStatuses(vote) {
  const statuses = [];
  vote.addEventListener("change", () => statuses.push(vote.status));
  return statuses;
}

async function assertOneVote(server, poll) {
  const { stats } = await server.client().getPoll(poll.id);
  assert.equal(stats.total_votes, 1);
}

test("offline during a vote and back gives exactly one vote", async (t) => {
  const { server, relay, poll, client } = await start(t);
  const stream = await watchLive(t, client, poll);
  goOffline(t);
  relay.cut();
  const vote = client.vote(poll.id, { option_id: poll.options[0] });
  const statuses = recordStatuses(vote);
  await sleep(500);
  assert.deepEqual([vote.status, vote.attempts], ["offline", 0]);
  goOnline();
  await vote.result;
  assert.deepEqual(statuses, ["offline", "sending", "counted"]);
  await timeUntil(stream, ({ totalVotes }) => totalVotes === 1);
  await assertOneVote(server, poll);
});

test("a vote whose answer is lost counts once", async (t) => {
  const { server, relay, poll, client } = await start(t);
  relay.loseNextAnswer("cut");
  const vote = client.vote(poll.id, { option_id: poll.options[0] });
  const statuses = recordStatuses(vote);
  const receipt = await vote.result;
  assert.deepEqual(statuses, ["sending", "waiting", "sending", "counted"]);
  assert.deepEqual([vote.attempts, relay.votes, receipt.ballot_id], [2, 2, vote.ballotId]);
  await assertOneVote(server, poll);
});

test("a vote on a connection that freezes counts once", async (t) => {
  const { server, relay, poll, client } = await start(t);
  relay.loseNextAnswer("freeze");
  const vote = client.vote(poll.id, { option_id: poll.options[0] });
  const codes = [];
  vote.addEventListener("change", () => vote.status === "waiting" && codes.push(vote.error.code));
  await vote.result;
  assert.deepEqual([codes, relay.votes], [["timeout"], 2]);
  await assertOneVote(server, poll);
});

test("a vote waits for a server that restarts", async (t) => {
  const { server, poll, client } = await start(t);
  await server.kill();
  const vote = client.vote(poll.id, { option_id: poll.options[0] });
  await once(vote, "change");
  while (vote.status !== "waiting") await once(vote, "change");
  assert.ok(vote.error.code === "unreachable" && vote.retryAt instanceof Date);
  await server.restart();
  vote.retryNow();
  await vote.result;
  await assertOneVote(server, poll);
});

test("a vote is continued under its id by another client", async (t) => {
  const { server, poll, client } = await start(t);
  const ballotId = randomUuid();
  assert.match(ballotId, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  await client.vote(poll.id, { option_id: poll.options[0] }, { ballotId }).result;
  // A page that lost its cookie together with the answer.
  const receipt = await server.client().vote(poll.id, { option_id: poll.options[0] }, { ballotId }).result;
  assert.equal(receipt.ballot_id, ballotId);
  await assertOneVote(server, poll);
});

test("a vote waits as long as Retry-After says", async (t) => {
  const { server, poll, client } = await start(t, ["--vote-rate", "1/3s"]);
  const other = await createPoll(client);
  await client.vote(other.id, { option_id: other.options[0] }).result;
  const vote = client.vote(poll.id, { option_id: poll.options[0] });
  const statuses = recordStatuses(vote);
  let promised = 0;
  vote.addEventListener("change", () => (promised ||= vote.error?.retryAfter));
  const begin = Date.now();
  await vote.result;
  assert.deepEqual(statuses, ["sending", "waiting", "sending", "counted"]);
  assert.ok(promised >= 1 && Date.now() - begin >= 1_000 * promised, `${promised} s`);
  await assertOneVote(server, poll);
});

test("an aborted vote is not sent again", async (t) => {
  const { relay, poll, client } = await start(t);
  await client.getPoll(poll.id);
  relay.refuse(true);
  relay.cut();
  const abort = new AbortController();
  const vote = client.vote(poll.id, { option_id: poll.options[0] }, { signal: abort.signal });
  while (vote.status !== "waiting") await once(vote, "change");
  abort.abort(new Error("enough"));
  await assert.rejects(vote.result, { message: "enough" });
  relay.refuse(false);
  await sleep(1_000);
  assert.deepEqual([vote.status, relay.votes], ["aborted", 0]);
});

/** Starts an HTTP server with these answers, one after the other. */
async function startAnswering(t, answers) {
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request.headers["idempotency-key"]);
    const [status, body, headers = {}] = answers[requests.length - 1] ?? answers.at(-1);
    const isText = typeof body === "string";
    response.writeHead(status, { "content-type": isText ? "text/html" : "application/json", ...headers });
    response.end(isText ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const client = new VotifyClient({ server: `http://127.0.0.1:${server.address().port}/votes` });
  return { client, requests };
}

test("answers that say nothing about the vote are repeated under the same id", async (t) => {
  const problem = { code: "overloaded", status: 503, title: "Too much", retry_after: 1 };
  const { client, requests } = await startAnswering(t, [
    [200, "<html>Log in to the network of this hotel</html>"],
    [200, ""],
    [200, null],
    [204, ""],
    [403, "<html>Blocked by the firewall</html>"],
    [502, "<html>Bad gateway</html>"],
    [503, problem],
    [504, "", { "retry-after": "1" }],
    [429, { code: "rate_limited", status: 429, title: "Too fast" }, { "retry-after": "1" }],
    [202, { success: true, status: "queued", ballot_id: "x" }],
  ]);
  const vote = client.vote("x", { option_id: "y" });
  assert.equal((await vote.result).status, "queued");
  assert.deepEqual([vote.status, vote.attempts], ["queued", 10]);
  assert.deepEqual(new Set(requests), new Set([vote.ballotId]));
});

test("refusals are final", async (t) => {
  for (const [status, code] of [[503, "poll_key_unknown"], [500, "internal"], [409, "poll_closed"], [403, "invite_invalid"]]) {
    const { client, requests } = await startAnswering(t, [[status, { code, status, title: "No", detail: "Because." }]]);
    const vote = client.vote("x", { option_id: "y" });
    await assert.rejects(vote.result, { code, status, message: "No: Because." });
    assert.deepEqual([vote.status, vote.error.code, requests.length], ["refused", code, 1]);
  }
  const { client } = await startAnswering(t, [[404, "<html>Not here</html>"], [200, ""]]);
  for (const status of [404, 200]) {
    await assert.rejects(client.getPoll("x"), { code: "unexpected_answer", status, isTemporary: true });
  }
});
