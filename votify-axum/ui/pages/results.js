// Keeps the page of results current: counts, order, and the sentence about the leaders.

import { VotifyClient } from "../votify.js";
import { announcer } from "./announcer.js";
import { addInvite, takeInvite } from "./invite.js";
import { reloadFor } from "./reload.js";
import { showNumber } from "./rolling-number.js";
import {
  countText, hiddenText, percentText, showConnection, showStatus, standings, summary, totalText, viewersText,
} from "./standings.js";

/** The shortest time between two announcements for screen readers, in milliseconds. */
const ANNOUNCEMENT_INTERVAL = 8000;

const element = (id) => document.getElementById(id);
const section = element("results");
const list = element("standings");
const rows = new Map([...list.children].map((row) => [row.dataset.option, row]));
const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;

const announce = announcer(element("announcer"), ANNOUNCEMENT_INTERVAL, element("summary").textContent);
/** True if the rows have counts, from the server or from this script. */
let hasCounts = !list.classList.contains("without-counts");

function showRow(row, standing) {
  row.classList.toggle("leads", standing.isLeader);
  row.querySelector(".standing-place").textContent = standing.place;
  row.querySelector(".standing-text").textContent = standing.text;
  showNumber(row.querySelector(".standing-percent"), standing.percent, percentText);
  row.querySelector(".fill").setAttribute("width", `${standing.share}%`);
  showNumber(row.querySelector(".standing-count"), standing.count, countText);
}

/** Moves the rows into an order. Each moves there from its earlier place. */
function reorder(ordered) {
  const current = [...list.children];
  if (ordered.every((row, index) => row === current[index])) return;
  const before = new Map(current.map((row) => [row, row.getBoundingClientRect().top]));
  list.append(...ordered);
  if (!moves) return;
  for (const row of ordered) {
    const distance = before.get(row) - row.getBoundingClientRect().top;
    if (distance) {
      row.animate(
        [{ transform: `translateY(${distance}px)` }, { transform: "none" }],
        { duration: 300, easing: "ease-out" },
      );
    }
  }
}

function showCounts(state, all) {
  for (const standing of all) {
    const row = rows.get(standing.id);
    if (row) showRow(row, standing);
  }
  const sorted = all.toSorted((a, b) => b.count - a.count);
  reorder(sorted.map((standing) => rows.get(standing.id)).filter(Boolean));
  hasCounts = true;
  list.classList.remove("without-counts");
  const text = summary(all, state.poll.final);
  element("summary").textContent = text;
  const votes = totalText(state, all);
  element("votes").textContent = votes;
  announce(`${votes}. ${text}`);
}

/** Removes counts that the viewer may no longer see, as after a withdrawn vote. */
function hideCounts(state) {
  element("summary").textContent = hiddenText(state);
  if (!hasCounts) return;
  hasCounts = false;
  list.classList.add("without-counts");
  for (const row of rows.values()) {
    row.classList.remove("leads");
    row.querySelector(".standing-place").textContent = "";
    for (const name of ["percent", "count"]) showNumber(row.querySelector(`.standing-${name}`), null);
    row.querySelector(".fill").setAttribute("width", "0%");
  }
  announce(element("summary").textContent);
}

function show(state) {
  showConnection(element("connection"), element("connection-text"), state);
  if (state.ended === "deleted") {
    element("summary").textContent = "This poll was deleted.";
    return;
  }
  if (!state.poll) return;
  // The owner changed the options: the server renders the rows.
  if (state.options.length !== rows.size || state.options.some((option) => !rows.has(option.id))) {
    reloadFor(state.options);
  }
  showStatus(element("status"), state);
  element("title").textContent = state.poll.title;
  element("viewers").hidden = state.viewers === null;
  element("viewers").textContent = viewersText(state.viewers ?? 0);
  const all = standings(state);
  element("votes").hidden = !all;
  element("download").hidden = !all;
  if (all) showCounts(state, all);
  else if (state.countsHidden && state.poll.status !== "scheduled") hideCounts(state);
}

const { poll } = section.dataset;
const invite = takeInvite(poll);
if (invite) addInvite(document.querySelectorAll("[data-invite]"), invite);
const stream = new VotifyClient().watch(poll, { invite });
stream.addEventListener("change", () => show(stream.state));
