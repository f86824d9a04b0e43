// The bodies of the HTTP API and the messages of streams. Generated from the OpenAPI and
// the AsyncAPI document by `cargo xtask types`; do not edit.

/**
 * A limit of active votes per address, in addition to `voters`. A vote counts toward the
 * address from which it was first cast, until it is withdrawn.
 */
export interface AddressQuota {
  /** Maximum number of votes. */
  ballots: number;
  /**
   * Number of leading bits of an IPv4 address that are compared: 32 or 24. Defaults to
   * 32. Of IPv6 addresses, 64 bits are compared.
   */
  ipv4_prefix?: number | null;
}

/** The form of a vote. */
export type BallotKind = {
  kind: "single";
} | {
  kind: "multiple";
  /** Maximum number of options. Defaults to the number of options of the poll. */
  max?: number | null;
  /** Minimum number of options. Defaults to 1. */
  min?: number | null;
};

/** What holds for the caller in a poll. */
export interface CallerState {
  /** The ballot of the vote that counts. */
  ballot_id?: string | null;
  /**
   * True if `reason` is `null`. In a poll with an `address_quota`, a vote may still get
   * `address_quota`.
   */
  can_vote: boolean;
  /** True if the caller may change, close and delete the poll. */
  owner: boolean;
  /**
   * The code of the error that a vote would get now, such as `poll_closed`,
   * `already_voted` or `invite_invalid`.
   */
  reason?: string | null;
  /** True if a vote of the caller counts. */
  voted: boolean;
  /**
   * Names the caller as a voter of this poll: another one after another login, and with
   * another invite code. A vote with this `voter` in its query is refused with
   * `voter_changed` once the caller is another voter. `null` in polls by `ip`, and for
   * callers who are not identified yet.
   */
  voter?: string | null;
}

/** An entry of a changed list of options. */
export type ChangedOption = string | {
  /** The id of an existing option. Absent for a new one. */
  id?: string | null;
  /** The new text. Required for a new option. */
  text?: string | null;
};

export type ClientMessage = Vote | Refresh;

/** The readiness of a component. */
export interface ComponentReadiness {
  /** The technology: `sqlite`, `local`, `redis`. */
  backend: string;
  /**
   * True if votes need the component. Without any other component votes go on, with
   * slower or weaker service.
   */
  needed: boolean;
  /** The role: `store`, `broadcaster`, `limiter`, `cache`. */
  part: string;
  /** True if the component responds. */
  ready: boolean;
}

/** The votes of an option. */
export interface Count {
  /** Absent while results are hidden. */
  count?: number | null;
  id: string;
}

/** A name and a password. */
export interface Credentials {
  /** Letters and digits of any script, and `. _ - @ +`. Case is ignored. */
  name: string;
  /** At least 8 characters and at most 256 bytes. */
  password: string;
}

/** An error of one field. */
export interface FieldErrorBody {
  /** The path of the field. Empty for the whole body. */
  field: string;
  /** The error, and the values that are valid. */
  problem: string;
}

export interface Health {
  /** Always `ok`. */
  status: string;
}

/** A sign of life, every 20 s. Only with `heartbeat=1`. */
export interface Heartbeat {
  type: "heartbeat";
}

/** The invite of one voter. */
export interface InviteBody {
  /** The code. It is valid for one vote. */
  code: string;
  /**
   * The page to vote with the code, if the server has web pages. Absolute if the
   * server knows its public URL.
   */
  url?: string | null;
}

/** How many invite codes a poll has. */
export interface InviteCounts {
  /** Codes without a vote. Absent like `used`. */
  left?: number | null;
  /** Codes that were created. */
  made: number;
  /** Codes with a vote. Absent while the owner may not see counts. */
  used?: number | null;
}

/** New invite codes. The server does not store them. */
export interface InvitesBody {
  invites: InviteBody[];
}

/** The poll that has a join code. */
export interface JoinedPoll {
  id: string;
  /**
   * The poll's web page: absolute if the server knows its public URL, otherwise a path.
   * Absent if there are no web pages.
   */
  url?: string | null;
}

/** A poll in a list. */
export type ListedPoll = PollSummary & Totals & {
  /** True if `description` is only the beginning. Otherwise absent. */
  description_truncated?: boolean | null;
  /** Only with `include=options`. */
  options?: PollOption[] | null;
};

/** A new login. Browsers also get the token as a cookie. */
export interface Login {
  /** The time at which the token expires, unless it is revoked before. */
  expires_at: string;
  /** The token, for the header `Authorization: Bearer …`. */
  token: string;
  /** Always `Bearer`. */
  token_type: string;
  user: User;
}

/** The counting method. */
export type Method = "plurality" | "approval";

/** A vote: `option_id` or `option_ids`, by the kind of the poll. */
export interface NewBallot {
  /**
   * A random UUID of the client. A retry of the vote with the same id has no further
   * effect. The header `Idempotency-Key` has the same meaning.
   */
  ballot_id?: string | null;
  /** The option, in a poll of kind `single`. */
  option_id?: string | null;
  /** The options, in a poll of kind `multiple`. */
  option_ids?: string[] | null;
}

/** The part that is equal for all voters of a batch. */
export type NewCounts = Totals & {
  /**
   * The counts right after the vote. Without `count` while results are hidden from the
   * voter.
   */
  new_counts: Count[];
};

/** A number of invite codes to create. */
export interface NewInvites {
  /** Number of codes. */
  count: number;
}

/** A new option. */
export type NewOption = string | {
  /** The text. */
  text: string;
};

/**
 * A new poll. Only `title` and `options` are required.
 *
 * Texts are trimmed and stored in Unicode NFC. Lengths are in characters of NFC. A text
 * needs a visible character, and has no control characters and no directional overrides
 * (U+202D, U+202E).
 */
export interface NewPoll {
  address_quota?: AddressQuota | null;
  /** Defaults to `{"kind": "single"}`. */
  ballot?: BallotKind;
  /** A category, in one line. */
  category?: string | null;
  /** Defaults to none: the owner closes the poll. */
  closes_at?: string | null;
  /** Further text. May have several lines. */
  description?: string | null;
  /** An id of the host's own, for lists. No control characters. */
  external_ref?: string | null;
  /** Data of the host's own, at most 4 096 bytes of JSON without blanks. */
  metadata?: Record<string, unknown> | null;
  /** Defaults to none: the poll is open from its creation. */
  opens_at?: string | null;
  /**
   * The options, in one line each. No two look the same: composition, width, spaces and
   * invisible characters make no difference. Case does.
   */
  options: NewOption[];
  /** Defaults to `live`. */
  results?: Results;
  /** True if a voter may change or withdraw the vote. Defaults to `false`. */
  revote?: boolean;
  /** The question, in one line. */
  title: string;
  /**
   * Defaults to `unlisted` if `voters` is `account` or `invite`, otherwise to the default
   * of the server.
   */
  visibility?: Visibility;
  /** Defaults to `browser`. */
  voters?: Voters;
}

/** The caller's own vote. */
export interface OwnBallot {
  ballot_id: string;
  cast_at: string;
  /** The option, in a poll of kind `single`. */
  option_id?: string | null;
  /** The options, in a poll of kind `multiple`. */
  option_ids?: string[] | null;
  poll_id: string;
}

/** The caller's own vote, or the state of the ballot in `ballot_id`. */
export type OwnVote = OwnBallot | VoteStatus;

/** The position of the page. */
export interface Pagination {
  limit: number;
  /**
   * The cursor of the next page, for `after`. `null` on the last page. A page ends
   * early, with fewer polls than `limit`, at 1 MiB.
   */
  next?: string | null;
  /** The number of the page. `null` for a page after a cursor. */
  page?: number | null;
  /** Number of pages with a page number. */
  pages: number;
  /** Number of polls on all pages, up to 10 000. At most 5 s old. */
  total: number;
  /** True if there are more polls than `total`. */
  total_is_more: boolean;
}

/** A change of the caller's own password. */
export interface PasswordChange {
  /** The password until now. */
  current_password: string;
  /** At least 8 characters and at most 256 bytes. */
  new_password: string;
}

/** A poll with its options and counts. */
export type Poll = PollSummary & Totals & {
  options: PollOption[];
};

/**
 * A change of a poll. Absent fields do not change. After the first vote, only texts,
 * `closes_at`, `visibility`, `external_ref` and `metadata` can change. Texts follow the same rules as in a new poll.
 */
export interface PollChange {
  address_quota?: AddressQuota | null;
  ballot?: BallotKind;
  /** `null` removes the category. */
  category?: string | null;
  /** `null` removes the time: the owner closes the poll. */
  closes_at?: string | null;
  description?: string | null;
  /** `null` removes the id. */
  external_ref?: string | null;
  /** `null` removes the data. */
  metadata?: Record<string, unknown> | null;
  /** `null` removes the time: the poll is open from its creation. */
  opens_at?: string | null;
  /** The complete new list. */
  options?: ChangedOption[];
  results?: Results;
  revote?: boolean;
  title?: string;
  /**
   * A poll whose `voters` become `account` or `invite` becomes `unlisted`, unless this
   * says otherwise.
   */
  visibility?: Visibility;
  voters?: Voters;
}

/** The poll after a change of its owner or host. */
export interface PollChanged {
  poll: Poll;
  poll_id: string;
  type: "poll_changed";
}

/** The state of a poll that has closed. */
export type PollClosed = {
  type: "poll_closed";
} & Totals & {
  /** True once the poll is sealed: the result no longer changes. */
  final: boolean;
  /** All options, in the poll's order. */
  options: Count[];
  poll_id: string;
};

/** The poll was deleted. The stream ends. */
export interface PollDeleted {
  poll_id: string;
  type: "poll_deleted";
}

/** A poll with options and statistics in separate objects. */
export interface PollDetails {
  options: PollOption[];
  poll: PollSummary;
  stats: PollStats;
}

/** One option of a poll. */
export interface PollOption {
  /** Absent while results are hidden from the caller. */
  count?: number | null;
  id: string;
  image_url?: string | null;
  text: string;
}

/** One page of polls. */
export interface PollPage {
  pagination: Pagination;
  polls: ListedPoll[];
}

/**
 * The result of a poll. Counts, leaders and `total_votes` are absent while results are
 * hidden from the caller.
 */
export type PollResult = Totals & {
  /** True once the poll is sealed: votes and edits no longer change the result. */
  final: boolean;
  /**
   * The options with the most votes. Several if they are tied, none before the first
   * vote.
   */
  leaders?: string[] | null;
  method: Method;
  options: PollOption[];
  poll_id: string;
  precision: Precision;
  status: Status;
};

/** Statistics of a poll. */
export type PollStats = Totals & {
  /** Current number of viewers. At most 5 s old. */
  viewers: number;
};

/** A poll without its options and counts. */
export interface PollSummary {
  address_quota?: AddressQuota | null;
  ballot: BallotKind;
  category?: string | null;
  closes_at?: string | null;
  created_at: string;
  /** May be empty. In lists at most 300 characters. */
  description: string;
  /** The time of the last edit of a text after the first vote. */
  edited_at?: string | null;
  /**
   * The host's own id for the poll, if it has one. Only for the owner, unless the host
   * shows it to everybody.
   */
  external_ref?: string | null;
  /** True once the poll is sealed: votes and edits no longer change the result. */
  final: boolean;
  id: string;
  /** The short code of the poll, until 7 days after its close. */
  join_code?: string | null;
  /**
   * The host's own data, if the poll has some. Only for the owner, unless the host shows
   * it to everybody.
   */
  metadata?: Record<string, unknown> | null;
  /** `null`: open from its creation. */
  opens_at?: string | null;
  results: Results;
  revote: boolean;
  status: Status;
  title: string;
  /**
   * The poll's web page: absolute if the server knows its public URL, otherwise a path.
   * Absent if there are no web pages, and in streams.
   */
  url?: string | null;
  visibility: Visibility;
  voters: Voters;
}

/** The current state of a poll. The first message of every stream. */
export type PollUpdated = {
  type: "poll_updated";
} & Totals & {
  /**
   * True from the closing until `poll_closed`, while queued votes are counted; otherwise
   * absent.
   */
  counting?: boolean;
  /** All options, in the poll's order. */
  options: Count[];
  poll_id: string;
  /** `provisional` while a queue may hold votes that are not counted yet; otherwise absent. */
  precision?: Precision;
  /** Current number of viewers. At most 5 s old. */
  viewers: number;
};

/** The precision of the counts. */
export type Precision = "exact" | "provisional";

/** An error (RFC 9457). */
export interface Problem {
  /** A stable name of the kind of error, for programs. */
  code: string;
  /** More about this occurrence. */
  detail?: string;
  /** All invalid fields of the request. */
  errors?: FieldErrorBody[];
  /** With code `internal`: the id of the entry in the server's log. */
  id?: string | null;
  /** Seconds to wait before a retry, as in `Retry-After`. */
  retry_after?: number | null;
  /** The HTTP status of the response. */
  status: number;
  /** The kind of error, for people. */
  title: string;
}

/** The response to a vote or a withdrawal that a queue has. It is counted or refused later. */
export interface QueuedVote {
  ballot_id: string;
  /** Always `queued`. */
  status: string;
  /** Always `true`. */
  success: boolean;
}

/** The readiness of the server and of its components. */
export interface Readiness {
  parts: ComponentReadiness[];
  /** True if every required component responds. */
  ready: boolean;
}

/** Requests the current state. Answered with `poll_updated` or `error`. */
export interface Refresh {
  type: "refresh";
}

/** The audience that sees the counts. */
export type Results = "live" | "after_vote" | "after_close";

export type ServerMessage = PollUpdated | PollClosed | VoteSubmitted | PollChanged | PollDeleted | Heartbeat | VoteQueued | VoteConfirmed | VoteRejected | StreamError;

/** The status of a poll. */
export type Status = "scheduled" | "open" | "closed";

/**
 * The reply to a message that is none of a client's, or to a `refresh` that failed. The
 * stream stays open.
 */
export interface StreamError {
  /** `malformed_message`, or the code of a problem. */
  code: string;
  /** More about this occurrence. */
  detail?: string;
  type: "error";
}

/**
 * Totals over all options, and the position in the poll's history.
 *
 * While results are hidden from the caller, `version` replaces `total_votes` and
 * `revision`.
 */
export interface Totals {
  /** Increases when the tally is repaired or the store may have lost writes. */
  epoch: number;
  /** Increases with every vote and every change. */
  revision?: number | null;
  /** Number of active votes. */
  total_votes?: number | null;
  /** Increases with edits and closing only. Present while `revision` is hidden. */
  version?: number | null;
}

/** The polls with the most recent activity, busiest first. At most 1 MiB of polls. */
export interface Trending {
  polls: ListedPoll[];
}

/** A user. Only that user can read it. */
export interface User {
  created_at: string;
  id: string;
  /** The name as it was registered. */
  name: string;
}

/** Whether lists and searches contain a poll. Everybody who has its id can read it. */
export type Visibility = "public" | "unlisted";

/**
 * Casts a vote. Answered with `vote_confirmed` or `vote_rejected`,
 * with a queue first with `vote_queued`.
 */
export type Vote = {
  type: "vote";
} & NewBallot & {
  /** Any text of the client. The reply contains it too. */
  request_id?: string;
};

/** The reply to a vote that counts. */
export type VoteConfirmed = {
  type: "vote_confirmed";
} & VoteReceipt & {
  /** The `request_id` of the vote, if it had one. */
  request_id?: string;
};

/**
 * The reply to a vote that a queue has. `vote_confirmed` or `vote_rejected` follows, once
 * the vote was counted or refused.
 */
export type VoteQueued = {
  type: "vote_queued";
} & QueuedVote & {
  /** The `request_id` of the vote, if it had one. */
  request_id?: string;
};

/** The response to an accepted vote or withdrawal. */
export type VoteReceipt = NewCounts & {
  ballot_id: string;
  /** Always `true`. */
  success: boolean;
};

/** The reply to a vote that does not count. */
export type VoteRejected = {
  type: "vote_rejected";
} & Problem & {
  /** The `request_id` of the vote, if it had one. */
  request_id?: string;
};

/** What became of a ballot of the caller. */
export interface VoteStatus {
  ballot_id: string;
  /** Why the ballot was refused: the code of a problem, as in the response to a vote. */
  code?: string;
  status: VoteStatusName;
}

/** The state of a ballot. */
export type VoteStatusName = "queued" | "counted" | "refused";

/**
 * One vote, in a sample of at most 32 for each `poll_updated`. Only with `events=votes`,
 * in a poll of kind `single`, while counts are shown.
 */
export interface VoteSubmitted {
  /** The count of the option. */
  new_count: number;
  /** The chosen option. */
  option_id: string;
  poll_id: string;
  revision: number;
  total_votes: number;
  type: "vote_submitted";
}

/** The identity by which voters are distinguished. */
export type Voters = "browser" | "ip" | "account" | "invite";
