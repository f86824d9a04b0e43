// From invite codes to a counted vote: the owner makes codes, a voter opens the link of one, a
// second types one in, and a used one is refused.
import { Api } from "./lib/api.mjs";
import { assert, assertEqual } from "./lib/assert.mjs";
import { CreatePage } from "./lib/create_page.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const owner = await browser.open();
  await owner.goto(`${url}/`);
  const create = new CreatePage(owner);
  await create.check("People with an invite code");
  const id = await create.create("Board election", "Yes", "No");
  await owner.goto(`${url}/p/${id}/manage`);
  await owner.page.getByLabel("New codes").fill("2");
  await owner.page.getByRole("button", { name: "Create codes", exact: true }).click();
  const slips = owner.page.locator("[data-url]");
  await slips.first().waitFor();
  // Printed sheets and the CSV file contain the same links.
  const links = await slips.evaluateAll((elements) => elements.map(({ dataset }) => dataset.url));
  assertEqual(links.length, 2, "the number of links");

  const first = await PollPage.open(await browser.open(), links[0]);
  await first.vote("Yes");
  await first.waitUntilCounted(5_000);

  const second = await PollPage.open(await browser.open(), `${url}/p/${id}`);
  // Chromium reports the status of the refused code.
  second.window.expectFailedRequests();
  const field = second.poll.getByLabel("Invite code");
  const submit = second.poll.getByRole("button", { name: "Continue" });
  await field.fill("AAAA-AAAA-AAAA-AAAA");
  await submit.click();
  await second.poll.locator("[aria-invalid=true]").waitFor();
  await field.fill(new URL(links[1]).searchParams.get("invite"));
  await submit.click();
  await second.vote("No");
  await second.waitUntilCounted(5_000);

  const third = new PollPage(await browser.open());
  await third.window.goto(links[0]);
  await third.page.waitForTimeout(500);
  assert(!(await third.voteButton.isVisible()), "a used code cannot vote");
  assertEqual(await new Api(url).counts({ id }), [1, 1], "counts");
});
