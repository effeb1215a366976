/**
 * The translated voice of a room, over a WebSocket that comes back by itself. No DOM.
 *
 * @typedef {{type: "format", sample_rate: number}} Format
 * @typedef {{type: "caption", id: string, start: number, skipped?: boolean}} Mark
 * @typedef {{type: "lost", seconds: number}} Lost
 * @typedef {import("./protocol.js").Problem} Problem
 *
 * @typedef {object} VoiceHandlers
 * @property {() => void} onLive sound follows, even if it is silence
 * @property {(pcm: ArrayBuffer, rate: number) => void} onSound 16-bit samples, and how many a second
 * @property {() => void} onHole the sound that follows does not go on where the last ended
 * @property {(message: string) => void} onLost trying again by itself; why, if the server said it
 * @property {(message: string) => void} onClosed no further sound; why, in plain words
 */

import { Connection, socketUrl } from "./connection.js";

export class VoiceFeed {
  /** @type {VoiceHandlers} */ #handlers;
  /** @type {Connection} */ #connection;
  #rate = 0;
  #problem = "";

  /**
   * @param {string} room
   * @param {string} base the page's address
   * @param {string} language
   * @param {VoiceHandlers} handlers
   */
  constructor(room, base, language, handlers) {
    this.#handlers = handlers;
    this.#connection = new Connection({
      url: () => socketUrl(`/v1/rooms/${room}/speech`, base, { language }),
      onMessage: (message) => this.#receive(message),
      onLost: () => handlers.onLost(this.#problem),
      onClosed: (_code, reason) => handlers.onClosed(this.#problem || reason),
    });
  }

  /** Connects, or connects anew where the network is known to have changed. */
  open() {
    this.#connection.open();
  }

  close() {
    this.#connection.close();
  }

  /** @param {ArrayBuffer | Format | Mark | Lost | Problem} message */
  #receive(message) {
    if (message instanceof ArrayBuffer) this.#handlers.onSound(message, this.#rate);
    else if (message.type === "format") this.#begin(message);
    else if (message.type === "lost") this.#handlers.onHole();
    else if (message.type === "error") this.#problem = message.message;
  }

  /** @param {Format} format */
  #begin(format) {
    this.#rate = format.sample_rate;
    this.#problem = "";
    this.#handlers.onHole();
    this.#handlers.onLive();
  }
}
