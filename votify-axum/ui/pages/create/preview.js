import { Formatter } from "../../poll/language.js";
import { chooseText } from "../../poll/model.js";

const format = new Formatter();
const HINTS = {
  live: "Everybody sees the results live.",
  after_vote: format.text("hidden_until_vote"),
  after_close: format.text("hidden_until_close"),
};

/** Shows the poll as voters will see it. CSS shows the preview where there is space. */
export function showPreview(form, options) {
  const { title, description, ballot, ballot_min: min, ballot_max: max, results } = form.elements;
  const isSingle = ballot.value !== "multiple";
  document.getElementById("preview").hidden = false;
  document.getElementById("preview-title").textContent = title.value.trim();
  document.getElementById("preview-description").textContent = description.value.trim();
  document.getElementById("preview-rules").textContent = chooseText({
    poll: { ballot: { kind: ballot.value, min: Number(min.value) || 1, max: Number(max.value) || undefined } },
    options,
  }, format);
  document.getElementById("preview-hint").textContent = HINTS[results.value] ?? "";
  const list = document.getElementById("preview-options");
  list.classList.toggle("several", !isSingle);
  list.replaceChildren(...options.map((text, index) => {
    const item = document.createElement("li");
    const span = document.createElement("span");
    span.dir = "auto";
    span.textContent = text.trim() || `Option ${index + 1}`;
    if (!text.trim()) span.className = "muted";
    item.append(span);
    return item;
  }));
}
