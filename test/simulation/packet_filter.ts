/** Socket filters: the part of classic BPF that the program uses. Documentation/networking/filter.rst */
import { bytesOf, isIPv4 } from "./address.ts";
import type { AddressSpace } from "./memory.ts";
import type { Arrival } from "./network.ts";
import { Violation } from "./violation.ts";

const LOAD_WORD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
/** Where a program finds the network header, the EtherType, and the index of the interface. <linux/filter.h> */
const NETWORK_HEADER = 0x1_0000_0000 - 0x100000;
const ETHER_TYPE = 0x1_0000_0000 - 0x1000;
const INTERFACE_INDEX = 0x1_0000_0000 - 0x1000 + 8;

interface Instruction {
  readonly code: number;
  readonly ifTrue: number;
  readonly ifFalse: number;
  readonly operand: number;
}

/** A program that decides which packets a socket gets. */
export class PacketFilter {
  readonly #program: readonly Instruction[];

  /** Reads a `struct sock_fprog`. */
  constructor(memory: AddressSpace, at: number) {
    const first = memory.u64(at + 8);
    this.#program = Array.from({ length: memory.u16(at) }, (_, i) => {
      const [ifTrue, ifFalse] = memory.bytes(first + 8 * i + 2, 2);
      return {
        code: memory.u16(first + 8 * i),
        ifTrue: ifTrue!,
        ifFalse: ifFalse!,
        operand: memory.u32(first + 8 * i + 4),
      };
    });
  }

  /** Whether the program lets a packet pass. */
  passes(arrival: Arrival): boolean {
    const header = new DataView(networkHeader(arrival).buffer);
    let value = 0;
    for (let at = 0; at < this.#program.length; at++) {
      const { code, ifTrue, ifFalse, operand } = this.#program[at]!;
      if (code === RETURN) return operand !== 0;
      else if (code === JUMP_IF_EQUAL) at += value === operand ? ifTrue : ifFalse;
      else if (code !== LOAD_WORD) throw new Violation(`an instruction ${code} of a filter`);
      else if (operand === ETHER_TYPE) value = isIPv4(arrival.source) ? 0x0800 : 0x86dd;
      else if (operand === INTERFACE_INDEX) value = arrival.interface.index;
      // A load behind the end of the packet ends the program: the packet is dropped.
      else if (operand - NETWORK_HEADER + 4 > header.byteLength) return false;
      else value = header.getUint32(operand - NETWORK_HEADER);
    }
    throw new Violation("a filter without an end");
  }
}

/** A packet, of which only version and addresses are set. */
function networkHeader({ source, destination, payloads }: Arrival): Uint8Array {
  const ipv4 = isIPv4(source);
  const header = new Uint8Array((ipv4 ? 28 : 48) + payloads[0]!.length);
  header[0] = ipv4 ? 0x45 : 0x60;
  header.set(bytesOf(source), ipv4 ? 12 : 8);
  header.set(bytesOf(destination), ipv4 ? 16 : 24);
  return header;
}
