/**
 * Options of sockets, by name.
 * @module
 */

import {
  AF_INET6,
  IP_FREEBIND,
  IP_MTU_DISCOVER,
  IP_MULTICAST_IF,
  IP_MULTICAST_LOOP,
  IP_MULTICAST_TTL,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_PROBE,
  IP_RECVERR,
  IP_RECVTOS,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  IPV6_FREEBIND,
  IPV6_MTU_DISCOVER,
  IPV6_MULTICAST_HOPS,
  IPV6_MULTICAST_IF,
  IPV6_MULTICAST_LOOP,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVTCLASS,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  SO_BINDTODEVICE,
  SO_REUSEADDR,
  SO_REUSEPORT,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_TIMESTAMPING,
  SOF_TIMESTAMPING_RX_SOFTWARE,
  SOF_TIMESTAMPING_SOFTWARE,
  SOL_SOCKET,
  UDP_GRO,
} from "../../ffi/constants.ts";
import { check } from "../../ffi/errno.ts";
import { ip_mreqn } from "../../ffi/layouts.ts";
import { setsockopt, setsockoptBytes } from "../../ffi/libc.ts";
import { requireInteger, requireType } from "../net/checks.ts";
import { requireInterface } from "../net/endpoint.ts";
import type { BindOptions } from "./bind.ts";
import { INT_MAX } from "./socket_options.ts";

/** Options of a `UdpSocket` that can change. On a socket for both families they apply to both. */
export interface SocketOptions {
  /** TTL or hop limit of unicast datagrams, 1 to 255. `IP_TTL`, `IPV6_UNICAST_HOPS` */
  readonly ttl?: number | undefined;
  /** TOS or traffic class, 0 to 255: the DSCP in its upper six bits, ECN in its lower two. `IP_TOS`, `IPV6_TCLASS` */
  readonly trafficClass?: number | undefined;
  /** Whether no router may fragment datagrams; what exceeds the interface's MTU fails with `EMSGSIZE`. ip(7) */
  readonly dontFragment?: boolean | undefined;
  /** TTL or hop limit of multicast datagrams, 0 to 255; the system's default is 1. */
  readonly multicastTtl?: number | undefined;
  /** Whether this host receives the multicast datagrams that it sends; the system's default is true. */
  readonly multicastLoopback?: boolean | undefined;
  /** Name or index of the interface that multicast datagrams leave by. */
  readonly multicastInterface?: string | number | undefined;
  /** Whether to report times of arrival: `MessageBatch.arrival`. `SO_TIMESTAMPING` */
  readonly receiveArrival?: boolean | undefined;
  /** Whether to report `MessageBatch.trafficClass`. `IP_RECVTOS`, `IPV6_RECVTCLASS` */
  readonly receiveTrafficClass?: boolean | undefined;
  /** Whether to report `MessageBatch.hopLimit`. `IP_RECVTTL`, `IPV6_RECVHOPLIMIT` */
  readonly receiveHopLimit?: boolean | undefined;
  /** Whether to queue errors that sent datagrams meet, for an `ErrorQueue`. `IP_RECVERR`, `IPV6_RECVERR` */
  readonly receiveErrors?: boolean | undefined;
}

/** Options of `UdpSocket.bind`. */
export interface UdpBindOptions extends BindOptions, SocketOptions {
  /** Whether the kernel may deliver datagrams of one flow together, as a train; true by default. `UDP_GRO` */
  readonly trains?: boolean | undefined;
  /** Whether other sockets may have the same port, so that each gets multicasts and broadcasts. `SO_REUSEADDR` */
  readonly reuseAddress?: boolean | undefined;
  /** Whether sockets of this user that also ask for it may share the port, and the flows. `SO_REUSEPORT` */
  readonly reusePort?: boolean | undefined;
  /** Name of the interface that it receives by and sends by, no other. `SO_BINDTODEVICE` */
  readonly device?: string | undefined;
  /** Whether `address` need not be an address of this host yet. `IP_FREEBIND`, `IPV6_FREEBIND` */
  readonly freeBind?: boolean | undefined;
  /** Send buffer in bytes; 4 MiB, or the system's limit, by default. */
  readonly sendBuffer?: number | undefined;
}

/** Ranges of the numbers. */
const RANGES = { ttl: [1, 255], trafficClass: [0, 255], multicastTtl: [0, 255], sendBuffer: [0, INT_MAX] } as const;
const FLAGS = [
  "dontFragment",
  "multicastLoopback",
  "receiveArrival",
  "receiveTrafficClass",
  "receiveHopLimit",
  "receiveErrors",
  "trains",
  "reuseAddress",
  "reusePort",
  "freeBind",
] as const;

/** The options that this file sets. */
type Named = Omit<UdpBindOptions, keyof BindOptions>;

/**
 * Copies options, reading each once, and checks them.
 * @throws {SystemError} `EINVAL` for a value out of range, `EADDRNOTAVAIL` for an unknown interface
 */
export function readSocketOptions(options: SocketOptions): Named {
  const given = requireType("setsockopt", "the options of a socket", options, "object") as Record<keyof Named, unknown>;
  const checked: Record<string, unknown> = {};
  for (const [name, [least, most]] of Object.entries(RANGES)) {
    const value = given[name as keyof typeof RANGES];
    if (value !== undefined) checked[name] = requireInteger("setsockopt", `\`${name}\``, value, least, most);
  }
  for (const name of FLAGS) {
    const value = given[name];
    if (value !== undefined) checked[name] = requireType("setsockopt", `\`${name}\``, value, "boolean");
  }
  const { device, multicastInterface } = given;
  if (device !== undefined) checked.device = requireType("setsockopt", "`device`", device, "string");
  if (multicastInterface !== undefined) checked.multicastInterface = requireInterface(multicastInterface);
  return checked;
}

/**
 * Sets the options that a socket needs before it is bound, and the others.
 * @param options checked options
 * @throws {SystemError} if the kernel refuses one
 */
export function prepareSocket(fd: number, domain: number, options: Named): void {
  const { trains, reuseAddress, reusePort, device, freeBind, sendBuffer } = options;
  const set = (name: number, value: number) => check("setsockopt", setsockopt(fd, SOL_SOCKET, name, value));
  if (trains === false) setsockopt(fd, IPPROTO_UDP, UDP_GRO, 0);
  if (reuseAddress !== undefined) set(SO_REUSEADDR, Number(reuseAddress));
  if (reusePort !== undefined) set(SO_REUSEPORT, Number(reusePort));
  if (device !== undefined) {
    requireInterface(device);
    check("setsockopt", setsockoptBytes(fd, SOL_SOCKET, SO_BINDTODEVICE, new TextEncoder().encode(device)));
  }
  if (freeBind !== undefined) setBoth(fd, domain, IP_FREEBIND, IPV6_FREEBIND, Number(freeBind));
  if (sendBuffer !== undefined && setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, sendBuffer) < 0) {
    set(SO_SNDBUF, sendBuffer);
  }
  setSocketOptions(fd, domain, options);
}

/**
 * Sets the options that can change.
 * @param options checked options
 * @throws {SystemError} if the kernel refuses one
 */
export function setSocketOptions(fd: number, domain: number, options: SocketOptions): void {
  const set = (nameIPv4: number, nameIPv6: number, value: number | boolean | undefined) => {
    if (value !== undefined) setBoth(fd, domain, nameIPv4, nameIPv6, Number(value));
  };
  set(IP_TTL, IPV6_UNICAST_HOPS, options.ttl);
  set(IP_TOS, IPV6_TCLASS, options.trafficClass);
  set(IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS, options.multicastTtl);
  set(IP_MULTICAST_LOOP, IPV6_MULTICAST_LOOP, options.multicastLoopback);
  set(IP_RECVTOS, IPV6_RECVTCLASS, options.receiveTrafficClass);
  set(IP_RECVTTL, IPV6_RECVHOPLIMIT, options.receiveHopLimit);
  set(IP_RECVERR, IPV6_RECVERR, options.receiveErrors);
  const { dontFragment, receiveArrival, multicastInterface } = options;
  if (dontFragment !== undefined) {
    set(IP_MTU_DISCOVER, IPV6_MTU_DISCOVER, dontFragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT);
  }
  if (receiveArrival !== undefined) {
    const flags = receiveArrival ? SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE : 0;
    check("setsockopt", setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, flags));
  }
  if (multicastInterface !== undefined) setMulticastInterface(fd, domain, Number(multicastInterface));
}

/** Sets an option for IPv4, which an IPv6 socket may receive too, and for IPv6. */
function setBoth(fd: number, domain: number, nameIPv4: number, nameIPv6: number, value: number): void {
  check("setsockopt", setsockopt(fd, IPPROTO_IP, nameIPv4, value));
  if (domain === AF_INET6) check("setsockopt", setsockopt(fd, IPPROTO_IPV6, nameIPv6, value));
}

function setMulticastInterface(fd: number, domain: number, index: number): void {
  const request = new Uint8Array(ip_mreqn.size);
  new DataView(request.buffer).setInt32(ip_mreqn.imr_ifindex, index, true);
  check("setsockopt", setsockoptBytes(fd, IPPROTO_IP, IP_MULTICAST_IF, request));
  if (domain === AF_INET6) check("setsockopt", setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, index));
}
