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
  NETLINK_ROUTE,
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
  SOCK_CLOEXEC,
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
  const fd = request(message, RTM_GETROUTE, NLM_F_REQUEST, end);
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
        const address = localAddress(message, at + nlmsghdr.size + ifaddrmsg.size, end);
        if (type === RTM_NEWADDR && address !== undefined) addresses.push(address);
        at = align(end);
      }
    }
  } finally {
    close(fd);
  }
}

/** The local address among the attributes from `at` to `end`; on a point-to-point link the other is the peer's. */
function localAddress({ bytes, u16 }: Memory, at: number, end: number): Uint8Array | undefined {
  let address: Uint8Array | undefined;
  while (at + rtattr.size <= end) {
    const length = u16[(at + rtattr.rta_len) >> 1]!;
    const type = u16[(at + rtattr.rta_type) >> 1]!;
    if (length < rtattr.size) return address;
    const isAddress = length === rtattr.size + 16;
    if (isAddress && (type === IFA_LOCAL || (type === IFA_ADDRESS && address === undefined))) {
      address = bytes.slice(at + rtattr.size, at + length);
    }
    at = align(at + length);
  }
  return address;
}

/** Sends a request of `length` bytes, whose header it completes, on a new socket; returns the socket. */
function request(message: Memory, type: number, flags: number, length: number): number {
  message.i32[nlmsghdr.nlmsg_len >> 2] = length;
  message.u16[nlmsghdr.nlmsg_type >> 1] = type;
  message.u16[nlmsghdr.nlmsg_flags >> 1] = flags;
  const fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  // The answer is there when the call returns. If it fails, so does the reading.
  libc().call.send(fd, message.pointer(0), length, 0);
  return fd;
}

/** Headers and attributes are aligned to 4 bytes. `NLMSG_ALIGN`, `RTA_ALIGN`, netlink(3) */
function align(offset: number): number {
  return (offset + 3) & ~3;
}
