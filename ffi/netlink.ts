/**
 * Questions to the routing table.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  AF_NETLINK,
  IFA_ADDRESS,
  IFA_LOCAL,
  NLM_F_DUMP,
  NLM_F_REQUEST,
  NLMSG_DONE,
  NLMSG_ERROR,
  RTA_DST,
  RTA_OIF,
  RTM_GETADDR,
  RTM_GETROUTE,
  RTM_NEWADDR,
  RTM_NEWROUTE,
  RTN_LOCAL,
  SOCK_RAW,
} from "./constants.ts";
import { ifaddrmsg, nlmsghdr, rtattr, rtmsg } from "./layouts.ts";
import { close, socket } from "./libc.ts";
import { libc } from "./library.ts";
import { Memory } from "./memory.ts";

/** Bytes of one read: the kernel sends no larger parts to a reader that has not asked for more. `NLMSG_GOODSIZE` */
const MESSAGE_SIZE = 8192;

/**
 * Whether an address is local: an interface has it, or a route makes it local. rtnetlink(7)
 * @param address 4 bytes of IPv4 or 16 bytes of IPv6
 * @param interfaceIndex the interface of a link-local address, else 0
 * @returns `undefined` if the kernel does not answer
 */
export function isLocalAddress(address: Uint8Array, interfaceIndex: number): boolean | undefined {
  const message = new Memory(MESSAGE_SIZE);
  const { bytes, u16, i32 } = message;
  bytes[nlmsghdr.size + rtmsg.rtm_family] = address.length === 4 ? AF_INET : AF_INET6;
  bytes[nlmsghdr.size + rtmsg.rtm_dst_len] = address.length * 8;
  // Two attributes, each a length, a type and a value.
  const destination = nlmsghdr.size + rtmsg.size;
  const output = destination + rtattr.size + address.length;
  u16.set([rtattr.size + address.length, RTA_DST], destination >> 1);
  bytes.set(address, destination + rtattr.size);
  u16.set([rtattr.size + 4, RTA_OIF], output >> 1);
  i32[(output + rtattr.size) >> 2] = interfaceIndex;
  const fd = request(message, RTM_GETROUTE, NLM_F_REQUEST, output + rtattr.size + 4);
  const length = libc().call.read(fd, message.pointer(0), bytes.length);
  close(fd);
  if (length < nlmsghdr.size + rtmsg.size) return undefined;
  // Without a route the answer is an error message.
  return u16[nlmsghdr.nlmsg_type >> 1] === RTM_NEWROUTE && bytes[nlmsghdr.size + rtmsg.rtm_type] === RTN_LOCAL;
}

/**
 * The IPv6 addresses of the interfaces, 16 bytes each. rtnetlink(7)
 * @returns `undefined` if the kernel does not answer
 */
export function interfaceIPv6Addresses(): Uint8Array[] | undefined {
  const message = new Memory(MESSAGE_SIZE);
  const { bytes, u16, i32 } = message;
  bytes[nlmsghdr.size + ifaddrmsg.ifa_family] = AF_INET6;
  const addresses: Uint8Array[] = [];
  const fd = request(message, RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, nlmsghdr.size + ifaddrmsg.size);
  try {
    for (;;) {
      const length = libc().call.read(fd, message.pointer(0), bytes.length);
      if (length < nlmsghdr.size) return undefined;
      for (let at = 0; at + nlmsghdr.size <= length;) {
        const type = u16[(at + nlmsghdr.nlmsg_type) >> 1]!;
        const end = at + i32[(at + nlmsghdr.nlmsg_len) >> 2]!;
        if (type === NLMSG_DONE) return addresses;
        if (type === NLMSG_ERROR || end <= at || end > length) return undefined;
        const attributes = at + nlmsghdr.size + ifaddrmsg.size;
        // On a point-to-point link IFA_ADDRESS is the peer's.
        const address = attribute(message, IFA_LOCAL, attributes, end) ??
          attribute(message, IFA_ADDRESS, attributes, end);
        if (type === RTM_NEWADDR && address?.length === 16) addresses.push(address);
        at = align(end);
      }
    }
  } finally {
    close(fd);
  }
}

/** The value of the attribute of this type, among those from `at` to `end`. */
function attribute({ bytes, u16 }: Memory, type: number, at: number, end: number): Uint8Array | undefined {
  while (at + rtattr.size <= end && u16[(at + rtattr.rta_len) >> 1]! >= rtattr.size) {
    const next = at + u16[(at + rtattr.rta_len) >> 1]!;
    if (u16[(at + rtattr.rta_type) >> 1] === type) return bytes.slice(at + rtattr.size, next);
    at = align(next);
  }
  return undefined;
}

/** Sends a request of `length` bytes, whose header it completes, on a new socket; returns the socket. */
function request(message: Memory, type: number, flags: number, length: number): number {
  message.i32[nlmsghdr.nlmsg_len >> 2] = length;
  message.u16[nlmsghdr.nlmsg_type >> 1] = type;
  message.u16[nlmsghdr.nlmsg_flags >> 1] = flags;
  // Of NETLINK_ROUTE, the protocol 0.
  const fd = socket(AF_NETLINK, SOCK_RAW);
  // The answer is there when the call returns. If it fails, so does the reading.
  libc().call.send(fd, message.pointer(0), length, 0);
  return fd;
}

/** Headers and attributes are aligned to 4 bytes. `NLMSG_ALIGN`, `RTA_ALIGN`, netlink(3) */
function align(offset: number): number {
  return (offset + 3) & ~3;
}
