// What the client library uses of a browser's page, beside the network. Import this module
// after the library, which then runs as in Node.js otherwise.

const target = new EventTarget();
const state = { onLine: true };

Object.defineProperty(globalThis, "navigator", { value: state, configurable: true });
for (const name of ["addEventListener", "removeEventListener", "dispatchEvent"]) {
  globalThis[name] = target[name].bind(target);
}
globalThis.document = Object.assign(new EventTarget(), { visibilityState: "visible" });

/** Until the end of the test, or `goOnline`. */
export function goOffline(test) {
  test.after(goOnline);
  state.onLine = false;
  globalThis.dispatchEvent(new Event("offline"));
}

export function goOnline() {
  if (state.onLine) return;
  state.onLine = true;
  globalThis.dispatchEvent(new Event("online"));
}

/** The events of a page that wakes up. */
export const WAKE_EVENTS = {
  online: () => globalThis.dispatchEvent(new Event("online")),
  pageshow: () => globalThis.dispatchEvent(new Event("pageshow")),
  visibilitychange: () => globalThis.document.dispatchEvent(new Event("visibilitychange")),
};

/** Stops this process like a sleep of the computer: its timers are late afterwards. */
export function sleepLikeAComputer(time) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, time);
}
