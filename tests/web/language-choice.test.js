import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { choices, LanguageChoice } from "../../web/js/language-choice.js";

const PAGE = "https://host/rooms/demo";

beforeEach(() => {
  const kept = new Map();
  globalThis.localStorage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => kept.set(name, value),
    removeItem: (name) => kept.delete(name),
  };
});

test("who chose nothing reads what is spoken", () => {
  assert.equal(new LanguageChoice("demo", PAGE).current, "");
});

test("a choice is remembered for its room alone", () => {
  new LanguageChoice("demo", PAGE).choose("es", PAGE);
  assert.equal(new LanguageChoice("demo", PAGE).current, "es");
  assert.equal(new LanguageChoice("other", PAGE).current, "");
});

test("to read what is spoken again is a choice as well", () => {
  new LanguageChoice("demo", PAGE).choose("es", PAGE);
  new LanguageChoice("demo", PAGE).choose("", PAGE);
  assert.equal(new LanguageChoice("demo", PAGE).current, "");
});

test("the page's address wins, and is not remembered", () => {
  new LanguageChoice("demo", PAGE).choose("es", PAGE);
  assert.equal(new LanguageChoice("demo", `${PAGE}?language=fr`).current, "fr");
  assert.equal(new LanguageChoice("demo", `${PAGE}?language=`).current, "");
  assert.equal(new LanguageChoice("demo", PAGE).current, "es");
});

test("the address follows the choice, and keeps what else it says", () => {
  const choice = new LanguageChoice("demo", PAGE);
  const chosen = choice.choose("pt-BR", `${PAGE}?size=2&language=es`);
  assert.equal(chosen, `${PAGE}?size=2&language=pt-BR`);
  assert.equal(choice.choose("", chosen), `${PAGE}?size=2`);
});

test("tags in other writing are the same language, and a wrong one is left to the server", () => {
  assert.equal(new LanguageChoice("demo", `${PAGE}?language=PT-br`).current, "pt-BR");
  assert.equal(new LanguageChoice("demo", `${PAGE}?language=no_tag!`).current, "no_tag!");
});

test("a browser that may remember nothing still lets choose", () => {
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    get: () => { throw new Error("denied"); },
  });
  const choice = new LanguageChoice("demo", PAGE);
  choice.choose("es", PAGE);
  assert.equal(choice.current, "es");
  Object.defineProperty(globalThis, "localStorage", { writable: true, configurable: true, value: null });
});

test("each language of the room is offered once, and the one chosen in any case", () => {
  assert.deepEqual(choices(["auto", "en", "es", "es", "pt"], "fr"), ["en", "es", "pt", "fr"]);
  assert.deepEqual(choices(["en"], ""), ["en"]);
});
