/** Programs that the kernel runs on each packet. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  BPF_JEQ,
  BPF_JMP,
  BPF_K,
  BPF_RET,
  EBADF,
  EINVAL,
  SO_ATTACH_FILTER,
  SO_ATTACH_REUSEPORT_CBPF,
} from "../../ffi/constants.ts";
import { attachProgram, type Instruction, loadWord as load } from "../../ffi/socket_filter.ts";
import { datagrams, UdpSocket } from "../../src/mod.ts";

const LOCALHOST = { port: 0, address: "127.0.0.1", trains: false };
/** Bytes of a UDP header, at which a filter begins. */
const UDP_HEADER = 8;
const keep: Instruction = [BPF_RET | BPF_K, 0, 0, 0xffff_ffff];
const drop: Instruction = [BPF_RET | BPF_K, 0, 0, 0];

/** What of these payloads, a word each, the socket receives. */
function received(socket: UdpSocket, ...words: number[]): number[] {
  using sender = UdpSocket.bind(LOCALHOST);
  for (const word of words) {
    const payload = new DataView(new ArrayBuffer(4));
    payload.setUint32(0, word);
    sender.sendTo(new Uint8Array(payload.buffer), { to: socket.local });
  }
  const batch = socket.batch(8);
  const seen: number[] = [];
  while (socket.tryReceive(batch) > 0) {
    seen.push(...[...datagrams(batch)].map(({ payload }) => new DataView(payload.buffer).getUint32(0)));
  }
  return seen;
}

test("a filter keeps and drops by the program attached last, with jumps and operands of 32 bits", () => {
  using socket = UdpSocket.bind(LOCALHOST);
  const only = (word: number): Instruction[] => [
    load(UDP_HEADER),
    [BPF_JMP | BPF_JEQ | BPF_K, 0, 1, word],
    keep,
    drop,
  ];
  assert.equal(attachProgram(socket.fd, SO_ATTACH_FILTER, only(0xfedc_ba98)), 0);
  assert.deepEqual(received(socket, 1, 0xfedc_ba98, 0x7edc_ba98), [0xfedc_ba98]);
  assert.equal(
    attachProgram(socket.fd, SO_ATTACH_FILTER, [load(UDP_HEADER), [BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 7], keep, drop]),
    0,
  );
  assert.deepEqual(received(socket, 7, 8), [8]);
});

test("a long program", () => {
  using socket = UdpSocket.bind(LOCALHOST);
  const program = [
    ...new Array<Instruction>(1000).fill(load(UDP_HEADER)),
    [BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 7] as const,
  ];
  assert.equal(attachProgram(socket.fd, SO_ATTACH_FILTER, [...program, keep, drop]), 0);
  assert.deepEqual(received(socket, 6, 7), [7]);
});

test("a program that the kernel refuses, and a descriptor that is none", () => {
  using socket = UdpSocket.bind(LOCALHOST);
  for (const program of [[], [load(0)], [[0xffff, 0, 0, 0] as const, keep]]) {
    assert.equal(attachProgram(socket.fd, SO_ATTACH_FILTER, program), -EINVAL);
  }
  assert.equal(attachProgram(999_999, SO_ATTACH_FILTER, [keep]), -EBADF);
  assert.equal(attachProgram(999_999, SO_ATTACH_REUSEPORT_CBPF, [keep]), -EBADF);
  assert.deepEqual(received(socket, 7), [7], "none is attached");
});

test("a steering program selects the socket, in the order in which they were bound", () => {
  const first = UdpSocket.bind({ ...LOCALHOST, reusePort: true });
  const second = UdpSocket.bind({ ...LOCALHOST, port: first.port, reusePort: true });
  // The payload's first word is the index.
  assert.equal(attachProgram(first.fd, SO_ATTACH_REUSEPORT_CBPF, [load(0), [0x16, 0, 0, 0]]), 0);
  assert.deepEqual(received(first, 0, 1, 1, 0), [0, 0]);
  assert.deepEqual(received(second), [1, 1]);
  for (const socket of [first, second]) socket.close();
});
