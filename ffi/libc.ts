/**
 * Functions of libc for sockets and files.
 *
 * C functions return -1 and set `errno`; these return the negative error number instead, as the kernel does: a result
 * below zero is `-errno`.
 * @module
 */

import { F_DUPFD_CLOEXEC, SOCK_CLOEXEC } from "./constants.ts";
import { pollfd } from "./layouts.ts";
import { lazyLibc, libc } from "./library.ts";
import { cString, Memory } from "./memory.ts";

let scratchMemory: Memory | undefined;

/** Memory for the arguments of one call. */
function scratch(): Memory {
  return scratchMemory ??= new Memory(512);
}

/** The result of a C function that sets `errno` if it is negative; then `-errno`. Call it right after the function. */
export function result(value: number): number {
  return value < 0 ? -libc().errno() : value;
}

/** Creates a socket of the domain's usual protocol, closed by exec; returns its descriptor, above 2. socket(2) */
export function socket(domain: number, type: number): number {
  return aboveStandardStreams(result(libc().call.socket(domain, type | SOCK_CLOEXEC, 0)));
}

/** Binds a socket to the `struct sockaddr` of `length` bytes at the start of `address`. bind(2) */
export function bind(fd: number, address: Memory, length: number): number {
  return result(libc().call.bind(fd, address.pointer(0), length));
}

/** Connects a socket to the `struct sockaddr` of `length` bytes at the start of `address`. connect(2) */
export function connect(fd: number, address: Memory, length: number): number {
  return result(lazyLibc().connect(fd, address.pointer(0), length));
}

/** Writes the local address of a socket to the start of `address`, at most `length` bytes. getsockname(2) */
export function getsockname(fd: number, address: Memory, length: number): number {
  const memory = scratch();
  memory.i32[0] = length;
  return result(libc().call.getsockname(fd, address.pointer(0), memory.pointer(0)));
}

/** Sets a socket option whose value is an `int`, or a struct of these 32-bit words, up to 128. setsockopt(2) */
export function setsockopt(fd: number, level: number, name: number, ...value: readonly number[]): number {
  const memory = scratch();
  memory.i32.set(value);
  return result(libc().call.setsockopt(fd, level, name, memory.pointer(0), value.length * 4));
}

/** Sets a socket option whose value is a text, or a struct of any size. setsockopt(2) */
export function setsockoptBytes(fd: number, level: number, name: number, value: Uint8Array): number {
  const { length } = value;
  const memory = new Memory(length);
  memory.bytes.set(value);
  return result(libc().call.setsockopt(fd, level, name, memory.pointer(0), length));
}

/** Reads a socket option whose value is an `int` of at least 0. getsockopt(2) */
export function getsockopt(fd: number, level: number, name: number): number {
  const memory = scratch();
  memory.i32[0] = 4;
  const error = result(libc().call.getsockopt(fd, level, name, memory.pointer(8), memory.pointer(0)));
  return error < 0 ? error : memory.i32[2]!;
}

/** Waits up to `milliseconds` for one of `events` on a descriptor, or an error; returns them, 0 for none. poll(2) */
export function poll(fd: number, events: number, milliseconds: number): number {
  const memory = scratch();
  memory.i32[pollfd.fd >> 2] = fd;
  memory.u16[pollfd.events >> 1] = events;
  const ready = result(libc().call.poll(memory.pointer(0), 1, milliseconds));
  return ready > 0 ? memory.u16[pollfd.revents >> 1]! : ready;
}

/** Opens an existing file; returns its descriptor. open(2) */
export function open(path: string, flags: number): number {
  return result(libc().call.open(cString(path).pointer(0), flags));
}

/** Writes the first `length` bytes of a block; returns the bytes written. write(2) */
export function write(fd: number, block: Memory, length: number): number {
  return result(libc().call.write(fd, block.pointer(0), length));
}

/** Sends the first `length` bytes of a block along a connected socket; returns the bytes sent. send(2) */
export function send(fd: number, block: Memory, length: number, flags: number): number {
  return result(libc().call.send(fd, block.pointer(0), length, flags));
}

/** Closes a descriptor. close(2) */
export function close(fd: number): number {
  return result(libc().call.close(fd));
}

/** Runs a command on a descriptor whose argument is an `int`. fcntl(2) */
export function fcntl(fd: number, command: number, argument: number): number {
  return result(libc().call.fcntl(fd, command, argument));
}

/**
 * Moves a new descriptor above those of the standard streams. If one of these was closed, the descriptor has its number,
 * and output would go there. fcntl(2)
 * @returns the descriptor to use instead of `fd`, closed by exec
 */
export function aboveStandardStreams(fd: number): number {
  if (fd < 0 || fd > 2) return fd;
  const higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  close(fd);
  return higher;
}

/** Moves the offset of a descriptor; returns the new offset modulo 2^32. lseek(2) */
export function lseek(fd: number, offset: number, whence: number): number {
  // Only -1 is a failure: the lower half of a large offset may look negative.
  const position = libc().call.lseek(fd, offset, whence);
  return position === -1 ? result(position) : position >>> 0;
}
