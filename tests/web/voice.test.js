import assert from "node:assert/strict";
import { test } from "node:test";

import { VoiceFeed } from "../../web/js/voice.js";
import { ScriptedSocket, scripted } from "./sockets.js";

const FORMAT = { type: "format", format: "pcm_s16le", sample_rate: 24000, channels: 1, language: "es" };

function listener(t) {
  scripted(t);
  const heard = [];
  const feed = new VoiceFeed("demo", "https://host/rooms/demo", "es", {
    onLive: () => heard.push("live"),
    onSound: (pcm, rate) => heard.push([pcm.byteLength, rate]),
    onHole: () => heard.push("hole"),
    onLost: (why) => heard.push(["lost", why]),
    onClosed: (why) => heard.push(["closed", why]),
  });
  feed.open();
  return { feed, heard };
}

test("sound comes in the rate that the server says", (t) => {
  const { heard } = listener(t);
  assert.equal(ScriptedSocket.last.url.href, "wss://host/v1/rooms/demo/speech?language=es");
  ScriptedSocket.last.say(FORMAT);
  ScriptedSocket.last.say({ type: "caption", id: "u1", start: 1.5 });
  ScriptedSocket.last.sound(new ArrayBuffer(960));
  assert.deepEqual(heard, ["hole", "live", [960, 24000]]);
});

test("sound that the server left out is a hole", (t) => {
  const { heard } = listener(t);
  ScriptedSocket.last.say({ type: "lost", seconds: 4 });
  assert.deepEqual(heard, ["hole"]);
});

test("a cut connection comes back, and what follows does not go on where it was cut", (t) => {
  const { heard } = listener(t);
  ScriptedSocket.last.say(FORMAT);
  ScriptedSocket.last.cut();
  t.mock.timers.tick(300);
  ScriptedSocket.last.say(FORMAT);
  assert.deepEqual(heard, ["hole", "live", ["lost", ""], "hole", "live"]);
});

test("a trouble that passes is said in the server's words, until it has passed", (t) => {
  const { heard } = listener(t);
  ScriptedSocket.last.say({ type: "error", code: "translation_unavailable", message: "Nobody speaks now.", fatal: true });
  ScriptedSocket.last.cut(4500);
  assert.deepEqual(heard.pop(), ["lost", "Nobody speaks now."]);
  t.mock.timers.tick(300);
  ScriptedSocket.last.say(FORMAT);
  ScriptedSocket.last.cut();
  assert.deepEqual(heard.pop(), ["lost", ""]);
});

test("a language that nobody speaks is not asked for again, and the server's words say why", (t) => {
  const { heard } = listener(t);
  ScriptedSocket.last.say({ type: "error", code: "no_such_language", message: "Nobody here speaks es.", fatal: true });
  ScriptedSocket.last.cut(4400);
  t.mock.timers.tick(60_000);
  assert.deepEqual(heard, [["closed", "Nobody here speaks es."]]);
  assert.equal(ScriptedSocket.opened.length, 1);
});

test("a voice that has said all of an ended room closes without a complaint", (t) => {
  const { heard } = listener(t);
  ScriptedSocket.last.cut(1000);
  assert.deepEqual(heard, [["closed", ""]]);
});
