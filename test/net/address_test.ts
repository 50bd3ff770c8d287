/** Addresses: text to bytes and back, compared with node:net, libc and Python. */
import assert from "node:assert/strict";
import { isIPv4 as isIPv4Text, isIPv6 as isIPv6Text } from "node:net";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  ADDRESS_SIZE,
  addressText,
  addressWords,
  ENDPOINT_TEXT_MAX,
  endpointText,
  formatAddress,
  formatDecimal,
  formatEndpoint,
  isIPv4,
  isLinkLocal,
  isMulticast,
  isUnspecified,
  parseAddress,
  parsePrefix,
  sameAddress,
} from "../../src/net/address.ts";
import { noPython } from "../support/client.ts";
import { runPython } from "../support/reference.ts";

const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

const group = fc.oneof(fc.constant(0), fc.nat(0xf), fc.nat(0xffff));
/** IPv6 addresses with many zeros, as IPv6 addresses have. */
const ipv6Bytes = fc.array(group, { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff])));
const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => Uint8Array.from([...MAPPED, ...bytes]));
const addressBytes = fc.oneof(ipv6Bytes, ipv4Bytes, fc.uint8Array({ minLength: 16, maxLength: 16 }));

/** An address with one character too many, too few, or changed. */
const almostAddress = fc.tuple(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(40), fc.nat(2), fc.constantFrom(..."0:.1f%/ g"))
  .map(([text, at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed));
/** Text that is an address, or nearly one, or anything. */
const text = fc.oneof(
  fc.ipV4(),
  fc.ipV4Extended(),
  fc.ipV6(),
  almostAddress,
  fc.string({ unit: fc.constantFrom(..."0123456789abcdefABCDEF::::..."), maxLength: 45 }),
  fc.array(fc.constantFrom("0", "00", "1", "ffff", "::", ":", "1.2.3.4", "."), { maxLength: 18 })
    .map((parts) => parts.join("")),
  fc.array(fc.constantFrom("0", "1", "fe80", "FFFF", ""), { minLength: 6, maxLength: 9 })
    .map((groups) => groups.join(":")),
  fc.string({ unit: "binary", maxLength: 20 }),
);

/** Formats into a larger array, and asserts that nothing but the text was written. */
function written(format: (out: Uint8Array, at: number) => number): string {
  const out = new Uint8Array(160).fill(0xaa);
  const end = format(out, 32);
  assert.ok(out.subarray(0, 32).every((byte) => byte === 0xaa) && out.subarray(end).every((byte) => byte === 0xaa));
  return new TextDecoder().decode(out.subarray(32, end));
}

describe("parsing", () => {
  test("takes what node:net takes, never throws", () => {
    fc.assert(
      fc.property(text, (text) => {
        const bytes = parseAddress(text);
        // node:net takes zones; these belong to endpoints here.
        const expected = !text.includes("%") && (isIPv4Text(text) || isIPv6Text(text));
        assert.equal(bytes !== undefined, expected);
        assert.ok(bytes === undefined || bytes.length === ADDRESS_SIZE);
      }),
      { numRuns: 5000 },
    );
  });

  test("gives the bytes that inet_pton gives", { skip: noPython }, () => {
    const texts = fc.sample(text, 5000);
    const answers = runPython<(string | null)[]>(
      `
import socket
def parse(text):
  try:
    return socket.inet_pton(socket.AF_INET6, text).hex()
  except (OSError, ValueError):
    pass
  try:
    return "${Buffer.from(MAPPED).toString("hex")}" + socket.inet_pton(socket.AF_INET, text).hex()
  except (OSError, ValueError):
    return None
answer = [parse(text) for text in given]
`,
      texts,
    );
    assert.ok(answers.filter((answer) => answer !== null).length > 500);
    texts.forEach((text, i) => {
      const bytes = parseAddress(text);
      assert.equal(bytes ? Buffer.from(bytes).toString("hex") : null, answers[i], JSON.stringify(text));
    });
  });

  test("by example", () => {
    const refused = ["", ".", ":", ":::", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", "0x1.2.3.4"];
    refused.push("1::2::3", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "::1.2.3", "::1%lo");
    refused.push("1.2.3.4::", "::1.2.3.4:5", "[::1]", "::g", "localhost", "１.2.3.4", "::ffff:1.2.3.04", "-1.2.3.4");
    for (const text of refused) assert.equal(parseAddress(text), undefined, text);
    assert.deepEqual(parseAddress("192.0.2.1"), Uint8Array.from([...MAPPED, 192, 0, 2, 1]));
    assert.deepEqual(parseAddress("::ffff:192.0.2.1"), parseAddress("192.0.2.1"));
    assert.deepEqual(parseAddress("::FFFF:c000:201"), parseAddress("192.0.2.1"));
  });
});

describe("formatting", () => {
  test("what is formatted is parsed to the same bytes", () => {
    fc.assert(fc.property(addressBytes, (bytes) => assert.deepEqual(parseAddress(addressText(bytes)), bytes)));
  });

  test("what is parsed is formatted in the one canonical form", () => {
    fc.assert(
      fc.property(text, (text) => {
        const bytes = parseAddress(text);
        fc.pre(bytes !== undefined);
        const canonical = addressText(bytes);
        assert.equal(addressText(parseAddress(canonical)!), canonical);
        assert.equal(canonical, canonical.toLowerCase());
      }),
    );
  });

  test("is the form that a URL has, and that Python has", { skip: noPython }, () => {
    const ipv6 = fc.sample(ipv6Bytes, 3000).filter((bytes) => !isIPv4(bytes));
    const compressed = runPython<string[]>(
      "import ipaddress\nanswer = [ipaddress.IPv6Address(bytes.fromhex(text)).compressed for text in given]",
      ipv6.map((bytes) => Buffer.from(bytes).toString("hex")),
    );
    ipv6.forEach((bytes, i) => {
      assert.equal(addressText(bytes), compressed[i]);
      assert.equal(`[${addressText(bytes)}]`, new URL(`http://[${compressed[i]}]/`).hostname);
    });
    for (const bytes of fc.sample(ipv4Bytes, 100)) assert.equal(addressText(bytes), bytes.slice(12).join("."));
  });

  test("writes only its text, wherever the words are", () => {
    fc.assert(
      fc.property(addressBytes, fc.nat(20), (bytes, from) => {
        const inside = Int32Array.from([...new Int32Array(from).fill(-1), ...addressWords(bytes), -1]);
        assert.equal(written((out, at) => formatAddress(out, at, inside, from)), addressText(bytes));
      }),
    );
  });

  test("RFC 5952, section 4 and the corners", () => {
    const examples = {
      "2001:0db8::0001": "2001:db8::1",
      "2001:db8:0:0:0:0:2:1": "2001:db8::2:1",
      "2001:db8::1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
      "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
      "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
      "2001:DB8::A": "2001:db8::a",
      "0:0:0:0:0:0:0:0": "::",
      "0:0:0:0:0:0:0:1": "::1",
      "1:0:0:0:0:0:0:0": "1::",
      "1:2:3:4:5:6:0:0": "1:2:3:4:5:6::",
      "::102:304": "::102:304",
      "::1.2.3.4": "::102:304",
      "::ffff:0.0.0.0": "0.0.0.0",
      "::fffe:1.2.3.4": "::fffe:102:304",
      "64:ff9b::192.0.2.33": "64:ff9b::c000:221",
    };
    for (const [text, canonical] of Object.entries(examples)) {
      assert.equal(addressText(parseAddress(text)!), canonical, text);
    }
  });
});

describe("endpoints", () => {
  const port = fc.integer({ min: 0, max: 65_535 });

  test("an address, a zone or none, and a port can be told apart again", () => {
    const zone = fc.oneof(fc.constant(""), fc.constantFrom("eth0", "lo", "br-0123456789a", "a.b:c"));
    fc.assert(
      fc.property(addressBytes, zone, port, (bytes, zone, port) => {
        const endpoint = endpointText(bytes, isIPv4(bytes) ? "" : zone, port);
        const parts = isIPv4(bytes)
          ? endpoint.match(/^(?<address>[\d.]+):(?<port>\d+)$/)
          : endpoint.match(/^\[(?<address>[0-9a-f:]+)(?:%(?<zone>[!-~]+))?\]:(?<port>\d+)$/);
        assert.ok(parts?.groups, endpoint);
        assert.deepEqual(parseAddress(parts.groups.address!), bytes);
        assert.equal(parts.groups.zone ?? "", isIPv4(bytes) ? "" : zone);
        assert.equal(parts.groups.port, `${port}`);
      }),
    );
  });

  test("whatever the zone, it is one piece of printable ASCII of bounded length, which JSON takes as it is", () => {
    fc.assert(
      fc.property(addressBytes, fc.string({ unit: "binary" }), port, (bytes, zone, port) => {
        const endpoint = written((out, at) => formatEndpoint(out, at, addressWords(bytes), 0, zone, port));
        assert.match(endpoint, /^[!-~]+$/);
        assert.equal(JSON.parse(`"${endpoint}"`), endpoint);
        assert.ok(endpoint.length <= ENDPOINT_TEXT_MAX);
      }),
    );
  });

  test("a zone keeps every character but those that end a string of JSON, drive a terminal, or exceed its length", () => {
    const zoneOf = (zone: string) => endpointText(parseAddress("::")!, zone, 7).slice("[::%".length, -"]:7".length);
    const characters = Array.from({ length: 0x120 }, (_, code) => String.fromCharCode(code));
    const kept = characters.filter((character) => zoneOf(character) === character);
    assert.equal(
      kept.join(""),
      String.raw`!#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_` + "`abcdefghijklmnopqrstuvwxyz{|}~",
    );
    for (const character of characters) assert.equal(zoneOf(character), kept.includes(character) ? character : "?");
    assert.equal(zoneOf("0123456789abcdefg"), "0123456789abcde");
  });

  test("the longest one fits", () => {
    const bytes = parseAddress("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")!;
    const endpoint = endpointText(bytes, "x".repeat(15), 65_535);
    assert.equal(endpoint, `[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%${"x".repeat(15)}]:65535`);
    assert.ok(endpoint.length <= ENDPOINT_TEXT_MAX);
  });
});

test("prefixes: the same network as Python's", { skip: noPython }, () => {
  const prefixes = fc.sample(
    fc.oneof(
      fc.tuple(fc.ipV4(), fc.nat(34)).map(([address, length]) => `${address}/${length}`),
      fc.tuple(fc.ipV6(), fc.nat(130)).map(([address, length]) => `${address}/${length}`),
      fc.tuple(text, fc.constantFrom("", "/", "/1", "/-1", "/1/1", "/ 1", "/1e1", "/128", "/0x1"))
        .map(([address, length]) => address + length),
    ),
    2000,
  ).filter((prefix) => !prefix.includes("%") && !/\s/.test(prefix));
  const answers = runPython<([string, number] | null)[]>(
    `
import ipaddress
def network(text):
  try:
    parsed = ipaddress.ip_network(text, strict=False)
  except ValueError:
    return None
  return [parsed.network_address.packed.rjust(16, b"\\0").hex(), parsed.prefixlen + (96 if parsed.version == 4 else 0)]
answer = [network(text) for text in given]
`,
    prefixes,
  );
  assert.ok(answers.filter((answer) => answer !== null).length > 500);
  prefixes.forEach((text, i) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) return assert.equal(answers[i], null, text);
    const network = prefix.bytes.map((byte, k) => byte & (0xff00 >> Math.max(0, Math.min(8, prefix.length - k * 8))));
    // Python doesn't map IPv4 addresses to IPv6 ones.
    if (!text.includes(":")) network.fill(0, 10, 12);
    assert.deepEqual([Buffer.from(network).toString("hex"), prefix.length], answers[i], text);
  });
});

test("two addresses are the same if all their words are", () => {
  fc.assert(fc.property(addressBytes, fc.nat(3), fc.nat(3), fc.nat(127), (bytes, atA, atB, bit) => {
    const a = Int32Array.of(...new Int32Array(atA).fill(1), ...addressWords(bytes));
    const b = Int32Array.of(...new Int32Array(atB).fill(2), ...addressWords(bytes));
    assert.ok(sameAddress(a, atA, b, atB));
    b[atB + (bit >> 5)]! ^= 1 << (bit & 31);
    assert.ok(!sameAddress(a, atA, b, atB));
  }));
});

test("decimal numbers", () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(), fc.nat(2000), fc.maxSafeNat(), fc.nat(15).map((digits) => 10 ** digits)),
      fc.constantFrom(0, 1, -1),
      (number, step) => {
        const value = Math.max(0, Math.min(Number.MAX_SAFE_INTEGER, number + step));
        assert.equal(written((out, at) => formatDecimal(out, at, value)), String(value));
      },
    ),
  );
  assert.equal(written((out, at) => formatDecimal(out, at, 2 ** 53)), "9007199254740992");
});

test("kinds of addresses, as Python tells them", { skip: noPython }, () => {
  const edges = ["0.0.0.0", "223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.255", "::"];
  edges.push("fe80::", "febf:ffff::1", "fe7f:ffff::1", "fec0::1", "ff00::", "ff02::1", "feff::1", "169.254.1.1", "::1");
  const addresses = [...edges.map((text) => parseAddress(text)!), ...fc.sample(addressBytes, 1000)];
  const answers = runPython<[boolean, boolean, boolean, boolean][]>(
    `
import ipaddress
def kinds(text):
  address = ipaddress.IPv6Address(bytes.fromhex(text))
  shown = address.ipv4_mapped or address
  link_local = shown.version == 6 and shown.is_link_local
  return [address.ipv4_mapped is not None, link_local, shown.is_multicast, shown.is_unspecified]
answer = [kinds(text) for text in given]
`,
    addresses.map((bytes) => Buffer.from(bytes).toString("hex")),
  );
  addresses.forEach((bytes, i) => {
    const words = addressWords(bytes);
    const kinds = [isIPv4(bytes), isLinkLocal(bytes), isMulticast(words, 0), isUnspecified(words, 0)];
    assert.deepEqual(kinds, answers[i], addressText(bytes));
  });
});
