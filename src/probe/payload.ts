/**
 * The payload of the probe's requests, by which answers are matched with them.
 *
 * | bytes | content, little-endian |
 * | --- | --- |
 * | 0–3 | sequence number of the request |
 * | 4–7 | session: a random number for each target of each run |
 * | 8–11 | magic number: `echo` |
 * | 12– | pseudo-random words, generated from session, sequence number and size |
 *
 * The generated words serve as a checksum of the fields before them. A smaller payload ends earlier: one byte still
 * distinguishes 256 requests, an empty payload none.
 * @module
 */

/** Size from which a payload has a generated word, in bytes: {@link isProbePayload} recognizes those. */
export const RECOGNIZABLE_SIZE = 16;

/** Bytes of the sequence number, the lowest first. */
const SEQUENCE_SIZE = 4;

/** `echo`, the first letter in the lowest byte. */
const MAGIC = 0x6f686365;

/** Words before the generated ones. */
const HEADER_WORDS = 3;

/** The payload of the request `sequence` of a session, a number of 32 bits: `size` bytes. */
export function probePayload(session: number, sequence: number, size: number): Uint8Array<ArrayBuffer> {
  const words = new Int32Array(Math.ceil(Math.max(RECOGNIZABLE_SIZE, size) / 4));
  words.set([sequence, session, MAGIC]);
  // Marsaglia's xorshift32, which stays at 0 when it starts there. https://doi.org/10.18637/jss.v008.i14
  const seed = session ^ Math.imul(sequence, 0x9e3779b1) ^ Math.imul(size, 0xc2b2ae35);
  let state = Math.imul(seed, 0x85ebca6b) || 1;
  for (let word = HEADER_WORDS; word < words.length; word++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[word] = state;
  }
  return new Uint8Array(words.buffer, 0, size);
}

/** How many bytes of two payloads are the same, each in its place. */
export function agreement(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let equal = 0;
  for (let i = 0; i < length; i++) if (a[i] === b[i]) equal++;
  return equal;
}

/**
 * The request that a payload, or the beginning of one, names: of the requests up to `newest` the last whose number ends
 * in the payload's first bytes. `undefined` if no request does, or the payload is empty.
 */
export function namedSequence(payload: Uint8Array, newest: number): number | undefined {
  const size = Math.min(payload.length, SEQUENCE_SIZE);
  if (size === 0) return undefined;
  let low = 0;
  for (let i = size - 1; i >= 0; i--) low = low * 256 + payload[i]!;
  const span = 256 ** size;
  const sequence = newest - (newest - low % span + span) % span;
  return sequence < 1 ? undefined : sequence;
}

/** The session that a payload, or the beginning of one, names; `undefined` if it is too short. */
export function namedSession(payload: Uint8Array): number | undefined {
  return payload.length < SEQUENCE_SIZE + 4 ? undefined : readInt32(payload, SEQUENCE_SIZE);
}

/** Whether a payload is an unaltered one of a probe, of any session: of {@link RECOGNIZABLE_SIZE} bytes or more. */
export function isProbePayload(payload: Uint8Array): boolean {
  if (payload.length < RECOGNIZABLE_SIZE) return false;
  const whole = probePayload(readInt32(payload, SEQUENCE_SIZE), readInt32(payload, 0), payload.length);
  return agreement(payload, whole) === payload.length;
}

function readInt32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}
