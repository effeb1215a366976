/**
 * <caption-view role="log">: captions as lines to read, and for screen readers, who hear each
 * caption once, when it is final: open ones are hidden from them.
 *
 * @import { Caption, Gap } from "./protocol.js"
 * @import { Change } from "./track.js"
 */

import { direction } from "./languages.js";
import { languageOf, splitStable } from "./track.js";

const NEW_TURN_S = 20; // silence after which the speaker and the time are said again

const REASONS = /** @type {Record<string, string>} */ ({
  engine_unavailable: "the recogniser was not available",
  paused: "off the record",
});

/** @param {number} seconds on the room clock @returns {string} 1:02:03 */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** @param {string} tag @param {string} [className] @param {string} [text] */
function make(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

export class CaptionView extends HTMLElement {
  /** @type {Map<string, {line: HTMLElement, entry: Caption | Gap}>} */ #lines = new Map();

  /** @param {Change} change */
  apply(change) {
    if (change.type === "insert") this.#insert(change.id, change.entry, change.before);
    else if (change.type === "revise") this.#revise(change.id, change.entry);
    else this.#remove(change.id);
  }

  clear() {
    this.#lines.clear();
    this.replaceChildren();
  }

  /** @param {string} id @param {Caption | Gap} entry @param {string | null} before */
  #insert(id, entry, before) {
    const line = entry.type === "gap" ? this.#gapLine(entry) : this.#captionLine(entry);
    line.id = id;
    this.#lines.set(id, { line, entry });
    this.insertBefore(line, this.#lines.get(before ?? "")?.line ?? null);
    this.#markTurn(line);
    this.#markTurn(line.nextElementSibling);
  }

  /** @param {string} id @param {Caption} caption */
  #revise(id, caption) {
    const { line } = /** @type {{line: HTMLElement}} */ (this.#lines.get(id));
    const text = /** @type {HTMLElement} */ (line.querySelector("p"));
    this.#lines.set(id, { line, entry: caption });
    if (caption.final) {
      // A new element: that is what makes a screen reader say it.
      const final = this.#captionLine(caption);
      final.id = id;
      this.#lines.set(id, { line: final, entry: caption });
      line.replaceWith(final);
      this.#markTurn(final);
    } else {
      // A line that grew does not shrink again before its end, or those below would jump.
      text.style.minBlockSize = `${text.offsetHeight}px`;
      this.#write(line, caption);
    }
  }

  /** @param {string} id */
  #remove(id) {
    const line = this.#lines.get(id)?.line;
    const next = line?.nextElementSibling ?? null;
    line?.remove();
    this.#lines.delete(id);
    this.#markTurn(next);
  }

  /** @param {Caption} caption */
  #captionLine(caption) {
    const line = make("div", "line");
    const turn = make("div", "turn");
    turn.append(make("span", "speaker", caption.speaker ?? ""), make("time", "", clock(caption.start)));
    const text = make("p");
    text.append(make("span", "stable"), make("span", "tail"));
    line.append(turn, text, make("small", "untranslated", "not translated"));
    line.ariaHidden = caption.final ? null : "true";
    this.#write(line, caption);
    return line;
  }

  /** @param {HTMLElement} line @param {Caption} caption */
  #write(line, caption) {
    const [, text, mark] = /** @type {Iterable<HTMLElement>} */ (line.children);
    const { stable, tail } = splitStable(caption);
    text.lang = languageOf(caption);
    text.dir = mark.dir = direction(text.lang);
    [text.children[0].textContent, text.children[1].textContent] = [stable, tail];
    mark.hidden = !caption.untranslated;
  }

  /** @param {Gap} gap */
  #gapLine({ start, end, reason }) {
    const span = `No captions from ${clock(start)} to ${clock(end)}`;
    return make("div", "gap", `${span}: ${REASONS[reason] ?? reason}`);
  }

  /** Says who speaks where that changes. @param {Element | null} line */
  #markTurn(line) {
    if (!line) return;
    const entry = this.#lines.get(line.id)?.entry;
    const before = this.#lines.get(line.previousElementSibling?.id ?? "")?.entry;
    if (entry?.type !== "caption") return;
    const same =
      before?.type === "caption" &&
      before.track === entry.track &&
      before.speaker === entry.speaker &&
      entry.start - before.end < NEW_TURN_S;
    line.classList.toggle("goes-on", same);
  }
}

customElements.define("caption-view", CaptionView);
