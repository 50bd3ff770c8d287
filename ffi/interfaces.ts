/**
 * Names and indexes of network interfaces.
 * @module
 */

import { lazyLibc } from "./library.ts";
import { cString, Memory } from "./memory.ts";

/** Bytes of an interface name with its terminating zero: `IFNAMSIZ`. <linux/if.h> */
const IFNAMSIZ = 16;

/** The index of a network interface; 0 if no interface has the name. if_nametoindex(3) */
export function interfaceIndex(name: string): number {
  if (name.includes("\0") || new TextEncoder().encode(name).length >= IFNAMSIZ) return 0;
  return lazyLibc().if_nametoindex(cString(name).pointer(0));
}

/** The name of a network interface; its index in decimal if no interface has it. if_indextoname(3) */
export function interfaceName(index: number): string {
  const memory = new Memory(IFNAMSIZ);
  const { bytes } = memory;
  lazyLibc().if_indextoname(index, memory.pointer(0));
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0))) || `${index}`;
}
