import { canVote, canWithdraw, choiceProblem, isSameChoice, neededStep } from "./model.js";

/** The pause before the caller's state is requested again, in milliseconds. */
const RETRY = 3000;
/** The longest pause between two questions about a queued vote, in milliseconds. */
const MAX_PAUSE = 10_000;

/** Calls a method of the storage of this tab, which outlives a reload of the page. */
function storage(method, ...values) {
  try {
    return sessionStorage[method](...values);
  } catch {
    // Storage may be forbidden.
    return null;
  }
}

const inviteKey = (poll) => `votify-invite-${poll}`;

/** Returns the invite code from the link that led here, or as it was entered in this tab. */
export const findInvite = (poll) => new URLSearchParams(location.search).get("invite") || storage("getItem", inviteKey(poll));

/** Moves the code from the address bar to the tab, so that a copied link does not have it.
 *  Without storage it stays there. */
export function keepInvite(poll, code) {
  if (storage("setItem", inviteKey(poll), code) === null) return;
  const url = new URL(location.href);
  if (url.searchParams.get("invite") !== code) return;
  url.searchParams.delete("invite");
  history.replaceState(history.state, "", url);
}

/** A poll as one caller sees it, and the caller's votes. It owns the model. */
export class PollSession {
  #client;
  #poll;
  #key;
  #stream;
  #changed;
  #emit;
  #isClosed = false;
  #loads = 0;
  /** Reaches the windows of this browser that show the poll. */
  #windows;

  /** `changed` is called after each change of `model`, and `emit` with each event for hosts. */
  constructor(client, poll, invite, changed, emit) {
    this.#client = client;
    this.#poll = poll;
    this.#key = `votify-vote-${poll}`;
    this.#changed = changed;
    this.#emit = emit;
    this.model = {
      state: null, caller: null, own: [], invite: invite ?? findInvite(poll), pending: null, confirmation: null,
      problem: null, refusal: null, blocked: null, codeProblem: null, isReady: false,
    };
    this.#watch();
    // Another window of the browser may vote, log in or log out.
    try {
      this.#windows = new BroadcastChannel(this.#key);
      this.#windows.onmessage = this.#recheck;
    } catch {
      // Forbidden like storage, in some browsers.
    }
    addEventListener("focus", this.#recheck);
  }

  close() {
    this.#isClosed = true;
    this.#stream.close();
    this.#windows?.close();
    removeEventListener("focus", this.#recheck);
  }

  #recheck = ({ type }) => {
    const { caller, invite, pending, confirmation } = this.model;
    // The server limits requests with a code.
    if (type === "focus" && invite) return;
    if (caller && !pending && confirmation !== "queued") this.#loadCaller();
  };

  refresh() {
    this.#stream.refresh();
    this.#loadCaller();
  }

  #set(change) {
    Object.assign(this.model, change);
    if (!this.#isClosed) this.#changed();
  }

  #watch() {
    this.#stream?.close();
    const stream = this.#client.watch(this.#poll, { invite: this.model.invite });
    this.#stream = stream;
    this.model.state ??= stream.state;
    stream.addEventListener("change", () => {
      if (stream === this.#stream && !this.#isClosed) this.#takeState(stream.state);
    });
  }

  #takeState(received) {
    const { state: before, invite } = this.model;
    // A stream that replaces another has read no poll at first.
    const { poll: known, options, totalVotes, countsHidden } = before;
    const state = received.poll ? received : { ...received, poll: known, options, totalVotes, countsHidden };
    const { poll } = state;
    if (poll && !before.poll) {
      // The parameter may be the host's own in other polls.
      if (poll.voters !== "invite") this.model.invite = null;
      else if (invite) keepInvite(this.#poll, invite);
    }
    this.#set({ state });
    this.#emit("votify-change", { state });
    const isBack = ["reconnecting", "offline"].includes(before.connection) && state.connection === "live";
    // The first answer starts the session, so the caller's state is read after it.
    if (poll && (isBack || before.poll?.status !== poll.status)) this.#loadCaller();
    if (state.ended === "refused") this.#emit("votify-error", { error: state.error });
  }

  /** Reads what holds for the caller: the own vote, and whether voting is possible. */
  async #loadCaller() {
    const { model } = this;
    const options = { invite: model.invite };
    const load = (this.#loads += 1);
    try {
      const caller = await this.#client.getCallerState(this.#poll, options);
      const ballot = caller.voted ? await this.#client.getOwnBallot(this.#poll, options) : null;
      // A vote may have changed the answer in the meantime.
      if (load !== this.#loads || this.#isClosed) return;
      const own = ballot ? ballot.option_ids ?? [ballot.option_id] : [];
      model.caller = caller;
      model.blocked = null;
      if (!isSameChoice(own, model.own)) Object.assign(model, { own, confirmation: null });
      if (ballot) model.confirmation ??= "voted";
      if (model.invite && caller.reason === "invite_invalid") model.codeProblem = "invite_unknown";
    } catch (error) {
      if (this.#isClosed) return;
      if (error.isTemporary) setTimeout(() => this.#isClosed || this.#loadCaller(), RETRY);
      else model.blocked = error;
    }
    this.#set({ isReady: true });
    this.#resume();
  }

  /** Uses the code that the voter entered. */
  enterCode(code) {
    if (!code) return this.#set({ codeProblem: "invite_missing" });
    keepInvite(this.#poll, code);
    this.#set({ invite: code, codeProblem: null });
    // The stream needs the code, for counts that only voters see.
    this.#watch();
    return this.#loadCaller();
  }

  /** Removes the error, because the voter changes the choice. */
  choose() {
    this.#set({ problem: null, refusal: null });
  }

  /** Sends a vote. Returns false if something is wrong with the choice. */
  vote(choice) {
    const { model } = this;
    if (model.pending || !canVote(model)) return true;
    const problem = choiceProblem(model.state, choice);
    this.#set({ problem, refusal: null });
    if (!problem && !(model.caller?.voted && isSameChoice(choice, model.own))) this.#send(choice);
    return !problem;
  }

  /** Sends a vote, or a withdrawal if nothing is chosen. */
  #send(choice, ballotId) {
    const { state, invite, caller } = this.model;
    const options = { invite, ballotId, voter: caller?.voter };
    const isVote = choice.length > 0;
    const body = state.poll.ballot.kind === "single" ? { option_id: choice[0] } : { option_ids: choice };
    const pending = isVote ? this.#client.vote(this.#poll, body, options) : this.#client.withdrawVote(this.#poll, options);
    // A page that is reloaded meanwhile continues under the same id. `null` is a voter whose
    // tag is not known yet, or who has none.
    this.#stored = { ballotId: pending.ballotId, choice, voter: caller?.voter ?? null, replaced: caller?.ballot_id ?? null };
    this.#follow(pending, choice, !isVote ? "withdrawn" : caller?.voted ? "changed" : "counted");
  }

  /** The vote that is not settled, or `null`. */
  get #stored() { return JSON.parse(storage("getItem", this.#key)); }
  set #stored(vote) { storage("setItem", this.#key, JSON.stringify(vote)); }

  withdraw() {
    const { model } = this;
    if (!model.pending && canWithdraw(model)) this.#send([]);
  }

  /** Continues the vote that an earlier page of this tab sent, unless it is settled, or the
   *  caller is another voter or has voted since then. */
  #resume() {
    const { model } = this;
    const { caller } = model;
    const stored = this.#stored;
    // The voter of the stored vote may log in or enter the code.
    if (!stored || model.pending || !caller || neededStep(model)) return;
    const { ballotId, choice, voter, replaced, isQueued } = stored;
    const isVote = choice.length > 0;
    const isSameVoter = voter === caller.voter;
    const hasArrived = isVote ? ballotId === caller.ballot_id : isSameVoter && !caller.voted;
    if (hasArrived) return this.#settle(ballotId, model.own, isVote ? "counted" : "withdrawn");
    const isNewest = replaced === caller.ballot_id;
    if (isSameVoter && isNewest && canVote(model)) return this.#send(choice, ballotId);
    this.#stored = null;
    const code = !isSameVoter ? "voter_changed" : isNewest ? caller.reason : "voted_since";
    // A queued vote may still be counted.
    if (!isQueued) this.#set({ refusal: { code } });
  }

  async #follow(pending, choice, confirmation) {
    this.#set({ pending, problem: null, refusal: null, confirmation: null });
    pending.addEventListener("change", () => this.#set({}));
    try {
      const { status } = await pending.result;
      if (status === "queued" && !(await this.#awaitCount(pending.ballotId, choice))) return;
      this.#settle(pending.ballotId, choice, confirmation);
    } catch (error) {
      this.#refuse(error);
    }
  }

  /** Returns true once the server has counted a queued vote, and false if the page is left
   *  before. */
  async #awaitCount(ballotId, choice) {
    this.#settle(ballotId, choice, "queued");
    this.#stored = { ...this.#stored, isQueued: true };
    const query = { ballot_id: ballotId, invite: this.model.invite };
    for (let time = 1000; !this.#isClosed; time = Math.min(2 * time, MAX_PAUSE)) {
      await new Promise((resolve) => { setTimeout(resolve, time); });
      try {
        const vote = await this.#client.request("GET", `api/polls/${this.#poll}/vote`, { query });
        if (vote.status === "refused") throw vote;
        if (vote.status !== "queued") return true;
      } catch (error) {
        if (!error.isTemporary) throw error;
      }
    }
    return false;
  }

  #settle(ballotId, choice, confirmation) {
    const { model } = this;
    const voted = choice.length > 0;
    const can_vote = !voted || model.state.poll.revote;
    this.#loads += 1;
    if (confirmation !== "queued") this.#stored = null;
    this.#set({
      caller: { ...model.caller, voted, can_vote, reason: null, ballot_id: ballotId },
      own: choice, pending: null, confirmation,
    });
    if (!this.#isClosed) this.#windows?.postMessage(null);
    this.#emit("votify-vote", { option_ids: choice, ballot_id: ballotId, status: confirmation });
  }

  #refuse(error) {
    const { code } = error;
    this.#stored = null;
    this.#set({ pending: null, confirmation: null });
    // The form for the code or for the log-in says it otherwise.
    if (code === "invite_invalid") this.#set({ codeProblem: "invite_unknown" });
    else if (code !== "not_logged_in") this.#set({ refusal: error });
    this.#emit("votify-error", { error });
    this.#loadCaller();
  }
}
