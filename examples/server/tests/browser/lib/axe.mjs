import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const SOURCE = readFileSync(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** The rules of WCAG 2.2, levels A and AA, and axe's best practices. */
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** The rules whose results depend on colours. */
const COLOR_RULES = ["color-contrast", "link-in-text-block"];

/** Loads axe into the current page. */
export async function loadAxe({ page }) {
  // Evaluated by the debugger, which the page's content security policy does not restrict.
  await page.evaluate(SOURCE);
}

/** Returns the violations that axe finds on the current page, one line for each element. */
export function findViolations(window) {
  return run(window, TAGS);
}

/** Returns the violations of rules about colours. The other rules find the same in each theme. */
export function findColorViolations(window) {
  return run(window, COLOR_RULES);
}

async function run({ page }, rules) {
  const { violations } = await page.evaluate((runOnly) => axe.run(document, { runOnly, resultTypes: ["violations"] }), rules);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => {
    const reason = failureSummary.split("\n").slice(1).map((line) => line.trim()).join("; ");
    return `${id}: ${target.flat().join(" ")}: ${reason}`;
  }));
}
