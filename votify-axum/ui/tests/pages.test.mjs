// Parts of the pages' scripts, with the little of a page that they use.
import assert from "node:assert/strict";
import { test } from "node:test";
import { announcer } from "../pages/announcer.js";
import { guardSubmit, renewWhenRestored } from "../pages/create/submit.js";
import { addInvite, takeInvite } from "../pages/invite.js";
import { reloadFor } from "../pages/reload.js";

test("of several texts in a short time, the last one is announced", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const region = { textContent: "" };
  const announce = announcer(region, 1000, "2 votes");
  announce("2 votes");
  t.mock.timers.tick(1000);
  assert.equal(region.textContent, "");
  announce("3 votes");
  t.mock.timers.tick(500);
  announce("4 votes");
  t.mock.timers.tick(500);
  assert.equal(region.textContent, "4 votes");
});

test("a page is loaded again once for each set of options", () => {
  const stored = new Map();
  let reloads = 0;
  globalThis.sessionStorage = { getItem: (key) => stored.get(key) ?? null, setItem: (key, value) => stored.set(key, value) };
  globalThis.location = { pathname: "/p/1/results", reload: () => (reloads += 1) };
  for (const ids of ["ab", "ab", "abc", "abc", "ab"]) reloadFor([...ids].map((id) => ({ id })));
  assert.equal(reloads, 3);
  globalThis.sessionStorage.getItem = () => { throw new Error("forbidden"); };
  reloadFor([{ id: "x" }]);
  assert.equal(reloads, 3, "without storage, nothing would end the reloads");
});

test("a form is sent once, and again after a change or a while", (t) => {
  t.mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  globalThis.addEventListener = () => {};
  const form = new EventTarget();
  const problem = { hidden: true };
  guardSubmit(form, 10_000, problem);
  const isSent = (name) => {
    const event = Object.assign(new Event("submit", { cancelable: true }), { submitter: { name } });
    return form.dispatchEvent(event);
  };
  assert.ok(isSent("more") && isSent("create"));
  assert.ok(!isSent("create"));
  assert.ok(isSent("more"), "further options are no poll");
  form.dispatchEvent(new Event("input"));
  assert.ok(isSent("create"));
  t.mock.timers.tick(9_999);
  assert.ok(!isSent("create"));
  t.mock.timers.tick(1);
  assert.ok(isSent("create"));
  form.dispatchEvent(new Event("input"));
  Object.defineProperty(globalThis, "navigator", { value: { onLine: false }, configurable: true });
  assert.ok(!isSent("create"));
  assert.ok(!problem.hidden);
  assert.ok(isSent("create"));
  assert.ok(problem.hidden);
});

test("a form of a page that the browser restores is another form", () => {
  const windowEvents = new EventTarget();
  globalThis.addEventListener = windowEvents.addEventListener.bind(windowEvents);
  const form = new EventTarget();
  renewWhenRestored(form);
  const fields = () => {
    const formData = new FormData();
    form.dispatchEvent(Object.assign(new Event("formdata"), { formData }));
    return [...formData].join();
  };
  const first = fields();
  assert.equal(fields(), first, "a second click sends the same form");
  windowEvents.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: false }));
  assert.equal(fields(), first);
  windowEvents.dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
  assert.notEqual(fields(), first);
});

test("the code is taken from the address, unless the tab cannot store it", (t) => {
  const stored = new Map();
  const shown = [];
  const { location, sessionStorage } = globalThis;
  t.after(() => Object.assign(globalThis, { location, sessionStorage }));
  globalThis.location = new URL("https://votify.test/p/1/results?invite=CODE");
  globalThis.history = { replaceState: (state, title, url) => shown.push(`${url}`) };
  globalThis.sessionStorage = { getItem: (key) => stored.get(key) ?? null, setItem: () => { throw new Error("forbidden"); } };
  assert.equal(takeInvite("1"), "CODE");
  assert.deepEqual(shown, []);
  globalThis.sessionStorage.setItem = (key, value) => stored.set(key, value);
  assert.equal(takeInvite("1"), "CODE");
  assert.deepEqual(shown, ["https://votify.test/p/1/results"]);
  const links = [{ href: "https://votify.test/api/polls/1/results?format=csv" }, { href: "https://votify.test/p/1" }];
  addInvite(links, "CODE");
  assert.equal(links[0].href, "https://votify.test/api/polls/1/results?format=csv&invite=CODE");
  assert.equal(links[1].href, "https://votify.test/p/1?invite=CODE");
});
