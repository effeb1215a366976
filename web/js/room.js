/** A room to read: live captions, the language to read, the transcript to take along. */

import { request, roomOfPage } from "./api.js";
import { stayAwake } from "./awake.js";
import { CaptionView } from "./caption-view.js";
import { element, showState } from "./dom.js";
import { followEnd } from "./follow.js";
import { offerLanguages } from "./languages.js";
import { CaptionsFeed } from "./protocol.js";
import { CaptionTrack } from "./track.js";

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

/** @param {Hello | RoomChange} event */
function showRoom({ status, languages }) {
  showState(status, STATUS[status] ?? status);
  const known = new Set([...picker.options].map(({ value }) => value));
  const offered = new Set([...languages, chosen() ?? "auto"]);
  offerLanguages(picker, [...offered].filter((tag) => tag !== "auto" && !known.has(tag)));
  picker.value = chosen() ?? "";
  element("#speak", HTMLAnchorElement).hidden = status === "ended";
}

/** The language in the page's address; undefined: the one spoken. */
function chosen() {
  return new URLSearchParams(location.search).get("language") ?? undefined;
}

function read() {
  feed?.close();
  view.clear();
  const track = new CaptionTrack((change) => view.apply(change));
  feed = new CaptionsFeed(room, location.href, chosen(), {
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
  const language = chosen();
  const query = language ? `?language=${encodeURIComponent(language)}` : "";
  /** @type {NodeListOf<HTMLAnchorElement>} */
  const links = document.querySelectorAll("#downloads a");
  for (const link of links) {
    link.href = `/v1/rooms/${room}/transcript.${link.dataset.format}${query}`;
  }
}

picker.addEventListener("change", () => {
  const address = new URL(location.href);
  address.searchParams.delete("language");
  if (picker.value) address.searchParams.set("language", picker.value);
  history.replaceState(null, "", address);
  read();
});
window.addEventListener("online", () => feed?.open());
stayAwake();
followEnd(view, element("#to-live", HTMLButtonElement));
element("#speak", HTMLAnchorElement).href = `/rooms/${room}/speak`;
element("h1", HTMLElement).textContent = document.title = room;
request(`/v1/rooms/${room}`).then(({ title }) => {
  if (title) element("h1", HTMLElement).textContent = document.title = title;
}, () => {}); // the captions say what is wrong with the room
read();
