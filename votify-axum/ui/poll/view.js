import {
  canVote, canWithdraw, choiceProblem, confirmationText, countdown, errorText, hint,
  isSameChoice, legend, neededStep, nextChange, optionOrder, results, statusName,
  votesText,
} from "./model.js";

/**
 * Creates an element. Its classes are its parts too, so that hosts can style it. Children
 * that are no nodes and no strings are its attributes.
 */
export function create(name, classes, ...content) {
  return fill(document.createElement(name), classes, content);
}

function createSvg(name, classes, ...content) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), classes, content);
}

function fill(node, classes, content) {
  if (classes) {
    node.setAttribute("class", classes);
    node.setAttribute("part", classes);
  }
  for (const item of content) {
    if (typeof item === "string" || item instanceof Node) node.append(item);
    else Object.entries(item).forEach(([key, value]) => node.setAttribute(key, value));
  }
  return node;
}

/** Adds or removes a class, and the part of the same name. */
function toggle(node, name, isSet) {
  node.classList.toggle(name, Boolean(isSet));
  node.part.toggle(name, Boolean(isSet));
}

/** Sets an attribute if it has another value. `null` and `false` remove it. */
function setAttribute(node, name, value) {
  if (value === false || (value ?? null) === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Sets the text if it is another one, so that a selection in it stays. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows the node with this text, or hides it without one. */
function showText(node, text) {
  setText(node, text || "");
  node.hidden = !text;
}

const checkIcon = () => createSvg("svg", "icon", { viewBox: "0 0 16 16", "aria-hidden": true },
  createSvg("path", "", { d: "M3 8.5l3.2 3.2L13 4.8" }));

/** The rows of the options. They are updated in place, so that focus and selection stay. */
class OptionRows {
  list = create("ul", "options", { role: "list" });
  #rows = new Map();
  #created = 0;

  /** The ids of the chosen options, in the poll's order. */
  get choice() {
    return [...this.#rows].filter(([, { pick }]) => pick.checked).map(([id]) => id);
  }

  set choice(ids) {
    for (const [id, { pick }] of this.#rows) pick.checked = ids.includes(id);
  }

  focusFirst() {
    this.list.querySelector("input").focus();
  }

  /** `results` has one entry for each option, or is `null`. With `isFixed`, rows do not move. */
  update(model, results, isVotable, isFixed, format) {
    const { state: { poll, options }, order, own, server } = model;
    const rows = new Map(options.map(({ id }) => [id, this.#rows.get(id) ?? this.#createRow(id)]));
    for (const [id, { item }] of this.#rows) if (!rows.has(id)) item.remove();
    this.#rows = rows;
    options.forEach((option, index) => {
      const row = rows.get(option.id);
      const result = results?.[index];
      const isOwn = own.includes(option.id);
      setText(row.text, option.text);
      showPicture(row, option, server);
      setAttribute(row.pick, "type", poll.ballot.kind === "single" ? "radio" : "checkbox");
      row.pick.hidden = row.pick.disabled = !isVotable;
      toggle(row.item, "own-choice", isOwn);
      toggle(row.item, "leader", poll.final && result?.isLeader);
      row.own.hidden = !isOwn;
      setText(row.ownText, format.text("your_vote"));
      setText(row.percent, result ? format.percent(result.percent) : "");
      setText(row.count, result ? format.text("votes", { count: result.count }) : "");
      setAttribute(row.fill, "width", `${result?.share ?? 0}%`);
    });
    this.#arrange(optionOrder(options, order, results).map((index) => rows.get(options[index].id).item), isFixed);
  }

  #createRow(id) {
    const number = this.#created++;
    const pick = create("input", "pick", { type: "radio", name: "option", value: id, id: `pick-${number}`, "aria-describedby": `result-${number}` });
    const text = create("label", "text", { for: pick.id, dir: "auto" });
    const ownText = create("span");
    const own = create("span", "own", checkIcon(), ownText);
    const [percent, count] = [create("span", "percent"), create("span", "count")];
    // The width is an attribute, because strict policies forbid inline styles.
    const fill = createSvg("rect", "fill", { width: "0%", height: "100%" });
    const bar = createSvg("svg", "bar", { "aria-hidden": true }, fill);
    const result = create("span", "result", { id: `result-${number}` }, own, " ", percent, " ", bar, count);
    const item = create("li", "option", pick, text, result);
    return { item, pick, text, own, ownText, percent, fill, count };
  }

  /** Puts the rows in order. With `isFixed`, only those that are new. */
  #arrange(items, isFixed) {
    items.forEach((item, index) => {
      const there = this.list.children[index];
      if (there !== item && !(isFixed && item.isConnected)) this.list.insertBefore(item, there ?? null);
    });
  }
}

function showPicture(row, { image_url: path, image_alt: alt, text }, server) {
  if (!path) {
    row.picture?.remove();
    return;
  }
  row.picture ??= create("img", "picture", { width: 64, height: 64 });
  setAttribute(row.picture, "src", new URL(path, server).href);
  // The option's text is beside it, and is not read twice.
  setAttribute(row.picture, "alt", alt === text ? "" : alt ?? "");
  if (!row.picture.isConnected) row.text.before(row.picture);
}

/** The elements of a poll. They are created once and updated in place, so that focus and
 *  selection stay. */
export class PollView {
  rows = new OptionRows();
  #order;

  /** `actions`: `vote`, `withdraw`, `share`, `choose`, `sort`, `enterCode` and `retry`. */
  constructor(actions, headingLevel) {
    const button = (classes, type, action) => {
      const node = create("button", `button ${classes}`, { type });
      if (action) node.addEventListener("click", action);
      return node;
    };
    const form = (classes, action, ...content) => {
      const node = create("form", classes, { novalidate: "" }, ...content);
      node.addEventListener("submit", (event) => {
        event.preventDefault();
        action();
      });
      return node;
    };
    const focusable = { tabindex: -1 };

    this.title = create(`h${headingLevel}`, "title", { id: "title", dir: "auto" }, focusable);
    this.description = create("p", "description", { dir: "auto" });
    this.status = create("span", "pill");
    [this.countdown, this.time] = [create("span"), create("time")];
    this.deadline = create("span", "fact deadline", this.countdown, " ", this.time);
    [this.votes, this.viewers] = [create("span", "votes"), create("span", "viewers")];
    const audience = create("span", "fact audience", this.votes, " ", this.viewers);
    this.connection = create("span", "fact connection");
    this.edited = create("p", "note");
    const head = create("div", "head", this.title, this.description,
      create("p", "state", this.status, this.connection, audience, this.deadline), this.edited);

    this.legend = create("legend", "legend");
    this.hint = create("p", "hint", { id: "hint" });
    this.sort = button("sort", "button", actions.sort);
    [this.confirmationText, this.errorText] = [create("p"), create("p")];
    this.confirmation = create("div", "feedback confirmation", focusable, checkIcon(), this.confirmationText);
    this.error = create("div", "feedback error", { role: "alert" }, this.errorText);
    this.vote = button("primary vote", "submit");
    this.withdraw = button("withdraw", "button", actions.withdraw);
    this.share = button("share", "button", actions.share);
    this.actions = create("div", "actions", this.confirmation, this.error,
      create("div", "buttons", this.vote, this.withdraw, this.share));
    const ballot = form("ballot", actions.vote,
      create("fieldset", "choices", { "aria-describedby": "hint" }, this.legend, this.rows.list),
      create("div", "below", this.hint, this.sort), this.actions);
    ballot.addEventListener("change", actions.choose);

    this.codeLabel = create("label", "", { for: "code" });
    this.code = create("input", "code", { id: "code", autocomplete: "off", autocapitalize: "characters", spellcheck: false });
    this.enter = button("primary", "submit");
    this.codeError = create("p", "field-error", { id: "code-error", role: "alert" });
    this.invite = form("invite", () => actions.enterCode(this.code.value.trim()),
      this.codeLabel, create("div", "field", this.code, this.enter), this.codeError);
    this.login = create("a", "button primary login");

    this.retry = button("", "button", actions.retry);
    this.bannerText = create("p");
    this.banner = create("div", "banner", { role: "alert" }, this.bannerText, this.retry);
    this.content = create("div", "content", head, ballot, this.invite, this.login);
    this.announcer = create("p", "announcer", { role: "status" });
    this.section = create("section", "poll", { "aria-labelledby": "title" }, this.banner, this.content, this.announcer);
  }

  /** Shows a message in place of the poll. */
  showBanner(text, format) {
    const hadFocus = this.content.matches(":focus-within");
    setText(this.bannerText, text);
    setText(this.retry, format.text("retry"));
    this.banner.hidden = false;
    this.content.hidden = true;
    if (hadFocus) this.retry.focus();
  }

  update(model, format) {
    // Browsers forget the focus as soon as its element is hidden.
    const focused = this.section.getRootNode().activeElement;
    const { state } = model;
    const { poll } = state;
    const rows = results(state);
    const isVotable = canVote(model);
    this.banner.hidden = true;
    this.content.hidden = false;
    setAttribute(this.section, "lang", format.language);
    setAttribute(this.section, "dir", format.direction);
    toggle(this.section, "votable", isVotable);
    toggle(this.section, "counts", rows);
    toggle(this.section, "sealed", poll.final);
    this.#updateHead(state, rows, format);
    setText(this.legend, legend(model, rows, format));
    // A row does not move while it can be chosen, unless the order is changed.
    const isFixed = isVotable && (model.order === this.#order || this.rows.list.contains(focused));
    if (!isFixed) this.#order = model.order;
    this.rows.update(model, rows, isVotable, isFixed, format);
    setText(this.hint, hint(model, rows, format));
    showText(this.sort, rows && state.options.length > 2 && format.text("order_by_count"));
    setAttribute(this.sort, "aria-pressed", model.order === "count");
    this.#updateActions(model, isVotable, format);
    this.#updateSteps(model, format);
    if (!focused || (focused.isConnected && !focused.closest("[hidden]"))) return;
    if (!this.confirmation.hidden) this.confirmation.focus({ preventScroll: true });
    else if (isVotable) this.rows.focusFirst();
    else this.title.focus({ preventScroll: true });
  }

  #updateHead(state, rows, format) {
    const { poll, viewers, connection } = state;
    setText(this.title, poll.title);
    showText(this.description, poll.description);
    const status = statusName(state);
    setAttribute(this.status, "data-status", status);
    setText(this.status, format.text(status));
    this.updateDeadline(state, format);
    showText(this.votes, votesText(state, rows, format));
    showText(this.viewers, viewers > 0 && format.text("viewers", { count: viewers }));
    // A final result no longer changes, and needs no connection.
    showText(this.connection, !poll.final && connection !== "ended" && format.text(connection));
    setAttribute(this.connection, "data-connection", connection);
    showText(this.edited, poll.edited_at && format.text("edited", { time: format.time(poll.edited_at) }));
  }

  /** Shows the countdown. Its text changes while nothing else does. */
  updateDeadline(state, format) {
    const time = state.poll.status === "closed" ? state.poll.closes_at : nextChange(state);
    this.deadline.hidden = !time;
    setText(this.countdown, time ? countdown(state, format) : "");
    setText(this.time, time ? format.time(time) : "");
    setAttribute(this.time, "datetime", time);
  }

  #updateActions(model, isVotable, format) {
    const { state, caller, pending, confirmation } = model;
    const { choice } = this.rows;
    const isSame = !pending && caller?.voted && isSameChoice(choice, model.own);
    const showButton = (node, isShown, text, isDisabled) => {
      showText(node, isShown && format.text(text));
      // A disabled button would lose the focus, and could not say what is missing.
      setAttribute(node, "aria-disabled", Boolean(isDisabled));
    };
    const label = pending ? "sending" : caller?.voted ? "change" : "vote";
    showButton(this.vote, isVotable && !isSame, label, pending || choiceProblem(state, choice));
    setAttribute(this.vote, "aria-busy", Boolean(pending));
    showButton(this.withdraw, canWithdraw(model), "withdraw", pending);
    showButton(this.share, confirmation && (navigator.share ?? navigator.clipboard), "share");
    const text = confirmationText(model, format);
    setText(this.confirmationText, text);
    this.confirmation.hidden = !text;
    toggle(this.confirmation, "pending", pending || confirmation === "queued");
    const error = errorText(model, format);
    setText(this.errorText, error);
    this.error.hidden = !error;
    this.actions.hidden = !text && !error && this.vote.hidden && this.share.hidden;
  }

  #updateSteps(model, format) {
    const step = neededStep(model);
    this.invite.hidden = step !== "invite";
    setText(this.codeLabel, format.text("invite_code"));
    setText(this.enter, format.text("invite_continue"));
    showText(this.codeError, model.codeProblem && format.text(model.codeProblem));
    setAttribute(this.code, "aria-invalid", Boolean(model.codeProblem));
    setAttribute(this.code, "aria-describedby", model.codeProblem && "code-error");
    showText(this.login, step === "login" && format.text("log_in"));
    setAttribute(this.login, "href", model.loginUrl);
    // The log-in page may forbid frames.
    setAttribute(this.login, "target", window.top !== window && "_blank");
  }
}
