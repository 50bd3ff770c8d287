/**
 * What the probe's datagrams carry, and how they are known again when they come back.
 *
 * | bytes | content, little-endian |
 * | --- | --- |
 * | 0–3 | sequence number of the request |
 * | 4–7 | session: a random number for each target of each run |
 * | 8–11 | magic number: `echo` |
 * | 12–15 | CRC-32 of all other bytes |
 * | 16– | filling: pseudo-random, by session and sequence number |
 *
 * A payload of fewer bytes is the beginning of that. So even one byte still tells 256 requests apart, and an empty
 * payload none.
 * @module
 */

/** Bytes before the filling. */
export const HEADER_SIZE = 16;

/** Bytes of the sequence number, the lowest first. */
const SEQUENCE_SIZE = 4;

/** `echo`, the first letter in the lowest byte. */
const MAGIC = 0x6f686365;

const SESSION_WORD = 1;
const MAGIC_WORD = 2;
const CHECKSUM_WORD = 3;
const CHECKSUM_AT = CHECKSUM_WORD * 4;
const FILLING_WORD = HEADER_SIZE / 4;

/** The payloads of one session. */
export class ProbePayload {
  /** The session's number, 32 bits. */
  readonly session: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;

  /**
   * @param session a random number of 32 bits
   * @param sizeMax most bytes of a payload
   */
  constructor(session: number, sizeMax: number) {
    this.session = session | 0;
    this.#bytes = new Uint8Array(Math.ceil(Math.max(HEADER_SIZE, sizeMax) / 4) * 4);
    this.#words = new Int32Array(this.#bytes.buffer);
  }

  /** The payload of the request `sequence`, `size` bytes, as a view that the next call overwrites. */
  of(sequence: number, size: number): Uint8Array<ArrayBuffer> {
    const words = this.#words;
    const end = Math.max(FILLING_WORD, Math.ceil(size / 4));
    words[0] = sequence;
    words[SESSION_WORD] = this.session;
    words[MAGIC_WORD] = MAGIC;
    // Marsaglia's xorshift32, which stays at 0 when it starts there. https://doi.org/10.18637/jss.v008.i14
    let state = Math.imul(this.session ^ Math.imul(sequence, 0x9e3779b1), 0x85ebca6b) || 1;
    for (let word = FILLING_WORD; word < end; word++) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[word] = state;
    }
    const payload = this.#bytes.subarray(0, size);
    if (size >= HEADER_SIZE) words[CHECKSUM_WORD] = checksum(payload);
    else words[CHECKSUM_WORD] = 0;
    return payload;
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
 * The request that a payload names, or the beginning of one: of those up to `newest`, the last whose number ends as the
 * payload says; `undefined` if there is none, or the payload is empty.
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

/** Whether a payload is an unaltered one of a probe, of whatever session: by its magic number and its checksum. */
export function isProbePayload(payload: Uint8Array): boolean {
  if (payload.length < HEADER_SIZE) return false;
  const view = new DataView(payload.buffer, payload.byteOffset);
  return view.getInt32(MAGIC_WORD * 4, true) === MAGIC && view.getInt32(CHECKSUM_AT, true) === checksum(payload);
}

/** CRC-32 of all bytes of a payload but those of the checksum itself. ISO/IEC 8802-3, 3.2.9; zlib's `crc32` */
function checksum(payload: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < payload.length; i++) {
    if (i === CHECKSUM_AT) i = HEADER_SIZE;
    if (i < payload.length) crc = CRC_TABLE[(crc ^ payload[i]!) & 0xff]! ^ (crc >>> 8);
  }
  return ~crc;
}

const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0xedb88320 : crc >>> 1;
  return crc;
});
