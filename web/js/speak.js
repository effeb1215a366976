/** A microphone into a room, and what it makes of it. */

import { roomOfPage } from "./api.js";
import { stayAwake } from "./awake.js";
import { CaptionView } from "./caption-view.js";
import { element, showState } from "./dom.js";
import { offerLanguages, SPOKEN } from "./languages.js";
import { dbfs, Microphone, microphones } from "./microphone.js";
import { CaptionsFeed } from "./protocol.js";
import { Publisher } from "./publisher.js";
import { recall, remember } from "./remembered.js";
import { CaptionTrack } from "./track.js";

/** @import { State } from "./publisher.js" */

const QUIETEST_DBFS = -60;
const REFUSALS = /** @type {Record<string, string>} */ ({
  NotAllowedError: "The browser may not use the microphone. Allow it in the address bar, then start again.",
  NotFoundError: "No microphone was found. Plug one in, then start again.",
  NotReadableError: "Another program holds the microphone. Close it there, then start again.",
});

const room = roomOfPage();
const form = element("form", HTMLFormElement);
const button = element("#start", HTMLButtonElement);
const device = element("#device", HTMLSelectElement);
const speaker = element("#speaker", HTMLInputElement);
const language = element("#language", HTMLSelectElement);
const meter = element("#meter", HTMLElement);
const view = element("caption-view", CaptionView);

/** @type {{microphone: Microphone, publisher: Publisher, stream: string} | null} */
let session = null;
/** @type {CaptionsFeed | null} */
let feed = null;

/** @param {State} name @param {string} message */
function showPublishing(name, message) {
  const words = {
    connecting: "Connecting…",
    live: "Live: what you say is captioned",
    delayed: `Your words are kept, captions will follow. ${message}`,
    reconnecting: "Connection lost, reconnecting. Your last five minutes are kept.",
    finishing: "Captioning your last words…",
    stopped: "Stopped. All you said is captioned.",
    failed: message || "The server refused the microphone.",
  };
  showState(name, words[name]);
  // Not earlier: the first to speak makes the room.
  if (name === "live" && session) feed ??= readOwn(session.stream);
  if (name === "stopped" || name === "failed") end();
}

/** @param {import("./ring.js").Samples} samples */
function showLevel(samples) {
  const level = Math.max(0, 1 - dbfs(samples) / QUIETEST_DBFS);
  meter.style.setProperty("--level", level.toFixed(2));
}

async function start() {
  showState("asking", "Waiting for the microphone…");
  const microphone = await Microphone.open(device.value);
  await listDevices();
  const stream = `mic-${Math.random().toString(36).slice(2, 10)}`;
  const source = {
    stream,
    sampleRate: microphone.sampleRate,
    speaker: speaker.value.trim() || undefined,
    language: language.value || undefined,
  };
  const publisher = new Publisher(room, location.href, source, showPublishing);
  feed?.close();
  feed = null;
  view.clear();
  session = { microphone, publisher, stream };
  microphone.listen((samples) => {
    publisher.push(samples);
    showLevel(samples);
  }, stop);
  publisher.open();
}

/** The captions of this microphone alone. @param {string} stream */
function readOwn(stream) {
  const track = new CaptionTrack((change) => view.apply(change));
  const own = new CaptionsFeed(room, location.href, undefined, {
    onEvent(event) {
      if (event.type === "hello" && !event.recovered) track.forgetOpen();
      if (event.type === "caption" && event.track === stream) track.add(event);
      view.lastElementChild?.scrollIntoView({ block: "nearest" });
    },
    onLost() {},
    onClosed() {},
  });
  own.open();
  return own;
}

function stop() {
  button.disabled = true;
  session?.microphone.close();
  session?.publisher.stop();
  meter.style.setProperty("--level", "0");
}

function end() {
  session?.microphone.close();
  session = null;
  showRunning();
}

function showRunning() {
  button.disabled = false;
  button.textContent = session ? "Stop" : "Start speaking";
  button.classList.toggle("stop", session !== null);
  for (const field of [device, speaker, language]) field.disabled = session !== null;
}

async function listDevices() {
  const selected = device.value;
  const found = (await microphones()).map(({ label, deviceId }) => new Option(label, deviceId));
  device.replaceChildren(new Option("The system's microphone", ""), ...found);
  device.value = selected;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (session) return stop();
  button.disabled = true;
  remember("speaker", speaker.value);
  try {
    await start();
  } catch (error) {
    const { name, message } = /** @type {DOMException} */ (error);
    showState("failed", REFUSALS[name] ?? message);
  }
  showRunning();
});

// Leaving would lose what is not captioned yet.
window.addEventListener("beforeunload", (event) => session && event.preventDefault());
window.addEventListener("online", () => session?.publisher.reconnect());
speaker.value = recall("speaker");
offerLanguages(language, SPOKEN);
stayAwake();
element("h1", HTMLElement).textContent = room;
document.title = `Speak in ${room}`;
element("#read", HTMLAnchorElement).href = `/rooms/${room}`;
if (navigator.mediaDevices) listDevices();
else showState("failed", "The browser allows a microphone only on https:// or localhost.");
