/**
 * What is to be said of a target, in a word and in a sentence.
 * @module
 */

import {
  EACCES,
  EAFNOSUPPORT,
  ECONNREFUSED,
  EHOSTUNREACH,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  EPERM,
} from "../../ffi/constants.ts";
import { errnoMessage, errnoName } from "../../ffi/errno.ts";
import { isLocalAddress } from "../../ffi/netlink.ts";
import { isIPv4 } from "../net/address.ts";
import { list } from "../cli/arguments.ts";
import type { ResolvedAddress } from "../net/endpoint.ts";
import { icmpMeaning, icmpName } from "./icmp.ts";
import { duration, hostText, milliseconds } from "./text.ts";
import type { Failure, ProbeTarget } from "./target.ts";
import type { ProbeSettings } from "./options.ts";

/**
 * What is found of a target:
 * - `ok`: every request was answered in time, unaltered, from the address that was asked;
 * - `wrong source`: answers came from another address;
 * - `refused`: nothing listens there, says an ICMP message;
 * - `no answer`: nothing came back at all;
 * - `unreachable`: no datagram gets there, says this host or an ICMP message;
 * - `corrupted`: answers were not what was sent;
 * - `partial`: some requests were answered, and others not, or too late.
 */
export type Verdict = "ok" | "wrong source" | "refused" | "no answer" | "unreachable" | "corrupted" | "partial";

/** The verdict on a target as things stand; requests that still wait count for nothing. */
export function verdict({ counts, sent, lastFailure }: ProbeTarget): Verdict {
  const answered = counts.received + counts.late;
  if (counts["wrong source"] > 0) return "wrong source";
  if (counts.corrupted > 0) return "corrupted";
  if (answered > 0) return counts.received === sent - counts.waiting ? "ok" : "partial";
  if (counts.failed > 0) return lastFailure?.errno === ECONNREFUSED ? "refused" : "unreachable";
  return "no answer";
}

/** Why a verdict is not `ok`, or what else is strange, in one sentence without a full stop; "" if there is nothing. */
export function explanation(target: ProbeTarget, settings: ProbeSettings): string {
  const { counts, sent } = target;
  const address = hostText(target.address);
  switch (verdict(target)) {
    case "ok":
      return target.duplicates === 0
        ? ""
        : `${address} answered ${sent} requests with ${sent + target.duplicates} datagrams`;
    case "wrong source":
      return wrongSource(target, settings);
    case "corrupted":
      return `${some(counts.corrupted, sent, "answer")} from ${address} ${
        counts.corrupted === 1 ? "was" : "were"
      } not ` +
        `what was sent${sizes(target, settings)}: something alters datagrams, or this is no echo server`;
    case "partial":
      return `${address} answered ${counts.received} of ${sent - counts.waiting} requests as it should: ` +
        list(shortcomings(target, settings));
    case "refused":
    case "unreachable":
      return failureExplanation(target, target.lastFailure!, settings);
    case "no answer":
      if (counts.lost === 0) return `${address} had no time to answer`;
      return settings.connected
        ? `nothing came from ${address} within ${duration(settings.timeout)} that a connected socket takes; without ` +
          "--connected, answers from other addresses are seen too"
        : `nothing came back from ${address} within ${
          duration(settings.timeout)
        }: no such host, nothing that answers ` +
          `at port ${target.port}, or a firewall that drops datagrams, on the way there or back`;
  }
}

function wrongSource(
  { address, port, endpoint, wrongSources, counts, sent }: ProbeTarget,
  settings: ProbeSettings,
): string {
  const asked = hostText(address);
  const sources = [...wrongSources];
  const addressOf = (text: string) => text.slice(0, text.lastIndexOf(":")).replaceAll(/[[\]]/g, "");
  const often = counts["wrong source"] === sent ? "" : `${counts["wrong source"]} of ${sent} times `;
  const unseen = settings.connected ? "" : "; clients with a connected socket never see them";
  if (sources.every((source) => addressOf(source) === asked)) {
    const ports = sources.map((source) => source.slice(source.lastIndexOf(":") + 1));
    return `${endpoint} answered ${often}from port ${list(ports)}: the server replies from another socket, or ` +
      `something on the way translates ports${unseen}`;
  }
  const samePort = sources.every((source) => source.endsWith(`:${port}`));
  const option = isIPv4(address.bytes) ? "IP_PKTINFO" : "IPV6_PKTINFO";
  return `${asked} answered ${often}from ${
    list(samePort ? sources.map(addressOf) : sources)
  }: the server does not set ` +
    `the source of its replies (${option})${unseen}`;
}

function sizes({ corruptedSize }: ProbeTarget, { size }: ProbeSettings): string {
  return corruptedSize === size ? "" : ` (${bytes(corruptedSize)} instead of ${size})`;
}

function shortcomings(target: ProbeTarget, settings: ProbeSettings): string[] {
  const { counts, times, lastFailure } = target;
  const parts: string[] = [];
  if (counts.lost > 0) parts.push(`${counts.lost} got no answer within ${duration(settings.timeout)}`);
  if (counts.late > 0) {
    parts.push(
      `${counts.late} ${counts.late === 1 ? "was" : "were"} answered after more than ${duration(settings.timeout)} ` +
        `(the slowest took ${milliseconds(times.maximum)} ms; see --timeout)`,
    );
  }
  if (counts.failed > 0 && lastFailure !== undefined) {
    parts.push(`${counts.failed} failed (${failureName(lastFailure)})`);
  }
  return parts;
}

/** What a failure is called, and who says so: `port unreachable, says 192.0.2.10`. */
export function failureName({ errno, report }: Failure): string {
  if (report?.icmp === undefined) return errnoMessage(errno);
  const reporter = report.reporter === undefined ? "" : `, says ${hostText(report.reporter)}`;
  return icmpName(report.icmp) + reporter;
}

function failureExplanation(target: ProbeTarget, failure: Failure, settings: ProbeSettings): string {
  const address = hostText(target.address);
  const { errno, report } = failure;
  const packet = `a packet of ${settings.size + headerSize(target.address)} bytes`;
  const fits = report === undefined || report.mtu === 0
    ? ""
    : `, at most ${report.mtu} bytes; --size ${payloadSize(target, report.mtu)} fits`;
  if (report?.icmp === undefined) {
    if (errno === EAFNOSUPPORT) return `${address} can't be asked: this host has no IPv6, or it is switched off`;
    if (errno === ENETUNREACH) {
      return `this host has no route to ${address}; \`ip route get ${address.split("%")[0]}\` shows what it would do`;
    }
    if (errno === EPERM) return `a firewall rule of this host forbids to send to ${address}`;
    if (errno === EMSGSIZE) {
      return `${packet} is too large for the interface to ${address}${fits}`;
    }
    if (errno === EACCES || errno === EINVAL || errno === EHOSTUNREACH) {
      return `a route of this host, or what kind of address it is, forbids to send to ${address} (${
        errnoName(errno)
      }); ` +
        `\`ip route get ${address.split("%")[0]}\` shows more`;
    }
    return `this host can't send to ${address}: ${errnoMessage(errno)} (${errnoName(errno)})`;
  }
  const name = icmpName(report.icmp);
  const reporter = report.reporter === undefined ? "somebody" : hostText(report.reporter);
  switch (icmpMeaning(report.icmp)) {
    case "refused":
      return reporter === address
        ? `${address} refused: nothing listens at its port ${target.port}, or its firewall rejects (ICMP ${name})`
        : `${reporter} refused for ${address}: a firewall there rejects port ${target.port} (ICMP ${name})`;
    case "nobody there":
      return report.reporter !== undefined && isLocal(report.reporter)
        ? `no host at ${address}: nobody on its network answers to that address ` +
          `(${isIPv4(target.address.bytes) ? "ARP" : "neighbour discovery"})`
        : `${reporter} finds no host at ${address} (ICMP ${name})`;
    case "no way":
      return `${reporter} has no route to ${address} (ICMP ${name})`;
    case "forbidden":
      return `${reporter} does not let datagrams to ${address} pass: a firewall rejects them (ICMP ${name})`;
    case "too large":
      return `${packet} is too large for the way to ${address}, says ${reporter} (ICMP ${name})${fits}`;
    case "too far":
      return `the datagrams for ${address} got no further than ${reporter} (ICMP ${name})` +
        (settings.ttl === undefined ? ": they go round in a circle" : `: --ttl ${settings.ttl} is not enough`);
    case "other":
      return `${reporter} reports of ${address}: ${name}`;
  }
}

/** Whether an address is one of this host's. */
function isLocal({ bytes, scope }: ResolvedAddress): boolean {
  return isLocalAddress(isIPv4(bytes) ? bytes.subarray(12) : bytes, scope) ?? false;
}

/** Bytes of payload of the largest datagram to a target that makes a packet of at most `mtu` bytes. */
export function payloadSize({ address }: ProbeTarget, mtu: number): number {
  return Math.max(0, mtu - headerSize(address));
}

/** Bytes that the headers of IP and UDP take in a packet to an address. RFC 791, RFC 8200, RFC 768 */
export function headerSize(address: ResolvedAddress): number {
  return (isIPv4(address.bytes) ? 20 : 40) + 8;
}

function some(count: number, total: number, what: string): string {
  return count === total ? `all ${total} ${what}s` : `${count} of ${total} ${what}s`;
}

function bytes(count: number): string {
  return count === 1 ? "1 byte" : `${count} bytes`;
}
