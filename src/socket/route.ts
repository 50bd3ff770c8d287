/**
 * The route of a datagram to send: its peer and its source.
 * @module
 */

import { AF_INET, EADDRNOTAVAIL, EAFNOSUPPORT } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { isLocalAddress } from "../../ffi/netlink.ts";
import { addressWords, IPV4_MAPPED, isIPv4, isUnspecified } from "../net/address.ts";
import { requireObject } from "../net/checks.ts";
import { type Endpoint, requireAddress, requirePort, type ResolvedAddress } from "../net/endpoint.ts";
import type { Messages } from "./messages.ts";

/** Destination of a datagram to send, and its source. */
export interface Route {
  /** The peer. */
  readonly to: Endpoint;
  /** Local address to send from, a link-local one with its zone; if absent, the kernel chooses it. */
  readonly from?: string | undefined;
}

/** Copies a route. It reads each property once: the getters of a hostile route may call the library. */
export function copyRoute({ to, from }: Route): Route {
  const { address, port } = requireObject("sendmmsg", "`to`", to);
  return { to: { address, port }, from };
}

/**
 * Gives message `i` the peer and the source of a route that {@link copyRoute} made.
 * @throws {SystemError} `EAFNOSUPPORT` for an address that the socket cannot use, `EADDRNOTAVAIL` for a source that is not
 *   local, `EINVAL` for a text that is no address
 */
export function setRoute(messages: Messages, i: number, { to: { address, port }, from }: Route): void {
  const peer = requireAddress(address);
  messages.ports[i] = requirePort("sendmmsg", port, 1);
  if (messages.family === AF_INET && !isIPv4(peer.bytes)) throw noReach("sendmmsg", address, false);
  const local = from === undefined ? undefined : requireSource(from, peer);
  const { addresses } = messages;
  addresses.set(addressWords(peer.bytes), messages.peerWord(i));
  const word = messages.localWord(i);
  if (local === undefined) {
    addresses.fill(0, word, word + 4);
    if (isIPv4(peer.bytes)) addresses[word + 2] = IPV4_MAPPED;
  } else {
    addresses.set(addressWords(local.bytes), word);
  }
  messages.scopes[i] = peer.scope;
  messages.interfaces[i] = local?.scope ?? 0;
}

/** The error for an address of a family that the socket does not reach. */
export function noReach(syscall: string, address: string, ipv4: boolean): SystemError {
  const message = ipv4
    ? `an IPv6 socket does not reach the IPv4 address ${address}; bind one for both families, or for IPv4`
    : `an IPv4 socket does not reach the IPv6 address ${address}; bind one for both families, or for IPv6`;
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
