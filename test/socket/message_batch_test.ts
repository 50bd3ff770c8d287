/**
 * The receive path, from what the kernel wrote to the headers of the replies, fuzzed without a kernel: names, control
 * messages, lengths and flags as it delivers them, and as it never would.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  AF_INET,
  AF_INET6,
  EBADF,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_PKTINFO,
  MSG_CTRUNC,
  MSG_TRUNC,
  UDP_GRO,
  UDP_MAX_SEGMENTS,
  UDP_SEGMENT,
} from "../../ffi/constants.ts";
import { iovec, mmsghdr } from "../../ffi/layouts.ts";
import { parseAddress } from "../../src/net/address.ts";
import { ACCEPTED, Guard, REASONS } from "../../src/echo/guard.ts";
import {
  BROADCAST,
  MessageBatch,
  MULTICAST,
  PAYLOAD_SIZE_MAX,
  UNICAST,
  UNKNOWN,
} from "../../src/socket/message_batch.ts";
import { Replies } from "../../src/socket/batch_sender.ts";
import { SegmentationRefusals } from "../../src/socket/segmentation_refusals.ts";
import type { SendBuffer } from "../../src/socket/send_buffer.ts";

const CAPACITY = 8;
const PORT = 9000;

/** Most bytes that the replies of several messages may carry together: what fits an IPv4 packet. */
const TRAIN_SIZE_MAX = 65_507;

/** What the kernel writes of one message, or could. */
interface Delivery {
  /** `struct sockaddr`, at most 32 bytes. */
  name: Uint8Array;
  nameLength: number;
  /** Control messages, at most as many bytes as there is room. */
  control: Uint8Array;
  controlLength: number;
  flags: number;
  length: number;
}

/** A control message, as it stands in the buffer. */
interface Message {
  level: number;
  type: number;
  data: Uint8Array;
}

// Bytes.

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

function int32(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** A control message with its padding. cmsg(3) */
function controlMessage(level: number, type: number, data: Uint8Array, length = 16 + data.length): Uint8Array {
  return concat(int32(length, 0, level, type), data, new Uint8Array(-data.length & 7));
}

/** The control messages of a buffer up to the first that is impossible. */
function* controlMessages(buffer: Uint8Array): Generator<Message> {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  for (let at = 0; at + 16 <= buffer.length;) {
    const length = view.getBigUint64(at, true);
    if (length < 16n || length > BigInt(buffer.length - at)) return;
    const end = at + Number(length);
    yield { level: view.getInt32(at + 8, true), type: view.getInt32(at + 12, true), data: buffer.slice(at + 16, end) };
    at = (end + 7) & ~7;
  }
}

const mapped = (ipv4: Uint8Array) => concat(new Uint8Array(10), Uint8Array.of(0xff, 0xff), ipv4);
const isMapped = (address: Uint8Array) => hex(address.subarray(0, 12)) === "00000000000000000000ffff";
const isLinkLocal = (address: Uint8Array) => address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;
const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0);

// What the kernel delivers. One address and port come most often, so that there are flows of several messages.

/** The first of these most of the time. */
function mostly<T>(first: T, ...others: T[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 5, arbitrary: fc.constant(first) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const bytesOf4 = (text: string) => parseAddress(text)!.slice(12);
const ipv4 = mostly(bytesOf4("127.0.0.1"), bytesOf4("127.0.0.2"), bytesOf4("192.0.2.7"));
const ipv6 = mostly(parseAddress("::1")!, parseAddress("2001:db8::7")!, parseAddress("fe80::2")!);
const linkLocal = mostly(parseAddress("fe80::1")!, parseAddress("fe80::2")!);
const port = mostly(40_000, 40_001, PORT);
const scope = mostly(1, 2, 3);

function name4(address: Uint8Array, port: number): Uint8Array {
  return concat(Uint8Array.of(AF_INET, 0, port >> 8, port & 0xff), address, new Uint8Array(8));
}

function name6(address: Uint8Array, port: number, scope: number): Uint8Array {
  return concat(Uint8Array.of(AF_INET6, 0, port >> 8, port & 0xff, 0, 0, 0, 0), address, int32(scope));
}

/** `IP_PKTINFO`: the local address, and the one in the IP header. */
function packetInfo4(index: number, local: Uint8Array, sentTo: Uint8Array): Uint8Array {
  return controlMessage(IPPROTO_IP, IP_PKTINFO, concat(int32(index), local, sentTo));
}

function packetInfo6(index: number, sentTo: Uint8Array): Uint8Array {
  return controlMessage(IPPROTO_IPV6, IPV6_PKTINFO, concat(sentTo, int32(index)));
}

const size = fc.oneof({ weight: 6, arbitrary: mostly(100, 0, 1, 50, 200) }, fc.nat(2000), fc.nat(65_507));
const segment = mostly(undefined, 1, 50, 100, 1000, 1400);
const sentTo4 = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) }, // the local address itself
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...["255.255.255.255", "192.0.2.255", "224.0.0.251"].map(bytesOf4),
    ),
  },
);
const sentTo6 = fc.oneof({ weight: 6, arbitrary: ipv6 }, {
  weight: 1,
  arbitrary: fc.constant(parseAddress("ff02::1")!),
});

/** What the kernel delivers on a socket of the family; an IPv6 socket takes IPv4 too. */
function delivery(family: number): fc.Arbitrary<Delivery> {
  const common = { port, index: scope, length: size, segment };
  const over4 = fc.record({ ...common, peer: ipv4, local: ipv4, sentTo: sentTo4, first6: fc.boolean() }).map(
    (given) => {
      const { peer, local, sentTo = local, port, index, length, segment, first6 } = given;
      const infos = [packetInfo4(index, local, sentTo)];
      if (family === AF_INET6) infos.push(packetInfo6(index, mapped(sentTo)));
      if (first6) infos.reverse();
      const name = family === AF_INET ? name4(peer, port) : name6(mapped(peer), port, 0);
      return { name, infos, length, segment };
    },
  );
  const over6 = fc.record({ ...common, peer: fc.oneof(ipv6, linkLocal), sentTo: sentTo6 }).map((given) => {
    const { peer, sentTo, port, index, length, segment } = given;
    const name = name6(peer, port, isLinkLocal(peer) ? index : 0);
    return { name, infos: [packetInfo6(index, sentTo)], length, segment };
  });
  return (family === AF_INET ? over4 : fc.oneof(over4, over6)).map(({ name, infos, length, segment }) => {
    const train = segment === undefined || segment >= length || segment * 128 < length;
    const gro = train ? [] : [controlMessage(IPPROTO_UDP, UDP_GRO, int32(segment))];
    const control = concat(...gro, ...infos);
    return { name, nameLength: name.length, control, controlLength: control.length, flags: 0, length };
  });
}

// What the kernel never would deliver.

const anyMessage = fc.record({
  levelAndType: fc.oneof(
    fc.constantFrom([IPPROTO_IP, IP_PKTINFO], [IPPROTO_IPV6, IPV6_PKTINFO], [IPPROTO_UDP, UDP_GRO], [1, 37]),
    fc.tuple(fc.integer(), fc.integer()),
  ),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 56 }),
    fc.tuple(fc.integer({ min: -1, max: 3 }), ipv4, ipv4).map(([index, local, sentTo]) =>
      concat(int32(index), local, sentTo)
    ),
    fc.tuple(ipv6, fc.integer({ min: -1, max: 3 })).map(([sentTo, index]) => concat(sentTo, int32(index))),
    fc.integer().map((segment) => int32(segment)),
    fc.constantFrom(new Uint8Array(12), new Uint8Array(20)),
  ),
  wrongLength: fc.option(fc.oneof(fc.nat(64), fc.integer()), { nil: undefined, freq: 4 }),
}).map(({ levelAndType: [level, type], data, wrongLength }) => controlMessage(level!, type!, data, wrongLength));

/** Damages a delivery in one way. */
type Damage = (given: Delivery) => Delivery;

function damage<T>(
  value: fc.Arbitrary<T>,
  change: (given: Delivery, value: T) => Partial<Delivery>,
): fc.Arbitrary<Damage> {
  return value.map((value) => (given) => ({ ...given, ...change(given, value) }));
}

function withControl(...parts: Uint8Array[]): Partial<Delivery> {
  const control = concat(...parts);
  return { control, controlLength: control.length };
}

const anyMessages = fc.array(anyMessage, { minLength: 1, maxLength: 3 }).map((messages) => concat(...messages));
const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
  damage(fc.uint8Array({ minLength: 32, maxLength: 32 }), (_, name) => ({ name })),
  damage(fc.uint8Array({ minLength: 1, maxLength: 2 }), ({ name }, family) => ({
    name: concat(family, name.slice(family.length)),
  })),
  damage(scope, ({ name }, scope) => ({ name: concat(name.slice(0, 24), int32(scope)) })),
  // A peer of the other family.
  damage(fc.oneof(ipv6, ipv4.map(mapped)), ({ name }, address) => ({
    name: concat(name.slice(0, 8), address, name.slice(24)),
  })),
  damage(fc.oneof(fc.nat(40), fc.integer()), (_, nameLength) => ({ nameLength })),
  damage(anyMessages, (_, messages) => withControl(messages)),
  damage(anyMessages, ({ control }, messages) => withControl(messages, control)),
  damage(anyMessages, ({ control }, messages) => withControl(control, messages)),
  damage(fc.constant(undefined), () => withControl()),
  damage(fc.tuple(fc.nat(95), fc.nat(255)), ({ control }, [at, byte]) => ({
    control: control.map((old, i) => i === at ? byte : old),
  })),
  damage(fc.oneof(fc.nat(300), fc.integer()), (_, controlLength) => ({ controlLength })),
  damage(fc.oneof(fc.constantFrom(MSG_TRUNC, MSG_CTRUNC), fc.integer()), (_, flags) => ({ flags })),
  damage(fc.oneof(fc.constantFrom(65_508, 65_535, 65_536, -1, 2 ** 31 - 1), fc.integer()), (_, length) => ({ length })),
);

function damaged(family: number): fc.Arbitrary<Delivery> {
  return fc.tuple(delivery(family), fc.array(anyDamage, { minLength: 1, maxLength: 3 }))
    .map(([given, damages]) => damages.reduce((delivery, damage) => damage(delivery), given));
}

/** A batch, and where in its memory the parts are of which it tells no place. */
class Arena {
  readonly batch: MessageBatch;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  /** The address at which the memory begins. */
  readonly #base: number;
  readonly controlRoom: number;

  constructor(family: number) {
    this.batch = new MessageBatch(family, CAPACITY);
    this.bytes = this.batch.memory.bytes;
    this.view = new DataView(this.bytes.buffer);
    // The headers that the kernel fills in come first; each points at the place of its name, which is known.
    this.#base = this.#address(mmsghdr.msg_name) - this.batch.nameAt(0);
    for (let i = 0; i < CAPACITY; i++) {
      assert.equal(this.pointer(this.header(i) + mmsghdr.msg_name), this.batch.nameAt(i));
    }
    this.controlRoom = this.view.getInt32(mmsghdr.msg_controllen, true);
    for (let i = 0; i < CAPACITY; i++) {
      this.bytes.fill(i + 1, this.batch.payloadAt(i), this.batch.payloadAt(i) + PAYLOAD_SIZE_MAX);
    }
  }

  /** Place of a header that the kernel fills in. */
  header(i: number): number {
    return i * mmsghdr.size;
  }

  /** The place that the pointer at this place points at. */
  pointer(at: number): number {
    return this.#address(at) - this.#base;
  }

  /** Writes what the kernel would. */
  deliver(deliveries: Delivery[]): void {
    deliveries.forEach(({ name, nameLength, control, controlLength, flags, length }, i) => {
      const header = this.header(i);
      this.bytes.set(name.subarray(0, 32), this.pointer(header + mmsghdr.msg_name));
      this.bytes.set(control.subarray(0, this.controlRoom), this.pointer(header + mmsghdr.msg_control));
      this.view.setInt32(header + mmsghdr.msg_namelen, nameLength, true);
      this.view.setInt32(header + mmsghdr.msg_controllen, controlLength, true);
      this.view.setInt32(header + mmsghdr.msg_flags, flags, true);
      this.view.setInt32(header + mmsghdr.msg_len, length, true);
    });
  }

  #address(at: number): number {
    return Number(this.view.getBigUint64(at, true));
  }
}

/** What may be concluded from a delivery; worked out from its bytes alone. */
interface Conclusion {
  /** The local addresses that whole control messages name, in hexadecimal; "" for a multicast one. */
  locals: string[];
  /** Whether the name and all that was delivered is whole. */
  whole: boolean;
}

function conclude(arena: Arena, family: number, given: Delivery, i: number): Conclusion {
  const at = arena.pointer(arena.header(i) + mmsghdr.msg_control);
  const length = Math.max(0, Math.min(given.controlLength, arena.controlRoom));
  const locals: string[] = [];
  const peer = arena.bytes.subarray(arena.batch.nameAt(i) + 8, arena.batch.nameAt(i) + 24);
  const peerIsIPv4 = family === AF_INET || isMapped(peer);
  for (const { level, type, data } of controlMessages(arena.bytes.slice(at, at + length))) {
    if (level === IPPROTO_IP && type === IP_PKTINFO && data.length >= 12 && peerIsIPv4) {
      // Before the kernel was asked for them, it knows of a datagram no more than its destination.
      const known = data.slice(4, 8).some((byte) => byte !== 0);
      locals.push(hex(mapped(known ? data.slice(4, 8) : data.slice(8, 12))));
    } else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && data.length >= 20 && !peerIsIPv4) {
      const sentTo = data.slice(0, 16);
      if (!isMapped(sentTo)) locals.push(sentTo[0] === 0xff ? "" : hex(sentTo));
    }
  }
  const rightFamily = arena.view.getUint16(arena.batch.nameAt(i), true) === family;
  const rightLength = given.nameLength === (family === AF_INET ? 16 : 28);
  return { locals, whole: rightFamily && rightLength && (given.flags & (MSG_TRUNC | MSG_CTRUNC)) === 0 };
}

/** Asserts that all that the batch tells of message `i` is possible, and inside the memory. */
function assertConsistent({ batch, bytes }: Arena, i: number, given: Delivery): void {
  const total = batch.size(i);
  const segmentSize = batch.segmentSize(i);
  assert.equal(total, Math.max(0, Math.min(given.length, PAYLOAD_SIZE_MAX)));
  assert.ok(total === 0 ? segmentSize === 0 : segmentSize >= 1 && segmentSize <= total, `segments of ${segmentSize}`);
  assert.equal(batch.datagrams(i), total === 0 ? 1 : Math.ceil(total / segmentSize));
  const places = [[batch.nameAt(i), batch.nameSize], [batch.peerAddressAt(i), 16], [batch.localAt(i), 16]];
  places.push([batch.payloadAt(i), PAYLOAD_SIZE_MAX]);
  for (const [at, length] of places) assert.ok(at! >= 0 && at! % 4 === 0 && at! + length! <= bytes.length);
  assert.deepEqual([batch.payload(i).byteOffset, batch.payload(i).length], [batch.payloadAt(i), total]);
  assert.ok(Number.isInteger(batch.interfaceIndex(i)) && Number.isInteger(batch.peerScope(i)));
  assert.ok([UNICAST, BROADCAST, MULTICAST, UNKNOWN].includes(batch.destination(i)));
  assert.match(batch.peer(i).address, /^[0-9a-f:.]+(%.+)?$/);
  assert.match(batch.localAddress(i), /^[0-9a-f:.]+(%.+)?$/);
  const arrival = batch.arrival(i);
  assert.ok(arrival === undefined || Number.isFinite(arrival));
}

/** One message that is to be sent, as `sendmmsg` would read it. */
interface Outgoing {
  name: string;
  buffers: [at: number, length: number][];
  control: Message[];
}

/** A send buffer in which there is always room. */
const EMPTY_BUFFER = {
  crowded: false,
  note: () => false,
  look: () => {},
  admit: () => true,
  record: () => {},
} as unknown as SendBuffer;

/** Sends the replies to a descriptor that there is not, and reads the headers that the kernel would have read. */
function send(arena: Arena): { outgoing: Outgoing[]; datagrams: number } {
  const { batch, bytes, view } = arena;
  const end = batch.nameAt(0);
  bytes.fill(0, batch.replyHeadersAt, end);
  const replies = new Replies(batch, -1, true, true, new SegmentationRefusals(), EMPTY_BUFFER);
  assert.equal(replies.send(), 0);
  const inside = (at: number, length: number, from: number, to: number) => {
    assert.ok(
      at >= from && length >= 0 && at + length <= to,
      `${length} bytes at ${at} are not between ${from} and ${to}`,
    );
  };
  const outgoing: Outgoing[] = [];
  for (let at = batch.replyHeadersAt; view.getBigUint64(at + mmsghdr.msg_name, true) !== 0n; at += mmsghdr.size) {
    inside(at, mmsghdr.size, batch.replyHeadersAt, batch.replyBuffersAt);
    const nameAt = arena.pointer(at + mmsghdr.msg_name);
    const nameLength = view.getUint32(at + mmsghdr.msg_namelen, true);
    assert.equal(nameLength, batch.nameSize);
    inside(nameAt, nameLength, batch.nameAt(0), batch.nameAt(CAPACITY));
    const buffersAt = arena.pointer(at + mmsghdr.msg_iov);
    const count = Number(view.getBigUint64(at + mmsghdr.msg_iovlen, true));
    inside(buffersAt, count * iovec.size, batch.replyBuffersAt, batch.replyControlsAt);
    const buffers: [number, number][] = [];
    for (let k = 0; k < count; k++) {
      const buffer = buffersAt + k * iovec.size;
      buffers.push([arena.pointer(buffer + iovec.iov_base), Number(view.getBigUint64(buffer + iovec.iov_len, true))]);
    }
    const controlAt = arena.pointer(at + mmsghdr.msg_control);
    const controlLength = Number(view.getBigUint64(at + mmsghdr.msg_controllen, true));
    inside(controlAt, controlLength, batch.replyControlsAt, end);
    outgoing.push({
      name: hex(bytes.subarray(nameAt, nameAt + nameLength)),
      buffers,
      control: [...controlMessages(bytes.slice(controlAt, controlAt + controlLength))],
    });
  }
  return { outgoing, datagrams: replies.failed[EBADF]! };
}

/** The sizes of the datagrams that so many bytes in segments of this size are. */
function cut(total: number, segmentSize: number): number[] {
  if (total === 0) return [0];
  const sizes: number[] = new Array(Math.floor(total / segmentSize)).fill(segmentSize);
  return total % segmentSize === 0 ? sizes : [...sizes, total % segmentSize];
}

/** Asserts that what leaves is what was accepted: each message once, to its peer, from its local address. */
function assertAnswers(arena: Arena, accepted: number[]): void {
  const { batch, bytes } = arena;
  const { outgoing, datagrams } = send(arena);
  assert.equal(datagrams, accepted.reduce((sum, i) => sum + batch.datagrams(i), 0));
  const flowOf = (i: number) => {
    const name = bytes.slice(batch.nameAt(i), batch.nameAt(i) + batch.nameSize);
    // What doesn't tell peers apart: the flow label of IPv6, and the padding of IPv4.
    if (batch.family === AF_INET6) name.fill(0, 4, 8);
    else name.fill(0, 8);
    const local = bytes.subarray(batch.localAt(i), batch.localAt(i) + 16);
    // Where the address says nothing without its interface, that tells local addresses apart too.
    const index = isLinkLocal(local) || isZero(local) ? batch.interfaceIndex(i) : 0;
    return `${hex(name)} ${hex(local)} ${index}`;
  };
  for (const i of accepted) assert.equal(batch.error(i), EBADF);
  const answered: number[] = [];
  for (const { name, buffers, control } of outgoing) {
    const messages = buffers.map(([at, length]) => {
      const i = accepted.find((i) => batch.payloadAt(i) === at);
      assert.ok(i !== undefined, `bytes from ${at} on are no payload that is to be sent`);
      assert.equal(length, batch.size(i));
      return i;
    });
    const first = messages[0]!;
    assert.equal(name, hex(bytes.subarray(batch.nameAt(first), batch.nameAt(first) + batch.nameSize)));
    for (const i of messages) assert.equal(flowOf(i), flowOf(first), "another peer or local address");
    answered.push(...messages);

    const local = bytes.slice(batch.localAt(first), batch.localAt(first) + 16);
    const [info, segments, ...more] = control;
    assert.deepEqual(more, []);
    if (isMapped(local)) {
      assert.deepEqual([info?.level, info?.type], [IPPROTO_IP, IP_PKTINFO]);
      assert.equal(hex(info!.data), hex(concat(int32(0), local.slice(12), int32(0))));
    } else {
      const index = isLinkLocal(local) || isZero(local) ? batch.interfaceIndex(first) : 0;
      assert.deepEqual([info?.level, info?.type], [IPPROTO_IPV6, IPV6_PKTINFO]);
      assert.equal(hex(info!.data), hex(concat(local, int32(index))));
    }
    const sizes = messages.flatMap((i) => cut(batch.size(i), batch.segmentSize(i)));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (segments === undefined) {
      assert.equal(sizes.length, 1);
    } else {
      assert.deepEqual([segments.level, segments.type, segments.data.length], [IPPROTO_UDP, UDP_SEGMENT, 2]);
      assert.deepEqual(cut(total, segments.data[0]! | segments.data[1]! << 8), sizes);
    }
    if (messages.length > 1) assert.ok(total <= TRAIN_SIZE_MAX && sizes.length <= UDP_MAX_SEGMENTS);
  }
  assert.deepEqual(answered.toSorted((a, b) => a - b), accepted, "each once");
  for (const flow of new Set(accepted.map(flowOf))) {
    const order = answered.filter((i) => flowOf(i) === flow);
    assert.deepEqual(order, order.toSorted((a, b) => a - b), "the order within a flow");
  }
}

const guards = fc.record({
  answerAnyPort: fc.boolean(),
  answerBroadcast: fc.boolean(),
  answerMulticast: fc.boolean(),
});

for (const [name, family] of [["an IPv4 socket", AF_INET], ["a dual-stack socket", AF_INET6]] as const) {
  describe(`on ${name}`, () => {
    const arena = new Arena(family);
    const { batch } = arena;
    const batches = (one: fc.Arbitrary<Delivery>) => fc.array(one, { minLength: 1, maxLength: CAPACITY, size: "max" });

    /** Has deliveries read, judged and answered; returns the messages that were accepted. */
    function run(deliveries: Delivery[], options: Omit<ConstructorParameters<typeof Guard>[0], "port">): number[] {
      arena.deliver(deliveries);
      batch.read(deliveries.length);
      const guard = new Guard({ port: PORT, ...options });
      const accepted: number[] = [];
      for (let i = 0; i < batch.count; i++) {
        const reason = guard.judge(batch, i);
        assert.ok(REASONS[reason] !== undefined);
        assert.equal(guard.admitted, reason === ACCEPTED ? batch.datagrams(i) : 0);
        if (reason !== ACCEPTED) continue;
        batch.reply(i);
        accepted.push(i);
      }
      assertAnswers(arena, accepted);
      return accepted;
    }

    test("what the kernel delivers is answered, but for what the guard refuses", () => {
      fc.assert(
        fc.property(batches(delivery(family)), (deliveries) => {
          const options = { answerAnyPort: true, answerBroadcast: true, answerMulticast: true };
          const accepted = run(deliveries, options);
          deliveries.forEach((given, i) => {
            assertConsistent(arena, i, given);
            const { locals, whole } = conclude(arena, family, given, i);
            assert.ok(whole && locals.length === 1);
            assert.equal(
              hex(arena.bytes.subarray(batch.localAt(i), batch.localAt(i) + 16)),
              locals[0] || "0".repeat(32),
            );
            const gro = [...controlMessages(given.control)].find(({ type }) => type === UDP_GRO);
            assert.equal(batch.segmentSize(i), gro ? new DataView(gro.data.buffer).getInt32(0, true) : given.length);
            // All but what comes from the server itself.
            const itself = batch.peerPort(i) === PORT &&
              hex(arena.bytes.subarray(batch.peerAddressAt(i), batch.peerAddressAt(i) + 16)) === locals[0];
            assert.equal(accepted.includes(i), !itself);
          });
        }),
        { numRuns: 500 },
      );
    });

    test("what is damaged is answered to its peer from an address that was named, or not at all", () => {
      let answered = 0;
      let refused = 0;
      const mixed = fc.oneof({ weight: 1, arbitrary: delivery(family) }, { weight: 3, arbitrary: damaged(family) });
      fc.assert(
        fc.property(batches(mixed), guards, (deliveries, options) => {
          const accepted = run(deliveries, options);
          deliveries.forEach((given, i) => {
            assertConsistent(arena, i, given);
            const { locals, whole } = conclude(arena, family, given, i);
            const local = arena.bytes.subarray(batch.localAt(i), batch.localAt(i) + 16);
            if (!whole || locals.length === 0) {
              assert.equal(batch.destination(i), UNKNOWN);
              assert.ok(isZero(local), "the local address of another message");
            }
            if (!accepted.includes(i)) return refused++;
            answered++;
            const peer = arena.bytes.slice(batch.peerAddressAt(i), batch.peerAddressAt(i) + 16);
            const named = family === AF_INET ? mapped(given.name.slice(4, 8)) : given.name.slice(8, 24);
            assert.equal(hex(peer), hex(named));
            assert.equal(batch.peerPort(i), given.name[2]! << 8 | given.name[3]!);
            assert.ok(locals.includes(batch.destination(i) === MULTICAST && !isMapped(peer) ? "" : hex(local)));
            if (batch.destination(i) === UNICAST) assert.ok(!isZero(isMapped(local) ? local.subarray(12) : local));
          });
        }),
        { numRuns: 1000 },
      );
      assert.ok(answered > 100 && refused > 1000, `${answered} answered, ${refused} refused`);
    });

    test("writes only where it may", () => {
      const written = fc.tuple(batches(fc.oneof(delivery(family), damaged(family))), guards);
      fc.assert(
        fc.property(written, ([deliveries, options]) => {
          arena.deliver(deliveries);
          const before = arena.bytes.slice();
          run(deliveries, options);
          // The room in the headers is set anew; the local addresses and the replies have places of their own. Where the
          // peers of IPv4 are turned into 16 bytes, they have one too.
          for (let i = 0; i < CAPACITY; i++) {
            for (const member of [mmsghdr.msg_namelen, mmsghdr.msg_controllen]) {
              const at = arena.header(i) + member;
              if (i < deliveries.length) {
                assert.equal(
                  arena.view.getInt32(at, true),
                  member === mmsghdr.msg_namelen ? batch.nameSize : arena.controlRoom,
                );
              }
              before.set(arena.bytes.subarray(at, at + 4), at);
            }
          }
          before.set(arena.bytes.subarray(batch.replyHeadersAt, batch.nameAt(0)), batch.replyHeadersAt);
          before.set(arena.bytes.subarray(batch.localAt(0), batch.localAt(CAPACITY)), batch.localAt(0));
          if (family === AF_INET) {
            before.set(
              arena.bytes.subarray(batch.peerAddressAt(0), batch.peerAddressAt(CAPACITY)),
              batch.peerAddressAt(0),
            );
          }
          assert.equal(Buffer.compare(before, arena.bytes), 0);
        }),
        { numRuns: 200 },
      );
    });
  });
}
