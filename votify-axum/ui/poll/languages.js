import { ENGLISH } from "../locales/en.js";

/** The texts of each language, or the URL of a JSON file with them. */
const sources = new Map([
  ["en", ENGLISH],
  ["de", new URL("../locales/de.json", import.meta.url)],
]);

/** Adds a language: its texts, or the URL of a JSON file with them. */
export function addLanguage(language, texts) {
  sources.set(language.toLowerCase(), typeof texts === "string" ? new URL(texts, document.baseURI) : texts);
}

/** Returns the first of `languages` that there are texts for: `de` also for `de-CH`. */
export function matchLanguage(languages) {
  for (const language of languages) {
    for (const parts = language.toLowerCase().split("-"); parts.length > 0; parts.pop()) {
      const key = parts.join("-");
      if (sources.has(key)) return { language, key };
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
      console.warn(`votify-poll: cannot load the texts for ${language},`, error);
      return { language: "en", texts: ENGLISH };
    }
  }
  return { language, texts };
}
