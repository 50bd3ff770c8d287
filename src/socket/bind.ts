/**
 * Creating and binding a socket.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  EACCES,
  EADDRINUSE,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_BROADCAST,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { check, errnoMessage, SystemError } from "../../ffi/errno.ts";
import { sockaddr_in6 } from "../../ffi/layouts.ts";
import * as libc from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { interfaceIPv6Addresses } from "../../ffi/netlink.ts";
import { endpointText, isIPv4 } from "../net/address.ts";
import { describe, invalid, requireInteger, requireType } from "../net/checks.ts";
import { readAddress, requirePort, resolve, type ResolvedAddress } from "../net/endpoint.ts";
import { readPort, readSocketAddress, socketAddressSize, writeResolvedAddress } from "../net/socket_address.ts";
import { type Configuration, configure, INT_MAX } from "./socket_options.ts";

/** Options of `UdpSocket.bind`. */
export interface BindOptions {
  /** Port, 1 to 65,535; 0 for a port of the kernel's choice. */
  readonly port: number;
  /**
   * Local address: IPv4, IPv6, link-local with zone (`fe80::1%eth0`), or a name that resolves to one. If absent, all
   * addresses of the host, IPv4 and IPv6.
   */
  readonly address?: string | undefined;
  /** 4 for IPv4 only, 6 for IPv6 only. */
  readonly family?: 4 | 6 | undefined;
  /** Whether an IPv6 socket receives IPv4 too; by default, if there is neither `address` nor `family`. `IPV6_V6ONLY` */
  readonly dualStack?: boolean | undefined;
  /** Receive buffer to request, in bytes; the system's default if absent or 0. */
  readonly receiveBuffer?: number | undefined;
  /** Whether it may send to broadcast addresses, as a DHCP server does. `SO_BROADCAST`, socket(7) */
  readonly broadcast?: boolean | undefined;
}

/** A socket that was bound, by this process or by another one. */
export interface Bound extends Configuration {
  readonly fd: number;
  /** The local address. */
  readonly address: ResolvedAddress;
  /** The local port. */
  readonly port: number;
  /** `AF_INET` or `AF_INET6`. */
  readonly domain: number;
  /** Whether an IPv6 socket receives IPv4 too. */
  readonly dualStack: boolean;
  /** Whether another process has bound it. */
  readonly adopted: boolean;
  /** Shortcomings of the host or its kernel, a sentence each. */
  readonly notices: readonly string[];
}

/**
 * Copies the options, reading each once, and checks them.
 * @throws {SystemError} `EINVAL`
 */
export function readBindOptions(options: BindOptions): BindOptions {
  const given = requireType("bind", "the options of bind", options, "object");
  const { port, address, family, dualStack, receiveBuffer, broadcast } = given;
  requirePort("bind", port, 0);
  if (address !== undefined) requireType("bind", "`address`", address, "string");
  if (family !== undefined && family !== 4 && family !== 6) {
    throw invalid("bind", `\`family\` must be 4 or 6, or absent for both, not ${describe(family)}`);
  }
  if (receiveBuffer !== undefined) requireInteger("setsockopt", "`receiveBuffer`", receiveBuffer, 0, INT_MAX);
  if (broadcast !== undefined) requireType("setsockopt", "`broadcast`", broadcast, "boolean");
  if (dualStack !== undefined) requireType("setsockopt", "`dualStack`", dualStack, "boolean");
  return { port, address, family, dualStack, receiveBuffer, broadcast };
}

/**
 * Creates, configures and binds a socket.
 * @param options checked options
 * @param prepare sets further options of the socket before it is bound
 * @throws {SystemError} with a sentence for the user if the address cannot be bound
 */
export function bindSocket(options: BindOptions, prepare?: (fd: number, domain: number) => void): Bound {
  const notices: string[] = [];
  const { address, dualStack } = localAddress(options, notices);
  const domain = isIPv4(address.bytes) ? AF_INET : AF_INET6;
  const fd = openSocket(domain);
  try {
    if (domain === AF_INET6) check("setsockopt", libc.setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dualStack ? 0 : 1));
    // Before bind, so that the kernel reports the local address of the first datagram too.
    const configuration = configure(fd, domain, options.receiveBuffer ?? 0);
    if (!configuration.segmentation) {
      notices.push(
        "this kernel lacks UDP_GRO or UDP_SEGMENT (Linux 5.0 has both): each datagram takes a trip of its own",
      );
    }
    if (options.broadcast) check("setsockopt", libc.setsockopt(fd, SOL_SOCKET, SO_BROADCAST, 1));
    prepare?.(fd, domain);
    const memory = new Memory(sockaddr_in6.size);
    const length = writeResolvedAddress(memory, domain, address, options.port);
    const error = libc.bind(fd, memory, length);
    if (error < 0) throw bindError(address, options.port, -error);
    return { fd, domain, dualStack, adopted: false, notices, ...readLocalName(fd, domain), ...configuration };
  } catch (error) {
    libc.close(fd);
    throw error;
  }
}

/** The address and port that a socket is bound to. getsockname(2) */
export function readLocalName(fd: number, domain: number): { address: ResolvedAddress; port: number } {
  const size = socketAddressSize(domain);
  const name = new Memory(size);
  check("getsockname", libc.getsockname(fd, name, size));
  return { address: readSocketAddress(name.bytes.subarray(0, size)), port: readPort(name.bytes) };
}

/** The address to bind, and whether the socket receives both families. */
function localAddress(
  { address, family, dualStack }: BindOptions,
  notices: string[],
): { address: ResolvedAddress; dualStack: boolean } {
  if (address !== undefined) {
    const resolved = resolve(address, family)[0]!;
    const actual = isIPv4(resolved.bytes) ? 4 : 6;
    if (family !== undefined && family !== actual) {
      throw invalid("bind", `\`family\` is ${family}, but ${address} is an IPv${actual} address`);
    }
    return { address: resolved, dualStack: actual === 6 && (dualStack ?? false) };
  }
  const ipv6 = family !== 4 && hasIPv6();
  if (family === 6 && !ipv6) throw noIPv6();
  if (family === undefined && !ipv6) notices.push("this host has no IPv6: answering on IPv4 only");
  return { address: readAddress(ipv6 ? "::" : "0.0.0.0")!, dualStack: ipv6 && (dualStack ?? family === undefined) };
}

function noIPv6(): SystemError {
  return new SystemError(
    "socket",
    EAFNOSUPPORT,
    "cannot use IPv6: this host has none, or has it switched off (sysctl net.ipv6.conf.all.disable_ipv6; ipv6.disable=1 " +
      "on the kernel's command line; RestrictAddressFamilies= of systemd); leave out -6, or give an IPv4 address",
  );
}

/** Whether the kernel knows IPv6, and some interface has an IPv6 address. */
function hasIPv6(): boolean {
  const fd = libc.socket(AF_INET6, SOCK_DGRAM);
  if (fd < 0) return false;
  libc.close(fd);
  // A kernel that does not answer may still have addresses.
  return interfaceIPv6Addresses()?.length !== 0;
}

function openSocket(domain: number): number {
  const fd = libc.socket(domain, SOCK_DGRAM);
  if (fd === -EAFNOSUPPORT && domain === AF_INET6) throw noIPv6();
  return check("socket", fd);
}

function bindError({ bytes, zone }: ResolvedAddress, port: number, errno: number): SystemError {
  let advice = "";
  if (errno === EACCES) advice = "; ports below 1024 need CAP_NET_BIND_SERVICE, or try another port";
  if (errno === EADDRINUSE) advice = `; \`ss -ulpn sport = :${port}\` shows which program has it, or try another port`;
  const reason = errno === EADDRNOTAVAIL
    ? "this address is not on this host; `ip address` lists its addresses"
    : errnoMessage(errno) + advice;
  return new SystemError("bind", errno, `cannot bind ${endpointText(bytes, zone, port)}: ${reason}`);
}
