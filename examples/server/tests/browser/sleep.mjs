// A phone sleeps: the process of its page stops, and meanwhile its connection dies without a
// word. After waking, the page shows the newest counts within 5 s.
import { setTimeout as sleep } from "node:timers/promises";
import { Api, voteAsSomebody } from "./lib/api.mjs";
import { assertBelow, assertEqual } from "./lib/assert.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";
import { TcpProxy } from "./lib/tcp_proxy.mjs";

/** Longer than the 5 s of lateness after which a timer means that the page slept. */
const NAP = 7_000;
const FRESH = 5_000;

await scenario(async (browser, url) => {
  const poll = await new Api(url).createPoll();
  const proxy = await TcpProxy.start(url);
  const page = await PollPage.open(await browser.open(), `${proxy.url}/p/${poll.id}`);
  page.window.expectFailedRequests();

  await browser.suspend();
  proxy.freeze();
  await voteAsSomebody(url, poll, 0);
  await sleep(NAP);
  browser.resume();
  assertBelow("fresh after sleep", (await page.waitForCounts([1, 0], 20_000)).elapsed, FRESH);

  // The connection is frozen while the page is awake, and the browser says that the page
  // is visible again.
  proxy.freeze();
  await voteAsSomebody(url, poll, 1);
  await sleep(500);
  assertEqual(await page.counts(), [1, 0], "the connection is frozen");
  await page.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  assertBelow("fresh after visibilitychange", (await page.waitForCounts([1, 1], 20_000)).elapsed, FRESH);
  await page.waitUntilLive(1_000);
  await proxy.stop();
});
