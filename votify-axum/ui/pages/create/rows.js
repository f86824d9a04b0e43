/** Maximum number of options of a poll. */
const MAX_ROWS = 100;
const MIN_ROWS = 2;

/** The rows of the options: Enter adds one, Backspace in an empty one removes it, pasted
 *  lines become rows, and Alt with the arrow keys or dragging moves one. */
export class OptionRows {
  onchange = () => {};
  #list;
  #announce;
  #dragged = null;

  constructor(list, announce) {
    this.#list = list;
    this.#announce = announce;
    for (const row of list.children) this.#enhance(row);
    document.getElementById("options-hint").hidden = false;
    list.addEventListener("keydown", (event) => this.#keydown(event));
    list.addEventListener("paste", (event) => this.#paste(event));
    this.#renumber();
  }

  get rows() { return [...this.#list.children]; }
  get texts() { return this.rows.map((row) => input(row).value); }
  get last() { return this.#list.lastElementChild; }

  /** Adds a row behind another and returns its field. At most 100 rows. */
  addAfter(row) {
    if (this.rows.length >= MAX_ROWS) {
      this.#announce(`A poll has at most ${MAX_ROWS} options.`);
      return input(this.last);
    }
    const added = row.cloneNode(true);
    added.querySelector(".field-error")?.remove();
    const field = input(added);
    field.value = "";
    for (const name of ["value", "aria-invalid", "aria-describedby", "autofocus"]) field.removeAttribute(name);
    row.after(added);
    this.#enhance(added);
    this.#renumber();
    return field;
  }

  #enhance(row) {
    const remove = row.querySelector(".option-remove");
    remove.addEventListener("click", () => this.#remove(row));
    const handle = row.querySelector(".option-handle");
    handle.hidden = false;
    // Pointer events work with a finger too.
    handle.addEventListener("pointerdown", (event) => {
      this.#dragged = row;
      row.classList.add("dragged");
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    handle.addEventListener("pointermove", (event) => this.#drag(event.clientY));
    for (const type of ["pointerup", "pointercancel"]) {
      handle.addEventListener(type, () => this.#drop());
    }
  }

  #drag(y) {
    const row = this.#dragged;
    if (!row) return;
    const [before, after] = [row.previousElementSibling, row.nextElementSibling];
    if (before && y < middle(before)) before.before(row);
    else if (after && y > middle(after)) after.after(row);
  }

  #drop() {
    this.#dragged?.classList.remove("dragged");
    this.#dragged = null;
    this.#renumber();
    this.onchange();
  }

  #remove(row) {
    if (this.rows.length <= MIN_ROWS) {
      input(row).value = "";
      input(row).focus();
      this.onchange();
      return;
    }
    const next = row.previousElementSibling ?? row.nextElementSibling;
    row.remove();
    this.#renumber();
    input(next).focus();
    this.#announce("The option was removed.");
    this.onchange();
  }

  #keydown(event) {
    const row = event.target.closest(".option-row");
    if (!row || event.target !== input(row)) return;
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      const next = row.nextElementSibling;
      (next && !input(next).value ? input(next) : this.addAfter(row)).focus();
      this.onchange();
    } else if (event.key === "Backspace" && !event.target.value && this.rows.length > MIN_ROWS) {
      event.preventDefault();
      this.#remove(row);
    } else if (event.altKey && ["ArrowUp", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      this.#move(row, event.key === "ArrowUp");
    }
  }

  #move(row, isUp) {
    const other = isUp ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (isUp) other.before(row);
    else other.after(row);
    this.#renumber();
    input(row).focus();
    this.#announce(`Moved to place ${this.rows.indexOf(row) + 1}.`);
    this.onchange();
  }

  #paste(event) {
    const lines = event.clipboardData.getData("text/plain").split(/\r?\n/).map((line) => line.trim()).filter(Boolean);
    if (lines.length < 2) return;
    event.preventDefault();
    let row = event.target.closest(".option-row");
    let count = 0;
    lines.forEach((line, index) => {
      if (index > 0) {
        const next = row.nextElementSibling;
        if (next && !input(next).value) row = next;
        else if (this.rows.length < MAX_ROWS) row = this.addAfter(row).closest(".option-row");
        else return;
      }
      const field = input(row);
      field.value = index === 0 ? field.value + line : line;
      count += 1;
    });
    input(row).focus();
    const left = lines.length - count;
    this.#announce(left ? `${count} options were pasted. ${left} lines are too many: a poll has at most ${MAX_ROWS} options.` : `${count} options were pasted.`);
    this.onchange();
  }

  #renumber() {
    this.rows.forEach((row, index) => {
      const name = `Option ${index + 1}`;
      const field = input(row);
      field.setAttribute("aria-label", name);
      field.placeholder = name;
      field.id = `field-options-${index}`;
      const remove = row.querySelector(".option-remove");
      remove.setAttribute("aria-label", `Remove option ${index + 1}`);
      remove.hidden = this.rows.length <= MIN_ROWS;
    });
  }
}

const input = (row) => row.querySelector("input");

function middle(row) {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
}
