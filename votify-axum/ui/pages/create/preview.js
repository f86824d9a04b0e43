const HINTS = {
  live: "Everybody sees the results live.",
  after_vote: "Results are shown after voting.",
  after_close: "Results are shown once the poll is closed.",
};

/** Shows the poll as voters will see it. CSS shows the preview where there is space. */
export function showPreview(form, options) {
  const { title, description, ballot, ballot_min: min, ballot_max: max, results } = form.elements;
  const isSingle = ballot.value !== "multiple";
  document.getElementById("preview").hidden = false;
  document.getElementById("preview-title").textContent = title.value.trim();
  document.getElementById("preview-description").textContent = description.value.trim();
  document.getElementById("preview-rules").textContent = isSingle
    ? "Choose one option"
    : chooseText(Number(min.value) || 1, Number(max.value) || 0);
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

function chooseText(min, max) {
  if (max && min === max) return `Choose ${max} option${max === 1 ? "" : "s"}`;
  if (min > 1) return max ? `Choose ${min} to ${max} options` : `Choose at least ${min} options`;
  return max ? `Choose up to ${max} options` : "Choose one or more options";
}
