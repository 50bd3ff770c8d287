/**
 * The path of a datagram from `recvmmsg` to `sendmmsg`, fuzzed with a kernel that the test plays: names, control messages,
 * lengths and flags as the kernel delivers them, and as it never would.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import {
  AF_INET,
  AF_INET6,
  IP_PKTINFO,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_PKTINFO,
  MSG_CTRUNC,
  MSG_TRUNC,
  SK_MEMINFO_SNDBUF,
  UDP_GRO,
  UDP_MAX_SEGMENTS,
  UDP_SEGMENT,
} from "../../ffi/constants.ts";
import type { Pointer } from "../../ffi/contract.ts";
import { iovec, mmsghdr } from "../../ffi/layouts.ts";
import { libc } from "../../ffi/library.ts";
import { Memory } from "../../ffi/memory.ts";
import type { SocketMemory } from "../../ffi/socket_memory.ts";
import { Guard, REASONS } from "../../src/echo/guard.ts";
import { parseAddress } from "../../src/net/address.ts";
import { BatchSender } from "../../src/socket/batch_sender.ts";
import { BROADCAST, MULTICAST, UNICAST, UNKNOWN } from "../../src/socket/control_message.ts";
import { MessageBatch, messagesOf } from "../../src/socket/message_batch.ts";
import { PAYLOAD_SIZE_MAX } from "../../src/socket/messages.ts";

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
  damage(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer().filter(Boolean)), (_, nameLength) => ({ nameLength })),
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

/** One message of a `sendmmsg`, as the kernel reads it. */
interface Sent {
  name: string;
  /** Buffers by their offset in the payloads. */
  buffers: [offset: number, length: number][];
  control: Message[];
}

/** Raw memory, by address. */
class RawMemory {
  readonly #copy = new Memory(1 << 17);

  read(address: bigint, length: number): Uint8Array {
    const { call, pointer } = libc();
    call.memcpy(this.#copy.pointer(0), pointer(Number(address)), length);
    return this.#copy.bytes.slice(0, length);
  }

  write(address: bigint, bytes: Uint8Array): void {
    const { call, pointer } = libc();
    this.#copy.bytes.set(bytes);
    call.memcpy(pointer(Number(address)), this.#copy.pointer(0), bytes.length);
  }
}

/** A kernel that delivers what it is given and keeps what it is asked to send; it takes the place of the real calls. */
class TestKernel {
  readonly raw = new RawMemory();
  deliveries: Delivery[] = [];
  sent: Sent[] = [];
  /** Address of the payloads of the batch. */
  payloads = 0n;
  /** Room for control messages of one message. */
  controlRoom = 0;
  nameRoom = 0;
  // The block of memory from the first header to the end of the last control buffer.
  #block: { address: bigint; length: number } = { address: 0n, length: 0 };
  readonly #real: unknown[];

  constructor() {
    const call = libc().call as unknown as Record<string, unknown>;
    this.#real = [call.recvmmsg, call.sendmmsg];
    call.recvmmsg = (_fd: number, vector: Pointer, count: number) => this.#receive(vector, count);
    call.sendmmsg = (_fd: number, vector: Pointer, count: number) => this.#send(vector, count);
  }

  /** Gives the real calls back. */
  restore(): void {
    const call = libc().call as unknown as Record<string, unknown>;
    [call.recvmmsg, call.sendmmsg] = this.#real;
  }

  /** The memory that the receiving side uses. */
  block(): Uint8Array {
    return this.raw.read(this.#block.address, this.#block.length);
  }

  #headers(vector: Pointer, count: number): DataView {
    const copy = new Memory(count * mmsghdr.size);
    libc().call.memcpy(copy.pointer(0), vector, count * mmsghdr.size);
    return new DataView(copy.bytes.slice(0, count * mmsghdr.size).buffer);
  }

  #receive(vector: Pointer, count: number): number {
    assert.equal(count, CAPACITY);
    const headers = this.#headers(vector, count);
    const pointer = (i: number, member: number) => headers.getBigUint64(i * mmsghdr.size + member, true);
    this.controlRoom = headers.getInt32(mmsghdr.msg_controllen, true);
    this.nameRoom = headers.getInt32(mmsghdr.msg_namelen, true);
    const names = pointer(0, mmsghdr.msg_name);
    // The headers start the block, and the first array of buffers follows them.
    const start = pointer(0, mmsghdr.msg_iov) - BigInt(CAPACITY * mmsghdr.size);
    const end = pointer(CAPACITY - 1, mmsghdr.msg_control) + BigInt(this.controlRoom);
    assert.ok(names > start && names < end);
    this.#block = { address: start, length: Number(end - start) };
    this.payloads = new DataView(this.raw.read(pointer(0, mmsghdr.msg_iov), iovec.size).buffer).getBigUint64(0, true);
    this.deliveries.forEach(({ name, nameLength, control, controlLength, flags, length }, i) => {
      // What a reception overwrote is in order again.
      assert.equal(headers.getInt32(i * mmsghdr.size + mmsghdr.msg_controllen, true), this.controlRoom);
      assert.equal(headers.getInt32(i * mmsghdr.size + mmsghdr.msg_namelen, true), this.nameRoom);
      this.raw.write(pointer(i, mmsghdr.msg_name), name.subarray(0, 32));
      const room = new Uint8Array(this.controlRoom);
      room.set(control.subarray(0, this.controlRoom));
      this.raw.write(pointer(i, mmsghdr.msg_control), room);
      const header = start + BigInt(i * mmsghdr.size);
      this.raw.write(header + BigInt(mmsghdr.msg_namelen), int32(nameLength));
      this.raw.write(header + BigInt(mmsghdr.msg_controllen), int32(controlLength));
      this.raw.write(header + BigInt(mmsghdr.msg_flags), int32(flags));
      this.raw.write(header + BigInt(mmsghdr.msg_len), int32(length));
    });
    return this.deliveries.length;
  }

  #send(vector: Pointer, count: number): number {
    const headers = this.#headers(vector, count);
    for (let i = 0; i < count; i++) {
      const pointer = (member: number) => headers.getBigUint64(i * mmsghdr.size + member, true);
      const nameLength = headers.getUint32(i * mmsghdr.size + mmsghdr.msg_namelen, true);
      const buffers = new DataView(
        this.raw.read(pointer(mmsghdr.msg_iov), Number(pointer(mmsghdr.msg_iovlen)) * iovec.size).buffer,
      );
      const parts: [number, number][] = [];
      for (let k = 0; k < buffers.byteLength; k += iovec.size) {
        const offset = Number(buffers.getBigUint64(k + iovec.iov_base, true) - this.payloads);
        parts.push([offset, Number(buffers.getBigUint64(k + iovec.iov_len, true))]);
      }
      this.sent.push({
        name: hex(this.raw.read(pointer(mmsghdr.msg_name), nameLength)),
        buffers: parts,
        control: [
          ...controlMessages(this.raw.read(pointer(mmsghdr.msg_control), Number(pointer(mmsghdr.msg_controllen)))),
        ],
      });
    }
    return count;
  }
}

/** The 16 bytes of the address at a word of the batch. */
function addressAt(batch: MessageBatch, word: number): Uint8Array {
  return new Uint8Array(batch.addresses.slice(word, word + 4).buffer);
}

/** What may be concluded from a delivery; worked out from its bytes alone. */
interface Conclusion {
  /** The local addresses that whole control messages name, in hexadecimal; "" for a multicast one. */
  locals: string[];
  /** Whether the name and all that was delivered is whole. */
  whole: boolean;
}

function conclude(family: number, given: Delivery, controlRoom: number): Conclusion {
  const length = Math.max(0, Math.min(given.controlLength, controlRoom));
  const control = concat(given.control.subarray(0, controlRoom), new Uint8Array(controlRoom)).subarray(0, length);
  const locals: string[] = [];
  const peerIsIPv4 = family === AF_INET || isMapped(given.name.subarray(8, 24));
  for (const { level, type, data } of controlMessages(control)) {
    if (level === IPPROTO_IP && type === IP_PKTINFO && data.length >= 12 && peerIsIPv4) {
      // Before the kernel was asked for them, it knows of a datagram no more than its destination.
      const known = data.slice(4, 8).some((byte) => byte !== 0);
      const header = data.slice(8, 12);
      // A group or the broadcast address is no source.
      const unicast = (header[0]! & 0xf0) !== 0xe0 && header.some((byte) => byte !== 255);
      locals.push(hex(mapped(known ? data.slice(4, 8) : unicast ? header : new Uint8Array(4))));
    } else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && data.length >= 20 && !peerIsIPv4) {
      const sentTo = data.slice(0, 16);
      if (!isMapped(sentTo)) locals.push(sentTo[0] === 0xff ? "" : hex(sentTo));
    }
  }
  const rightFamily = (given.name[0]! | given.name[1]! << 8) === family;
  const rightLength = given.nameLength === (family === AF_INET ? 16 : 28);
  return { locals, whole: rightFamily && rightLength && (given.flags & (MSG_TRUNC | MSG_CTRUNC)) === 0 };
}

/** Asserts that all that the batch tells of message `i` is possible, and inside the memory. */
function assertConsistent(batch: MessageBatch, i: number, given: Delivery): void {
  const total = batch.size(i);
  const segmentSize = batch.segmentSize(i);
  assert.equal(total, Math.max(0, Math.min(given.length, PAYLOAD_SIZE_MAX)));
  assert.ok(total === 0 ? segmentSize === 0 : segmentSize >= 1 && segmentSize <= total, `segments of ${segmentSize}`);
  assert.equal(batch.datagrams(i), total === 0 ? 1 : Math.ceil(total / segmentSize));
  for (const word of [batch.peerWord(i), batch.localWord(i)]) {
    assert.ok(Number.isInteger(word) && word >= 0 && word + 4 <= batch.addresses.length);
  }
  const offset = batch.payloadOffset(i);
  assert.ok(offset >= 0 && offset + PAYLOAD_SIZE_MAX <= batch.payloads.length);
  const payloads = Array.from({ length: batch.datagrams(i) }, (_, k) => batch.payload(i, k));
  let end = offset;
  payloads.forEach(({ byteOffset, length }, k) => {
    assert.deepEqual([byteOffset, length], [batch.payloadOffset(i, k), batch.payloadSize(i, k)]);
    assert.deepEqual([byteOffset, length], [end, Math.min(segmentSize, offset + total - end)]);
    end += length;
  });
  assert.equal(end, offset + total);
  assert.throws(() => batch.payload(i, payloads.length));
  assert.ok(Number.isInteger(batch.interfaceIndex(i)) && Number.isInteger(batch.peerScope(i)));
  assert.ok([UNICAST, BROADCAST, MULTICAST, UNKNOWN].includes(batch.destination(i)));
  assert.match(batch.peer(i).address, /^[0-9a-f:.]+(%.+)?$/);
  assert.match(batch.localAddress(i), /^[0-9a-f:.]+(%.+)?$/);
  const arrival = batch.arrival(i);
  assert.ok(arrival === undefined || Number.isFinite(arrival));
}

/** A send buffer in which there is always room. */
const EMPTY_BUFFER = { read: (value: number) => value === SK_MEMINFO_SNDBUF ? 2 ** 30 : 0 } as unknown as SocketMemory;

/** Whether an address is `::` or `0.0.0.0`. */
function isUnspecified(address: Uint8Array): boolean {
  return isZero(isMapped(address) ? address.subarray(12) : address);
}

/** The sizes of the datagrams that so many bytes in segments of this size are. */
function cut(total: number, segmentSize: number): number[] {
  if (total === 0) return [0];
  const sizes: number[] = new Array(Math.floor(total / segmentSize)).fill(segmentSize);
  return total % segmentSize === 0 ? sizes : [...sizes, total % segmentSize];
}

/** Asserts that what leaves is what was accepted: each message once, to its peer, from its local address. */
function assertAnswers(kernel: TestKernel, batch: MessageBatch, accepted: number[]): void {
  kernel.sent = [];
  const options = { fd: -1, family: batch.family, segmentation: true, socketMemory: EMPTY_BUFFER };
  const datagrams = new BatchSender(options).send(messagesOf("sendmmsg", batch));
  assert.equal(datagrams, accepted.reduce((sum, i) => sum + batch.datagrams(i), 0));
  const nameOf = (i: number) => {
    const peer = addressAt(batch, batch.peerWord(i));
    const port = batch.peerPort(i);
    return hex(batch.family === AF_INET ? name4(peer.slice(12), port) : name6(peer, port, batch.peerScope(i)));
  };
  const localOf = (i: number) => addressAt(batch, batch.localWord(i));
  // Where the address says nothing without its interface, that tells local addresses apart too.
  const indexOf = (i: number) => isLinkLocal(localOf(i)) || isUnspecified(localOf(i)) ? batch.interfaceIndex(i) : 0;
  const flowOf = (i: number) => `${nameOf(i)} ${hex(localOf(i))} ${indexOf(i)}`;
  for (const i of accepted) assert.equal(batch.error(i), 0);
  const answered: number[] = [];
  for (const { name, buffers, control } of kernel.sent) {
    const messages = buffers.map(([offset, length]) => {
      const i = accepted.find((i) => batch.payloadOffset(i) === offset);
      assert.ok(i !== undefined, `bytes from ${offset} on are no payload that is to be sent`);
      assert.equal(length, batch.size(i));
      return i;
    });
    const first = messages[0]!;
    // The padding of a struct sockaddr_in says nothing.
    assert.equal(
      name.slice(0, batch.family === AF_INET ? 16 : 56),
      nameOf(first).slice(0, batch.family === AF_INET ? 16 : 56),
    );
    for (const i of messages) assert.equal(flowOf(i), flowOf(first), "another peer or local address");
    answered.push(...messages);

    const local = localOf(first);
    const source = control.find(({ type }) => type !== UDP_SEGMENT);
    const segments = control.find(({ type }) => type === UDP_SEGMENT);
    assert.equal(control.length, Number(source !== undefined) + Number(segments !== undefined));
    if (isUnspecified(local) && indexOf(first) === 0) {
      assert.equal(source, undefined);
    } else if (isMapped(local)) {
      assert.deepEqual([source?.level, source?.type], [IPPROTO_IP, IP_PKTINFO]);
      assert.equal(hex(source!.data), hex(concat(int32(indexOf(first)), local.slice(12), int32(0))));
    } else {
      assert.deepEqual([source?.level, source?.type], [IPPROTO_IPV6, IPV6_PKTINFO]);
      assert.equal(hex(source!.data), hex(concat(local, int32(indexOf(first)))));
    }
    const sizes = messages.flatMap((i) => cut(batch.size(i), batch.segmentSize(i)));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    if (segments === undefined) {
      assert.equal(sizes.length, 1);
    } else {
      assert.deepEqual([segments.level, segments.data.length], [IPPROTO_UDP, 2]);
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
    const batch = new MessageBatch(family, CAPACITY);
    const batches = (one: fc.Arbitrary<Delivery>) => fc.array(one, { minLength: 1, maxLength: CAPACITY, size: "max" });
    let kernel: TestKernel;
    before(() => {
      kernel = new TestKernel();
    });
    after(() => kernel.restore());

    /** Has deliveries received, judged and answered; returns the messages that were accepted. */
    function run(
      deliveries: Delivery[],
      options: Omit<ConstructorParameters<typeof Guard>[0], "port" | "refused">,
    ): number[] {
      kernel.deliveries = deliveries;
      assert.equal(messagesOf("recvmmsg", batch).receive(-1, 0), deliveries.length);
      const counted = new Float64Array(REASONS.length);
      const guard = new Guard({ port: PORT, refused: counted, ...options });
      const accepted: number[] = [];
      let refused = 0;
      for (let i = 0; i < batch.count; i++) {
        assert.equal(batch.isMarked(i), false);
        const admitted = guard.admit(batch, i);
        if (admitted === 0) {
          refused += batch.datagrams(i);
          continue;
        }
        assert.equal(admitted, batch.datagrams(i));
        batch.markForSend(i);
        accepted.push(i);
      }
      assert.equal(counted.reduce((sum, count) => sum + count), refused);
      assert.equal(counted[0], 0);
      assertAnswers(kernel, batch, accepted);
      return accepted;
    }

    test("what the kernel delivers is answered, but for what the guard refuses", () => {
      fc.assert(
        fc.property(batches(delivery(family)), (deliveries) => {
          const options = { answerAnyPort: true, answerBroadcast: true, answerMulticast: true };
          const accepted = run(deliveries, options);
          deliveries.forEach((given, i) => {
            assertConsistent(batch, i, given);
            const { locals, whole } = conclude(family, given, kernel.controlRoom);
            assert.ok(whole && locals.length === 1);
            assert.equal(hex(addressAt(batch, batch.localWord(i))), locals[0] || "0".repeat(32));
            const gro = [...controlMessages(given.control)].find(({ type }) => type === UDP_GRO);
            assert.equal(batch.segmentSize(i), gro ? new DataView(gro.data.buffer).getInt32(0, true) : given.length);
            // All but what comes from the server itself.
            const itself = batch.peerPort(i) === PORT && hex(addressAt(batch, batch.peerWord(i))) === locals[0];
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
            assertConsistent(batch, i, given);
            const { locals, whole } = conclude(family, given, kernel.controlRoom);
            const local = addressAt(batch, batch.localWord(i));
            if (!whole || locals.length === 0) {
              assert.equal(batch.destination(i), UNKNOWN);
              assert.ok(isZero(local), "the local address of another message");
            }
            if (!accepted.includes(i)) return refused++;
            answered++;
            const peer = addressAt(batch, batch.peerWord(i));
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

    test("writes only the lengths that it restores, and no payload", () => {
      const written = fc.tuple(batches(fc.oneof(delivery(family), damaged(family))), guards);
      for (let i = 0; i < CAPACITY; i++) {
        batch.payloads.fill(i + 1, i * PAYLOAD_SIZE_MAX, (i + 1) * PAYLOAD_SIZE_MAX);
      }
      const payloads = batch.payloads.slice();
      fc.assert(
        fc.property(written, ([deliveries, options]) => {
          run(deliveries, options);
          kernel.deliveries = [];
          messagesOf("recvmmsg", batch).receive(-1, 0);
          const after = kernel.block();
          // What the kernel wrote is still there, but for the lengths.
          deliveries.forEach(({ name, control }, i) => {
            const view = new DataView(after.buffer, i * mmsghdr.size);
            assert.equal(view.getInt32(mmsghdr.msg_namelen, true), kernel.nameRoom);
            assert.equal(view.getInt32(mmsghdr.msg_controllen, true), kernel.controlRoom);
            const text = hex(after);
            assert.ok(text.includes(hex(name.subarray(0, 32))));
            assert.ok(text.includes(hex(control.subarray(0, kernel.controlRoom))));
          });
        }),
        { numRuns: 200 },
      );
      assert.equal(Buffer.compare(payloads, batch.payloads), 0);
    });
  });
}
