import { account } from "./votify-account.js";

const basePath = document.documentElement.dataset.basePath;
const byId = (id) => document.getElementById(id);

/** Shows an error, or hides the last one. */
function showError(text = "") {
  byId("error").textContent = text;
  byId("error").hidden = !text;
}

const capitalize = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const pluralize = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const formatTime = (time) => new Date(time).toLocaleString();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** An error response of the server. */
class ApiError extends Error {
  constructor(problem, status) {
    const fields = (problem.errors ?? []).map(({ field, problem }) => field ? `${field}: ${problem}` : problem);
    const title = problem.title ?? `the server responded with status ${status}`;
    super([title, problem.detail, ...fields].filter(Boolean).map(capitalize).join("\n"));
    this.code = problem.code;
    this.status = status;
  }
}

async function callApi(method, path, body, headers = {}) {
  const options = { method, headers, credentials: "same-origin" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(basePath + path, options);
  } catch {
    throw new Error("The server is not reachable.");
  }
  const text = await response.text();
  let json = {};
  try {
    json = text ? JSON.parse(text) : {};
  } catch {
    // For example the error page of a proxy.
  }
  if (!response.ok) throw new ApiError(json, response.status);
  return json;
}

/** Runs an action. Disables its button meanwhile, and shows its error. */
async function runAction(button, action) {
  button.disabled = true;
  showError();
  try {
    await action();
  } catch (error) {
    showError(error.message);
  } finally {
    button.disabled = false;
  }
}

/** Sends a ballot. Retries with the same id until the result is known, so it counts once. */
async function castBallot(method, path, body) {
  const id = randomUuid();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await callApi(method, path, body, { "Idempotency-Key": id });
    } catch (error) {
      // A proxy sends 502 or 504 if its server disappeared during the request. Only an
      // operator can add a secret that the server lacks.
      const canRetry = !(error instanceof ApiError)
        || ([502, 503, 504].includes(error.status) && error.code !== "poll_key_unknown");
      if (!canRetry || attempt === 3) throw error;
      await sleep(500 * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

/** Runs an action that may need a login. Asks for the login if it is missing, and runs again. */
async function withLogin(action) {
  try {
    return await action();
  } catch (error) {
    if (error.code !== "not_logged_in" || !(await account.requestLogin())) throw error;
    const result = await action();
    // The stream needs to reconnect as the logged-in user.
    location.reload();
    return result;
  }
}

/** Replaces `crypto.randomUUID`, which browsers do not provide on pages without TLS. */
function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** The ids of the polls that this browser created, to show the owner's buttons if the server
 *  does not say who the owner is. */
const ownedPolls = {
  ids() {
    try {
      return JSON.parse(localStorage.getItem("votify-owned-polls") ?? "[]");
    } catch {
      return [];
    }
  },
  add(id) {
    try {
      localStorage.setItem("votify-owned-polls", JSON.stringify([id, ...this.ids()].slice(0, 200)));
    } catch {
      // Without storage the buttons are not shown.
    }
  },
};

/* ---------- The list of polls ---------- */

function renderListItem(poll) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `${basePath}/p/${poll.id}`;
  link.textContent = poll.title;
  link.dir = "auto";
  const details = document.createElement("small");
  const votes = poll.total_votes === undefined ? "results hidden" : pluralize(poll.total_votes, "vote");
  const closing = poll.closes_at && `closes ${formatTime(poll.closes_at)}`;
  // Isolated, so that a category in Arabic does not move the numbers around it.
  const category = poll.category && `\u2068${poll.category}\u2069`;
  details.textContent = [votes, category, closing].filter(Boolean).join(" · ");
  item.append(link, details);
  return item;
}

function showHome() {
  byId("home").hidden = false;
  let page = 1;

  async function loadPage() {
    const query = new URLSearchParams({ page, limit: 20 });
    const words = byId("q").value.trim();
    if (words) query.set("q", words);
    const { polls, pagination } = await callApi("GET", `/api/polls?${query}`);
    byId("polls").replaceChildren(...polls.map(renderListItem));
    byId("no-polls").hidden = polls.length > 0;
    byId("previous").hidden = page <= 1;
    byId("next").hidden = pagination.next === null || page >= pagination.pages;
  }
  const showPage = () => loadPage().catch((error) => showError(error.message));

  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    page = 1;
    showPage();
  });
  byId("previous").addEventListener("click", () => { page -= 1; showPage(); });
  byId("next").addEventListener("click", () => { page += 1; showPage(); });
  byId("create").addEventListener("submit", (event) => {
    event.preventDefault();
    runAction(event.submitter, () => createPoll(new FormData(event.target)));
  });
  showPage();
  callApi("GET", "/api/trending?limit=5")
    .then(({ polls }) => byId("trending").replaceChildren(...polls.map(renderListItem)))
    .catch((error) => showError(error.message));
}

async function createPoll(form) {
  const closes = form.get("closes");
  const ballots = Number(form.get("quota"));
  const poll = await callApi("POST", "/api/polls", {
    title: form.get("title"),
    options: form.get("options").split("\n").map((line) => line.trim()).filter(Boolean),
    ballot: { kind: form.get("kind") },
    voters: form.get("voters"),
    results: form.get("results"),
    revote: form.get("revote") !== null,
    address_quota: ballots ? { ballots, ipv4_prefix: form.get("blocks") === null ? 32 : 24 } : null,
    closes_at: closes ? new Date(closes).toISOString() : null,
  });
  ownedPolls.add(poll.id);
  location.assign(`${basePath}/p/${poll.id}`);
}

/* ---------- One poll ---------- */

async function showPoll(id) {
  byId("poll").hidden = false;
  const path = `/api/polls/${id}`;
  const invite = loadInvite(id);
  /** Returns the path of a request of this poll, with the voter's invite code. */
  const pathWithInvite = (suffix = "") => `${path}${suffix}${invite.query()}`;
  let current;
  /** The ids of the options that the user voted for, or null. */
  let ownVote = null;
  /** True if the server lacks the secret of the poll, so that nobody can vote. */
  let isKeyMissing = false;
  /** True if the owner's buttons are shown. The server checks the owner again. */
  let isOwner = ownedPolls.ids().includes(id);
  let position;
  let viewers;

  function renderPoll(poll) {
    current = poll;
    document.title = `${poll.title} – Votify`;
    byId("poll-title").textContent = poll.title;
    byId("poll-description").textContent = poll.description;
    const statusTexts = {
      scheduled: `Opens ${formatTime(poll.opens_at)}.`,
      open: poll.closes_at ? `Open until ${formatTime(poll.closes_at)}.` : "Open.",
      closed: poll.final ? "Closed. This is the final result." : "Closed.",
    };
    byId("poll-status").textContent = statusTexts[poll.status];
    const { kind, min, max } = poll.ballot;
    byId("ballot-legend").textContent = kind === "single" ? "Choose one option" : `Choose ${min} to ${max} options`;
    const selected = new Set(selectedOptions());
    byId("choices").replaceChildren(...poll.options.map((option) => renderOption(option, kind, selected)));
    renderButtons();
  }

  function renderOption(option, kind, selected) {
    const item = document.createElement("li");
    item.dataset.id = option.id;
    const bar = document.createElement("span");
    bar.className = "bar";
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = kind === "single" ? "radio" : "checkbox";
    input.name = "option";
    input.value = option.id;
    input.checked = selected.has(option.id) || (selected.size === 0 && (ownVote ?? []).includes(option.id));
    const text = document.createElement("span");
    text.className = "text";
    text.textContent = option.text;
    text.dir = "auto";
    const count = document.createElement("span");
    count.className = "count";
    label.append(input, text, count);
    item.append(bar, label);
    return item;
  }

  const selectedOptions = () => [...document.querySelectorAll("#choices input:checked")].map((input) => input.value);

  function renderButtons() {
    const isOpen = current.status === "open" && !isKeyMissing;
    const isClosed = current.status === "closed";
    const isByInvite = current.voters === "invite";
    const hasVoted = ownVote !== null;
    byId("vote").hidden = !isOpen || (hasVoted && !current.revote);
    byId("vote").textContent = hasVoted ? "Change my vote" : "Vote";
    byId("withdraw").hidden = !isOpen || !hasVoted || !current.revote;
    byId("owner").hidden = !isOwner;
    byId("close").hidden = isClosed;
    byId("invite-code-form").hidden = !isByInvite || !isOpen || hasVoted;
    byId("invites").hidden = !isByInvite || !isOwner || isClosed;
    for (const input of document.querySelectorAll("#choices input")) input.disabled = byId("vote").hidden;
  }

  /** Only the stream sends the number of viewers. After other responses the last number stays. */
  function renderCounts(options, total, newViewers = viewers) {
    viewers = newViewers;
    const max = Math.max(1, ...options.map((option) => option.count ?? 0));
    for (const option of options) {
      const item = document.querySelector(`#choices li[data-id="${CSS.escape(option.id)}"]`);
      if (!item) continue;
      const isHidden = option.count === undefined;
      item.querySelector(".bar").style.inlineSize = isHidden ? "0" : `${100 * option.count / max}%`;
      item.querySelector(".count").textContent = isHidden ? "" : option.count;
    }
    const totals = total === undefined ? "The results are hidden for now." : `${pluralize(total, "vote")}.`;
    byId("totals").textContent = viewers === undefined ? totals : `${totals} ${pluralize(viewers, "viewer")}.`;
  }

  function handleMessage(message) {
    switch (message.type) {
      case "poll_updated":
        position = formatPosition(message);
        renderCounts(message.options, message.total_votes, message.viewers);
        break;
      case "poll_changed":
        renderPoll(message.poll);
        renderCounts(message.poll.options, message.poll.total_votes);
        break;
      case "poll_closed":
        position = formatPosition(message);
        renderPoll({ ...current, status: "closed", final: message.final });
        renderCounts(message.options, message.total_votes);
        break;
      case "poll_deleted":
        byId("poll").hidden = true;
        showError("This poll was deleted.");
        break;
    }
  }

  /** Watches the poll until it is deleted. Reconnects with increasing pauses. */
  async function watch() {
    for (let attempt = 0; ; attempt += 1) {
      const start = Date.now();
      const code = await openStream();
      if (code === 1000) return;
      if (Date.now() - start > 10_000) attempt = 0;
      byId("live").textContent = "Connection lost. Reconnecting …";
      await sleep(Math.min(30_000, 500 * 2 ** attempt) * (0.5 + Math.random()));
    }
  }

  /** Opens the stream. Returns its close code when it ends. */
  function openStream() {
    const url = new URL(`${basePath}${path}/stream`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (position) url.searchParams.set("after", position);
    if (invite.code) url.searchParams.set("invite", invite.code);
    return new Promise((resolve) => {
      const socket = new WebSocket(url);
      socket.addEventListener("open", () => { byId("live").textContent = "Live."; });
      socket.addEventListener("message", ({ data }) => handleMessage(JSON.parse(data)));
      socket.addEventListener("close", ({ code }) => resolve(code));
    });
  }

  async function loadOwnVote() {
    try {
      const ballot = await callApi("GET", pathWithInvite("/vote"));
      ownVote = ballot.option_ids ?? [ballot.option_id];
    } catch (error) {
      if (!["not_voted", "not_logged_in", "invite_invalid", "poll_key_unknown"].includes(error.code)) throw error;
      ownVote = null;
      isKeyMissing = error.code === "poll_key_unknown";
      if (isKeyMissing) showError("Votes are not possible: the server lacks the secret of this poll. Its operator must add the secret again.");
    }
  }

  async function loadOwner() {
    try {
      isOwner = (await callApi("GET", `${path}/me`)).owner;
    } catch {
      // The browser remembers the polls that it created.
    }
  }

  byId("ballot").addEventListener("submit", (event) => {
    event.preventDefault();
    runAction(byId("vote"), async () => {
      const options = selectedOptions();
      if (options.length === 0) throw new Error("Choose an option first.");
      const body = current.ballot.kind === "single" ? { option_id: options[0] } : { option_ids: options };
      try {
        const { new_counts, total_votes } = await withLogin(() => castBallot("POST", pathWithInvite("/vote"), body));
        ownVote = options;
        renderCounts(new_counts, total_votes);
      } finally {
        await loadOwnVote().catch(() => {});
        renderButtons();
      }
    });
  });
  byId("withdraw").addEventListener("click", () => runAction(byId("withdraw"), async () => {
    const { new_counts, total_votes } = await castBallot("DELETE", pathWithInvite("/vote"));
    ownVote = null;
    for (const input of document.querySelectorAll("#choices input")) input.checked = false;
    renderCounts(new_counts, total_votes);
    renderButtons();
  }));
  byId("invite-code-form").addEventListener("submit", (event) => {
    event.preventDefault();
    invite.store(byId("invite-code").value.trim());
    // The stream needs to reconnect with the code, for counts that only voters see.
    location.reload();
  });
  byId("create-invites").addEventListener("submit", (event) => {
    event.preventDefault();
    runAction(event.submitter, async () => {
      const { invites } = await callApi("POST", `${path}/invites`, { count: Number(byId("invite-count").value) });
      const link = ({ code }) => new URL(`${basePath}/p/${id}?invite=${code}`, location.href).href;
      const csv = ["code,url", ...invites.map((entry) => `${entry.code},${link(entry)}`), ""].join("\r\n");
      byId("invite-links").value = invites.map(link).join("\n");
      byId("invite-file").href = URL.createObjectURL(new Blob([csv], { type: "text/csv" }));
      byId("invite-file").download = `invites-${id}.csv`;
      byId("invite-result").hidden = false;
      byId("invite-links").focus();
    });
  });
  byId("close").addEventListener("click", () => runAction(byId("close"), async () => {
    const poll = await callApi("POST", `${path}/close`);
    renderPoll(poll);
    renderCounts(poll.options, poll.total_votes);
  }));
  byId("delete").addEventListener("click", () => runAction(byId("delete"), async () => {
    if (!confirm("Delete this poll and its votes?")) return;
    await callApi("DELETE", path);
    location.assign(basePath || "/");
  }));

  try {
    const { poll, options, stats } = await callApi("GET", pathWithInvite());
    await loadOwnVote();
    await loadOwner();
    renderPoll({ ...poll, options });
    renderCounts(options, stats.total_votes, stats.viewers);
  } catch (error) {
    byId("poll").hidden = true;
    showError(error.message);
    return;
  }
  await watch();
}

/**
 * Returns the voter's invite code. It comes from the link, and is stored for this tab. It is
 * removed from the address bar, so that a copied link does not contain it.
 */
function loadInvite(id) {
  const key = `votify-invite-${id}`;
  const invite = {
    code: null,
    query() {
      return this.code ? `?invite=${encodeURIComponent(this.code)}` : "";
    },
    store(code) {
      this.code = code;
      try {
        sessionStorage.setItem(key, code);
      } catch {
        // Without storage the code is lost on reload.
      }
    },
  };
  const url = new URL(location.href);
  const code = url.searchParams.get("invite");
  if (code) {
    invite.store(code);
    url.searchParams.delete("invite");
    history.replaceState(null, "", url);
  } else {
    try {
      invite.code = sessionStorage.getItem(key);
    } catch {
      // Without storage there is no stored code.
    }
  }
  return invite;
}

/** Returns the position to resume a stream from, in the server's format. */
function formatPosition({ epoch, revision, version }) {
  return revision === undefined ? `${epoch}-v${version}` : `${epoch}-${revision}`;
}

const [, pollId] = location.pathname.slice(basePath.length).match(/^\/p\/([^/]+)\/?$/) ?? [];
account.init({ callApi, runAction, showError });
if (pollId) showPoll(pollId); else showHome();
