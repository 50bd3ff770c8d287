/** Checks of every reply, of the echo server and of `serve`. */
import { isIPv4, isLinkLocal, isMulticast } from "./address.ts";
import type { Attempt } from "./kernel_send.ts";
import type { Message } from "./kernel_socket.ts";
import type { Network } from "./network.ts";
import { Violation } from "./violation.ts";

/** Whether a message was sent to an IPv6 multicast address: then only the interface says where an answer leaves from. */
function isForGroup({ destination }: Message): boolean {
  return isMulticast(destination) && !isIPv4(destination);
}

/** The address that a reply must leave from; "" if it has no route. */
export function replySource(network: Network, message: Message): string {
  const { destination, specific, source, interface: by } = message;
  if (!isForGroup(message)) return specific ?? destination;
  const route = network.route(source, by.index);
  return typeof route === "object" ? route.source : "";
}

/** Whether a message to send goes back to where another came from. */
export function goesBack({ peer }: Attempt, { source, sourcePort, interface: by }: Message): boolean {
  return peer.address === source && peer.port === sourcePort && (!isLinkLocal(source) || peer.scope === by.index);
}

/** Whether only the interface says where a message came from, or where an answer leaves from. */
export function needsInterface(message: Message): boolean {
  return isLinkLocal(message.source) || isLinkLocal(message.destination) || isForGroup(message);
}

/** Requires that a reply goes the way that the routing table says, or the way it came where only that is known. */
export function checkReplyInterface(network: Network, { peer, interfaceIndex }: Attempt, message: Message): void {
  const { source, interface: by } = message;
  const route = network.route(peer.address, needsInterface(message) ? by.index : 0);
  if (typeof route === "object" && route.interface.index !== interfaceIndex) {
    throw new Violation(`a reply to ${source} leaves by interface ${interfaceIndex}`);
  }
}

/** Requires that a message is one that a kernel takes, unless something is wrong on the way. */
export function checkMessage(network: Network, { payloads, wrongSource, source }: Attempt): void {
  const size = payloads.reduce((sum, { length }) => sum + length, 0);
  if (payloads.length > 64 || (payloads.length > 1 && size > 65_507)) {
    throw new Violation(`a train of ${payloads.length} datagrams and ${size} bytes`);
  }
  // IPv6 sockets may send from any address; an IPv4 address may be gone.
  if (wrongSource && (!isIPv4(source) || (network.isLocal(source) && !isMulticast(source)))) {
    throw new Violation(`${source} can't be sent from`);
  }
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
