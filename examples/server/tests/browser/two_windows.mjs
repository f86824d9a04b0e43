// Two people see each other's votes within a second.
import { Api } from "./lib/api.mjs";
import { assertBelow } from "./lib/assert.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const poll = await new Api(url).createPoll({ revote: true });
  const [ada, bob] = await Promise.all([1, 2].map(async () => PollPage.open(await browser.open(), `${url}/p/${poll.id}`)));

  await ada.vote("Pizza");
  assertBelow("Bob sees Ada's vote", (await bob.waitForCounts([1, 0], 5_000)).elapsed, 1_000);
  await ada.waitUntilCounted(5_000);
  await bob.vote("Sushi");
  assertBelow("Ada sees Bob's vote", (await ada.waitForCounts([1, 1], 5_000)).elapsed, 1_000);
  await bob.waitUntilCounted(5_000);

  // Each sees the own choice only.
  for (const [page, own, other] of [[ada, "Pizza", "Sushi"], [bob, "Sushi", "Pizza"]]) {
    await page.row(own).getByText("Your vote").waitFor();
    if (await page.row(other).getByText("Your vote").isVisible()) throw new Error(`${other} is marked too`);
  }
});
