/**
 * One WebSocket that comes back by itself. No DOM.
 *
 * The close code tells whether asking again can help: 1000 says that there is no more to come, and
 * what the client did wrong stays wrong; everything else (a lost network, a restarted server, a
 * limit) passes.
 */

const PERMANENT = new Set([1000, 4400, 4401, 4404, 4410, 4413]);
const FIRST_DELAY_MS = 250;
const LONGEST_DELAY_MS = 5000;
const CONNECT_TIMEOUT_MS = 8000;

/**
 * @typedef {object} ConnectionHandlers
 * @property {() => string} url asked for at every attempt, so that it can carry a position
 * @property {() => void} [onOpen]
 * @property {(message: any) => void} onMessage one JSON message, or an ArrayBuffer
 * @property {() => void} onLost the connection is gone and will be tried again
 * @property {(code: number, reason: string) => void} onClosed it is gone for good
 */

/**
 * The absolute WebSocket address of a path on the server of `base`.
 *
 * @param {string} path
 * @param {string} base
 * @param {Record<string, string | number | undefined>} [query] left out where undefined
 */
export function socketUrl(path, base, query = {}) {
  const url = new URL(path, base);
  url.protocol = url.protocol.replace("http", "ws");
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) url.searchParams.set(name, String(value));
  }
  return url.href;
}

export class Connection {
  /** @type {ConnectionHandlers} */ #handlers;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #attempts = 0;

  /** @param {ConnectionHandlers} handlers */
  constructor(handlers) {
    this.#handlers = handlers;
  }

  /** Connects now, whatever went before. */
  open() {
    this.#drop();
    const socket = new WebSocket(this.#handlers.url());
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lose(), CONNECT_TIMEOUT_MS);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      clearTimeout(this.#timer);
      this.#handlers.onOpen?.();
    };
    socket.onmessage = ({ data }) => {
      this.#attempts = 0;
      this.#handlers.onMessage(typeof data === "string" ? JSON.parse(data) : data);
    };
    socket.onclose = ({ code, reason }) => {
      if (PERMANENT.has(code)) this.close(code, reason);
      else this.#lose();
    };
  }

  /** Bytes that wait to leave this machine. */
  get buffered() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** @param {object | Int16Array<ArrayBuffer>} message an object goes as JSON, samples as they are */
  send(message) {
    this.#socket?.send(ArrayBuffer.isView(message) ? message : JSON.stringify(message));
  }

  /** Gives the present connection up, because it does not answer, and tries again. */
  restart() {
    this.#lose();
  }

  /** Ends for good. */
  close(code = 1000, reason = "") {
    this.#drop();
    this.#handlers.onClosed(code, reason);
  }

  #lose() {
    this.#drop();
    const longest = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** this.#attempts++);
    // Spread out, so that a restarted server is not met by all its readers at once.
    this.#timer = setTimeout(() => this.open(), longest * (0.5 + Math.random() / 2));
    this.#handlers.onLost();
  }

  #drop() {
    clearTimeout(this.#timer);
    if (!this.#socket) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }
}
