// The network is away while a person votes. Once it is back, exactly one vote counts, and
// the page says so. In the second part the server counted the vote, and its answer is lost.
import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "./lib/api.mjs";
import { assertBelow, assertEqual } from "./lib/assert.mjs";
import { eventually } from "./lib/eventually.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";
import { TcpProxy } from "./lib/tcp_proxy.mjs";

/** The longest time between two attempts, and the time of one. */
const SETTLED = 20_000;

await scenario(async (browser, url) => {
  const proxy = await TcpProxy.start(url);
  const api = new Api(url);
  await voteWhileOffline(browser, api, proxy);
  await loseTheAnswer(browser, api, proxy);
  await proxy.stop();
});

async function open(browser, proxy, poll) {
  const page = await PollPage.open(await browser.open(), `${proxy.url}/p/${poll.id}`);
  page.window.expectFailedRequests();
  return page;
}

async function voteWhileOffline(browser, api, proxy) {
  const poll = await api.createPoll();
  const page = await open(browser, proxy, poll);
  const context = page.page.context();
  await context.setOffline(true);
  proxy.goOffline();
  await page.waitForConnection(["offline"], 5_000);
  await page.vote("Sushi");
  await sleep(1_500);
  assertEqual(await api.counts(poll), [0, 0], "counts while offline");
  assertEqual(await page.confirmation.isVisible(), false, "a confirmation while offline");

  proxy.goOnline();
  await context.setOffline(false);
  const { elapsed } = await eventually("the confirmation", SETTLED, () => page.confirmation.isVisible());
  assertBelow("counted after going online", elapsed, 5_000);
  await page.waitForCounts([0, 1], 5_000);
  assertEqual(await api.counts(poll), [0, 1], "counts");
}

async function loseTheAnswer(browser, api, proxy) {
  const poll = await api.createPoll();
  const page = await open(browser, proxy, poll);
  let sent = 0;
  proxy.onRequest = (data, pair) => {
    if (!/^POST \S+\/vote/.test(data)) return;
    sent += 1;
    // The server receives the first request. Its answer is dropped, then the connection is cut.
    if (sent === 1) {
      pair.isDeaf = true;
      setTimeout(() => pair.client.destroy(), 500);
    }
  };
  await page.vote("Pizza");
  await eventually("the server counts the vote", 5_000, async () => (await api.counts(poll))[0] === 1);
  await eventually("the confirmation", SETTLED, () => page.confirmation.isVisible());
  if (sent < 2) throw new Error("the vote was not sent again, so this tests nothing");
  assertEqual(await api.counts(poll), [1, 0], "counts after the retry");
  await page.waitForCounts([1, 0], 5_000);
  await page.row("Pizza").getByText("Your vote").waitFor();
}
