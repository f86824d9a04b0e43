import { checkIcon, create, createBar, createFill, setAttribute, setText, toggle } from "./dom.js";

/** The rows of the options. They are updated in place, so that focus and selection stay. */
export class OptionRows {
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

  /** `results` has one entry for each option, or is `null`. `order` has their indexes. */
  update({ options, results, order, isSingle, isVotable, isFinal, own, resolve }, format) {
    const rows = new Map(options.map(({ id }) => [id, this.#rows.get(id) ?? this.#createRow(id)]));
    for (const [id, { item }] of this.#rows) if (!rows.has(id)) item.remove();
    this.#rows = rows;
    options.forEach((option, index) => {
      const row = rows.get(option.id);
      const result = results?.[index];
      const isOwn = own.includes(option.id);
      setText(row.text, option.text);
      showPicture(row, option, resolve);
      setAttribute(row.pick, "type", isSingle ? "radio" : "checkbox");
      row.pick.hidden = row.pick.disabled = !isVotable;
      toggle(row.item, "own-choice", isOwn);
      toggle(row.item, "leader", isFinal && result?.isLeader);
      row.own.hidden = !isOwn;
      setText(row.ownText, format.text("your_vote"));
      setText(row.percent, result ? format.percent(result.percent) : "");
      setText(row.count, result ? format.text("votes", { count: result.count }) : "");
      setAttribute(row.fill, "width", `${result?.share ?? 0}%`);
    });
    this.#arrange(order.map((index) => rows.get(options[index].id).item));
  }

  #createRow(id) {
    const number = this.#created++;
    const pick = create("input", "pick", { type: "radio", name: "option", value: id, id: `pick-${number}`, "aria-describedby": `result-${number}` });
    const text = create("label", "text", { for: pick.id, dir: "auto" });
    const ownText = create("span");
    const own = create("span", "own", checkIcon(), ownText);
    const [percent, count] = [create("span", "percent"), create("span", "count")];
    const fill = createFill();
    const result = create("span", "result", { id: `result-${number}` }, own, " ", percent, " ", createBar(fill), count);
    const item = create("li", "option", pick, text, result);
    return { item, pick, text, own, ownText, percent, fill, count };
  }

  /** Puts the rows in order, unless one has the focus: it would lose it. */
  #arrange(items) {
    const hasFocus = this.list.contains(this.list.getRootNode().activeElement);
    items.forEach((item, index) => {
      const there = this.list.children[index];
      if (there !== item && !(hasFocus && item.isConnected)) this.list.insertBefore(item, there ?? null);
    });
  }
}

function showPicture(row, { image_url: path, image_alt: alt, text }, resolve) {
  if (!path) {
    row.picture?.remove();
    row.picture = null;
    return;
  }
  row.picture ??= create("img", "picture", { width: 64, height: 64 });
  if (!row.picture.isConnected) row.text.before(row.picture);
  setAttribute(row.picture, "src", resolve(path));
  // The option's text is beside it, and is not read twice.
  setAttribute(row.picture, "alt", alt && alt !== text ? alt : "");
}
