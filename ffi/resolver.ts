/**
 * Name resolution.
 * @module
 */

import { AF_INET, AF_INET6, EAI_NONAME, SOCK_DGRAM } from "./constants.ts";
import { type Blocking, loadBlocking } from "./blocking.ts";
import type { Pointer } from "./contract.ts";
import { addrinfo } from "./layouts.ts";
import { lazyLibc, libc } from "./library.ts";
import { copyOf, Memory } from "./memory.ts";

/** Offsets in the memory of a call: the hints, the pointer to the answers, the name. */
const HINTS = 0;
const ANSWERS = addrinfo.size;
const NAME = ANSWERS + 8;

/**
 * Resolves a host name. It blocks until the name server answers. getaddrinfo(3)
 * @param family `AF_INET`, `AF_INET6`, or `AF_UNSPEC` for both
 * @returns each address as the bytes of its `struct sockaddr`, in order of preference; or the negative `EAI_` error
 */
export function getaddrinfo(name: string, family: number): Uint8Array[] | number {
  const memory = writeQuestion(name, family);
  if (memory === undefined) return EAI_NONAME;
  const { getaddrinfo } = lazyLibc();
  return readAnswers(
    memory,
    getaddrinfo(memory.pointer(NAME), null, memory.pointer(HINTS), memory.pointer(ANSWERS)),
  );
}

const blockingSignatures = {
  /** `int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)` */
  getaddrinfo: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
} as const;

let blocking: Blocking<typeof blockingSignatures> | undefined;
let last: Promise<unknown> = Promise.resolve();

/** Resolves a host name as {@link getaddrinfo} does, while the event loop goes on. */
export function getaddrinfoOnThread(name: string, family: number): Promise<Uint8Array[] | number> {
  const memory = writeQuestion(name, family);
  if (memory === undefined) return Promise.resolve(EAI_NONAME);
  const { call } = blocking ??= loadBlocking(blockingSignatures, () => {});
  const { free } = lazyLibc();
  // The other thread uses memory of libc: it goes on when the runtime has ended this thread and freed its memory.
  const ask = async () => {
    const question = copyToLibc(memory, NAME, name.length + 1);
    const hints = copyToLibc(memory, HINTS, addrinfo.size);
    const answers = copyToLibc(memory, ANSWERS, 8);
    const error = await call.getaddrinfo(question, null, hints, answers);
    libc().call.memcpy(memory.pointer(ANSWERS), answers, 8);
    for (const block of [question, hints, answers]) free(block);
    return readAnswers(memory, error);
  };
  const answers = last.then(ask);
  // One call at a time, also after one that failed.
  last = answers.catch(() => {});
  return answers;
}

/** The arguments of a call; `undefined` for a text that is no name. */
function writeQuestion(name: string, family: number): Memory | undefined {
  // A host name has no other characters. RFC 1123, 2.1
  if (!/^[\w.-]{1,255}$/.test(name)) return undefined;
  const memory = new Memory(NAME + name.length + 1);
  memory.i32[(HINTS + addrinfo.ai_family) >> 2] = family;
  memory.i32[(HINTS + addrinfo.ai_socktype) >> 2] = SOCK_DGRAM;
  memory.writeCString(NAME, name);
  return memory;
}

/** The addresses that a call has left in its memory; or its error, if it is one. */
function readAnswers({ i32 }: Memory, error: number): Uint8Array[] | number {
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

/** A copy of `length` bytes from `offset` in memory that libc owns. */
function copyToLibc(memory: Memory, offset: number, length: number): Pointer | null {
  const block = lazyLibc().malloc(length);
  libc().call.memcpy(block, memory.pointer(offset), length);
  return block;
}

/** The C pointer at `at`, as a number. */
function readAddress(words: Int32Array, at: number): number {
  return (words[at >> 2]! >>> 0) + (words[(at >> 2) + 1]! >>> 0) * 0x1_0000_0000;
}
