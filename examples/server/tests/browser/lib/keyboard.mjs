/** Uses a page with the keyboard only. Fails if the focus falls to the body. */
export class Keyboard {
  #window;

  constructor(window) {
    this.#window = window;
  }

  /** Presses keys, and fails if no element has the focus after one. */
  async press(...keys) {
    for (const key of keys) {
      await this.#window.page.keyboard.press(key);
      await this.assertFocused(`after ${key}`);
    }
  }

  async type(text) {
    await this.#window.page.keyboard.insertText(text);
  }

  async assertFocused(when) {
    if ((await this.#window.focus()) === "body") throw new Error(`the focus is on the body ${when}`);
  }

  /** Presses Tab until an element has the focus that `locator` finds. */
  async tabTo(locator, what, key = "Tab") {
    for (let presses = 0; presses < 100; presses += 1) {
      if (await this.#isFocused(locator)) return;
      await this.#window.page.keyboard.press(key);
    }
    throw new Error(`100 times ${key} do not lead to ${what}`);
  }

  async #isFocused(locator) {
    if ((await locator.count()) !== 1) return false;
    return locator.evaluate((element) => element === element.getRootNode().activeElement);
  }
}
