/**
 * When the frames of a live sound are played, and how they join without a click. No DOM.
 *
 * @typedef {object} Place
 * @property {number} at seconds on the player's clock
 * @property {boolean} joins whether it goes on exactly where the last frame ended
 */

const LEAD_S = 0.2; // by which the network may be late
const LONGEST_S = 5; // that wait to be played, after a network that stood still
const RAMP = 120; // samples from silence to sound, and back

/** @param {ArrayBuffer} pcm 16-bit samples @returns {Float32Array<ArrayBuffer>} from -1 to 1 */
export function floats(pcm) {
  return Float32Array.from(new Int16Array(pcm), (sample) => sample / 32768);
}

/** Lets the sound begin softly. @param {Float32Array} samples */
export function fadeIn(samples) {
  const length = Math.min(RAMP, samples.length);
  for (let i = 0; i < length; i += 1) samples[i] *= i / length;
}

/**
 * What is played behind a frame that nothing follows: its last sample, fading.
 *
 * @param {Float32Array} samples
 */
export function tailOf(samples) {
  const last = samples.at(-1) ?? 0;
  return Float32Array.from({ length: RAMP }, (_, i) => last * (1 - (i + 1) / RAMP));
}

export class Playout {
  #end = -Infinity; // of what has a place, on the player's clock
  #whole = false; // whether nothing is missing behind it

  /**
   * @param {number} now on the player's clock
   * @param {number} seconds how long the frame lasts
   * @param {boolean} silent such a frame may be left out
   * @returns {Place | null} null: it is left out
   */
  place(now, seconds, silent) {
    const waiting = this.waiting(now);
    if (waiting > LONGEST_S || (silent && waiting > 2 * LEAD_S)) {
      this.#whole = false;
      return null;
    }
    const joins = this.#whole && waiting > 0;
    const at = waiting > 0 ? this.#end : now + LEAD_S;
    this.#end = at + seconds;
    this.#whole = true;
    return { at, joins };
  }

  /** Something is missing behind the last frame. */
  interrupt() {
    this.#whole = false;
  }

  /** Seconds until all is played. @param {number} now */
  waiting(now) {
    return Math.max(0, this.#end - now);
  }
}
