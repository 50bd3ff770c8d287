/** The options of a simulated socket. socket(7), ip(7), ipv6(7), udp(7) */
import { errno } from "./errno.ts";
import { AF_INET6 } from "./structs.ts";

export const SOL_SOCKET = 1;
export const SOL_IP = 0;
export const SOL_UDP = 17;
export const SOL_IPV6 = 41;

/** An option by level and number. */
export const key = (level: number, name: number) => level * 1000 + name;

export const SO_TYPE = key(SOL_SOCKET, 3);
export const SO_ERROR = key(SOL_SOCKET, 4);
export const SO_BROADCAST = key(SOL_SOCKET, 6);
export const SO_SNDBUF = key(SOL_SOCKET, 7);
export const SO_RCVBUF = key(SOL_SOCKET, 8);
export const SO_RCVTIMEO = key(SOL_SOCKET, 20);
export const SO_ATTACH_FILTER = key(SOL_SOCKET, 26);
export const SO_SNDBUFFORCE = key(SOL_SOCKET, 32);
export const SO_RCVBUFFORCE = key(SOL_SOCKET, 33);
export const SO_TIMESTAMPING = key(SOL_SOCKET, 37);
export const SO_DOMAIN = key(SOL_SOCKET, 39);
export const SO_MEMINFO = key(SOL_SOCKET, 55);
export const IP_TOS = key(SOL_IP, 1);
export const IP_TTL = key(SOL_IP, 2);
export const IP_PKTINFO = key(SOL_IP, 8);
export const IP_MTU_DISCOVER = key(SOL_IP, 10);
export const IP_RECVERR = key(SOL_IP, 11);
export const IP_RECVTTL = key(SOL_IP, 12);
export const IP_RECVTOS = key(SOL_IP, 13);
export const IP_RECVFRAGSIZE = key(SOL_IP, 25);
export const IP_UNICAST_IF = key(SOL_IP, 50);
export const UDP_SEGMENT = key(SOL_UDP, 103);
export const UDP_GRO = key(SOL_UDP, 104);
export const IPV6_UNICAST_HOPS = key(SOL_IPV6, 16);
export const IPV6_MTU_DISCOVER = key(SOL_IPV6, 23);
export const IPV6_RECVERR = key(SOL_IPV6, 25);
export const IPV6_V6ONLY = key(SOL_IPV6, 26);
export const IPV6_RECVPKTINFO = key(SOL_IPV6, 49);
export const IPV6_RECVHOPLIMIT = key(SOL_IPV6, 51);
export const IPV6_RECVTCLASS = key(SOL_IPV6, 66);
export const IPV6_TCLASS = key(SOL_IPV6, 67);
export const IPV6_UNICAST_IF = key(SOL_IPV6, 76);
export const IPV6_RECVFRAGSIZE = key(SOL_IPV6, 77);
export const IPV6_FREEBIND = key(SOL_IPV6, 78);

/** What the host allows and has. */
export interface Capabilities {
  /** Most bytes that `SO_RCVBUF` and `SO_SNDBUF` grant. `net.core.rmem_max` */
  readonly bufferMax: number;
  /** Whether `SO_RCVBUFFORCE` is allowed. `CAP_NET_ADMIN` */
  readonly admin: boolean;
  /** Whether the kernel knows `UDP_GRO` and `UDP_SEGMENT`. */
  readonly trains: boolean;
}

/** The values of a socket's options. */
export class SocketOptions {
  readonly #values = new Map<number, number>();
  readonly #capabilities: Capabilities;

  constructor(domain: number, capabilities: Capabilities) {
    this.#capabilities = capabilities;
    const set = (...names: number[]) => names.forEach((name) => this.#values.set(name, 0));
    set(SO_ERROR, SO_BROADCAST, SO_RCVTIMEO, SO_TIMESTAMPING);
    set(
      IP_TOS,
      IP_TTL,
      IP_PKTINFO,
      IP_MTU_DISCOVER,
      IP_RECVERR,
      IP_RECVTTL,
      IP_RECVTOS,
      IP_RECVFRAGSIZE,
      IP_UNICAST_IF,
    );
    if (capabilities.trains) set(UDP_SEGMENT, UDP_GRO);
    this.#values.set(SO_TYPE, 2).set(SO_DOMAIN, domain).set(SO_SNDBUF, 212_992).set(SO_RCVBUF, 212_992);
    this.#values.set(IP_MTU_DISCOVER, 1);
    if (domain !== AF_INET6) return;
    set(IPV6_UNICAST_HOPS, IPV6_RECVERR, IPV6_V6ONLY, IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT);
    set(IPV6_RECVFRAGSIZE, IPV6_RECVTCLASS, IPV6_TCLASS, IPV6_UNICAST_IF, IPV6_FREEBIND);
    this.#values.set(IPV6_MTU_DISCOVER, 1);
  }

  /** The value of an option, by the name that it has here. */
  get(option: number): number {
    return this.#values.get(option) ?? 0;
  }

  /** getsockopt(2); a negative number is the error. */
  read(level: number, name: number): number {
    return this.#values.get(key(level, name)) ?? -errno.ENOPROTOOPT;
  }

  /** setsockopt(2) of an `int`; returns 0 or the negative error. */
  write(level: number, name: number, value: number): number {
    const option = key(level, name);
    switch (option) {
      case SO_SNDBUFFORCE:
      case SO_RCVBUFFORCE:
        if (!this.#capabilities.admin) return -errno.EPERM;
        this.#values.set(option === SO_SNDBUFFORCE ? SO_SNDBUF : SO_RCVBUF, Math.max(2304, value * 2));
        return 0;
      case SO_SNDBUF:
      case SO_RCVBUF:
        this.#values.set(option, Math.max(2304, Math.min(value, this.#capabilities.bufferMax) * 2));
        return 0;
    }
    if (!this.#values.has(option)) return -errno.ENOPROTOOPT;
    this.#values.set(option, value);
    return 0;
  }
}
