/** Language tags in words, and which way they are written. */

/** What a speaker can choose; the recogniser knows more and finds them by itself. */
export const SPOKEN = [
  "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "he", "hi", "hr",
  "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "nl", "no", "pl", "pt", "ro", "ru", "sk", "sl",
  "sr", "sv", "ta", "th", "tr", "uk", "ur", "vi", "zh",
];

const RIGHT_TO_LEFT = new Set(["Adlm", "Arab", "Hebr", "Nkoo", "Rohg", "Syrc", "Thaa"]);

/** The language's own name for itself: “Español”. @param {string} tag */
export function languageName(tag) {
  try {
    const name = new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
    return name[0].toLocaleUpperCase(tag) + name.slice(1);
  } catch {
    return tag; // not a tag that the browser knows
  }
}

/** @param {string} tag @returns {"ltr" | "rtl" | "auto"} */
export function direction(tag) {
  if (tag === "und") return "auto";
  try {
    return RIGHT_TO_LEFT.has(new Intl.Locale(tag).maximize().script ?? "") ? "rtl" : "ltr";
  } catch {
    return "auto";
  }
}

/**
 * These and no others, after what the page itself offers.
 *
 * @param {HTMLSelectElement} select
 * @param {string[]} tags
 */
export function offerLanguages(select, tags) {
  const offered = [...select.options].filter(({ lang }) => lang);
  // An open list is not touched without need.
  if (offered.map(({ lang }) => lang).join() === tags.join()) return;
  for (const option of offered) option.remove();
  for (const tag of tags) {
    const option = new Option(languageName(tag), tag);
    option.lang = tag;
    select.add(option);
  }
}
