import { mkdir, rm } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { Browser } from "./browser.mjs";

/** Less than the time after which the test ends the script. */
const TIMEOUT = 150_000;

const name = basename(process.argv[1], ".mjs");
/** Screenshots of failed scenarios. */
const folder = fileURLToPath(new URL(`../../../../../target/browser-tests/${name}/`, import.meta.url));

/**
 * Runs a scenario with a browser and the script's arguments, and ends the process. If the
 * scenario fails, prints the reason, where each window is, and the path of its screenshot.
 */
export async function scenario(run) {
  await rm(folder, { recursive: true, force: true });
  const browser = await Browser.start();
  const tooLate = () => Promise.reject(new Error(`the scenario takes longer than ${TIMEOUT} ms`));
  let timer;
  try {
    const timeout = new Promise((resolve) => { timer = setTimeout(resolve, TIMEOUT); }).then(tooLate);
    await Promise.race([run(browser, ...process.argv.slice(2)), timeout]);
    browser.assertNoMessages();
  } catch (error) {
    process.exitCode = 1;
    console.error(error);
    await describe(browser);
  } finally {
    clearTimeout(timer);
    await browser.stop();
    process.stdin.destroy();
  }
}

async function describe(browser) {
  await mkdir(folder, { recursive: true });
  for (const [index, window] of browser.windows.entries()) {
    const path = `${folder}${index + 1}.png`;
    console.error(`\nwindow ${index + 1}: ${window.page.url()}`);
    for (const message of window.messages) console.error(`  console: ${message}`);
    const screenshot = window.page.screenshot({ path, fullPage: true, timeout: 5_000 });
    await screenshot.then(
      () => console.error(`  screenshot: ${path}`),
      (error) => console.error(`  no screenshot: ${error.message}`),
    );
  }
}
