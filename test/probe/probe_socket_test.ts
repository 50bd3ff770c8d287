/** The sockets of the probe: how often they send a request, by what the kernel and the network say to it. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Clock, wallTime } from "../../ffi/clock.ts";
import {
  CLOCK_REALTIME,
  EACCES,
  ECONNREFUSED,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPPROTO_UDP,
  SO_TIMESTAMPING,
  SOL_SOCKET,
  UDP_GRO,
} from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { getsockopt } from "../../ffi/libc.ts";
import { ErrorQueue, type ErrorReport } from "../../src/socket/error_queue.ts";
import type { MessageBatch } from "../../src/socket/message_batch.ts";
import { UdpSocket } from "../../src/socket/udp_socket.ts";
import { type Request, RequestLedger } from "../../src/probe/ledger.ts";
import { type Member, ProbeSocket } from "../../src/probe/probe_socket.ts";
import { peerOf, settingsOf } from "../support/asked.ts";

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
    this.peer = { address, port };
    this.socket = new ProbeSocket(address.includes(":") ? 6 : 4, {
      settings,
      source: undefined,
      errors: new ErrorQueue(),
      batches: {},
    });
    this.socket.add(this);
    this.#ledger = new RequestLedger(peerOf(address, port), this.session, settings, 1);
    const { udp } = this.socket;
    for (const name of ["send", "connect"] as const) {
      const call = udp[name].bind(udp) as (argument: never) => number;
      Object.assign(udp, { [name]: (argument: never) => (this.calls[name]++, call(argument)) });
    }
  }

  /** The last request. */
  get request(): Request {
    return this.#ledger.newest!;
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

  test("is not sent while the socket cannot be connected", () => {
    using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const exchange = new Exchange("127.0.0.1", receiver.port, "--connected");
    const { udp } = exchange.socket;
    const { connect } = udp;
    udp.connect = () => {
      throw new SystemError("connect", EACCES);
    };
    assert.equal(exchange.send(), EACCES);
    assert.equal(exchange.calls.send, 0);
    udp.connect = connect;
    assert.equal(exchange.send(), 0);
    assert.deepEqual(exchange.calls, { send: 1, connect: 1 });
    udp.close();
  });
});

describe("a socket", () => {
  const TIMESTAMPS = 2 | 8 | 16 | 128 | 2048;
  const IP_MTU_DISCOVER_PROBE = 3;

  /** The options of a socket to an address, by the numbers of <linux/in.h> and <linux/in6.h>. */
  function optionsOf(address: string, ...args: string[]): Record<string, number> {
    const exchange = new Exchange(address, 9000, ...args);
    const { fd } = exchange.socket.udp;
    const numbers = address.includes(":")
      ? { error: 25, hopLimit: 51, trafficClass: 66, fragments: 77, ttl: 16, tos: 67, mtu: 23 }
      : { error: 11, hopLimit: 12, trafficClass: 13, fragments: 25, ttl: 2, tos: 1, mtu: 10 };
    const level = address.includes(":") ? IPPROTO_IPV6 : IPPROTO_IP;
    const options = Object.entries(numbers).map(([name, number]) => [name, getsockopt(fd, level, number)]);
    assert.equal(getsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING), TIMESTAMPS);
    assert.equal(getsockopt(fd, IPPROTO_UDP, UDP_GRO), 0);
    assert.equal(exchange.socket.tellsFragments, true);
    exchange.socket.udp.close();
    return Object.fromEntries(options);
  }

  for (const address of ["127.0.0.1", "::1"]) {
    test(`is told all that there is about a datagram, and sends as it should, to ${address}`, () => {
      const told = { error: 1, hopLimit: 1, trafficClass: 1, fragments: 1 };
      const { ttl, tos, mtu, ...others } = optionsOf(address);
      assert.deepEqual([others, tos], [told, 0]);
      assert.notEqual(mtu, IP_MTU_DISCOVER_PROBE);
      assert.deepEqual(optionsOf(address, "--ttl", "9", "--dscp", "46", "--ecn", "1", "--df"), {
        ...told,
        ...{ ttl: 9, tos: 185, mtu: IP_MTU_DISCOVER_PROBE },
      });
      assert.notEqual(ttl, 9);
    });
  }

  test("takes the answers of many, and says when there are no more", () => {
    using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const exchange = new Exchange("127.0.0.1", receiver.port);
    const { udp } = exchange.socket;
    const answer = () => receiver.sendTo(Uint8Array.of(1), { to: { address: "127.0.0.1", port: udp.port } });
    assert.equal(exchange.socket.receive(Infinity), true);
    // Of 16 and 4 datagrams, two calls take all; in no time, one call takes the first.
    for (let i = 0; i < 20; i++) answer();
    assert.deepEqual([exchange.socket.receive(-Infinity), exchange.payloads.length], [false, 16]);
    assert.deepEqual([exchange.socket.receive(Infinity), exchange.payloads.length], [true, 20]);
    udp.close();
  });

  test("knows when a request left, also where the kernel does not tell", () => {
    using receiver = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    for (const timestamps of [0, TIMESTAMPS]) {
      const exchange = new Exchange("127.0.0.1", receiver.port);
      exchange.socket.udp.setOption(SOL_SOCKET, SO_TIMESTAMPING, timestamps);
      const clock = new Clock(CLOCK_REALTIME);
      const now = () => (clock.read(), wallTime(clock.seconds, clock.nanoseconds));
      const before = now();
      assert.equal(exchange.send(), 0);
      exchange.socket.receive(Infinity);
      const { sentAt } = exchange.request;
      assert.ok(sentAt >= before && sentAt <= now(), `${sentAt - before} ns`);
      exchange.socket.udp.close();
    }
  });
});
