/**
 * The verdict on a target, in a sentence.
 * @module
 */

import { EACCES, EAFNOSUPPORT, EHOSTUNREACH, EINVAL, EMSGSIZE, ENETUNREACH, EPERM } from "../../ffi/constants.ts";
import { errnoMessage, errnoName } from "../../ffi/errno.ts";
import { isLocalAddress } from "../../ffi/netlink.ts";
import { list } from "../cli/arguments.ts";
import { addressText, isIPv4 } from "../net/address.ts";
import type { ErrorReport } from "../socket/error_queue.ts";
import { formatDuration, formatMilliseconds } from "./duration.ts";
import { icmpMeaning, icmpName } from "./icmp.ts";
import type { Failure } from "./ledger.ts";
import type { ProbeSettings } from "./options.ts";
import { headerSize, hostText, isSameAddress, payloadSize, peerText, type ScopedAddress } from "./peer.ts";
import type { ProbeTarget } from "./target.ts";
import { verdict } from "./verdict.ts";

/** The reason of a verdict other than `ok`, or an oddity, in one sentence without a full stop; "" if there is none. */
export function explanation(target: ProbeTarget, settings: ProbeSettings): string {
  const { endpoint, ledger } = target;
  const { recent: { counts, settled }, duplicates } = ledger;
  const timeout = formatDuration(settings.timeoutMilliseconds);
  switch (verdict(ledger)) {
    case "ok":
      return duplicates === 0
        ? otherTrafficClass(target, settings)
        : `${endpoint} answered ${counts.received} requests with ${counts.received + duplicates} datagrams`;
    case "wrong source":
      return wrongSource(target, settings);
    case "corrupted":
      return corrupted(target, settings);
    case "partial":
      return `${endpoint} answered ${counts.received} of ${settled} requests in time: ` +
        list(shortcomings(target, settings)) + brokenPaths(target);
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
  const { localPort } = socket!;
  if (localPort >= CLIENT_PORTS && localPort !== peer.port) return "";
  return `; the requests left from port ${localPort}, which echo servers may refuse as that of a service: try again, or ` +
    "see sysctl net.ipv4.ip_local_port_range";
}

function wrongSource({ peer, endpoint, ledger }: ProbeTarget, settings: ProbeSettings): string {
  const { wrongSources, recent: { counts, settled } } = ledger;
  const count = counts["wrong source"];
  const often = count === settled ? "" : `${count} of ${settled} times `;
  const unseen = settings.connected ? "" : "; clients with a connected socket never see these answers";
  if (wrongSources.every((source) => isSameAddress(source, peer))) {
    return `${endpoint} answered ${often}from port ${list(wrongSources.map(({ port }) => `${port}`))}: the server ` +
      `replies from another socket, or a device on the way translates ports${unseen}`;
  }
  const option = isIPv4(peer.bytes) ? "IP_PKTINFO" : "IPV6_PKTINFO";
  return `${endpoint} answered ${often}from ${list(wrongSources.map(peerText))}: the server does not set the source ` +
    `of its replies (${option})${unseen}`;
}

function corrupted({ endpoint, ledger }: ProbeTarget, { size }: ProbeSettings): string {
  const { recent: { counts }, corruptedSize } = ledger;
  const answers = counts.received + counts.late + counts["wrong source"] + counts.corrupted;
  const which = counts.corrupted < answers
    ? `${counts.corrupted} of ${answers} answers`
    : answers === 1
    ? "the answer"
    : `all ${answers} answers`;
  const sizes = corruptedSize === size ? "" : ` (${formatBytes(corruptedSize)} instead of ${size})`;
  return `${which} from ${endpoint} ${counts.corrupted === 1 ? "was" : "were"} not what was sent${sizes}: something ` +
    "alters datagrams, or this is no echo server";
}

function shortcomings({ ledger }: ProbeTarget, settings: ProbeSettings): string[] {
  const { recent: { counts }, lastLate, lastFailure } = ledger;
  const timeout = formatDuration(settings.timeoutMilliseconds);
  const parts: string[] = [];
  if (counts.lost > 0) parts.push(`${counts.lost} got no answer within ${timeout}`);
  if (counts.late > 0) {
    const last = `${counts.late === 1 ? "" : "the last "}after ${formatMilliseconds(lastLate)} ms`;
    parts.push(`${counts.late} ${counts.late === 1 ? "was" : "were"} answered too late, ${last} (see --timeout)`);
  }
  if (counts.failed > 0 && lastFailure !== undefined) {
    parts.push(`${counts.failed} failed (${failureName(lastFailure)})`);
  }
  return parts;
}

/** Source ports without answers beside others with answers, as where flows are spread over several paths. */
function brokenPaths({ sockets, ledger: { paths } }: ProbeTarget): string {
  const portsWhere = (matches: (unanswered: number) => boolean) =>
    paths.flatMap(({ unanswered }, i) => matches(unanswered) ? [`${sockets[i]!.localPort}`] : []);
  const broken = portsWhere((unanswered) => unanswered >= BROKEN_REQUESTS);
  const others = portsWhere((unanswered) => unanswered === 0).length;
  if (broken.length === 0 || others === 0) return "";
  return `; requests from source port ${list(broken)} get no good answer, those from ${others} other` +
    `${others === 1 ? "" : "s"} do: one of several paths is broken`;
}

/** A failure in a few words, with its reporter: `port unreachable, says 192.0.2.10`. */
export function failureName({ errno, report }: Failure): string {
  if (report?.icmp === undefined) return errnoMessage(errno);
  const reporter = report.reporter === undefined ? "" : `, says ${hostText(report.reporter)}`;
  return icmpName(report.icmp) + reporter;
}

function failureExplanation(target: ProbeTarget, { errno, report }: Failure, settings: ProbeSettings): string {
  const { peer } = target;
  const packet = `a packet of ${settings.size + headerSize(peer)} bytes`;
  const mtu = report?.mtu ?? 0;
  const fits = payloadSize(peer, mtu) > 0 ? `, at most ${mtu} bytes; --size ${payloadSize(peer, mtu)} fits` : "";
  return report?.icmp === undefined
    ? localFailure(target, errno, packet, fits)
    : remoteFailure(target, { ...report, icmp: report.icmp }, packet, fits, settings.ttl);
}

/** Why this host does not send. */
function localFailure({ peer, endpoint }: ProbeTarget, errno: number, packet: string, fits: string): string {
  const advice = `\`ip route get ${addressText(peer.bytes)}\` shows more`;
  switch (errno) {
    case EAFNOSUPPORT:
      return `cannot send to ${endpoint}: this host has no IPv6, or it is switched off`;
    case ENETUNREACH:
      return `this host has no route to ${endpoint}; ${advice}`;
    case EPERM:
      return `a firewall rule of this host forbids to send to ${endpoint}`;
    case EMSGSIZE:
      return `${packet} is too large for the interface to ${endpoint}${fits}`;
    case EACCES:
    case EINVAL:
    case EHOSTUNREACH:
      return `a route of this host, or the kind of the address, forbids to send to ${endpoint} (${
        errnoName(errno)
      }); ` +
        advice;
    default:
      return `this host cannot send to ${endpoint}: ${errnoMessage(errno)} (${errnoName(errno)})`;
  }
}

/** Why datagrams don't get there, as an ICMP message says. */
function remoteFailure(
  { peer, endpoint }: ProbeTarget,
  report: ErrorReport & { readonly icmp: NonNullable<ErrorReport["icmp"]> },
  packet: string,
  fits: string,
  ttl: number | undefined,
): string {
  const name = icmpName(report.icmp);
  const reporter = report.reporter === undefined ? "an unknown host" : hostText(report.reporter);
  switch (icmpMeaning(report.icmp)) {
    case "refused":
      return report.reporter !== undefined && isSameAddress(report.reporter, peer)
        ? `${endpoint} refused: nothing listens at port ${peer.port}, or its firewall rejects (ICMP ${name})`
        : `${reporter} refused for ${endpoint}: a firewall there rejects port ${peer.port} (ICMP ${name})`;
    case "no host":
      return report.reporter !== undefined && isLocal(report.reporter)
        ? `no host at ${endpoint}: nothing on its network answers for this address ` +
          `(${isIPv4(peer.bytes) ? "ARP" : "neighbour discovery"})`
        : `${reporter} finds no host at ${endpoint} (ICMP ${name})`;
    case "no route":
      return `${reporter} has no route to ${endpoint} (ICMP ${name})`;
    case "forbidden":
      return `${reporter} does not forward datagrams to ${endpoint}: a firewall rejects them (ICMP ${name})`;
    case "too large":
      return `${packet} is too large for the path to ${endpoint}, says ${reporter} (ICMP ${name})${fits}`;
    case "too far":
      return `the datagrams for ${endpoint} got no further than ${reporter} (ICMP ${name}): ` +
        (ttl === undefined ? "the routers forward them in a loop" : `--ttl ${ttl} is not enough`);
    case "other":
      return `${reporter} reports an error for ${endpoint}: ${name}`;
  }
}

/** Whether an address is one of this host's. */
function isLocal({ bytes, scope }: ScopedAddress): boolean {
  return isLocalAddress(isIPv4(bytes) ? bytes.subarray(12) : bytes, scope) ?? false;
}

/** A number of bytes: `1 byte`, `64 bytes`. */
export function formatBytes(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}
