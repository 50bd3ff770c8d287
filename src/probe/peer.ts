/**
 * Addresses and endpoints of the probe: compared as bytes, shown as text that is safe in a terminal, and the sizes of
 * packets to them.
 * @module
 */

import { interfaceIndex, interfaceName } from "../../ffi/interfaces.ts";
import { addressText, isIPv4 } from "../net/address.ts";
import type { Endpoint } from "../net/endpoint.ts";
import type { MessageBatch } from "../socket/message_batch.ts";

/** An address. */
export interface ScopedAddress {
  /** The address, 16 bytes. */
  readonly bytes: Uint8Array;
  /** Index of the interface of a link-local address; 0 for other addresses. */
  readonly scope: number;
}

/** An address and a port. */
export interface Peer extends ScopedAddress {
  /** The port. */
  readonly port: number;
}

/** An endpoint to ask, with the name that the user gave. */
export interface NamedPeer extends Peer, Endpoint {
  /** The name; `undefined` if the user gave an address. */
  readonly name: string | undefined;
  /** A text that only the same endpoint has. */
  readonly key: string;
  /** Labels of its metrics. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The sender of message `i` of a batch. */
export function peerOf(batch: MessageBatch, i: number): Peer {
  const word = batch.peerWord(i);
  const bytes = new Uint8Array(batch.addresses.slice(word, word + 4).buffer);
  return { bytes, scope: batch.peerScope(i), port: batch.peerPort(i) };
}

/** Whether two addresses are the same, on the same interface. */
export function isSameAddress(a: ScopedAddress, b: ScopedAddress): boolean {
  return a.scope === b.scope && a.bytes.every((byte, i) => byte === b.bytes[i]);
}

/** Whether two endpoints are the same. */
export function isSamePeer(a: Peer, b: Peer): boolean {
  return a.port === b.port && isSameAddress(a, b);
}

/** The text of an address for people: `fe80::1%eth0`. */
export function hostText({ bytes, scope }: ScopedAddress): string {
  return addressText(bytes) + (scope === 0 ? "" : `%${printable(interfaceName(scope))}`);
}

/** The text of an endpoint for people: `192.0.2.1:9000`, `[fe80::1%eth0]:9000`. */
export function peerText(peer: Peer): string {
  return isIPv4(peer.bytes) ? `${hostText(peer)}:${peer.port}` : `[${hostText(peer)}]:${peer.port}`;
}

/** The text of an address for a socket: it names the interface exactly, by its number if need be. */
export function exactHostText({ bytes, scope }: ScopedAddress): string {
  if (scope === 0) return addressText(bytes);
  const name = interfaceName(scope);
  return `${addressText(bytes)}%${interfaceIndex(name) === scope ? name : scope}`;
}

/** Bytes of the IP and UDP headers of a packet to an address. RFC 791, RFC 8200, RFC 768 */
export function headerSize({ bytes }: ScopedAddress): number {
  return (isIPv4(bytes) ? 20 : 40) + 8;
}

/**
 * Replaces all but printable ASCII. Linux accepts any byte but blank, slash and colon in the name of an interface,
 * also an escape character. `dev_valid_name`, net/core/dev.c
 */
export function printable(text: string): string {
  return text.replaceAll(/[^!-~]/g, "?");
}
