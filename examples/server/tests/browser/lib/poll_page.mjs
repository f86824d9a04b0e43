import { eventually } from "./eventually.mjs";

/** The page of a poll, as a person sees it. Also works for `<votify-poll>` on other pages. */
export class PollPage {
  constructor(window) {
    this.window = window;
    this.page = window.page;
    this.poll = this.page.locator("votify-poll");
    this.confirmation = this.poll.locator(".confirmation").getByText("Your vote was counted.");
    this.voteButton = this.poll.getByRole("button", { name: "Vote", exact: true });
  }

  /** Opens the page in a window, and waits until it follows the poll live. */
  static async open(window, url) {
    const page = new PollPage(window);
    await window.goto(url);
    await page.waitUntilLive(5_000);
    return page;
  }

  /** Returns a locator of the row of an option. */
  row(text) {
    return this.poll.getByRole("listitem").filter({ has: this.page.getByText(text, { exact: true }) });
  }

  /** Selects an option. The whole row is the target. */
  async choose(text) {
    await this.row(text).click();
    const input = this.poll.getByLabel(text, { exact: true });
    if (!(await input.isChecked())) throw new Error(`a click on the row of ${text} does not select it`);
  }

  /** Selects options and votes. Does not wait for the result. */
  async vote(...texts) {
    for (const text of texts) await this.choose(text);
    await this.voteButton.click();
  }

  /** Returns the visible counts in the order on the page. An element is `null` while it is hidden. */
  async counts() {
    const texts = await this.poll.locator(".option .count").allTextContents();
    return texts.map((text) => (/\d/.test(text) ? Number(text.replace(/\D/g, "")) : null));
  }

  /** Waits until the page shows these counts. Fails if a count of a poll without revotes goes back. */
  async waitForCounts(expected, limit) {
    let last = [];
    const wanted = JSON.stringify(expected);
    return eventually(`the counts ${wanted}, instead of the last seen`, limit, async () => {
      const counts = await this.counts();
      const isOlder = counts.some((count, index) => count !== null && count < (last[index] ?? 0));
      if (isOlder) throw new Error(`counts went back from ${JSON.stringify(last)} to ${JSON.stringify(counts)}`);
      last = counts;
      return JSON.stringify(counts) === wanted;
    }).catch((error) => {
      throw new Error(`${error.message}; last seen: ${JSON.stringify(last)}`, { cause: error });
    });
  }

  /** Returns the state of the connection: `connecting`, `live`, `reconnecting`, `offline` or `ended`. */
  connection() {
    return this.poll.locator(".connection").getAttribute("data-connection");
  }

  waitUntilLive(limit) {
    return this.waitForConnection(["live"], limit);
  }

  waitForConnection(states, limit) {
    return eventually(`the connection ${states.join(" or ")}`, limit, async () => states.includes(await this.connection()));
  }

  async waitUntilCounted(limit) {
    await this.confirmation.waitFor({ timeout: limit });
  }
}
