/** Calls of every export, method and getter of the library. */
import * as library from "../../src/mod.ts";
import { ErrorQueue, MessageBatch, Path, UdpSocket } from "../../src/mod.ts";
import { add, isSocket, markForSend, path, portOf, property, receive, send, sendTo } from "./intrinsics.ts";
import { AF_INET, AF_INET6, type World } from "./world.ts";

/** Methods that are called more often. */
const INTERESTING = [
  "sendTo",
  "receive",
  "send",
  "add",
  "add",
  "setPayload",
  "markForSend",
  "path",
  "connect",
  "readable",
  "writable",
  "tryReceive",
  "joinGroup",
  "set",
  "setTrafficClass",
];

/** Kinds of arguments by method. */
const SOCKET_ARGUMENTS: Record<string, string> = {
  default: "none",
  set: "options",
  setOption: "level option value",
  getOption: "level option",
  joinGroup: "group groupOptions",
  leaveGroup: "group groupOptions",
  path: "route",
  tryReceive: "batch",
  readable: "wait",
  writable: "wait",
  batch: "capacity",
  connect: "endpoint",
  sendTo: "payload route",
  setReceiveTimeout: "number",
  receive: "batch flag",
  send: "message",
  failed: "any",
};
const BATCH_ARGUMENTS: Record<string, string> = {
  default: "index",
  shorten: "index number",
  setPayload: "index payload",
  setTrafficClass: "index number",
  payload: "index number",
  payloadOffset: "index number",
  payloadSize: "index number",
  clear: "none",
  add: "payload route",
  path: "index any",
};

/** Calls a method, a getter or a setter of the library, whatever the object overrides. */
export function callMethod(world: World, target: UdpSocket | MessageBatch): void {
  const { random } = world;
  const [prototype, shapes] = isSocket(target)
    ? [random.chance(0.5) ? UdpSocket.prototype : library.BatchSocket.prototype, SOCKET_ARGUMENTS]
    : [MessageBatch.prototype, BATCH_ARGUMENTS];
  let self: unknown = target;
  let key = random.pick(keysOf(prototype).filter((key) => key !== "constructor"));
  // Closed sockets make dull worlds, and most getters are plain.
  if (key === "close" || key === Symbol.dispose || random.chance(0.5)) {
    key = random.pick(INTERESTING.filter((key) => Object.hasOwn(prototype, key)));
  }
  const name = String(key);
  if (random.chance(0.02)) self = world.values.anything();
  const { value, get } = property(prototype, key);
  const method = value as unknown;
  if (get !== undefined) return world.attempt(`get ${name}`, () => get.call(self) as unknown);
  if (typeof method !== "function") return;
  const shape = shapes[name] ?? shapes.default!;
  const args = shape.split(" ").map((kind) => argument(world, kind));
  if (random.chance(0.03)) args.length = random.between(0, args.length);
  // A reception that waits for ever is no defect.
  if (name === "receive" && Boolean(args[1])) shortenTimeout(self);
  world.attempt(`${name}(${args.map(describe).join(", ")})`, () => Reflect.apply(method, self, args) as unknown);
  if (name === "setReceiveTimeout") shortenTimeout(self);
}

/** The names of the methods and getters of a class, with those that it inherits. */
function keysOf(prototype: object): PropertyKey[] {
  const inherited = Object.getPrototypeOf(prototype) as object;
  return [...Reflect.ownKeys(prototype), ...inherited === Object.prototype ? [] : keysOf(inherited)];
}

/** The shortest time for receptions that wait. */
function shortenTimeout(target: unknown): void {
  try {
    UdpSocket.prototype.setReceiveTimeout.call(target as UdpSocket, 1);
  } catch {
    // It is closed, or no socket.
  }
}

function argument(world: World, kind: string): unknown {
  const { random } = world;
  if (random.chance(0.08)) return world.values.anything();
  switch (kind) {
    case "payload":
      return world.values.payload();
    case "route":
      return world.values.route();
    case "endpoint":
      return world.values.endpoint();
    case "index":
      return world.values.index();
    case "number":
      return world.values.number();
    case "capacity":
      return random.chance(0.9) ? random.between(1, 8) : world.values.number();
    case "level":
      return random.pick([0, 1, 17, 41, 41, 0]);
    case "option":
      return random.between(0, 110);
    case "value":
      return random.chance(0.7) ? world.values.number() : world.values.payload();
    case "options":
      return world.values.hostile(world.values.bindOptions());
    case "group":
      return random.pick(["224.0.0.251", "ff02::fb%lo", "232.1.2.3", "ff35::1", "127.0.0.1"]);
    case "groupOptions":
      return world.values.hostile({
        interface: random.pick(["lo", 1, undefined, world.values.anything()]),
        source: undefined,
      });
    case "wait":
      return world.values.hostile({
        signal: random.chance(0.5) ? AbortSignal.timeout(5) : world.values.anything(),
        timeoutMilliseconds: random.pick([0, 1, 5, undefined, world.values.number()]),
      });
    case "message":
      return random.chance(0.5) ? world.batch() : world.values.payload();
    case "batch":
      return world.batch();
    case "socket":
      return world.socket();
    case "flag":
      return random.chance(0.1);
    case "none":
      return undefined;
    default:
      return world.values.anything();
  }
}

/** Calls a constructor, a static method or a function. */
export function callExport(world: World): void {
  const { random } = world;
  const values = world.values;
  const several = () => Array.from({ length: random.between(0, 3) }, () => values.anything());
  const fd = () => random.chance(0.3) ? world.socket().fd : values.number();
  const calls: Record<string, () => unknown> = {
    bind: () => UdpSocket.bind(values.hostile(values.bindOptions()) as never),
    adopt: () => UdpSocket.adopt(fd(), values.hostile({ receiveBuffer: values.number() })),
    "adopt anything": () => Reflect.apply(UdpSocket.adopt, undefined, several()),
    "bind anything": () => Reflect.apply(UdpSocket.bind, undefined, several()),
    "new UdpSocket": () =>
      Reflect.construct(UdpSocket, random.chance(0.5) ? several() : [values.anything(), forged(world), true]),
    "new MessageBatch": () =>
      Reflect.construct(MessageBatch, [
        random.pick([AF_INET, AF_INET6, values.anything()]),
        argument(world, "capacity"),
      ]),
    "new Path": () => Reflect.construct(Path, random.chance(0.5) ? several() : [values.anything(), forged(world), 0]),
    "new ErrorQueue": () => Reflect.construct(ErrorQueue, several()),
    "receive errors": () =>
      new ErrorQueue().receive(random.chance(0.8) ? world.socket() : values.anything() as UdpSocket),
    SystemError: () => Reflect.construct(library.SystemError, several()),
    LibraryError: () => Reflect.construct(library.LibraryError, several()),
    parseAddress: () =>
      Reflect.apply(library.parseAddress, undefined, [random.chance(0.5) ? values.text() : several()]),
    formatAddress: () => Reflect.apply(library.formatAddress, undefined, several()),
  };
  const name = random.pick(Object.keys(calls));
  world.attempt(name, calls[name]!);
}

/** What a private constructor of the library takes, as far as a stranger can guess it. */
function forged(world: World): object {
  const { random } = world;
  const values = world.values;
  const real = world.socket();
  const of = (value: unknown) => random.chance(0.5) ? value : values.anything();
  const fields = { domain: of(AF_INET), family: of(AF_INET), dualStack: of(false), segmentation: of(true) };
  const arrays = { ports: of([values.anything()]), addresses: of(new Int32Array(8)), scopes: [0], interfaces: [0] };
  return { fd: of(real.fd), notices: [], receiveBuffer: 0, ...fields, ...arrays, peerWord: () => values.anything() };
}

/** Sends hostile payloads along plain routes, and receives, so that a batch has messages. */
export function exchange(world: World): void {
  const { random } = world;
  const socket = world.socket();
  const batch = world.batch();
  world.attempt("exchange", () => {
    const to = { address: "127.0.0.1", port: portOf(socket) };
    for (let i = random.between(1, 3); i > 0; i--) sendTo.call(socket, world.values.payload() as Uint8Array, { to });
    return receive.call(socket, batch, false);
  });
  world.attempt("answer", () => {
    const to = { address: "127.0.0.1", port: world.receiver.port };
    if (random.chance(0.5)) markForSend.call(batch, 0);
    for (let i = random.between(1, 3); i > 0; i--) add.call(batch, world.values.payload() as Uint8Array, { to });
    return send.call(socket, batch);
  });
  world.attempt("path", () => path.call(batch, 0));
}

function describe(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : typeof value;
}
