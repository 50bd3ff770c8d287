/** Sockets that cannot be made, and why. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { libc } from "../../ffi/library.ts";
import { UdpSocket } from "../../src/mod.ts";
import { errorText } from "../support/errors.ts";
import { missing, notRoot, run, temporaryFolder } from "../support/process.ts";
import { targetOf } from "../support/proc.ts";
import { commandLine, ROOT } from "../support/server.ts";
import { replaced } from "../support/replaced.ts";

test("a family that differs from that of the address", () => {
  const bind = (family: 4 | 6, address: string) =>
    errorText(() => UdpSocket.bind({ port: 0, family, address }).close());
  assert.equal(bind(6, "127.0.0.1"), "EINVAL bind: `family` is 6, but 127.0.0.1 is an IPv4 address");
  assert.equal(bind(4, "::1"), "EINVAL bind: `family` is 4, but ::1 is an IPv6 address");
  assert.equal(bind(4, "127.0.0.1"), "no error");
});

test("without a free descriptor: EMFILE, and the sockets before it work", async () => {
  const file = join(temporaryFolder(), "many.ts");
  writeFileSync(
    file,
    `import { UdpSocket } from ${JSON.stringify(`${ROOT}src/mod.ts`)};
    const sockets = [];
    try {
      for (let i = 0; i < 1000; i++) sockets.push(UdpSocket.bind({ port: 0, address: "127.0.0.1" }));
    } catch (error) {
      console.log(error.code, error.syscall);
    }
    const [first, second] = sockets;
    first.sendTo(Uint8Array.of(7), { to: { address: "127.0.0.1", port: second.port } });
    const batch = second.batch(1);
    console.log(second.receive(batch, true), batch.payload(0)[0]);`,
  );
  const { code, stdout, stderr } = await run(["sh", "-c", 'ulimit -n 200; exec "$@"', "sh", ...commandLine(file, [])]);
  assert.deepEqual([code, stdout.split("\n")], [0, ["EMFILE socket", "1 7", ""]], stderr);
});

describe("the sentence about an address that cannot be bound", () => {
  /** What binding to these options prints on a process that a wrapper starts. */
  async function messages(wrapper: string[], ...options: object[]): Promise<string[]> {
    const file = join(temporaryFolder(), "bind.ts");
    writeFileSync(
      file,
      `import { UdpSocket } from ${JSON.stringify(`${ROOT}src/mod.ts`)};
      for (const options of ${JSON.stringify(options)}) {
        try {
          UdpSocket.bind(options).close();
          console.log("bound");
        } catch (error) {
          console.log(error.code + ": " + error.message);
        }
      }`,
    );
    const { code, stdout, stderr } = await run([...wrapper, ...commandLine(file, [])]);
    assert.equal(code, 0, stderr);
    return stdout.trim().split("\n");
  }

  test("a port in use, and an address of another host", async () => {
    using other = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const { port } = other;
    assert.deepEqual(
      await messages([], other.local, { port, address: "192.0.2.99" }, { port, address: "2001:db8::9" }),
      [
        `EADDRINUSE: cannot bind 127.0.0.1:${port}: address already in use; ` +
        `\`ss -ulpn sport = :${port}\` shows which program has it, or try another port`,
        `EADDRNOTAVAIL: cannot bind 192.0.2.99:${port}: this address is not on this host; \`ip address\` lists its addresses`,
        `EADDRNOTAVAIL: cannot bind [2001:db8::9]:${port}: this address is not on this host; ` +
        "`ip address` lists its addresses",
      ],
    );
  });

  test("another error: its message alone, and no descriptor is left", () => {
    const bound = { fd: -1, target: "" };
    using _ = replaced(libc().call, {
      bind: (fd: number) => {
        Object.assign(bound, { fd, target: targetOf(fd) });
        return libc().call.close(999_999);
      },
    });
    assert.throws(() => UdpSocket.bind({ port: 9, address: "127.0.0.1" }), {
      message: "cannot bind 127.0.0.1:9: bad file descriptor",
      code: "EBADF",
      syscall: "bind",
    });
    assert.ok(bound.fd > 2);
    assert.match(bound.target, /^socket:/);
    assert.notEqual(targetOf(bound.fd), bound.target);
  });

  test("a port below 1024 without the capability", { skip: missing("setpriv") }, async () => {
    // Root without it, or a user, who has none.
    const wrapper = notRoot ? [] : ["setpriv", "--bounding-set", "-net_bind_service"];
    assert.deepEqual(await messages(wrapper, { port: 7, address: "127.0.0.1" }), [
      "EACCES: cannot bind 127.0.0.1:7: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE, or try another port",
    ]);
  });
});
