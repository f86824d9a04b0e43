/*
 * Reports the height of the framed page to the page around it, as
 * `{ type: "votify-height", poll, height }` in CSS pixels. It contains nothing that
 * depends on the voter but the height, so every origin may receive it.
 */
const element = document.querySelector("votify-poll");
const root = document.documentElement;
let reported = 0;

function report() {
  // The frame's own height must not count, or it would never shrink.
  const height = Math.ceil(document.body.getBoundingClientRect().height);
  if (height === reported) return;
  reported = height;
  parent.postMessage({ type: "votify-height", poll: element.getAttribute("poll"), height }, "*");
}

if (parent !== window) {
  new ResizeObserver(report).observe(document.body);
  root.classList.add("framed");
  report();
}
