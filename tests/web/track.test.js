import assert from "node:assert/strict";
import { test } from "node:test";

import { CaptionTrack, languageOf, splitStable } from "../../web/js/track.js";

const caption = (id, rev, text, more = {}) => ({
  type: "caption", id, rev, text, stable: 0, final: false, start: 0, end: 1, language: "en", ...more,
});

/** What a reader sees, after every change has been applied. */
function reader() {
  const lines = [];
  const track = new CaptionTrack((change) => {
    const place = lines.findIndex(({ id }) => id === change.id);
    if (change.type === "insert") {
      const before = lines.findIndex(({ id }) => id === change.before);
      lines.splice(before < 0 ? lines.length : before, 0, { id: change.id, text: change.entry.text });
    } else if (change.type === "revise") lines[place].text = change.entry.text;
    else lines.splice(place, 1);
  });
  return { track, shown: () => lines.map(({ text }) => text) };
}

test("a higher revision replaces a lower one, a late one changes nothing", () => {
  const { track, shown } = reader();
  track.add(caption("u1", 2, "hello there"));
  track.add(caption("u1", 1, "hello"));
  assert.deepEqual(shown(), ["hello there"]);
  track.add(caption("u1", 3, "Hello, there."));
  assert.deepEqual(shown(), ["Hello, there."]);
});

test("captions lie in the order of the room clock, whenever they arrive", () => {
  const { track, shown } = reader();
  track.add(caption("u2", 1, "second", { start: 5 }));
  track.add(caption("u3", 1, "third", { start: 9 }));
  track.add(caption("u1", 1, "first", { start: 1 }));
  assert.deepEqual(shown(), ["first", "second", "third"]);
});

test("a line that is shown keeps its place when its start is refined", () => {
  const { track, shown } = reader();
  track.add(caption("u1", 1, "one", { start: 2 }));
  track.add(caption("u2", 1, "two", { start: 3 }));
  track.add(caption("u2", 2, "two!", { start: 1 }));
  assert.deepEqual(shown(), ["one", "two!"]);
});

test("a withdrawn caption vanishes and does not come back", () => {
  const { track, shown } = reader();
  track.add(caption("u1", 1, "hm"));
  track.add(caption("u1", 2, "", { final: true }));
  track.add(caption("u1", 1, "hm"));
  assert.deepEqual(shown(), []);
});

test("a correction replaces a final", () => {
  const { track, shown } = reader();
  track.add(caption("u1", 4, "Anna speaks.", { final: true }));
  track.add(caption("u1", 5, "Ana speaks.", { final: true, correction: true }));
  assert.deepEqual(shown(), ["Ana speaks."]);
});

test("open captions of a lost history go, finals stay, and an id may start anew", () => {
  const { track, shown } = reader();
  track.add(caption("u1", 7, "Kept.", { final: true }));
  track.add(caption("u2", 9, "never to end"));
  track.forgetOpen();
  assert.deepEqual(shown(), ["Kept."]);
  track.add(caption("u2", 1, "again"));
  assert.deepEqual(shown(), ["Kept.", "again"]);
});

test("a gap is an entry of its own, once", () => {
  const { track, shown } = reader();
  const gap = { type: "gap", seq: 8, start: 3, end: 4, reason: "engine_unavailable", text: "gap" };
  track.add(caption("u1", 1, "after", { start: 6 }));
  track.add(gap);
  track.add(gap);
  assert.deepEqual(shown(), ["gap", "after"]);
});

test("stable text is counted in code points", () => {
  const { stable, tail } = splitStable(caption("u1", 1, "👋 hello", { stable: 2 }));
  assert.deepEqual([stable, tail], ["👋 ", "hello"]);
});

test("a text that could not be translated is in the language of its source", () => {
  const translation = caption("u1", 1, "hola", { language: "es", source: "en" });
  assert.equal(languageOf(translation), "es");
  assert.equal(languageOf({ ...translation, text: "hello", untranslated: true }), "en");
});
