import { VotifyClient } from "./votify.js";
import { addLanguage, Formatter, languageListeners, loadTexts } from "./poll/language.js";
import { Announcer, loginUrl, nextChange, problemText } from "./poll/model.js";
import { PollSession } from "./poll/session.js";
import { create, PollView } from "./poll/view.js";

/** The folder of the files. A Votify server serves it at its base URL. */
const FOLDER = new URL(".", import.meta.url);

/** The custom element `<votify-poll>`. `votify-poll.d.ts` describes its API. */
export class VotifyPoll extends HTMLElement {
  static observedAttributes = ["poll", "server", "invite", "lang", "heading-level", "order", "login-url"];

  #token;
  #session = null;
  /** The session whose stream is open. It is shown once texts and style are loaded. */
  #opened = null;
  #view = null;
  #announcer = null;
  #format = new Formatter();
  #starts = 0;
  #countdown;
  #own = [];

  constructor() {
    super();
    // A root from the server stays until the poll is loaded.
    if (!this.shadowRoot) this.attachShadow({ mode: "open" });
  }

  get poll() { return this.getAttribute("poll") ?? ""; }
  set poll(id) { this.setAttribute("poll", id); }

  get server() { return new URL(this.getAttribute("server") || FOLDER, document.baseURI).href.replace(/\/?$/, "/"); }
  set server(url) { this.setAttribute("server", url); }

  get order() { return this.getAttribute("order") === "count" ? "count" : "poll"; }
  set order(order) { this.setAttribute("order", order); }

  get token() { return this.#token; }
  set token(token) {
    this.#token = token;
    if (this.isConnected) this.#start();
  }

  get state() { return this.#session?.model.state ?? null; }
  get choice() { return this.#view?.rows.choice ?? []; }

  refresh() { this.#session?.refresh(); }

  connectedCallback() {
    // A property that was set before the element was defined hides the setter.
    if (Object.hasOwn(this, "token")) {
      this.#token = this.token;
      delete this.token;
    }
    languageListeners.add(this.#start);
    this.#start();
  }

  disconnectedCallback() {
    languageListeners.delete(this.#start);
    this.#stop();
  }

  attributeChangedCallback(name, before, after) {
    if (before === after || !this.isConnected || this.#starts === 0) return;
    if (name === "order" || name === "login-url") this.#render();
    else this.#start();
  }

  #stop() {
    this.#starts += 1;
    this.#opened?.close();
    this.#opened = this.#session = null;
    this.#announcer?.stop();
    clearTimeout(this.#countdown);
  }

  #start = async () => {
    this.#stop();
    const start = this.#starts;
    // Several attributes may change at once.
    await null;
    if (start !== this.#starts) return;
    // The poll is read while texts and style are loaded.
    const session = this.#opened = this.#open();
    const page = this.closest("[lang]") ?? document.documentElement;
    const [{ language, texts }] = await Promise.all([loadTexts(page.lang), this.#loadStyle()]);
    if (start !== this.#starts) return;
    this.#format = new Formatter(language, texts);
    this.#session = session;
    this.#own = [];
    this.#createView();
    if (session) this.#render();
    else this.#showBanner(this.#format.text("error_not_configured"));
  };

  /** Opens the poll. Returns `null` if the attributes name none. */
  #open() {
    if (!this.poll || !URL.canParse(this.getAttribute("server") || FOLDER, document.baseURI)) return null;
    const client = new VotifyClient({ server: this.server, token: this.#token });
    return new PollSession(client, this.poll, this.getAttribute("invite"), () => this.#render(), this.#emit);
  }

  #createView() {
    const level = this.getAttribute("heading-level");
    const act = (action) => (...args) => this.#session?.[action](...args);
    this.#view = new PollView({
      vote: () => {
        if (!this.#session?.vote(this.choice)) this.#view.rows.focusFirst();
      },
      withdraw: act("withdraw"),
      choose: act("choose"),
      enterCode: (code) => {
        this.#view.code.focus();
        this.#session?.enterCode(code);
      },
      sort: () => { this.order = this.order === "count" ? "poll" : "count"; },
      share: () => this.#share(),
      retry: () => this.#start(),
    }, /^[1-6]$/.test(level) ? level : 2);
    this.#announcer = new Announcer(this.#view.announcer);
  }

  /** Resolves once the stylesheet is loaded, so that nothing is shown without it. */
  #loadStyle() {
    if (this.shadowRoot.querySelector("link")) return null;
    const link = create("link", "", { rel: "stylesheet", href: new URL("votify-poll.css", FOLDER) });
    return new Promise((resolve) => {
      link.onload = link.onerror = () => {
        // The place of the poll, until it is known.
        if (!this.#view) this.shadowRoot.append(create("div", "skeleton"));
        resolve();
      };
      this.shadowRoot.append(link);
    });
  }

  #render() {
    const model = this.#session?.model;
    if (!model || !this.#view) return;
    const { state: { poll, ended }, own } = model;
    if (!poll || ended === "deleted" || ended === "refused") return this.#showFailure(model);
    if (!model.isReady) return;
    Object.assign(model, { order: this.order, loginUrl: this.#loginUrl(), server: this.server });
    const former = this.#view.section.isConnected ? null : this.#mount();
    this.#view.update(model, this.#format);
    if (own !== this.#own || former?.choice.length) {
      this.#own = own;
      this.#view.rows.choice = former?.choice.length ? former.choice : own;
      this.#view.update(model, this.#format);
    }
    former?.restoreFocus();
    this.#announcer.update(model, this.#format);
    this.#tick();
  }

  #showFailure({ state: { ended, error }, isReady }) {
    if (ended === "closed" || !(ended || error)) return;
    // What the server rendered is usable until the server answers.
    if (!ended && this.shadowRoot.querySelector(".poll")) return;
    const missing = isReady ? "poll_deleted" : "poll_not_found";
    const code = ended === "deleted" ? missing : error.isTemporary ? "unreachable" : error.code;
    // A browser does not say that the server refused another origin.
    const variant = this.server.startsWith(`${location.origin}/`) ? "" : "foreign";
    this.#showBanner(problemText({ ...error, code, message: error?.message }, this.#format, variant));
  }

  #showBanner(text) {
    if (!this.#view.section.isConnected) this.#mount();
    this.#view.showBanner(text, this.#format);
  }

  /** Puts the elements into the page, in place of those from the server. Returns what was
   *  chosen there, and a function that moves the focus to the same place. */
  #mount() {
    const root = this.shadowRoot;
    const focused = root.activeElement;
    const choice = [...root.querySelectorAll(".pick:checked")].map((pick) => pick.value);
    for (const node of root.querySelectorAll(".poll, .skeleton")) node.remove();
    root.append(this.#view.section);
    const restoreFocus = () => {
      if (!focused) return;
      const same = root.getElementById(focused.id) ?? (focused.type === "submit" ? this.#view.vote : this.#view.title);
      (same.closest("[hidden]") ? this.#view.title : same).focus({ preventScroll: true });
    };
    return { choice, restoreFocus };
  }

  /** Updates the countdown each second until its time. */
  #tick() {
    clearTimeout(this.#countdown);
    if (!(Date.parse(nextChange(this.state)) > Date.now())) return;
    this.#countdown = setTimeout(() => {
      this.#view.updateDeadline(this.state, this.#format);
      this.#tick();
    }, 1000);
  }

  /** Returns the URL of the log-in page, which leads back here. */
  #loginUrl() {
    const template = this.getAttribute("login-url");
    if (template === null) return loginUrl(this.server, this.poll, location);
    return template.replace("{url}", encodeURIComponent(location.href));
  }

  async #share() {
    const { title, url } = this.state.poll;
    const link = new URL(url ?? `p/${this.poll}`, this.server).href;
    try {
      if (navigator.share) return await navigator.share({ title, url: link });
      await navigator.clipboard.writeText(link);
      this.#announcer.say(this.#format.text("link_copied"));
    } catch {
      // The user closed the dialog.
    }
  }

  #emit = (type, detail) => {
    this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail: { poll: this.poll, ...detail } }));
  };
}

if (!customElements.get("votify-poll")) customElements.define("votify-poll", VotifyPoll);

export { addLanguage };
