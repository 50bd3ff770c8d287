/** The simulated libc: how its functions are called, and those that are neither of files nor of sockets. */
import { fileFunctions } from "./libc_files.ts";
import { socketFunctions } from "./libc_sockets.ts";
import { timespecBytes } from "./structs.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/**
 * C functions by name, with the parameters that the man pages give them: pointers are addresses, a result below 0 is the
 * negative error number.
 */
export type Functions = Record<string, (...values: number[]) => number>;

/** Functions that take no time: they ask nothing of the kernel, or nothing that anything depends on. */
const FREE = new Set([
  "if_indextoname",
  "memcpy",
  "__errno_location",
  "strlen",
  "clock_gettime",
  "getenv",
  "malloc",
  "free",
]);
/** Functions that return a pointer, which is 0 for a failure. */
const POINTERS = new Set(["memcpy", "__errno_location", "getenv", "if_indextoname", "malloc"]);
/** What `errno` may be after a call that did not fail. */
const STALE_ERRNO = 9999;
const EAI_AGAIN = -3;

/** The libc of a process. */
export class Libc {
  readonly #world: World;
  readonly #functions: Functions;
  // They live as long as the process: the program asks for the address of errno once.
  static readonly #errno = new ArrayBuffer(128);
  static readonly #texts = new Map<string, ArrayBuffer>();
  static readonly #blocks: ArrayBuffer[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#functions = { ...fileFunctions(world), ...socketFunctions(world), ...this.#otherFunctions() };
  }

  /** Calls a function; returns the result of the C function. */
  call(name: string, values: readonly (number | null)[]): number | null {
    const world = this.#world;
    return world.check(() => {
      const code = this.#functions[name];
      if (code === undefined) throw new Violation(`the simulated libc has no ${name}`);
      if (!FREE.has(name)) world.enter(name);
      const result = code(...values.map((value) => value ?? 0));
      if (POINTERS.has(name)) return result === 0 ? null : result;
      if (!FREE.has(name)) new Int32Array(Libc.#errno)[0] = result < 0 ? -result : STALE_ERRNO;
      return result < 0 && name !== "getaddrinfo" ? -1 : result;
    });
  }

  #otherFunctions(): Functions {
    const { memory, time, signals, network, options } = this.#world;
    return {
      clock_gettime: (clock, at) => {
        memory.bytes(at!, 16).set(timespecBytes(clock === 0 ? time.realtime : time.now));
        return 0;
      },
      memcpy: (to, from, length) => {
        if (length! > 0) memory.bytes(to!, length!).set(memory.bytes(from!, length!));
        return to!;
      },
      malloc: (size) => {
        const block = new ArrayBuffer(Math.max(128, size!));
        Libc.#blocks.push(block);
        return memory.addressOf(block);
      },
      free: () => 0,
      __errno_location: () => memory.addressOf(Libc.#errno),
      sigaction: (signal, action, old) => {
        if (old !== 0) memory.bytes(old!, 152).fill(0);
        if (old !== 0) memory.setU64(old!, signals.dispositions.get(signal!) ?? 0);
        if (action !== 0) signals.dispositions.set(signal!, memory.u64(action!));
        return 0;
      },
      getenv: (name) => {
        const value = options.environment[memory.string(name!)];
        return value === undefined ? 0 : textAt(value);
      },
      strlen: (at) => new TextEncoder().encode(memory.string(at!)).length,
      if_nametoindex: (name) => network.interfaces.find((each) => each.name === memory.string(name!))?.index ?? 0,
      if_indextoname: (index, at) => {
        const found = network.interface(index!);
        if (found === undefined) return 0;
        const text = new TextEncoder().encode(`${found.name}\0`);
        memory.bytes(at!, text.length).set(text);
        return at!;
      },
      getaddrinfo: () => EAI_AGAIN,
      freeaddrinfo: () => 0,
    };

    function textAt(value: string): number {
      let buffer = Libc.#texts.get(value);
      if (buffer === undefined) {
        const bytes = new TextEncoder().encode(`${value}\0`);
        buffer = new ArrayBuffer(Math.max(128, bytes.length));
        new Uint8Array(buffer).set(bytes);
        Libc.#texts.set(value, buffer);
      }
      return memory.addressOf(buffer);
    }
  }
}
