// A vote through a queue: the page says that it was received, and once it is counted, it
// says so, and others see it.
import { Api } from "./lib/api.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { command } from "./lib/commands.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url, otherUrl) => {
  const poll = await new Api(url).createPoll();
  const voter = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  const viewer = await PollPage.open(await browser.open(), `${otherUrl}/p/${poll.id}`);

  await voter.vote("Pizza");
  await voter.poll.getByText("Your vote was received and is being counted.").waitFor({ timeout: 5_000 });
  assertEqual(await viewer.counts(), [0, 0], "counts before the vote is counted");
  assertEqual(await voter.confirmation.isVisible(), false, "the vote is confirmed");

  await command("aggregate");
  await voter.waitUntilCounted(10_000);
  await viewer.waitForCounts([1, 0], 5_000);
  await voter.waitForCounts([1, 0], 5_000);
});
