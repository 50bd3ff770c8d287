/** Addresses with zones, names, and ports, as users write them. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EADDRNOTAVAIL, EINVAL } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { addressText, isIPv4 } from "../../src/net/address.ts";
import {
  readAddress,
  requireAddress,
  requireInterface,
  requirePort,
  resolve,
  resolveOnThread,
} from "../../src/net/endpoint.ts";
import { host, noHosts } from "../support/hosts.ts";
import { run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

/** Index of the loopback interface, which every network namespace has. */
const LOOPBACK = 1;

/** Address, zone and scope of a text. */
function read(text: string): [address: string, zone: string, scope: number] | undefined {
  const address = readAddress(text);
  return address && [addressText(address.bytes), address.zone, address.scope];
}

function assertRefused(action: () => unknown, errno: number, words: RegExp): void {
  assert.throws(action, (error) => {
    assert.ok(error instanceof SystemError, `${error}`);
    assert.equal(error.errno, errno);
    assert.match(error.message, words);
    return true;
  });
}

describe("an address", () => {
  test("without a zone", () => {
    assert.deepEqual(read("192.0.2.1"), ["192.0.2.1", "", 0]);
    assert.deepEqual(read("2001:db8::1"), ["2001:db8::1", "", 0]);
  });

  test("with the name or the index of an interface", () => {
    assert.deepEqual(read("fe80::1%lo"), ["fe80::1", "lo", LOOPBACK]);
    assert.deepEqual(read("fe80::1%1"), ["fe80::1", "1", LOOPBACK]);
  });

  test("with a zone that is no interface, or without one where it needs one", () => {
    for (const zone of ["nonesuch0", "999999", "0", "01", "1234567890"]) {
      assertRefused(() => read(`fe80::1%${zone}`), EADDRNOTAVAIL, new RegExp(`no interface named "${zone}"`));
    }
    assertRefused(() => read("fe80::1"), EADDRNOTAVAIL, /fe80::1 needs its interface: fe80::1%eth0/);
  });

  test("or none", () => {
    for (const text of ["", "localhost", "192.0.2", "192.0.2.1.", "::1::", "%lo"]) assert.equal(read(text), undefined);
    assertRefused(() => requireAddress("localhost"), EINVAL, /"localhost" is not an IPv4 or IPv6 address/);
    assert.deepEqual(requireAddress("::1"), readAddress("::1"));
  });
});

test("an interface, by its name or its index", () => {
  assert.equal(requireInterface("lo"), LOOPBACK);
  for (const index of [1, 7, 2 ** 31 - 1]) assert.equal(requireInterface(index), index);
  for (const index of [0, -1, 1.5, 2 ** 31]) {
    const message = new RegExp(`^an interface must be a whole number from 1 to 2147483647, not ${index}$`);
    assertRefused(() => requireInterface(index), EINVAL, message);
  }
  assertRefused(() => requireInterface(undefined), EINVAL, /^an interface must be a string, not undefined$/);
  assertRefused(
    () => requireInterface("nonesuch0"),
    EADDRNOTAVAIL,
    /^this host has no interface named "nonesuch0"; `ip link` lists its interfaces$/,
  );
});

test("a port", () => {
  assert.equal(requirePort("bind", 0, 0), 0);
  assert.equal(requirePort("bind", 65_535, 1), 65_535);
  for (const [port, least] of [[0, 1], [65_536, 0], [-1, 0], [1.5, 0], [NaN, 0]] as const) {
    assertRefused(() => requirePort("bind", port, least), EINVAL, /a port/);
  }
});

describe("a name", () => {
  test("gives its addresses, of one family if that is said", async () => {
    const texts = (addresses: { bytes: Uint8Array }[]) => addresses.map(({ bytes }) => addressText(bytes));
    assert.deepEqual(texts(resolve("localhost", 4)), ["127.0.0.1"]);
    assert.ok(texts(resolve("localhost")).every((text) => text === "127.0.0.1" || text === "::1"));
    assert.deepEqual(texts(await resolveOnThread("localhost", 4)), ["127.0.0.1"]);
    assert.deepEqual(texts(resolve("192.0.2.1", 6)), ["192.0.2.1"]);
    assert.deepEqual(texts(await resolveOnThread("2001:db8::1")), ["2001:db8::1"]);
  });

  test("with no address of the family", () => {
    for (const [name, family, ipv4] of [["localhost", 6, false], ["ip6-localhost", 4, true]] as const) {
      try {
        for (const { bytes } of resolve(name, family)) assert.equal(isIPv4(bytes), ipv4);
      } catch (error) {
        assert.ok(error instanceof SystemError);
        assert.match(error.message, new RegExp(`^cannot resolve "${name}" with an IPv${family} address: `));
      }
    }
  });

  test("without a name server that answers", { skip: noHosts }, async () => {
    const alone = await host();
    const file = join(temporaryFolder(), "resolve.ts");
    writeFileSync(
      file,
      `import { resolve } from ${JSON.stringify(join(ROOT, "src/net/endpoint.ts"))};
      try { resolve("name.example"); } catch (error) { console.log(error.message); }`,
    );
    try {
      const { stdout } = await run(alone.command(commandLine(file, [])));
      const why = "the name server does not answer; try again, or give an address";
      assert.equal(stdout, `cannot resolve "name.example": ${why}\n`);
    } finally {
      await alone.remove();
    }
  });

  test("that is none has no address", async () => {
    for (const name of ["no such name", "a/b", "x".repeat(256)]) {
      assertRefused(
        () => resolve(name),
        EADDRNOTAVAIL,
        /^cannot resolve "[^"]*": no such name; check the spelling, or give an/,
      );
      await assert.rejects(resolveOnThread(name, 6), /with an IPv6 address: no such name/);
    }
  });
});
