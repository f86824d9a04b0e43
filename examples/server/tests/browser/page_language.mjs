// The element on Votify's own pages speaks the language of the browser.
import { Api } from "./lib/api.mjs";
import { assert } from "./lib/assert.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const poll = await new Api(url).createPoll();
  for (const [locale, button] of [["de-CH", "Abstimmen"], ["en-GB", "Vote"], ["fr-FR", "Vote"]]) {
    for (const page of ["", "/embed"]) {
      const window = await browser.open({ locale });
      await window.goto(`${url}/p/${poll.id}${page}`);
      const element = window.page.locator("votify-poll");
      await element.locator(".connection").waitFor();
      await element.getByRole("button", { name: button, exact: true }).waitFor();
    }
  }
  await malformedTags(browser, url, poll);
  await addedLanguage(browser, url, poll);
});

/** Chromium lists `en-US@posix` where the system has no language. */
async function malformedTags(browser, url, poll) {
  for (const [tag, button] of [["en-US@posix", "Vote"], ["de-", "Abstimmen"]]) {
    const window = await browser.open();
    await window.page.addInitScript((tag) => {
      Object.defineProperty(navigator, "languages", { get: () => [tag] });
    }, tag);
    await window.goto(`${url}/p/${poll.id}`);
    const element = window.page.locator("votify-poll");
    await element.locator(".connection").waitFor();
    await element.getByRole("button", { name: button, exact: true }).waitFor();
  }
}

/** The host adds a language after the element has started. */
async function addedLanguage(browser, url, poll) {
  const window = await browser.open();
  await window.goto(`${url}/p/${poll.id}`);
  const element = window.page.locator("votify-poll");
  const set = (name, value) => element.evaluate((node, [name, value]) => node.setAttribute(name, value), [name, value]);
  await set("lang", "fr");
  await element.getByRole("button", { name: "Vote", exact: true }).waitFor();
  await element.getByText("Pizza", { exact: true }).click();
  await window.page.evaluate(async () => {
    const { addLanguage } = await import("/votify-poll.js");
    addLanguage("fr", { vote: "Voter", votes: { one: "{count} voix" }, live: null });
  });
  await element.getByRole("button", { name: "Voter", exact: true }).waitFor();
  assert(await element.getByLabel("Pizza", { exact: true }).isChecked(), "the choice stays");
  // Malformed texts are English.
  await element.getByText("Live", { exact: true }).waitFor();

  await set("server", "http://[::");
  await element.getByText("This element needs the attribute").waitFor();
}
