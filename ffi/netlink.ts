/**
 * What the routing table says.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  NETLINK_ROUTE,
  NLM_F_REQUEST,
  RTA_DST,
  RTA_OIF,
  RTM_GETROUTE,
  RTM_NEWROUTE,
  RTN_LOCAL,
  SOCK_CLOEXEC,
  SOCK_RAW,
} from "./constants.ts";
import { nlmsghdr, rtattr, rtmsg } from "./layouts.ts";
import { close, socket } from "./libc.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/**
 * Whether an address is one of this host, be it an interface's or local by a route alone. rtnetlink(7)
 * @param address 4 bytes of IPv4 or 16 bytes of IPv6
 * @param interfaceIndex the interface that a link-local address belongs to, or 0
 * @returns `undefined` where the kernel can't be asked
 */
export function isLocalAddress(address: Uint8Array, interfaceIndex: number): boolean | undefined {
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return undefined;
  const memory = new Memory(1024);
  const { bytes, u16, i32 } = memory;
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
  i32[nlmsghdr.nlmsg_len >> 2] = end;
  u16[nlmsghdr.nlmsg_type >> 1] = RTM_GETROUTE;
  u16[nlmsghdr.nlmsg_flags >> 1] = NLM_F_REQUEST;
  const { call } = libc();
  const sent = call.send(fd, memory.pointer(0), end, 0);
  // The kernel has answered when the call returns.
  const length = sent < 0 ? sent : call.read(fd, memory.pointer(0), bytes.length);
  close(fd);
  if (length < nlmsghdr.size + rtmsg.size) return undefined;
  // The other answer is an error: there is no route at all.
  return u16[nlmsghdr.nlmsg_type >> 1] === RTM_NEWROUTE && bytes[nlmsghdr.size + rtmsg.rtm_type] === RTN_LOCAL;
}
