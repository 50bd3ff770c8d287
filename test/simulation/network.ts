/** The network of the simulated host: interfaces, routes, paths to other hosts, and the wire. */
import { inPrefix, isIPv4, isLinkLocal, isMulticast } from "./address.ts";
import { errno } from "./errno.ts";
import { SECOND, type Time } from "./time.ts";

/** A network interface. */
export interface Interface {
  readonly index: number;
  readonly name: string;
  readonly mtu: number;
  /** Addresses with the length of their prefix; the first of a family is the one that it sends from. */
  readonly addresses: string[];
  /** Whether its device cuts trains into datagrams, and computes their checksums. `NETIF_F_HW_CSUM` */
  readonly segmentation: boolean;
}

/** Properties of the path to another host that differ from those of its interface. */
export interface PathQuality {
  /** The path MTU that this host knows. */
  mtu?: number;
  /** Rate at which the device sends; no limit if absent. */
  bytesPerSecond?: number;
  /** How long the device takes to send, in nanoseconds. */
  latency?: number;
  /** No neighbour has the address: datagrams wait for it and are discarded. */
  absent?: boolean;
  /** Error of the route: `unreachable`, `prohibit`, `blackhole`. */
  error?: number;
}

/** A datagram between hosts. */
export interface Datagram {
  readonly interface: Interface;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

/** Datagrams of one flow that came together, and that the kernel may deliver as one message. */
export interface Arrival extends Omit<Datagram, "payload"> {
  /** All but the last are of one size, and it is not larger. */
  readonly payloads: readonly Uint8Array[];
  /** Bytes of the largest fragment, if it came in fragments. */
  readonly fragmentSize?: number;
}

/** Where an arrival goes: a socket of this host. */
export interface Receiver {
  nonblocking: boolean;
  /** Takes an arrival; returns whether it is for this socket. */
  deliver(arrival: Arrival): boolean;
  /** Loses so many datagrams for want of room. */
  drop(count: number): void;
}

/** How long the kernel looks for a neighbour. */
const NEIGHBOUR_PATIENCE = 3 * SECOND;
/** Bytes that wait for one neighbour. `unres_qlen_bytes`, Documentation/networking/ip-sysctl.rst */
const NEIGHBOUR_QUEUE = 212_992;

/** Prefixes that are local by a route alone. ip-route(8), `ip route add local` */
const LOCAL_ROUTES = ["127.0.0.0/8", "203.0.113.128/25", "2001:db8:ffff::/64"] as const;

/** Result of a route lookup. */
export interface Route {
  readonly interface: Interface;
  readonly path: PathQuality;
  readonly mtu: number;
  /** The address that it sends from, if nothing else says. */
  readonly source: string;
  readonly local: boolean;
}

/** The network of one host. */
export class Network {
  readonly interfaces: readonly Interface[];
  /** Paths to single hosts, by address. */
  readonly paths = new Map<string, PathQuality>();
  /** Sockets that receive. */
  readonly receivers = new Set<Receiver>();
  /** Told of each datagram to this host that no socket takes. */
  onRefused: (datagram: Datagram) => void = () => {};
  /** Told of each datagram that leaves the host. */
  onWire: (datagram: Datagram) => void = () => {};
  readonly #time: Time;
  // When the device is free again, and what waits for a neighbour, by address.
  readonly #freeAt = new Map<string, number>();
  readonly #held = new Map<string, number>();

  constructor(time: Time, interfaces: readonly Interface[]) {
    this.#time = time;
    this.interfaces = interfaces;
  }

  /** The interface of an index. */
  interface(index: number): Interface | undefined {
    return this.interfaces.find((each) => each.index === index);
  }

  /** Whether an interface has an address: the one of this index, if that is not 0 and the address needs it. */
  hasAddress(address: string, index = 0): boolean {
    return this.interfaces.some((each) =>
      (index === 0 || index === each.index || !isLinkLocal(address)) &&
      each.addresses.some((own) => own.slice(0, own.indexOf("/")) === address)
    );
  }

  /** The interface that has an address. */
  ownerOf(address: string): Interface | undefined {
    return this.interfaces.find(({ addresses }) => addresses.some((own) => own.slice(0, own.indexOf("/")) === address));
  }

  /** Whether an address is local: an interface has it, or a route makes it local. */
  isLocal(address: string, index = 0): boolean {
    return this.hasAddress(address, index) || LOCAL_ROUTES.some((prefix) => inPrefix(address, prefix));
  }

  /** The address of an interface that the kernel sends from. */
  primary({ addresses }: Interface, ipv4: boolean, linkLocal = false): string | undefined {
    const own = addresses.map((address) => address.slice(0, address.indexOf("/")));
    return own.find((address) => isIPv4(address) === ipv4 && isLinkLocal(address) === linkLocal) ??
      own.find((address) => isIPv4(address) === ipv4);
  }

  /** The address that answers to what many hosts are sent leave from. `inet_select_addr`, net/ipv4/devinet.c */
  selected(by: Interface): string {
    const others = this.interfaces.filter(({ name }) => name !== "lo");
    return [by, ...others].map((each) => this.primary(each, true)).find((each) => each !== undefined) ?? "0.0.0.0";
  }

  /** The broadcast address of an interface. */
  broadcast({ addresses }: Interface): string | undefined {
    const own = addresses.find((address) => isIPv4(address))?.split("/");
    return own?.[1] === "24" ? own[0]!.replace(/\d+$/, "255") : undefined;
  }

  isBroadcast(address: string): boolean {
    return address === "255.255.255.255" || this.interfaces.some((each) => this.broadcast(each) === address);
  }

  /** Looks up a route; a number is the error. */
  route(destination: string, index: number): Route | number {
    const ipv4 = isIPv4(destination);
    const path = this.paths.get(destination) ?? {};
    if (path.error !== undefined) return path.error;
    if (isLinkLocal(destination) && index === 0) return errno.EINVAL;
    const local = this.isLocal(destination, index);
    const found = local && index === 0
      ? this.interfaces.find(({ name }) => name === "lo")
      : index !== 0
      ? this.interface(index)
      : this.interfaces.find(({ addresses }) => addresses.some((own) => inPrefix(destination, own))) ??
        this.interfaces.find(({ name }) => name !== "lo");
    if (found === undefined) return index === 0 ? errno.ENETUNREACH : errno.ENODEV;
    const own = local ? destination : this.primary(found, ipv4, isLinkLocal(destination) || isMulticast(destination));
    if (own === undefined) return errno.ENETUNREACH;
    return { interface: found, path, mtu: Math.min(found.mtu, path.mtu ?? Infinity), source: own, local };
  }

  /**
   * Hands datagrams to the device, which discards them if its queue is full.
   * @param size of all of them in the send buffer
   * @param release called once they have left the host, or are discarded
   */
  transmit(datagrams: readonly Datagram[], route: Route, size: number, release: (left: boolean) => void): void {
    const { destination } = datagrams[0]!;
    const { path, local } = route;
    const leave = () => {
      release(true);
      const payloads = datagrams.map(({ payload }) => payload);
      // The kernel reports the interface that has the address, not the loopback interface.
      const by = this.ownerOf(destination) ?? route.interface;
      if (local && !this.arrive({ ...datagrams[0]!, interface: by, payloads })) this.onRefused(datagrams[0]!);
      if (!local) { for (const datagram of datagrams) this.onWire(datagram); }
    };
    if (path.absent) {
      const held = this.#held.get(destination) ?? 0;
      if (held + size > NEIGHBOUR_QUEUE) return release(false);
      this.#held.set(destination, held + size);
      this.#time.schedule(this.#time.now + NEIGHBOUR_PATIENCE, () => {
        this.#held.set(destination, this.#held.get(destination)! - size);
        release(false);
      });
    } else if (path.bytesPerSecond !== undefined) {
      const start = Math.max(this.#time.now, this.#freeAt.get(destination) ?? 0);
      const end = start + Math.ceil(size * SECOND / path.bytesPerSecond);
      this.#freeAt.set(destination, end);
      this.#time.schedule(end, leave);
    } else if (path.latency !== undefined) {
      this.#time.schedule(this.#time.now + path.latency, leave);
    } else {
      leave();
    }
  }

  /** Lets datagrams arrive that came to this host; returns whether a socket takes them. */
  arrive(arrival: Arrival): boolean {
    return [...this.receivers].filter((receiver) => receiver.deliver(arrival)).length > 0;
  }

  /** Whether the host accepts a destination on an interface. */
  accepts(destination: string, by: Interface): boolean {
    if (isMulticast(destination)) return true;
    return destination === "255.255.255.255" || this.broadcast(by) === destination ||
      this.isLocal(destination, by.index);
  }
}
