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

const SESSION_WORD = 1;
const MAGIC_WORD = 2;
const GENERATED_WORD = 3;

/** The payloads of one session. */
export class ProbePayload {
  /** The session's number, 32 bits. */
  readonly session: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;

  /**
   * @param session a random number of 32 bits
   * @param sizeMax largest payload, in bytes
   */
  constructor(session: number, sizeMax: number) {
    this.session = session | 0;
    this.#bytes = new Uint8Array(Math.ceil(Math.max(RECOGNIZABLE_SIZE, sizeMax) / 4) * 4);
    this.#words = new Int32Array(this.#bytes.buffer);
  }

  /** The payload of the request `sequence`, `size` bytes, as a view that the next call overwrites. */
  of(sequence: number, size: number): Uint8Array<ArrayBuffer> {
    const words = this.#words;
    const end = Math.ceil(size / 4);
    words[0] = sequence;
    words[SESSION_WORD] = this.session;
    words[MAGIC_WORD] = MAGIC;
    // Marsaglia's xorshift32, which stays at 0 when it starts there. https://doi.org/10.18637/jss.v008.i14
    const seed = this.session ^ Math.imul(sequence, 0x9e3779b1) ^ Math.imul(size, 0xc2b2ae35);
    let state = Math.imul(seed, 0x85ebca6b) || 1;
    for (let word = GENERATED_WORD; word < end; word++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[word] = state;
    }
    return this.#bytes.subarray(0, size);
  }

  /** Whether a payload is, byte for byte, that of the request `sequence` with `size` bytes. */
  equals(payload: Uint8Array, sequence: number, size: number): boolean {
    return payload.length === size && this.agreement(payload, sequence, size) === size;
  }

  /** How many bytes of a payload are those of the request `sequence` with `size` bytes, each in its place. */
  agreement(payload: Uint8Array, sequence: number, size: number): number {
    const expected = this.of(sequence, size);
    const length = Math.min(payload.length, size);
    let equal = 0;
    for (let i = 0; i < length; i++) if (payload[i] === expected[i]) equal++;
    return equal;
  }
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
  if (payload.length < (SESSION_WORD + 1) * 4) return undefined;
  const at = SESSION_WORD * 4;
  return payload[at]! | payload[at + 1]! << 8 | payload[at + 2]! << 16 | payload[at + 3]! << 24;
}

/** Whether a payload is an unaltered one of a probe, of any session: of {@link RECOGNIZABLE_SIZE} bytes or more. */
export function isProbePayload(payload: Uint8Array): boolean {
  const size = payload.length;
  if (size < RECOGNIZABLE_SIZE) return false;
  const view = new DataView(payload.buffer, payload.byteOffset);
  if (view.getInt32(MAGIC_WORD * 4, true) !== MAGIC) return false;
  const session = view.getInt32(SESSION_WORD * 4, true);
  return new ProbePayload(session, size).equals(payload, view.getInt32(0, true), size);
}
