/** Control messages: decoded from buffers of any content and from the kernel, encoded as C's macros encode them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import {
  AF_INET,
  AF_INET6,
  IP_PKTINFO,
  IP_RECVERR,
  IP_TOS,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_PKTINFO,
  IPV6_RECVERR,
  IPV6_RECVPKTINFO,
  IPV6_TCLASS,
  IPV6_V6ONLY,
  MSG_CTRUNC,
  MSG_DONTWAIT,
  SCM_TIMESTAMPING,
  SOCK_DGRAM,
  SOL_SOCKET,
  UDP_GRO,
} from "../../ffi/constants.ts";
import { interfaceIndex } from "../../ffi/interfaces.ts";
import { mmsghdr, sockaddr_in6 } from "../../ffi/layouts.ts";
import * as libc from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { MessageVector } from "../../ffi/message_vector.ts";
import { addressText, IPV4_MAPPED } from "../../src/net/address.ts";
import { readAddress } from "../../src/net/endpoint.ts";
import { readPort, writeResolvedAddress } from "../../src/net/socket_address.ts";
import {
  BROADCAST,
  decodeControlMessages,
  type Destination,
  encodeSegmentSize,
  encodeSource,
  encodeTrafficClass,
  MULTICAST,
  SEND_CONTROL_SIZE,
  UNICAST,
  UNKNOWN,
} from "../../src/socket/control_message.ts";
import { field, word } from "../../src/socket/message_layout.ts";
import { noCompiler, noPython } from "../support/client.ts";
import { LONG } from "../support/process.ts";
import { runC, runPython } from "../support/reference.ts";

/** One control message: its data is `length` bytes at `data`. */
interface Found {
  level: number;
  type: number;
  data: number;
  length: number;
}

/** What a buffer says. */
interface Decoded {
  destination: Destination;
  local: string | undefined;
  interfaceIndex: number;
  segmentSize: number;
  time: [seconds: number, nanoseconds: number] | undefined;
  error: number | undefined;
}

/** A decoder for the message with this number, between others. */
class Decoder {
  readonly #paths = new Int32Array(3 * word.count).fill(7);
  readonly #fields = new Int32Array(3 * field.count).fill(7);
  readonly #headers: Memory;

  constructor(memory: Memory) {
    this.#headers = memory;
  }

  decode(at: number, length: number): Decoded {
    const set = (i: number, name: number, value: number) => this.#fields[i * field.count + name] = value;
    const decoding = { headers: this.#headers, paths: this.#paths, fields: this.#fields, set };
    decodeControlMessages(decoding, 1, at, length);
    const path = this.#paths.slice(word.count, 2 * word.count);
    const fields = this.#fields.slice(field.count, 2 * field.count);
    for (const others of [this.#paths, this.#fields]) {
      const third = others.length / 3;
      assert.ok(others.every((value, k) => value === 7 || (k >= third && k < 2 * third)), "another message");
    }
    return {
      destination: fields[field.destination] as Destination,
      local: fields[field.destination] === UNKNOWN
        ? undefined
        : addressText(new Uint8Array(path.slice(word.local, word.local + 4).buffer)),
      interfaceIndex: path[word.interface]!,
      segmentSize: fields[field.segmentSize]!,
      time: fields[field.nanoseconds]! < 0 ? undefined : [fields[field.seconds]! >>> 0, fields[field.nanoseconds]!],
      error: fields[field.extendedError]! < 0 ? undefined : fields[field.extendedError]!,
    };
  }
}

/** The control messages of a buffer, written down from cmsg(3) without a thought about speed. */
function walk(memory: Memory, at: number, length: number): Found[] {
  const view = new DataView(memory.bytes.slice(at, at + Math.max(0, length)).buffer);
  const found: Found[] = [];
  let next = 0n;
  while (next + 16n <= BigInt(view.byteLength)) {
    const start = Number(next);
    const size = view.getBigUint64(start, true);
    if (size < 16n || next + size > BigInt(view.byteLength)) break;
    found.push({
      level: view.getInt32(start + 8, true),
      type: view.getInt32(start + 12, true),
      data: at + start + 16,
      length: Number(size) - 16,
    });
    next += (size + 7n) / 8n * 8n;
  }
  return found;
}

/** What those messages say, from ip(7), ipv6(7), udp(7) and timestamping.rst, by bytes. */
function interpret(memory: Memory, messages: Found[]): Decoded {
  const { bytes } = memory;
  const view = new DataView(bytes.buffer);
  const decoded: Decoded = {
    destination: UNKNOWN,
    local: undefined,
    interfaceIndex: 0,
    segmentSize: 0,
    time: undefined,
    error: undefined,
  };
  const dotted = (at: number) => bytes.slice(at, at + 4).join(".");
  for (const { level, type, data, length } of messages) {
    if (level === IPPROTO_IP && type === IP_PKTINFO && length >= 12) {
      const header = dotted(data + 8);
      const multicast = bytes[data + 8]! >= 224 && bytes[data + 8]! <= 239;
      // A group or the broadcast address is no source.
      const unicast = multicast || header === "255.255.255.255" ? "0.0.0.0" : header;
      const local = dotted(data + 4) === "0.0.0.0" ? unicast : dotted(data + 4);
      decoded.local = local;
      decoded.interfaceIndex = view.getInt32(data, true);
      decoded.destination = multicast
        ? MULTICAST
        : header !== local || header === "255.255.255.255"
        ? BROADCAST
        : local === "0.0.0.0"
        ? UNKNOWN
        : UNICAST;
    } else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && length >= 20) {
      const address = addressText(bytes.slice(data, data + 16));
      if (address.includes(".")) continue;
      decoded.interfaceIndex = view.getInt32(data + 16, true);
      decoded.destination = bytes[data] === 0xff ? MULTICAST : address === "::" ? UNKNOWN : UNICAST;
      decoded.local = bytes[data] === 0xff ? "::" : address;
    } else if (level === IPPROTO_UDP && type === UDP_GRO && length >= 4) {
      decoded.segmentSize = view.getInt32(data, true);
    } else if (level === SOL_SOCKET && type === SCM_TIMESTAMPING && length >= 48) {
      const nanoseconds = view.getInt32(data + 8, true);
      decoded.time = nanoseconds < 0 ? undefined : [view.getUint32(data, true), nanoseconds];
    } else if (level === IPPROTO_IP && type === IP_RECVERR && length >= 16 + 16) {
      decoded.error = data;
    } else if (level === IPPROTO_IPV6 && type === IPV6_RECVERR && length >= 16 + 28) {
      decoded.error = data;
    }
  }
  if (decoded.destination === UNKNOWN) decoded.local = undefined;
  return decoded;
}

describe("a buffer of any content", () => {
  const SIZE = 1024;
  // Lengths that fit, nearly fit, are too small, or make a sum overflow.
  const length = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 16, max: 64 }).map(BigInt) },
    { weight: 4, arbitrary: fc.constantFrom(20n, 28n, 32n, 36n, 64n) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 300 }).map(BigInt) },
    { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        15n,
        2n ** 31n - 1n,
        2n ** 31n,
        2n ** 32n + 16n,
        2n ** 63n,
        2n ** 64n - 8n,
        2n ** 64n - 1n,
      ),
    },
  );
  const kind = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(
        [IPPROTO_IP, IP_PKTINFO],
        [IPPROTO_IPV6, IPV6_PKTINFO],
        [IPPROTO_UDP, UDP_GRO],
        [SOL_SOCKET, SCM_TIMESTAMPING],
        [IPPROTO_IP, IP_RECVERR],
        [IPPROTO_IPV6, IPV6_RECVERR],
      ),
    },
    { weight: 1, arbitrary: fc.tuple(fc.integer(), fc.integer()) },
  );
  // Addresses that are multicast, IPv4-mapped, unspecified, or anything.
  const data = fc.oneof(
    fc.uint8Array({ minLength: 48, maxLength: 48 }),
    fc.constantFrom(224, 255, 0, 127, 10).map((byte) => Uint8Array.of(1, 0, 0, 0, 10, 0, 0, 1, byte, 0, 0, 1)),
    // Without a source of the kernel's choice.
    fc.constantFrom([224, 0, 0, 1], [255, 255, 255, 255], [10, 0, 0, 1], [0, 0, 0, 0]).map((address) =>
      Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, ...address)
    ),
    // With the broadcast address, which is no source, as the kernel's choice.
    fc.constant(Uint8Array.of(1, 0, 0, 0, ...new Array(8).fill(255))),
    fc.constantFrom(0, 0xff).map((byte) =>
      Uint8Array.of(...new Array(10).fill(0), byte, byte, 127, 0, 0, 1, 2, 0, 0, 0)
    ),
    fc.constantFrom(0, 0xff, 0x20).map((byte) => Uint8Array.of(byte, ...new Array(14).fill(0), byte && 1, 3, 0, 0, 0)),
  );
  const header = fc.record({ length, kind, data }).map(({ length, kind: [level, type], data }) => {
    const room = Number(length >= 16n && length <= 64n ? (length - 16n + 7n) / 8n * 8n : 0n);
    const bytes = new Uint8Array(16 + room);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, length, true);
    view.setInt32(8, level!, true);
    view.setInt32(12, type!, true);
    bytes.set(data.subarray(0, room), 16);
    return bytes;
  });
  const content = fc.oneof(
    { weight: 3, arbitrary: fc.array(header, { maxLength: 12 }) },
    { weight: 1, arbitrary: fc.array(fc.oneof(header, fc.uint8Array({ maxLength: 24 })), { maxLength: 8 }) },
  ).map((pieces) => Uint8Array.from(pieces.flatMap((piece) => [...piece])).subarray(0, 256));
  const buffer = fc.record({
    content,
    at: fc.nat(40).map((step) => step * 8),
    // How the buffer ends: before, with, or behind its content.
    length: fc.oneof(fc.constant(undefined), fc.integer({ min: -8, max: 300 })),
  });

  /** The buffer in a memory that holds, everywhere else, messages of this level. */
  function place({ content, at }: { content: Uint8Array; at: number }, level: number): Memory {
    const memory = new Memory(SIZE);
    for (let i = 0; i < SIZE; i += 16) memory.i32.set([16, 0, level, 0], i / 4);
    memory.bytes.set(content, at);
    return memory;
  }

  test("is decoded as the reference decodes it, and nothing outside of it", () => {
    let messages = 0;
    fc.assert(
      fc.property(buffer, (buffer) => {
        const length = buffer.length ?? buffer.content.length;
        const memory = place(buffer, 0xbad);
        const found = walk(memory, buffer.at, length);
        const decoded = new Decoder(memory).decode(buffer.at, length);
        assert.deepEqual(decoded, interpret(memory, found));
        // Only a buffer that ends with its content says the same whatever follows it.
        if (length <= buffer.content.length) {
          assert.deepEqual(new Decoder(place(buffer, 0xdead)).decode(buffer.at, length), decoded);
        }
        messages += found.length;
      }),
      { numRuns: 5000 },
    );
    assert.ok(messages > 5000, `only ${messages} messages in all`);
  });

  test("up to the end of the memory", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const memory = new Memory(128);
        const at = 128 - Math.floor(bytes.length / 8) * 8;
        memory.bytes.set(bytes.subarray(0, 128 - at), at);
        const decoded = new Decoder(memory).decode(at, 128 - at);
        assert.deepEqual(decoded, interpret(memory, walk(memory, at, 128 - at)));
      }),
    );
  });

  test("a decoder forgets the buffer before", () => {
    fc.assert(
      fc.property(buffer, (buffer) => {
        const memory = place(buffer, 0xbad);
        const decoder = new Decoder(memory);
        decoder.decode(buffer.at, buffer.content.length);
        assert.deepEqual(decoder.decode(0, 0), interpret(memory, []));
      }),
    );
  });
});

describe("encoding", { skip: noCompiler }, () => {
  const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  /** What one message may take: at most one of the two addresses, a traffic class, and a segment size. */
  interface Reply {
    ipv4: { source: number; index: number } | undefined;
    ipv6: { source: readonly number[]; index: number } | undefined;
    segment: number | undefined;
    trafficClass: number | undefined;
  }
  const some = int32.filter((value) => value !== 0);
  const segment = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: undefined });
  const trafficClass = fc.option(fc.nat(255), { nil: undefined });
  const reply: fc.Arbitrary<Reply> = fc.oneof(
    fc.record({ ipv4: fc.record({ source: some, index: int32 }), ipv6: fc.constant(undefined), segment, trafficClass }),
    fc.record({ ipv4: fc.record({ source: int32, index: some }), ipv6: fc.constant(undefined), segment, trafficClass }),
    fc.record({
      ipv4: fc.constant(undefined),
      ipv6: fc.record({ source: fc.tuple(some, int32, int32, int32), index: int32 }),
      segment,
      trafficClass,
    }),
    fc.record({
      ipv4: fc.constant(undefined),
      ipv6: fc.record({ source: fc.constant([0, 0, 0, 0]), index: some }),
      segment,
      trafficClass,
    }),
    fc.record({ ipv4: fc.constant(undefined), ipv6: fc.constant(undefined), segment, trafficClass: fc.nat(255) }),
  );
  const AT = 64;

  /** Encodes the control messages of a reply; returns the offset behind them. */
  function encode(memory: Memory, { ipv4, ipv6, segment, trafficClass }: Reply): number {
    // Without a source and an interface there is nothing to encode.
    const source = ipv6 ? ipv6.source : [0, 0, IPV4_MAPPED, ipv4?.source ?? 0];
    const index = ipv4?.index ?? ipv6?.index ?? 0;
    let at = encodeSource(memory, AT, Int32Array.of(7, ...source), 1, index);
    if (trafficClass !== undefined) at = encodeTrafficClass(memory, at, ipv6 === undefined, trafficClass);
    return segment === undefined ? at : encodeSegmentSize(memory, at, segment);
  }

  /** Level and type of a traffic class. */
  function trafficClassOf(ipv6: unknown): [level: number, type: number] {
    return ipv6 ? [IPPROTO_IPV6, IPV6_TCLASS] : [IPPROTO_IP, IP_TOS];
  }

  /** C that does the same by the macros of cmsg(3), and prints the length of each and the bytes of all. */
  function inC({ ipv4, ipv6, segment, trafficClass }: Reply): string {
    const messages: [level: number, type: number, declaration: string][] = [];
    if (ipv4) {
      const value = `{.ipi_ifindex = ${ipv4.index}, .ipi_spec_dst.s_addr = (unsigned)${ipv4.source}}`;
      messages.push([IPPROTO_IP, IP_PKTINFO, `struct in_pktinfo data = ${value}`]);
    }
    if (ipv6) {
      const words = ipv6.source.map((word) => `(unsigned)${word}`);
      const value = `{.ipi6_ifindex = ${ipv6.index}, .ipi6_addr.s6_addr32 = {${words}}}`;
      messages.push([IPPROTO_IPV6, IPV6_PKTINFO, `struct in6_pktinfo data = ${value}`]);
    }
    if (trafficClass !== undefined) {
      messages.push([...trafficClassOf(ipv6), `int data = ${trafficClass}`]);
    }
    if (segment !== undefined) messages.push([IPPROTO_UDP, 103, `unsigned short data = ${segment}`]);
    return `{
      union { char bytes[256]; struct cmsghdr align; } buffer = {{0}};
      struct msghdr header = {.msg_control = buffer.bytes, .msg_controllen = sizeof buffer.bytes};
      struct cmsghdr *message = CMSG_FIRSTHDR(&header);
      int total = 0;
      ${
      messages.map(([level, type, declaration], i) =>
        `{
        ${declaration};
        ${i > 0 ? "message = CMSG_NXTHDR(&header, message);" : ""}
        message->cmsg_level = ${level};
        message->cmsg_type = ${type};
        message->cmsg_len = CMSG_LEN(sizeof data);
        memcpy(CMSG_DATA(message), &data, sizeof data);
        total += CMSG_SPACE(sizeof data);
      }`
      ).join("\n")
    }
      for (int i = 0; i < total; i++) printf("%02x", (unsigned char)buffer.bytes[i]);
      printf("\\n");
    }`;
  }

  test("gives what C's macros give, and no more", () => {
    const replies = fc.sample(reply, 60);
    const expected = runC(["netinet/in.h", "stdio.h", "string.h", "sys/socket.h"], replies.map(inC));
    replies.forEach((reply, i) => {
      const memory = new Memory(256);
      const end = encode(memory, reply);
      assert.equal(Buffer.from(memory.bytes.subarray(AT, end)).toString("hex"), expected[i]);
      assert.ok(memory.bytes.subarray(end).every((byte) => byte === 0));
      assert.ok(end - AT <= SEND_CONTROL_SIZE);
    });
  });

  test("gives what the reference reads, over any content", () => {
    fc.assert(
      fc.property(reply, fc.nat(255), (reply, byte) => {
        const memory = new Memory(256);
        memory.bytes.fill(byte);
        const end = encode(memory, reply);
        const found = walk(memory, AT, end - AT);
        const expected = [
          ...(reply.ipv4 ? [[IPPROTO_IP, IP_PKTINFO, 12]] : []),
          ...(reply.ipv6 ? [[IPPROTO_IPV6, IPV6_PKTINFO, 20]] : []),
          ...(reply.trafficClass === undefined ? [] : [[...trafficClassOf(reply.ipv6), 4]]),
          ...(reply.segment === undefined ? [] : [[IPPROTO_UDP, 103, 2]]),
        ];
        assert.deepEqual(found.map(({ level, type, length }) => [level, type, length]), expected);
        const data = found[0]?.data ?? NaN;
        if (reply.ipv4) {
          assert.deepEqual([...memory.i32.subarray(data / 4, data / 4 + 3)], [reply.ipv4.index, reply.ipv4.source, 0]);
        }
        if (reply.ipv6) {
          assert.deepEqual([...memory.i32.subarray(data / 4, data / 4 + 5)], [...reply.ipv6.source, reply.ipv6.index]);
        }
        if (reply.trafficClass !== undefined) {
          const { data } = found[reply.ipv4 || reply.ipv6 ? 1 : 0]!;
          assert.equal(memory.i32[data / 4], reply.trafficClass);
        }
        if (reply.segment !== undefined) assert.equal(memory.u16[found.at(-1)!.data / 2], reply.segment);
      }),
    );
  });
});

describe("what the kernel delivers", { skip: noPython }, () => {
  const lo = interfaceIndex("lo");
  const vector = new MessageVector(2, 128);
  const { memory } = vector;
  const CONTROL = vector.controlOffset(0);
  const CONTROL_END = vector.controlOffset(1);
  const payloads = new Memory(65_536);
  vector.setBuffer(0, payloads, 0, 65_536);

  const sockets: { fd: number; port: number }[] = [];
  before(() => {
    for (const [domain, only] of [[AF_INET, 0], [AF_INET6, 0], [AF_INET6, 1]] as const) {
      const fd = libc.socket(domain, SOCK_DGRAM);
      const any = readAddress(domain === AF_INET ? "0.0.0.0" : "::")!;
      libc.setsockopt(fd, IPPROTO_IP, IP_PKTINFO, 1);
      libc.setsockopt(fd, IPPROTO_UDP, UDP_GRO, 1);
      if (domain === AF_INET6) {
        libc.setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
        libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
      }
      const name = new Memory(sockaddr_in6.size);
      assert.equal(libc.bind(fd, name, writeResolvedAddress(name, domain, any, 0)), 0);
      libc.getsockname(fd, name, sockaddr_in6.size);
      sockets.push({ fd, port: readPort(name.bytes) });
    }
  });
  after(() => sockets.forEach(({ fd }) => libc.close(fd)));

  /**
   * Sends one payload of so many bytes to an address of the socket, as a train if there is a segment size, and gives
   * the control messages that arrive with it in so much room.
   */
  function deliver(socket: number, address: string, size: number, segment: number, room = 128): string[] {
    const { fd, port } = sockets[socket]!;
    runPython(
      `
import socket
address, port, size, segment = given
client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
if segment: client.setsockopt(socket.IPPROTO_UDP, 103, segment)
answer = client.sendto(bytes(size), (address, port))
`,
      [address, port, size, segment],
    );
    memory.bytes.fill(0xff, CONTROL, CONTROL_END);
    payloads.bytes.fill(0xff);
    vector.setLengths(0, 0, room);
    assert.equal(vector.receive(fd, 1, MSG_DONTWAIT), 1);
    assert.equal(vector.get(0, mmsghdr.msg_len), size);
    // The vector does not keep this memory alive: its owner does.
    assert.ok(payloads.bytes.subarray(0, size).every((byte) => byte === 0));
    const length = vector.get(0, mmsghdr.msg_controllen);
    const messages = walk(memory, CONTROL, length);
    assert.deepEqual(new Decoder(memory).decode(CONTROL, length), interpret(memory, messages));
    assert.ok(memory.bytes.subarray(CONTROL + room, CONTROL_END).every((byte) => byte === 0xff));
    return [...messages.map(describeMessage), ...(vector.get(0, mmsghdr.msg_flags) & MSG_CTRUNC ? ["MSG_CTRUNC"] : [])];
  }

  /** A message by its name and what it says, as far as it goes. */
  function describeMessage({ level, type, data, length }: Found): string {
    const words = memory.i32.subarray(data / 4, Math.floor((data + length) / 4));
    const address = (at: number) => addressText(memory.bytes.slice(at, at + 16));
    const ipv4 = (at: number) => [...memory.bytes.subarray(at, at + 4)].join(".");
    const on = (index: number | undefined) => (index === lo ? "lo" : `interface ${index}`);
    if (level === IPPROTO_IP && type === IP_PKTINFO && length === 12) {
      return `IP_PKTINFO ${ipv4(data + 4)} ${ipv4(data + 8)} ${on(words[0])}`;
    }
    if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && length === 20) {
      return `IPV6_PKTINFO ${address(data)} ${on(words[4])}`;
    }
    if (level === IPPROTO_UDP && type === UDP_GRO && length === 4) return `UDP_GRO ${words[0]}`;
    return `level ${level} type ${type} with ${length} bytes`;
  }

  test("on an IPv4 socket", () => {
    assert.deepEqual(deliver(0, "127.0.0.5", 10, 0), ["IP_PKTINFO 127.0.0.5 127.0.0.5 lo"]);
    assert.deepEqual(deliver(0, "127.1.2.3", 1000, 300).sort(), ["IP_PKTINFO 127.1.2.3 127.1.2.3 lo", "UDP_GRO 300"]);
  });

  test("on a dual-stack socket: both for an IPv4 datagram", () => {
    const both = ["IPV6_PKTINFO 127.0.0.5 lo", "IP_PKTINFO 127.0.0.5 127.0.0.5 lo"];
    assert.deepEqual(deliver(1, "127.0.0.5", 0, 0).sort(), both);
    assert.deepEqual(deliver(1, "127.0.0.5", 65_000, 1300).sort(), [...both, "UDP_GRO 1300"]);
    assert.deepEqual(deliver(1, "::1", 10, 0), ["IPV6_PKTINFO ::1 lo"]);
  });

  test("on an IPv6 socket", () => {
    assert.deepEqual(deliver(2, "::1", 10, 0), ["IPV6_PKTINFO ::1 lo"]);
    assert.deepEqual(deliver(2, "::1", 101, 100).sort(), ["IPV6_PKTINFO ::1 lo", "UDP_GRO 100"]);
  });

  test("in too little room: what is whole, and MSG_CTRUNC", LONG, () => {
    const whole = deliver(1, "127.0.0.5", 100, 10);
    assert.equal(whole.length, 3);
    for (let room = 0; room < 96; room += 8) {
      const found = deliver(1, "127.0.0.5", 100, 10, room);
      assert.equal(found.pop(), "MSG_CTRUNC", `room ${room}`);
      // The last one may have been cut.
      assert.deepEqual(found.slice(0, -1), whole.slice(0, Math.max(0, found.length - 1)));
      assert.ok(found.length <= Math.ceil(room / 24));
    }
  });
});
