// A person registers and creates a poll in one browser, and manages it in another after
// logging in. A stranger cannot.
import { logIn } from "./lib/account.mjs";
import { Api } from "./lib/api.mjs";
import { assert, assertEqual } from "./lib/assert.mjs";
import { CreatePage } from "./lib/create_page.mjs";
import { scenario } from "./lib/scenario.mjs";

const ADA = { name: "Ada", password: "correct horse battery" };

await scenario(async (browser, url) => {
  const home = await browser.open();
  await home.goto(`${url}/`);
  // Created before the account exists: logging in claims it.
  const id = await new CreatePage(home).create("Lunch?", "Pizza", "Sushi");
  await home.goto(`${url}/register`);
  await home.page.getByLabel("Name", { exact: true }).fill(ADA.name);
  await home.page.getByLabel("Password", { exact: true }).fill(ADA.password);
  await home.page.getByRole("main").getByRole("button", { name: "Create account" }).click();
  await home.page.waitForURL((address) => !address.pathname.endsWith("/register"));

  const stranger = await browser.open();
  stranger.expectMessage(/^error: Failed to load resource: the server responded with a status of 403/);
  await stranger.goto(`${url}/p/${id}/manage`, 403);

  const phone = await browser.open({ viewport: { width: 360, height: 740 } });
  await logIn(phone, url, ADA);
  await phone.goto(`${url}/mine`);
  await phone.page.getByRole("link", { name: "Lunch?" }).first().click();
  await phone.page.waitForURL(/\/p\//);
  await phone.page.getByRole("link", { name: "Manage" }).first().click();
  await phone.page.waitForURL(/\/manage$/);
  await phone.page.getByLabel("Question", { exact: true }).fill("Dinner?");
  await phone.page.getByRole("button", { name: /^Save/ }).click();
  await phone.page.getByRole("status").first().waitFor();

  const api = new Api(url);
  const read = async () => (await api.call("GET", `/api/polls/${id}`)).poll;
  assertEqual((await read()).title, "Dinner?", "the title");
  await closePoll(phone.page);
  const { status, final } = await read();
  assertEqual([status, final], ["closed", true], "the closed poll");
  assert(await phone.page.getByText("Final").first().isVisible(), "the page says that the poll is final");
});

/** Closes the poll, and confirms it. */
async function closePoll(page) {
  await page.getByText("Close poll", { exact: true }).first().click();
  await page.getByRole("button", { name: "Close now" }).click();
  await page.waitForLoadState();
}
