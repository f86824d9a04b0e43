/*
 * The page of invite codes. The codes exist on this page only, so the file and the copy are
 * made from it.
 */
const slips = [...document.querySelectorAll(".slip")].map(({ dataset }) => dataset);
const status = document.getElementById("sheet-status");
const say = (text) => {
  status.textContent = text;
};

/* No value contains a comma or a quote, or begins like a formula. */
function table() {
  const rows = slips.map(({ code, url }) => `${code},${url}\r\n`);
  return `code,url\r\n${rows.join("")}`;
}

document.getElementById("download").addEventListener("click", ({ currentTarget }) => {
  const url = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = currentTarget.dataset.file;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  say("The file is saved.");
});

document.getElementById("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(slips.map(({ url }) => url).join("\n"));
    say("The links are copied.");
  } catch {
    say("This browser does not allow copying. Download the file instead.");
  }
});

document.getElementById("print").addEventListener("click", () => print());
document.getElementById("sheet-actions").hidden = false;
