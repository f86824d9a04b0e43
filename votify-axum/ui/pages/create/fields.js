/** Writes the times in UTC into hidden fields, and says in which zone they are shown. */
export function showZone(form) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.getElementById("zone").textContent = `In your time zone${zone ? ` (${zone})` : ""}.`;
  for (const name of ["opens_at", "closes_at"]) {
    const field = form.elements[name];
    // The form to change a poll may lack one of them.
    if (!field) continue;
    const hidden = form.elements[`${name}_utc`];
    // After an error, the hidden field has the time that was meant.
    if (hidden.value) field.value = localValue(new Date(hidden.value));
    const write = () => {
      const time = new Date(field.value);
      hidden.value = field.value && !Number.isNaN(time.getTime()) ? time.toISOString() : "";
    };
    field.addEventListener("input", write);
    write();
  }
}

/** Returns the value of a `datetime-local` field. */
function localValue(time) {
  if (Number.isNaN(time.getTime())) return "";
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

const VOTERS = {
  browser: "One vote per browser",
  ip: "One vote per internet address",
  account: "One vote per account",
  invite: "One vote per invite code",
};
const RESULTS = {
  live: "live results",
  after_vote: "results after voting",
  after_close: "results when closed",
};

/** Names the most important settings beside "More settings". */
export function summarize(form) {
  const { voters, results, ballot, revote, closes_at: closes } = form.elements;
  const texts = [VOTERS[voters.value], RESULTS[results.value]];
  if (ballot.value === "multiple") texts.push("several options");
  if (revote.checked) texts.push("votes may change");
  if (closes.value) texts.push("closes by itself");
  document.getElementById("settings-summary").textContent = texts.filter(Boolean).join(", ");
}
