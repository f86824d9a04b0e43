// A poll changes while a person is about to vote: the focus never falls to the body, and no
// row moves while it can be chosen.
import { Api, voteAsSomebody } from "./lib/api.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { eventually, never } from "./lib/eventually.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const api = new Api(url);
  await removedOption(browser, url, api);
  await deletedPoll(browser, url, api);
  await sortedRows(browser, url, api);
});

async function removedOption(browser, url, api) {
  const poll = await api.createPoll({ options: ["Pizza", "Sushi", "Soup"] });
  const page = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  await page.poll.getByLabel("Soup", { exact: true }).focus();
  await api.call("PATCH", `/api/polls/${poll.id}`, { options: ["Pizza", "Sushi"] });
  await page.row("Soup").waitFor({ state: "detached" });
  await keepsFocus(page);
}

async function deletedPoll(browser, url, api) {
  const poll = await api.createPoll();
  const page = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  await page.poll.getByLabel("Pizza", { exact: true }).focus();
  // The reload after the deletion is answered 404.
  page.window.expectFailedRequests();
  await api.send("DELETE", `/api/polls/${poll.id}`);
  await page.poll.getByText("This poll was deleted.").waitFor();
  await keepsFocus(page);
}

async function sortedRows(browser, url, api) {
  const poll = await api.createPoll({ options: ["Pizza", "Sushi", "Soup"] });
  await voteAsSomebody(url, poll, 1);
  const page = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  await page.poll.getByRole("button", { name: "Sort by votes" }).click();
  await eventually("the rows are sorted", 2_000, async () => (await texts(page)) === "Sushi Pizza Soup");
  for (let vote = 0; vote < 2; vote += 1) await voteAsSomebody(url, poll, 2);
  await page.waitForCounts([1, 0, 2], 5_000);
  assertEqual(await texts(page), "Sushi Pizza Soup", "the rows while a vote is possible");
  await page.vote("Pizza");
  await page.waitUntilCounted(5_000);
  await eventually("the rows are sorted after the vote", 2_000, async () => (await texts(page)) === "Soup Pizza Sushi");
}

async function texts({ poll }) {
  return (await poll.locator(".option .text").allTextContents()).join(" ");
}

function keepsFocus({ window }) {
  return never("the focus is on the body", 300, async () => (await window.focus()) === "body");
}
