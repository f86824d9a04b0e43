// A foreign page embeds a poll in an iframe that becomes as high as its content, and people
// vote in it.
import { createServer } from "node:http";
import { Api } from "./lib/api.mjs";
import { assert, assertEqual } from "./lib/assert.mjs";
import { eventually } from "./lib/eventually.mjs";
import { scenario } from "./lib/scenario.mjs";

/** `hostPort` is the port of the page whose origin may embed polls. */
await scenario(async (browser, url, hostPort) => {
  const api = new Api(url);
  const poll = await api.createPoll({ options: ["Pizza", "Sushi", "Soup", "Salad", "Pasta", "Curry"] });
  const host = await serve(hostPage(`${url}/p/${poll.id}/embed`), Number(hostPort));
  const window = await browser.open();
  await window.goto(`http://127.0.0.1:${hostPort}/`);
  const frame = window.page.frames()[1] ?? await window.page.waitForEvent("frameattached");

  const fits = async () => {
    const outer = await window.page.locator("iframe").evaluate((element) => element.clientHeight);
    const inner = await frame.evaluate(() => document.documentElement.scrollHeight);
    const own = await frame.evaluate(() => document.documentElement.getBoundingClientRect().height);
    return outer !== 150 && outer === inner && Math.abs(outer - own) <= 1;
  };
  await eventually("the frame is as high as its content", 5_000, fits);
  const wide = await window.page.locator("iframe").evaluate((element) => element.clientHeight);
  await window.page.setViewportSize({ width: 330, height: 800 });
  await eventually("the frame is as high as its narrow content", 5_000, fits);

  await frame.getByText("Pizza", { exact: true }).click();
  await frame.getByRole("button", { name: "Vote", exact: true }).click();
  await frame.getByText("Your vote was counted.").waitFor();
  await eventually("the frame fits after the vote", 5_000, fits);
  assertEqual((await api.counts(poll))[0], 1, "the vote");
  assert(wide > 200, `a poll with six options is higher than ${wide} px`);

  // Another origin may not embed the page.
  const other = await serve(hostPage(`${url}/p/${poll.id}/embed`), 0);
  const foreign = await browser.open();
  foreign.expectMessage(/frame-ancestors/);
  await foreign.page.goto(`http://127.0.0.1:${other.address().port}/`);
  const text = await foreign.page.frames()[1].evaluate(() => document.body?.innerText ?? "");
  assert(!text.includes("Pizza"), "a foreign origin does not show the poll");
  for (const server of [host, other]) server.close();
});

function hostPage(source) {
  return `<!doctype html><html lang="en"><title>Host</title><link rel="icon" href="data:,">
<h1>A blog</h1><iframe src="${source}" title="Poll" style="width: 100%; border: 0"></iframe>
<script>
  addEventListener("message", (event) => {
    const frame = document.querySelector("iframe");
    if (event.source === frame.contentWindow && event.data?.type === "votify-height") frame.style.height = event.data.height + "px";
  });
</script>`;
}

async function serve(page, port) {
  const server = createServer((request, response) => {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    response.end(page);
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  return server;
}
