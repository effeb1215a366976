/**
 * The captions of a room as events, over a WebSocket that resumes where it was cut. No DOM.
 *
 * @typedef {"live" | "paused" | "idle" | "ended"} RoomStatus
 *
 * @typedef {object} Hello
 * @property {"hello"} type
 * @property {string} room
 * @property {string} epoch
 * @property {RoomStatus} status
 * @property {string[]} languages
 * @property {number} seq
 * @property {boolean} recovered whether nothing is missing between `after` and what follows
 *
 * @typedef {object} Caption
 * @property {"caption"} type
 * @property {number} seq
 * @property {string} id
 * @property {string} language BCP 47
 * @property {number} rev a higher revision replaces a lower one
 * @property {string} text
 * @property {number} stable code points of `text` that never change again
 * @property {boolean} final
 * @property {number} start seconds on the room clock
 * @property {number} end
 * @property {string} track
 * @property {string | null} [speaker]
 * @property {boolean} [correction]
 * @property {string} [source] BCP 47: what it is a translation of
 * @property {boolean} [untranslated] the text is that of the source
 *
 * @typedef {object} RoomChange
 * @property {"room"} type
 * @property {number} seq
 * @property {RoomStatus} status
 * @property {string[]} languages
 *
 * @typedef {object} Gap
 * @property {"gap"} type
 * @property {number} seq
 * @property {string} language
 * @property {number} start
 * @property {number} end
 * @property {string} reason
 *
 * @typedef {{type: "error", code: string, message: string, fatal: boolean}} Problem
 * @typedef {Hello | Caption | RoomChange | Gap | Problem} CaptionsEvent
 */

import { Connection, socketUrl } from "./connection.js";

/**
 * @typedef {object} FeedHandlers
 * @property {(event: Exclude<CaptionsEvent, Problem>) => void} onEvent
 * @property {() => void} onLost reconnecting by itself
 * @property {(message: string) => void} onClosed no further events; why, in plain words
 */

/** All that was captioned in a room from its beginning on, then what is, as it is. */
export class CaptionsFeed {
  /** @type {FeedHandlers} */ #handlers;
  /** @type {Connection} */ #connection;
  /** @type {{epoch: string, seq: number}} */ #position = { epoch: "", seq: 0 };
  #told = 0; // the `seq` up to which the last hello told the room's state
  #problem = "";

  /**
   * @param {string} room
   * @param {string} base the page's address
   * @param {string | undefined} language left out: the language spoken
   * @param {FeedHandlers} handlers
   */
  constructor(room, base, language, handlers) {
    this.#handlers = handlers;
    this.#connection = new Connection({
      url: () =>
        socketUrl(`/v1/rooms/${room}/captions`, base, {
          language,
          after: this.#position.seq,
          epoch: this.#position.epoch || undefined,
        }),
      onMessage: (event) => this.#receive(event),
      onLost: handlers.onLost,
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

  /** @param {CaptionsEvent} event */
  #receive(event) {
    if (event.type === "error") {
      this.#problem = event.message;
      return;
    }
    if (event.type === "hello") this.#greet(event);
    else this.#position.seq = Math.max(this.#position.seq, event.seq);
    if (event.type === "room" && event.seq <= this.#told) return;
    this.#handlers.onEvent(event);
    // The server closes the socket of an ended room; there is nothing to come back for.
    if (event.type === "room" && event.status === "ended") this.close();
  }

  /** @param {Hello} hello */
  #greet(hello) {
    this.#told = hello.seq;
    // What was missed follows the hello: until it has come the position does not move, or a
    // second cut would lose it.
    if (!hello.recovered) this.#position = { epoch: hello.epoch, seq: 0 };
  }
}
