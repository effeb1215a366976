/**
 * Publishes a microphone: nothing is lost or sent twice when the connection is. No DOM.
 *
 * @import { Samples } from "./ring.js"
 *
 * `delayed`: the server takes the audio and cannot caption it just now.
 * @typedef {"connecting" | "live" | "delayed" | "reconnecting" | "finishing" | "stopped"
 *   | "failed"} State
 *
 * @typedef {object} Source
 * @property {string} stream this page's name for its audio
 * @property {number} sampleRate Hz
 * @property {string} [speaker]
 * @property {string} [language]
 */

import { Connection, socketUrl } from "./connection.js";
import { AudioRing } from "./ring.js";

const KEPT_S = 300; // the speak page says so
const MOST_BUFFERED = 1 << 18; // bytes handed to the socket and not yet sent
const SILENT_SERVER_MS = 10_000; // it acknowledges a few times a second

export class Publisher {
  /** @type {(state: State, message: string) => void} */ #onState;
  /** @type {Source} */ #source;
  /** @type {AudioRing} */ #ring;
  /** @type {Connection} */ #connection;
  #next = 0; // the sample to send next
  #started = false;
  #stopping = false;
  #heard = 0; // when the server last spoke
  #problem = "";

  /**
   * @param {string} room
   * @param {string} base the page's address
   * @param {Source} source
   * @param {(state: State, message: string) => void} onState
   */
  constructor(room, base, source, onState) {
    this.#onState = onState;
    this.#source = source;
    this.#ring = new AudioRing(KEPT_S * source.sampleRate);
    this.#connection = new Connection({
      url: () => socketUrl(`/v1/rooms/${room}/audio`, base),
      onOpen: () => this.#start(),
      onMessage: (message) => this.#receive(message),
      onLost: () => this.#lost(),
      onClosed: (code, reason) => this.#closed(code, reason),
    });
  }

  open() {
    this.#onState("connecting", "");
    this.#connection.open();
  }

  /** Connects anew, because the network is known to have changed. */
  reconnect() {
    this.#connection.restart();
  }

  /** @param {Samples} samples mono, the next after those before */
  push(samples) {
    this.#ring.push(samples);
    if (this.#started && Date.now() - this.#heard > SILENT_SERVER_MS) this.#connection.restart();
    else this.#pump();
  }

  /** No more audio: what was said is captioned, then the state is `stopped`. */
  stop() {
    this.#stopping = true;
    this.#onState("finishing", "");
    this.#pump();
  }

  #start() {
    const { stream, sampleRate, speaker, language } = this.#source;
    this.#connection.send({
      type: "start",
      stream,
      format: "pcm_s16le",
      sample_rate: sampleRate,
      channels: 1,
      speaker,
      language,
    });
  }

  /** @param {any} message */
  #receive(message) {
    this.#heard = Date.now();
    if (message.type === "started") {
      this.#started = true;
      this.#next = Math.round(message.resume_from * this.#source.sampleRate);
      this.#onState(this.#stopping ? "finishing" : "live", "");
      this.#pump();
    } else if (message.type === "ack") {
      this.#ring.forget(Math.round(message.until * this.#source.sampleRate));
      this.#resolve();
    } else if (message.type === "stopped") {
      this.#connection.close();
    } else if (message.type === "error") {
      this.#problem = message.message;
      if (!message.fatal && !this.#stopping) this.#onState("delayed", this.#problem);
    }
  }

  /** Captions come again. */
  #resolve() {
    if (this.#problem && !this.#stopping) this.#onState("live", "");
    this.#problem = "";
  }

  /** Sends what is due, as fast as the network takes it. */
  #pump() {
    if (!this.#started) return;
    while (this.#next < this.#ring.end && this.#connection.buffered < MOST_BUFFERED) {
      const samples = this.#ring.read(this.#next);
      this.#connection.send(samples);
      this.#next += samples.length;
    }
    if (!this.#stopping) return;
    if (this.#next < this.#ring.end) {
      setTimeout(() => this.#pump(), 100);
    } else {
      this.#connection.send({ type: "stop" });
      this.#started = false; // nothing may follow
    }
  }

  #lost() {
    this.#started = false;
    this.#onState("reconnecting", this.#problem);
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    this.#started = false;
    if (code === 1000) this.#onState("stopped", "");
    else this.#onState("failed", this.#problem || reason);
  }
}
