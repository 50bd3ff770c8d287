/** The sentences about datagrams that could not be sent. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { EAGAIN } from "../../ffi/constants.ts";
import { UdpSocket } from "../../src/mod.ts";
import { addressWords, parseAddress } from "../../src/net/address.ts";
import { messagesOf } from "../../src/socket/message_batch.ts";
import { field } from "../../src/socket/message_layout.ts";
import { sendError } from "../../src/socket/send_error.ts";
import { type Host, host, join as joinHosts, noHosts } from "../support/hosts.ts";
import { run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

/** The message of the error that a call throws. */
function messageOf(call: () => void): string {
  try {
    call();
  } catch (error) {
    return (error as Error).message;
  }
  return "no error";
}

test("a payload beyond what a datagram carries: the limit of the family", () => {
  using socket = UdpSocket.bind({ port: 0 });
  const send = (size: number, address: string) =>
    messageOf(() => socket.sendTo(new Uint8Array(size), { to: { address, port: 9 } }));
  assert.match(send(70_000, "127.0.0.1"), /65507 bytes over IPv4, 65527 over IPv6/);
  assert.match(send(65_508, "127.0.0.1"), /at most 65507 bytes over IPv4$/);
  assert.match(send(65_528, "::1"), /at most 65527 bytes over IPv6$/);
});

test("a family that the socket does not reach", () => {
  using ipv4 = UdpSocket.bind({ port: 0, family: 4 });
  using ipv6 = UdpSocket.bind({ port: 0, family: 6 });
  const payload = new Uint8Array(1);
  const to = (address: string) => ({ to: { address, port: 9 } });
  assert.match(
    messageOf(() => ipv4.sendTo(payload, to("::1"))),
    /^an IPv4 socket does not reach the IPv6 address ::1;/,
  );
  assert.match(
    messageOf(() => ipv6.sendTo(payload, to("127.0.0.1"))),
    /^an IPv6 socket does not reach the IPv4 address 127\.0\.0\.1;/,
  );
  assert.match(messageOf(() => ipv4.connect({ address: "::1", port: 9 })), /^an IPv4 socket does not reach/);
});

test("what the kernel refuses: the datagram, its peer, the reason, and what to do", () => {
  using socket = UdpSocket.bind({ port: 0 });
  const to = (address: string, from?: string) => ({ to: { address, port: 9 }, from });
  assert.equal(
    messageOf(() => socket.sendTo(new Uint8Array(7), to("127.255.255.255"))),
    "cannot send 7 bytes to 127.255.255.255 port 9: permission denied; a broadcast address needs a socket bound with " +
      "`broadcast: true`",
  );
  assert.equal(
    messageOf(() => socket.sendTo(new Uint8Array(7), to("fe80::9%lo"))),
    "cannot send 7 bytes to fe80::9%lo port 9: network is unreachable (ENETUNREACH)",
  );
  const batch = socket.batch(1);
  batch.add(new Uint8Array(7), to("127.0.0.1"));
  // Nothing can leave from a broadcast address.
  batch.addresses.set(addressWords(parseAddress("255.255.255.255")!), batch.localWord(0));
  assert.equal(socket.send(batch), 0);
  assert.equal(
    sendError(batch, 0).message,
    "cannot send 7 bytes to 127.0.0.1 port 9: the source address is not on this host; `ip address` lists its addresses",
  );
  messagesOf("sendmmsg", batch).set(0, field.error, EAGAIN);
  assert.equal(
    sendError(batch, 0).message,
    "cannot send 7 bytes to 127.0.0.1 port 9: the send buffer is full; try again later",
  );
  using connected = UdpSocket.bind({ port: 0 });
  connected.connect({ address: "127.0.0.1", port: 7 });
  assert.equal(
    messageOf(() => connected.sendTo(new Uint8Array(7), to("127.0.0.2"))),
    "cannot send to 127.0.0.2 port 9: the socket is connected to 127.0.0.1 port 7",
  );
});

test("a source that cannot be one", () => {
  using socket = UdpSocket.bind({ port: 0 });
  const message = (address: string, from: string, interfaceIndex?: number) =>
    messageOf(() => socket.path({ to: { address, port: 9 }, from, interfaceIndex }));
  const advice = "leave `from` out, or change it";
  assert.equal(message("::1", "127.0.0.1"), `cannot send from an IPv4 address to an IPv6 one; ${advice}`);
  assert.equal(message("127.0.0.1", "::1"), `cannot send from an IPv6 address to an IPv4 one; ${advice}`);
  assert.equal(
    message("127.0.0.1", "192.0.2.99"),
    "cannot send from 192.0.2.99: this address is not on this host; `ip address` lists its addresses",
  );
  assert.equal(
    message("ff02::1%lo", "::%lo", 7),
    "`from` is an address of interface 1, but `interfaceIndex` is 7",
  );
  assert.equal(
    messageOf(() => socket.path({ to: { address: "localhost", port: 9 } })),
    '"localhost" is not an IPv4 or IPv6 address; names are not resolved here',
  );
  for (const [address, from] of [["127.0.0.1", "0.0.0.0"], ["::1", "::"], ["127.0.0.1", "::"]] as const) {
    assert.equal(message(address, from), "no error", "the kernel's choice");
    assert.equal(message(address, from, 1), "no error");
  }
  assert.equal(socket.path({ to: { address: "ff02::1%lo", port: 9 }, from: "::%lo" }).local.address, "::%lo");
  assert.equal(socket.path({ to: { address: "::1", port: 9 }, from: "::" }).local.address, "::");
  for (const from of ["::%lo", "0.0.0.0", "::"]) {
    const { local } = socket.path({ to: { address: "127.0.0.1", port: 9 }, from });
    assert.deepEqual([local.address, local.interfaceIndex], ["0.0.0.0", 0]);
  }
});

test("options of another type", () => {
  const bind = (options: unknown) => messageOf(() => UdpSocket.bind(options as { port: number }).close());
  assert.equal(bind({ port: 0, broadcast: "yes" }), '`broadcast` must be true or false, not "yes"');
  assert.equal(bind(undefined), "the options of bind must be an object, not undefined");
});

describe("with fragmentation forbidden", { skip: noHosts }, () => {
  let sender: Host;
  let receiver: Host;
  before(async () => {
    [sender, receiver] = await Promise.all([host(), host()]);
    joinHosts([sender, "eth0"], [receiver, "eth0"]);
    for (const address of ["192.0.2.1/24", "2001:db8::1/64"]) sender.addAddress(address, "eth0");
    for (const address of ["192.0.2.2/24", "2001:db8::2/64"]) receiver.addAddress(address, "eth0");
  });
  after(async () => {
    await sender?.remove();
    await receiver?.remove();
  });

  test("the MTU of the path, and the payload that fits", async () => {
    const file = join(temporaryFolder(), "send.mjs");
    writeFileSync(
      file,
      `import { UdpSocket } from ${JSON.stringify(join(ROOT, "src/mod.ts"))};
      const [IPPROTO_IP, IP_MTU_DISCOVER, IPPROTO_IPV6, IPV6_MTU_DISCOVER, DO] = [0, 10, 41, 23, 2];
      using socket = UdpSocket.bind({ port: 0 });
      socket.setOption(IPPROTO_IP, IP_MTU_DISCOVER, DO);
      socket.setOption(IPPROTO_IPV6, IPV6_MTU_DISCOVER, DO);
      for (const [address, size] of [["192.0.2.2", 1473], ["192.0.2.2", 1472], ["2001:db8::2", 1453]]) {
        try {
          socket.sendTo(new Uint8Array(size), { to: { address, port: 9 } });
          console.log("sent");
        } catch (error) {
          console.log(error.message);
        }
      }`,
    );
    const { stdout, stderr } = await run(sender.command(commandLine(file, [])));
    const why = (mtu: number, payload: number) =>
      `it exceeds the MTU of the path of ${mtu} bytes, which carries ${payload}, and must not be fragmented`;
    assert.deepEqual(stdout.trim().split("\n"), [
      `cannot send 1473 bytes to 192.0.2.2 port 9: ${why(1500, 1472)}`,
      "sent",
      `cannot send 1453 bytes to 2001:db8::2 port 9: ${why(1500, 1452)}`,
    ], stderr);
  });
});
