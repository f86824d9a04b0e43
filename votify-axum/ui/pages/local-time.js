/*
 * Shows times in the viewer's zone. Without this script they are in UTC. The attribute
 * `data-format` of a `<time>` says how: `full`, `date`, or `title` for its title only.
 */
const formats = {
  full: { year: "numeric", month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short" },
  date: { dateStyle: "long" },
  title: { dateStyle: "full", timeStyle: "long" },
};

for (const element of document.querySelectorAll("time[data-format]")) {
  const time = new Date(element.dateTime);
  const { format } = element.dataset;
  if (Number.isNaN(time.getTime()) || !formats[format]) continue;
  const text = new Intl.DateTimeFormat(document.documentElement.lang, formats[format]).format(time);
  if (format === "title") element.title = text;
  else element.textContent = text;
}
