/**
 * Received datagrams, one by one.
 * @module
 */

import type { Endpoint } from "../net/endpoint.ts";
import type { Destination } from "./control_message.ts";
import type { MessageBatch } from "./message_batch.ts";
import type { LocalEndpoint, Path } from "./path.ts";

/** A received datagram. */
export interface Datagram {
  /** Its payload, 0 to 65,527 bytes: a copy. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Its source. A frozen object. */
  readonly peer: Endpoint;
  /** Its destination, from which a reply leaves. A frozen object. */
  readonly local: LocalEndpoint;
  /** Its path, to send along it later: `UdpSocket.sendTo`, `MessageBatch.add`. */
  readonly path: Path;
  /** Kind of its destination: `UNICAST`, `BROADCAST`, `MULTICAST` or `UNKNOWN`. */
  readonly destination: Destination;
  /** See `MessageBatch.arrival`. */
  readonly arrival: number | undefined;
  /** See `MessageBatch.trafficClass`. */
  readonly trafficClass: number | undefined;
  /** See `MessageBatch.hopLimit`. */
  readonly hopLimit: number | undefined;
}

/**
 * The datagrams of a batch, in order: the messages, and the datagrams of each train. Each is an object with a copy of the
 * payload. A loop that must not allocate uses the numbers of the batch itself.
 *
 * ```ts
 * import { datagrams, UdpSocket } from "@echo-ts/udp";
 *
 * using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
 * socket.sendTo(new TextEncoder().encode("hello"), { to: socket.local });
 * await socket.readable();
 * const batch = socket.batch(64);
 * socket.tryReceive(batch);
 * for (const { payload, peer } of datagrams(batch)) console.log(`${payload.length} bytes from port ${peer.port}`);
 * ```
 */
export function* datagrams(batch: MessageBatch): Generator<Datagram, void, void> {
  let path: Path | undefined;
  for (let i = 0; i < batch.count; i++) {
    path = batch.path(i, path);
    for (let k = 0; k < batch.datagrams(i); k++) yield datagram(batch, i, k, path);
  }
}

/** Datagram `k` of message `i`, which came along `path`. */
export function datagram(batch: MessageBatch, i: number, k: number, path: Path): Datagram {
  return {
    payload: batch.payload(i, k).slice(),
    peer: path.peer,
    local: path.local,
    path,
    destination: batch.destination(i),
    arrival: batch.arrival(i),
    trafficClass: batch.trafficClass(i),
    hopLimit: batch.hopLimit(i),
  };
}
