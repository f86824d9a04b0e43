// With text of 200 % (32 px instead of 16 px), all pages show their whole text.
import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { logIn } from "./lib/account.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { launchOptions } from "./lib/browser.mjs";
import { assertNoOverflow } from "./lib/layout.mjs";
import { allPages } from "./lib/pages.mjs";
import { createSamplePolls } from "./lib/sample.mjs";
import { scenario } from "./lib/scenario.mjs";
import { Window } from "./lib/window.mjs";

await scenario(async (browser, url) => {
  const pages = allPages(await createSamplePolls(url)).filter(({ isVariant }) => !isVariant);
  const folder = await mkdtemp(join(tmpdir(), "votify-large-text-"));
  try {
    // The setting of the browser's user for the font size.
    await mkdir(join(folder, "Default"));
    const preferences = { webkit: { webprefs: { default_font_size: 32, default_fixed_font_size: 26 } } };
    await writeFile(join(folder, "Default", "Preferences"), JSON.stringify(preferences));
    const context = await chromium.launchPersistentContext(folder, { ...launchOptions(), viewport: { width: 1280, height: 800 } });
    const window = new Window(context.pages()[0] ?? await context.newPage());
    browser.windows.push(window);
    window.expectMessage(/^error: Failed to load resource: the server responded with a status of (403|404)/);
    const problems = [];
    for (const isOwners of [false, true]) {
      if (isOwners) await logIn(window, url);
      for (const { name, path, status } of pages.filter((page) => page.isOwners === isOwners)) {
        await window.goto(url + path, status);
        for (const width of [640, 1280]) {
          await window.page.setViewportSize({ width, height: 800 });
          await assertNoOverflow(window, `${name} at ${width} px`).catch(({ message }) => problems.push(message));
        }
      }
    }
    assertEqual(await window.page.evaluate(() => getComputedStyle(document.documentElement).fontSize), "32px", "the font size");
    if (problems.length > 0) throw new Error(problems.join("\n"));
    await context.close();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
