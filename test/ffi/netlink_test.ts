/** The host's addresses, as the routing table tells them. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { AF_INET6, IFA_ADDRESS, NLMSG_DONE, NLMSG_ERROR, RTM_NEWADDR, RTM_NEWROUTE } from "../../ffi/constants.ts";
import { ifaddrmsg, nlmsghdr, rtattr, rtmsg } from "../../ffi/layouts.ts";
import { libc } from "../../ffi/library.ts";
import { Memory } from "../../ffi/memory.ts";
import { interfaceIPv6Addresses, isLocalAddress } from "../../ffi/netlink.ts";
import { parseAddress } from "../../src/mod.ts";
import { host, join as joinHosts, noHosts } from "../support/hosts.ts";
import { LONG, run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT, RUNTIME } from "../support/server.ts";
import { replaced } from "../support/replaced.ts";

const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";
const isLocal = (text: string, index = 0) => isLocalAddress(parseAddress(text)!.bytes, index);

test("what is local: the whole of 127.0.0.0/8, but no broadcast, multicast or other host's address", () => {
  for (const text of ["127.0.0.1", "127.1.2.3"]) assert.equal(isLocal(text), true, text);
  for (const text of ["127.255.255.255", "224.0.0.1", "192.0.2.99", "255.255.255.255"]) {
    assert.equal(isLocal(text), false, text);
  }
});

test("the IPv6 addresses of the host, all of them local", { skip: noIPv6 }, () => {
  const lines = readFileSync("/proc/net/if_inet6", "latin1").trim().split("\n").map((line) => line.split(/ +/));
  const found = interfaceIPv6Addresses()!.map((bytes) => Buffer.from(bytes).toString("hex"));
  assert.deepEqual(found.toSorted(), lines.map(([address]) => address).toSorted());
  assert.equal(isLocal("::1"), true);
  assert.equal(isLocal("2001:db8::99"), false);
});

describe("the answer of a kernel", () => {
  /** A message of this type: a header that says a length, and bytes. */
  function message(type: number, bytes: readonly number[] = [], length = nlmsghdr.size + bytes.length): number[] {
    const header = new DataView(new ArrayBuffer(nlmsghdr.size));
    header.setUint32(nlmsghdr.nlmsg_len, length, true);
    header.setUint16(nlmsghdr.nlmsg_type, type, true);
    return [...new Uint8Array(header.buffer), ...bytes];
  }

  /** Calls a function for which the kernel's answer has these parts, one for each read; -1 is a failure. */
  function answered<T>(parts: readonly (number[] | -1)[], use: () => T): T {
    const { call } = libc();
    const left = [...parts];
    using _ = replaced(call, {
      read: (...[, buffer]: Parameters<typeof call.read>) => {
        const part = left.shift();
        assert.ok(part, "it reads on");
        if (part === -1) return -1;
        const memory = new Memory(part.length + 1);
        memory.bytes.set(part);
        call.memcpy(buffer, memory.pointer(0), part.length);
        return part.length;
      },
    });
    return use();
  }

  const done = message(NLMSG_DONE);
  const bytes = Array.from({ length: 16 }, (_, i) => i + 1);
  const family = [AF_INET6, ...new Array<number>(ifaddrmsg.size - 1).fill(0)];
  const address = message(RTM_NEWADDR, [...family, rtattr.size + 16, 0, IFA_ADDRESS, 0, ...bytes]);

  test("in one part or several", () => {
    for (const parts of [[[...address, ...done]], [address, done], [[...message(RTM_NEWROUTE), ...address], done]]) {
      assert.deepEqual(answered(parts, interfaceIPv6Addresses)?.map((found) => [...found]), [bytes]);
    }
    assert.deepEqual(answered([done], interfaceIPv6Addresses), []);
  });

  test("that fails, ends too early, or contradicts itself: nothing is known, and no more is read", () => {
    const wrongLengths = [0, -1 << 31, address.length + 1].map((length) =>
      message(RTM_NEWADDR, address.slice(16), length)
    );
    for (const part of [-1 as const, [], done.slice(1), address.slice(0, -1), message(NLMSG_ERROR), ...wrongLengths]) {
      assert.equal(answered([part], interfaceIPv6Addresses), undefined, `${part}`);
    }
    for (const part of [-1 as const, [], new Array<number>(nlmsghdr.size + rtmsg.size - 1).fill(1)]) {
      assert.equal(answered([part], () => isLocal("127.0.0.1")), undefined, `${part}`);
    }
  });
});

test("on a host with many addresses, by interface", { ...LONG, skip: noHosts }, async () => {
  const hosts = await Promise.all([host(), host()]);
  const [one, other] = hosts;
  try {
    for (const device of ["eth0", "eth1"]) joinHosts([one, device], [other, device]);
    // More than one read takes.
    const many = Array.from({ length: 200 }, (_, i) => `2001:db8::${(i + 1).toString(16)}`);
    const commands = many.map((address) => `address add ${address}/64 dev eth0 nodad`);
    one.run(`echo '${commands.join("\n")}' | ip -batch -`);
    one.run("ip address add 2001:db8:1::1 peer 2001:db8:1::2 dev eth1 nodad; ip route add local 192.0.2.0/24 dev lo");
    // The kernel adds the local routes of IPv6 addresses asynchronously.
    one.run("until ip -6 route get 2001:db8:1::1 | grep -q ^local; do sleep 0.01; done");
    const links = ["eth0", "eth1"].map((device) => one.linkLocal(device));
    const file = join(temporaryFolder(), "addresses.ts");
    writeFileSync(
      file,
      `import { interfaceIndex } from ${JSON.stringify(join(ROOT, "ffi/interfaces.ts"))};
      import { interfaceIPv6Addresses, isLocalAddress } from ${JSON.stringify(join(ROOT, "ffi/netlink.ts"))};
      import { formatAddress, parseAddress } from ${JSON.stringify(join(ROOT, "src/mod.ts"))};
      const isLocal = (text, device) => isLocalAddress(parseAddress(text).bytes, device ? interfaceIndex(device) : 0);
      const links = ${JSON.stringify(links)};
      console.log(JSON.stringify([
        interfaceIPv6Addresses().map((bytes) => formatAddress(bytes)),
        links.flatMap((link) => ["eth0", "eth1"].map((device) => isLocal(link, device))),
        ["2001:db8:1::1", "2001:db8:1::2", "192.0.2.77", "192.0.3.77", "2001:db8::c8"].map((text) => isLocal(text)),
      ]));`,
    );
    const { stdout, stderr } = await run(one.command(commandLine(file, [], RUNTIME === "Deno" ? ["-A"] : [])));
    const [addresses, linkLocal, local] = JSON.parse(stdout || `"${stderr}"`);
    assert.deepEqual(addresses.toSorted(), ["::1", ...many, "2001:db8:1::1", ...links].toSorted());
    assert.deepEqual(linkLocal, [true, false, false, true]);
    assert.deepEqual(local, [true, false, true, false, true]);
  } finally {
    for (const each of hosts) await each.remove();
  }
});
