// Elements that are removed while they load leave no connection open.
import { Api } from "./lib/api.mjs";
import { assertEqual } from "./lib/assert.mjs";
import { eventually } from "./lib/eventually.mjs";
import { scenario } from "./lib/scenario.mjs";

await scenario(async (browser, url) => {
  const poll = await new Api(url).createPoll();
  const window = await browser.open();
  // Chromium's own message about a socket that is closed while it connects.
  window.expectMessage(/^warning: WebSocket connection to .* closed before the connection is established/);
  const open = new Set();
  let opened = 0;
  window.page.on("websocket", (socket) => {
    opened += 1;
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  await window.goto(`${url}/polls`);
  // The stylesheet is never loaded, so the elements never finish loading.
  await window.page.route("**/votify-poll.css", () => {});
  await window.page.evaluate((script) => import(script), `${url}/votify-poll.js`);
  for (let count = 1; count <= 3; count += 1) {
    await window.page.evaluate((id) => {
      const element = document.createElement("votify-poll");
      element.poll = id;
      document.body.append(element);
    }, poll.id);
    await eventually("a connection", 5_000, () => opened === count);
    await window.page.evaluate(() => document.querySelector("votify-poll").remove());
  }
  await eventually("all connections are closed", 5_000, () => open.size === 0);
  assertEqual(opened, 3, "connections");
});
