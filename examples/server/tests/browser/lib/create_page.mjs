/** The page that creates a poll. */
export class CreatePage {
  constructor({ page }) {
    this.page = page;
    this.question = page.getByLabel("Question", { exact: true });
    this.submit = page.getByRole("button", { name: "Create poll" });
  }

  /** Returns the field of an option. The first is 1. */
  option(number) {
    return this.page.getByLabel(`Option ${number}`, { exact: true });
  }

  /** Opens the further settings, and checks a box or a radio button. */
  async check(label) {
    const more = this.page.getByText("More settings", { exact: true });
    const field = this.page.getByLabel(label);
    if (!(await field.isVisible())) await more.click();
    await field.check();
  }

  /** Fills in the question and two options or more, and creates the poll. Returns its id. */
  async create(question, ...options) {
    await this.question.fill(question);
    for (const [index, text] of options.entries()) {
      await this.option(index + 1).fill(text);
    }
    await this.submit.click();
    await this.page.waitForURL(/\/p\/[0-9a-f-]+/);
    return this.page.url().match(/\/p\/([0-9a-f-]+)/)[1];
  }
}
