/**
 * Name resolution on another thread.
 * @module
 */

import { type Blocking, loadBlocking, threadLibc } from "./blocking.ts";
import { EAI_NONAME } from "./constants.ts";
import type { Pointer } from "./contract.ts";
import { addrinfo } from "./layouts.ts";
import { libc } from "./library.ts";
import { cString, type Memory } from "./memory.ts";
import { ANSWERS, HOST_NAME, readAnswers, writeHints } from "./resolver.ts";

const blockingSignatures = {
  /** `int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)` */
  getaddrinfo: { parameters: ["pointer", "pointer", "pointer", "pointer"], result: "i32" },
} as const;

let blocking: Blocking<typeof blockingSignatures> | undefined;
let last: Promise<unknown> | undefined;

/** Resolves a host name as {@link getaddrinfo} does, while the event loop goes on. */
export function getaddrinfoOnThread(name: string, family: number): Promise<Uint8Array[] | number> {
  if (!HOST_NAME.test(name)) return Promise.resolve(EAI_NONAME);
  const memory = writeHints(family);
  const { call } = blocking ??= loadBlocking(blockingSignatures, () => {});
  const { free } = threadLibc();
  // The other thread uses memory of libc: it goes on when the runtime has ended this thread and freed its memory.
  const ask = async () => {
    const question = copyToLibc(cString(name), name.length + 1);
    const hints = copyToLibc(memory, addrinfo.size);
    const answers = threadLibc().malloc(8);
    const error = await call.getaddrinfo(question, null, hints, answers);
    libc().call.memcpy(memory.pointer(ANSWERS), answers, 8);
    for (const block of [question, hints, answers]) free(block);
    return readAnswers(memory, error);
  };
  const answers = last?.then(ask) ?? ask();
  // One call at a time, also after one that failed.
  last = answers.catch(() => {});
  return answers;
}

/** A copy of the first `length` bytes in memory that libc owns. */
function copyToLibc(memory: Memory, length: number): Pointer | null {
  const block = threadLibc().malloc(length);
  libc().call.memcpy(block, memory.pointer(0), length);
  return block;
}
