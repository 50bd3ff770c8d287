/** Addresses and endpoints of the probe as text, and the sizes of packets to them. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { interfaceIndex } from "../../ffi/interfaces.ts";
import { parseAddress } from "../../src/net/address.ts";
import {
  exactHostText,
  headerSize,
  hostText,
  isSamePeer,
  type Peer,
  peerText,
  printable,
} from "../../src/probe/peer.ts";

const peerOf = (address: string, port: number, scope = 0): Peer => ({ bytes: parseAddress(address)!, scope, port });
const LOOPBACK = interfaceIndex("lo");
/** An index that no interface has. */
const NONE = 0x7fff_fffe;

describe("an endpoint", () => {
  test("as text for people, and as text for a socket", () => {
    assert.equal(peerText(peerOf("192.0.2.1", 9000)), "192.0.2.1:9000");
    assert.equal(peerText(peerOf("2001:db8::1", 7)), "[2001:db8::1]:7");
    assert.equal(peerText(peerOf("fe80::1", 7, LOOPBACK)), "[fe80::1%lo]:7");
    assert.equal(exactHostText(peerOf("192.0.2.1", 9000)), "192.0.2.1");
    assert.equal(exactHostText(peerOf("fe80::1", 7, LOOPBACK)), "fe80::1%lo");
    // An interface that has gone has its number.
    assert.equal(hostText(peerOf("fe80::1", 7, NONE)), `fe80::1%${NONE}`);
    assert.equal(exactHostText(peerOf("fe80::1", 7, NONE)), `fe80::1%${NONE}`);
  });

  test("is the same only with the same address, interface and port", () => {
    const peers = ["192.0.2.1", "192.0.2.2", "2001:db8::1", "fe80::1"].flatMap((address) =>
      [0, 1, 2].flatMap((scope) => [7, 9000].map((port) => peerOf(address, port, scope)))
    );
    peers.forEach((one, i) =>
      peers.forEach((other, j) => {
        assert.equal(isSamePeer(one, { ...other, bytes: other.bytes.slice() }), i === j);
        assert.equal(peerText(one) === peerText(other), i === j);
      })
    );
  });
});

test("the name of an interface is safe to print, whatever bytes it has", () => {
  assert.equal(printable("w\u00e9\x1b[31m \x7f"), "w??[31m??");
  assert.equal(printable("!eth0~"), "!eth0~");
  const every = Array.from({ length: 0x3000 }, (_, code) => String.fromCharCode(code)).join("");
  assert.match(printable(every), /^[!-~]*$/);
});

test("the headers of IP and UDP before a payload", () => {
  assert.deepEqual([headerSize(peerOf("192.0.2.1", 7)), headerSize(peerOf("2001:db8::1", 7))], [28, 48]);
});
