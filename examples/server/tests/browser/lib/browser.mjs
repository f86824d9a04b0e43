import { chromium } from "playwright-core";
import { findChromium } from "./chromium.mjs";
import { Window } from "./window.mjs";

/** Time limit of Playwright's own waits. */
const TIMEOUT = 10_000;

/** Headless Chromium. */
export class Browser {
  #chromium;
  /** The processes of pages that `suspend` stopped. */
  #suspended = [];
  /** All windows that were opened. */
  windows = [];

  constructor(chromium) {
    this.#chromium = chromium;
  }

  static async start() {
    return new Browser(await chromium.launch(launchOptions()));
  }

  /**
   * Opens a window with cookies and storage of its own, as another person's browser. The
   * options are those of Playwright's `newContext`.
   */
  async open(options = {}) {
    const context = await this.#chromium.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(TIMEOUT);
    const window = new Window(await context.newPage());
    this.windows.push(window);
    return window;
  }

  /** Opens a second window that shares cookies and storage with `window`. */
  async openBeside({ page }) {
    const window = new Window(await page.context().newPage());
    this.windows.push(window);
    return window;
  }

  /** Stops the processes of all pages, as when the device sleeps. */
  async suspend() {
    const devtools = await this.#chromium.newBrowserCDPSession();
    const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
    this.#suspended = processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
    for (const id of this.#suspended) process.kill(id, "SIGSTOP");
  }

  /** Continues the processes that `suspend` stopped. */
  resume() {
    for (const id of this.#suspended) process.kill(id, "SIGCONT");
    this.#suspended = [];
  }

  /** Fails if a page wrote to the console, except what its scenario expects. */
  assertNoMessages() {
    const messages = this.windows.flatMap((window) => window.messages);
    if (messages.length > 0) throw new Error(`console messages:\n  ${messages.join("\n  ")}`);
  }

  async stop() {
    this.resume();
    await this.#chromium.close();
  }
}

/** Playwright's options to start Chromium. */
export function launchOptions() {
  const args = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"];
  // Chromium's sandbox does not work as root.
  if (process.getuid?.() === 0) args.push("--no-sandbox");
  return { executablePath: findChromium(), args };
}
