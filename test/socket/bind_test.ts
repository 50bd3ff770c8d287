/** Sockets that cannot be made. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

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
