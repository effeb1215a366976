import assert from "node:assert/strict";
import { test } from "node:test";

import { Publisher } from "../../web/js/publisher.js";
import { ScriptedSocket, scripted } from "./sockets.js";

/** A publisher of ten samples a second, in frames of one second. */
function publisher(t) {
  scripted(t);
  const states = [];
  const source = { stream: "mic-1", sampleRate: 10, speaker: "Ana", language: "en" };
  const made = new Publisher("demo", "http://host/", source, (state) => states.push(state));
  made.open();
  let second = 0;
  const speak = () => made.push(new Int16Array(10).fill(++second));
  return { made, states, speak };
}

function accept(resumeFrom) {
  ScriptedSocket.last.accept();
  ScriptedSocket.last.say({ type: "started", stream: "mic-1", resume_from: resumeFrom });
}

/** The first sample of each frame that a socket was sent. */
const seconds = (socket) => socket.sent.filter(ArrayBuffer.isView).map(([first]) => first);

test("it says what it sends, and sends what was said before it was let in", (t) => {
  const { speak } = publisher(t);
  speak();
  accept(0);
  speak();
  assert.deepEqual(ScriptedSocket.last.sent[0], {
    type: "start", stream: "mic-1", format: "pcm_s16le", sample_rate: 10, channels: 1,
    speaker: "Ana", language: "en",
  });
  assert.deepEqual(seconds(ScriptedSocket.last), [1, 2]);
});

test("after a cut it sends again from where the server says", (t) => {
  const { speak, states } = publisher(t);
  accept(0);
  for (let i = 0; i < 4; i += 1) speak();
  ScriptedSocket.last.say({ type: "ack", until: 1 });
  ScriptedSocket.last.cut();
  speak();
  t.mock.timers.tick(300);
  accept(2);
  assert.deepEqual(seconds(ScriptedSocket.last), [3, 4, 5]);
  assert.deepEqual(states, ["connecting", "live", "reconnecting", "live"]);
});

test("acknowledged audio is forgotten; asked for all the same, it is silence", (t) => {
  const { speak } = publisher(t);
  accept(0);
  for (let i = 0; i < 3; i += 1) speak();
  ScriptedSocket.last.say({ type: "ack", until: 2 });
  ScriptedSocket.last.cut();
  t.mock.timers.tick(300);
  accept(1);
  assert.deepEqual(seconds(ScriptedSocket.last), [0, 3]);
});

test("a slow network is not buried: the rest waits in the ring", (t) => {
  const { speak } = publisher(t);
  accept(0);
  ScriptedSocket.last.bufferedAmount = 1 << 20;
  speak();
  assert.deepEqual(seconds(ScriptedSocket.last), []);
  ScriptedSocket.last.bufferedAmount = 0;
  speak();
  assert.deepEqual(seconds(ScriptedSocket.last), [1, 2]);
});

test("a server that says nothing any more is left for another try", (t) => {
  const { speak, states } = publisher(t);
  accept(0);
  t.mock.timers.tick(11_000);
  speak();
  assert.equal(states.at(-1), "reconnecting");
});

test("a server that cannot caption just now delays, until it captions again", (t) => {
  const { states, speak } = publisher(t);
  accept(0);
  speak();
  ScriptedSocket.last.say({ type: "error", code: "engine_unavailable", message: "…", fatal: false });
  assert.equal(states.at(-1), "delayed");
  ScriptedSocket.last.say({ type: "ack", until: 1 });
  assert.equal(states.at(-1), "live");
});

test("stopping sends what is left, then waits until all is captioned", (t) => {
  const { made, speak, states } = publisher(t);
  speak();
  made.stop();
  accept(0);
  assert.deepEqual(ScriptedSocket.last.sent.at(-1), { type: "stop" });
  assert.deepEqual(seconds(ScriptedSocket.last), [1]);
  ScriptedSocket.last.say({ type: "stopped" });
  assert.equal(states.at(-1), "stopped");
});

test("a refusal is final and is said", (t) => {
  const { states } = publisher(t);
  ScriptedSocket.last.accept();
  ScriptedSocket.last.say({ type: "error", code: "room_ended", message: "The room has ended.", fatal: true });
  ScriptedSocket.last.cut(4410);
  t.mock.timers.tick(60_000);
  assert.equal(states.at(-1), "failed");
  assert.equal(ScriptedSocket.opened.length, 1);
});
