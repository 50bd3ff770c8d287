/**
 * Membership in multicast groups.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  IPPROTO_IP,
  IPPROTO_IPV6,
  MCAST_JOIN_GROUP,
  MCAST_JOIN_SOURCE_GROUP,
  MCAST_LEAVE_GROUP,
  MCAST_LEAVE_SOURCE_GROUP,
} from "../../ffi/constants.ts";
import { errnoMessage, SystemError } from "../../ffi/errno.ts";
import { group_source_req } from "../../ffi/layouts.ts";
import { setsockopt } from "../../ffi/libc.ts";
import { Memory } from "../../ffi/memory.ts";
import { addressWords, isIPv4, isMulticast } from "../net/address.ts";
import { invalid, requireType } from "../net/checks.ts";
import { requireAddress, requireInterface } from "../net/endpoint.ts";
import { writeSocketAddress } from "../net/socket_address.ts";
import { type BatchSocket, descriptorOf } from "./batch_socket.ts";
import { noReach } from "./route.ts";

/** Options of {@link joinGroup} and {@link leaveGroup}. */
export interface GroupOptions {
  /** Name or index of the interface; if absent, the zone of the group (`ff02::fb%eth0`), or the kernel's choice. */
  readonly interface?: string | number | undefined;
  /** Receives datagrams from this source only. RFC 4607 */
  readonly source?: string | undefined;
}

/**
 * Joins a multicast group, IPv4 or IPv6; a socket for both families joins groups of both.
 * @param group the address of the group
 * @throws {SystemError} `EINVAL` for another address, `EAFNOSUPPORT` for a family that the socket does not receive, and
 *   errors of the kernel: `ENODEV` if no route to the group names an interface, `EADDRINUSE` if it is a member already
 */
export function joinGroup(socket: BatchSocket, group: string, options: GroupOptions = {}): void {
  change("join", socket, group, options, [MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP]);
}

/**
 * Leaves a group that the socket joined with the same options.
 * @throws {SystemError} as {@link joinGroup} does; `EADDRNOTAVAIL` if it is no member
 */
export function leaveGroup(socket: BatchSocket, group: string, options: GroupOptions = {}): void {
  change("leave", socket, group, options, [MCAST_LEAVE_GROUP, MCAST_LEAVE_SOURCE_GROUP]);
}

/** RFC 3678, 5.1. The same options serve both families. */
function change(
  verb: string,
  socket: BatchSocket,
  group: string,
  options: GroupOptions,
  [anySource, oneSource]: readonly [number, number],
): void {
  const { interface: named, source: sourceText } = requireType(
    "setsockopt",
    "the options of a group",
    options,
    "object",
  );
  const { bytes, scope } = requireAddress(group);
  if (!isMulticast(addressWords(bytes), 0)) throw invalid("setsockopt", `${group} is no multicast address`);
  const ipv4 = isIPv4(bytes);
  const source = sourceText === undefined ? undefined : requireAddress(sourceText).bytes;
  if (source !== undefined && isIPv4(source) !== ipv4) {
    throw invalid("setsockopt", `the group ${group} and its source ${sourceText} are not of the same family`);
  }
  const memory = new Memory(group_source_req.size);
  const write = (at: number, address: Uint8Array) =>
    writeSocketAddress(memory, at, ipv4 ? AF_INET : AF_INET6, addressWords(address), 0, 0, 0);
  memory.i32[group_source_req.gsr_interface >> 2] = named === undefined ? scope : requireInterface(named);
  write(group_source_req.gsr_group, bytes);
  if (source !== undefined) write(group_source_req.gsr_source, source);
  const fd = descriptorOf("setsockopt", socket);
  if (!socket.reaches(ipv4)) throw noReach("setsockopt", group, ipv4);
  const size = source === undefined ? group_source_req.gsr_source : group_source_req.size;
  const name = source === undefined ? anySource : oneSource;
  const error = setsockopt(fd, ipv4 ? IPPROTO_IP : IPPROTO_IPV6, name, ...memory.i32.subarray(0, size / 4));
  if (error < 0) throw new SystemError("setsockopt", -error, `cannot ${verb} ${group}: ${errnoMessage(-error)}`);
}
