// Creates a poll and votes with the keyboard only. The focus never falls to the body.
import { Api } from "./lib/api.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { CreatePage } from "./lib/create_page.mjs";
import { Keyboard } from "./lib/keyboard.mjs";
import { never } from "./lib/eventually.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const window = await browser.open();
  const keyboard = new Keyboard(window);
  await window.goto(`${url}/`);
  const create = new CreatePage(window);

  await keyboard.tabTo(create.question, "the question");
  await keyboard.type("Lunch?");
  await keyboard.tabTo(create.option(1), "the first option");
  await keyboard.type("Pizza");
  // Enter leads to the next option, and adds one after the last.
  await keyboard.press("Enter");
  await keyboard.type("Sushi");
  await keyboard.press("Enter");
  await keyboard.type("Soup");
  // Moves the third option up, and an added empty one away.
  await keyboard.press("Alt+ArrowUp", "Enter", "Backspace");
  await keyboard.tabTo(create.submit, "the button that creates the poll");
  await window.page.keyboard.press("Enter");
  await window.page.waitForURL(/\/p\/[0-9a-f-]+/);
  const [, id] = window.page.url().match(/\/p\/([0-9a-f-]+)/);
  const { poll, options } = await new Api(url).call("GET", `/api/polls/${id}`);
  assertEqual([poll.title, ...options.map(({ text }) => text)], ["Lunch?", "Pizza", "Soup", "Sushi"], "the poll");

  const page = new PollPage(window);
  await page.waitUntilLive(5_000);
  await keyboard.tabTo(page.poll.getByRole("radio").first(), "the options");
  await keyboard.press("ArrowDown");
  await keyboard.tabTo(page.voteButton, "the button Vote");
  await window.page.keyboard.press("Enter");
  await never("the focus is on the body while the vote is sent", 1_500, async () => (await window.focus()) === "body");
  await page.waitUntilCounted(5_000);
  await keyboard.assertFocused("after the vote");
  await page.waitForCounts([0, 1, 0], 1_000);

  // Results that arrive leave the focus where it is.
  const focused = await window.focus();
  await new Api(url).vote({ id, options }, 0);
  await page.waitForCounts([1, 1, 0], 5_000);
  assertEqual(await window.focus(), focused, "the focus after another vote");
});
