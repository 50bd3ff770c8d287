/**
 * Layout of what is known of a message, as 32-bit words: its path, and its fields.
 * @module
 */

/** Words of a path. It begins with those that all messages of a flow have in common. */
export const word = {
  /** The peer's address, four words. */
  peer: 0,
  /** The local address that a message leaves from, four words; unspecified for the choice of the kernel. */
  local: 4,
  peerPort: 8,
  /** Interface index of the peer's link-local address, else 0. */
  peerScope: 9,
  /** Index of the interface that a message leaves by; 0 for the choice of the routing table. */
  sendInterface: 10,
  /** Index of the interface that a message arrived by. */
  interface: 11,
  /** Port of the socket. */
  localPort: 12,
  /** The socket's: `AF_INET` or `AF_INET6`. */
  family: 13,
  count: 14,
} as const;

/** Words at the beginning of a path that a flow's messages have in common. */
export const FLOW_WORDS = word.interface;

/** Fields of a message, a word each. */
export const field = {
  /** Bytes of payload. */
  size: 0,
  /** Bytes of each datagram of a train but the last, which may be shorter; the size of a single datagram. */
  segmentSize: 1,
  /** Bytes of the largest fragment that the message was reassembled from; 0 for an unfragmented one. */
  fragmentSize: 2,
  /** 1 if the kernel cut the datagram or its control messages, else 0. */
  cut: 3,
  /** Time of arrival or departure: seconds since the epoch, modulo 2^32. */
  seconds: 4,
  /** Nanoseconds of that time, 0 to 999,999,999; -1 without a time. */
  nanoseconds: 5,
  /** TOS or traffic class that the message arrived with; -1 if unknown. */
  trafficClass: 6,
  /** That of the message to send; -1 for the socket's. */
  sendTrafficClass: 7,
  /** TTL or hop limit; -1 if unknown. */
  hopLimit: 8,
  /** Of an entry of the error queue: the offset of its `struct sock_extended_err` in the headers; -1 without one. */
  extendedError: 9,
  /** Kind of the destination: `UNICAST` … `UNKNOWN`. */
  destination: 10,
  /** 1 if the next send sends the message, else 0. */
  marked: 11,
  /** Error number of the last send, 0 for none. */
  error: 12,
  /** Number of the next message of the same train; -1 at its end. */
  next: 13,
  /** Of the first message of a train: the number of its last message, its bytes, its datagrams. */
  trainLast: 14,
  trainSize: 15,
  trainDatagrams: 16,
  count: 17,
} as const;

/** Copies `count` words. */
export function copyWords(from: Int32Array, fromAt: number, to: Int32Array, toAt: number, count: number): void {
  // For so few words, `set` and `subarray` take longer, and allocate.
  for (let i = 0; i < count; i++) to[toAt + i] = from[fromAt + i]!;
}

/** Whether `count` words are the same. */
export function sameWords(a: Int32Array, aAt: number, b: Int32Array, bAt: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}
