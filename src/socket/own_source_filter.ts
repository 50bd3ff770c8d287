/**
 * Datagrams from other hosts under an address of this host.
 * @module
 */

import {
  BPF_ABS,
  BPF_ALU,
  BPF_JEQ,
  BPF_JMP,
  BPF_K,
  BPF_LD,
  BPF_RET,
  BPF_RSH,
  BPF_W,
  SKF_AD_IFINDEX,
  SKF_AD_OFF,
  SKF_NET_OFF,
} from "../../ffi/constants.ts";
import { interfaceIPv6Addresses } from "../../ffi/netlink.ts";
import { attachFilter, type Instruction } from "../../ffi/socket_filter.ts";

/** Index of the loopback device in every network namespace. `LOOPBACK_IFINDEX`, include/net/flow.h */
const LOOPBACK = 1;
/** Offset of the source address in an IPv6 header. RFC 8200, 3 */
const SOURCE = 8;
/** Most addresses that fit a program of 4,096 instructions. `BPF_MAXINSNS` */
const ADDRESSES_MAX = 500;

const load = (offset: number): Instruction => [BPF_LD | BPF_W | BPF_ABS, 0, 0, offset];
const shiftRight = (bits: number): Instruction => [BPF_ALU | BPF_RSH | BPF_K, 0, 0, bits];
/** Skips `equal` instructions if the loaded value is `value`, else `different`. */
const skipIf = (value: number, equal: number, different: number): Instruction => [
  BPF_JMP | BPF_JEQ | BPF_K,
  equal,
  different,
  value,
];
const keep: Instruction = [BPF_RET | BPF_K, 0, 0, 0xffff_ffff];
const drop: Instruction = [BPF_RET | BPF_K, 0, 0, 0];

/**
 * Drops IPv6 packets that arrive by another device than loopback and have a source address of this host: only another
 * host can have sent them, and forged the source. The kernel itself drops such packets over IPv4 ("martian source"). A
 * received datagram does not tell, for its interface is that of its destination address.
 */
export class OwnSourceFilter {
  readonly #fd: number;
  #addresses = "";

  /** @param fd an IPv6 socket */
  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Follows the addresses of the host, which change. */
  refresh(): void {
    const addresses = (interfaceIPv6Addresses() ?? []).slice(0, ADDRESSES_MAX);
    const text = addresses.join();
    if (text === this.#addresses || attachFilter(this.#fd, programFor(addresses)) < 0) return;
    this.#addresses = text;
  }
}

/** The program that drops packets from these addresses, 16 bytes each. */
function programFor(addresses: readonly Uint8Array[]): Instruction[] {
  const program = [
    load(SKF_NET_OFF),
    shiftRight(28),
    skipIf(6, 1, 0),
    keep,
    load(SKF_AD_OFF + SKF_AD_IFINDEX),
    skipIf(LOOPBACK, 0, 1),
    keep,
  ];
  for (const address of addresses) {
    const view = new DataView(address.buffer, address.byteOffset);
    // Addresses of one network differ in their last bytes.
    for (const offset of [12, 8, 4, 0]) {
      const toNextAddress = offset * 2 / 4 + 1;
      program.push(load(SKF_NET_OFF + SOURCE + offset), skipIf(view.getUint32(offset), 0, toNextAddress));
    }
    program.push(drop);
  }
  return [...program, keep];
}
