/** The peers that trains of datagrams don't go to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SegmentationRefusals } from "../../src/socket/segmentation_refusals.ts";

const address = fc.array(fc.integer(), { minLength: 4, maxLength: 4 }).map((words) => Int32Array.from(words));
const size = fc.integer({ min: 1, max: 65_507 });

test("a refusal concerns one peer, and segments of that size or more", () => {
  fc.assert(
    fc.property(address, address, size, size, (peer, other, refused, size) => {
      const refusals = new SegmentationRefusals();
      const words = Int32Array.from([0, ...peer, ...other]);
      assert.equal(refusals.has(words, 1, size), false);
      refusals.add(words, 1, refused);
      assert.equal(refusals.has(words, 1, size), size >= refused);
      assert.equal(refusals.has(words, 5, size), size >= refused && `${peer}` === `${other}`);
    }),
  );
});

test("however many peers there are, the newest is remembered, and none is taken for another", () => {
  const refusals = new SegmentationRefusals();
  const peers = fc.sample(address, 5000);
  for (const peer of peers.slice(0, 4000)) {
    refusals.add(peer, 0, 1000);
    assert.ok(refusals.has(peer, 0, 1000));
  }
  const refused = new Set(peers.slice(0, 4000).map(String));
  for (const peer of peers) if (!refused.has(String(peer))) assert.ok(!refusals.has(peer, 0, 65_507));
});

test("of hundreds of peers nearly all are remembered", () => {
  const refusals = new SegmentationRefusals();
  const peers = Array.from({ length: 200 }, (_, i) => Int32Array.of(0x20, 0, i, i * 7));
  for (const peer of peers) refusals.add(peer, 0, 1000);
  // Some share an entry.
  const remembered = peers.filter((peer) => refusals.has(peer, 0, 1000));
  assert.ok(remembered.length > 150, `${remembered.length} of ${peers.length}`);
});
