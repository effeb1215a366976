/** The start page: the rooms there are, and a form to make one. */

import { post, request } from "./api.js";
import { offerLanguages, SPOKEN } from "./languages.js";
import { element } from "./dom.js";

/** @import { Room } from "./api.js" */

const STATUS = { live: "live", paused: "off the record", idle: "quiet", ended: "ended" };
const REFRESH_MS = 5000;

const rooms = element("#rooms", HTMLUListElement);
const form = element("#create", HTMLFormElement);
const problem = element("#problem", HTMLElement);

/** @param {Room} room */
function card({ id, title, status }) {
  const template = element("#room", HTMLTemplateElement);
  const item = /** @type {DocumentFragment} */ (template.content.cloneNode(true));
  const [name, state, speak] = ["a.name", ".state", "a.speak"].map(
    (selector) => /** @type {HTMLAnchorElement} */ (item.querySelector(selector)),
  );
  name.textContent = title || id;
  name.href = `/rooms/${id}`;
  state.textContent = STATUS[status] ?? status;
  state.dataset.state = status;
  speak.href = `/rooms/${id}/speak`;
  speak.hidden = status === "ended";
  return item;
}

let shown = "";

async function refresh() {
  try {
    /** @type {{rooms: Room[]}} */
    const { rooms: list } = await request("/v1/rooms");
    element("#none", HTMLElement).hidden = list.length > 0;
    // Only what changed is drawn: a link must not vanish under the pointer.
    if (JSON.stringify(list) !== shown) rooms.replaceChildren(...list.map(card));
    shown = JSON.stringify(list);
    problem.textContent = "";
  } catch {
    problem.textContent = "The server does not answer. Trying again…";
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = new FormData(form);
  const [title, id, language] = ["title", "id", "language"].map((name) => fields.get(name));
  try {
    const room = await post("/v1/rooms", { title, language, ...(id && { id }) });
    location.assign(`/rooms/${room.id}`);
  } catch (error) {
    problem.textContent = /** @type {Error} */ (error).message;
  }
});

offerLanguages(element("#language", HTMLSelectElement), SPOKEN);
refresh();
setInterval(() => document.hidden || refresh(), REFRESH_MS);
