// The room: bars that follow the votes, and the presenter's buttons.

import { VotifyClient } from "../votify.js";
import { announcer } from "./announcer.js";
import { reloadFor } from "./reload.js";
import { bindKeys } from "./room-keys.js";
import { plural, showConnection, standings, statusLabel, summary, votesText, watching } from "./standings.js";

/** The shortest time between two announcements for screen readers, in milliseconds. */
const ANNOUNCEMENT_INTERVAL = 10000;

/** The text while the presenter covers the counts. `src/ui/room.rs` has the same. */
const COVERED = "The results are hidden until they are revealed";

const element = (id) => document.getElementById(id);
const section = element("results");
const rows = new Map([...element("standings").children].map((row) => [row.dataset.option, row]));
const isSingle = !("multiple" in section.dataset);
const client = new VotifyClient();
const invite = new URLSearchParams(location.search).get("invite");
const stream = client.watch(section.dataset.poll, { invite });
const announce = announcer(element("announcer"), ANNOUNCEMENT_INTERVAL);

let isCovered = "covered" in section.dataset;

function showRow(row, standing, isShown, isFinal) {
  row.classList.toggle("leads", isShown && isFinal && standing.leads);
  row.querySelector(".room-label").textContent = standing.text;
  row.querySelector(".room-percent").textContent = isShown ? `${standing.percent}%` : "";
  row.querySelector(".room-count").textContent = isShown ? plural(standing.count, "vote") : "";
  const share = isShown ? standing.share : 0;
  row.querySelector(".fill").setAttribute("width", `${share.toFixed(1)}%`);
}

function showCounts(state) {
  const isShown = state.totalVotes !== null && !isCovered;
  const isFinal = state.poll.final;
  const all = standings(state, isSingle);
  for (const standing of all) {
    const row = rows.get(standing.id);
    if (row) showRow(row, standing, isShown, isFinal);
  }
  section.toggleAttribute("data-covered", isCovered);
  element("hidden").hidden = state.totalVotes !== null && !isCovered;
  element("hidden-text").textContent = state.totalVotes === null ? section.dataset.reason : COVERED;
  const votes = state.totalVotes === null ? "" : votesText(state.totalVotes, isSingle);
  element("votes").hidden = !votes;
  element("votes").textContent = votes;
  announce(isShown ? `${votes}. ${summary(all, isFinal)}` : votes);
}

function showButtons(state) {
  element("cover").hidden = state.totalVotes === null;
  element("cover-text").textContent = isCovered ? "Show results" : "Hide results";
  const close = element("close");
  if (!close) return;
  const canClose = state.poll.status !== "closed";
  // Focus must not fall to the body when the button goes away.
  if (!canClose && document.activeElement === close) element("cover").focus();
  close.hidden = !canClose;
}

function show() {
  const { state } = stream;
  showConnection(element("connection"), element("connection-text"), state.connection);
  if (state.ended === "deleted") {
    element("hidden").hidden = false;
    element("hidden-text").textContent = "This poll was deleted";
    return;
  }
  if (!state.poll) return;
  // The owner changed the options: the server renders the rows.
  if (state.options.length !== rows.size || state.options.some((option) => !rows.has(option.id))) {
    reloadFor(state.options);
  }
  const { name, text } = statusLabel(state.poll);
  element("status").textContent = text;
  element("status").className = `pill ${name}`;
  element("title").textContent = state.poll.title;
  if (state.viewers !== null) element("viewers").textContent = watching(state.viewers);
  showButtons(state);
  showCounts(state);
}

function setUpFullScreen() {
  const button = element("fullscreen");
  if (!document.fullscreenEnabled) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen();
  });
  document.addEventListener("fullscreenchange", () => {
    const isFull = document.fullscreenElement !== null;
    button.querySelector("span").textContent = isFull ? "Leave full screen" : "Full screen";
  });
}

function setUpClosing() {
  const [button, dialog] = [element("close"), element("close-dialog")];
  if (!button) return;
  button.addEventListener("click", () => {
    dialog.returnValue = "";
    // The dialog gives the focus back, also if a key opened it.
    button.focus();
    dialog.showModal();
  });
  dialog.addEventListener("close", async () => {
    if (dialog.returnValue !== "close") return;
    const error = element("close-error");
    error.hidden = true;
    try {
      await client.closePoll(section.dataset.poll);
      stream.refresh();
    } catch (problem) {
      error.textContent = problem.message;
      error.hidden = false;
      dialog.showModal();
    }
  });
}

/** Keeps the screen on while the room is visible. */
async function keepAwake() {
  if (document.visibilityState !== "visible") return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // The battery is low, or the page is in the background again.
  }
}

element("cover").addEventListener("click", () => {
  isCovered = !isCovered;
  show();
});
setUpFullScreen();
setUpClosing();
bindKeys({ f: element("fullscreen"), r: element("cover"), c: element("close") }, element("cover").parentElement);
document.addEventListener("visibilitychange", keepAwake);
keepAwake();
stream.addEventListener("change", show);
