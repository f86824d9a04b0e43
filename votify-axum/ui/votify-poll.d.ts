/**
 * The custom element `<votify-poll>`: shows a poll, casts votes and follows the results.
 *
 * ```html
 * <script type="module" src="https://polls.example.org/votify-poll.js"></script>
 * <votify-poll poll="0199aa3e-0000-7000-8000-000000000001"></votify-poll>
 * ```
 *
 * `docs/poll-element.md` describes attributes, events and the look.
 */

import type { PollState, VotifyError } from "./votify.js";

/** The texts of a language. The keys are those of `locales/en.js`. */
export type Texts = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;

/**
 * Adds a language, before the first element is in the page: its texts, or the URL of a JSON
 * file with them. Texts that are missing are English.
 */
export function addLanguage(language: string, texts: Texts | string | URL): void;

export class VotifyPoll extends HTMLElement {
  /** The id of the poll. The attribute `poll`. */
  poll: string;
  /** The base URL of the server. Defaults to the folder of `votify-poll.js`. */
  get server(): string;
  set server(url: string | URL);
  /** The order of the options: the poll's, or the most votes first. Defaults to `poll`. */
  order: "poll" | "count";
  /** A bearer token, or a function that returns it. Only a property, not an attribute. */
  token: string | (() => string | null | undefined | Promise<string | null | undefined>) | undefined;
  /** What is known of the poll, or `null` before the first start. */
  readonly state: PollState | null;
  /** The ids of the options that are chosen now, sent or not. */
  readonly choice: readonly string[];
  /** Reads the poll and the own vote again. */
  refresh(): void;
}

/** The poll changed: counts, texts, state or connection. */
export interface PollChangeDetail {
  poll: string;
  state: PollState;
}

/** The viewer's vote was counted, changed, withdrawn or queued. */
export interface PollVoteDetail {
  poll: string;
  /** The options. Empty if the vote was withdrawn. */
  option_ids: readonly string[];
  ballot_id: string;
  status: "counted" | "changed" | "withdrawn" | "queued";
}

/** The vote or the poll was refused. */
export interface PollErrorDetail {
  poll: string;
  error: VotifyError;
}

declare global {
  interface HTMLElementTagNameMap {
    "votify-poll": VotifyPoll;
  }
  interface GlobalEventHandlersEventMap {
    "votify-change": CustomEvent<PollChangeDetail>;
    "votify-vote": CustomEvent<PollVoteDetail>;
    "votify-error": CustomEvent<PollErrorDetail>;
  }
}
