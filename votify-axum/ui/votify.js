// The client library of Votify. `votify.d.ts` describes its API. Times are in milliseconds.
// One file: a page loads it with one request, and a project can copy it without a build.

/** Time after which an unanswered `refresh` means a dead connection. */
const REFRESH_TIMEOUT = 3_000;
/** Maximum time until a WebSocket is open, if SSE is the alternative. */
const UPGRADE_TIMEOUT = 5_000;
/** A connection that lived this long resets the growing delay between attempts. */
const STABLE_AFTER = 10_000;
const MAX_DELAY = 30_000;
/** A timer that is this late means that the computer slept. */
const WAKE_LATENESS = 5_000;
const WAKE_CHECK = 1_000;
/** Time without WebSockets after one failed and SSE worked. */
const SSE_PERIOD = 600_000;
/** The longest delay of a timer is 24 days. */
const MAX_PAUSE = 3_600_000;
/** The server shows a voter the counts within 2 s of the vote. */
const AUDIENCE_DELAY = 3_000;

/** True if the platform stores no cookies, and its WebSockets send any header. */
const IS_NODE = typeof document === "undefined" && Boolean(globalThis.process?.versions?.node);

/* ---------- Errors ---------- */

export class VotifyError extends Error {
  /** @param {any} problem */
  constructor({ code, status = 0, title = "", detail = "", errors = [], id, retry_after, cause }) {
    const fields = errors.map(({ field, problem }) => (field ? `${field}: ${problem}` : problem));
    super([title || code, detail, fields.join("; ")].filter(Boolean).join(": "), { cause });
    this.name = "VotifyError";
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.id = id;
    this.retryAfter = retry_after;
  }

  get isTemporary() {
    const { code, status } = this;
    // Only an operator can add a missing key, and `internal` is a bug.
    if (code === "internal" || code === "poll_key_unknown") return false;
    // An answer that is not Votify's may be the page of a proxy, or the log-in of a network.
    return code === "unexpected_answer" || status < 400 || status === 408 || status === 429 || status >= 500;
  }
}

function parse(json) {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Returns the error of a response. */
function errorOf({ status, headers }, text = "") {
  const problem = parse(text);
  // A date, which proxies may send, is ignored.
  const retry_after = problem?.retry_after ?? (Number(headers.get("retry-after")) || undefined);
  if (typeof problem?.code === "string") return new VotifyError({ ...problem, status, retry_after });
  const detail = `the answer with status ${status} is not Votify's; check the URL of the server`;
  return new VotifyError({ code: "unexpected_answer", status, title: "Unexpected answer", detail, retry_after });
}

/* ---------- Time ---------- */

const between = (min, max) => min + Math.random() * (max - min);

/** Returns a delay with full jitter, whose maximum grows with the number of failures. */
const backoff = (failures) => between(50, Math.min(MAX_DELAY, 500 * 2 ** Math.min(failures, 10)));

/** Returns the delay that an error asks for. Clients that were refused together return one
 *  after the other. */
const delayOf = (error) => (error?.retryAfter === undefined ? undefined : error.retryAfter * 1000 + between(0, 500));

const isOffline = () => globalThis.navigator?.onLine === false;

/** Resolves after some time, or when the signal is aborted. */
function pause(time, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve(undefined);
    };
    const timer = setTimeout(end, Math.min(time, MAX_PAUSE));
    signal.addEventListener("abort", end);
    if (signal.aborted) end();
  });
}

/** Settles like the promise, or rejects once the signal is aborted. */
const orAborted = (promise, signal) =>
  Promise.race([promise, new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)))]);

/** Functions that are called with true when the page or the computer wakes up or is online
 *  again, and with false when it is offline. */
const wakeListeners = new Set();
let wakeTimer;

/** Calls `addEventListener` or `removeEventListener` for all events. */
function wakeEvents(method) {
  for (const type of ["online", "offline", "pageshow"]) globalThis[method]?.(type, onWakeEvent);
  globalThis.document?.[method]("visibilitychange", onWakeEvent);
}

function addWakeListener(listener) {
  wakeListeners.add(listener);
  if (wakeListeners.size > 1) return;
  wakeEvents("addEventListener");
  let due = Date.now();
  wakeTimer = setInterval(() => {
    const late = Date.now() - due - WAKE_CHECK;
    due = Date.now();
    if (late > WAKE_LATENESS) onWakeEvent({ type: "late" });
  }, WAKE_CHECK);
  // In Node.js, the timer would keep the process running.
  /** @type {any} */ (wakeTimer).unref?.();
}

function removeWakeListener(listener) {
  if (!wakeListeners.delete(listener) || wakeListeners.size > 0) return;
  wakeEvents("removeEventListener");
  clearInterval(wakeTimer);
}

function onWakeEvent({ type }) {
  // Browsers delay the timers of hidden pages.
  const isHidden = globalThis.document?.visibilityState === "hidden";
  if (isHidden && (type === "late" || type === "visibilitychange")) return;
  for (const listener of [...wakeListeners]) listener(type !== "offline");
}

/* ---------- Requests ---------- */

/** Browsers provide `crypto.randomUUID` on pages with TLS only. */
export function randomUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  // A random UUID has these digits 4 and 8.
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, "$1-$2-4$3-8$4-");
}

function defaultServer() {
  const own = new URL(import.meta.url);
  if (own.protocol.startsWith("http") && own.pathname.endsWith("/votify.js")) return new URL(".", own);
  const origin = globalThis.location?.origin;
  if (origin && origin !== "null") return origin;
  throw new TypeError('name the server: new VotifyClient({ server: "https://…" })');
}

/** The connection to one server: its URL, the caller, and the options. */
class Server {
  cookies = new Map();
  /** Called with the poll, the invite code and the receipt of each vote. */
  receiptListeners = new Set();
  /** True once a request was answered, which starts a session. */
  isOpen = false;
  /** The first request, while it runs.
   *  @type {any} */
  opening = null;

  constructor(options) {
    const url = new URL(options.server ?? defaultServer(), globalThis.location?.href);
    this.base = `${url.origin}${url.pathname.replace(/\/*$/, "/")}`;
    this.token = options.token;
    this.credentials = options.credentials ?? "include";
    this.timeout = options.timeout ?? 10_000;
    this.heartbeatTimeout = options.heartbeatTimeout ?? 45_000;
    this.fetch = options.fetch ?? ((url, request) => fetch(url, request));
    this.WebSocket = options.WebSocket ?? globalThis.WebSocket;
    this.transports = options.transports ?? ["websocket", "sse"];
  }

  url(path, query = {}) {
    const url = new URL(path, this.base);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
    }
    return url;
  }

  /** Returns the headers that name the caller. Browsers send cookies themselves. */
  async callerHeaders() {
    const token = typeof this.token === "function" ? await this.token() : this.token;
    /** @type {any} */
    const headers = token ? { Authorization: `Bearer ${token}` } : {};
    if (this.cookies.size > 0) headers.Cookie = [...this.cookies].map((pair) => pair.join("=")).join("; ");
    return headers;
  }

  /** Sends a request. Others wait for the answer to the first one: without its cookie, they
   *  would start further sessions. */
  async send(method, path, /** @type {any} */ options = {}) {
    while (this.opening) await this.opening;
    const answer = this.sendNow(method, path, options);
    if (!this.isOpen) {
      const settle = (isOpen) => {
        this.opening = null;
        this.isOpen = isOpen;
      };
      this.opening = answer.then(() => settle(true), (error) => settle(error?.status > 0));
    }
    return answer;
  }

  async sendNow(method, path, { query, body, headers = {}, signal, as }) {
    const abort = new AbortController();
    const onAbort = () => abort.abort();
    signal?.throwIfAborted();
    signal?.addEventListener("abort", onAbort);
    /** @type {any} */
    const json = body === undefined ? {} : { "Content-Type": "application/json" };
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      onAbort();
    }, this.timeout);
    let response;
    let text;
    try {
      const caller = await orAborted(this.callerHeaders(), abort.signal);
      response = await this.fetch(this.url(path, query), {
        method,
        headers: { ...json, ...headers, ...caller },
        body: JSON.stringify(body),
        credentials: this.credentials,
        signal: abort.signal,
      });
      if (IS_NODE && this.credentials !== "omit") this.storeCookies(response.headers);
      if (response.ok && as === "response") return response;
      text = await response.text();
    } catch (cause) {
      signal?.throwIfAborted();
      const code = isLate ? "timeout" : "unreachable";
      const title = isLate ? "The server did not answer in time" : "The server is not reachable";
      throw new VotifyError({ code, title, cause });
    } finally {
      clearTimeout(timer);
      // The signal still ends the body of a response.
      if (as !== "response") signal?.removeEventListener("abort", onAbort);
    }
    if (!response.ok) throw errorOf(response, text);
    if (as === "text") return text;
    const answer = parse(text);
    // Only changes are answered without a body.
    if (!(answer instanceof Object) && (text || method === "GET")) throw errorOf(response);
    return answer;
  }

  storeCookies(headers) {
    for (const line of headers.getSetCookie()) {
      const [, name, value] = line.match(/^\s*([^=;]+)=([^;]*)/) ?? [];
      if (!value || /;\s*max-age=\s*[0-]/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }
}

const pollPath = (poll, suffix = "") => `api/polls/${encodeURIComponent(poll)}${suffix}`;

export class VotifyClient {
  #server;

  constructor(options = {}) {
    this.#server = new Server(options);
  }

  get server() {
    return this.#server.base;
  }

  request(method, path, options) {
    return this.#server.send(method, path, options);
  }

  #call(method, path, /** @type {any} */ { signal, invite } = {}, more = {}) {
    return this.#server.send(method, path, { query: { invite }, signal, ...more });
  }

  createPoll(body, options) {
    return this.#call("POST", "api/polls", options, { body });
  }

  getPoll(poll, options) {
    return this.#call("GET", pollPath(poll), options);
  }

  getCallerState(poll, options) {
    return this.#call("GET", pollPath(poll, "/me"), options);
  }

  changePoll(poll, body, options) {
    return this.#call("PATCH", pollPath(poll), options, { body });
  }

  closePoll(poll, options) {
    return this.#call("POST", pollPath(poll, "/close"), options);
  }

  deletePoll(poll, options) {
    return this.#call("DELETE", pollPath(poll), options);
  }

  vote(poll, choice, /** @type {any} */ options = {}) {
    return new PendingVote(this.#server, poll, "POST", choice, options);
  }

  withdrawVote(poll, /** @type {any} */ options = {}) {
    return new PendingVote(this.#server, poll, "DELETE", undefined, options);
  }

  getOwnBallot(poll, options) {
    return this.#call("GET", pollPath(poll, "/vote"), options).catch((error) => {
      if (error?.code === "not_voted") return null;
      throw error;
    });
  }

  watch(poll, /** @type {any} */ options = {}) {
    return new PollStream(this.#server, poll, options);
  }
}

/* ---------- Votes ---------- */

export class PendingVote extends EventTarget {
  /** @type {any} */
  status = "sending";
  attempts = 0;
  /** @type {any} */
  error = null;
  retryAt = null;
  receipt = null;
  #wait = new AbortController();

  constructor(server, pollId, method, body, { invite, voter, ballotId = randomUuid(), signal }) {
    super();
    this.pollId = pollId;
    this.ballotId = ballotId;
    // In a header, because proxies then know that a repetition is safe.
    const headers = { "Idempotency-Key": ballotId };
    const request = { query: { invite, voter }, body, headers, signal };
    const send = () => server.send(method, pollPath(pollId, "/vote"), request);
    this.result = this.#run(send, signal).then((receipt) => {
      for (const listener of server.receiptListeners) listener(pollId, invite, receipt);
      return receipt;
    });
    // Callers may follow the events instead.
    this.result.catch(() => {});
  }

  retryNow() {
    this.#wait.abort();
  }

  #set(status, change = {}) {
    Object.assign(this, { status, retryAt: null, ...change });
    this.dispatchEvent(new Event("change"));
  }

  async #pause(time) {
    this.#wait = new AbortController();
    await pause(time, this.#wait.signal);
  }

  /** Sends the vote until it is settled. */
  async #run(send, signal) {
    const stop = () => this.retryNow();
    const onWake = (isAwake) => {
      // A server that names a time is not asked before it.
      if (isAwake && this.error?.retryAfter === undefined) this.retryNow();
    };
    signal?.addEventListener("abort", stop);
    addWakeListener(onWake);
    try {
      // The caller can add listeners first.
      await null;
      for (let failures = 0; ; failures += 1) {
        if (isOffline()) {
          this.#set("offline");
          // Some systems are online although they say that they are not.
          await this.#pause(MAX_DELAY);
        }
        signal?.throwIfAborted();
        this.#set("sending", { attempts: this.attempts + 1 });
        try {
          const receipt = await send();
          // Such as the page of a network's log-in.
          if (!receipt?.ballot_id) throw errorOf({ status: 200, headers: new Headers() });
          if (receipt.status === "queued") this.#set("queued", { error: null });
          else this.#set("counted", { error: null, receipt });
          return receipt;
        } catch (error) {
          if (!error?.isTemporary) throw error;
          this.error = error;
        }
        if (isOffline()) continue;
        const delay = delayOf(this.error) ?? backoff(failures);
        this.#set("waiting", { retryAt: new Date(Date.now() + delay) });
        await this.#pause(delay);
      }
    } catch (error) {
      if (signal?.aborted) this.#set("aborted");
      else this.#set("refused", { error: error instanceof VotifyError ? error : null });
      throw error;
    } finally {
      removeWakeListener(onWake);
      signal?.removeEventListener("abort", stop);
    }
  }
}

/* ---------- Transports ---------- */

// `handlers` get each `message`, any `activity`, and the end (`close`): the `code` of a
// WebSocket, the delay that an event stream asked for (`retry`), or an `error`.

function openWebSocket(server, url, headers, handlers) {
  url.protocol = url.protocol.replace("http", "ws");
  const socket = IS_NODE ? new server.WebSocket(url.href, { headers }) : new server.WebSocket(url.href);
  socket.addEventListener("message", ({ data }) => handlers.message(parse(data)));
  socket.addEventListener("close", ({ code }) => handlers.close({ code }));
  socket.addEventListener("error", () => handlers.close({}));
  return {
    refresh: () => socket.readyState === 1 && socket.send('{"type":"refresh"}'),
    close: () => socket.close(),
  };
}

/** Uses `fetch`: unlike an EventSource, it sends a token and shows problems. */
function openEventStream(server, path, query, handlers) {
  const abort = new AbortController();
  let retry;
  const read = async () => {
    const response = await server.send("GET", path, { query, signal: abort.signal, as: "response" });
    if (!response.headers.get("content-type")?.startsWith("text/event-stream")) throw errorOf(response);
    const reader = response.body.getReader();
    const decoder = new TextDecoder();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      handlers.activity();
      const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        // The server sends each message in one line.
        if (line.startsWith("data:")) handlers.message(parse(line.slice(5)));
        else if (line.startsWith("retry:")) retry = Number(line.slice(6));
      }
    }
  };
  read().then(
    () => handlers.close({ retry }),
    (error) => handlers.close({ retry, error }),
  );
  return { close: () => abort.abort() };
}

/** Until when streams of a server use SSE, by its URL. */
const sseServers = new Map();

/** Returns the delay before the next attempt to connect. */
function delayAfter(/** @type {any} */ { code, retry, error }, failures) {
  // The server spreads its viewers by these.
  if (code === 1001) return between(1_000, 2_000);
  if (code === 1013) return between(5_000, 15_000);
  if (retry !== undefined && failures < 3) return retry;
  return delayOf(error) ?? backoff(failures);
}

/* ---------- Streams ---------- */

/** The newest position of each kind: with counts, and without. */
class Positions {
  epoch = -1;
  revision = -1;
  version = -1;

  /** Returns true unless a newer position was recorded. */
  accepts({ epoch, revision, version }) {
    if (epoch !== this.epoch) return epoch > this.epoch;
    return revision === undefined ? version >= this.version : revision >= this.revision;
  }

  record({ epoch, revision, version }) {
    if (epoch > this.epoch) this.revision = this.version = -1;
    this.epoch = epoch;
    if (revision === undefined) this.version = version;
    else this.revision = revision;
  }
}

/** Returns the fields of the state that follow from the totals of a message. */
function totalsState({ epoch, revision, version, total_votes }) {
  const countsHidden = revision === undefined;
  const position = countsHidden ? `${epoch}-v${version}` : `${epoch}-${revision}`;
  return { totalVotes: total_votes ?? null, countsHidden, position };
}

/** Returns options with the counts of others. A hidden count is absent. */
function withCounts(options, counted) {
  const counts = new Map(counted.map(({ id, count }) => [id, count]));
  return options.map(({ count: _, ...option }) => {
    const count = counts.get(option.id);
    return count === undefined ? option : { ...option, count };
  });
}

export class PollStream extends EventTarget {
  #server;
  #options;
  /** @type {any} */
  #state = Object.freeze({
    connection: "connecting",
    transport: null,
    retryAt: null,
    error: null,
    ended: null,
    poll: null,
    options: [],
    totalVotes: null,
    countsHidden: false,
    viewers: null,
    precision: "exact",
    counting: false,
    position: null,
  });
  #counts = new Positions();
  /** The position of the poll's own fields and of the texts of its options. */
  #texts = new Positions();
  #connection = null;
  /** Ends the pause before the next attempt. */
  #wait = new AbortController();
  /** Ends the requests. */
  #abort = new AbortController();
  #wasLive = false;
  /** True if the poll was read just before the connection is opened. */
  #isPollFresh = false;
  /** True if the poll has to be read again. */
  #isStale = false;
  /** The connection for which the poll is being read again. */
  #rereading = null;
  /** Time until which a connection that does not open is soon taken as dead. */
  #hasteUntil = 0;
  /** After a vote: whether counts are hidden from the voter now, and until when messages for
   *  the other audience may still arrive. */
  #audience = { isHidden: false, until: 0 };

  constructor(server, pollId, options) {
    super();
    this.pollId = pollId;
    this.#server = server;
    this.#options = options;
    server.receiptListeners.add(this.#onReceipt);
    addWakeListener(this.#onWake);
    const { signal } = options;
    signal?.addEventListener("abort", () => this.close(), { signal: this.#abort.signal });
    if (signal?.aborted) this.close();
    this.#run();
  }

  get state() {
    return this.#state;
  }

  refresh() {
    this.#wait.abort();
    this.#connection?.wake();
  }

  close() {
    this.#end("closed");
  }

  #set(change) {
    const isChanged = Object.entries(change).some(([name, value]) => this.#state[name] !== value);
    if (!isChanged || this.#state.ended) return;
    this.#state = Object.freeze({ ...this.#state, ...change });
    this.dispatchEvent(new Event("change"));
  }

  #end(ended, error = null) {
    if (this.#state.ended) return;
    removeWakeListener(this.#onWake);
    this.#server.receiptListeners.delete(this.#onReceipt);
    this.#set({ connection: "ended", transport: null, retryAt: null, ended, error });
    this.#connection?.close();
    this.#abort.abort();
    this.#wait.abort();
    this.dispatchEvent(new Event("end"));
  }

  #onWake = (isAwake) => {
    if (!isAwake) return this.#set({ connection: "offline" });
    this.#hasteUntil = Date.now() + 2 * REFRESH_TIMEOUT;
    this.refresh();
  };

  /* ----- The connection ----- */

  /** Connects again and again, until the stream ends. */
  async #run() {
    // The caller can add listeners first.
    await null;
    for (let failures = 0; !this.#state.ended; ) {
      if (isOffline()) {
        this.#set({ connection: "offline", transport: null, retryAt: null });
        await this.#pause(MAX_DELAY);
      }
      const start = Date.now();
      /** @type {any} */
      const end = await this.#connect().catch((error) => ({ error }));
      const error = end.error instanceof VotifyError ? end.error : null;
      if (end.code === 1000 || error?.code === "poll_not_found") this.#end("deleted");
      else if (error && !error.isTemporary) this.#end("refused", error);
      if (this.#state.ended) return;
      if (end.now === "quiet") continue;
      const isStable = end.wasOpen && Date.now() - start > STABLE_AFTER;
      failures = isStable || end.now ? 0 : failures + 1;
      const delay = end.now ? 0 : delayAfter(end, failures);
      this.#set({
        connection: isOffline() ? "offline" : this.#wasLive ? "reconnecting" : "connecting",
        transport: null,
        error,
        retryAt: new Date(Date.now() + delay),
      });
      if (delay > 0) await this.#pause(delay);
    }
  }

  async #pause(time) {
    this.#wait = new AbortController();
    if (!this.#state.ended) await pause(time, this.#wait.signal);
  }

  /** Connects by the first transport that works, and resolves when the connection ends. */
  async #connect() {
    const { base, isOpen, timeout, token, transports, WebSocket } = this.#server;
    // The answer starts the session to which the stream belongs.
    if (!this.#state.poll || !isOpen) {
      await this.#readPoll();
      this.#isPollFresh = true;
    }
    // WebSockets of browsers carry no token.
    const hasSockets = WebSocket && (IS_NODE || !token);
    let usable = transports.filter((transport) => transport === "sse" || hasSockets);
    const prefersSse = sseServers.get(base) > Date.now() && usable.includes("sse");
    if (prefersSse) usable = ["sse"];
    /** @type {any} */
    let end = {};
    for (const [index, transport] of usable.entries()) {
      const isLast = index === usable.length - 1;
      const onOpen = () => {
        if (transport === "websocket") sseServers.delete(base);
        else if (index > 0) sseServers.set(base, Date.now() + SSE_PERIOD);
      };
      end = await this.#open(transport, isLast ? timeout : UPGRADE_TIMEOUT, onOpen);
      if (end.wasOpen || end.now || this.#state.ended) return end;
    }
    // Perhaps WebSockets pass by now.
    if (prefersSse) sseServers.delete(base);
    return end;
  }

  /** Opens a connection, and resolves with its end. With `now`, the next one follows at once,
   *  and with `quiet`, the stream counts as live meanwhile. */
  async #open(transport, openTimeout, onOpen) {
    const server = this.#server;
    const { invite, votes } = this.#options;
    const path = pollPath(this.pollId, "/stream");
    const query = { heartbeat: 1, after: this.#state.position, invite, events: votes ? "votes" : null };
    // Browsers send none with a WebSocket.
    const headers = IS_NODE && (await orAborted(server.callerHeaders(), AbortSignal.timeout(server.timeout)));
    return new Promise((resolve) => {
      let wasOpen = false;
      let hasEnded = false;
      let lastMessage = 0;
      let timer;
      /** @type {any} */
      let socket = { close() {} };
      const finish = (end) => {
        if (hasEnded) return;
        hasEnded = true;
        clearTimeout(timer);
        this.#connection = null;
        socket.close();
        resolve({ ...end, wasOpen });
      };
      /** Takes the connection as dead if nothing arrives in time. */
      const expect = (time, now) => {
        clearTimeout(timer);
        timer = setTimeout(() => finish({ now }), time);
      };
      const activity = () => wasOpen && !hasEnded && expect(server.heartbeatTimeout, false);
      const message = (received) => {
        if (hasEnded || !received) return;
        lastMessage = Date.now();
        if (!wasOpen) {
          wasOpen = this.#wasLive = true;
          onOpen();
          if (!this.#isPollFresh) this.#rereadPoll();
          this.#isPollFresh = false;
        }
        activity();
        this.#take(received, { connection: "live", transport, retryAt: null, error: null });
      };
      const wake = () => {
        socket.refresh?.();
        if (!wasOpen || socket.refresh) expect(REFRESH_TIMEOUT, true);
        else if (Date.now() - lastMessage > WAKE_CHECK) finish({ now: "quiet" });
      };
      this.#connection = { wake, refresh: () => socket.refresh?.(), close: () => finish({}) };
      if (this.#state.ended) return finish({});
      const isHasty = Date.now() < this.#hasteUntil;
      expect(isHasty ? Math.min(REFRESH_TIMEOUT, openTimeout) : openTimeout, isHasty);
      const handlers = { message, activity, close: finish };
      try {
        if (transport === "sse") socket = openEventStream(server, path, query, handlers);
        else socket = openWebSocket(server, server.url(path, query), headers, handlers);
      } catch (error) {
        // For example an insecure WebSocket in a secure page.
        finish({ error });
      }
    });
  }

  /* ----- The state ----- */

  async #readPoll() {
    const query = { invite: this.#options.invite };
    const { signal } = this.#abort;
    this.#takePoll(await this.#server.send("GET", pollPath(this.pollId), { query, signal }));
  }

  /** Reads the poll again: a new connection shows no changes of texts that it missed. One
   *  request runs at a time. If another is asked for meanwhile, it follows. */
  async #rereadPoll() {
    this.#isStale = true;
    const connection = this.#connection;
    if (this.#rereading === connection) return;
    this.#rereading = connection;
    for (let failures = 1; this.#isStale && connection && connection === this.#connection; failures += 1) {
      this.#isStale = false;
      try {
        await this.#readPoll();
      } catch (error) {
        // The stream finds out itself what else is wrong.
        if (!error?.isTemporary) break;
        this.#isStale = true;
        await pause(delayOf(error) ?? backoff(failures), this.#abort.signal);
      }
    }
    if (this.#rereading === connection) this.#rereading = null;
  }

  /** Applies a message. `live` is the state of the connection that received it. */
  #take(message, live) {
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
    const { type, options, viewers, precision = "exact", counting = false } = message;
    if (type === "poll_updated" && !this.#isForOthers(message)) {
      this.#takeCounts(message, options, live, { viewers, precision, counting });
    } else if (type === "poll_closed") {
      const poll = { ...this.#state.poll, status: "closed", final: message.final };
      this.#takeCounts(message, options, { ...live, poll }, { precision: "exact", counting: false });
    } else if (type === "poll_changed") {
      this.#takePoll(message.poll, live);
    } else if (type === "poll_deleted") {
      this.#end("deleted");
    } else {
      this.#set(live);
    }
  }

  /** Returns true if a message is for the voter's audience before the last vote. */
  #isForOthers({ revision }) {
    const { isHidden, until } = this.#audience;
    return Date.now() < until && isHidden !== (revision === undefined);
  }

  /** Takes counts, unless newer ones are known. Sets `live` in any case. */
  #takeCounts(totals, counted, /** @type {any} */ live, more = {}) {
    if (!this.#counts.accepts(totals)) return this.#set(live);
    const isAfresh = totals.epoch > this.#counts.epoch;
    this.#counts.record(totals);
    const { options } = this.#state;
    const isSame = counted.length === options.length && counted.every(({ id }, index) => id === options[index].id);
    this.#set({ ...live, ...more, ...totalsState(totals), options: withCounts(options, counted) });
    if (isAfresh || !isSame) this.#rereadPoll();
  }

  /** Takes a poll, from an answer or from a message, which lacks some fields. */
  #takePoll({ poll: details, options, stats, ...whole }, live = {}) {
    const { total_votes, epoch, revision, version, ...summary } = details ?? whole;
    const totals = stats ?? { total_votes, epoch, revision, version };
    /** @type {any} */
    const change = { ...live };
    if (stats && this.#state.viewers === null) change.viewers = stats.viewers;
    let shown = this.#state.options;
    if (this.#texts.accepts(totals) && !this.#isBeforeClose(summary, totals)) {
      this.#texts.record(totals);
      /** @type {any} */
      const { url, external_ref, metadata } = this.#state.poll ?? {};
      change.poll = details ? summary : { url, external_ref, metadata, ...summary };
      shown = withCounts(options, shown);
    }
    if (this.#counts.accepts(totals) && !this.#isForOthers(totals)) {
      this.#counts.record(totals);
      Object.assign(change, totalsState(totals));
      shown = withCounts(shown, options);
    }
    this.#set({ ...change, options: shown });
  }

  /** Returns true if a poll was read before it was closed or final. No poll opens again.
   *  Where counts are hidden until the close, positions cannot be compared. */
  #isBeforeClose({ status, final }, { epoch }) {
    const { poll } = this.#state;
    const isOlder = (poll?.status === "closed" && status !== "closed") || (poll?.final && !final);
    return isOlder && epoch <= this.#counts.epoch;
  }

  #onReceipt = (pollId, invite, receipt) => {
    const isOwn = pollId === this.pollId && (invite ?? null) === (this.#options.invite ?? null);
    if (!isOwn || !receipt.new_counts) return;
    if (this.#state.poll?.results === "after_vote") {
      this.#audience = { isHidden: receipt.revision === undefined, until: Date.now() + AUDIENCE_DELAY };
      // For a change of the audience that was ignored meanwhile.
      pause(AUDIENCE_DELAY, this.#abort.signal).then(() => this.#connection?.refresh());
    }
    this.#takeCounts(receipt, receipt.new_counts, {});
    this.#connection?.refresh();
  };
}
