/**
 * Questions to the routing table.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  NETLINK_ROUTE,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  RTA_DST,
  RTA_OIF,
  RTM_GETADDR,
  RTM_GETROUTE,
  RTM_NEWADDR,
  RTM_NEWROUTE,
  RTN_LOCAL,
  SOCK_CLOEXEC,
  SOCK_RAW,
} from "./constants.ts";
import { ifaddrmsg, nlmsghdr, rtattr, rtmsg } from "./layouts.ts";
import { close, socket } from "./libc.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/**
 * Whether an address is local: an interface has it, or a route makes it local. rtnetlink(7)
 * @param address 4 bytes of IPv4 or 16 bytes of IPv6
 * @param interfaceIndex the interface of a link-local address, else 0
 * @returns `undefined` if the kernel does not answer
 */
export function isLocalAddress(address: Uint8Array, interfaceIndex: number): boolean | undefined {
  const message = new Memory(1024);
  const { bytes, u16 } = message;
  let end = nlmsghdr.size;
  bytes[end + rtmsg.rtm_family] = address.length === 4 ? AF_INET : AF_INET6;
  bytes[end + rtmsg.rtm_dst_len] = address.length * 8;
  end += rtmsg.size;
  const attribute = (type: number, value: Uint8Array) => {
    u16[(end + rtattr.rta_len) >> 1] = rtattr.size + value.length;
    u16[(end + rtattr.rta_type) >> 1] = type;
    bytes.set(value, end + rtattr.size);
    end += rtattr.size + value.length;
  };
  attribute(RTA_DST, address);
  if (interfaceIndex !== 0) attribute(RTA_OIF, new Uint8Array(Int32Array.of(interfaceIndex).buffer));
  const type = ask(message, RTM_GETROUTE, NLM_F_REQUEST, end);
  if (type === undefined) return undefined;
  // Without a route the answer is an error message.
  return type === RTM_NEWROUTE && bytes[nlmsghdr.size + rtmsg.rtm_type] === RTN_LOCAL;
}

/**
 * Whether an interface of this host has an IPv6 address. rtnetlink(7)
 * @returns `undefined` if the kernel does not answer
 */
export function hasIPv6Address(): boolean | undefined {
  const message = new Memory(4096);
  message.bytes[nlmsghdr.size + ifaddrmsg.ifa_family] = AF_INET6;
  const type = ask(message, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, nlmsghdr.size + ifaddrmsg.size);
  return type === undefined ? undefined : type === RTM_NEWADDR;
}

/**
 * Sends a request of `length` bytes, whose header it completes, and reads the first answer into the same memory.
 * @returns the type of the answer; `undefined` without one
 */
function ask(message: Memory, type: number, flags: number, length: number): number | undefined {
  message.i32[nlmsghdr.nlmsg_len >> 2] = length;
  message.u16[nlmsghdr.nlmsg_type >> 1] = type;
  message.u16[nlmsghdr.nlmsg_flags >> 1] = flags;
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return undefined;
  const { call } = libc();
  const sent = call.send(fd, message.pointer(0), length, 0);
  // The answer is there when the call returns.
  const received = sent < 0 ? sent : call.read(fd, message.pointer(0), message.bytes.length);
  close(fd);
  return received < nlmsghdr.size ? undefined : message.u16[nlmsghdr.nlmsg_type >> 1]!;
}
