/** The sockets of the probe: how often they send a request, by what the kernel and the network say to it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { EACCES, ECONNREFUSED } from "../../ffi/constants.ts";
import { ErrorQueue, type ErrorReport } from "../../src/socket/error_queue.ts";
import type { MessageBatch } from "../../src/socket/message_batch.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { parseAddress } from "../../src/net/address.ts";
import { RequestLedger } from "../../src/probe/ledger.ts";
import { type Member, ProbeSocket } from "../../src/probe/probe_socket.ts";
import { settingsOf } from "../support/asked.ts";

/** A target that keeps what it is told, and a socket to it that counts calls. */
class Exchange implements Member {
  readonly peer;
  readonly session = 7;
  readonly reports: ErrorReport[] = [];
  readonly payloads: Uint8Array[] = [];
  readonly calls = { send: 0, connect: 0 };
  readonly socket: ProbeSocket;
  readonly #ledger: RequestLedger;

  constructor(address: string, port: number, ...args: string[]) {
    const settings = settingsOf(...args);
    this.peer = { bytes: parseAddress(address)!, scope: 0, port };
    this.socket = new ProbeSocket(4, { settings, source: undefined, errors: new ErrorQueue(), batches: {} });
    this.socket.add(this);
    this.#ledger = new RequestLedger(this.peer, this.session, settings, 1);
    const { udp } = this.socket;
    for (const name of ["send", "connect"] as const) {
      const call = udp[name].bind(udp) as (argument: never) => number;
      Object.assign(udp, { [name]: (argument: never) => (this.calls[name]++, call(argument)) });
    }
  }

  /** Sends a request; returns the error number. */
  send(): number {
    const request = this.#ledger.open(64);
    return this.socket.send(this, request, this.#ledger.payloadOf(request))?.errno ?? 0;
  }

  reported(report: ErrorReport): void {
    this.reports.push(report);
  }

  arrived(batch: MessageBatch, i: number): void {
    this.payloads.push(batch.payload(i).slice());
  }
}

describe("a request", () => {
  test("that the kernel refuses is sent once", () => {
    // Without SO_BROADCAST.
    const exchange = new Exchange("255.255.255.255", 9000);
    for (let request = 1; request <= 3; request++) {
      assert.equal(exchange.send(), EACCES);
      assert.equal(exchange.calls.send, request);
    }
    assert.deepEqual(exchange.reports, []);
    exchange.socket.udp.close();
  });

  for (const args of [[], ["--connected"]]) {
    test(`after which the error of an earlier one is told is sent again ${args}`, () => {
      const silent = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      const exchange = new Exchange("127.0.0.1", silent.port, ...args);
      silent.close();
      // On the loopback interface the answer is there when the call returns.
      assert.equal(exchange.send(), 0);
      assert.equal(exchange.calls.send, 1);
      assert.equal(exchange.reports.length, 1);
      exchange.socket.receive(Infinity);
      exchange.send();
      assert.deepEqual(exchange.reports.map(({ errno }) => errno), Array(exchange.reports.length).fill(ECONNREFUSED));
      assert.ok(exchange.calls.send <= 1 + 4, `${exchange.calls.send} calls`);
      exchange.socket.udp.close();
    });
  }

  test("connects the socket once", () => {
    using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    for (const [args, connects] of [[[], 0], [["--connected"], 1]] as const) {
      const exchange = new Exchange("127.0.0.1", receiver.port, ...args);
      for (let request = 1; request <= 3; request++) assert.equal(exchange.send(), 0);
      assert.deepEqual(exchange.calls, { send: 3, connect: connects });
      exchange.socket.udp.close();
    }
  });
});
