import { account } from "./votify-account.js";

const root = document.documentElement.dataset.root;
const byId = (id) => document.getElementById(id);

/** Shows what went wrong, or nothing. */
function say(text = "") {
  byId("message").textContent = text;
  byId("message").hidden = !text;
}

/** A refusal of the server, in its own words. */
class Refused extends Error {
  constructor(problem, status) {
    const lines = (problem.errors ?? []).map(({ field, problem }) => `${field} ${problem}`.trim());
    super([problem.title ?? `The server answered ${status}.`, problem.detail, ...lines].filter(Boolean).join("\n"));
    this.code = problem.code;
    this.status = status;
  }
}

async function call(method, path, body, headers = {}) {
  const options = { method, headers, credentials: "same-origin" };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    headers["Content-Type"] = "application/json";
  }
  let response;
  try {
    response = await fetch(root + path, options);
  } catch {
    throw new Error("The server cannot be reached.");
  }
  const text = await response.text();
  let answer = {};
  try {
    answer = text ? JSON.parse(text) : {};
  } catch {
    // A proxy's own page, perhaps.
  }
  if (!response.ok) throw new Refused(answer, response.status);
  return answer;
}

/** Runs what a click began, with the button off meanwhile and errors shown. */
async function act(button, work) {
  button.disabled = true;
  say();
  try {
    await work();
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
  }
}

/** Sends a ballot until it is known what became of it: under one id, so it counts once. */
async function cast(method, path, body) {
  const id = uuid();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call(method, path, body, { "Idempotency-Key": id });
    } catch (error) {
      // 502 and 504 are a proxy's, whose server went away while it had the ballot.
      const again = !(error instanceof Refused) || [502, 503, 504].includes(error.status);
      if (!again || attempt === 3) throw error;
      await pause(500 * 2 ** attempt * (0.5 + Math.random()));
    }
  }
}

/** Does what needs a log-in; whoever is not logged in is asked to, and then it is done. */
async function asSomebody(work) {
  try {
    return await work();
  } catch (error) {
    if (error.code !== "not_logged_in" || !(await account.enter())) throw error;
    const done = await work();
    // The stream begins anew, as of who is logged in now.
    location.reload();
    return done;
  }
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** `crypto.randomUUID` is not there on pages without TLS. */
function uuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

// The polls that this browser made: only to show their owner's buttons; the server decides.
const mine = {
  all() {
    try {
      return JSON.parse(localStorage.getItem("votify-mine") ?? "[]");
    } catch {
      return [];
    }
  },
  add(id) {
    try {
      localStorage.setItem("votify-mine", JSON.stringify([id, ...this.all()].slice(0, 200)));
    } catch {
      // Without storage the buttons are not shown.
    }
  },
};

/* ---------- The list ---------- */

function entry(poll) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  link.href = `${root}/p/${poll.id}`;
  link.textContent = poll.title;
  const more = document.createElement("small");
  const votes = poll.total_votes === undefined ? "results hidden" : plural(poll.total_votes, "vote");
  more.textContent = [votes, poll.category, poll.closes_at && `closes ${local(poll.closes_at)}`].filter(Boolean).join(" · ");
  item.append(link, more);
  return item;
}

const plural = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;
const local = (time) => new Date(time).toLocaleString();

function home() {
  byId("home").hidden = false;
  let page = 1;

  async function list() {
    const query = new URLSearchParams({ page, limit: 20 });
    const words = byId("q").value.trim();
    if (words) query.set("q", words);
    const { polls, pagination } = await call("GET", `/api/polls?${query}`);
    byId("polls").replaceChildren(...polls.map(entry));
    byId("no-polls").hidden = polls.length > 0;
    byId("previous").hidden = page <= 1;
    byId("next").hidden = page >= pagination.pages;
  }
  const show = () => list().catch((error) => say(error.message));

  byId("search").addEventListener("submit", (event) => {
    event.preventDefault();
    page = 1;
    show();
  });
  byId("previous").addEventListener("click", () => { page -= 1; show(); });
  byId("next").addEventListener("click", () => { page += 1; show(); });
  byId("create").addEventListener("submit", (event) => {
    event.preventDefault();
    act(event.submitter, () => create(new FormData(event.target)));
  });
  show();
  call("GET", "/api/trending?limit=5")
    .then(({ polls }) => byId("trending").replaceChildren(...polls.map(entry)))
    .catch((error) => say(error.message));
}

async function create(form) {
  const closes = form.get("closes");
  const ballots = Number(form.get("quota"));
  const poll = await call("POST", "/api/polls", {
    title: form.get("title"),
    options: form.get("options").split("\n").map((line) => line.trim()).filter(Boolean),
    ballot: { kind: form.get("kind") },
    voters: form.get("voters"),
    results: form.get("results"),
    revote: form.get("revote") !== null,
    address_quota: ballots ? { ballots, ipv4_prefix: form.get("blocks") === null ? 32 : 24 } : null,
    closes_at: closes ? new Date(closes).toISOString() : null,
  });
  mine.add(poll.id);
  location.assign(`${root}/p/${poll.id}`);
}

/* ---------- One poll ---------- */

async function poll(id) {
  byId("poll").hidden = false;
  const path = `/api/polls/${id}`;
  const invite = codeOf(id);
  /** A call of this poll, with the code that this voter was given. */
  const at = (below = "") => `${path}${below}${invite.query()}`;
  let definition;
  let voted = null;
  let position;
  let watching;

  function draw(poll) {
    definition = poll;
    document.title = `${poll.title} – Votify`;
    byId("poll-title").textContent = poll.title;
    byId("poll-description").textContent = poll.description;
    const states = {
      scheduled: `Opens ${local(poll.opens_at)}.`,
      open: poll.closes_at ? `Open until ${local(poll.closes_at)}.` : "Open.",
      closed: poll.final ? "Closed. This is the final result." : "Closed.",
    };
    byId("poll-state").textContent = states[poll.status];
    const { kind, min, max } = poll.ballot;
    byId("ballot-legend").textContent = kind === "single" ? "Pick one" : `Pick ${min} to ${max}`;
    const picked = new Set(chosen());
    byId("choices").replaceChildren(...poll.options.map((option) => choice(option, kind, picked)));
    buttons();
  }

  function choice(option, kind, picked) {
    const item = document.createElement("li");
    item.dataset.id = option.id;
    const bar = document.createElement("span");
    bar.className = "bar";
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = kind === "single" ? "radio" : "checkbox";
    input.name = "option";
    input.value = option.id;
    input.checked = picked.has(option.id) || (picked.size === 0 && (voted ?? []).includes(option.id));
    const text = document.createElement("span");
    text.className = "text";
    text.textContent = option.text;
    const count = document.createElement("span");
    count.className = "count";
    label.append(input, text, count);
    item.append(bar, label);
    return item;
  }

  const chosen = () => [...document.querySelectorAll("#choices input:checked")].map((input) => input.value);

  function buttons() {
    const open = definition.status === "open";
    byId("vote").hidden = !open || (voted !== null && !definition.revote);
    byId("vote").textContent = voted === null ? "Vote" : "Change my vote";
    byId("take-back").hidden = !open || voted === null || !definition.revote;
    byId("owner").hidden = !mine.all().includes(id);
    byId("close").hidden = definition.status === "closed";
    const invited = definition.voters === "invite";
    byId("code-form").hidden = !invited || !open || voted !== null;
    byId("invites").hidden = !invited || byId("owner").hidden || definition.status === "closed";
    for (const input of document.querySelectorAll("#choices input")) input.disabled = byId("vote").hidden;
  }

  /** Answers of calls tell no viewers: the last number that the stream told stays. */
  function count(options, total, viewers = watching) {
    watching = viewers;
    const most = Math.max(1, ...options.map((option) => option.count ?? 0));
    for (const option of options) {
      const item = document.querySelector(`#choices li[data-id="${CSS.escape(option.id)}"]`);
      if (!item) continue;
      const hidden = option.count === undefined;
      item.querySelector(".bar").style.inlineSize = hidden ? "0" : `${100 * option.count / most}%`;
      item.querySelector(".count").textContent = hidden ? "" : option.count;
    }
    const shown = total === undefined ? "The results are hidden for now." : `${plural(total, "vote")}.`;
    byId("totals").textContent = viewers === undefined ? shown : `${shown} ${viewers} watching.`;
  }

  function hear(event) {
    switch (event.type) {
      case "poll_updated":
        position = positionOf(event);
        count(event.options, event.total_votes, event.viewers);
        break;
      case "poll_changed":
        draw(event.poll);
        count(event.poll.options, event.poll.total_votes);
        break;
      case "poll_closed":
        position = positionOf(event);
        draw({ ...definition, status: "closed", final: event.final });
        count(event.options, event.total_votes);
        break;
      case "poll_deleted":
        byId("poll").hidden = true;
        say("This poll was deleted.");
        break;
    }
  }

  /** Watches until the poll is gone, again and again with longer pauses when the stream breaks. */
  async function watch() {
    for (let tries = 0; ; tries += 1) {
      const began = Date.now();
      const code = await listen();
      if (code === 1000) return;
      if (Date.now() - began > 10_000) tries = 0;
      byId("live").textContent = "The connection was lost; trying again …";
      await pause(Math.min(30_000, 500 * 2 ** tries) * (0.5 + Math.random()));
    }
  }

  function listen() {
    const url = new URL(`${root}${path}/stream`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (position) url.searchParams.set("after", position);
    if (invite.code) url.searchParams.set("invite", invite.code);
    return new Promise((ended) => {
      const socket = new WebSocket(url);
      socket.addEventListener("open", () => { byId("live").textContent = "Live."; });
      socket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
      socket.addEventListener("close", ({ code }) => ended(code));
    });
  }

  async function own() {
    try {
      const ballot = await call("GET", at("/vote"));
      voted = ballot.option_ids ?? [ballot.option_id];
    } catch (error) {
      if (!["not_voted", "not_logged_in", "invite_invalid"].includes(error.code)) throw error;
      voted = null;
    }
  }

  byId("ballot").addEventListener("submit", (event) => {
    event.preventDefault();
    act(byId("vote"), async () => {
      const options = chosen();
      if (options.length === 0) throw new Error("Pick an option first.");
      const body = definition.ballot.kind === "single" ? { option_id: options[0] } : { option_ids: options };
      try {
        const { new_counts, total_votes } = await asSomebody(() => cast("POST", at("/vote"), body));
        voted = options;
        count(new_counts, total_votes);
      } finally {
        await own().catch(() => {});
        buttons();
      }
    });
  });
  byId("take-back").addEventListener("click", () => act(byId("take-back"), async () => {
    const { new_counts, total_votes } = await cast("DELETE", at("/vote"));
    voted = null;
    for (const input of document.querySelectorAll("#choices input")) input.checked = false;
    count(new_counts, total_votes);
    buttons();
  }));
  byId("code-form").addEventListener("submit", (event) => {
    event.preventDefault();
    invite.keep(byId("code").value.trim());
    // The stream begins anew with the code, for counts that show to who has voted.
    location.reload();
  });
  byId("invite").addEventListener("submit", (event) => {
    event.preventDefault();
    act(event.submitter, async () => {
      const { invites } = await call("POST", `${path}/invites`, { count: Number(byId("count").value) });
      const link = ({ code }) => new URL(`${root}/p/${id}?invite=${code}`, location.href).href;
      const table = ["code,url", ...invites.map((one) => `${one.code},${link(one)}`), ""].join("\r\n");
      byId("code-list").value = invites.map(link).join("\n");
      byId("code-file").href = URL.createObjectURL(new Blob([table], { type: "text/csv" }));
      byId("code-file").download = `invites-${id}.csv`;
      byId("codes").hidden = false;
      byId("code-list").focus();
    });
  });
  byId("close").addEventListener("click", () => act(byId("close"), async () => {
    const closed = await call("POST", `${path}/close`);
    draw(closed);
    count(closed.options, closed.total_votes);
  }));
  byId("delete").addEventListener("click", () => act(byId("delete"), async () => {
    if (!confirm("Delete this poll with its votes?")) return;
    await call("DELETE", path);
    location.assign(`${root}/`);
  }));

  try {
    const { poll: head, options, stats } = await call("GET", at());
    await own();
    draw({ ...head, options });
    count(options, stats.total_votes, stats.viewers);
  } catch (error) {
    byId("poll").hidden = true;
    say(error.message);
    return;
  }
  await watch();
}

/**
 * The code that this voter was given: from the link, from where it is taken away so that it is not passed on with it, and
 * kept as long as this tab is open.
 */
function codeOf(id) {
  const key = `votify-invite-${id}`;
  const invite = {
    code: null,
    query() {
      return this.code ? `?invite=${encodeURIComponent(this.code)}` : "";
    },
    keep(code) {
      this.code = code;
      try {
        sessionStorage.setItem(key, code);
      } catch {
        // Without storage it lasts until the page is loaded anew.
      }
    },
  };
  const url = new URL(location.href);
  const given = url.searchParams.get("invite");
  if (given) {
    invite.keep(given);
    url.searchParams.delete("invite");
    history.replaceState(null, "", url);
  } else {
    try {
      invite.code = sessionStorage.getItem(key);
    } catch {
      // None is kept.
    }
  }
  return invite;
}

/** What a stream resumes from: opaque to others, put together as the server writes it. */
function positionOf({ epoch, revision, version }) {
  return revision === undefined ? `${epoch}-v${version}` : `${epoch}-${revision}`;
}

const [, id] = location.pathname.slice(root.length).match(/^\/p\/([^/]+)\/?$/) ?? [];
account.begin({ call, act, say });
if (id) poll(id); else home();
