/** The runtime of the simulated process: the third adapter, beside `ffi/deno.ts` and `ffi/bun.ts`. */
import type { Functions, Library, Pointer, Runtime, Signatures } from "../../ffi/contract.ts";
import { replaceGlobals } from "./event_loop.ts";
import { Libc } from "./libc.ts";
import { waitForEvents } from "./libc_files.ts";
import type { SignalName } from "./signals.ts";
import { Violation } from "./violation.ts";
import { memory, type World } from "./world.ts";

/** The program has called `exit`. */
class Exit {
  readonly code: number;

  constructor(code: number) {
    this.code = code;
  }
}

let current: { readonly world: World; readonly libc: Libc } | undefined;

/** Has the program live in another world from now on. */
export function enter(world: World): void {
  // What one module of the program waits with outlives a run.
  for (const [fd, kind] of current?.world.descriptors.list() ?? []) {
    if (kind === "epoll" || kind === "eventfd") world.descriptors.set(fd, current!.world.descriptors.get(fd)!);
  }
  current = { world, libc: new Libc(world) };
}

function here(): { readonly world: World; readonly libc: Libc } {
  if (current === undefined) throw new Violation("there is no simulated world");
  return current;
}

function load<const S extends Signatures>(_: readonly string[], signatures: S): Library<S> {
  const call = Object.keys(signatures).map((name) => [
    name,
    // The function that blocks: there is one.
    signatures[name]!.nonblocking
      ? (...values: [number, number, number]) => waitForEvents(here().world, ...values)
      : (...values: (number | null)[]) => here().libc.call(name, values),
  ]);
  return {
    call: Object.fromEntries(call) as Functions<S>,
    addressOf: (buffer: ArrayBuffer) => memory.addressOf(buffer),
    pointer: (address: number) => address as unknown as Pointer,
  } as Library<S>;
}

/** The runtime that the program is given. Whatever world it lives in, it stays the same, as the program's modules do. */
export const simulatedRuntime = {
  name: "Simulation 1.0",
  arch: "x64",
  args: [],
  onSignal: (signal: SignalName, handler: () => void) => here().world.signals.listen(signal, handler),
  exit: (code: number) => {
    throw new Exit(code);
  },
  ffi: { load },
} as unknown as Runtime;

/** Puts simulated time and chance in the place of this process's own. */
export function simulateGlobals(): void {
  replaceGlobals(() => here().world);
}
