// A vote that was not settled when its page was left is sent again by the next page of the
// tab, but only for the same voter, and only if it is the newest. The page says what happened.
import { Api } from "./lib/api.mjs";
import { logOut, register } from "./lib/account.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { never } from "./lib/eventually.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

const VOTER_CHANGED = "The login or the invite code has changed. The earlier vote was not sent again.";
const VOTED_SINCE = "You have voted since then. The earlier vote was not sent again.";
/** Longer than the page takes to send a vote again. */
const RESUMED = 1_500;

await scenario(async (browser, url) => {
  const api = new Api(url);
  await sameVoter(browser, url, api);
  for (const arrives of [false, true]) await otherInviteCode(browser, url, api, arrives);
  await otherAccount(browser, url, api);
  await accountChangesMeanwhile(browser, url, api);
  await newerVote(browser, url, api);
  await withdrawal(browser, url, api);
});

/** Lets the window's votes fail. With `arrives`, the server gets them, and the answer is lost. */
async function loseVotes({ window, page }, arrives = false) {
  window.expectFailedRequests();
  const isVote = (address) => address.pathname.endsWith("/vote");
  await page.route(isVote, async (route) => {
    if (route.request().method() === "GET") return route.continue();
    if (arrives) await route.fetch();
    await route.abort();
  });
  return () => page.unroute(isVote);
}

/** Sends a vote that is lost, and leaves the page. */
async function loseVote(page, option, arrives) {
  const restore = await loseVotes(page, arrives);
  await page.vote(option);
  await page.poll.getByText("Not sent yet").waitFor();
  await page.page.goto("about:blank");
  await restore();
}

async function sameVoter(browser, url, api) {
  const poll = await api.createPoll({ voters: "invite" });
  const [code] = await inviteCodes(api, poll, 1);
  const page = await PollPage.open(await browser.open(), `${url}/p/${poll.id}?invite=${code}`);
  await loseVote(page, "Pizza");
  await page.window.goto(`${url}/p/${poll.id}?invite=${code}`);
  await page.waitUntilCounted(5_000);
  assertEqual(await api.counts(poll), [1, 0], "counts of the same voter");
}

async function otherInviteCode(browser, url, api, arrives) {
  const poll = await api.createPoll({ voters: "invite" });
  const [first, second] = await inviteCodes(api, poll, 2);
  const counted = arrives ? 1 : 0;
  const page = await PollPage.open(await browser.open(), `${url}/p/${poll.id}?invite=${first}`);
  await loseVote(page, "Pizza", arrives);
  await page.window.goto(`${url}/p/${poll.id}?invite=${second}`);
  await page.poll.getByText(VOTER_CHANGED).waitFor();
  await staysAt(api, poll, [counted, 0]);
  await page.vote("Sushi");
  await page.waitUntilCounted(5_000);
  assertEqual(await api.counts(poll), [counted, 1], "counts of two codes");
}

async function otherAccount(browser, url, api) {
  const poll = await api.createPoll({ voters: "account" });
  const window = await browser.open();
  await register(window, url, "ada");
  const page = await PollPage.open(window, `${url}/p/${poll.id}`);
  await loseVote(page, "Pizza");
  await logOut(window, url);
  await register(window, url, "bob");
  await window.goto(`${url}/p/${poll.id}`);
  await page.poll.getByText(VOTER_CHANGED).waitFor();
  await staysAt(api, poll, [0, 0]);
}

/** The page stays open, and another window of the browser logs out and in. */
async function accountChangesMeanwhile(browser, url, api) {
  const poll = await api.createPoll({ voters: "account" });
  const window = await browser.open();
  await register(window, url, "cleo");
  const page = await PollPage.open(window, `${url}/p/${poll.id}`);
  const restore = await loseVotes(page);
  await page.vote("Pizza");
  await page.poll.getByText("Not sent yet").waitFor();
  const other = await browser.openBeside(window);
  await logOut(other, url);
  await register(other, url, "dora");
  await restore();
  await page.poll.getByText(VOTER_CHANGED).waitFor({ timeout: 35_000 });
  await staysAt(api, poll, [0, 0]);
}

async function newerVote(browser, url, api) {
  const poll = await api.createPoll({ revote: true });
  const page = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  const other = await PollPage.open(await browser.openBeside(page.window), `${url}/p/${poll.id}`);
  await loseVote(page, "Pizza");
  await other.vote("Sushi");
  await other.waitUntilCounted(5_000);
  await page.window.goto(`${url}/p/${poll.id}`);
  await page.poll.getByText(VOTED_SINCE).waitFor();
  await page.row("Sushi").getByText("Your vote").waitFor();
  await staysAt(api, poll, [0, 1]);

  // A vote in one window shows in the other.
  await other.choose("Pizza");
  await other.poll.getByRole("button", { name: "Change vote" }).click();
  await page.row("Pizza").getByText("Your vote").waitFor();
  assertEqual(await page.row("Sushi").getByText("Your vote").isVisible(), false, "the former vote is marked");
}

async function withdrawal(browser, url, api) {
  const poll = await api.createPoll({ revote: true });
  const page = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  await page.vote("Pizza");
  await page.waitUntilCounted(5_000);
  const restore = await loseVotes(page);
  await page.poll.getByRole("button", { name: "Withdraw vote" }).click();
  await page.poll.getByText("Not sent yet").waitFor();
  await page.page.goto("about:blank");
  await restore();
  await page.window.goto(`${url}/p/${poll.id}`);
  await page.poll.getByText("Your vote was withdrawn.").waitFor();
  assertEqual(await api.counts(poll), [0, 0], "counts after the withdrawal");
}

async function inviteCodes(api, poll, count) {
  const { invites } = await api.call("POST", `/api/polls/${poll.id}/invites`, { count });
  return invites.map(({ code }) => code);
}

function staysAt(api, poll, expected) {
  const wanted = JSON.stringify(expected);
  return never(`other counts than ${wanted}`, RESUMED, async () => JSON.stringify(await api.counts(poll)) !== wanted);
}
