import { checkIcon, create, OptionRows, setAttribute, setText, showText, toggle } from "./elements.js";
import { canVote, canWithdraw, choiceProblem, isSameChoice, neededStep, optionOrder, results } from "./model.js";
import { confirmationText, countdown, errorText, hint, legend, nextChange, statusName, votesText } from "./wording.js";

/** The elements of a poll. They are created once and updated in place, so that focus and
 *  selection stay. */
export class PollView {
  rows = new OptionRows();

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
    [this.votes, this.viewers] = [create("span", "fact votes"), create("span", "fact viewers")];
    this.connection = create("span", "fact connection");
    this.edited = create("p", "note");
    const head = create("div", "head", this.title, this.description,
      create("p", "state", this.status, this.deadline, this.votes, this.viewers, this.connection), this.edited);

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
    setText(this.bannerText, text);
    setText(this.retry, format.text("retry"));
    this.banner.hidden = false;
    this.content.hidden = true;
  }

  update(model, format) {
    // Browsers forget the focus as soon as its element is hidden.
    const focused = this.section.getRootNode().activeElement;
    const { state } = model;
    const { poll, options } = state;
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
    this.rows.update({
      options,
      results: rows,
      order: optionOrder(options, model.order, rows),
      isSingle: poll.ballot.kind === "single",
      isVotable,
      isFinal: poll.final,
      own: model.own,
      server: model.server,
    }, format);
    setText(this.hint, hint(model, rows, format));
    showText(this.sort, rows && options.length > 2 && format.text("order_by_count"));
    setAttribute(this.sort, "aria-pressed", model.order === "count");
    this.#updateActions(model, isVotable, format);
    this.#updateSteps(model, format);
    if (!focused?.closest("[hidden]")) return;
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
      setAttribute(node, "aria-disabled", isDisabled ? true : null);
    };
    const label = pending ? "sending" : caller?.voted ? "change" : "vote";
    showButton(this.vote, isVotable && !isSame, label, pending || choiceProblem(state, choice));
    setAttribute(this.vote, "aria-busy", pending ? true : null);
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
    setAttribute(this.code, "aria-invalid", model.codeProblem ? true : null);
    setAttribute(this.code, "aria-describedby", model.codeProblem && "code-error");
    showText(this.login, step === "login" && format.text("log_in"));
    setAttribute(this.login, "href", model.loginUrl);
    // The log-in page may forbid frames.
    setAttribute(this.login, "target", window.top !== window && "_blank");
  }
}
