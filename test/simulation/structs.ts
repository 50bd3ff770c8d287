/**
 * The structs that cross the border to libc, as <bits/socket.h> and the man pages have them on 64-bit Linux. The program
 * has its own description of them in `ffi/layouts.ts`, which is not used here: a mistake there must show.
 */
import { addressOf, bytesOf, isIPv4, mappedBytesOf } from "./address.ts";
import type { AddressSpace } from "./memory.ts";
import { Violation } from "./violation.ts";

export const AF_INET = 2;
export const AF_INET6 = 10;

/** An address with its port, and for a link-local one the index of its interface. */
export interface SocketAddress {
  readonly address: string;
  readonly port: number;
  readonly scope: number;
  /** Whether it is an IPv4 address in the form that IPv6 sockets have. */
  readonly mapped: boolean;
}

/** Reads a `struct sockaddr`; `undefined` where its family is another, or it is too short. */
export function readSocketAddress(memory: AddressSpace, at: number, length: number): SocketAddress | undefined {
  if (length < 2) return undefined;
  const family = memory.u16(at);
  const port = length < 4 ? 0 : memory.bytes(at + 2, 1)[0]! << 8 | memory.bytes(at + 3, 1)[0]!;
  if (family === AF_INET && length >= 16) {
    return { address: addressOf(memory.bytes(at + 4, 4)), port, scope: 0, mapped: false };
  }
  if (family !== AF_INET6 || length < 24) return undefined;
  const address = addressOf(memory.bytes(at + 8, 16));
  return { address, port, scope: length >= 28 ? memory.u32(at + 24) : 0, mapped: isIPv4(address) };
}

/** The bytes of a `struct sockaddr_in` or `sockaddr_in6`. */
export function socketAddressBytes(family: number, { address, port, scope }: Omit<SocketAddress, "mapped">) {
  const bytes = new Uint8Array(family === AF_INET ? 16 : 28);
  bytes[0] = family;
  bytes[2] = port >> 8;
  bytes[3] = port;
  if (family === AF_INET) {
    bytes.set(bytesOf(address), 4);
  } else {
    bytes.set(mappedBytesOf(address), 8);
    new DataView(bytes.buffer).setUint32(24, scope, true);
  }
  return bytes;
}

/** Writes what fits of a socket address; returns its true length, as the kernel does. */
export function writeTruncated(memory: AddressSpace, at: number, room: number, bytes: Uint8Array): number {
  memory.bytes(at, Math.min(room, bytes.length)).set(bytes.subarray(0, room));
  return bytes.length;
}

/** Bytes of a `struct mmsghdr`. */
export const MESSAGE_HEADER_SIZE = 64;

/** A range of the program's memory. */
export interface Range {
  readonly at: number;
  readonly length: number;
}

/** A `struct mmsghdr`, or a `struct msghdr`, which is its beginning. */
export class MessageHeader {
  readonly #memory: AddressSpace;
  readonly #at: number;

  constructor(memory: AddressSpace, at: number) {
    this.#memory = memory;
    this.#at = at;
  }

  get name(): Range {
    return { at: this.#memory.u64(this.#at), length: this.#memory.i32(this.#at + 8) };
  }

  get control(): Range {
    return { at: this.#memory.u64(this.#at + 32), length: this.#memory.u64(this.#at + 40) };
  }

  /** The buffers of the payload. */
  get buffers(): Range[] {
    const at = this.#memory.u64(this.#at + 16);
    const count = this.#memory.u64(this.#at + 24);
    if (count > 1024) throw new Violation(`a message of ${count} buffers`);
    return Array.from({ length: count }, (_, i) => ({
      at: this.#memory.u64(at + 16 * i),
      length: this.#memory.u64(at + 16 * i + 8),
    }));
  }

  /** Writes the results of a reception to the header. */
  setReceived(nameLength: number, controlLength: number, flags: number, length: number): void {
    this.#memory.setI32(this.#at + 8, nameLength);
    this.#memory.setU64(this.#at + 40, controlLength);
    this.#memory.setI32(this.#at + 48, flags);
    this.setLength(length);
  }

  /** Writes how many bytes were received or sent. */
  setLength(length: number): void {
    this.#memory.setI32(this.#at + 56, length);
  }
}

/** A control message. cmsg(3) */
export interface ControlMessage {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

const align = (length: number) => Math.ceil(length / 8) * 8;

/**
 * Reads the control messages that the program sends.
 * @returns `undefined` where the kernel would answer `EINVAL`
 */
export function readControlMessages(memory: AddressSpace, { at, length }: Range): ControlMessage[] | undefined {
  const messages: ControlMessage[] = [];
  for (let offset = 0; offset + 16 <= length;) {
    const size = memory.u64(at + offset);
    if (size < 16 || offset + size > length) return undefined;
    messages.push({
      level: memory.i32(at + offset + 8),
      type: memory.i32(at + offset + 12),
      data: memory.bytes(at + offset + 16, size - 16).slice(),
    });
    offset += align(size);
  }
  return messages;
}

/** Control messages as they are received: put one after the other, as long as there is room. `put_cmsg`, net/core/scm.c */
export class ControlWriter {
  /** Bytes that were written. */
  length = 0;
  /** Whether something found no room. */
  cut = false;
  readonly #memory: AddressSpace;
  readonly #room: Range;

  constructor(memory: AddressSpace, room: Range) {
    this.#memory = memory;
    this.#room = room;
  }

  /** Writes a message, or what fits of it; returns whether that is all. */
  put({ level, type, data }: ControlMessage): boolean {
    const room = this.#room.length - this.length;
    const whole = room >= 16 + data.length;
    if (!whole) this.cut = true;
    if (room < 16) return false;
    const size = Math.min(16 + data.length, room);
    const at = this.#room.at + this.length;
    this.#memory.setU64(at, size);
    this.#memory.setI32(at + 8, level);
    this.#memory.setI32(at + 12, type);
    this.#memory.bytes(at + 16, size - 16).set(data.subarray(0, size - 16));
    this.length += Math.min(align(16 + data.length), room);
    return whole;
  }
}

/** The bytes of 32-bit words. */
export function words(...values: number[]): Uint8Array {
  return new Uint8Array(Int32Array.from(values).buffer);
}

/** The bytes of a `struct timespec`. */
export function timespecBytes(nanoseconds: number): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setBigInt64(0, BigInt(Math.floor(nanoseconds / 1e9)), true);
  view.setBigInt64(8, BigInt(nanoseconds % 1e9), true);
  return bytes;
}

/** Reads a `struct timespec` or `struct timeval` whose second part has `perSecond` to the second; in nanoseconds. */
export function readTime(memory: AddressSpace, at: number, perSecond: number): number {
  return memory.u64(at) * 1e9 + memory.u64(at + 8) * (1e9 / perSecond);
}
