/** One round: a world of sockets and batches, random calls, hostile acts in the middle of them, and what must hold. */
import assert from "node:assert/strict";
import * as library from "../../src/mod.ts";
import { ErrorQueue, MessageBatch, Path, UdpSocket } from "../../src/mod.ts";
import { Random } from "../simulation/random.ts";
import { CANARY, GIVEN, isGiven, type Surroundings, Values } from "./values.ts";

const AF_INET = 2;
const AF_INET6 = 10;
/** Calls that mischief may nest. */
const DEPTH_MAX = 3;
const THINGS_MAX = 60;
/** Time for all promises of a round to settle, in milliseconds. Only a hang reaches it. */
const PATIENCE_MS = 10_000;

/** The methods as they are, whatever an object of the fuzzer overrides. */
const { close, receive, send, sendTo } = UdpSocket.prototype;
const { add } = MessageBatch.prototype;
const { fill } = Uint8Array.prototype;

/** Totals of all rounds. */
export const totals = { calls: 0, worked: 0, received: 0 };

/** Writes down a call before it is made, so that the last one is known if it ends the process. */
export type Trace = (line: string) => void;

/** The world of a round. */
export class Round implements Surroundings {
  readonly random: Random;
  readonly #values: Values;
  readonly #trace: Trace;
  readonly #sockets: UdpSocket[] = [];
  readonly #batches: MessageBatch[] = [];
  readonly #things: unknown[] = [];
  readonly #buffers: ArrayBufferLike[] = [];
  readonly #canaries: Uint8Array[] = [];
  readonly #pending: Promise<unknown>[] = [];
  readonly #stops: (() => void)[] = [];
  readonly #receiver: UdpSocket;
  readonly #received: MessageBatch;
  /** Whether servers run, whose handlers are called when the event loop has its turn. */
  readonly #serves: boolean;
  #depth = 0;
  #failure: unknown;

  constructor(seed: number, trace: Trace) {
    this.random = new Random(seed);
    this.#trace = trace;
    this.#values = new Values(this);
    this.#serves = seed % 4 === 0;
    this.#receiver = UdpSocket.bind({ port: 0, receiveBuffer: 8 << 20 });
    this.#received = this.#receiver.batch(16);
    for (const size of [64, 128, 4096, 65_728, 131_456]) this.#guard(new Uint8Array(size));
    this.#keep(new MessageBatch(this.random.pick([AF_INET, AF_INET6]), this.random.pick([1, 2, 65])));
    this.#keep(new ErrorQueue());
  }

  /** Adds sockets that are open, and batches whose memory is there. */
  #renew(): void {
    for (const address of ["127.0.0.1", undefined]) {
      const socket = UdpSocket.bind({ port: 0, address });
      this.#keep(socket);
      this.#keep(socket.batch(4));
    }
  }

  /** Runs the round; throws what did not hold. */
  async run(): Promise<void> {
    for (let step = 0; step < 60 && this.#failure === undefined; step++) {
      if (step % 8 === 0) this.#renew();
      this.#step();
      this.#drain();
      if (this.#serves && step % 5 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (const stop of this.#stops) stop();
    for (const socket of this.#sockets) close.call(socket);
    // A hostile act that was still to come must not bind another socket.
    this.#depth = DEPTH_MAX;
    await this.#settle();
    this.#drain();
    for (const canary of this.#canaries) {
      const at = firstOther(canary);
      assert.ok(at < 0, `memory that was never given changed: byte ${at} of ${canary.length}`);
    }
    close.call(this.#receiver);
    if (this.#failure !== undefined) throw this.#failure;
  }

  port(): number {
    return this.random.chance(0.6) ? this.#receiver.port : portOf(this.#socket());
  }

  /** One of the latest sockets: earlier ones are closed or ruined more often than not. */
  #socket(): UdpSocket {
    return this.random.pick(this.#sockets.slice(-4));
  }

  #batch(): MessageBatch {
    return this.random.pick(this.#batches.slice(-4));
  }

  offer(buffer: ArrayBufferLike): void {
    this.#buffers.push(buffer);
    if (this.#buffers.length > THINGS_MAX) this.#buffers.shift();
  }

  thing(): unknown {
    return this.random.pick(this.#things);
  }

  mischief(): void {
    if (this.#depth >= DEPTH_MAX) return;
    const { random } = this;
    switch (random.between(0, 9)) {
      case 0:
        this.#trace("  throws");
        throw this.#values.number() > 0 ? new TypeError("mischief") : new RangeError("mischief");
      case 1:
        this.#trace("  closes");
        close.call(this.#socket());
        break;
      case 2: {
        // The next socket gets the descriptor of the closed one.
        this.#trace("  closes and binds");
        close.call(this.#socket());
        this.#keep(UdpSocket.bind({ port: 0, address: "127.0.0.1" }));
        break;
      }
      case 3:
        this.#trace("  clears");
        MessageBatch.prototype.clear.call(this.#batch());
        break;
      case 4:
      case 5:
        this.#spoilBuffer();
        break;
      case 6:
        this.#spoilBatch(this.#batch());
        break;
      default:
        this.#step();
    }
  }

  /** One call of the library, or one hostile act between two. */
  #step(): void {
    const { random } = this;
    this.#depth++;
    try {
      const choice = random.between(0, 99);
      if (choice < 45) this.#callMethod(UdpSocket.prototype, this.#socket(), SOCKET_ARGUMENTS);
      else if (choice < 75) this.#callMethod(MessageBatch.prototype, this.#batch(), BATCH_ARGUMENTS);
      else if (choice < 82) this.#callExport();
      else if (choice < 90) this.#fill();
      else if (choice < 93) this.#spoilBuffer();
      else if (choice < 96) this.#spoilBatch(this.#batch());
      else if (choice < 98) this.#spoilThing();
      else if (this.#serves) this.#serve();
    } finally {
      this.#depth--;
    }
  }

  /** Calls a method, a getter or a setter of the library, whatever the object overrides. */
  #callMethod(prototype: object, target: object, shapes: Record<string, string>): void {
    const { random } = this;
    let key = random.pick(Reflect.ownKeys(prototype).filter((key) => key !== "constructor"));
    // Closed sockets make dull worlds, and most getters are plain.
    if (key === "close" || key === Symbol.dispose || random.chance(0.5)) {
      key = random.pick(INTERESTING.filter((key) => key in prototype));
    }
    const name = String(key);
    if (random.chance(0.02)) target = Object(this.#values.anything()) as object;
    const { value, get } = Object.getOwnPropertyDescriptor(prototype, key)!;
    const method = value as unknown;
    if (get !== undefined) return this.#attempt(`get ${name}`, () => get.call(target) as unknown);
    if (typeof method !== "function") return;
    const shape = shapes[name] ?? shapes.default!;
    const args = shape.split(" ").map((kind) => this.#argument(kind));
    if (random.chance(0.03)) args.length = random.between(0, args.length);
    // A reception that waits for ever is no defect.
    if (name === "receive" && Boolean(args[1])) this.#setTimeout(target);
    this.#attempt(`${name}(${args.map(describe).join(", ")})`, () => Reflect.apply(method, target, args) as unknown);
    if (name === "setReceiveTimeout") this.#setTimeout(target);
  }

  /** The shortest time for receptions that wait. */
  #setTimeout(target: object): void {
    try {
      UdpSocket.prototype.setReceiveTimeout.call(target as UdpSocket, 1);
    } catch {
      // It is closed, or no socket.
    }
  }

  #argument(kind: string): unknown {
    const { random } = this;
    if (random.chance(0.08)) return this.#values.anything();
    switch (kind) {
      case "payload":
        return this.#values.payload();
      case "route":
        return this.#values.route();
      case "endpoint":
        return this.#values.endpoint();
      case "index":
        return this.#values.index();
      case "number":
        return this.#values.number();
      case "capacity":
        return random.chance(0.9) ? random.between(1, 8) : this.#values.number();
      case "level":
        return random.pick([0, 1, 17, 41, 41, 0]);
      case "option":
        return random.between(0, 110);
      case "batch":
        return this.#batch();
      case "socket":
        return this.#socket();
      case "flag":
        return random.chance(0.1);
      case "none":
        return undefined;
      default:
        return this.#values.anything();
    }
  }

  #callExport(): void {
    const { random } = this;
    const values = this.#values;
    const several = () => Array.from({ length: random.between(0, 3) }, () => values.anything());
    const fd = () => random.chance(0.3) ? this.#socket().fd : values.number();
    const calls: Record<string, () => unknown> = {
      bind: () => UdpSocket.bind(values.hostile(values.bindOptions()) as never),
      adopt: () => UdpSocket.adopt(fd(), values.hostile({ receiveBuffer: values.number() })),
      "adopt anything": () => Reflect.apply(UdpSocket.adopt, undefined, several()),
      "bind anything": () => Reflect.apply(UdpSocket.bind, undefined, several()),
      "new UdpSocket": () => Reflect.construct(UdpSocket, random.chance(0.5) ? several() : [this.#forged(), true]),
      "new MessageBatch": () =>
        Reflect.construct(MessageBatch, [
          random.pick([AF_INET, AF_INET6, values.anything()]),
          this.#argument("capacity"),
        ]),
      "new Path": () => Reflect.construct(Path, random.chance(0.5) ? several() : [this.#forged(), 0]),
      "new ErrorQueue": () => Reflect.construct(ErrorQueue, several()),
      "receive errors": () =>
        new ErrorQueue().receive(random.chance(0.8) ? this.#socket() : values.anything() as UdpSocket),
      SystemError: () => Reflect.construct(library.SystemError, several()),
      LibraryError: () => Reflect.construct(library.LibraryError, several()),
      parseAddress: () =>
        Reflect.apply(library.parseAddress, undefined, [random.chance(0.5) ? values.text() : several()]),
      wallTime: () => Reflect.apply(library.wallTime, undefined, several()),
    };
    const name = random.pick(Object.keys(calls));
    this.#attempt(name, calls[name]!);
  }

  /** What a private constructor of the library takes, as far as a stranger can guess it. */
  #forged(): object {
    const { random } = this;
    const values = this.#values;
    const real = this.#socket();
    const of = (value: unknown) => random.chance(0.5) ? value : values.anything();
    const fields = { domain: of(AF_INET), family: of(AF_INET), dualStack: of(false), segmentation: of(true) };
    const arrays = { ports: of([values.anything()]), addresses: of(new Int32Array(8)), scopes: [0], interfaces: [0] };
    return { fd: of(real.fd), notices: [], receiveBuffer: 0, ...fields, ...arrays, peerWord: () => values.anything() };
  }

  /** Sends hostile payloads along plain routes, and receives, so that a batch has messages. */
  #fill(): void {
    const { random } = this;
    const socket = this.#socket();
    const batch = this.#batch();
    this.#attempt("fill", () => {
      const to = { address: "127.0.0.1", port: portOf(socket) };
      for (let i = random.between(1, 3); i > 0; i--) sendTo.call(socket, this.#values.payload() as Uint8Array, { to });
      return receive.call(socket, batch, false);
    });
    this.#attempt("answer", () => {
      const to = { address: "127.0.0.1", port: this.#receiver.port };
      if (random.chance(0.5)) MessageBatch.prototype.markForSend.call(batch, 0);
      for (let i = random.between(1, 3); i > 0; i--) add.call(batch, this.#values.payload() as Uint8Array, { to });
      return send.call(socket, batch);
    });
    this.#attempt("path", () => MessageBatch.prototype.path.call(batch, 0));
  }

  /** Resizes a buffer, or transfers it; what was transferred is a canary from then on. */
  #spoilBuffer(): void {
    const { random } = this;
    const buffer = random.pick([...this.#buffers, ...this.#batches.slice(-4).map(payloadsOf)]);
    this.#trace(`  spoils a buffer of ${buffer.byteLength}`);
    if (buffer instanceof SharedArrayBuffer) {
      if (!buffer.growable) return;
      buffer.grow(random.between(buffer.byteLength, buffer.maxByteLength));
      new Uint8Array(buffer).fill(GIVEN);
      return;
    }
    if (buffer.detached) return;
    if (buffer.resizable && random.chance(0.8)) {
      buffer.resize(random.between(0, buffer.maxByteLength));
      new Uint8Array(buffer).fill(GIVEN);
      return;
    }
    if (!random.chance(0.3)) return;
    switch (random.between(0, 3)) {
      case 0: {
        // Freed at once. The next allocation of this size may be the same memory.
        const { byteLength } = buffer;
        buffer.transfer(0);
        this.#guard(new Uint8Array(byteLength));
        break;
      }
      case 1:
        this.#guard(new Uint8Array(structuredClone(buffer, { transfer: [buffer] })));
        break;
      case 2: {
        const { port1, port2 } = new MessageChannel();
        port1.postMessage(buffer, [buffer]);
        port1.close();
        port2.close();
        break;
      }
      default:
        this.#guard(new Uint8Array(buffer.transfer()));
    }
  }

  /** Writes garbage to what a batch shows, or overrides its methods. */
  #spoilBatch(batch: MessageBatch): void {
    const { random } = this;
    this.#trace("  spoils a batch");
    const addresses = addressesOf(batch);
    if (addresses === undefined || payloadsOf(batch).detached) return;
    switch (random.between(0, 4)) {
      case 0:
        for (let i = 0; i < addresses.length; i++) if (random.chance(0.5)) addresses[i] = random.word();
        break;
      case 1:
        for (const word of [0, 4]) addresses.set([0, 0, random.pick([0, -65_536]), random.word()], word);
        break;
      case 2:
        new Uint8Array(payloadsOf(batch)).fill(GIVEN);
        break;
      case 3:
        this.#values.wilden(random.pick<object>([PAYLOADS.call(batch) as object, addresses]));
        break;
      default:
        this.#values.wilden(batch);
    }
  }

  /** Overrides methods of something that the library returned, or of a socket. */
  #spoilThing(): void {
    const thing = this.random.chance(0.3) ? this.#socket() : this.thing();
    if (typeof thing !== "object" || thing === null || Array.isArray(thing)) return;
    this.#trace("  spoils a thing");
    this.#values.wilden(thing);
  }

  /** Starts a server, which stops at the end of the round. */
  #serve(): void {
    const { random } = this;
    const values = this.#values;
    const stop = new AbortController();
    this.#stops.push(() => stop.abort());
    const perhaps = (probability: number) => {
      if (random.chance(probability)) this.mischief();
    };
    const answer = () => {
      perhaps(0.2);
      const reply = random.chance(0.7) ? values.payload() : values.anything();
      if (random.chance(0.6)) return reply;
      return random.chance(0.7) ? Promise.resolve(reply) : Promise.reject(new Error("mischief"));
    };
    if (random.chance(0.3)) {
      const { removeEventListener } = stop.signal;
      Object.defineProperty(stop.signal, "removeEventListener", {
        value: (...args: Parameters<AbortSignal["removeEventListener"]>) => {
          removeEventListener.apply(stop.signal, args);
          perhaps(0.8);
        },
      });
    }
    const options = Object.assign(values.bindOptions(), {
      address: random.pick(["127.0.0.1", "::1", undefined]),
      signal: stop.signal,
      onListen: (socket: UdpSocket) => {
        this.#keep(socket);
        for (let i = 0; i < 3; i++) {
          this.#attempt("request", () => {
            sendTo.call(this.#receiver, Uint8Array.of(0xd1, 0xd2, 0xd3), {
              to: { address: "127.0.0.1", port: socket.port },
            });
          });
        }
        perhaps(0.3);
      },
      onError: () => {
        perhaps(0.2);
        return random.chance(0.1) ? Promise.reject(new Error("mischief")) : undefined;
      },
    });
    const handler = (request: object) => {
      for (const value of Object.values(request)) this.#keep(value);
      return answer();
    };
    this.#attempt("serve", () => Reflect.apply(library.serve, undefined, [options, handler]));
  }

  /** Makes a call, which may give a value or throw an `Error`. */
  #attempt(what: string, call: () => unknown): void {
    this.#trace(what);
    totals.calls++;
    try {
      const result = call();
      totals.worked++;
      if (result instanceof Promise) {
        this.#pending.push(result.catch((error: unknown) => this.#requireError(what, error)));
      } else this.#keep(result);
    } catch (error) {
      this.#requireError(what, error);
    }
  }

  #requireError(what: string, error: unknown): void {
    if (!(error instanceof Error)) this.#failure ??= new Error(`${what} threw no Error: ${typeof error}`);
  }

  /** Keeps what the library returned, to be an argument later. */
  #keep(value: unknown): void {
    if (value === undefined || typeof value === "number") return;
    if (isSocket(value)) this.#sockets.push(value);
    if (isBatch(value)) this.#batches.push(value);
    // It may be a payload later.
    if (value instanceof Uint8Array) fill.call(value, GIVEN);
    this.#things.push(value);
    if (this.#things.length > THINGS_MAX) this.#things.splice(this.random.between(0, THINGS_MAX - 1), 1);
  }

  /** Fills memory with canaries, which must stay. */
  #guard(bytes: Uint8Array): void {
    bytes.fill(CANARY);
    this.#canaries.push(bytes);
  }

  /** Receives what has come: it must be bytes that the fuzzer gave. */
  #drain(): void {
    while (receive.call(this.#receiver, this.#received, false) > 0) {
      for (let i = 0; i < this.#received.count; i++) {
        totals.received++;
        const at = this.#received.payload(i).findIndex((byte) => !isGiven(byte));
        if (at < 0) continue;
        const bytes = [...this.#received.payload(i).subarray(at, at + 32)].map((byte) => byte.toString(16));
        this.#failure ??= new Error(
          `sent memory that was never given, at ${at} of ${this.#received.size(i)}: ${bytes}`,
        );
      }
    }
  }

  async #settle(): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => timer = setTimeout(() => resolve("late"), PATIENCE_MS));
    const result = await Promise.race([Promise.all(this.#pending), late]);
    clearTimeout(timer);
    assert.notEqual(result, "late", "a promise never settled after all sockets were closed");
  }
}

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
];

/** Kinds of arguments by method. */
const SOCKET_ARGUMENTS: Record<string, string> = {
  default: "none",
  setOption: "level option number",
  batch: "capacity",
  connect: "endpoint",
  sendTo: "payload route",
  setReceiveTimeout: "number",
  receive: "batch flag",
  send: "batch",
  failed: "any",
};
const BATCH_ARGUMENTS: Record<string, string> = {
  default: "index",
  shorten: "index number",
  setPayload: "index payload",
  clear: "none",
  add: "payload route",
  path: "index any",
};

const getter = (prototype: object, key: string) =>
  Object.getOwnPropertyDescriptor(prototype, key)!.get as (this: object) => unknown;
const PORT = getter(UdpSocket.prototype, "port");
const CAPACITY = getter(MessageBatch.prototype, "capacity");
const PAYLOADS = getter(MessageBatch.prototype, "payloads");
const ADDRESSES = getter(MessageBatch.prototype, "addresses");
const BUFFER = getter(Object.getPrototypeOf(Uint8Array.prototype) as object, "buffer");

const portOf = (socket: UdpSocket) => PORT.call(socket) as number;
const addressesOf = (batch: MessageBatch) => {
  const view = ADDRESSES.call(batch) as Int32Array;
  const buffer = BUFFER.call(view) as ArrayBuffer;
  return buffer.detached ? undefined : new Int32Array(buffer);
};
const payloadsOf = (batch: MessageBatch) => BUFFER.call(PAYLOADS.call(batch) as object) as ArrayBuffer;

/** Whether a value has the private state of a socket: `instanceof` would ask the object. */
function isSocket(value: unknown): value is UdpSocket {
  return has(PORT, value);
}

function isBatch(value: unknown): value is MessageBatch {
  return has(CAPACITY, value);
}

function has(getter: (this: object) => unknown, value: unknown): boolean {
  try {
    getter.call(value as object);
    return true;
  } catch {
    return false;
  }
}

/** Index of the first byte that is no canary; -1 if all are. */
function firstOther(bytes: Uint8Array): number {
  for (let i = 0; i < bytes.length; i++) if (bytes[i] !== CANARY) return i;
  return -1;
}

function describe(value: unknown): string {
  return typeof value === "number" || typeof value === "boolean" ? `${value}` : typeof value;
}
