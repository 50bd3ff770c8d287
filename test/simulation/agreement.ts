/**
 * What the library does on a kernel, told as JSON: on the real one, or with the argument `simulated` on the model. A test
 * requires that both say the same, so that the model is one of the kernel. The host must be that of the test.
 */
import process from "node:process";
import { useRuntime } from "../../ffi/runtime.ts";
import { enter, simulatedRuntime, simulateGlobals } from "./runtime.ts";
import { World } from "./world.ts";

type Library = typeof import("../../src/mod.ts");
/** What was seen, by name. */
type Observations = Record<string, unknown>;

const IPPROTO_IP = 0;
const IPPROTO_UDP = 17;
const IPPROTO_IPV6 = 41;
const SOL_SOCKET = 1;
const bytes = (size: number, value = 1) => new Uint8Array(size).fill(value);

/** Tries all that the model and the kernel may differ in. */
async function observe({ UdpSocket, ErrorQueue, SystemError }: Library): Promise<Observations> {
  const seen: Observations = {};
  const code = (action: () => void) => {
    try {
      action();
      return "";
    } catch (error) {
      if (error instanceof SystemError) return error.code;
      throw error;
    }
  };
  type Socket = ReturnType<typeof UdpSocket.bind>;
  const received = (socket: Socket) => {
    const batch = socket.batch(16);
    const count = socket.receive(batch, false);
    if (count < 0) return count;
    return Array.from({ length: count }, (_, i) => [
      ...[batch.peer(i).address, batch.localAddress(i), batch.interfaceName(i), batch.destination(i)],
      ...[batch.size(i), batch.segmentSize(i), batch.datagrams(i), batch.payload(i)[0]],
    ]);
  };
  const errors = (socket: Socket) =>
    new ErrorQueue().receive(socket).map((entry) =>
      entry.kind === "departure" ? ["departure", entry.index] : [
        ...[entry.errno, entry.icmp, entry.reporter?.bytes.join("."), entry.mtu, entry.quoted.length],
      ]
    );
  const port = 7000;
  const endpoints = [
    ["127.0.0.1", "127.0.0.5"],
    ["192.0.2.10", "192.0.2.10"],
    ["192.0.2.10", "127.0.0.1"],
    ["::1", "::1"],
    ["2001:db8:2::10", "2001:db8:2::10"],
    ["::1", "2001:db8:ffff::5"],
    ["fe80::20%eth0", "fe80::20%eth0"],
  ] as const;

  for (const [client, server] of endpoints) {
    using dual = UdpSocket.bind({ port });
    using asking = UdpSocket.bind({ port: 0, address: client });
    asking.sendTo(bytes(100), { to: { address: server, port } });
    asking.sendTo(new Uint8Array(), { to: { address: server, port } });
    const batch = dual.batch(1);
    await dual.readable();
    dual.receive(batch, false);
    batch.markForSend(0);
    const answered = dual.send(batch);
    seen[`${client} asks ${server}`] = [batch.peer(0).address, batch.localAddress(0), answered, received(dual)];
    seen[`${client} is answered by ${server}`] = received(asking);
    seen[`nothing is left for ${client}`] = received(asking);
  }

  for (
    const [address, size] of [["127.0.0.1", 65_507], ["127.0.0.1", 65_508], ["::1", 65_527], ["::1", 65_528]] as const
  ) {
    using socket = UdpSocket.bind({ port: 0, address });
    seen[`${size} bytes to ${address}`] = code(() => socket.sendTo(bytes(size), { to: { address, port } }));
  }
  for (const [address, size] of [["192.0.2.99", 1472], ["192.0.2.99", 1473], ["2001:db8:2::99", 1453]] as const) {
    using socket = UdpSocket.bind({ port: 0, family: address.includes(":") ? 6 : 4 });
    const send = () => code(() => socket.sendTo(bytes(size), { to: { address, port } }));
    const free = send();
    const ipv6 = address.includes(":");
    socket.setOption(ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? 25 : 11, 1);
    socket.setOption(ipv6 ? IPPROTO_IPV6 : IPPROTO_IP, ipv6 ? 23 : 10, 3);
    seen[`${size} bytes to ${address}, unfragmented`] = [free, send(), errors(socket)];
  }

  using six = UdpSocket.bind({ port: 0, family: 6 });
  using four = UdpSocket.bind({ port: 0, family: 4 });
  using dual = UdpSocket.bind({ port: 0 });
  const send = (socket: Socket, address: string, from?: string) =>
    code(() => socket.sendTo(bytes(1), { to: { address, port }, from }));
  seen["the other family"] = [send(six, "127.0.0.1"), send(four, "::1"), send(dual, "127.0.0.1")];
  seen["a broadcast"] = [send(four, "255.255.255.255"), send(four, "192.0.2.255")];
  seen["a source that is not there"] = [send(four, "127.0.0.1", "192.0.2.66"), send(six, "::1", "2001:db8:2::66")];
  seen["a source by a route"] = [send(four, "127.0.0.1", "127.9.9.9"), send(six, "::1", "2001:db8:ffff::9")];
  seen["a bind that can't be"] = ["192.0.2.66", "2001:db8:2::66", "fe80::66%eth0"].map((address) =>
    code(() => UdpSocket.bind({ port: 0, address }).close())
  );
  seen["a port that is taken"] = code(() => UdpSocket.bind({ port: dual.port }).close());

  for (const [address, level, name] of [["127.0.0.1", IPPROTO_IP, 11], ["::1", IPPROTO_IPV6, 25]] as const) {
    using socket = UdpSocket.bind({ port: 0, address });
    socket.setOption(level, name, 1);
    const to = { to: { address, port: 9 } };
    const first = code(() => socket.sendTo(bytes(40, 7), to));
    const second = code(() => socket.sendTo(bytes(40, 8), to));
    seen[`errors from ${address}`] = [first, second, errors(socket), received(socket), errors(socket)];
    using connected = UdpSocket.bind({ port: 0, address });
    connected.connect({ address, port: 9 });
    const results = [0, 1, 2].map(() => code(() => connected.sendTo(bytes(1), to)));
    seen[`a connected socket at ${address}`] = [results, received(connected), received(connected)];
  }

  using timed = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  const TIMESTAMPS = 0x2 | 0x8 | 0x10 | 0x80 | 0x800;
  const self = { to: { address: "127.0.0.1", port: timed.port } };
  for (const round of ["first", "second"]) {
    timed.setOption(SOL_SOCKET, 37, TIMESTAMPS);
    for (let i = 0; i < 3; i++) timed.sendTo(bytes(1, i), self);
    seen[`departures of the ${round} round`] = [errors(timed), received(timed)];
    timed.setOption(SOL_SOCKET, 37, 0);
  }

  for (const gro of [0, 1]) {
    using train = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
    train.setOption(IPPROTO_UDP, 104, gro);
    const batch = train.batch(8);
    const to = { to: { address: "127.0.0.1", port: train.port } };
    for (const size of [500, 500, 500, 200, 300, 0, 300, 300]) batch.add(bytes(size), to);
    seen[`a train, received ${gro === 1 ? "whole" : "one by one"}`] = [train.send(batch), received(train)];
  }
  {
    const batch = four.batch(3);
    for (let i = 0; i < 3; i++) batch.add(bytes(2000), { to: { address: "192.0.2.99", port } });
    seen["a train that exceeds the MTU"] = [four.send(batch), four.failed(90), four.failed(22)];
  }

  using small = UdpSocket.bind({ port: 0, address: "127.0.0.1", receiveBuffer: 4096 });
  const asked = [0, 4096, 1 << 16, 1 << 20].map((receiveBuffer) => {
    using socket = UdpSocket.bind({ port: 0, address: "127.0.0.1", receiveBuffer });
    return socket.receiveBuffer;
  });
  for (let i = 0; i < 100; i++) small.sendTo(bytes(100), { to: { address: "127.0.0.1", port: small.port } });
  let taken = 0;
  for (let found = received(small); Array.isArray(found); found = received(small)) taken += found.length;
  seen["a small buffer"] = [asked, taken > 0, small.drops() > 0, taken + small.drops()];
  small.setReceiveTimeout(20);
  seen["nothing in time"] = small.receive(small.batch(1), true);

  using chosen = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  using other = UdpSocket.bind({ port: 0, address: "127.0.0.1" });
  dual.connect({ address: "127.0.0.1", port: chosen.port });
  const toDual = { to: { address: "127.0.0.1", port: dual.port } };
  other.sendTo(bytes(1), toDual);
  chosen.sendTo(bytes(2), toDual);
  seen["a connected socket hears its peer alone"] = received(dual);
  const waiting = six.readable();
  six.close();
  seen["a wait ends with its socket"] = await waiting;
  return seen;
}

const simulated = process.argv[2] === "simulated";
if (simulated) {
  useRuntime(simulatedRuntime);
  simulateGlobals();
  const calm = {
    interrupt: 0,
    interruptOutput: 0,
    partialReceive: 0,
    receive: 0,
    partialSend: 0,
    send: 0,
    cutControl: 0,
    departure: 0,
  };
  const world = new World({
    seed: 1,
    interfaces: [
      { index: 1, name: "lo", mtu: 65_536, addresses: ["127.0.0.1/8", "::1/128"], segmentation: true },
      {
        index: 2,
        name: "eth0",
        mtu: 1500,
        addresses: ["192.0.2.10/24", "2001:db8:2::10/64", "fe80::20/64"],
        segmentation: true,
      },
    ],
    capabilities: { bufferMax: 212_992, admin: true, trains: true },
    faults: calm,
    reportsSegmentSize: true,
    outputs: ["pipe", "pipe"],
    canReopen: true,
    environment: {},
  });
  enter(world);
  world.network.paths.set("192.0.2.99", { absent: true });
  world.network.paths.set("2001:db8:2::99", { absent: true });
  const library = await import("../../src/mod.ts");
  console.log(JSON.stringify(await world.loop.run(observe(library))));
} else {
  console.log(JSON.stringify(await observe(await import("../../src/mod.ts"))));
}
process.exit(0);
