// The single keys of the room can be turned off, and stay so.
import { Api } from "./lib/api.mjs";
import { assert, assertEqual } from "./lib/assert.mjs";
import { eventually } from "./lib/eventually.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const poll = await new Api(url).createPoll();
  const window = await browser.open({ viewport: { width: 1920, height: 1080 } });
  const { page } = window;
  const cover = page.locator("#cover");
  const text = async () => (await page.locator("#cover-text").textContent()).trim();
  const turn = (state) => page.getByRole("button", { name: `Turn keys ${state}`, exact: true });

  await window.goto(`${url}/p/${poll.id}/present`);
  await cover.waitFor();
  assertEqual(await cover.getAttribute("aria-keyshortcuts"), "r", "the shortcut");
  const before = await text();
  await page.keyboard.press("r");
  await eventually("the key shows or hides the results", 2_000, async () => (await text()) !== before);
  await page.keyboard.press("r");
  await eventually("the key works again", 2_000, async () => (await text()) === before);

  await turn("off").click();
  await page.keyboard.press("r");
  await page.reload();
  await turn("on").waitFor();
  await page.keyboard.press("r");
  await page.waitForTimeout(200);
  assertEqual(await text(), before, "the button after a key that is turned off");
  assertEqual(await cover.getAttribute("aria-keyshortcuts"), null, "the shortcut");
  assert(!(await cover.locator("kbd").isVisible()), "the hint of the key is hidden");

  await turn("on").click();
  await page.keyboard.press("r");
  await eventually("the key works again", 2_000, async () => (await text()) !== before);
});
