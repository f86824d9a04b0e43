// Right-to-left texts and emoji are laid out by their own direction, and nothing overflows.
import { Api } from "./lib/api.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { assertNoOverflow } from "./lib/layout.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

const TITLE = "ما هو طعامك المفضل؟ (2026)";
/** Text and direction of each option. */
const OPTIONS = [
  ["חומוס עם 3 פיתות", "rtl"],
  ["فلافل – falafel 100%", "rtl"],
  ["Pizza 🍕👩‍👩‍👧‍👦🏳️‍🌈", "ltr"],
  ["👍🏽".repeat(60), "ltr"],
  ["W".repeat(255), "ltr"],
  ["ضضضضضضضضضضض".repeat(20), "rtl"],
];

await scenario(async (browser, url) => {
  const options = OPTIONS.map(([text]) => text);
  const poll = await new Api(url).createPoll({ title: TITLE, description: "שלום\nHello", options });
  for (const width of [320, 1280]) {
    const page = await PollPage.open(await browser.open({ viewport: { width, height: 800 } }), `${url}/p/${poll.id}`);
    const direction = (locator) => locator.first().evaluate((element) => getComputedStyle(element).direction);
    assertEqual(await direction(page.page.getByRole("heading", { name: TITLE })), "rtl", "direction of the title");
    for (const [text, expected] of OPTIONS) {
      assertEqual(await direction(page.poll.getByText(text, { exact: true })), expected, `direction of ${text}`);
    }
    await assertNoOverflow(page.window, `the poll at ${width} px`);
    await page.vote(options[width === 320 ? 0 : 2]);
    await page.waitUntilCounted(5_000);
    await assertNoOverflow(page.window, `the voted poll at ${width} px`);
  }
});
