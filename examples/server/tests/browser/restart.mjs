// The server restarts under an open page: in order, and by `kill -9`. The page reconnects,
// shows votes from before and after, and votes under the same session.
import { Api, voteAsSomebody } from "./lib/api.mjs";
import { assertBelow, assertEqual } from "./lib/assert.mjs";
import { command } from "./lib/commands.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

/** The longest wait of the client before it tries again, and the time to connect. */
const RECONNECTED = 10_000;

await scenario(async (browser, url) => {
  const poll = await new Api(url).createPoll();
  const voter = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  const viewer = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  for (const { window } of [voter, viewer]) window.expectFailedRequests();
  await voter.vote("Pizza");
  await voter.waitUntilCounted(5_000);
  const expected = [1, 0];

  for (const how of ["stop", "kill"]) {
    await command(how);
    await viewer.waitForConnection(["reconnecting", "offline"], 5_000);
    // What was shown stays.
    assertEqual(await viewer.counts(), expected, "counts without a server");
    await command("start");
    const { elapsed } = await viewer.waitUntilLive(30_000);
    assertBelow(`live after ${how}`, elapsed, RECONNECTED);
    await voteAsSomebody(url, poll, 1);
    expected[1] += 1;
    assertBelow("a vote after the restart", (await viewer.waitForCounts(expected, 5_000)).elapsed, 1_000);
    await voter.waitForCounts(expected, RECONNECTED);
  }

  // The session survived, so the voter cannot vote again.
  await voter.page.reload();
  await voter.row("Pizza").getByText("Your vote").waitFor();
  await viewer.vote("Sushi");
  await viewer.waitUntilCounted(5_000);
  await voter.waitForCounts([1, 3], 1_000);
});
