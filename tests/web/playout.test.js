import assert from "node:assert/strict";
import { test } from "node:test";

import { fadeIn, floats, Playout, tailOf } from "../../web/js/playout.js";

const FRAME_S = 0.02;

/** Places frames that come at these times; where each is played, to the millisecond. */
function played(times, { silent = () => false, playout = new Playout() } = {}) {
  const places = times.map((now, i) => playout.place(now, FRAME_S, silent(i)));
  return places.map((place) => place && { ...place, at: Math.round(place.at * 1000) });
}

const ats = (places) => places.map((place) => place?.at ?? null);

test("frames follow each other without a gap, though the network is late by up to 200 ms", () => {
  const places = played([10, 10.02, 10.21, 10.22, 10.08 + 0.15]);
  assert.deepEqual(ats(places), [10200, 10220, 10240, 10260, 10280]);
  assert.deepEqual(places.map(({ joins }) => joins), [false, true, true, true, true]);
});

test("after a gap the sound begins anew, with time in hand", () => {
  const [, late] = played([10, 10.5]);
  assert.deepEqual(late, { at: 10700, joins: false });
});

test("what a slow network held back is caught up with in silence, not in speech", () => {
  const silent = (i) => i >= 30 && i < 60;
  const places = played(Array(70).fill(10), { silent });
  assert.deepEqual(places.slice(30, 60), Array(30).fill(null));
  assert.deepEqual(places[60], { at: 10800, joins: false });
  assert.equal(places[61].joins, true);
});

test("silence is kept while no more waits than is needed", () => {
  const places = played(Array.from({ length: 100 }, (_, i) => i * FRAME_S), { silent: () => true });
  assert.ok(places.every((place) => place !== null));
});

test("a player that stands still does not hoard sound", () => {
  const places = played(Array(1000).fill(0));
  const kept = places.filter((place) => place !== null);
  assert.ok(kept.at(-1).at <= 5100);
});

test("where sound is missing the next frame does not join", () => {
  const playout = new Playout();
  played([10], { playout });
  playout.interrupt();
  assert.deepEqual(played([10.02], { playout }), [{ at: 10220, joins: false }]);
});

test("what waits is known, so that the end is played", () => {
  const playout = new Playout();
  assert.equal(playout.waiting(10), 0);
  playout.place(10, FRAME_S, false);
  assert.equal(playout.waiting(10).toFixed(3), "0.220");
  assert.equal(playout.waiting(11), 0);
});

test("samples become numbers from -1 to 1", () => {
  assert.deepEqual([...floats(Int16Array.of(-32768, 0, 16384).buffer)], [-1, 0, 0.5]);
});

test("a sound that nothing precedes or follows begins and ends in small steps", () => {
  const loud = new Float32Array(480).fill(1);
  fadeIn(loud);
  const whole = [0, ...loud, ...tailOf(loud), 0];
  const steps = whole.slice(1).map((sample, i) => Math.abs(sample - whole[i]));
  assert.ok(Math.max(...steps) < 0.01);
});
