/** Audio that the server has not captioned yet, kept for sending again. No DOM. */

/** @typedef {Int16Array<ArrayBuffer>} Samples */

export class AudioRing {
  #capacity;
  /** @type {{start: number, samples: Samples}[]} */ #frames = [];
  /** Samples that were pushed in all. */
  end = 0;

  /** @param {number} capacity samples; beyond it the oldest are given up */
  constructor(capacity) {
    this.#capacity = capacity;
  }

  /** The oldest sample that is still kept. */
  get start() {
    return this.#frames[0]?.start ?? this.end;
  }

  /** @param {Samples} samples */
  push(samples) {
    this.#frames.push({ start: this.end, samples });
    this.end += samples.length;
    this.forget(this.end - this.#capacity);
  }

  /** Drops whole frames before a sample. @param {number} until */
  forget(until) {
    let done = 0;
    while (done < this.#frames.length && this.#endOf(done) <= until) done += 1;
    this.#frames.splice(0, done);
  }

  /**
   * What to send next, from a sample up to the end of its frame, at most. Audio that was given up
   * comes as silence of the same length, so that what follows keeps its time.
   *
   * @param {number} from
   * @returns {Samples}
   */
  read(from) {
    if (from < this.start) return new Int16Array(Math.min(this.start - from, 1 << 16));
    const frame = this.#frames.find(({ start, samples }) => start + samples.length > from);
    return frame ? frame.samples.slice(from - frame.start) : new Int16Array(0);
  }

  /** @param {number} index */
  #endOf(index) {
    const { start, samples } = this.#frames[index];
    return start + samples.length;
  }
}
