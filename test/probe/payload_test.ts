/** The probe's payloads: their layout, and that each is known again and no other is taken for it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  agreement,
  isProbePayload,
  namedSequence,
  namedSession,
  probePayload,
  RECOGNIZABLE_SIZE,
} from "../../src/probe/payload.ts";

const SIZE_MAX = 2000;
const session = fc.integer();
const sequence = fc.integer({ min: 1, max: 2 ** 31 - 1 });
const size = fc.integer({ min: 0, max: SIZE_MAX });
const whole = fc.integer({ min: RECOGNIZABLE_SIZE, max: SIZE_MAX });

/** Whether two payloads are the same, byte for byte. */
const isSamePayload = (a: Uint8Array, b: Uint8Array) => a.length === b.length && agreement(a, b) === a.length;

describe("probe payload", () => {
  test("has the layout that is documented", () => {
    fc.assert(fc.property(session, sequence, whole, (session, sequence, size) => {
      const payload = Buffer.from(probePayload(session, sequence, size));
      assert.equal(payload.length, size);
      assert.equal(payload.readInt32LE(0), sequence);
      assert.equal(payload.readInt32LE(4), session);
      assert.equal(payload.toString("latin1", 8, 12), "echo");
    }));
  });

  test("of fewer bytes begins with the same fields", () => {
    fc.assert(fc.property(session, sequence, size, (session, sequence, size) => {
      const long = probePayload(session, sequence, SIZE_MAX);
      const short = probePayload(session, sequence, size);
      assert.equal(short.length, size);
      assert.deepEqual(short.slice(0, 12), long.slice(0, Math.min(12, size)));
    }));
  });

  test("cut short is not taken for a whole one of a probe", () => {
    fc.assert(fc.property(session, sequence, whole, fc.integer({ min: 1, max: 40 }), (session, sequence, size, cut) => {
      const payload = probePayload(session, sequence, size);
      assert.ok(!isProbePayload(payload.subarray(0, Math.max(0, size - cut))));
    }));
  });

  test("is known again, and only with its own size", () => {
    fc.assert(fc.property(session, sequence, size, size, (session, sequence, size, other) => {
      const payload = probePayload(session, sequence, size);
      assert.ok(isSamePayload(payload, probePayload(session, sequence, size)));
      assert.equal(isSamePayload(payload, probePayload(session, sequence, other)), other === size);
      assert.equal(isProbePayload(payload), size >= RECOGNIZABLE_SIZE);
    }));
  });

  test("is not known again with any bit altered", () => {
    fc.assert(fc.property(session, sequence, whole, fc.nat(), (session, sequence, size, place) => {
      const sent = probePayload(session, sequence, size);
      const payload = sent.slice();
      payload[(place >> 3) % size]! ^= 1 << (place & 7);
      assert.ok(!isSamePayload(payload, sent));
      assert.ok(!isProbePayload(payload));
      assert.equal(agreement(payload, sent), size - 1);
    }));
  });

  test("differs in its filling from request to request and from session to session", () => {
    fc.assert(fc.property(session, sequence, (session, sequence) => {
      const filling = probePayload(session, sequence, 80).slice(RECOGNIZABLE_SIZE);
      for (const other of [probePayload(session, sequence + 1, 80), probePayload(session + 1, sequence, 80)]) {
        const equal = filling.filter((byte, i) => byte === other[RECOGNIZABLE_SIZE + i]).length;
        assert.ok(equal < 16, `${equal} of 64 bytes`);
      }
    }));
  });

  test("names its request, as far as its bytes go", () => {
    fc.assert(fc.property(session, sequence, size, fc.nat(300), (session, sequence, size, later) => {
      const payload = probePayload(session, sequence, size);
      const named = namedSequence(payload, sequence + later);
      if (size === 0) assert.equal(named, undefined);
      else if (size === 1) assert.equal(named, sequence + later - later % 256);
      else assert.equal(named, sequence);
    }));
  });

  test("names its session from eight bytes on", () => {
    fc.assert(fc.property(session, sequence, size, (session, sequence, size) => {
      assert.equal(namedSession(probePayload(session, sequence, size)), size < 8 ? undefined : session);
    }));
    for (let size = 0; size <= 8; size++) {
      assert.equal(namedSession(probePayload(-5, 1, size)), size < 8 ? undefined : -5);
    }
  });

  test("bytes of any kind name a request that was made, or none, and are no payload of a probe", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(), (bytes, newest) => {
      const named = namedSequence(bytes, newest);
      if (named !== undefined) {
        assert.ok(named >= 1 && named <= newest);
        const low = Math.min(bytes.length, 4);
        for (let i = 0; i < low; i++) assert.equal(Math.floor(named / 256 ** i) % 256, bytes[i]);
      }
      assert.ok(!isProbePayload(bytes));
      assert.equal(isSamePayload(bytes, probePayload(1, 1, 80)), false);
      assert.ok(agreement(bytes, probePayload(1, 1, 80)) <= bytes.length);
    }));
  });
});
