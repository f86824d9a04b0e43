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
  if (value === null || value === undefined || value === false) node.removeAttribute(name);
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

/** Creates a bar. Its width is an attribute, because strict policies forbid inline styles. */
export const createBar = (rect) => createSvg("svg", "bar", { "aria-hidden": true }, rect);
export const createFill = () => createSvg("rect", "fill", { width: "0%", height: "100%" });
