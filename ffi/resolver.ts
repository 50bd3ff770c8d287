/**
 * Name resolution.
 * @module
 */

import { AF_INET, AF_INET6, EAI_NONAME, SOCK_DGRAM } from "./constants.ts";
import { addrinfo } from "./layouts.ts";
import { lazyLibc, libc } from "./library.ts";
import { copyOf, cString, Memory } from "./memory.ts";

/** Offset of the pointer to the answers in the memory of a call, behind the hints. */
export const ANSWERS: number = addrinfo.size;

/** What host names consist of. RFC 1123, 2.1 */
export const HOST_NAME = /^[\w.-]{1,255}$/;

/**
 * Resolves a host name. It blocks until the name server answers. getaddrinfo(3)
 * @param family `AF_INET`, `AF_INET6`, or `AF_UNSPEC` for both
 * @returns each address as the bytes of its `struct sockaddr`, in order of preference; or the negative `EAI_` error
 */
export function getaddrinfo(name: string, family: number): Uint8Array[] | number {
  if (!HOST_NAME.test(name)) return EAI_NONAME;
  const question = cString(name);
  const memory = writeHints(family);
  const { getaddrinfo } = lazyLibc();
  return readAnswers(memory, getaddrinfo(question.pointer(0), null, memory.pointer(0), memory.pointer(ANSWERS)));
}

/** The memory of a call: the hints, and the place of the answers. */
export function writeHints(family: number): Memory {
  const memory = new Memory(ANSWERS + 8);
  memory.i32[addrinfo.ai_family >> 2] = family;
  memory.i32[addrinfo.ai_socktype >> 2] = SOCK_DGRAM;
  return memory;
}

/** The addresses that a call has left in its memory; or its error, if it is one. */
export function readAnswers({ i32 }: Memory, error: number): Uint8Array[] | number {
  if (error !== 0) return error;
  const first = readAddress(i32, ANSWERS);
  const addresses: Uint8Array[] = [];
  for (let address = first; address !== 0;) {
    const entry = new Int32Array(copyOf(libc().pointer(address), addrinfo.size).buffer);
    const entryFamily = entry[addrinfo.ai_family >> 2];
    if (entryFamily === AF_INET || entryFamily === AF_INET6) {
      const socketAddress = libc().pointer(readAddress(entry, addrinfo.ai_addr));
      addresses.push(copyOf(socketAddress, entry[addrinfo.ai_addrlen >> 2]!));
    }
    address = readAddress(entry, addrinfo.ai_next);
  }
  lazyLibc().freeaddrinfo(libc().pointer(first));
  return addresses;
}

/** The C pointer at `at`, as a number. */
function readAddress(words: Int32Array, at: number): number {
  return (words[at >> 2]! >>> 0) + (words[(at >> 2) + 1]! >>> 0) * 0x1_0000_0000;
}
