// Nothing on the page of a poll moves when the element starts, when results arrive, and when
// the own vote is counted.
import { Api, voteAsSomebody } from "./lib/api.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const api = new Api(url);
  const closesAt = new Date(Date.now() + 7_200_000).toISOString();
  for (const width of [360, 1280]) {
    for (const [results, closes_at] of [["live", null], ["live", closesAt], ["after_vote", closesAt]]) {
      const poll = await api.createPoll({ results, closes_at, options: ["Pizza", "Sushi", "A longer text that needs two lines on a phone"] });
      const window = await browser.open({ viewport: { width, height: 800 } });
      await window.page.addInitScript(observeShifts);
      await window.page.routeWebSocket(/\/stream/, delayMessages);
      const page = await PollPage.open(window, `${url}/p/${poll.id}`);
      for (const index of [0, 1, 1]) await voteAsSomebody(url, poll, index);
      if (results === "live") await page.waitForCounts([1, 2, 0], 5_000);
      assertEqual(await shifts(window), [], `shifts of ${results} results at ${width} px, closing at ${closes_at}`);
      await page.vote("Pizza");
      await page.waitUntilCounted(5_000);
      await voteAsSomebody(url, poll, 2);
      await page.waitForCounts([2, 2, 1], 5_000);
      assertEqual(await shifts(window), [], `shifts of ${results} results at ${width} px after the vote`);
    }
  }
});

/** Delays what the server sends: the page is shown before anything of it arrives. */
function delayMessages(socket) {
  const server = socket.connectToServer();
  server.onMessage((message) => setTimeout(() => socket.send(message), 500));
}

/** Runs in the page, before its scripts. */
function observeShifts() {
  window.layoutShifts = [];
  const path = (node) => (node instanceof Element ? `${node.localName}.${node.getAttribute("class") ?? ""}` : String(node?.nodeName));
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput, sources } of list.getEntries()) {
      // A user expects changes in answer to a click.
      if (!hadRecentInput) window.layoutShifts.push({ value, moved: sources.map(({ node }) => path(node)) });
    }
  }).observe({ type: "layout-shift", buffered: true });
}

/** Returns the shifts after the page has been idle for a moment. */
async function shifts({ page }) {
  await page.waitForTimeout(600);
  return page.evaluate(() => window.layoutShifts);
}
