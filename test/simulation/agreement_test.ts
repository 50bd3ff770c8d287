/** The library does the same on the model of the kernel and on the real one. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { host, join, noHosts } from "../support/hosts.ts";
import { run } from "../support/process.ts";
import { ROOT, RUN } from "../support/server.ts";

const program = [...RUN, `${ROOT}test/simulation/agreement.ts`];

describe("model and kernel", { skip: noHosts }, () => {
  test("the library does the same on both", async () => {
    const [own, other] = [await host(), await host()];
    try {
      join([own, "eth0"], [other, "eth0"]);
      own.addAddress("192.0.2.10/24", "eth0");
      own.addAddress("2001:db8:2::10/64", "eth0");
      own.addAddress("fe80::20/64", "eth0");
      own.run("ip route add default dev eth0; ip -6 route add default dev eth0");
      own.run("ip -6 route add local 2001:db8:ffff::/64 dev lo");
      const [real, simulated] = [await run(own.command(program)), await run([...program, "simulated"])];
      assert.equal(real.code, 0, real.stderr);
      assert.equal(simulated.code, 0, simulated.stderr);
      const [expected, found] = [JSON.parse(real.stdout), JSON.parse(simulated.stdout)];
      for (const [name, value] of Object.entries(expected)) assert.deepEqual(found[name], value, name);
      assert.ok(Object.keys(expected).length > 40);
    } finally {
      await Promise.all([own.remove(), other.remove()]);
    }
  });
});
