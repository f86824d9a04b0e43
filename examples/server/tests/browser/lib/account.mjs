import { ACCOUNT } from "./sample.mjs";

/** Logs a window in by the log-in page. */
export async function logIn({ page }, url, { name, password } = ACCOUNT) {
  await page.goto(`${url}/login`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("main").getByRole("button", { name: "Log in" }).click();
  await page.waitForURL((address) => !address.pathname.endsWith("/login"));
}

/** Creates an account by the page, which logs the window in. */
export async function register({ page }, url, name) {
  await page.goto(`${url}/register`);
  await page.getByLabel("Name", { exact: true }).fill(name);
  for (const field of await page.locator("main input[type=password]").all()) await field.fill(ACCOUNT.password);
  await page.getByRole("main").getByRole("button", { name: "Create account" }).click();
  await page.waitForURL((address) => !address.pathname.endsWith("/register"));
}

/** Logs a window out by the page of the account. */
export async function logOut({ page }, url) {
  await page.goto(`${url}/account`);
  await page.getByRole("main").getByRole("button", { name: "Log out" }).click();
  await page.waitForURL((address) => !address.pathname.endsWith("/account"));
}
