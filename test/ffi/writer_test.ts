/** Writing to descriptors, and lines on standard error. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { EBADF, MSG_DONTWAIT, PIPE_BUF } from "../../ffi/constants.ts";
import { Writer } from "../../ffi/writer.ts";
import { UdpSocket } from "../../src/mod.ts";
import { run, temporaryFolder } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

test("the bytes written and sent, none too, or the negative error number", () => {
  using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1", trains: false });
  socket.connect(socket.local);
  const writer = new Writer(4);
  assert.equal(writer.bytes.length, 4);
  writer.bytes.set([1, 2, 3, 4]);
  assert.deepEqual([writer.write(999_999, 4), writer.send(999_999, 4, MSG_DONTWAIT)], [-EBADF, -EBADF]);
  assert.deepEqual([writer.write(socket.fd, 3), writer.send(socket.fd, 2, MSG_DONTWAIT)], [3, 2]);
  assert.equal(writer.send(socket.fd, 0, MSG_DONTWAIT), 0);
  const batch = socket.batch(4);
  const payloads: number[][] = [];
  while (socket.tryReceive(batch) > 0) {
    for (let i = 0; i < batch.count; i++) payloads.push([...batch.payload(i)]);
  }
  assert.deepEqual(payloads, [[1, 2, 3], [1, 2], []]);
});

test("a line on standard error: whole characters, at most PIPE_BUF bytes", async () => {
  const file = join(temporaryFolder(), "write.ts");
  writeFileSync(
    file,
    `import { writeError } from ${JSON.stringify(join(ROOT, "ffi/writer.ts"))};
    writeError("first");
    writeError("\u{1f600}".repeat(3000));
    writeError("");`,
  );
  const { code, stdout, stderr } = await run(commandLine(file, []));
  assert.deepEqual([code, stdout], [0, ""]);
  const most = Math.floor((PIPE_BUF - 1) / 4);
  assert.equal(stderr, `first\n${"\u{1f600}".repeat(most)}\n\n`);
});
