/**
 * The language in which a room is read: what the page's address says, else what was chosen here
 * before, else the one spoken. No DOM.
 */

import { recall, remember } from "./remembered.js";

/** Tags that differ only in their writing are one. @param {string} tag */
function canonical(tag) {
  if (!tag) return tag;
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch {
    return tag; // the server says what is wrong with it
  }
}

export class LanguageChoice {
  /** @type {string} */ #name;
  /** @type {string} BCP 47; empty: the one spoken */ current;

  /** @param {string} room @param {string} address the page's */
  constructor(room, address) {
    this.#name = `language of ${room}`;
    const asked = new URL(address).searchParams.get("language");
    this.current = canonical(asked ?? recall(this.#name));
  }

  /**
   * @param {string} tag
   * @param {string} address the page's
   * @returns {string} what the address becomes, so that who reloads or shares it gets the same
   */
  choose(tag, address) {
    this.current = tag;
    remember(this.#name, tag);
    const url = new URL(address);
    if (tag) url.searchParams.set("language", tag);
    else url.searchParams.delete("language");
    return url.href;
  }
}

/**
 * What a reader can choose: each language of the lists once, the one chosen in any case.
 *
 * @param {string[]} languages some may be `auto`, which is none
 * @param {string} chosen
 */
export function choices(languages, chosen) {
  return [...new Set([...languages, chosen])].filter((tag) => tag && tag !== "auto");
}
