import assert from "node:assert/strict";
import { test } from "node:test";

import { AudioRing } from "../../web/js/ring.js";

const frame = (...samples) => Int16Array.from(samples);

test("audio is read again from any sample on, frame by frame", () => {
  const ring = new AudioRing(100);
  ring.push(frame(1, 2, 3));
  ring.push(frame(4, 5));
  assert.deepEqual(ring.read(1), frame(2, 3));
  assert.deepEqual(ring.read(3), frame(4, 5));
  assert.deepEqual(ring.read(5), frame());
});

test("what is acknowledged is forgotten in whole frames", () => {
  const ring = new AudioRing(100);
  ring.push(frame(1, 2, 3));
  ring.push(frame(4, 5));
  ring.forget(4);
  assert.equal(ring.start, 3);
  assert.deepEqual(ring.read(4), frame(5));
});

test("beyond the capacity the oldest is given up and comes as silence of its length", () => {
  const ring = new AudioRing(4);
  ring.push(frame(1, 2, 3));
  ring.push(frame(4, 5, 6));
  ring.push(frame(7, 8));
  assert.equal(ring.start, 3);
  assert.deepEqual(ring.read(1), frame(0, 0));
  assert.equal(ring.end, 8);
});

test("a ring whose audio is all forgotten goes on where it was", () => {
  const ring = new AudioRing(10);
  ring.push(frame(1, 2));
  ring.forget(2);
  assert.equal(ring.start, 2);
  ring.push(frame(3));
  assert.deepEqual(ring.read(2), frame(3));
});
