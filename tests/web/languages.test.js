import assert from "node:assert/strict";
import { test } from "node:test";

import { direction, languageName } from "../../web/js/languages.js";

test("languages are called as they call themselves", () => {
  assert.deepEqual(["es", "pt-BR", "ja"].map(languageName), ["Español", "Português (Brasil)", "日本語"]);
  assert.equal(languageName("no_tag!"), "no_tag!");
});

test("Arabic, Hebrew, Persian and Urdu are written from the right", () => {
  for (const tag of ["ar", "he", "fa", "ur", "ar-EG", "pa-Arab"]) assert.equal(direction(tag), "rtl");
  for (const tag of ["en", "pt-BR", "ja", "ru"]) assert.equal(direction(tag), "ltr");
  for (const tag of ["und", "no_tag!"]) assert.equal(direction(tag), "auto");
});
