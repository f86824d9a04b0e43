// Members of the example `embed` log in to the club, plan a trip, and vote in `<votify-poll>`
// on the club's own page, which has a strict content security policy and its own colours.
import { assert, assertBelow } from "./lib/assert.mjs";
import { eventually } from "./lib/eventually.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

const ACCENT = "rgb(0, 105, 92)";

await scenario(async (browser, url, adasCode, bobsCode) => {
  const [ada, bob] = await Promise.all([adasCode, bobsCode].map((code) => logIn(browser, url, code)));
  await ada.page.getByLabel("Name").fill("Summer");
  await ada.page.getByLabel("Destinations").fill("Sea\nHills");
  await ada.page.getByRole("button", { name: "Plan" }).click();
  const adasPoll = new PollPage(ada);
  await adasPoll.waitUntilLive(5_000);
  await bob.page.reload();
  const bobsPoll = new PollPage(bob);
  await bobsPoll.waitUntilLive(5_000);

  await adasPoll.vote("Sea");
  await adasPoll.waitUntilCounted(5_000);
  assertBelow("Bob sees Ada's vote", (await bobsPoll.waitForCounts([1, 0], 5_000)).elapsed, 1_000);
  await bobsPoll.choose("Hills");
  const color = () => bobsPoll.voteButton.evaluate((element) => getComputedStyle(element).backgroundColor);
  await eventually(`the button has the club's colour ${ACCENT}`, 2_000, async () => (await color()) === ACCENT);
  await bobsPoll.voteButton.click();
  await bobsPoll.waitUntilCounted(5_000);
  await adasPoll.waitForCounts([1, 1], 1_000);

  // The page belongs to the club: it is not one of Votify's.
  assert(new URL(bob.page.url()).pathname === "/trips", `${bob.page.url()} is a page of the club`);
  await bob.page.reload();
  await bobsPoll.row("Hills").getByText("Your vote").waitFor();
});

/** Logs a member in on the page of the club. */
async function logIn(browser, url, code) {
  const window = await browser.open();
  // The club has no icon.
  window.expectMessage(/favicon/);
  await window.goto(`${url}/`);
  await window.page.getByLabel("Code").fill(code);
  await window.page.getByRole("button", { name: "Log in" }).click();
  await window.page.waitForURL(`${url}/trips`);
  return window;
}
