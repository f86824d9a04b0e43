/**
 * The public API of `votify.js`: calls of the HTTP API, votes that are sent until they are
 * settled, and streams that reconnect.
 *
 * The types of bodies and messages come from the OpenAPI and AsyncAPI documents, see
 * `types.d.ts`. They keep the names of the JSON fields.
 */

import type {
  CallerState,
  FieldErrorBody,
  NewPoll,
  OwnBallot,
  Poll,
  PollChange,
  PollDetails,
  PollOption,
  PollSummary,
  Problem,
  ServerMessage,
  VoteReceipt,
} from "./types.js";

export type * from "./types.js";

// ---------------------------------------------------------------------------------------
// The client
// ---------------------------------------------------------------------------------------

export interface ClientOptions {
  /**
   * The base URL of the server, with its path if it has one: `https://example.org/votes`.
   *
   * In a browser it defaults to the folder of `votify.js` if a Votify server serves that
   * file, otherwise to the origin of the page. Everywhere else it is required.
   */
  server?: string | URL;
  /**
   * A bearer token, or a function that returns the current one. Without a token, the
   * session and the login of the browser's cookies count.
   *
   * Browsers cannot send a token with a WebSocket, so streams with a token use SSE there.
   */
  token?: string | (() => string | null | undefined | Promise<string | null | undefined>);
  /** Whether requests carry cookies. Defaults to `include`, also for other origins. */
  credentials?: "include" | "same-origin" | "omit";
  /** Time limit of one request, in milliseconds. Defaults to 10 000. */
  timeout?: number;
  /**
   * A stream that receives nothing for this time is dead, in milliseconds. Defaults to
   * 45 000: the server sends a heartbeat every 20 s, and two are missing then.
   */
  heartbeatTimeout?: number;
  /**
   * The transports of streams, in the order of preference. Defaults to
   * `["websocket", "sse"]`.
   */
  transports?: readonly Transport[];
  /** Replaces the global `fetch`. */
  fetch?: typeof fetch;
  /** Replaces the global `WebSocket`. Without one, streams use SSE. */
  WebSocket?: typeof WebSocket;
}

export type Transport = "websocket" | "sse";

/** Options of every call. */
export interface CallOptions {
  /** Ends the call. It then rejects with the reason of the signal. */
  signal?: AbortSignal;
}

/** Options of calls that an invite code may accompany. */
export interface InviteOptions extends CallOptions {
  /** The voter's invite code, in polls with `voters: "invite"`. */
  invite?: string | null;
}

export interface VoteOptions extends InviteOptions {
  /**
   * The id of the ballot, a UUID. Defaults to a random one. Store it and pass it again to
   * continue a vote after a reload of the page: the vote counts once.
   */
  ballotId?: string;
  /**
   * The `voter` of {@link CallerState}, as it was when the vote was chosen. If the caller is
   * another voter now, the vote is refused with `voter_changed`. By default, the vote is
   * that of the caller at the time of each attempt.
   */
  voter?: string | null;
}

export interface WatchOptions extends InviteOptions {
  /** Requests single votes too, as `message` events. Defaults to `false`. */
  votes?: boolean;
}

/** The chosen option or options. */
export type Choice =
  | { option_id: string; option_ids?: undefined }
  | { option_ids: readonly string[]; option_id?: undefined };

/** A request of {@link VotifyClient.request}. */
export interface RequestOptions extends CallOptions {
  /** Parameters of the query. Those that are `null` or `undefined` are left out. */
  query?: Record<string, string | number | boolean | null | undefined>;
  /** The body, sent as JSON. */
  body?: unknown;
  /** Further headers. */
  headers?: Record<string, string>;
  /** The form of the answer. Defaults to `json`. */
  as?: "json" | "text" | "response";
}

/**
 * A client of one server.
 *
 * Calls reject with a {@link VotifyError} if the server refuses or cannot be reached, and
 * with the reason of the `signal` if it is aborted. Except for votes and streams, a call is
 * one request without retries.
 */
export class VotifyClient {
  constructor(options?: ClientOptions);

  /** The base URL of the server, with a slash at its end. */
  readonly server: string;

  /** Creates a poll. The session or the account owns it. */
  createPoll(poll: NewPoll, options?: CallOptions): Promise<Poll>;
  getPoll(poll: string, options?: InviteOptions): Promise<PollDetails>;
  /** Returns what holds for the caller: owner, voted, whether a vote is possible. */
  getCallerState(poll: string, options?: InviteOptions): Promise<CallerState>;
  changePoll(poll: string, change: PollChange, options?: CallOptions): Promise<Poll>;
  closePoll(poll: string, options?: CallOptions): Promise<Poll>;
  deletePoll(poll: string, options?: CallOptions): Promise<void>;

  /**
   * Casts a vote, and sends it again under the same ballot id until it is settled.
   *
   * The streams of this client show the counts of its receipt at once.
   */
  vote(poll: string, choice: Choice, options?: VoteOptions): PendingVote;
  /** Withdraws the caller's vote. The request is sent again like a vote. */
  withdrawVote(poll: string, options?: VoteOptions): PendingVote;
  /** Returns the caller's own ballot, or `null` if the caller has not voted. */
  getOwnBallot(poll: string, options?: InviteOptions): Promise<OwnBallot | null>;

  /** Follows a poll. The stream connects at once. */
  watch(poll: string, options?: WatchOptions): PollStream;

  /**
   * Sends any other request to the server, such as `POST api/auth/login`. `path` is relative to {@link VotifyClient.server}:
   * `api/polls`.
   */
  request(method: string, path: string, options: RequestOptions & { as: "text" }): Promise<string>;
  request(
    method: string,
    path: string,
    options: RequestOptions & { as: "response" },
  ): Promise<Response>;
  request<T = unknown>(method: string, path: string, options?: RequestOptions): Promise<T>;
}

// ---------------------------------------------------------------------------------------
// Errors
// ---------------------------------------------------------------------------------------

/**
 * The code of an error: one of the server's (`docs/http-api.md`, Errors), or
 *
 * - `unreachable`: no answer, because the network, the server or a proxy failed;
 * - `timeout`: no answer within the time limit;
 * - `unexpected_answer`: an answer that is not Votify's, such as the page of a proxy.
 */
export type ErrorCode = Problem["code"] | "unreachable" | "timeout" | "unexpected_answer";

/** An error of a call. `message` is a sentence for people, in English. */
export class VotifyError extends Error {
  constructor(problem: {
    code: ErrorCode;
    status?: number;
    title?: string;
    detail?: string;
    errors?: readonly FieldErrorBody[];
    id?: string;
    retry_after?: number;
    cause?: unknown;
  });

  readonly name: string;
  /** A stable name of the kind of error. */
  readonly code: ErrorCode;
  /** The HTTP status, or 0 without an answer. */
  readonly status: number;
  /** The kind of error, for people. */
  readonly title: string;
  /** What to do about it, for people. May be empty. */
  readonly detail: string;
  /** All invalid fields of the request. May be empty. */
  readonly errors: readonly FieldErrorBody[];
  /** Seconds to wait before the next attempt, if the server named them. */
  readonly retryAfter: number | undefined;
  /** With code `internal`: the id of the entry in the server's log. */
  readonly id: string | undefined;
  /**
   * True if the same request may succeed later: no answer, a time limit, `rate_limited`, a
   * server that is unavailable, or an answer that is not Votify's. A vote is then sent
   * again, also if the URL of the server is wrong: `error` of the vote says so.
   */
  readonly isTemporary: boolean;
}

// ---------------------------------------------------------------------------------------
// Votes
// ---------------------------------------------------------------------------------------

/**
 * The status of a vote.
 *
 * - `sending`: a request is on its way.
 * - `waiting`: the last attempt failed, `error` says how. The next is at `retryAt`.
 * - `offline`: the browser is offline. The vote is sent once it is online.
 * - `queued`: the server accepted the vote, and will count it later.
 * - `counted`: the vote counts, or is withdrawn. `receipt` has the new counts.
 * - `refused`: the server refused the vote, and `error` says why. It does not count.
 * - `aborted`: the signal ended the vote. It counts if an attempt reached the server: ask
 *   `getCallerState`, or vote again with the same `ballotId`.
 */
export type VoteStatus =
  | "sending"
  | "waiting"
  | "offline"
  | "queued"
  | "counted"
  | "refused"
  | "aborted";

/** The answer of a server that counts votes later. */
export interface QueuedVote {
  readonly status: "queued";
  readonly ballot_id: string;
}

/**
 * A vote that is sent under one ballot id until it is settled.
 *
 * `change` events tell about `status`. The last one is sent before `result` is settled.
 */
export class PendingVote extends EventTarget {
  private constructor();

  readonly pollId: string;
  readonly ballotId: string;
  readonly status: VoteStatus;
  /** Number of requests that were sent. */
  readonly attempts: number;
  /** The error of the last attempt, or the reason of the refusal. */
  readonly error: VotifyError | null;
  /** The time of the next attempt, while the status is `waiting`. */
  readonly retryAt: Date | null;
  readonly receipt: VoteReceipt | null;
  /**
   * The receipt, or with `status: "queued"` the acceptance.
   *
   * Rejects with a {@link VotifyError} if the vote is refused, and with the reason of the
   * signal if it is aborted. A rejection that nobody handles is not reported.
   */
  readonly result: Promise<VoteReceipt | QueuedVote>;

  /** Sends the vote now, if it waits for its next attempt. */
  retryNow(): void;

  addEventListener(
    type: "change",
    listener: ((this: PendingVote, event: Event) => unknown) | EventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

// ---------------------------------------------------------------------------------------
// Streams
// ---------------------------------------------------------------------------------------

/**
 * The state of the connection of a stream.
 *
 * - `connecting`: there was no connection yet.
 * - `live`: messages arrive.
 * - `reconnecting`: the connection is lost, and the stream tries to open another.
 * - `offline`: the browser is offline. The stream reconnects once it is online.
 * - `ended`: the stream ended, and `ended` says why.
 */
export type ConnectionState = "connecting" | "live" | "reconnecting" | "offline" | "ended";

/**
 * Why a stream ended.
 *
 * - `closed`: `close()` was called, or the signal was aborted.
 * - `deleted`: the poll was deleted, or does not exist.
 * - `refused`: the server refused the stream, and `error` says why.
 */
export type EndReason = "closed" | "deleted" | "refused";

/** What is known of a poll. Each change creates a new object. */
export interface PollState {
  readonly connection: ConnectionState;
  /** The transport of the current connection. */
  readonly transport: Transport | null;
  /** The time of the next attempt to connect, while there is one. */
  readonly retryAt: Date | null;
  /** The last error, until the stream is live again. */
  readonly error: VotifyError | null;
  readonly ended: EndReason | null;

  /** The poll, or `null` until it was read. Its `status` and `final` are current. */
  readonly poll: PollSummary | null;
  /** The options in the poll's order. Each has its `count`, unless counts are hidden. */
  readonly options: readonly PollOption[];
  /** Number of voters, or `null` while counts are hidden or unknown. */
  readonly totalVotes: number | null;
  /** True if the counts are hidden from the caller for now. */
  readonly countsHidden: boolean;
  /** Number of viewers, or `null` until the stream said so. */
  readonly viewers: number | null;
  /** `provisional` while counts may lack accepted votes. */
  readonly precision: "exact" | "provisional";
  /** True while votes that were accepted before the close are counted. */
  readonly counting: boolean;
  /** The position of the counts: `EPOCH-REVISION` or `EPOCH-vVERSION`. */
  readonly position: string | null;
}

/** Events of a {@link PollStream}. */
export interface PollStreamEvents {
  /** `state` is a new object. */
  change: Event;
  /** A message of the server as it came, before it is applied. */
  message: CustomEvent<ServerMessage>;
  /** The stream ended. */
  end: Event;
}

/**
 * The live state of one poll.
 *
 * The stream reads the poll, opens a WebSocket, or SSE where WebSockets do not pass, and
 * reconnects until it ends. The state never goes back to an older position.
 */
export class PollStream extends EventTarget {
  private constructor();

  readonly pollId: string;
  readonly state: PollState;

  /**
   * Requests the current state from the server. If no answer comes within 3 s, the stream
   * reconnects. Does so on its own when the page wakes up, and after a vote.
   */
  refresh(): void;
  /** Ends the stream. */
  close(): void;
  addEventListener<K extends keyof PollStreamEvents>(
    type: K,
    listener:
      | ((this: PollStream, event: PollStreamEvents[K]) => unknown)
      | EventListenerObject
      | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

// ---------------------------------------------------------------------------------------
// Functions
// ---------------------------------------------------------------------------------------

/** Returns a random UUID, also on pages without TLS, where `crypto.randomUUID` is missing. */
export function randomUuid(): string;
