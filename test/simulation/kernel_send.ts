/** How the kernel sends a message: `udp_sendmsg`, net/ipv4/udp.c, and `udpv6_sendmsg`, net/ipv6/udp.c. */
import { addressOf, bytesOf, isIPv4, isLinkLocal, isMulticast, mappedBytesOf } from "./address.ts";
import { errno } from "./errno.ts";
import type { KernelSocket } from "./kernel_socket.ts";
import type { AddressSpace } from "./memory.ts";
import type { Datagram, Network, Route } from "./network.ts";
import * as option from "./socket_options.ts";
import {
  AF_INET,
  type ControlMessage,
  type MessageHeader,
  readControlMessages,
  readSocketAddress,
  type SocketAddress,
} from "./structs.ts";
import type { Time } from "./time.ts";

const SOF_TIMESTAMPING_TX_SOFTWARE = 0x2;
const SOF_TIMESTAMPING_OPT_ID = 0x80;
const ORIGIN_LOCAL = 1;
const ORIGIN_TIMESTAMPING = 4;
const PROBE = 3;
const UDP_MAX_SEGMENTS = 64;

/** A message that the program sends, as the kernel decoded it. */
export interface Attempt {
  readonly socket: KernelSocket;
  readonly peer: SocketAddress;
  /** Whether the message names its peer. */
  readonly named: boolean;
  /** The datagrams: several, if it is a train. */
  readonly payloads: readonly Uint8Array[];
  /** Source address; the one that the program names, or "", before the route lookup. */
  source: string;
  /** The segment size that the program asks for; 0 if none. */
  readonly segmentSize: number;
  /** The interface that they leave by; 0 if it failed before that was found. */
  interfaceIndex: number;
  /** The error, or 0. */
  error: number;
  /** Whether the error is that of an earlier message. */
  pending: boolean;
  /** Whether it is refused because the host has no such address to send from. */
  wrongSource: boolean;
}

/** What a sending needs of its surroundings. */
export interface Surroundings {
  readonly memory: AddressSpace;
  readonly network: Network;
  readonly time: Time;
  /** Whether the kernel says `EMSGSIZE` for segments that exceed the MTU, as newer ones do, or `EINVAL`. */
  readonly reportsSegmentSize: boolean;
  /** An error that a fault wants, or 0. */
  sendFault(attempt: Attempt): number;
  /** Whether a fault happens now. */
  fault(kind: "departure"): boolean;
  /** Told of every attempt that the program learns the outcome of. */
  attempted(attempt: Attempt): void;
  /** Binds a socket that isn't. */
  bindAny(socket: KernelSocket): void;
}

/**
 * Sends one message; returns how many bytes, or the negative error. sendmsg(2)
 * @param first whether it is the first of a call: the error of a later one is not reported, and it is tried again
 */
export function sendMessage(
  around: Surroundings,
  socket: KernelSocket,
  header: MessageHeader,
  first: boolean,
): number {
  const payload = gather(around.memory, header);
  const { name } = header;
  const named = name.at === 0 || name.length === 0 ? undefined : readSocketAddress(around.memory, name.at, name.length);
  const peer = named ?? socket.peer;
  if (name.length > 0 && named === undefined) return -errno.EAFNOSUPPORT;
  if (peer === undefined) return -errno.EDESTADDRREQ;
  const wanted = controls(around.memory, socket, header, isIPv4(peer.address));
  if (typeof wanted === "number") return -wanted;
  const size = wanted.segmentSize > 0 ? wanted.segmentSize : Math.max(1, payload.length);
  const payloads = Array.from(
    { length: Math.max(1, Math.ceil(payload.length / size)) },
    (_, i) => payload.subarray(i * size, (i + 1) * size),
  );
  const attempt: Attempt = {
    socket,
    peer,
    named: named !== undefined,
    payloads,
    segmentSize: wanted.segmentSize,
    source: wanted.source ?? "",
    interfaceIndex: 0,
    error: 0,
    wrongSource: false,
    pending: socket.error !== 0,
  };
  const fault = around.sendFault(attempt);
  // Whether a datagram that is not sent is counted depends on how far it got.
  if (fault % 2 === 1) socket.counted++;
  attempt.error = socket.takeError() || fault || send(around, attempt, wanted, payload.length);
  if (first || attempt.error === 0) around.attempted(attempt);
  return attempt.error === 0 ? payload.length : -attempt.error;
}

/** What the control messages ask for. */
interface Wanted {
  /** The source, where it was named. */
  source: string | undefined;
  interfaceIndex: number;
  segmentSize: number;
}

function controls(
  memory: AddressSpace,
  socket: KernelSocket,
  { control }: MessageHeader,
  ipv4: boolean,
): Wanted | number {
  const wanted: Wanted = { source: undefined, interfaceIndex: 0, segmentSize: socket.options.get(option.UDP_SEGMENT) };
  if (control.length === 0) return wanted;
  const messages = readControlMessages(memory, control);
  if (messages === undefined) return errno.EINVAL;
  for (const { level, type, data } of messages) {
    const view = new DataView(data.buffer);
    if (level === option.SOL_UDP && type === 103 && data.length === 2) {
      wanted.segmentSize = view.getUint16(0, true);
    } else if (level === option.SOL_IP && type === 8 && data.length === 12 && ipv4) {
      wanted.interfaceIndex = view.getInt32(0, true);
      // A source of 0 overrides the bound address: the routing table chooses.
      wanted.source = addressOf(data.subarray(4, 8));
    } else if (level === option.SOL_IPV6 && type === 50 && data.length === 20) {
      wanted.interfaceIndex = view.getInt32(16, true);
      const source = addressOf(data.subarray(0, 16));
      if (isIPv4(source) !== ipv4 && source !== "::") return errno.EINVAL;
      if (source !== "::") wanted.source = source;
    } else {
      return errno.EINVAL;
    }
  }
  return wanted;
}

function send(around: Surroundings, attempt: Attempt, wanted: Wanted, size: number): number {
  const { socket, peer, payloads } = attempt;
  const { network } = around;
  const ipv4 = isIPv4(peer.address);
  if (ipv4 && socket.domain !== AF_INET && socket.options.get(option.IPV6_V6ONLY) !== 0) return errno.ENETUNREACH;
  if (!ipv4 && socket.domain === AF_INET) return errno.EAFNOSUPPORT;
  if (peer.port === 0) return errno.EINVAL;
  if (socket.local === undefined) around.bindAny(socket);
  const scope = isLinkLocal(peer.address) ? peer.scope : 0;
  if (scope !== 0 && wanted.interfaceIndex !== 0 && scope !== wanted.interfaceIndex) return errno.EINVAL;
  const bound = socket.local!.address;
  const named = wanted.source ?? (/^(::|0\.0\.0\.0)$/.test(bound) ? undefined : bound);
  const source = named === "0.0.0.0" || named === "::" ? undefined : named;
  if (source !== undefined && isIPv4(source) !== ipv4) return errno.ENETUNREACH;
  attempt.wrongSource = source !== undefined && !isUsableSource(around, socket, source, wanted.interfaceIndex);
  if (attempt.wrongSource) return errno.EINVAL;
  const unicast = socket.options.get(ipv4 ? option.IP_UNICAST_IF : option.IPV6_UNICAST_IF);
  const device = scope || wanted.interfaceIndex || socket.local!.scope || byteSwapped(unicast);
  const route = network.route(peer.address, device);
  if (typeof route === "number") return route;
  if (network.isBroadcast(peer.address) && socket.options.get(option.SO_BROADCAST) === 0) return errno.EACCES;
  attempt.source = source ?? route.source;
  attempt.interfaceIndex = route.interface.index;
  const error = sizeError(around, socket, route, payloads, size, ipv4);
  if (error !== 0) return error;
  if (socket.sending >= socket.options.get(option.SO_SNDBUF)) return errno.EAGAIN;
  const charge = payloads.length === 1 ? 640 + Math.ceil((size + 128) / 256) * 256 : 1024 + Math.ceil(size * 1.125);
  const datagrams = payloads.map((payload): Datagram => ({
    interface: route.interface,
    source: attempt.source,
    sourcePort: socket.local!.port,
    destination: peer.address,
    destinationPort: peer.port,
    payload: payload.slice(),
  }));
  socket.sending += charge;
  const index = socket.counted++;
  network.transmit(datagrams, route, charge, (left) => {
    socket.sending -= charge;
    if (left) reportDeparture(around, socket, index, payloads[0]!);
  });
  return 0;
}

/** Whether a datagram may leave from an address. `__ip_dev_find`, `ipv6_can_nonlocal_bind` */
function isUsableSource({ network }: Surroundings, socket: KernelSocket, source: string, index: number): boolean {
  if (isMulticast(source) || network.isBroadcast(source)) return false;
  if (isIPv4(source)) return network.isLocal(source, index);
  return network.hasAddress(source, index) || socket.options.get(option.IPV6_FREEBIND) !== 0;
}

/** The error of a message that is too large, or that can't be cut into segments; 0 if there is none. */
function sizeError(
  { reportsSegmentSize }: Surroundings,
  socket: KernelSocket,
  { mtu, interface: by, local }: Route,
  payloads: readonly Uint8Array[],
  size: number,
  ipv4: boolean,
): number {
  const headers = (ipv4 ? 20 : 40) + 8;
  const discovery = socket.options.get(ipv4 ? option.IP_MTU_DISCOVER : option.IPV6_MTU_DISCOVER);
  const fragments = discovery === 0 || discovery === 1;
  const packet = payloads[0]!.length + headers;
  if (payloads.length > 1) {
    if (packet > mtu) return reportsSegmentSize ? errno.EMSGSIZE : errno.EINVAL;
    if (payloads.length > UDP_MAX_SEGMENTS) return errno.EINVAL;
    if (size > (ipv4 ? 65_507 : 65_527)) return errno.EMSGSIZE;
    return by.segmentation || local ? 0 : errno.EIO;
  }
  if (size > (ipv4 ? 65_507 : 65_527)) return errno.EMSGSIZE;
  // With IP_PMTUDISC_PROBE only the device counts.
  const most = discovery === PROBE ? (local ? mtu : by.mtu) : mtu;
  if (packet <= most || fragments) return 0;
  reportTooLarge(socket, most);
  return errno.EMSGSIZE;
}

/** Tells in the error queue that a datagram is too large for the route. `ip_local_error` */
function reportTooLarge(socket: KernelSocket, mtu: number): void {
  if (socket.options.get(socket.domain === AF_INET ? option.IP_RECVERR : option.IPV6_RECVERR) === 0) return;
  const control = extendedError(socket, { errno: errno.EMSGSIZE, origin: ORIGIN_LOCAL, info: mtu });
  socket.errors.push({ control, time: undefined, payload: new Uint8Array(), errno: 0 });
}

/** Tells in the error queue when a datagram left, if the socket wants to know. */
function reportDeparture(around: Surroundings, socket: KernelSocket, counted: number, departed: Uint8Array): void {
  const flags = socket.options.get(option.SO_TIMESTAMPING);
  const index = (flags & SOF_TIMESTAMPING_OPT_ID) !== 0 ? counted : 0;
  if ((flags & SOF_TIMESTAMPING_TX_SOFTWARE) === 0 || around.fault("departure")) return;
  const control = extendedError(socket, { errno: errno.ENOMSG, origin: ORIGIN_TIMESTAMPING, data: index });
  socket.errors.push({ control, time: around.time.realtime, payload: new Uint8Array(), errno: 0, departed });
}

/** What a `struct sock_extended_err` says. <linux/errqueue.h> */
export interface ExtendedError {
  readonly errno: number;
  readonly origin: number;
  readonly type?: number;
  readonly code?: number;
  readonly info?: number;
  readonly data?: number;
  /** `SO_EE_OFFENDER` */
  readonly reporter?: string;
}

/**
 * The control message of an error: a `struct sock_extended_err` with the address of who reported it. A socket of IPv6 has
 * those of IPv4 too, with mapped addresses. `ip_recv_error`, `ipv6_recv_error`
 */
export function extendedError(
  { domain }: KernelSocket,
  { errno, origin, type = 0, code = 0, info = 0, data: value = 0, reporter }: ExtendedError,
): ControlMessage {
  const ipv4 = domain === AF_INET;
  const data = new Uint8Array(16 + (ipv4 ? 16 : 28));
  const view = new DataView(data.buffer);
  view.setUint32(0, errno, true);
  data.set([origin, type, code], 4);
  view.setUint32(8, info, true);
  view.setUint32(12, value, true);
  if (reporter !== undefined) {
    view.setUint16(16, domain, true);
    data.set(ipv4 ? bytesOf(reporter) : mappedBytesOf(reporter), ipv4 ? 20 : 24);
  }
  return ipv4 ? { level: option.SOL_IP, type: 11, data } : { level: option.SOL_IPV6, type: 25, data };
}

/** The payload of a message, copied. */
function gather(memory: AddressSpace, header: MessageHeader): Uint8Array {
  const parts = header.buffers.map(({ at, length }) => memory.bytes(at, length));
  const payload = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    payload.set(part, at);
    at += part.length;
  }
  return payload;
}

/** `IP_UNICAST_IF` and `IPV6_UNICAST_IF` have their index in network byte order. ip(7) */
function byteSwapped(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setInt32(0, value, true);
  return view.getInt32(0, false);
}
