/**
 * The captions of one language, by id: the newest revision wins, the room clock orders. No DOM.
 *
 * @import { Caption, Gap } from "./protocol.js"
 *
 * @typedef {{type: "insert", id: string, entry: Caption | Gap, before: string | null}} Insertion
 * @typedef {{type: "revise", id: string, entry: Caption}} Revision
 * @typedef {{type: "remove", id: string}} Removal
 * @typedef {Insertion | Revision | Removal} Change
 */

/** @param {Caption | Gap} entry */
const idOf = (entry) => (entry.type === "caption" ? entry.id : `gap-${entry.seq}`);

/** @param {Caption} caption @returns {{stable: string, tail: string}} */
export function splitStable(caption) {
  // `stable` counts code points, a JavaScript string UTF-16 units.
  const points = [...caption.text];
  return {
    stable: points.slice(0, caption.stable).join(""),
    tail: points.slice(caption.stable).join(""),
  };
}

/** The language that the text is in. @param {Caption} caption */
export function languageOf({ language, source, untranslated }) {
  return (untranslated && source) || language;
}

export class CaptionTrack {
  /** @type {(change: Change) => void} */ #onChange;
  /** @type {Map<string, Caption | Gap>} */ #entries = new Map();
  /** @type {string[]} */ #order = [];

  /** @param {(change: Change) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /** @param {Caption | Gap} entry */
  add(entry) {
    const id = idOf(entry);
    const known = this.#entries.get(id);
    if (entry.type === "gap") {
      if (!known) this.#insert(id, entry);
      return;
    }
    if (known?.type === "caption" && known.rev >= entry.rev) return;
    this.#entries.set(id, entry);
    const shown = this.#order.includes(id);
    if (entry.text && shown) this.#onChange({ type: "revise", id, entry });
    else if (entry.text) this.#insert(id, entry);
    else if (shown) this.#remove(id);
  }

  /** Forgets the captions that were still open: their history is lost and they will not end. */
  forgetOpen() {
    for (const [id, entry] of this.#entries) {
      if (entry.type === "caption" && !entry.final) {
        this.#entries.delete(id);
        this.#remove(id);
      }
    }
  }

  /**
   * An entry keeps the place it first got, though its start may be refined: what is being read
   * does not jump.
   *
   * @param {string} id
   * @param {Caption | Gap} entry
   */
  #insert(id, entry) {
    this.#entries.set(id, entry);
    let place = this.#order.length;
    while (place > 0 && this.#start(this.#order[place - 1]) > entry.start) place -= 1;
    const before = this.#order[place] ?? null;
    this.#order.splice(place, 0, id);
    this.#onChange({ type: "insert", id, entry, before });
  }

  /** @param {string} id */
  #remove(id) {
    const place = this.#order.lastIndexOf(id);
    if (place < 0) return;
    this.#order.splice(place, 1);
    this.#onChange({ type: "remove", id });
  }

  /** @param {string} id */
  #start(id) {
    return this.#entries.get(id)?.start ?? 0;
  }
}
