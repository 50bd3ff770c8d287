/** ICMP messages in words: as the RFCs name them, and what their senders do with a datagram. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { icmpMessage, NO_HOST, PORT_UNREACHABLE, TOO_FAR, TOO_LARGE } from "../../src/probe/icmp.ts";

test("types and codes of both versions", () => {
  const sentences = (version: 4 | 6, ...messages: readonly (readonly [type: number, code: number])[]) =>
    messages.map(([type, code]) => icmpMessage({ version, type, code }).join("; it "));
  // RFC 792, RFC 1122, RFC 1812
  const ipv4 = [[3, 0], [3, 1], [3, 3], [3, 4], [3, 6], [3, 7], [3, 9], [3, 10], [3, 13], [11, 0], [11, 1]] as const;
  assert.deepEqual(sentences(4, ...ipv4, [3, 2], [1, 0]), [
    "network unreachable; it has no route to",
    "host unreachable; it finds no host at",
    "port unreachable; it has a firewall that rejects datagrams to",
    "fragmentation needed; it cannot forward so large a packet to",
    "network unknown; it has no route to",
    "host unknown; it has no route to",
    "network prohibited; it has a firewall that rejects datagrams to",
    "host prohibited; it has a firewall that rejects datagrams to",
    "administratively prohibited; it has a firewall that rejects datagrams to",
    "time to live exceeded; it discards datagrams to",
    "fragment reassembly time exceeded; it reports an error for",
    "message of type 3, code 2; it reports an error for",
    "message of type 1, code 0; it reports an error for",
  ]);
  // RFC 4443, RFC 6550, RFC 7084
  const ipv6 = [[1, 0], [1, 1], [1, 3], [1, 4], [1, 5], [1, 6], [2, 0], [3, 0], [3, 1]] as const;
  assert.deepEqual(sentences(6, ...ipv6, [1, 2], [3, 13]), [
    "no route; it has no route to",
    "administratively prohibited; it has a firewall that rejects datagrams to",
    "address unreachable; it finds no host at",
    "port unreachable; it has a firewall that rejects datagrams to",
    "source address failed policy; it has a firewall that rejects datagrams to",
    "route rejected; it has no route to",
    "packet too big; it cannot forward so large a packet to",
    "hop limit exceeded; it discards datagrams to",
    "fragment reassembly time exceeded; it reports an error for",
    "message of type 1, code 2; it reports an error for",
    "message of type 3, code 13; it reports an error for",
  ]);
  assert.deepEqual(icmpMessage({ version: 6, type: 1, code: 4 })[0], PORT_UNREACHABLE);
  const meanings = [[3, 1], [3, 4], [11, 0]].map(([type, code]) =>
    icmpMessage({ version: 4, type: type!, code: code! })[1]
  );
  assert.deepEqual(meanings, [NO_HOST, TOO_LARGE, TOO_FAR]);
});
