/**
 * The functions of libc that the program calls.
 *
 * Where C returns -1 and sets `errno`, these return the negative error number, as the kernel itself does: a result
 * below zero is always `-errno`. Buffers are places in a {@link Memory}.
 * @module
 */

import { AF_INET, AF_INET6, EAI_NONAME, O_CLOEXEC, SIG_IGN, SOCK_DGRAM, TIOCGDEV, TIOCGWINSZ } from "./constants.ts";
import type { Pointer } from "./contract.ts";
import { addrinfo, pollfd, sigaction, timespec, timeval, winsize } from "./layouts.ts";
import { furtherLibc, libc } from "./library.ts";
import { Memory } from "./memory.ts";

let scratchMemory: Memory | undefined;

/** Room for the arguments of one call. */
function scratch(): Memory {
  return scratchMemory ??= new Memory(1024);
}

function result(value: number): number {
  return value < 0 ? -libc().errno() : value;
}

/** Makes a socket; returns its descriptor. socket(2) */
export function socket(domain: number, type: number, protocol: number): number {
  return result(libc().call.socket(domain, type, protocol));
}

/** Binds a socket to the `struct sockaddr` of `length` bytes at `at`. bind(2) */
export function bind(fd: number, memory: Memory, at: number, length: number): number {
  return result(libc().call.bind(fd, memory.pointer(at), length));
}

/** Connects a socket to the `struct sockaddr` of `length` bytes at `at`. connect(2) */
export function connect(fd: number, memory: Memory, at: number, length: number): number {
  return result(furtherLibc().connect(fd, memory.pointer(at), length));
}

/** Writes the address that a socket is bound to at `at`, where `length` bytes are free. getsockname(2) */
export function getsockname(fd: number, memory: Memory, at: number, length: number): number {
  const room = scratch();
  room.i32[0] = length;
  return result(libc().call.getsockname(fd, memory.pointer(at), room.pointer(0)));
}

/** Sets a socket option whose value is an `int`. setsockopt(2) */
export function setsockopt(fd: number, level: number, name: number, value: number): number {
  const room = scratch();
  room.i32[0] = value;
  return result(libc().call.setsockopt(fd, level, name, room.pointer(0), 4));
}

/** Reads a socket option whose value is an `int` that is never negative. getsockopt(2) */
export function getsockopt(fd: number, level: number, name: number): number {
  return getsockoptWord(fd, level, name, 1, 0);
}

/** Reads the word at `index` of a socket option whose value is an array of `count` 32-bit words. getsockopt(2) */
export function getsockoptWord(fd: number, level: number, name: number, count: number, index: number): number {
  const room = scratch();
  room.i32[0] = count * 4;
  const value = result(libc().call.getsockopt(fd, level, name, room.pointer(8), room.pointer(0)));
  return value < 0 ? value : room.i32[2 + index]! >>> 0;
}

/** Sets a socket option whose value is a `struct timeval`. socket(7) */
export function setsockoptTime(fd: number, level: number, name: number, milliseconds: number): number {
  const room = scratch();
  room.bytes.fill(0, 0, timeval.size);
  room.i32[timeval.tv_sec / 4] = Math.floor(milliseconds / 1000);
  room.i32[timeval.tv_usec / 4] = (milliseconds % 1000) * 1000;
  return result(libc().call.setsockopt(fd, level, name, room.pointer(0), timeval.size));
}

/** Waits up to `milliseconds` for one of `events` on a descriptor; returns the events that hold. poll(2) */
export function poll(fd: number, events: number, milliseconds: number): number {
  const room = scratch();
  room.i32[pollfd.fd / 4] = fd;
  room.u16[pollfd.events / 2] = events;
  room.u16[pollfd.revents / 2] = 0;
  const ready = result(libc().call.poll(room.pointer(0), 1, milliseconds));
  return ready <= 0 ? ready : room.u16[pollfd.revents / 2]!;
}

/** Opens a file that exists; returns its descriptor. open(2) */
export function open(path: string, flags: number): number {
  const room = scratch();
  room.writeCString(0, path);
  return result(libc().call.open(room.pointer(0), flags));
}

/** The beginning of a small file, such as those under `/proc`, up to 1 KiB; "" where it can't be read. read(2) */
export function readSmallFile(path: string): string {
  const fd = open(path, O_CLOEXEC);
  if (fd < 0) return "";
  const room = scratch();
  const length = libc().call.read(fd, room.pointer(0), room.bytes.length);
  close(fd);
  return length <= 0 ? "" : new TextDecoder().decode(room.bytes.subarray(0, length));
}

/** Closes a descriptor. close(2) */
export function close(fd: number): number {
  return result(libc().call.close(fd));
}

/** Controls a descriptor by a command whose argument is an `int`. fcntl(2) */
export function fcntl(fd: number, command: number, argument: number): number {
  return result(libc().call.fcntl(fd, command, argument));
}

/** The size of a terminal, in characters; `undefined` if the descriptor is none. ioctl_tty(2) */
export function terminalSize(fd: number): { columns: number; rows: number } | undefined {
  const room = scratch();
  if (furtherLibc().ioctl(fd, TIOCGWINSZ, room.pointer(0)) < 0) return undefined;
  return { columns: room.u16[winsize.ws_col / 2]!, rows: room.u16[winsize.ws_row / 2]! };
}

/** The device number of a terminal; `undefined` if the descriptor is none. ioctl_tty(2) */
export function terminalDevice(fd: number): number | undefined {
  const room = scratch();
  return furtherLibc().ioctl(fd, TIOCGDEV, room.pointer(0)) < 0 ? undefined : room.i32[0];
}

/** Moves a descriptor's position; a position is given back modulo 2^32. lseek(2) */
export function lseek(fd: number, offset: number, whence: number): number {
  // Only -1 is a failure: half of a large position may look negative.
  const position = libc().call.lseek(fd, offset, whence);
  return position === -1 ? -libc().errno() : position >>> 0;
}

/** The index of a network interface; 0 if there is none of that name. if_nametoindex(3) */
export function interfaceIndex(name: string): number {
  // IFNAMSIZ is 16 with the terminating zero: a longer name is none.
  if (name.includes("\0") || new TextEncoder().encode(name).length > 15) return 0;
  const room = scratch();
  room.writeCString(0, name);
  return furtherLibc().if_nametoindex(room.pointer(0));
}

/** The name of a network interface; its number, where there is none of that index. if_indextoname(3) */
export function interfaceName(index: number): string {
  const room = scratch();
  return furtherLibc().if_indextoname(index, room.pointer(0)) === null ? `${index}` : room.readCString(0) || `${index}`;
}

/** The value of an environment variable, which Deno would want a permission for; "" if it is not set. getenv(3) */
export function environmentVariable(name: string): string {
  const call = furtherLibc();
  const room = scratch();
  room.writeCString(0, name);
  const value = call.getenv(room.pointer(0));
  const length = value === null ? 0 : call.strlen(value);
  return length === 0 ? "" : new TextDecoder().decode(copyOf(value!, length));
}

/** Whether the process was started with this signal ignored, as `nohup` does. sigaction(2) */
export function signalIgnored(signal: number): boolean {
  const room = scratch();
  room.bytes.fill(0, 0, sigaction.size);
  libc().call.sigaction(signal, null, room.pointer(0));
  return room.i32[sigaction.sa_handler / 4] === SIG_IGN;
}

/**
 * The addresses of a host name, each as the bytes of its `struct sockaddr`, in the order in which they are to be tried;
 * or the negative error of the resolver. It waits for the answer. getaddrinfo(3)
 */
export function getaddrinfo(name: string, family: number): Uint8Array[] | number {
  const { pointer } = libc();
  const call = furtherLibc();
  const room = scratch();
  room.bytes.fill(0, 0, addrinfo.size + 8);
  room.i32[addrinfo.ai_family / 4] = family;
  room.i32[addrinfo.ai_socktype / 4] = SOCK_DGRAM;
  const list = addrinfo.size;
  const text = list + 8;
  // Host names have no other characters, and never leave their place here. RFC 1123, 2.1
  if (!/^[\w.-]{1,255}$/.test(name)) return EAI_NONAME;
  room.writeCString(text, name);
  const error = call.getaddrinfo(room.pointer(text), null, room.pointer(0), room.pointer(list));
  if (error !== 0) return error;
  const first = readAddress(room.i32, list);
  const addresses: Uint8Array[] = [];
  for (let at = first; at !== 0;) {
    const entry = new Int32Array(copyOf(pointer(at), addrinfo.size).buffer);
    const entryFamily = entry[addrinfo.ai_family / 4];
    if (entryFamily === AF_INET || entryFamily === AF_INET6) {
      addresses.push(copyOf(pointer(readAddress(entry, addrinfo.ai_addr)), entry[addrinfo.ai_addrlen / 4]!));
    }
    at = readAddress(entry, addrinfo.ai_next);
  }
  call.freeaddrinfo(pointer(first));
  return addresses;
}

/** A copy of `length` bytes of memory that libc owns. */
function copyOf(from: Pointer, length: number): Uint8Array<ArrayBuffer> {
  const memory = new Memory(length);
  libc().call.memcpy(memory.pointer(0), from, length);
  return memory.bytes.slice(0, length);
}

function readAddress(words: Int32Array, at: number): number {
  return (words[at / 4]! >>> 0) + (words[at / 4 + 1]! >>> 0) * 0x1_0000_0000;
}

/** Second of the epoch that the times of {@link wallTime} count from. */
export const TIME_ORIGIN_SECONDS: number = Math.floor(Date.now() / 1000);

/**
 * A time of `CLOCK_REALTIME`, given in seconds and nanoseconds, as nanoseconds since {@link TIME_ORIGIN_SECONDS}: a whole
 * number that a double holds exactly within 104 days of it.
 */
export function wallTime(seconds: number, nanoseconds: number): number {
  return (seconds - TIME_ORIGIN_SECONDS) * 1_000_000_000 + nanoseconds;
}

/** A clock of the kernel. It allocates nothing. clock_gettime(2) */
export class Clock {
  readonly #memory = new Memory(timespec.size);
  readonly #i32 = this.#memory.i32;
  readonly #pointer = this.#memory.pointer(0);
  readonly #call = libc().call;
  readonly #clock: number;

  /** @param clock `CLOCK_MONOTONIC` or `CLOCK_REALTIME` */
  constructor(clock: number) {
    this.#clock = clock;
  }

  /** Reads the clock. */
  read(): void {
    this.#call.clock_gettime(this.#clock, this.#pointer);
  }

  /** Whole seconds of the last reading, modulo 2^32: enough until 2106. */
  get seconds(): number {
    return this.#i32[timespec.tv_sec / 4]! >>> 0;
  }

  /** Nanoseconds of the last reading that are beyond its whole seconds. */
  get nanoseconds(): number {
    return this.#i32[timespec.tv_nsec / 4]!;
  }

  /**
   * Reads the clock in microseconds, for {@link elapsed}. They start over every 1,024 seconds: so they stay small
   * integers, which no runtime puts on the heap.
   */
  microseconds(): number {
    this.#call.clock_gettime(this.#clock, this.#pointer);
    return (this.#i32[timespec.tv_sec / 4]! & 1023) * 1_000_000 + ((this.#i32[timespec.tv_nsec / 4]! / 1000) | 0);
  }
}

/** Values of {@link Clock.microseconds} are below this, and start over at 0. */
const MICROSECONDS_END = 1024 * 1_000_000;

/** Microseconds from one value of {@link Clock.microseconds} to a later one, less than 1,024 seconds after it. */
export function elapsed(from: number, to: number): number {
  return to >= from ? to - from : to - from + MICROSECONDS_END;
}

/** Writes bytes of one block of memory to descriptors. */
export class Writer {
  /** What is to be written. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #pointer: Pointer;
  readonly #call = libc().call;
  readonly #errno = libc().errno;

  /** @param size bytes at the most */
  constructor(size: number) {
    const memory = new Memory(size);
    this.bytes = memory.bytes;
    this.#pointer = memory.pointer(0);
  }

  /** Writes the first `length` bytes to a descriptor; returns how many it took. write(2) */
  write(fd: number, length: number): number {
    const written = this.#call.write(fd, this.#pointer, length);
    return written < 0 ? -this.#errno() : written;
  }

  /** Sends the first `length` bytes to a connected socket; returns how many it took. send(2) */
  send(fd: number, length: number, flags: number): number {
    const sent = this.#call.send(fd, this.#pointer, length, flags);
    return sent < 0 ? -this.#errno() : sent;
  }
}
