// axe finds nothing on any page, in light and dark, at 320, 1280 and 3840 px. No page writes
// to the console, and none scrolls sideways.
import { logIn } from "./lib/account.mjs";
import { findColorViolations, findViolations, loadAxe } from "./lib/axe.mjs";
import { assertNoOverflow } from "./lib/layout.mjs";
import { allPages } from "./lib/pages.mjs";
import { createSamplePolls } from "./lib/sample.mjs";
import { scenario } from "./lib/scenario.mjs";

const WIDTHS = [320, 1280, 3840];
/** The time after which a page has connected and shows the newest state, in milliseconds. */
const SETTLED = 400;

/** `part` and `parts` select pages: half of them, for example. */
await scenario(async (browser, url, part, parts) => {
  const isSelected = ({ isVariant }, index) => !isVariant && index % Number(parts) === Number(part);
  const pages = allPages(await createSamplePolls(url)).filter(isSelected);
  const options = { viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" };
  const [stranger, owner] = [await browser.open(options), await browser.open(options)];
  await logIn(owner, url);
  const problems = [];
  await Promise.all([stranger, owner].map(async (window) => {
    // Chromium reports the status of the page itself.
    window.expectMessage(/^error: Failed to load resource: the server responded with a status of (403|404)/);
    for (const page of pages.filter(({ isOwners }) => isOwners === (window === owner))) {
      problems.push(...await check(window, url, page));
    }
  }));
  if (problems.length > 0) throw new Error(`${problems.length} problems\n${[...new Set(problems)].join("\n")}`);
});

async function check(window, url, { name, path, status }) {
  const problems = [];
  await window.goto(url + path, status);
  await window.page.waitForTimeout(SETTLED);
  // axe uses inline styles, which the page's content security policy reports.
  await window.mute(() => checkWithAxe(window, name, problems));
  return problems;
}

async function checkWithAxe(window, name, problems) {
  const { page } = window;
  const add = (found, where) => problems.push(...found.map((problem) => `${name} ${where}: ${problem}`));
  await loadAxe(window);
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    await page.emulateMedia({ colorScheme: "light" });
    add(await findViolations(window), `at ${width} px`);
    await page.emulateMedia({ colorScheme: "dark" });
    add(await findColorViolations(window), `at ${width} px, dark`);
    await assertNoOverflow(window, `${name} at ${width} px`).catch(({ message }) => problems.push(message));
  }
}
