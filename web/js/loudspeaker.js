/** Plays a live sound by Web Audio, frame by frame. */

import { fadeIn, floats, Playout, tailOf } from "./playout.js";

const RATE = 24_000; // of the voice: nothing needs to be converted, so that frames join exactly
const RAMP_S = 0.03;

export class Loudspeaker {
  #context = new AudioContext({ sampleRate: RATE });
  #gain = new GainNode(this.#context);
  #playout = new Playout();
  /** @type {AudioBufferSourceNode | undefined} */ #tail;

  /**
   * To be made when the user presses something: browsers forbid sound before.
   *
   * @param {number} volume from 0 to 1
   */
  constructor(volume) {
    this.#gain.gain.value = volume;
    this.#gain.connect(this.#context.destination);
    this.#context.resume();
  }

  /** @param {number} volume from 0 to 1 */
  set volume(volume) {
    this.#gain.gain.setTargetAtTime(volume, this.#context.currentTime, RAMP_S / 3);
  }

  /** @param {ArrayBuffer} pcm 16-bit samples @param {number} rate how many a second */
  play(pcm, rate) {
    const samples = floats(pcm);
    const seconds = samples.length / rate;
    const silent = samples.every((sample) => sample === 0);
    const place = this.#playout.place(this.#context.currentTime, seconds, silent);
    if (!place) return;
    if (place.joins && !silent) this.#tail?.stop();
    this.#tail = undefined;
    if (silent) return;
    if (!place.joins) fadeIn(samples);
    this.#schedule(samples, rate, place.at);
    this.#tail = this.#schedule(tailOf(samples), rate, place.at + seconds);
  }

  /** The sound that follows does not go on where the last ended. */
  interrupt() {
    this.#playout.interrupt();
  }

  /** Falls silent at once, without a click. */
  close() {
    this.volume = 0;
    setTimeout(() => this.#context.close(), 2000 * RAMP_S);
  }

  /** Plays what is there, then closes. */
  finish() {
    setTimeout(() => this.close(), 1000 * this.#playout.waiting(this.#context.currentTime));
  }

  /** @param {Float32Array<ArrayBuffer>} samples @param {number} rate @param {number} at */
  #schedule(samples, rate, at) {
    const buffer = new AudioBuffer({ length: samples.length, sampleRate: rate });
    buffer.copyToChannel(samples, 0);
    const source = new AudioBufferSourceNode(this.#context, { buffer });
    source.connect(this.#gain);
    source.start(at);
    return source;
  }
}
