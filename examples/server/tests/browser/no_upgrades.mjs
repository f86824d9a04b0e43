// Behind a proxy that passes no WebSocket upgrades, the page is live over server-sent events.
import { Api, voteAsSomebody } from "./lib/api.mjs";
import { assert, assertBelow } from "./lib/assert.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url, proxyUrl) => {
  const poll = await new Api(url).createPoll();
  const window = await browser.open();
  // Chromium reports the failed handshake itself.
  window.expectFailedRequests();
  let streams = 0;
  window.page.on("response", (response) => {
    if (response.headers()["content-type"]?.startsWith("text/event-stream")) streams += 1;
  });
  const page = await PollPage.open(window, `${proxyUrl}/p/${poll.id}`);
  assert(streams > 0, "the page has an event stream");
  await voteAsSomebody(url, poll, 0);
  assertBelow("another vote through the proxy", (await page.waitForCounts([1, 0], 5_000)).elapsed, 1_000);
  await page.vote("Sushi");
  await page.waitUntilCounted(5_000);
  await page.waitForCounts([1, 1], 1_000);
});
