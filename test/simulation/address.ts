/** Addresses in the model are their canonical texts; here they become bytes, and bytes become texts. */

/** Whether an address is one of IPv4. */
export function isIPv4(address: string): boolean {
  return !address.includes(":");
}

/** Whether an address means nothing without its interface. RFC 4291, 2.5.6 */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab]/.test(address);
}

/** RFC 5771; RFC 4291, 2.7 */
export function isMulticast(address: string): boolean {
  return isIPv4(address) ? (bytesOf(address)[0]! & 0xf0) === 0xe0 : address.startsWith("ff");
}

const known = new Map<string, Uint8Array>();

/** The 4 or 16 bytes of an address. */
export function bytesOf(address: string): Uint8Array {
  let bytes = known.get(address);
  if (bytes === undefined) known.set(address, bytes = parse(address));
  return bytes;
}

function parse(address: string): Uint8Array {
  if (isIPv4(address)) return Uint8Array.from(address.split(".").map(Number));
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":").map((group) => parseInt(group, 16));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const words = [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
  return Uint8Array.from(words.flatMap((word) => [word >> 8, word & 0xff]));
}

/** The 16 bytes of an address on a socket of IPv6. RFC 4291, 2.5.5.2 */
export function mappedBytesOf(address: string): Uint8Array {
  const bytes = bytesOf(address);
  return isIPv4(address) ? Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes) : bytes;
}

/** The address that 4 or 16 bytes are. */
export function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff) {
    return bytes.subarray(12).join(".");
  }
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[i * 2]! << 8 | bytes[i * 2 + 1]!).toString(16));
  // The serializer of URLs writes the form of RFC 5952.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** Whether an address is in a prefix: `192.0.2.0/24`. */
export function inPrefix(address: string, prefix: string): boolean {
  const [network = "", length = ""] = prefix.split("/");
  if (isIPv4(address) !== isIPv4(network)) return false;
  const a = bytesOf(address);
  const b = bytesOf(network);
  for (let bit = 0; bit < Number(length); bit++) {
    if (((a[bit >> 3]! ^ b[bit >> 3]!) >> (7 - (bit & 7)) & 1) !== 0) return false;
  }
  return true;
}

/** An endpoint as the log shows it. */
export function endpointOf(address: string, zone: string, port: number): string {
  return isIPv4(address) ? `${address}:${port}` : `[${address}${zone === "" ? "" : `%${zone}`}]:${port}`;
}
