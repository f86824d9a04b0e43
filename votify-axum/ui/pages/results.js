// Keeps the page of results current: counts, order, and the sentence about the leaders.

import { VotifyClient } from "../votify.js";
import { announcer } from "./announcer.js";
import { reloadFor } from "./reload.js";
import { plural, showConnection, standings, statusLabel, summary, votesText, watching } from "./standings.js";

/** The shortest time between two announcements for screen readers, in milliseconds. */
const ANNOUNCEMENT_INTERVAL = 8000;

const element = (id) => document.getElementById(id);
const section = element("results");
const list = element("standings");
const rows = new Map([...list.children].map((row) => [row.dataset.option, row]));
const isSingle = !("multiple" in section.dataset);
const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;

const announce = announcer(element("announcer"), ANNOUNCEMENT_INTERVAL, element("summary").textContent);
/** True if the rows have counts, from the server or from this script. */
let hasCounts = !list.classList.contains("without-counts");

function showRow(row, standing) {
  row.classList.toggle("leads", standing.leads);
  row.querySelector(".standing-place").textContent = standing.place;
  row.querySelector(".standing-text").textContent = standing.text;
  row.querySelector(".standing-percent").textContent = `${standing.percent}%`;
  row.querySelector(".fill").setAttribute("width", `${standing.share.toFixed(1)}%`);
  row.querySelector(".standing-count").textContent = plural(standing.count, "vote");
}

/** Moves the rows into an order. Each glides from where it was. */
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

function showCounts(state) {
  const all = standings(state, isSingle);
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
  const votes = votesText(state.totalVotes, isSingle);
  element("votes").textContent = votes;
  announce(`${votes}. ${text}`);
}

/** Removes counts that the viewer may no longer see, as after a withdrawn vote. */
function hideCounts() {
  if (!hasCounts) return;
  hasCounts = false;
  list.classList.add("without-counts");
  for (const row of rows.values()) {
    row.classList.remove("leads");
    for (const name of ["place", "percent", "count"]) row.querySelector(`.standing-${name}`).textContent = "";
    row.querySelector(".fill").setAttribute("width", "0%");
  }
  element("summary").textContent = "The results are hidden from you now.";
  announce(element("summary").textContent);
}

function show(state) {
  showConnection(element("connection"), element("connection-text"), state.connection);
  if (state.ended === "deleted") {
    element("summary").textContent = "This poll was deleted.";
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
  element("viewers").hidden = state.viewers === null;
  element("viewers").textContent = watching(state.viewers ?? 0);
  element("votes").hidden = state.totalVotes === null;
  element("download").hidden = state.totalVotes === null;
  if (state.totalVotes !== null) showCounts(state);
  else if (state.countsHidden) hideCounts();
}

const invite = new URLSearchParams(location.search).get("invite");
const stream = new VotifyClient().watch(section.dataset.poll, { invite });
stream.addEventListener("change", () => show(stream.state));
