// The room: bars that follow the votes, and the presenter's buttons.

import { VotifyClient } from "../votify.js";
import { announcer } from "./announcer.js";
import { takeInvite } from "./invite.js";
import { reloadFor } from "./reload.js";
import { bindKeys } from "./room-keys.js";
import { showNumber } from "./rolling-number.js";
import {
  COVERED, countText, percentText, roomReason, showConnection, showStatus, standings, summary, totalText,
  viewersText,
} from "./standings.js";

/** The shortest time between two announcements for screen readers, in milliseconds. */
const ANNOUNCEMENT_INTERVAL = 10000;

const element = (id) => document.getElementById(id);
const section = element("results");
const rows = new Map([...element("standings").children].map((row) => [row.dataset.option, row]));
const client = new VotifyClient();
const stream = client.watch(section.dataset.poll, { invite: takeInvite(section.dataset.poll) });
const announce = announcer(element("announcer"), ANNOUNCEMENT_INTERVAL);

let isCovered = "covered" in section.dataset;

/** Shows a row, without counts if `standing` is `null`. */
function showRow(row, text, standing, isFinal) {
  row.classList.toggle("leads", Boolean(isFinal && standing?.isLeader));
  row.querySelector(".room-label").textContent = text;
  showNumber(row.querySelector(".room-percent"), standing?.percent ?? null, percentText);
  showNumber(row.querySelector(".room-count"), standing?.count ?? null, countText);
  row.querySelector(".fill").setAttribute("width", `${standing?.share ?? 0}%`);
}

function showCounts(state) {
  const isFinal = state.poll.final;
  const all = standings(state);
  const shown = isCovered ? null : all;
  state.options.forEach(({ id, text }, index) => {
    const row = rows.get(id);
    if (row) showRow(row, text, shown?.[index] ?? null, isFinal);
  });
  section.toggleAttribute("data-covered", isCovered);
  element("hidden").hidden = shown !== null;
  element("hidden-text").textContent = all ? COVERED : roomReason(state);
  const votes = totalText(state, all);
  element("votes").hidden = !votes;
  element("votes").textContent = votes;
  announce(shown ? `${votes}. ${summary(all, isFinal)}` : votes);
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
  showConnection(element("connection"), element("connection-text"), state);
  if (state.ended === "deleted") {
    element("hidden").hidden = false;
    element("hidden-text").textContent = "This poll was deleted.";
    return;
  }
  if (!state.poll) return;
  // The owner changed the options: the server renders the rows.
  if (state.options.length !== rows.size || state.options.some((option) => !rows.has(option.id))) {
    reloadFor(state.options);
  }
  showStatus(element("status"), state);
  element("title").textContent = state.poll.title;
  if (state.viewers !== null) element("viewers").textContent = viewersText(state.viewers);
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
