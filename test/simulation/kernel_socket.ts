/** A UDP socket as the kernel has it. udp(7), net/ipv4/udp.c, net/ipv6/udp.c */
import { isIPv4, isLinkLocal, isMulticast, mappedBytesOf } from "./address.ts";
import { errno } from "./errno.ts";
import type { AddressSpace } from "./memory.ts";
import type { Arrival, Interface, Network, Receiver } from "./network.ts";
import type { PacketFilter } from "./packet_filter.ts";
import * as option from "./socket_options.ts";
import type { SocketOptions } from "./socket_options.ts";
import {
  AF_INET,
  AF_INET6,
  type ControlMessage,
  ControlWriter,
  type MessageHeader,
  type Range,
  type SocketAddress,
  socketAddressBytes,
  timespecBytes,
  words,
  writeTruncated,
} from "./structs.ts";
import { bytesOf } from "./address.ts";
import type { Time } from "./time.ts";
import { Violation } from "./violation.ts";

const MSG_CTRUNC = 0x8;
const UDP_GRO = 104;
const MSG_TRUNC = 0x20;
const SOF_TIMESTAMPING_RX_SOFTWARE = 0x8;
const SOF_TIMESTAMPING_OPT_ID = 0x80;

/** A message in the receive queue: one datagram, or a train. */
export interface Message extends Arrival {
  /** `ipi_spec_dst`; `undefined` if the option was not set when the message arrived. */
  readonly specific: string | undefined;
  /** `CLOCK_REALTIME` at the arrival. */
  readonly time: number;
}

/** An entry of the error queue. */
export interface QueuedError {
  readonly control: ControlMessage;
  readonly time: number | undefined;
  readonly payload: Uint8Array;
  /** The error that the next call reports for it. */
  readonly errno: number;
  /** The payload of the datagram whose departure it tells. */
  readonly departed?: Uint8Array;
}

/** The control messages of a reception, as the program sees them. */
export interface Told {
  /** Whether its control messages, or its payload, were cut. */
  readonly cut: boolean;
  /** Number of datagrams that the program sees. */
  readonly datagrams: number;
}

/** Observes a socket, and injects faults. */
export interface SocketObserver {
  /** An entry of the error queue was handed to the program. */
  errorReceived(socket: KernelSocket, entry: QueuedError): void;
  /** A message was handed to the program. */
  received(socket: KernelSocket, message: Message, told: Told): void;
  /** The filter of the program dropped an arrival. */
  filtered(socket: KernelSocket, arrival: Arrival): void;
  /** So many datagrams were lost because the receive buffer was full. */
  dropped(socket: KernelSocket, count: number): void;
  /** Bytes of room for control messages, where a fault makes it less than the program gave. */
  controlRoom(room: number): number;
  /** The order in which control messages come: nothing promises one. */
  arrange(messages: ControlMessage[]): ControlMessage[];
  /** The socket is closed. */
  closed(socket: KernelSocket): void;
}

/** What a message takes up in a receive buffer. */
const truesize = (bytes: number) => 768 + Math.ceil(bytes / 256) * 256;

export class KernelSocket implements Receiver {
  readonly domain: number;
  readonly options: SocketOptions;
  local: { address: string; scope: number; port: number } | undefined;
  peer: SocketAddress | undefined;
  nonblocking = false;
  /** What the program lets pass. `SO_ATTACH_FILTER` */
  filter: PacketFilter | undefined;
  /** How long a reception waits, in nanoseconds; without an end if 0. */
  receiveTimeout = 0;
  /** Datagrams that were lost because the receive buffer was full, modulo 2^32. `sk_drops` */
  drops = 0;
  /** Bytes in the send buffer. */
  sending = 0;
  /** What the next call reports. `sk_err` */
  error = 0;
  /** Datagrams that were counted since that was asked for, for `SOF_TIMESTAMPING_OPT_ID`. */
  counted = 0;
  readonly queue: Message[] = [];
  readonly errors: QueuedError[] = [];
  readonly #network: Network;
  readonly #time: Time;
  readonly #observer: SocketObserver;
  #queued = 0;

  constructor(domain: number, options: SocketOptions, network: Network, time: Time, observer: SocketObserver) {
    this.domain = domain;
    this.options = options;
    this.#network = network;
    this.#time = time;
    this.#observer = observer;
  }

  /** bind(2) */
  bind(address: SocketAddress, pickPort: () => number): number {
    const { scope, mapped } = address;
    if (this.local !== undefined) return -errno.EINVAL;
    const wildcard = /^(::|0\.0\.0\.0)$/.test(address.address);
    if (this.domain === AF_INET6 && isIPv4(address.address) && !mapped) return -errno.EAFNOSUPPORT;
    if (!wildcard && !isMulticast(address.address) && !this.#network.isLocal(address.address, scope)) {
      return -errno.EADDRNOTAVAIL;
    }
    if (isLinkLocal(address.address) && scope === 0) return -errno.EINVAL;
    const local = { address: address.address, scope, port: address.port || pickPort() };
    for (const other of this.#network.receivers) {
      if (other instanceof KernelSocket && other.#conflictsWith(this, local)) return -errno.EADDRINUSE;
    }
    this.local = local;
    this.#network.receivers.add(this);
    return 0;
  }

  /** Whether another socket can't be bound beside this one. `inet_rcv_saddr_equal`, net/ipv4/inet_connection_sock.c */
  #conflictsWith(other: KernelSocket, { address, port }: { readonly address: string; readonly port: number }): boolean {
    if (this.local?.port !== port) return false;
    const families = (socket: KernelSocket, own: string) => {
      if (own === "::") return socket.options.get(option.IPV6_V6ONLY) !== 0 ? [6] : [4, 6];
      return [isIPv4(own) ? 4 : 6];
    };
    const own = families(this, this.local.address);
    if (!families(other, address).some((family) => own.includes(family))) return false;
    const any = (text: string) => text === "::" || text === "0.0.0.0";
    return any(address) || any(this.local.address) || address === this.local.address;
  }

  /** connect(2) */
  connect(peer: SocketAddress, pickPort: () => number): number {
    const route = this.#network.route(peer.address, peer.scope);
    if (typeof route === "number") return -route;
    if (this.local === undefined) this.bind({ address: route.source, port: 0, scope: 0, mapped: true }, pickPort);
    this.peer = peer;
    if (/^(::|0\.0\.0\.0)$/.test(this.local!.address)) this.local = { ...this.local!, address: route.source };
    return 0;
  }

  close(): void {
    this.#observer.closed(this);
    this.#network.receivers.delete(this);
  }

  /** Whether an arrival is for this socket. */
  #takes({ interface: by, source, sourcePort, destination, destinationPort }: Arrival): boolean {
    if (this.local?.port !== destinationPort) return false;
    const ipv4 = isIPv4(destination);
    if (ipv4 ? this.domain === AF_INET6 && this.options.get(option.IPV6_V6ONLY) !== 0 : this.domain === AF_INET) {
      return false;
    }
    const { address, scope } = this.local;
    if (address === "0.0.0.0" ? !ipv4 : address !== "::" && address !== destination) return false;
    if (scope !== 0 && scope !== by.index) return false;
    return this.peer === undefined || (this.peer.address === source && this.peer.port === sourcePort);
  }

  deliver(arrival: Arrival): boolean {
    if (!this.#takes(arrival)) return false;
    if (this.filter?.passes(arrival) === false) {
      this.#observer.filtered(this, arrival);
      this.drop(1);
      return true;
    }
    if (this.options.get(option.UDP_GRO) !== 0 || arrival.payloads.length === 1) {
      this.#enqueue(arrival);
    } else {
      for (const payload of arrival.payloads) this.#enqueue({ ...arrival, payloads: [payload] });
    }
    return true;
  }

  #enqueue(arrival: Arrival): void {
    const size = truesize(arrival.payloads.reduce((sum, { length }) => sum + length, 0));
    if (this.#queued + size > this.options.get(option.SO_RCVBUF)) {
      // A train counts as one.
      this.drop(1);
      return;
    }
    this.#queued += size;
    const asked = this.options.get(option.IP_PKTINFO) !== 0 || this.options.get(option.IPV6_RECVPKTINFO) !== 0;
    this.queue.push({
      ...arrival,
      specific: asked ? this.#specific(arrival.destination, arrival.interface) : undefined,
      time: this.#time.realtime,
    });
  }

  drop(count: number): void {
    this.drops = (this.drops + count) % 2 ** 32;
    this.#observer.dropped(this, count);
  }

  /** The address of `ipi_spec_dst`. `fib_compute_spec_dst`, net/ipv4/fib_frontend.c */
  #specific(destination: string, by: Interface): string {
    const own = !isMulticast(destination) && !this.#network.isBroadcast(destination);
    return own ? destination : this.#network.selected(by);
  }

  /** Takes the first message of the queue; returns 0, or the negative error. recvmsg(2) */
  receive(memory: AddressSpace, header: MessageHeader): number {
    if (this.error !== 0) return -this.takeError();
    const message = this.queue.shift();
    if (message === undefined) return -errno.EAGAIN;
    const payload = message.payloads.length === 1 ? message.payloads[0]! : joined(message.payloads);
    this.#queued -= truesize(payload.length);
    const control = limited(header.control, this.#observer.controlRoom(header.control.length));
    const writer = new ControlWriter(memory, control);
    // Where the control message of a train is lost, the program takes it for one datagram.
    let train = message.payloads.length > 1;
    for (const entry of this.#observer.arrange(this.#controlMessages(message))) {
      const whole = writer.put(entry);
      if (entry.type === UDP_GRO) train = whole;
    }
    if (writer.cut && control.length === header.control.length) {
      throw new Violation(`${control.length} bytes of room for control messages are too few`);
    }
    const scope = isLinkLocal(message.source) ? message.interface.index : 0;
    const name = socketAddressBytes(this.domain, { address: message.source, port: message.sourcePort, scope });
    const copied = scatter(memory, header.buffers, payload);
    const flags = (writer.cut ? MSG_CTRUNC : 0) | (copied < payload.length ? MSG_TRUNC : 0);
    const nameLength = header.name.at === 0 ? 0 : writeTruncated(memory, header.name.at, header.name.length, name);
    header.setReceived(nameLength, writer.length, flags, copied);
    this.#observer.received(this, message, { cut: flags !== 0, datagrams: train ? message.payloads.length : 1 });
    return 0;
  }

  /** In the order in which the kernel writes them: `udpv6_recvmsg`. */
  #controlMessages(message: Message): ControlMessage[] {
    const { destination, interface: by, specific, payloads, time, fragmentSize } = message;
    const { options } = this;
    const messages: ControlMessage[] = [];
    const ipv4 = isIPv4(destination);
    if ((options.get(option.SO_TIMESTAMPING) & SOF_TIMESTAMPING_RX_SOFTWARE) !== 0) {
      messages.push({ level: option.SOL_SOCKET, type: 37, data: timestamps(time) });
    }
    if (payloads.length > 1) {
      messages.push({ level: option.SOL_UDP, type: UDP_GRO, data: words(payloads[0]!.length) });
    }
    if (options.get(option.IPV6_RECVPKTINFO) !== 0) {
      const index = ipv4 && specific === undefined ? 0 : by.index;
      messages.push({
        level: option.SOL_IPV6,
        type: 50,
        data: Uint8Array.of(...mappedBytesOf(destination), ...words(index)),
      });
    }
    const [level, type] = ipv4 ? [option.SOL_IP, 25] : [option.SOL_IPV6, 77];
    if (fragmentSize !== undefined && options.read(level, type) > 0) {
      messages.push({ level, type, data: words(fragmentSize) });
    }
    if (ipv4 && options.get(option.IP_PKTINFO) !== 0) {
      const data = new Uint8Array(12);
      data.set(words(specific === undefined ? 0 : by.index), 0);
      if (specific !== undefined) data.set(bytesOf(specific), 4);
      data.set(bytesOf(destination), 8);
      messages.push({ level: option.SOL_IP, type: 8, data });
    }
    return messages;
  }

  /** Takes the first entry of the error queue. recvmsg(2) with `MSG_ERRQUEUE` */
  receiveError(memory: AddressSpace, header: MessageHeader): number {
    const entry = this.errors.shift();
    if (entry === undefined) return -errno.EAGAIN;
    this.error = this.errors[0]?.errno ?? 0;
    const writer = new ControlWriter(memory, header.control);
    if (entry.time !== undefined) {
      writer.put({ level: option.SOL_SOCKET, type: 37, data: timestamps(entry.time) });
    }
    writer.put(entry.control);
    const copied = scatter(memory, header.buffers, entry.payload);
    const flags = 0x2000 | (writer.cut ? MSG_CTRUNC : 0) | (copied < entry.payload.length ? MSG_TRUNC : 0);
    header.setReceived(0, writer.length, flags, copied);
    this.#observer.errorReceived(this, entry);
    return 0;
  }

  /** setsockopt(2) of an `int` */
  setOption(level: number, name: number, value: number): number {
    const counts = () => (this.options.get(option.SO_TIMESTAMPING) & SOF_TIMESTAMPING_OPT_ID) !== 0;
    const before = counts();
    const result = this.options.write(level, name, value);
    if (!before && counts()) this.counted = 0;
    return result;
  }

  /** The pending error, which is reported once. */
  takeError(): number {
    const { error } = this;
    this.error = 0;
    return error;
  }

  /** The events of poll(2) that hold. */
  get events(): number {
    const readable = this.queue.length > 0 ? 0x1 : 0;
    const writable = this.sending < this.options.get(option.SO_SNDBUF) / 2 ? 0x4 : 0;
    return readable | writable | (this.error !== 0 || this.errors.length > 0 ? 0x8 : 0);
  }
}

/** The data of `SCM_TIMESTAMPING`: the time of the software, and two that are not there. */
function timestamps(time: number): Uint8Array {
  const data = new Uint8Array(48);
  data.set(timespecBytes(time));
  return data;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function limited({ at, length }: Range, room: number): Range {
  return { at, length: Math.min(length, room) };
}

/** Writes a payload into buffers; returns how much of it fits. */
function scatter(memory: AddressSpace, buffers: readonly Range[], payload: Uint8Array): number {
  let done = 0;
  for (const { at, length } of buffers) {
    // All of a buffer must be the program's, even if the payload is short: the next one may be longer.
    const room = memory.bytes(at, length);
    const part = payload.subarray(done, done + length);
    room.set(part);
    done += part.length;
  }
  if (buffers.length === 0 && payload.length > 0) throw new Violation("a reception without a buffer");
  return done;
}
