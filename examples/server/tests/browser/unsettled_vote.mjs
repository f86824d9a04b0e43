// A vote that was not settled when its page was left is sent again by the next page of the
// tab, but only for the same voter, and only if it is the newest. The page says what happened.
import { Api } from "./lib/api.mjs";
import { logOut, register } from "./lib/account.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { never } from "./lib/eventually.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { scenario } from "./lib/scenario.mjs";

const VOTER_CHANGED = "The voter may have changed. The earlier vote was not sent again.";
const VOTED_SINCE = "You have voted since then. The earlier vote was not sent again.";
/** Longer than the page takes to send a vote again. */
const RESUMED = 1_500;

await scenario(async (browser, url) => {
  const api = new Api(url);
  await sameVoter(browser, url, api);
  await otherInviteCode(browser, url, api);
  await otherAccount(browser, url, api);
  await accountChangesMeanwhile(browser, url, api);
  await newerVote(browser, url, api);
  await withdrawal(browser, url, api);
});

/**
 * Closes the page while it is offline, and returns a copy of its tab. `send` presses the
 * button of a vote.
 */
async function leaveUnsettled(browser, { window, page, poll }, send) {
  window.expectFailedRequests();
  const context = page.context();
  await context.setOffline(true);
  await send();
  // The announcer of the page says it too.
  await poll.getByText("You are offline.").first().waitFor();
  const stored = await page.evaluate(() => ({ ...sessionStorage }));
  const copy = new PollPage(await browser.openBeside(window));
  // A page that another one replaces can still send its vote, so the tab is closed. Chromium
  // may run scripts of a closed page for a moment, so they send nothing any more.
  await page.evaluate(() => {
    globalThis.fetch = () => new Promise(() => {});
  });
  await page.close();
  await context.setOffline(false);
  await copy.page.addInitScript((stored) => {
    if (sessionStorage.length === 0) Object.assign(sessionStorage, stored);
  }, stored);
  return copy;
}

function loseVote(browser, page, option) {
  return leaveUnsettled(browser, page, () => page.vote(option));
}

async function sameVoter(browser, url, api) {
  const poll = await api.createPoll({ voters: "invite" });
  const [code] = await inviteCodes(api, poll, 1);
  const first = await PollPage.open(await browser.open(), `${url}/p/${poll.id}?invite=${code}`);
  const page = await loseVote(browser, first, "Pizza");
  await page.window.goto(`${url}/p/${poll.id}?invite=${code}`);
  await page.waitUntilCounted(5_000);
  assertEqual(await api.counts(poll), [1, 0], "counts of the same voter");
}

async function otherInviteCode(browser, url, api) {
  const poll = await api.createPoll({ voters: "invite" });
  const codes = await inviteCodes(api, poll, 2);
  const first = await PollPage.open(await browser.open(), `${url}/p/${poll.id}?invite=${codes[0]}`);
  const page = await loseVote(browser, first, "Pizza");
  await page.window.goto(`${url}/p/${poll.id}?invite=${codes[1]}`);
  await page.poll.getByText(VOTER_CHANGED).waitFor();
  await hasNotVoted(page, poll, `?invite=${codes[1]}`);
  await page.vote("Sushi");
  await page.waitUntilCounted(5_000);
  assertEqual((await api.counts(poll))[1], 1, "the vote of the second code");
}

async function otherAccount(browser, url, api) {
  const poll = await api.createPoll({ voters: "account" });
  const window = await browser.open();
  await register(window, url, "ada");
  const first = await PollPage.open(window, `${url}/p/${poll.id}`);
  const page = await loseVote(browser, first, "Pizza");
  await logOut(page.window, url);
  await register(page.window, url, "bob");
  await page.window.goto(`${url}/p/${poll.id}`);
  await page.poll.getByText(VOTER_CHANGED).waitFor();
  await hasNotVoted(page, poll);
}

/** The page stays open, and another window of the browser logs out and in. */
async function accountChangesMeanwhile(browser, url, api) {
  const poll = await api.createPoll({ voters: "account" });
  const window = await browser.open();
  await register(window, url, "cleo");
  const page = await PollPage.open(window, `${url}/p/${poll.id}`);
  window.expectFailedRequests();
  const isVote = (address) => address.pathname.endsWith("/vote");
  await page.page.route(isVote, (route) => route.abort());
  await page.vote("Pizza");
  await page.poll.getByText("Not sent yet").waitFor();
  const other = await browser.openBeside(window);
  await logOut(other, url);
  await register(other, url, "dora");
  await page.page.unroute(isVote);
  await page.poll.getByText(VOTER_CHANGED).waitFor({ timeout: 35_000 });
  await hasNotVoted(page, poll);
}

async function newerVote(browser, url, api) {
  const poll = await api.createPoll({ revote: true });
  const first = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  const other = await PollPage.open(await browser.openBeside(first.window), `${url}/p/${poll.id}`);
  const page = await loseVote(browser, first, "Pizza");
  other.window.expectFailedRequests();
  await other.waitUntilLive(10_000);
  await other.vote("Sushi");
  await other.waitUntilCounted(5_000);
  await page.window.goto(`${url}/p/${poll.id}`);
  await page.poll.getByText(VOTED_SINCE).waitFor();
  await page.row("Sushi").getByText("Your vote").waitFor();
  assertEqual(await api.counts(poll), [0, 1], "counts after a newer vote");

  // A vote in one window shows in the other.
  await other.choose("Pizza");
  await other.poll.getByRole("button", { name: "Change vote" }).click();
  await page.row("Pizza").getByText("Your vote").waitFor();
  assertEqual(await page.row("Sushi").getByText("Your vote").isVisible(), false, "the former vote is marked");
}

async function withdrawal(browser, url, api) {
  const poll = await api.createPoll({ revote: true });
  const first = await PollPage.open(await browser.open(), `${url}/p/${poll.id}`);
  await first.vote("Pizza");
  await first.waitUntilCounted(5_000);
  const page = await leaveUnsettled(browser, first, () => first.poll.getByRole("button", { name: "Withdraw vote" }).click());
  await page.window.goto(`${url}/p/${poll.id}`);
  await page.poll.getByText("Your vote was withdrawn.").waitFor();
  assertEqual(await api.counts(poll), [0, 0], "counts after the withdrawal");
}

async function inviteCodes(api, poll, count) {
  const { invites } = await api.call("POST", `/api/polls/${poll.id}/invites`, { count });
  return invites.map(({ code }) => code);
}

/** Fails if the caller of the window votes, without doing anything. */
function hasNotVoted({ page }, poll, query = "") {
  const me = `/api/polls/${poll.id}/me${query}`;
  return never("the vote of another person was cast", RESUMED, () => page.evaluate(async (me) => (await fetch(me)).json().then(({ voted }) => voted), me));
}
