// Creates a poll, votes and changes the vote without JavaScript.
import { Api } from "./lib/api.mjs";
import { assert, assertEqual } from "./lib/assert.mjs";
import { CreatePage } from "./lib/create_page.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const owner = await browser.open({ javaScriptEnabled: false });
  await owner.goto(`${url}/`);
  const create = new CreatePage(owner);
  // An error keeps what was typed. Chromium reports the status of the page itself.
  owner.expectMessage(/^error: Failed to load resource: the server responded with a status of 422/);
  await create.question.fill("Lunch?");
  await create.option(1).fill("Pizza");
  await create.option(2).fill("Pizza ");
  await create.submit.click();
  await owner.page.getByRole("alert").first().waitFor();
  assertEqual(await create.question.inputValue(), "Lunch?", "the question after an error");
  await create.option(2).fill("Sushi");
  await create.check("Voters may change their vote");
  await create.submit.click();
  await owner.page.waitForURL(/\/p\/[0-9a-f-]+/);
  const [, id] = owner.page.url().match(/\/p\/([0-9a-f-]+)/);
  const api = new Api(url);
  const { poll, options } = await api.call("GET", `/api/polls/${id}`);
  assertEqual([poll.title, poll.revote, ...options.map(({ text }) => text)], ["Lunch?", true, "Pizza", "Sushi"], "the poll");

  const voter = new PollPage(await browser.open({ javaScriptEnabled: false }));
  await voter.window.goto(`${url}/p/${id}`);
  await voter.vote("Pizza");
  await voter.waitUntilCounted(5_000);
  assertEqual(await api.counts({ id }), [1, 0], "counts");
  assertEqual(await voter.counts(), [1, 0], "counts on the page");
  await voter.row("Pizza").getByText("Your vote").waitFor();

  await voter.window.goto(`${url}/p/${id}`);
  await voter.choose("Sushi");
  await voter.poll.getByRole("button", { name: "Change vote" }).click();
  await voter.waitUntilCounted(5_000);
  assertEqual(await api.counts({ id }), [0, 1], "counts after the change");
  await voter.poll.getByRole("button", { name: "Withdraw vote" }).click();
  await voter.page.waitForLoadState();
  assertEqual(await api.counts({ id }), [0, 0], "counts after the withdrawal");
  assert(await voter.voteButton.isVisible(), "the person can vote again");
});
