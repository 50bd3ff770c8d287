/** `serve`: requests, replies, errors, and how it stops. The clients are sockets of other makes. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join as joinPath } from "node:path";
import { describe, test } from "node:test";
import {
  datagrams,
  serve,
  type ServeOptions,
  SystemError,
  type UdpHandler,
  type UdpRequest,
  type UdpServer,
  UdpSocket,
  UNICAST,
} from "../../src/mod.ts";
import { assertEchoed, forge, noCompiler, noForgery, send } from "../support/client.ts";
import { type Host, host, join, noHosts } from "../support/hosts.ts";
import { LONG, Process, run, sleep, temporaryFolder, until } from "../support/process.ts";
import { commandLine, ROOT } from "../support/server.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const noIPv6 = !existsSync("/proc/net/if_inet6") && "needs IPv6";

/** A server of this process, while it runs. */
interface Running {
  socket: UdpSocket;
  port: number;
  /** Stops it and waits for its end. */
  stop: () => Promise<void>;
  /** Settled when it has ended. */
  end: Promise<void>;
}

/** Starts a server on a free port. */
function start(handler: UdpHandler, options: Partial<ServeOptions> = {}): Running {
  const controller = new AbortController();
  let socket: UdpSocket | undefined;
  const onListen = ({ socket: listening }: UdpServer) => {
    socket = listening;
  };
  const end = serve({ port: 0, signal: controller.signal, onListen, ...options }, handler);
  // An early end is for the test to notice.
  end.catch(() => {});
  assert.ok(socket, "it listens at once");
  const stop = () => {
    controller.abort();
    return end;
  };
  return { socket, port: socket.port, stop, end };
}

/** Runs a server while `use` works with it. */
async function withServer(
  handler: UdpHandler,
  use: (server: Running) => Promise<void>,
  options: Partial<ServeOptions> = {},
): Promise<void> {
  const server = start(handler, options);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

/** A client of the runtime's own make; `answers` are the payloads that came, with the address they came from. */
async function client(): Promise<{ socket: Socket; answers: string[]; ask(payload: string, server: Running): void }> {
  const socket = createSocket("udp4");
  const answers: string[] = [];
  socket.on("message", (payload, { address }) => answers.push(`${text(payload)} from ${address}`));
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return { socket, answers, ask: (payload, { port }) => socket.send(payload, port, "127.0.0.2") };
}

describe("serve", { skip: noCompiler }, () => {
  for (
    const [kind, handler] of [
      ["a handler", ({ payload }: UdpRequest) => payload],
      ["an async handler", async ({ payload }: UdpRequest) => {
        await sleep(Math.random() * 5);
        return payload;
      }],
    ] as const
  ) {
    test(`answers from the address that was asked: ${kind}`, async () => {
      await withServer(handler, async ({ port }) => {
        for (const address of ["127.0.0.1", "127.0.0.2", "127.255.255.254", ...noIPv6 ? [] : ["::1"]]) {
          await assertEchoed(address, port, { sizes: [0, 1, 100, 1400, 20_000], count: 20, window: 4 });
        }
      });
    });

    test(`loses and mixes up nothing, with many clients at once: ${kind}`, LONG, async () => {
      await withServer(handler, async ({ port }) => {
        await assertEchoed("127.0.0.2", port, {
          count: 400,
          sizes: ["0-300"],
          sockets: 50,
          window: 4,
        });
      }, { receiveBuffer: 4 << 20 });
    });
  }

  test("tells who asked, where, and by which interface", async () => {
    const requests: UdpRequest[] = [];
    await withServer((request) => void requests.push(request), async (server) => {
      const { socket, ask } = await client();
      ask("hello", server);
      await until(() => requests.length === 1, "request");
      const { peer, local } = requests[0]!;
      assert.deepEqual(peer, { address: "127.0.0.1", port: socket.address().port });
      assert.deepEqual({ ...local }, {
        address: "127.0.0.2",
        port: server.port,
        interfaceIndex: 1,
        interfaceName: "lo",
      });
      socket.close();
    });
  });

  test("stays silent where a handler returns nothing, and answers with nothing where it returns no bytes", async () => {
    const replies: Record<string, Uint8Array | null | undefined> = {
      undefined: undefined,
      null: null,
      empty: bytes(""),
    };
    await withServer(({ payload }) => replies[text(payload)], async (server) => {
      const { socket, answers, ask } = await client();
      for (const payload of Object.keys(replies)) ask(payload, server);
      await until(() => answers.length > 0, "answer");
      await sleep(20);
      assert.deepEqual(answers, [" from 127.0.0.2"]);
      socket.close();
    });
  });

  test("answers when a promise is settled, in any order, and its payload stays what it was", async () => {
    const waiting = new Map<string, () => void>();
    const handler = async ({ payload }: UdpRequest) => {
      const before = text(payload);
      await new Promise<void>((resolve) => waiting.set(before, resolve));
      return bytes(`${before} ${text(payload)}`);
    };
    await withServer(handler, async (server) => {
      const { socket, answers, ask } = await client();
      const payloads = Array.from({ length: 100 }, (_, i) => `${i}`.padEnd(10 + i * 7, "."));
      for (const payload of payloads) ask(payload, server);
      await until(() => waiting.size === payloads.length, "requests");
      for (const payload of payloads.toReversed()) waiting.get(payload)!();
      await until(() => answers.length === payloads.length, "answers");
      assert.deepEqual(answers, payloads.toReversed().map((payload) => `${payload} ${payload} from 127.0.0.2`));
      socket.close();
    }, { receiveBuffer: 4 << 20 });
  });

  test("hands over the datagrams of a train one by one", async () => {
    const sizes: number[] = [];
    let content = "";
    const handler = ({ payload }: UdpRequest) => {
      sizes.push(payload.length);
      content += text(payload);
      return payload.slice(0, 1);
    };
    await withServer(handler, async (server) => {
      using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
      const to = { address: "127.0.0.2", port: server.port };
      const batch = socket.batch(64);
      for (let i = 0; i < 40; i++) batch.add(bytes(`${1000 + i}`), { to });
      batch.add(bytes("end"), { to });
      assert.equal(socket.send(batch), 41);
      let answers = "";
      while (answers.length < 41) {
        assert.ok(await socket.readable());
        socket.tryReceive(batch);
        for (const { peer, payload } of datagrams(batch)) {
          assert.equal(peer.address, "127.0.0.2");
          answers += text(payload);
        }
      }
      assert.deepEqual(sizes, [...Array(40).fill(4), 3]);
      assert.equal(content, `${Array.from({ length: 40 }, (_, i) => 1000 + i).join("")}end`);
      assert.equal(answers, `${"1".repeat(40)}e`);
    });
  });

  test("an error of a handler concerns its datagram alone", async () => {
    const failures: [error: unknown, payload: string][] = [];
    const handler = ({ payload }: UdpRequest) => {
      const request = text(payload);
      if (request === "throw") throw new Error("thrown");
      if (request === "reject") return Promise.reject(new Error("rejected"));
      if (request === "nothing to catch") throw undefined;
      if (request === "text") return "text" as unknown as Uint8Array;
      if (request === "too large") return new Uint8Array(65_508);
      if (request === "far too large") return Promise.resolve(new Uint8Array(100_000));
      return payload;
    };
    const onError = (error: unknown, request?: UdpRequest) => void failures.push([error, text(request!.payload)]);
    await withServer(handler, async (server) => {
      const { socket, answers, ask } = await client();
      const bad = ["throw", "reject", "nothing to catch", "text", "too large", "far too large"];
      for (const payload of bad) {
        ask(payload, server);
        ask("fine", server);
      }
      await until(() => answers.length === 6 && failures.length === 6, "answers and failures");
      assert.deepEqual(answers, Array(6).fill("fine from 127.0.0.2"));
      const found = new Map(failures.map(([error, payload]) => [payload, error]));
      assert.equal(found.size, 6);
      assert.equal((found.get("throw") as Error).message, "thrown");
      assert.equal((found.get("reject") as Error).message, "rejected");
      assert.equal(found.get("nothing to catch"), undefined);
      for (const [payload, code] of [["text", "EINVAL"], ["too large", "EMSGSIZE"], ["far too large", "EMSGSIZE"]]) {
        const error = found.get(payload!);
        assert.ok(error instanceof SystemError);
        assert.deepEqual([error.code, error.syscall], [code, "sendmmsg"]);
      }
      socket.close();
    }, { onError });
  });

  test("does not answer source port 0, and is not troubled by it", { skip: noForgery }, async () => {
    const failures: unknown[] = [];
    const requests: UdpRequest[] = [];
    const handler = (request: UdpRequest) => {
      requests.push(request);
      return request.payload;
    };
    await withServer(handler, async ({ port }) => {
      await forge(["127.0.0.1", 0], ["127.0.0.2", port], { payload: "hello" });
      await until(() => requests.length === 1, "request");
      assert.equal(requests[0]!.peer.port, 0);
      await assertEchoed("127.0.0.1", port);
      assert.deepEqual(failures, []);
    }, { onError: (error) => void failures.push(error) });
  });
});

test("serve tells `onError` of an error that a reception meets", async () => {
  const stop = new AbortController();
  const closed = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  closed.close();
  let asking: ReturnType<typeof setInterval> | undefined;
  let told: unknown[] = [];
  await serve({
    port: 0,
    address: "127.0.0.1",
    signal: stop.signal,
    onListen: ({ socket, send }) => {
      socket.connect(closed.local);
      // The kernel limits ICMP errors a second, and other tests cause many.
      const ask = () => send(bytes("x"), { to: closed.local });
      ask();
      asking = setInterval(ask, 100);
    },
    onError: (error, request) => {
      const { message, syscall } = error as SystemError;
      // On a busy machine the next request hears of the refusal first.
      if (syscall === "sendmmsg") return;
      told = [message, request];
      stop.abort();
    },
  }, () => {});
  clearInterval(asking);
  assert.deepEqual(told, ["recvmmsg: connection refused (ECONNREFUSED)", undefined]);
});

describe("serve stops", () => {
  /** Has so many datagrams wait at a port together; the payload of each is its number, a byte. */
  function askAtOnce(count: number, port: number): void {
    using sender = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const batch = sender.batch(count);
    for (let i = 0; i < count; i++) batch.add(new Uint8Array([i]), { to: { address: "127.0.0.1", port } });
    assert.equal(sender.send(batch), count);
  }

  test("by its signal: the port is free again, and what is not answered by then is not answered", async () => {
    let settle = () => {};
    const handler = () => new Promise<Uint8Array>((resolve) => settle = () => resolve(bytes("late")));
    const server = start(handler);
    const { socket, answers, ask } = await client();
    const idle = settle;
    ask("x", server);
    await until(() => settle !== idle, "request");
    await server.stop();
    using _again = UdpSocket.bind({ port: server.port });
    settle();
    await sleep(20);
    assert.deepEqual(answers, []);
    socket.close();
  });

  test("by a handler: what it answers still goes out", async () => {
    const controller = new AbortController();
    const server = start(() => {
      controller.abort();
      return bytes("bye");
    }, { signal: controller.signal });
    const { socket, answers, ask } = await client();
    ask("x", server);
    await server.end;
    await until(() => answers.length === 1, "answer");
    assert.deepEqual(answers, ["bye from 127.0.0.2"]);
    socket.close();
  });

  test("before it starts, by a signal that is aborted", async () => {
    const onListen = () => assert.fail("it listens");
    await serve({ port: 0, signal: AbortSignal.abort(), onListen }, () => {});
    using other = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    // It does not even bind the port.
    await serve({ ...other.local, signal: AbortSignal.abort(), onListen }, () => {});
  });

  test("when its socket is closed", async () => {
    const server = start(() => {});
    server.socket.close();
    await server.end;
  });

  test("when a handler closes it: no other is called, and no error comes of it", async () => {
    let calls = 0;
    const server = start(() => {
      calls++;
      server.socket.close();
      return bytes("x");
    }, { onError: (error) => assert.fail(`${error}`) });
    askAtOnce(200, server.port);
    await server.end;
    assert.equal(calls, 1);
  });

  test("with what `onError` throws of a reply that could not be sent, once", async () => {
    const seen: unknown[] = [];
    const server = start(({ payload }) => payload[0] === 0 ? new Uint8Array(65_508) : payload, {
      onError: (error, request) => {
        seen.push([(error as SystemError).code, request?.payload[0]]);
        throw new RangeError("onError");
      },
    });
    askAtOnce(200, server.port);
    await assert.rejects(server.end, RangeError);
    assert.deepEqual(seen, [["EMSGSIZE", 0]]);
  });

  test("with what `onListen` throws, and with the socket closed", async () => {
    let socket: UdpSocket | undefined;
    const onListen = ({ socket: listening }: UdpServer) => {
      socket = listening;
      throw new RangeError("no");
    };
    await assert.rejects(serve({ port: 0, onListen }, () => {}), RangeError);
    assert.equal(socket!.fd, -1);
  });

  for (
    const [kind, handler] of [
      ["a handler", () => {
        throw new Error("handler");
      }],
      ["an async handler", () => Promise.reject(new Error("handler"))],
    ] as const
  ) {
    test(`with what \`onError\` throws: ${kind}`, async () => {
      const server = start(handler, {
        onError: (error) => {
          throw new RangeError("onError", { cause: error });
        },
      });
      const { socket, ask } = await client();
      ask("x", server);
      await assert.rejects(server.end, RangeError);
      assert.equal(server.socket.fd, -1);
      socket.close();
    });
  }

  test("where the address is taken: EADDRINUSE", async () => {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const options = { port: socket.port, address: "127.0.0.1" };
    await assert.rejects(serve(options, () => {}), { name: "SystemError", code: "EADDRINUSE", syscall: "bind" });
  });
});

describe("beside serve", () => {
  test("timers and other servers go on, also under load", { ...LONG, skip: noCompiler }, async () => {
    const http = createServer((_request, response) => response.end("here"));
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    const address = http.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}/`;
    let requests = 0;
    const handler = ({ payload }: UdpRequest) => {
      requests++;
      return payload;
    };
    await withServer(handler, async ({ port }) => {
      let ticks = 0;
      const ticking = setInterval(() => ticks++, 5);
      assert.equal(await (await fetch(url)).text(), "here");
      await until(() => ticks > 3, "ticks while nothing comes");

      const load = send("127.0.0.1", port, { duration: 1000, window: 64, timeout: 5000 });
      await until(() => requests > 1000, "load");
      const before = ticks;
      for (let i = 0; i < 5; i++) assert.equal(await (await fetch(url)).text(), "here");
      await until(() => ticks > before + 3, "ticks under load");
      const { received } = await load;
      assert.ok(received > 1000);
      clearInterval(ticking);
    });
    http.close();
    http.closeAllConnections();
  });

  test("other instances of serve go on, each on its own port", { skip: noCompiler }, async () => {
    const servers = Array.from({ length: 10 }, () => start(({ payload }) => payload));
    await Promise.all(servers.map(({ port }) => assertEchoed("127.0.0.2", port, { count: 100, window: 4 })));
    await Promise.all(servers.map((server) => server.stop()));
  });

  test("nothing is left: the process ends, and errors without `onError` are on the console", LONG, async () => {
    const file = joinPath(temporaryFolder(), "server.ts");
    writeFileSync(
      file,
      `
      import { serve } from ${JSON.stringify(joinPath(ROOT, "src/mod.ts"))};
      const stop = new AbortController();
      await serve({
        port: 0,
        address: "127.0.0.1",
        signal: stop.signal,
        onListen: ({ socket }) => {
          setTimeout(() => socket.sendTo(new Uint8Array(1), { to: { address: "127.0.0.1", port: socket.port } }), 50);
        },
      }, () => {
        setTimeout(() => stop.abort(), 20);
        throw new Error("thrown on purpose");
      });
      console.log("stopped");
      `,
    );
    const { code, stdout, stderr } = await run(commandLine(file, []));
    assert.deepEqual([code, stdout], [0, "stopped\n"]);
    assert.match(stderr, /thrown on purpose/);
  });
});

describe("serve: more than a reply", () => {
  /** A socket that collects what it receives. */
  function collector() {
    const socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const received: string[] = [];
    void (async () => {
      for await (const { payload, peer } of socket) received.push(`${text(payload)} from ${peer.address}`);
    })();
    /** All that it has received before this call. */
    const all = async () => {
      using other = UdpSocket.bind({ port: 0, address: "127.0.0.2" });
      other.sendTo(bytes("end"), { to: { address: "127.0.0.1", port: socket.port } });
      await until(() => received.at(-1) === "end from 127.0.0.2", "the last datagram");
      return received.slice(0, -1);
    };
    return { socket, received, all };
  }

  test("several replies and later ones, all of them from the address asked", async () => {
    const { socket, received } = collector();
    const handler: UdpHandler = ({ reply, payload }) => {
      reply(bytes("first"));
      setTimeout(() => reply(bytes("later")), 5);
      return payload;
    };
    await withServer(handler, async ({ port }) => {
      socket.sendTo(bytes("second"), { to: { address: "127.0.0.3", port } });
      await until(() => received.length === 3, "three replies");
      assert.deepEqual(received, ["first", "second", "later"].map((word) => `${word} from 127.0.0.3`));
    });
    socket.close();
  });

  test("what each request tells, and what a handler may send to others", async () => {
    const { socket, received } = collector();
    const seen: UdpRequest[] = [];
    const handler: UdpHandler = (request, { send }) => {
      seen.push(request);
      if (seen.length < 2) return;
      send(bytes("to the first"), seen[0]!.path);
      send(bytes("by route"), { to: request.peer, from: "127.0.0.9" });
    };
    const start = Date.now();
    await withServer(handler, async ({ port }) => {
      for (const word of ["one", "two"]) socket.sendTo(bytes(word), { to: { address: "127.0.0.2", port } });
      await until(() => received.length === 2, "two datagrams");
      assert.deepEqual(received.sort(), ["by route from 127.0.0.9", "to the first from 127.0.0.2"]);
      const [{ destination, arrival, trafficClass, hopLimit, path, peer, local }] = seen as [UdpRequest];
      assert.deepEqual([destination, trafficClass, hopLimit], [UNICAST, 0, 64]);
      if (arrival !== undefined) assert.ok(arrival > start - 2 && arrival < Date.now() + 2);
      assert.deepEqual([path.peer, path.local], [peer, local]);
      // A handler may keep them: they are the same objects for each request of a path, and nobody can change them.
      assert.ok(Object.isFrozen(peer) && Object.isFrozen(local));
    }, { receiveArrival: true, receiveHopLimit: true, receiveTrafficClass: true });
    socket.close();
  });

  test("no more pending handlers than maxPending: what comes beyond is dropped, and counted", async () => {
    const { socket, received } = collector();
    const finish: (() => void)[] = [];
    let state: UdpServer | undefined;
    const handler: UdpHandler = ({ payload }) =>
      new Promise<Uint8Array>((resolve) => finish.push(() => resolve(payload)));
    const stop = new AbortController();
    const end = serve({
      port: 0,
      maxPending: 3,
      signal: stop.signal,
      onListen: (server) => {
        state = server;
        for (let i = 0; i < 10; i++) {
          socket.sendTo(bytes(`${i}`), { to: { address: "127.0.0.1", port: server.socket.port } });
        }
      },
    }, handler);
    await until(() => state!.dropped === 7, "seven dropped");
    assert.deepEqual([state!.pending, finish.length], [3, 3]);
    for (const each of finish) each();
    await until(() => received.length === 3, "three replies");
    assert.equal(state!.pending, 0);
    stop.abort();
    await end;
    socket.close();
  });

  for (const [drainMilliseconds, expected] of [[0, []], [1_000_000, ["late from 127.0.0.1"]]] as const) {
    test(`stopped with ${drainMilliseconds} ms to drain: ${expected.length} late replies`, LONG, async () => {
      const { socket, all } = collector();
      const stop = new AbortController();
      let reply = (_: Uint8Array) => {};
      const end = serve({
        port: 0,
        drainMilliseconds,
        signal: stop.signal,
        onListen: ({ socket: { port } }) => socket.sendTo(bytes("x"), { to: { address: "127.0.0.1", port } }),
      }, () => {
        setTimeout(() => stop.abort(), 10);
        return new Promise<Uint8Array>((resolve) => reply = resolve);
      });
      await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
      // Without time to drain, it ends before the reply. Else it waits for it, and no longer: the time is beyond that of the test.
      if (drainMilliseconds === 0) await end;
      reply(bytes("late"));
      await end;
      assert.deepEqual(await all(), expected);
      socket.close();
    });
  }

  for (const [drainMilliseconds, late] of [[0, []], [5000, ["late from 127.0.0.1"]]] as const) {
    test(`a reply of the handler that has stopped it, with ${drainMilliseconds} ms to drain: ${late.length}`, async () => {
      const { socket, all } = collector();
      const stop = new AbortController();
      await serve({
        port: 0,
        drainMilliseconds,
        signal: stop.signal,
        onListen: ({ socket: { port } }) => socket.sendTo(bytes("x"), { to: { address: "127.0.0.1", port } }),
      }, () => {
        stop.abort();
        return Promise.resolve(bytes("late"));
      });
      assert.deepEqual(await all(), late);
      socket.close();
    });
  }

  test("drains no longer than it may", async () => {
    const stop = new AbortController();
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    const handler: UdpHandler = () => {
      stop.abort();
      return new Promise<never>(() => {});
    };
    await serve({
      port: 0,
      drainMilliseconds: 30,
      signal: stop.signal,
      onListen: ({ socket: { port } }) => socket.sendTo(bytes("x"), { to: { address: "127.0.0.1", port } }),
    }, handler);
  });

  test("guard: two servers that answer anything do not exchange datagrams without end", async () => {
    const counts = [0, 0];
    const stop = new AbortController();
    const states: UdpServer[] = [];
    const servers = counts.map((_, i) =>
      serve({
        port: i === 0 ? 0 : states[0]!.socket.port,
        address: `127.0.0.${5 + i}`,
        signal: stop.signal,
        onListen: (server) => void states.push(server),
      }, ({ payload }) => {
        counts[i]!++;
        return payload;
      })
    );
    const [first, second] = states.map(({ socket }) => socket) as [UdpSocket, UdpSocket];
    // What a forged datagram from the second server does.
    second.sendTo(bytes("loop"), { to: first.local });
    await until(() => states[0]!.refused === 1, "refusal");
    await sleep(20);
    assert.deepEqual(counts, [1, 0]);
    stop.abort();
    await Promise.all(servers);
  });

  test("guard: ports of services, unless it is switched off", { skip: noForgery }, async () => {
    for (const guard of [true, false]) {
      let state: UdpServer | undefined;
      let handled = 0;
      const options = { guard, onListen: (server: UdpServer) => void (state = server), address: "127.0.0.1" };
      const stop = new AbortController();
      const end = serve({ port: 0, signal: stop.signal, ...options }, ({ payload }) => {
        handled++;
        return payload;
      });
      const { port } = state!.socket;
      for (const source of [53, 1900, 11_211]) await forge(["127.0.0.1", source], ["127.0.0.1", port], { size: 8 });
      await until(() => handled === 3, "three requests");
      assert.equal(state!.refused, guard ? 3 : 0);
      stop.abort();
      await end;
    }
  });
});

describe("serve on a host with many addresses", { skip: noHosts || noCompiler }, () => {
  const PORT = 5300;

  test("answers from each, also later, and to broadcast and multicast by the interface asked", LONG, async () => {
    const hosts: Host[] = await Promise.all([host(), host()]);
    const [client, target] = hosts as [Host, Host];
    let server: Process | undefined;
    try {
      join([client, "eth0"], [target, "eth0"]);
      for (const address of ["192.0.2.100/24", "2001:db8::100/64"]) client.addAddress(address, "eth0");
      for (const address of ["192.0.2.1/24", "192.0.2.2/24", "2001:db8::1/64", "2001:db8::2/64"]) {
        target.addAddress(address, "eth0");
      }
      target.run("ip route add local 203.0.113.0/24 dev lo; ip -6 route add local 2001:db8:1::/48 dev lo");
      client.run("ip route add 203.0.113.0/24 via 192.0.2.1; ip route add 2001:db8:1::/48 via 2001:db8::1");
      const file = joinPath(temporaryFolder(), "server.ts");
      writeFileSync(
        file,
        `
        import { serve } from ${JSON.stringify(joinPath(ROOT, "src/mod.ts"))};
        await serve({ port: ${PORT}, onListen: () => console.log("ready") }, async ({ payload, local }) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          console.log("asked at", local.address, "on", local.interfaceName);
          return payload;
        });
        `,
      );
      server = new Process(target.command(commandLine(file, [])));
      await server.waitFor(() => server!.stdout.includes("ready"), "ready line");
      const linkLocal = `${target.linkLocal("eth0")}%eth0`;
      const addresses = [
        "192.0.2.1",
        "192.0.2.2",
        "203.0.113.7",
        "2001:db8::1",
        "2001:db8::2",
        "2001:db8:1::7",
        linkLocal,
      ];
      for (const address of addresses) {
        await assertEchoed(address, PORT, { host: client, count: 3 });
        const asked = `asked at ${address} on `;
        await server.waitFor(() => server!.stdout.includes(asked), asked);
      }
      const [, name] = /asked at 192\.0\.2\.1 on (.+)/.exec(server.stdout)!;
      assert.equal(name, "eth0");

      const everyone = { host: client, unconnected: true, count: 3 } as const;
      assert.equal((await send("192.0.2.255", PORT, { ...everyone })).received, 3, "broadcast");
      assert.equal((await send("ff02::1%eth0", PORT, { ...everyone })).received, 3, "multicast");
      assert.match(server.stdout, /asked at ::%eth0 on eth0/);
    } finally {
      await server?.kill();
      for (const host of hosts) await host.remove();
    }
  });
});
