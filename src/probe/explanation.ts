/**
 * The verdict on a target, in a sentence.
 * @module
 */

import { EACCES, EAFNOSUPPORT, EHOSTUNREACH, EINVAL, EMSGSIZE, ENETUNREACH, EPERM } from "../../ffi/constants.ts";
import { errnoMessage, errnoName } from "../../ffi/errno.ts";
import { isLocalAddress } from "../../ffi/netlink.ts";
import { list } from "../cli/arguments.ts";
import { addressText, isIPv4 } from "../net/address.ts";
import { formatDuration, formatMilliseconds } from "./duration.ts";
import { icmpMessage, NO_HOST, PORT_UNREACHABLE, TOO_FAR, TOO_LARGE } from "./icmp.ts";
import type { Failure } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import { headerSize, hostText, isSameAddress, peerText, type ScopedAddress } from "./peer.ts";
import type { ProbeTarget } from "./target.ts";
import { verdict } from "./verdict.ts";

/** The reason of a verdict other than `ok`, or an oddity, in one sentence without a full stop; "" if there is none. */
export function explanation(target: ProbeTarget, settings: ProbeSettings): string {
  const { endpoint, ledger } = target;
  const { recent: { counts }, duplicates } = ledger;
  const timeout = formatDuration(settings.timeoutMilliseconds);
  switch (verdict(ledger)) {
    case "ok":
      if (duplicates === 0) return otherTrafficClass(target, settings);
      return `${endpoint} answered ${plural(counts.received, "request")} with ${
        counts.received + duplicates
      } datagrams`;
    case "wrong source":
      return wrongSource(target, settings);
    case "corrupted":
      return corrupted(target, settings);
    case "partial":
      return partial(target, timeout);
    case "refused":
    case "unreachable":
      return failureExplanation(target, ledger.lastFailure!, settings);
    case "no answer":
      if (counts.lost === 0) return `${endpoint} had no time to answer`;
      return settings.connected
        ? `a connected socket received nothing from ${endpoint} within ${timeout}; without --connected, answers from ` +
          "other addresses are seen too"
        : `nothing came back from ${endpoint} within ${timeout}: no such host, nothing that answers at port ` +
          `${target.peer.port}, or a firewall that drops datagrams, on the way there or back${sourcePortHint(target)}`;
  }
}

/** Says that the last answer had another DSCP or ECN than the requests, if the user chose it. */
function otherTrafficClass({ endpoint, lastReply }: ProbeTarget, { trafficClass: sent }: ProbeSettings): string {
  const received = lastReply?.trafficClass;
  if (sent === undefined || received === undefined || sent === received) return "";
  return `answers from ${endpoint} have ${trafficClassText(received)}, the requests left with ${
    trafficClassText(sent)
  }: ` +
    "the server does not send them back (--reflect-tos of echo.ts does), or a device on the way changes them";
}

/** A TOS or traffic class as text: `dscp=46 ecn=0`. RFC 2474, RFC 3168 */
export function trafficClassText(value: number): string {
  return `dscp=${value >> 2} ecn=${value & 3}`;
}

/** A source port has no path after so many requests in a row without a good answer. */
const BROKEN_REQUESTS = 2;
/** Ports of services are below this one, ports of clients from here on: the kernel's default. ip(7) */
const CLIENT_PORTS = 32_768;

/** Echo servers refuse requests from ports of services and from their own port, which could make an endless loop. */
function sourcePortHint({ peer, sockets: [socket] }: ProbeTarget): string {
  const { port } = socket!.udp;
  if (port >= CLIENT_PORTS && port !== peer.port) return "";
  return `; the requests left from port ${port}, which echo servers may refuse as that of a service: try again, or ` +
    "see sysctl net.ipv4.ip_local_port_range";
}

function wrongSource({ peer, endpoint, ledger }: ProbeTarget, settings: ProbeSettings): string {
  const { wrongSources, recent: { counts, settled } } = ledger;
  const count = counts["wrong source"];
  const often = count === settled ? "" : `${count} of ${settled} times `;
  const unseen = settings.connected ? "" : "; clients with a connected socket never see these answers";
  const option = isIPv4(peer.bytes) ? "IP_PKTINFO" : "IPV6_PKTINFO";
  const [where, why] = wrongSources.every((source) => isSameAddress(source, peer))
    ? [
      `port ${list(wrongSources.map(({ port }) => `${port}`))}`,
      "replies from another socket, or a device on the way translates ports",
    ]
    : [list(wrongSources.map(peerText)), `does not set the source of its replies (${option})`];
  return `${endpoint} answered ${often}from ${where}: the server ${why}${unseen}`;
}

function corrupted({ endpoint, ledger }: ProbeTarget, { size }: ProbeSettings): string {
  const { recent: { counts }, corruptedSize } = ledger;
  const answers = counts.received + counts.late + counts["wrong source"] + counts.corrupted;
  const sizes = corruptedSize === size ? "" : ` (${plural(corruptedSize, "byte")} instead of ${size})`;
  return `${counts.corrupted} of ${plural(answers, "answer")} from ${endpoint} did not match the request${sizes}: ` +
    "something alters datagrams, or this is no echo server";
}

function partial({ endpoint, sockets, ledger }: ProbeTarget, timeout: string): string {
  const { recent: { counts: { received, lost, late, failed }, settled }, paths, lastLate, lastFailure } = ledger;
  const lastTime = `${formatMilliseconds(lastLate)} ms (see --timeout)`;
  const shortcomings = [
    lost > 0 ? `${lost} got no answer within ${timeout}` : "",
    late > 0 ? `${late} got an answer too late, the last one after ${lastTime}` : "",
    failed > 0 ? `${failed} failed (${failureName(lastFailure!)})` : "",
  ].filter(Boolean);
  const sentence = `${endpoint} answered ${received} of ${settled} requests in time: ${list(shortcomings)}`;
  // Source ports without answers beside others with answers, as where flows are spread over several paths.
  const broken = sockets.filter((_, i) => (paths[i]?.unanswered ?? 0) >= BROKEN_REQUESTS);
  const others = paths.filter(({ unanswered }) => unanswered === 0).length;
  if (broken.length === 0 || others === 0) return sentence;
  return `${sentence}; requests from source port ${list(broken.map(({ udp }) => `${udp.port}`))} get no good answer, ` +
    `those from ${plural(others, "other")} do: one of several paths is broken`;
}

/** A failure in a few words, with its reporter: `port unreachable, says 192.0.2.10`. */
export function failureName({ errno, icmp, reporter }: Failure): string {
  if (icmp === undefined) return errnoMessage(errno);
  return icmpMessage(icmp)[0] + (reporter === undefined ? "" : `, says ${hostText(reporter)}`);
}

/** Why this host does not send, by error number. */
const LOCAL_REASONS: ReadonlyMap<number, string> = new Map([
  [EAFNOSUPPORT, "it has no IPv6, or IPv6 is switched off"],
  [ENETUNREACH, "it has no route"],
  [EPERM, "a firewall rule forbids it"],
  [EMSGSIZE, "the packet is too large for the interface"],
]);
/** Those that depend on the route; the routing table says more. */
const ROUTING_ERRORS = [ENETUNREACH, EACCES, EINVAL, EHOSTUNREACH];

function failureExplanation(
  { peer, endpoint }: ProbeTarget,
  { errno, icmp, reporter, mtu = 0 }: Failure,
  { size, ttl }: ProbeSettings,
): string {
  const most = mtu - headerSize(peer);
  const fits = most > 0 ? `, at most ${mtu} pass; --size ${most} fits` : "";
  const sizes = `; it has ${size + headerSize(peer)} bytes${fits}`;
  if (icmp === undefined) {
    const isRouting = ROUTING_ERRORS.includes(errno);
    const other = isRouting ? "a route, or the kind of the address, forbids it" : errnoMessage(errno);
    const reason = LOCAL_REASONS.get(errno) ?? other;
    const advice = isRouting ? `; \`ip route get ${addressText(peer.bytes)}\` shows more` : "";
    return `this host cannot send to ${endpoint}: ${reason} (${errnoName(errno)})${
      errno === EMSGSIZE ? sizes : advice
    }`;
  }
  const [name, meaning] = icmpMessage(icmp);
  if (reporter !== undefined && name === PORT_UNREACHABLE && isSameAddress(reporter, peer)) {
    return `${endpoint} refused: nothing listens at port ${peer.port}, or its firewall rejects (ICMP ${name})`;
  }
  if (reporter !== undefined && meaning === NO_HOST && isLocal(reporter)) {
    const protocol = isIPv4(peer.bytes) ? "ARP" : "neighbour discovery";
    return `no host at ${endpoint}: nothing on its network answers for this address (${protocol})`;
  }
  const tooFar = ttl === undefined ? ": the routers forward them in a loop" : `: --ttl ${ttl} is not enough`;
  return `${reporter === undefined ? "an unknown host" : hostText(reporter)} ${meaning} ${endpoint} (ICMP ${name})${
    meaning === TOO_LARGE ? sizes : meaning === TOO_FAR ? tooFar : ""
  }`;
}

/** Whether an address is one of this host's. */
function isLocal({ bytes, scope }: ScopedAddress): boolean {
  return isLocalAddress(isIPv4(bytes) ? bytes.subarray(12) : bytes, scope) ?? false;
}

/** A number of things: `1 byte`, `64 bytes`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
