/** A room to read, and to hear: live captions in a language, its voice, the transcript. */

import { request, roomOfPage } from "./api.js";
import { stayAwake } from "./awake.js";
import { CaptionView } from "./caption-view.js";
import { element, showState } from "./dom.js";
import { followEnd } from "./follow.js";
import { choices, LanguageChoice } from "./language-choice.js";
import { offerLanguages } from "./languages.js";
import { CaptionsFeed } from "./protocol.js";
import { CaptionTrack } from "./track.js";
import { VoiceControl } from "./voice-control.js";

/** @import { Hello, RoomChange, RoomStatus } from "./protocol.js" */

const STATUS = /** @type {Record<RoomStatus, string>} */ ({
  live: "Live",
  paused: "Off the record",
  idle: "Nobody is speaking",
  ended: "Ended",
});

const room = roomOfPage();
const view = element("caption-view", CaptionView);
const picker = element("#language", HTMLSelectElement);

/** @type {CaptionsFeed | undefined} */
let feed;
const choice = new LanguageChoice(room, location.href);
const voice = new VoiceControl(room);

/** @type {string[]} */
let captioned = [];
/** @type {string[]} */
let translated = [];

/** @param {Hello | RoomChange} event */
function showRoom({ status, languages }) {
  showState(status, STATUS[status] ?? status);
  captioned = languages;
  showLanguages();
  element("#speak", HTMLAnchorElement).hidden = status === "ended";
  if (status === "ended") voice.withdraw();
  else voice.offer(choice.current);
}

function showLanguages() {
  offerLanguages(picker, choices([...captioned, ...translated], choice.current));
  picker.value = choice.current;
}

function read() {
  feed?.close();
  view.clear();
  const track = new CaptionTrack((change) => view.apply(change));
  feed = new CaptionsFeed(room, location.href, choice.current || undefined, {
    onEvent(event) {
      if (event.type === "hello" && !event.recovered) track.forgetOpen();
      if (event.type === "hello" || event.type === "room") showRoom(event);
      else track.add(event);
    },
    onLost: () => showState("reconnecting", "Connection lost, reconnecting…"),
    onClosed: (message) => message && showState("failed", message),
  });
  feed.open();
  linkDownloads();
}

function linkDownloads() {
  const language = choice.current;
  const query = language ? `?language=${encodeURIComponent(language)}` : "";
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const links = document.querySelectorAll("#downloads a");
  for (const link of links) {
    link.href = `/v1/rooms/${room}/transcript.${link.dataset.format}${query}`;
  }
}

picker.addEventListener("change", () => {
  history.replaceState(null, "", choice.choose(picker.value, location.href));
  voice.stop();
  read();
});
window.addEventListener("online", () => feed?.open());
stayAwake();
followEnd(view, element("#to-live", HTMLButtonElement));
element("#speak", HTMLAnchorElement).href = `/rooms/${room}/speak`;
element("h1", HTMLElement).textContent = document.title = room;
request(`/v1/rooms/${room}`).then(({ title, translations }) => {
  if (title) element("h1", HTMLElement).textContent = document.title = title;
  translated = translations;
  showLanguages();
}, () => {}); // the captions say what is wrong with the room
read();
