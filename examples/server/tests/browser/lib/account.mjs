import { ACCOUNT } from "./sample.mjs";

/** Logs a window in by the log-in page. */
export async function logIn({ page }, url, { name, password } = ACCOUNT) {
  await page.goto(`${url}/login`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await page.waitForURL((address) => !address.pathname.endsWith("/login"));
}
