// The first page of a poll transfers less than 60 KiB, with everything that it loads.
import { Api } from "./lib/api.mjs";
import { assert } from "./lib/assert.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

const LIMIT = 60 * 1024;

await scenario(async (browser, url) => {
  const poll = await new Api(url).createPoll();
  const window = await browser.open();
  const devtools = await window.page.context().newCDPSession(window.page);
  await devtools.send("Network.enable");
  const urls = new Map();
  const sizes = new Map();
  devtools.on("Network.requestWillBeSent", ({ requestId, request }) => urls.set(requestId, request.url));
  devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => sizes.set(requestId, encodedDataLength));
  await PollPage.open(window, `${url}/p/${poll.id}`);
  await window.page.waitForTimeout(1_000);
  let total = 0;
  for (const [id, size] of sizes) {
    total += size;
    console.error(`${String(size).padStart(7)} ${urls.get(id)}`);
  }
  console.error(`${String(total).padStart(7)} bytes in all`);
  const document = [...urls].find(([, address]) => address.endsWith(`/p/${poll.id}`));
  assert(sizes.get(document?.[0]) > 0, "the size of the document is known");
  assert(total < LIMIT, `${total} bytes are not less than ${LIMIT}`);
});
