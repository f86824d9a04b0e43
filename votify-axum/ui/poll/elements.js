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
export function toggle(node, name, isSet) {
  node.classList.toggle(name, Boolean(isSet));
  node.part.toggle(name, Boolean(isSet));
}

/** Sets an attribute if it has another value. `null` and `false` remove it. */
export function setAttribute(node, name, value) {
  if (value === false || (value ?? null) === null) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Sets the text if it is another one, so that a selection in it stays. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Shows the node with this text, or hides it without one. */
export function showText(node, text) {
  setText(node, text || "");
  node.hidden = !text;
}

export const checkIcon = () => createSvg("svg", "icon", { viewBox: "0 0 16 16", "aria-hidden": true },
  createSvg("path", "", { d: "M3 8.5l3.2 3.2L13 4.8" }));

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
  update({ options, results, order, isSingle, isVotable, isFinal, own, server }, format) {
    const rows = new Map(options.map(({ id }) => [id, this.#rows.get(id) ?? this.#createRow(id)]));
    for (const [id, { item }] of this.#rows) if (!rows.has(id)) item.remove();
    this.#rows = rows;
    options.forEach((option, index) => {
      const row = rows.get(option.id);
      const result = results?.[index];
      const isOwn = own.includes(option.id);
      setText(row.text, option.text);
      showPicture(row, option, server);
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
    // The width is an attribute, because strict policies forbid inline styles.
    const fill = createSvg("rect", "fill", { width: "0%", height: "100%" });
    const bar = createSvg("svg", "bar", { "aria-hidden": true }, fill);
    const result = create("span", "result", { id: `result-${number}` }, own, " ", percent, " ", bar, count);
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
