/** The shares of the peers in a send buffer, with a kernel whose fill level the test says. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SK_MEMINFO_SNDBUF } from "../../ffi/constants.ts";
import type { SocketMemory } from "../../ffi/socket_memory.ts";
import { SendBuffer } from "../../src/socket/send_buffer.ts";

const SIZE = 1 << 20;
const HALF = SIZE / 2;
/** What a datagram costs beside its bytes, which count twice. */
const BOOKKEEPING = 1024;

/** A buffer, and how to fill it. */
class Fixture {
  readonly memory = {
    sendBufferSize: SIZE,
    sendBufferUsed: 0,
    read: (value: number) => value === SK_MEMINFO_SNDBUF ? this.memory.sendBufferSize : this.#readLevel(),
  };
  readonly buffer = new SendBuffer(this.memory as unknown as SocketMemory);
  readings = 0;

  #readLevel(): number {
    this.readings++;
    return this.memory.sendBufferUsed;
  }

  /** The kernel holds so many bytes when the program looks. */
  level(bytes: number): void {
    this.memory.sendBufferUsed = bytes;
    this.buffer.refresh();
  }

  admit(peer: number, bytes: number, datagrams = 1): boolean {
    return this.buffer.admit(words(peer), 4, bytes, datagrams);
  }

  /** Sends to a peer a message that stays in the buffer. */
  hold(peer: number, bytes: number): void {
    this.memory.sendBufferUsed += bytes;
    this.buffer.charge(words(peer), 4);
  }
}

/** The address of a peer, behind other words. */
function words(peer: number): Int32Array {
  return Int32Array.of(9, 9, 9, 9, 0x20, peer >> 8, 0, peer & 0xff);
}

/** The bytes of a datagram that costs so much. */
const bytesFor = (cost: number, datagrams = 1) => (cost - BOOKKEEPING * datagrams) / 2;

describe("a send buffer", () => {
  test("is less than half full for certain, as long as what was reserved fits one half", () => {
    const { buffer } = new Fixture();
    assert.equal(buffer.reserve(bytesFor(HALF - 3 * BOOKKEEPING), 1), true);
    assert.equal(buffer.reserve(0, 3), true);
    assert.equal(buffer.reserve(0, 1), false);
    assert.equal(buffer.crowded, false);
  });

  test("counts what it holds already, and anew after each look", () => {
    const fixture = new Fixture();
    const { buffer } = fixture;
    fixture.level(HALF - BOOKKEEPING);
    assert.equal(buffer.reserve(0, 1), true);
    assert.equal(buffer.reserve(0, 1), false);
    fixture.level(HALF - BOOKKEEPING);
    assert.equal(buffer.reserve(0, 1), true);
    assert.equal(buffer.reserve(1, 0), false);
    assert.equal(fixture.readings, 2);
  });

  test("is crowded when it is more than half full, and no longer when it is not", () => {
    const fixture = new Fixture();
    const levels = [HALF, HALF + 1, SIZE, HALF + 1, HALF, 0];
    const crowded = levels.map((level) => (fixture.level(level), fixture.buffer.crowded));
    assert.deepEqual(crowded, [false, true, true, true, false, false]);
  });
});

describe("in a crowded buffer, a peer", () => {
  /** A buffer with `room` bytes left. */
  function crowded(room = HALF / 2): Fixture {
    const fixture = new Fixture();
    fixture.level(SIZE - room);
    return fixture;
  }

  test("that holds nothing may send one datagram, if it fits", () => {
    const room = 64 * 1024;
    const fixture = crowded(room);
    assert.equal(fixture.admit(1, bytesFor(room)), true);
    assert.equal(fixture.admit(1, bytesFor(room) + 1), false);
  });

  test("may send a train that takes no more than a small part of the room", () => {
    const room = 256 * 1024;
    const fixture = crowded(room);
    assert.equal(fixture.admit(1, bytesFor(room / 32, 2), 2), true);
    assert.equal(fixture.admit(1, bytesFor(room / 32, 2) + 1, 2), false);
  });

  test("that holds bytes may send more up to a small part of the room, and others are not affected", () => {
    const fixture = crowded();
    fixture.hold(1, 2048);
    const room = SIZE - fixture.memory.sendBufferUsed;
    assert.equal(fixture.admit(1, bytesFor(room / 32 - 2048)), true);
    assert.equal(fixture.admit(1, bytesFor(room / 8)), false);
    assert.equal(fixture.admit(2, bytesFor(room / 8)), true);
    assert.equal(fixture.admit(2, bytesFor(room)), true);
  });

  test("that is refused is tried again after one refusal, two, four and so on, up to twice its share", () => {
    const fixture = crowded();
    fixture.hold(1, 2048);
    const room = SIZE - fixture.memory.sendBufferUsed;
    const wanted = bytesFor(room / 16 - 2048);
    const tries = Array.from({ length: 16 }, () => fixture.admit(1, wanted));
    const admitted = tries.flatMap((admitted, i) => admitted ? [i + 1] : []);
    assert.deepEqual(admitted, [1, 2, 4, 8, 16]);
    // The 32nd refusal.
    for (let i = 17; i < 32; i++) fixture.admit(1, wanted + 1);
    assert.equal(fixture.admit(1, wanted + 1), false);
  });

  test("is credited for the bytes that leave: the peer that holds bytes for the shortest time first", () => {
    const fixture = crowded();
    const large = bytesFor(20_000);
    fixture.hold(1, 20_000);
    fixture.hold(2, 20_000);
    fixture.hold(3, 20_000);
    const used = fixture.memory.sendBufferUsed;
    const free = (peer: number) => fixture.admit(peer, large * 4);
    // A part of what the third holds, then the rest of it, then what the second holds.
    fixture.level(used - 10_000);
    assert.equal(free(3), false);
    fixture.level(used - 20_000);
    assert.equal(free(3), true);
    assert.equal(free(2), false);
    fixture.level(used - 40_000);
    assert.equal(free(2), true);
    assert.equal(free(1), false);
    fixture.level(used - 60_000);
    assert.equal(free(1), true);
  });

  test("is credited for a part: it holds the rest", () => {
    const fixture = crowded();
    fixture.hold(1, 5000);
    fixture.level(fixture.memory.sendBufferUsed - 3000);
    const room = SIZE - fixture.memory.sendBufferUsed;
    const share = Math.floor(room / 32);
    assert.equal(fixture.admit(1, Math.floor(bytesFor(share - 2000))), true);
    assert.equal(fixture.admit(1, Math.floor(bytesFor(share - 2000)) + 1, 2), false);
  });

  test("holds what several messages left, and all that is forgotten when one leaves nothing", () => {
    const fixture = crowded();
    fixture.hold(1, 3000);
    fixture.hold(1, 3000);
    const room = SIZE - fixture.memory.sendBufferUsed;
    assert.equal(fixture.admit(1, bytesFor(Math.floor(room / 64) * 2 - 6000)), true);
    assert.equal(fixture.admit(1, bytesFor(room / 2)), false);
    // All of it has left already: the path is fast.
    fixture.hold(1, 0);
    assert.equal(fixture.admit(1, bytesFor(room / 2)), true);
  });

  test("that held nothing in between counts from its later time", () => {
    const fixture = crowded();
    fixture.hold(1, 20_000);
    fixture.hold(2, 20_000);
    fixture.hold(1, 0);
    fixture.hold(1, 20_000);
    const free = (peer: number) => fixture.admit(peer, bytesFor(100_000));
    assert.deepEqual([free(1), free(2)], [false, false]);
    // What leaves now is the first one's, which holds bytes for a shorter time.
    fixture.level(fixture.memory.sendBufferUsed - 20_000);
    assert.deepEqual([free(1), free(2)], [true, false]);
    fixture.level(fixture.memory.sendBufferUsed - 20_000);
    assert.equal(free(2), true);
  });

  test("holds nothing any more after the buffer was less than half full", () => {
    const fixture = crowded();
    fixture.hold(1, 20_000);
    assert.equal(fixture.admit(1, 100_000), false);
    const used = fixture.memory.sendBufferUsed;
    fixture.level(HALF);
    fixture.level(used);
    assert.equal(fixture.admit(1, 50_000), true);
  });

  test("is not charged for a message that left the buffer less than half full", () => {
    const fixture = crowded();
    fixture.memory.sendBufferUsed = 0;
    fixture.hold(1, HALF);
    fixture.level(HALF + 1);
    assert.equal(fixture.admit(1, 50_000), true);
  });

  test("is told from 70,000 others, more than the tables hold", () => {
    const fixture = new Fixture();
    Object.assign(fixture.memory, { sendBufferSize: 2 ** 30 });
    const buffer = new SendBuffer(fixture.memory as unknown as SocketMemory);
    fixture.memory.sendBufferUsed = 2 ** 29 + 1;
    buffer.refresh();
    const address = new Int32Array(4);
    let held = 0;
    for (let peer = 0; peer < 70_000; peer++) {
      address[2] = peer;
      fixture.memory.sendBufferUsed += 1;
      buffer.charge(address, 0);
      if (!buffer.admit(address, 0, 20_000_000, 1)) held++;
    }
    assert.equal(held, 70_000);
    // All of it leaves again.
    fixture.memory.sendBufferUsed = 2 ** 29 + 1;
    buffer.refresh();
    assert.equal(buffer.admit(address, 0, 20_000_000, 1), true);
  });
});
