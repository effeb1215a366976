/** The translated voice: a button that starts and stops it, its volume, and how it does. */

import { exists } from "./api.js";
import { element } from "./dom.js";
import { Loudspeaker } from "./loudspeaker.js";
import { recall, remember } from "./remembered.js";
import { VoiceFeed } from "./voice.js";

const MACHINE = "Machine voice";

export class VoiceControl {
  #panel = element("#voice", HTMLElement);
  #button = element("#listen", HTMLButtonElement);
  #volume = element("#volume", HTMLInputElement);
  #words = element("#voice-state", HTMLElement);
  /** @type {string} */ #room;
  #language = "";
  /** @type {{feed: VoiceFeed, loudspeaker: Loudspeaker} | null} */ #playing = null;

  /** @param {string} room */
  constructor(room) {
    this.#room = room;
    this.#volume.value = recall("volume") || this.#volume.value;
    this.#button.addEventListener("click", () => (this.#playing ? this.stop() : this.#start()));
    this.#volume.addEventListener("input", () => {
      remember("volume", this.#volume.value);
      if (this.#playing) this.#playing.loudspeaker.volume = this.#loudness;
    });
    window.addEventListener("online", () => this.#playing?.feed.open());
  }

  /** Is there to be used where the server speaks the language. @param {string} language or none */
  async offer(language) {
    if (language === this.#language && !this.#panel.hidden) return;
    this.#language = language;
    const path = `/v1/rooms/${this.#room}/speech/${encodeURIComponent(language)}.ogg`;
    const spoken = language !== "" && (await exists(path));
    if (language !== this.#language) return; // Meanwhile another one was chosen.
    this.#panel.hidden = !spoken;
    this.#showPlaying();
  }

  /** No voice is to be had any more; one that speaks finishes. */
  withdraw() {
    this.#language = "";
    this.#panel.hidden = this.#playing === null;
  }

  stop() {
    this.#playing?.loudspeaker.close();
    this.#end(MACHINE);
  }

  #start() {
    const loudspeaker = this.#loudspeaker();
    if (!loudspeaker) return this.#say("This browser cannot play the voice.");
    const feed = new VoiceFeed(this.#room, location.href, this.#language, {
      onLive: () => this.#say(`${MACHINE}, live`),
      onSound: (pcm, rate) => loudspeaker.play(pcm, rate),
      onHole: () => loudspeaker.interrupt(),
      onLost: (why) => this.#say(why || "Connection lost, reconnecting…"),
      onClosed: (why) => {
        if (this.#playing?.feed !== feed) return;
        loudspeaker.finish();
        this.#end(why || "The room has ended, and with it the voice.");
      },
    });
    this.#playing = { feed, loudspeaker };
    this.#say("Connecting…");
    this.#showPlaying();
    feed.open();
  }

  /** @param {string} words */
  #end(words) {
    const playing = this.#playing;
    this.#playing = null;
    playing?.feed.close();
    this.#say(words);
    this.#showPlaying();
  }

  #showPlaying() {
    this.#button.textContent = this.#playing ? "Stop" : "Listen";
    this.#button.classList.toggle("stop", this.#playing !== null);
    this.#button.disabled = this.#playing === null && this.#language === "";
  }

  #loudspeaker() {
    try {
      return new Loudspeaker(this.#loudness);
    } catch {
      return null; // it has no Web Audio, or no such rate
    }
  }

  /** From 0 to 1: the ear hears ratios. */
  get #loudness() {
    return (Number(this.#volume.value) / 100) ** 2;
  }

  /** @param {string} words */
  #say(words) {
    if (this.#words.textContent !== words) this.#words.textContent = words;
  }
}
