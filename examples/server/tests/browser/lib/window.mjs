/** A browser window with one page. */
export class Window {
  /** What the page wrote to the console, except what is expected. */
  messages = [];
  #expected = [];
  #isMuted = false;

  constructor(page) {
    this.page = page;
    page.on("console", (message) => this.#add(`${message.type()}: ${message.text()}`, message.location().url));
    page.on("pageerror", (error) => this.#add(`uncaught: ${error.stack ?? error}`, page.url()));
  }

  #add(text, url) {
    const message = `${text} (${url})`;
    if (!this.#isMuted && !this.#expected.some((pattern) => pattern.test(message))) this.messages.push(message);
  }

  /** Ignores console messages that match a pattern from now on. */
  expectMessage(pattern) {
    this.#expected.push(pattern);
  }

  /**
   * Ignores what Chromium itself writes to the console when requests fail. No script can
   * prevent these messages.
   */
  expectFailedRequests() {
    this.expectMessage(/^error: Failed to load resource: /);
    this.expectMessage(/^error: WebSocket connection to /);
  }

  /** Ignores console messages while a tool that is not part of the page works in it. */
  async mute(work) {
    this.#isMuted = true;
    try {
      return await work();
    } finally {
      // Messages arrive in the order of the debugger's answers.
      await this.page.evaluate(() => {});
      this.#isMuted = false;
    }
  }

  /** Opens a URL. Fails unless the response has the status. */
  async goto(url, status = 200) {
    const response = await this.page.goto(url);
    if (response.status() !== status) throw new Error(`${url}: ${response.status()} instead of ${status}`);
  }

  /** Returns the focused element, also inside shadow roots, as a short text such as `button#vote`. */
  focus() {
    return this.page.evaluate(() => {
      let element = document.activeElement;
      while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
      if (!element || element === document.body || element === document.documentElement) return "body";
      const name = element.getAttribute("name") ?? element.getAttribute("aria-label") ?? element.textContent.trim().slice(0, 30);
      return `${element.localName}${element.id ? `#${element.id}` : ""} ${name}`.trim();
    });
  }
}
