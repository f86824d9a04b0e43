import { results } from "./model.js";
import { confirmationText, statusName, summary } from "./wording.js";

/** Results are read out at most this often, in milliseconds. */
const RESULTS_INTERVAL = 30_000;
/** A connection that is lost for a shorter time is not mentioned, in milliseconds. */
const LOST_AFTER = 3000;

/** Tells screen readers politely about the own vote, the poll's state and its results. */
export class Announcer {
  #region;
  #texts = [];
  #timer;
  #last = null;
  #lastSummary;
  #summaryAt = Date.now();
  #lostTimer;
  #wasLost = false;

  constructor(region) {
    this.#region = region;
  }

  say(text) {
    this.#texts.push(text);
    this.#timer ??= setTimeout(() => {
      const said = this.#texts.join(" ");
      // The same text again is read only if it differs.
      this.#region.textContent = said === this.#region.textContent ? `${said}\u00a0` : said;
      this.#texts = [];
      this.#timer = undefined;
    }, 100);
  }

  stop() {
    clearTimeout(this.#lostTimer);
    this.#lostTimer = undefined;
  }

  update(model, format) {
    const { state, caller } = model;
    const before = this.#last;
    const now = { confirmation: confirmationText(model, format), status: statusName(state) };
    this.#last = now;
    this.#updateConnection(state.connection, format);
    if (!before) return;
    const texts = [];
    if (now.confirmation !== before.confirmation) texts.push(now.confirmation);
    const key = { open: "now_open", closed: "now_closed", final: "now_final" }[now.status];
    if (now.status !== before.status && key) texts.push(format.text(key));
    const rows = results(state);
    const text = rows && summary(state, rows, format);
    const isDue = caller?.voted && Date.now() - this.#summaryAt > RESULTS_INTERVAL;
    if (text && text !== this.#lastSummary && (isDue || texts.some(Boolean))) {
      texts.push(text);
      this.#lastSummary = text;
      this.#summaryAt = Date.now();
    }
    if (texts.some(Boolean)) this.say(texts.join(" "));
  }

  #updateConnection(connection, format) {
    if (connection === "reconnecting" || connection === "offline") {
      this.#lostTimer ??= setTimeout(() => {
        this.#wasLost = true;
        this.say(format.text("connection_lost"));
      }, LOST_AFTER);
      return;
    }
    this.stop();
    if (this.#wasLost && connection === "live") this.say(format.text("live_again"));
    this.#wasLost &&= connection !== "live";
  }
}
