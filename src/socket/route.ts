/**
 * Routes of datagrams to send, as addresses: they become paths.
 * @module
 */

import { AF_INET, EADDRNOTAVAIL, EAFNOSUPPORT } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { isLocalAddress } from "../../ffi/netlink.ts";
import { addressWords, IPV4_MAPPED, isIPv4, isUnspecified } from "../net/address.ts";
import { invalid, requireInteger, requireType } from "../net/checks.ts";
import { type Endpoint, requireAddress, requirePort, type ResolvedAddress } from "../net/endpoint.ts";
import { word } from "./message_layout.ts";
import { makePath, type Path } from "./path.ts";
import { INT_MAX } from "./socket_options.ts";

/** Destination of datagrams to send, their source, and the interface that they leave by. */
export interface Route {
  /** The peer. */
  readonly to: Endpoint;
  /** Local address to send from, a link-local one with its zone; if absent, the kernel chooses it. */
  readonly from?: string | undefined;
  /**
   * Index of the interface to send by, as a received datagram has it; if absent or 0, the routing table chooses it. A DHCP
   * server needs it: its interfaces may have the same address, or none.
   */
  readonly interfaceIndex?: number | undefined;
}

/**
 * Makes a path of a route. It reads each property once: the getters of a hostile route may call the library.
 * @param family `AF_INET` or `AF_INET6`, the socket's
 * @param localPort the socket's port
 * @throws {SystemError} `EAFNOSUPPORT` for an address that the socket cannot use, `EADDRNOTAVAIL` for a source that is not
 *   local, `EINVAL` for a text that is no address
 */
export function routePath(family: number, localPort: number, { to, from, interfaceIndex = 0 }: Route): Path {
  const { address, port } = requireType("sendmmsg", "`to`", to, "object");
  const peer = requireAddress(address);
  const ipv4 = isIPv4(peer.bytes);
  if (family === AF_INET && !ipv4) throw noReach("sendmmsg", address, false);
  const local = from === undefined ? undefined : requireSource(from, peer);
  const words = new Int32Array(word.count);
  words.set(addressWords(peer.bytes), word.peer);
  if (local !== undefined) words.set(addressWords(local.bytes), word.local);
  else if (ipv4) words[word.local + 2] = IPV4_MAPPED;
  words[word.peerPort] = requirePort("sendmmsg", port, 1);
  words[word.peerScope] = peer.scope;
  words[word.localPort] = localPort;
  const scope = local?.scope ?? 0;
  const index = requireInteger("sendmmsg", "`interfaceIndex`", interfaceIndex, 0, INT_MAX);
  if (index !== 0 && scope !== 0 && index !== scope) {
    throw invalid("sendmmsg", `\`from\` is an address of interface ${scope}, but \`interfaceIndex\` is ${index}`);
  }
  words[word.interface] = words[word.sendInterface] = index || scope;
  words[word.family] = family;
  return makePath(words);
}

/** The error for an address of a family that the socket does not reach. */
export function noReach(syscall: string, address: string, ipv4: boolean): SystemError {
  const [own, other] = ipv4 ? ["IPv6", "IPv4"] : ["IPv4", "IPv6"];
  const message =
    `an ${own} socket does not reach the ${other} address ${address}; bind one for both families, or for ${other}`;
  return new SystemError(syscall, EAFNOSUPPORT, message);
}

/** The source of a datagram to `peer`; `undefined` for the choice of the kernel. */
function requireSource(from: string, peer: ResolvedAddress): ResolvedAddress | undefined {
  const local = requireAddress(from);
  const { bytes, scope } = local;
  const ipv4 = isIPv4(bytes);
  // `::` with a zone: the interface determines the source.
  if (isUnspecified(addressWords(bytes), 0)) return scope === 0 || ipv4 || isIPv4(peer.bytes) ? undefined : local;
  if (ipv4 !== isIPv4(peer.bytes)) {
    const families = ipv4 ? "an IPv4 address to an IPv6" : "an IPv6 address to an IPv4";
    const message = `cannot send from ${families} one; leave \`from\` out, or change it`;
    throw new SystemError("sendmmsg", EAFNOSUPPORT, message);
  }
  // With IPV6_FREEBIND the kernel would accept any IPv6 source.
  if (isLocalAddress(ipv4 ? bytes.subarray(12) : bytes, scope) === false) {
    const message = `cannot send from ${from}: this address is not on this host; \`ip address\` lists its addresses`;
    throw new SystemError("sendmmsg", EADDRNOTAVAIL, message);
  }
  return local;
}
