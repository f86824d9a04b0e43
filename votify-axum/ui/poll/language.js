import { ENGLISH } from "../locales/en.js";

/** The texts of each language, or the URL of a JSON file with them. */
const sources = new Map([
  ["en", ENGLISH],
  ["de", new URL("../locales/de.json", import.meta.url)],
]);

/** Called when a language is added or replaced. */
export const languageListeners = new Set();

/** Adds a language: its texts, or the URL of a JSON file with them. */
export function addLanguage(language, texts) {
  sources.set(language.toLowerCase(), typeof texts === "string" ? new URL(texts, document.baseURI) : texts);
  for (const listener of languageListeners) listener();
}

/** Returns the language, or `key` if `Intl` rejects it. Some browsers list `en-US@posix`. */
function validTag(language, key) {
  try {
    Intl.getCanonicalLocales(language);
    return language;
  } catch {
    return key;
  }
}

/** Returns the first of `languages` that there are texts for: `de` also for `de-CH`. */
export function matchLanguage(languages) {
  for (const language of languages) {
    for (const parts = language.toLowerCase().split("-"); parts.length > 0; parts.pop()) {
      const key = parts.join("-");
      if (sources.has(key)) return { language: validTag(language, key), key };
    }
  }
  return { language: "en", key: "en" };
}

/**
 * Loads the texts of the page's language, or otherwise of the browser's. A page with an
 * empty `lang` leaves the choice to the browser. If a file cannot be loaded, the texts are
 * English.
 */
export async function loadTexts(pageLanguage) {
  const { language, key } = matchLanguage([pageLanguage, ...navigator.languages].filter(Boolean));
  let texts = sources.get(key);
  if (texts instanceof URL) {
    try {
      texts = await (await fetch(texts)).json();
      sources.set(key, texts);
    } catch (error) {
      console.warn(error);
      return { language: "en", texts: ENGLISH };
    }
  }
  return { language, texts };
}

/** The units of a countdown, each with the shortest time that is written in it. */
const UNITS = [["day", 86_400_000, 2], ["hour", 3_600_000, 2], ["minute", 60_000, 2], ["second", 1000, 0]];

/** Languages that are written from right to left. */
const RIGHT_TO_LEFT = /^(ar|ckb|dv|fa|he|ps|sd|ug|ur|yi)\b/;

const unitOf = (time) => UNITS.find(([, size, from]) => time >= from * size);

/** Writes texts, numbers and times in one language and the viewer's time zone. */
export class Formatter {
  /** Texts that are missing or malformed are English. */
  constructor(language = "en", texts = ENGLISH) {
    this.language = language;
    this.direction = RIGHT_TO_LEFT.test(language) ? "rtl" : "ltr";
    this.texts = { ...ENGLISH };
    for (const key in texts) {
      // A text, or the forms of its plural.
      if (typeof (texts[key]?.other ?? texts[key]) === "string") this.texts[key] = texts[key];
    }
    this.numbers = new Intl.NumberFormat(language);
    this.percents = new Intl.NumberFormat(language, { style: "percent" });
    this.plurals = new Intl.PluralRules(language);
    this.lists = new Intl.ListFormat(language);
    this.times = new Intl.RelativeTimeFormat(language);
  }

  /** Returns a text. `{name}` is replaced by `values.name`. */
  text(key, values = {}) {
    let text = this.texts[key];
    if (typeof text === "object") text = text[this.plurals.select(values.count)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (_, name) => (
      typeof values[name] === "number" ? this.numbers.format(values[name]) : Object.hasOwn(values, name) ? values[name] : ""
    ));
  }

  percent(percent) {
    return this.percents.format(percent / 100);
  }

  /** Returns a user's text in quotation marks, isolated from the direction around it. */
  quote(text) {
    return `\u2068${this.text("quote", { text })}\u2069`;
  }

  /** Returns date and time, with the name of the time zone. */
  time(time) {
    const date = new Date(time);
    return new Intl.DateTimeFormat(this.language, {
      year: date.getFullYear() === new Date().getFullYear() ? undefined : "numeric",
      month: "short", day: "numeric", hour: "numeric", minute: "2-digit", timeZoneName: "short",
    }).format(date);
  }

  /** Returns "in 5 minutes". Rounds down, so that it is never too long. */
  until(time) {
    const [unit, size] = unitOf(time);
    return this.times.format(Math.floor(time / size), unit);
  }
}
