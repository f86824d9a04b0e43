// Takes pictures of every page in every state, at 360, 768 and 1920 px, in light and dark, for
// people to look at. They are written to `target/screenshots`. Usage, with a new server:
//
//     votify serve --store memory: --vote-rate off --session-rate off &
//     node examples/server/tests/browser/screenshots.mjs http://127.0.0.1:8080 [NAME ...]
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { logIn } from "./lib/account.mjs";
import { Browser } from "./lib/browser.mjs";
import { allPages } from "./lib/pages.mjs";
import { PollPage } from "./lib/poll_page.mjs";
import { createSamplePolls } from "./lib/sample.mjs";

const SIZES = [[360, 740], [768, 1024], [1920, 1080]];
const THEMES = ["light", "dark"];
/** Chromium's limit for pictures is higher; nobody looks at more. */
const MAX_HEIGHT = 4_000;

const folder = fileURLToPath(new URL("../../../../target/screenshots/", import.meta.url));
const [url, ...names] = process.argv.slice(2);
if (!url) throw new Error("the URL of a server is missing");
await mkdir(folder, { recursive: true });
const polls = await createSamplePolls(url);
const browser = await Browser.start();
const [stranger, owner] = [await browser.open(), await browser.open()];
await logIn(owner, url);
for (const page of allPages(polls).filter(({ name }) => names.length === 0 || names.includes(name))) {
  await take(page.isOwners ? owner : stranger, page);
}
if (names.length === 0 || names.includes("poll-voted")) {
  const { path } = allPages(polls).find(({ name }) => name === "poll");
  const voter = await PollPage.open(await browser.open(), url + path);
  await voter.vote("Sushi");
  await voter.waitUntilCounted(5_000);
  await shoot(voter.window, "poll-voted");
}
await browser.stop();

async function take(window, { name, path }) {
  await window.page.goto(url + path);
  await window.page.waitForTimeout(700);
  await shoot(window, name);
}

async function shoot({ page }, name) {
  for (const [width, height] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of THEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const full = await page.evaluate(() => document.documentElement.scrollHeight);
      const clip = { x: 0, y: 0, width, height: Math.min(Math.max(full, height), MAX_HEIGHT) };
      await page.screenshot({ path: `${folder}${name}-${width}-${colorScheme}.png`, fullPage: true, clip });
    }
  }
  console.error(name);
}
