import assert from "node:assert/strict";
import { test } from "node:test";

import { CaptionsFeed } from "../../web/js/protocol.js";
import { ScriptedSocket, scripted } from "./sockets.js";

const hello = (seq, more = {}) => ({
  type: "hello", room: "demo", epoch: "k3", status: "live", languages: ["en"], seq, recovered: true, ...more,
});

function feed(t, language) {
  scripted(t);
  const seen = { events: [], lost: 0, closed: [] };
  const reader = new CaptionsFeed("demo", "https://host/rooms/demo", language, {
    onEvent: (event) => seen.events.push(event),
    onLost: () => (seen.lost += 1),
    onClosed: (message) => seen.closed.push(message),
  });
  reader.open();
  return { reader, seen };
}

test("the first connection asks for all that was said, in the language chosen", (t) => {
  feed(t, "pt-BR");
  const { href } = ScriptedSocket.last.url;
  assert.equal(href, "wss://host/v1/rooms/demo/captions?language=pt-BR&after=0");
});

test("what the room was in the past does not contradict what it is", (t) => {
  const { seen } = feed(t);
  ScriptedSocket.last.say(hello(40, { status: "idle", recovered: false }));
  ScriptedSocket.last.say({ type: "room", seq: 12, status: "live", languages: ["en"] });
  ScriptedSocket.last.say({ type: "room", seq: 41, status: "paused", languages: ["en"] });
  assert.deepEqual(seen.events.map(({ status }) => status), ["idle", "paused"]);
});

test("a cut connection comes back and resumes after the last event seen", (t) => {
  const { seen } = feed(t);
  ScriptedSocket.last.accept();
  ScriptedSocket.last.say(hello(40, { recovered: false }));
  ScriptedSocket.last.say({ type: "caption", seq: 41, id: "u1", rev: 1 });
  ScriptedSocket.last.cut();
  assert.equal(seen.lost, 1);
  t.mock.timers.tick(300);
  assert.equal(ScriptedSocket.opened.length, 2);
  assert.equal(ScriptedSocket.last.url.search, "?after=41&epoch=k3");
});

test("a second cut before what was missed has come asks for it again", (t) => {
  feed(t);
  ScriptedSocket.last.say(hello(40, { recovered: false }));
  ScriptedSocket.last.say({ type: "caption", seq: 40, id: "u1", rev: 1 });
  ScriptedSocket.last.cut();
  t.mock.timers.tick(300);
  ScriptedSocket.last.say(hello(55));
  ScriptedSocket.last.cut();
  t.mock.timers.tick(600);
  assert.equal(ScriptedSocket.last.url.searchParams.get("after"), "40");
});

test("a history that was lost is taken from its new start", (t) => {
  feed(t);
  ScriptedSocket.last.say(hello(40, { recovered: false }));
  ScriptedSocket.last.cut();
  t.mock.timers.tick(300);
  ScriptedSocket.last.say(hello(3, { epoch: "z9", recovered: false }));
  ScriptedSocket.last.cut();
  t.mock.timers.tick(600);
  assert.equal(ScriptedSocket.last.url.search, "?after=0&epoch=z9");
});

test("attempts get rarer, up to one in five seconds", (t) => {
  feed(t);
  for (let attempt = 0; attempt < 10; attempt += 1) {
    ScriptedSocket.last.cut();
    t.mock.timers.tick(5000);
    assert.equal(ScriptedSocket.opened.length, attempt + 2);
  }
  ScriptedSocket.last.cut();
  t.mock.timers.tick(2400);
  assert.equal(ScriptedSocket.opened.length, 11);
});

test("a connection that never opens is given up and tried again", (t) => {
  const { seen } = feed(t);
  t.mock.timers.tick(8000);
  assert.equal(seen.lost, 1);
});

test("what can never succeed is not tried again, and says why", (t) => {
  const { seen } = feed(t);
  ScriptedSocket.last.say({ type: "error", code: "room_not_found", message: "There is no room demo.", fatal: true });
  ScriptedSocket.last.cut(4404);
  t.mock.timers.tick(60_000);
  assert.deepEqual(seen.closed, ["There is no room demo."]);
  assert.equal(ScriptedSocket.opened.length, 1);
});

test("a room that ends is not asked for again", (t) => {
  const { seen } = feed(t);
  ScriptedSocket.last.say(hello(4));
  ScriptedSocket.last.say({ type: "room", seq: 5, status: "ended", languages: ["en"] });
  t.mock.timers.tick(60_000);
  assert.equal(ScriptedSocket.opened.length, 1);
  assert.equal(seen.events.at(-1).status, "ended");
});
