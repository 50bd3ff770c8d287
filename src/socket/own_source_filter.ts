/**
 * Datagrams from other hosts under an address of this host.
 * @module
 */

import {
  BPF_JEQ,
  BPF_JMP,
  BPF_K,
  BPF_RET,
  ETH_P_IPV6,
  SKF_AD_IFINDEX,
  SKF_AD_OFF,
  SKF_AD_PROTOCOL,
  SKF_NET_OFF,
  SO_ATTACH_FILTER,
} from "../../ffi/constants.ts";
import { interfaceIPv6Addresses } from "../../ffi/netlink.ts";
import { attachProgram, type Instruction, loadWord } from "../../ffi/socket_filter.ts";

/** Index of the loopback device in every network namespace. `LOOPBACK_IFINDEX`, include/net/flow.h */
const LOOPBACK = 1;
/** Offset of the source address in an IPv6 header. RFC 8200, 3 */
const SOURCE = 8;
/** Most addresses that fit a program of 4,096 instructions. `BPF_MAXINSNS` */
const ADDRESSES_MAX = 500;

/** Skips as many instructions as its second field says if the loaded value is the fourth one; else as the third one. */
const SKIP_IF_EQUAL = BPF_JMP | BPF_JEQ | BPF_K;
const keep: Instruction = [BPF_RET | BPF_K, 0, 0, 0xffff_ffff];
const drop: Instruction = [BPF_RET | BPF_K, 0, 0, 0];

/**
 * Drops IPv6 packets that arrive by another device than loopback and have a source address of this host: only another
 * host can have sent them, and forged the source. The kernel itself drops such packets over IPv4 ("martian source"). A
 * received datagram does not tell, for its interface is that of its destination address.
 * @param fd an IPv6 socket
 * @param known the addresses that its filter drops already, as this function returned them; "" for none
 * @returns the addresses that it drops now
 */
export function dropOwnSources(fd: number, known: string): string {
  const addresses = interfaceIPv6Addresses()?.slice(0, ADDRESSES_MAX);
  // Without a descriptor for the question, for example, the old addresses stay.
  if (addresses === undefined) return known;
  const text = addresses.join();
  return text === known || attachProgram(fd, SO_ATTACH_FILTER, programFor(addresses)) < 0 ? known : text;
}

/** The program that drops packets from these addresses, 16 bytes each. */
function programFor(addresses: readonly Uint8Array[]): Instruction[] {
  const program = [
    loadWord(SKF_AD_OFF + SKF_AD_PROTOCOL),
    [SKIP_IF_EQUAL, 1, 0, ETH_P_IPV6] as const,
    keep,
    loadWord(SKF_AD_OFF + SKF_AD_IFINDEX),
    [SKIP_IF_EQUAL, 0, 1, LOOPBACK] as const,
    keep,
  ];
  for (const address of addresses) {
    const view = new DataView(address.buffer, address.byteOffset);
    // Addresses of one network differ in their last bytes.
    for (const offset of [12, 8, 4, 0]) {
      const toNextAddress = offset * 2 / 4 + 1;
      program.push(loadWord(SKF_NET_OFF + SOURCE + offset), [SKIP_IF_EQUAL, 0, toNextAddress, view.getUint32(offset)]);
    }
    program.push(drop);
  }
  return [...program, keep];
}
