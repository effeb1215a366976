/** The far end of every WebSocket that the modules open, played by a test. */

export class ScriptedSocket {
  /** Every socket so far, oldest first. @type {ScriptedSocket[]} */
  static opened = [];

  bufferedAmount = 0;
  sent = [];
  onopen = null;
  onmessage = null;
  onclose = null;

  constructor(url) {
    this.url = new URL(url);
    ScriptedSocket.opened.push(this);
  }

  static get last() {
    return ScriptedSocket.opened.at(-1);
  }

  send(data) {
    this.sent.push(typeof data === "string" ? JSON.parse(data) : data);
  }

  close() {}

  accept() {
    this.onopen();
  }

  say(message) {
    this.onmessage({ data: JSON.stringify(message) });
  }

  sound(pcm) {
    this.onmessage({ data: pcm });
  }

  cut(code = 1006, reason = "") {
    this.onclose({ code, reason });
  }
}

/** Puts the far end and a hand-driven clock in place of the real ones, for one test. */
export function scripted(t) {
  ScriptedSocket.opened = [];
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  globalThis.WebSocket = ScriptedSocket;
}
