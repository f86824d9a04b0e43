/**
 * Fails if the page scrolls sideways, or if an element with text is cut off: wider or higher
 * than its visible part, or outside of the page.
 */
export async function assertNoOverflow({ page }, what) {
  const problems = await page.evaluate(findOverflow);
  if (problems.length > 0) throw new Error(`${what}: text is cut off\n  ${problems.join("\n  ")}`);
}

/** Runs in the page. */
function findOverflow() {
  /** Longer texts may end with an ellipsis where a link leads to the whole text. */
  const MAX_WHOLE = 60;
  const problems = [];
  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) problems.push(`the page is ${root.scrollWidth} px wide in ${root.clientWidth} px`);
  const visit = (parent) => {
    for (const element of parent.children) {
      check(element);
      visit(element);
      if (element.shadowRoot) visit(element.shadowRoot);
    }
  };
  const check = (element) => {
    const texts = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    if (texts.length === 0 || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    // Text for screen readers, and the skip link until it has the focus.
    if (box.width <= 1 || box.height <= 1 || style.clipPath !== "none" || box.bottom < 0) return;
    if (element.closest("select, option")) return;
    const text = element.textContent.trim();
    const label = `${element.localName}.${element.className} ${JSON.stringify(text.slice(0, 40))}`;
    const isShortened = style.textOverflow === "ellipsis" || style.webkitLineClamp !== "none";
    if (isShortened && text.length > MAX_WHOLE) return;
    const clips = (overflow) => overflow === "hidden" || overflow === "clip";
    if (clips(style.overflowX) && element.scrollWidth > element.clientWidth + 1) {
      problems.push(`${label} is ${element.scrollWidth} px wide in ${element.clientWidth} px`);
    }
    if (clips(style.overflowY) && element.scrollHeight > element.clientHeight + 1) {
      problems.push(`${label} is ${element.scrollHeight} px high in ${element.clientHeight} px`);
    }
    // Tables and tabs may scroll in their own box.
    const scrolls = (parent) => parent && parent !== root && parent !== document.body && (/auto|scroll/.test(getComputedStyle(parent).overflowX) || scrolls(parent.parentElement));
    if (scrolls(element)) return;
    for (const node of texts) {
      const range = document.createRange();
      range.selectNodeContents(node);
      const { left, right } = range.getBoundingClientRect();
      if (left < -1 || right > root.clientWidth + 1) problems.push(`${label} reaches from ${left} to ${right} px`);
    }
  };
  visit(document.body);
  return problems;
}
