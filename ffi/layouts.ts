/**
 * Layouts of libc's structs on 64-bit Linux, with glibc and with musl: sizes and offsets of members, in bytes.
 * `test/ffi/layouts_test.ts` compares each with the C compiler's.
 * @module
 */

import { runtime } from "./runtime.ts";

/** `struct sockaddr_in`: family in the machine's byte order, port and address in the network's. ip(7) */
export const sockaddr_in = { size: 16, sin_family: 0, sin_port: 2, sin_addr: 4 } as const;

/** `struct sockaddr_in6`. ipv6(7) */
export const sockaddr_in6 = {
  size: 28,
  sin6_family: 0,
  sin6_port: 2,
  sin6_flowinfo: 4,
  sin6_addr: 8,
  sin6_scope_id: 24,
} as const;

/**
 * `struct group_source_req`, whose beginning is `struct group_req`: an interface, a group, a source. The addresses are
 * `struct sockaddr_storage`. <linux/in.h>, RFC 3678, 5.1
 */
export const group_source_req = { size: 264, gsr_interface: 0, gsr_group: 8, gsr_source: 136 } as const;

/** `struct ip_mreqn`, the value of `IP_MULTICAST_IF`. ip(7) */
export const ip_mreqn = { size: 12, imr_ifindex: 8 } as const;

/** `struct iovec`. readv(2) */
export const iovec = { size: 16, iov_base: 0, iov_len: 8 } as const;

/** `struct mmsghdr`: a `struct msghdr` and the length that was received or sent. recvmsg(2), recvmmsg(2) */
export const mmsghdr = {
  size: 64,
  msg_name: 0,
  msg_namelen: 8,
  msg_iov: 16,
  msg_iovlen: 24,
  msg_control: 32,
  msg_controllen: 40,
  msg_flags: 48,
  msg_len: 56,
} as const;

/** `struct cmsghdr`, the head of a control message; its data follows, and the next head is aligned to 8. cmsg(3) */
export const cmsghdr = { size: 16, cmsg_len: 0, cmsg_level: 8, cmsg_type: 12, align: 8 } as const;

/** `struct in_pktinfo`, the data of `IP_PKTINFO`. ip(7) */
export const in_pktinfo = { size: 12, ipi_ifindex: 0, ipi_spec_dst: 4, ipi_addr: 8 } as const;

/** `struct in6_pktinfo`, the data of `IPV6_PKTINFO`. ipv6(7), RFC 3542 */
export const in6_pktinfo = { size: 20, ipi6_addr: 0, ipi6_ifindex: 16 } as const;

/**
 * `struct sock_extended_err`, the data of `IP_RECVERR` and `IPV6_RECVERR`; the socket address of who reported the error
 * follows it (`SO_EE_OFFENDER`). ip(7), <linux/errqueue.h>
 */
export const sock_extended_err = {
  size: 16,
  ee_errno: 0,
  ee_origin: 4,
  ee_type: 5,
  ee_code: 6,
  ee_info: 8,
  ee_data: 12,
} as const;

/** `struct scm_timestamping`, the data of `SCM_TIMESTAMPING`: the first of its times is software's. <linux/errqueue.h> */
export const scm_timestamping = { size: 48, ts: 0 } as const;

/** `struct timespec`, as `clock_gettime` fills it. clock_gettime(2) */
export const timespec = { size: 16, tv_sec: 0, tv_nsec: 8 } as const;

/** `struct pollfd`. poll(2) */
export const pollfd = { size: 8, fd: 0, events: 4, revents: 6 } as const;

/** `struct epoll_event`, which is packed on x86-64 alone. epoll_ctl(2), <linux/eventpoll.h> */
export const epoll_event = /* @__PURE__ */ epollEvent();

function epollEvent() {
  return runtime().arch === "x64" ? { size: 12, events: 0, data: 4 } : { size: 16, events: 0, data: 8 };
}

/** `struct nlmsghdr`, the head of a netlink message. netlink(7) */
export const nlmsghdr = { size: 16, nlmsg_len: 0, nlmsg_type: 4, nlmsg_flags: 6 } as const;

/** `struct rtmsg`, a route; attributes follow it. rtnetlink(7) */
export const rtmsg = { size: 12, rtm_family: 0, rtm_dst_len: 1, rtm_type: 7 } as const;

/** `struct ifaddrmsg`, an address of an interface; attributes follow it. rtnetlink(7) */
export const ifaddrmsg = { size: 8, ifa_family: 0 } as const;

/** `struct rtattr`, the head of an attribute; its data follows. rtnetlink(7) */
export const rtattr = { size: 4, rta_len: 0, rta_type: 2 } as const;

/** `struct sock_filter`, an instruction of classic BPF. <linux/filter.h> */
export const sock_filter = { size: 8, code: 0, jt: 2, jf: 3, k: 4 } as const;

/** `struct sock_fprog`, a program of such instructions. <linux/filter.h>, socket(7) */
export const sock_fprog = { size: 16, len: 0, filter: 8 } as const;

/** `struct winsize`: the size of a terminal, in characters. ioctl_tty(2) */
export const winsize = { size: 8, ws_row: 0, ws_col: 2 } as const;

/** `struct addrinfo`. getaddrinfo(3) */
export const addrinfo = {
  size: 48,
  ai_flags: 0,
  ai_family: 4,
  ai_socktype: 8,
  ai_protocol: 12,
  ai_addrlen: 16,
  ai_addr: 24,
  ai_next: 40,
} as const;

/** `struct sigaction`; the rest of it, flags and a mask, stays zero. sigaction(2) */
export const sigaction = { size: 152, sa_handler: 0 } as const;
