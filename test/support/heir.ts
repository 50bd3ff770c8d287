/** Sockets that get the descriptors of others. */
import assert from "node:assert/strict";
import { UdpSocket } from "../../src/mod.ts";

const LOCALHOST = { port: 0, address: "127.0.0.1" };

/** A closed socket, and an open one with the descriptor that it had. Disposing of them closes the latter. */
export interface SocketAndHeir extends Disposable {
  readonly closed: UdpSocket;
  readonly heir: UdpSocket;
}

/**
 * Binds and closes a socket, and binds another that gets its descriptor.
 * @param use called with the first socket while it is open
 */
export function socketAndHeir(use: (socket: UdpSocket) => void): SocketAndHeir {
  const others = new DisposableStack();
  for (let attempt = 0; attempt < 100; attempt++) {
    const closed = UdpSocket.bind(LOCALHOST);
    use(closed);
    const { fd } = closed;
    closed.close();
    let heir: UdpSocket;
    // The runtime may have closed a lower descriptor meanwhile: the next sockets have that.
    do heir = others.use(UdpSocket.bind(LOCALHOST)); while (heir.fd < fd);
    if (heir.fd === fd) return { closed, heir, [Symbol.dispose]: () => others.dispose() };
    // Another thread of the runtime was faster.
  }
  others.dispose();
  assert.fail("the descriptor of a closed socket is never free");
}
