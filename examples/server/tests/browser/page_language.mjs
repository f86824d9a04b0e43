// The element on Votify's own pages speaks the language of the browser.
import { Api } from "./lib/api.mjs";
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
});
