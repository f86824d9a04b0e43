/* The owner's page works without this script. With it, times are in the browser's zone. */
import { showZone } from "./create/fields.js";
import { guardSubmit, renewWhenRestored } from "./create/submit.js";

const form = document.getElementById("edit");
const invites = document.getElementById("new-invites");
if (invites) {
  // The page stays after a download. More codes can be created soon.
  guardSubmit(invites, 2000, document.getElementById("invites-problem"));
  renewWhenRestored(invites);
}
if (form) {
  for (const name of ["opens_at", "closes_at"]) {
    const field = form.elements[name];
    const hidden = form.elements[`${name}_utc`];
    // The server writes times in UTC. The browser may have restored a field.
    if (field?.defaultValue && !hidden.value) hidden.value = `${field.defaultValue}Z`;
  }
  showZone(form);
}
