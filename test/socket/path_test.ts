/** Paths: their endpoints, and when two are the same. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { AF_INET, AF_INET6 } from "../../ffi/constants.ts";
import { addressWords, parseAddress } from "../../src/net/address.ts";
import { MessageBatch } from "../../src/socket/message_batch.ts";
import { word } from "../../src/socket/message_layout.ts";
import { makePath } from "../../src/socket/path.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";

/** The words of a path between two addresses. */
function wordsOf(peer: string, local: string, values: Partial<Record<keyof typeof word, number>> = {}): Int32Array {
  const words = new Int32Array(word.count);
  words.set(addressWords(parseAddress(peer)!), word.peer);
  words.set(addressWords(parseAddress(local)!), word.local);
  words[word.family] = AF_INET6;
  for (const [name, value] of Object.entries(values)) words[word[name as keyof typeof word]] = value;
  return words;
}

test("a message has a known path if all words are the same", () => {
  const words = fc.array(fc.integer(), { minLength: word.family, maxLength: word.family })
    .map((words) => Int32Array.of(...words, AF_INET6));
  fc.assert(
    fc.property(words, fc.nat(word.family - 1), fc.nat(3), (words, changed, i) => {
      const known = makePath(words);
      const same = makePath(words.slice());
      const other = makePath(words.with(changed, words[changed]! ^ 1));
      const batch = new MessageBatch(AF_INET6, 4);
      for (let k = 0; k < 4; k++) batch.add(new Uint8Array(1), k === i ? same : other);
      for (let k = 0; k < 4; k++) {
        assert.equal(batch.path(k, known) === known, k === i, `word ${changed}`);
        assert.equal(batch.path(k, other) === other, k !== i, `word ${changed}`);
      }
    }),
  );
});

test("each message has its own path", () => {
  const batch = new MessageBatch(AF_INET6, 3);
  const ports = [7, 8, 9];
  for (const port of ports) batch.add(new Uint8Array(1), { to: { address: `2001:db8::${port}`, port } });
  for (const [i, port] of ports.entries()) {
    assert.deepEqual(batch.path(i).peer, { address: `2001:db8::${port}`, port });
    assert.deepEqual(batch.path(i).peer, batch.peer(i));
  }
});

test("a path of the other family is refused", () => {
  const path = makePath(wordsOf("::1", "::"));
  const batch = new MessageBatch(AF_INET, 1);
  assert.throws(() => batch.add(new Uint8Array(1), path), { code: "EAFNOSUPPORT" });
  assert.equal(batch.count, 0);
});

test("the endpoints: addresses with the zone that they need, ports, the interface", { skip: noIPv6 }, () => {
  const ends = (words: Int32Array) => {
    const { peer, local } = makePath(words);
    return { peer, local: { ...local } };
  };
  assert.deepEqual(
    ends(wordsOf("2001:db8::1", "::1", { peerPort: 1, localPort: 2, peerScope: 1, sendInterface: 1, interface: 7 })),
    {
      peer: { address: "2001:db8::1", port: 1 },
      local: { address: "::1", port: 2, interfaceIndex: 7, interfaceName: "7" },
    },
  );
  const { peer, local } = makePath(wordsOf("fe80::1", "fe80::2", { peerScope: 1, sendInterface: 1, interface: 1 }));
  assert.deepEqual([peer.address, local.address, local.interfaceName], ["fe80::1%lo", "fe80::2%lo", "lo"]);
  assert.equal(makePath(wordsOf("::1", "::1", { interface: -2 })).local.interfaceIndex, 2 ** 32 - 2);
  // After a multicast the interface determines the source.
  assert.equal(makePath(wordsOf("::1", "::", { sendInterface: 1 })).local.address, "::%lo");
  assert.equal(makePath(wordsOf("::1", "::")).local.address, "::");
  assert.equal(makePath(wordsOf("127.0.0.1", "0.0.0.0", { sendInterface: 1 })).local.address, "0.0.0.0");
});
