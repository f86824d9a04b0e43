/*
 * The form to create a poll works without this script. With it, options are added, removed
 * and moved in place, times are in the browser's zone, and a preview follows.
 */
import { showZone, summarize } from "./create/fields.js";
import { showPreview } from "./create/preview.js";
import { OptionRows } from "./create/rows.js";
import { guardSubmit } from "./create/submit.js";

const form = document.getElementById("create");
const status = document.getElementById("create-status");
const rows = new OptionRows(document.getElementById("options"), (text) => {
  status.textContent = text;
});

function update() {
  summarize(form);
  showPreview(form, rows.texts);
}

document.getElementById("add-option").addEventListener("click", (event) => {
  event.preventDefault();
  rows.addAfter(rows.last).focus();
  update();
});
rows.onchange = update;
form.addEventListener("input", update);
showZone(form);
update();

guardSubmit(form, 10_000, document.getElementById("create-problem"));
