/**
 * Names and indexes of network interfaces.
 * @module
 */

import { lazyLibc } from "./library.ts";
import { Memory } from "./memory.ts";

/** Bytes of an interface name with its terminating zero: `IFNAMSIZ`. <linux/if.h> */
const IFNAMSIZ = 16;

/** The index of a network interface; 0 if no interface has the name. if_nametoindex(3) */
export function interfaceIndex(name: string): number {
  if (name.includes("\0") || new TextEncoder().encode(name).length >= IFNAMSIZ) return 0;
  const memory = new Memory(IFNAMSIZ);
  memory.writeCString(0, name);
  return lazyLibc().if_nametoindex(memory.pointer(0));
}

/** The name of a network interface; its index in decimal if no interface has it. if_indextoname(3) */
export function interfaceName(index: number): string {
  const memory = new Memory(IFNAMSIZ);
  lazyLibc().if_indextoname(index, memory.pointer(0));
  return memory.readCString(0) || `${index}`;
}
