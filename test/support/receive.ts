/** Receiving in the test's own process. */
import { EINTR } from "../../ffi/constants.ts";
import type { BatchSocket, MessageBatch } from "../../src/mod.ts";

/** Receives as `BatchSocket.receive` does, asleep; the end of another test's process may interrupt that one by SIGCHLD. */
export function receiveAsleep(socket: Pick<BatchSocket, "receive">, batch: MessageBatch): number {
  for (;;) {
    const received = socket.receive(batch, true);
    if (received !== -EINTR) return received;
  }
}
