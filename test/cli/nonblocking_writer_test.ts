/** Writing to a descriptor without blocking: how much goes in one write, by the kind of descriptor. */
import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { EAGAIN, EPIPE, PIPE_BUF } from "../../ffi/constants.ts";
import { NonblockingWriter } from "../../src/cli/nonblocking_writer.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { Fifo } from "../support/fifo.ts";
import { missing, temporaryFolder } from "../support/process.ts";
import { targetOf } from "../support/proc.ts";
import { receiveAsleep } from "../support/receive.ts";

const SIZE = 100_000;

/** A writer whose buffer holds lines of so many bytes, each with its newline. */
function writerOf(fd: number, lineSize: number): NonblockingWriter {
  const writer = new NonblockingWriter(fd, SIZE);
  writer.bytes.forEach((_, i) => writer.bytes[i] = (i + 1) % lineSize === 0 ? 0x0a : 0x78);
  return writer;
}

describe("one write", () => {
  test("to a file: all", () => {
    const file = join(temporaryFolder(), "file");
    const fd = openSync(file, "w");
    try {
      const writer = writerOf(fd, 100);
      assert.equal(writer.write(SIZE), SIZE);
      writer.close();
      // The descriptor is not the writer's own.
      assert.equal(writer.write(100), 100);
      assert.equal(readFileSync(file).length, SIZE + 100);
    } finally {
      closeSync(fd);
    }
  });

  test("to a pipe: whole lines of up to PIPE_BUF bytes, which it takes at once or not at all", {
    skip: missing("mkfifo"),
  }, () => {
    for (
      const [lineSize, length, written] of [
        [100, SIZE, 4000],
        [100, PIPE_BUF + 1, 4000],
        [100, PIPE_BUF, PIPE_BUF],
        [PIPE_BUF, SIZE, PIPE_BUF],
        [PIPE_BUF / 2, SIZE, PIPE_BUF],
        // Longer lines go in parts.
        [PIPE_BUF + 1, SIZE, PIPE_BUF],
      ] as const
    ) {
      const pipe = new Fifo();
      const writer = writerOf(pipe.writer, lineSize);
      try {
        assert.equal(writer.write(length), written, `lines of ${lineSize} bytes`);
        assert.equal(pipe.read().length, written);
        assert.equal(writer.wait(0) > 0, true);
        while (writer.write(SIZE) > 0);
        assert.equal(writer.write(SIZE), -EAGAIN);
        assert.equal(writer.wait(0), 0);
        pipe.closeReader();
        assert.equal(writer.write(SIZE), -EPIPE);
        const target = targetOf(writer.fd);
        assert.notEqual(target, "");
        writer.close();
        assert.notEqual(targetOf(writer.fd), target);
      } finally {
        pipe.close();
      }
    }
  });

  test("to a socket: all, in one message", () => {
    using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    socket.connect({ address: "127.0.0.1", port: receiver.port });
    const writer = writerOf(socket.fd, 100);
    assert.equal(writer.write(20_000), 20_000);
    const batch = receiver.batch(2);
    assert.equal(receiveAsleep(receiver, batch), 1);
    assert.deepEqual([batch.count, batch.size(0)], [1, 20_000]);
    writer.close();
    assert.equal(writer.write(100), 100);
  });
});
