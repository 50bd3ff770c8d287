/**
 * Hostile arguments: values whose getters, traps and conversions lie, change, or call back into the library.
 *
 * Every payload holds bytes of {@link isGiven} only, so that a receiver recognizes memory that the fuzzer never gave.
 */
import type { Random } from "../simulation/random.ts";

/** Bytes of payloads are from 0xd0 to 0xdf: uninitialized memory, pointers, texts and canaries have others. */
export const GIVEN = 0xd0;
/** Byte of memory that the library must neither send nor change. */
export const CANARY = 0x3c;

/** Whether the fuzzer gives such bytes as payload. */
export function isGiven(byte: number): boolean {
  return (byte & 0xf0) === GIVEN;
}

/** What hostile objects throw: an `Error`, as everything else that a call may throw. */
export class Mischief extends Error {
  override name = "Mischief";
}

/** The objects that values may contain, and what their traps do. */
export interface Surroundings {
  readonly random: Random;
  /** Does something hostile in the middle of a call of the library, or throws. */
  mischief(): void;
  /** Some object of the library, or something that it returned. */
  thing(): unknown;
  /** A port that receives. */
  port(): number;
  /** A buffer that mischief may resize or transfer from now on. */
  offer(buffer: ArrayBufferLike): void;
}

const NUMBERS = [
  ...[-1, -0, 0, 1, 2, 3, 4, 5, 10, 0.5, -0.5, 63, 64, 65, 1023, 1024, 1025, 65_507, 65_535, 65_536, NaN],
  ...[
    Infinity,
    -Infinity,
    2 ** 31 - 1,
    2 ** 31,
    -(2 ** 31),
    -(2 ** 31) - 1,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53,
    1e308,
    5e-324,
  ],
];
const FLAGS = [
  ...["dualStack", "trains", "reuseAddress", "reusePort", "freeBind", "dontFragment", "multicastLoopback"],
  ...["receiveArrival", "receiveTrafficClass", "receiveHopLimit", "receiveErrors", "guard"],
];
const NUMBER_OPTIONS = ["ttl", "trafficClass", "multicastTtl", "sendBuffer", "maxPending", "drainMilliseconds"];
const INTERFACE_OPTIONS = ["device", "multicastInterface"];
const SIZES = [0, 1, 2, 100, 1472, 1472, 9000, 65_507, 65_508, 65_527, 65_535, 65_536, 200_000];
const ADDRESSES = [
  "127.0.0.1",
  "127.0.0.1",
  "127.0.0.1",
  "127.0.0.1",
  "127.0.0.2",
  "::1",
  "0.0.0.0",
  "::",
  "::ffff:127.0.0.1",
  "127.0.0.1%lo",
];
// No text may be a host name: names would be looked up.
const TEXTS = [
  ...[
    "",
    "\0",
    "127.0.0.1\0",
    "fe80::1%lo",
    "fe80::1%1",
    "fe80::1",
    "ff02::1%lo",
    "255.255.255.255",
    "127.255.255.255",
    "192.0.2.1",
  ],
  ...["1.2.3.256", "::ffff:0:0:0:0:0:0:0", "a name!", "%", "::1%", "\ud800!", "x!".repeat(5000), ":".repeat(5000)],
];

/** Makes hostile values from a seed. */
export class Values {
  readonly #around: Surroundings;
  readonly #random: Random;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#random = around.random;
  }

  number(): number {
    const random = this.#random;
    return random.chance(0.7) ? random.pick(NUMBERS) : random.between(-(2 ** 31), 2 ** 32);
  }

  /** The number of a message, which exists more often than not. */
  index(): unknown {
    return this.#random.chance(0.8) ? this.#random.between(0, 3) : this.#maybeObject(this.number());
  }

  text(): string {
    return this.#random.chance(0.7) ? this.#random.pick(ADDRESSES) : this.#random.pick(TEXTS);
  }

  endpoint(): unknown {
    const port = this.#random.chance(0.9) ? this.#around.port() : this.number();
    return this.hostile({
      address: this.#orAnything(() => this.text(), 0.05),
      port: this.#orAnything(() => port, 0.05),
    });
  }

  route(): unknown {
    if (this.#random.chance(0.1)) return this.#around.thing();
    const to = this.#orAnything(() => this.endpoint(), 0.05);
    const route: Record<string, unknown> = this.#random.chance(0.3) ? { to, from: this.text() } : { to };
    if (this.#random.chance(0.2)) route.interfaceIndex = this.#orAnything(() => this.#random.pick([0, 1, 99]), 0.3);
    return this.hostile(route);
  }

  bindOptions(): Record<string, unknown> {
    const random = this.#random;
    const options: Record<string, unknown> = {
      port: this.#orAnything(() => random.chance(0.8) ? 0 : this.#around.port(), 0.05),
    };
    if (random.chance(0.8)) options.address = this.#orAnything(() => this.text(), 0.05);
    if (random.chance(0.2)) options.family = random.pick<unknown>([4, 6, undefined, 5]);
    if (random.chance(0.3)) options.receiveBuffer = this.#orAnything(() => random.pick([0, 1, 4096, 1 << 20]), 0.2);
    if (random.chance(0.3)) options.broadcast = this.#orAnything(() => true, 0.2);
    for (const name of FLAGS) if (random.chance(0.1)) options[name] = this.#orAnything(() => random.chance(0.5), 0.2);
    for (const name of NUMBER_OPTIONS) if (random.chance(0.1)) options[name] = this.#orAnything(() => 9, 0.4);
    for (const name of INTERFACE_OPTIONS) if (random.chance(0.05)) options[name] = this.#orAnything(() => "lo", 0.3);
    return options;
  }

  /** A payload: bytes of the fuzzer, in memory that may change, lie, or vanish. */
  payload(): unknown {
    const random = this.#random;
    const size = random.chance(0.7) ? random.between(0, 200) : random.pick(SIZES);
    const bytes = this.#bytes(size);
    for (let i = 0; i < size; i++) bytes[i] = GIVEN | i & 0x0f;
    this.#around.offer(bytes.buffer);
    switch (random.between(0, 12)) {
      case 0:
        return this.#lying(bytes);
      case 1:
        return Object.setPrototypeOf(bytes, this.#lying(Object.create(Uint8Array.prototype) as Uint8Array)) as unknown;
      case 2:
        return new Proxy(bytes, this.#traps());
      case 3:
        return random.pick<unknown>([
          Object.create(Uint8Array.prototype),
          new Float64Array(8),
          new DataView(bytes.buffer),
          "text",
          [1, 2, 3],
          bytes.buffer,
          new Uint8ClampedArray(bytes.buffer),
        ]);
      case 4:
        return this.#around.thing();
      case 5:
        return bytes.subarray(Math.min(size, random.between(0, 3)));
      default:
        return bytes;
    }
  }

  /** A view of ordinary, resizable, shared or growable memory. */
  #bytes(size: number): Uint8Array<ArrayBufferLike> {
    switch (this.#random.between(0, 7)) {
      case 0:
        return new Uint8Array(new ArrayBuffer(size, { maxByteLength: 300_000 }));
      case 1:
        return new Uint8Array(new ArrayBuffer(size, { maxByteLength: 300_000 }), 0, size);
      case 2:
        return new Uint8Array(new SharedArrayBuffer(size, { maxByteLength: 300_000 }));
      case 3:
        return new Uint8Array(new SharedArrayBuffer(size));
      default:
        return new Uint8Array(size);
    }
  }

  /** Overrides what a typed array is asked for. */
  #lying(target: Uint8Array): Uint8Array {
    const keys = ["length", "byteLength", "byteOffset", "buffer", "constructor", "set", "subarray", "slice"];
    for (const key of this.#random.some<PropertyKey>([...keys, Symbol.iterator, Symbol.toStringTag])) {
      Object.defineProperty(target, key, { get: this.#getter(() => this.anything()), configurable: true });
    }
    return target;
  }

  /** The same properties behind getters, a Proxy, or an own prototype. */
  hostile<T extends object>(value: T): T {
    const random = this.#random;
    switch (random.between(0, 9)) {
      case 0:
      case 1:
        return Object.defineProperties(
          {} as T,
          Object.fromEntries(
            Object.entries(value).map(([key, is]) => [key, {
              get: this.#getter(() => random.chance(0.9) ? is as unknown : this.anything()),
              enumerable: true,
            }]),
          ),
        );
      case 2:
        return new Proxy<T>(value, this.#traps() as ProxyHandler<T>);
      case 3:
        return Object.create(
          random.pick([null, Object(this.#around.thing()) as object]),
          Object.getOwnPropertyDescriptors(value),
        ) as T;
      case 4:
        return Object.freeze(value);
      default:
        return value;
    }
  }

  /** Anything at all. */
  anything(): unknown {
    const random = this.#random;
    switch (random.between(0, 13)) {
      case 0:
      case 1:
        return this.number();
      case 2:
        return this.text();
      case 3:
        return this.#maybeObject(this.number(), 1);
      case 4:
        return this.#maybeObject(this.text(), 1);
      case 5:
        return this.endpoint();
      case 6:
        return this.payload();
      case 7:
        return random.pick<unknown>([undefined, null, true, false, Symbol("s"), 7n, -(2n ** 70n), new Date(NaN)]);
      case 8:
        return random.pick<unknown>([() => this.#around.mischief(), class {}, [], {}, Object.create(null), /x/]);
      case 9: {
        const { proxy, revoke } = Proxy.revocable({}, {});
        revoke();
        return proxy;
      }
      case 10:
        return new Proxy(Object(this.#around.thing()) as object, this.#traps());
      default:
        return this.#around.thing();
    }
  }

  /** Overrides methods and getters of an object, or puts a prototype with such overrides before its own. */
  wilden(target: object): void {
    const random = this.#random;
    const prototype = Object.getPrototypeOf(target) as object | null;
    const wild = random.chance(0.5) ? target : Object.create(prototype) as object;
    const keys = new Set<PropertyKey>();
    for (let of = prototype; of !== null && of !== Object.prototype; of = Object.getPrototypeOf(of) as object | null) {
      for (const key of Reflect.ownKeys(of)) keys.add(key);
    }
    for (const key of random.some([...keys], 0.2)) {
      const answer = this.#getter(() => this.anything());
      Reflect.defineProperty(
        wild,
        key,
        random.chance(0.5) ? { get: answer, configurable: true } : { value: answer, configurable: true },
      );
    }
    if (wild !== target) Reflect.setPrototypeOf(target, wild);
  }

  #orAnything<T>(make: () => T, probability: number): unknown {
    return this.#random.chance(probability) ? this.anything() : make();
  }

  /** The value, or an object that converts to it. */
  #maybeObject(value: number | string, probability = 0.5): unknown {
    if (!this.#random.chance(probability)) return value;
    const convert = this.#getter(() => value);
    return this.#random.chance(0.5)
      ? { [Symbol.toPrimitive]: convert }
      : { valueOf: convert, toString: convert, length: value };
  }

  #getter<T>(make: () => T): () => T {
    return () => {
      if (this.#random.chance(0.4)) this.#around.mischief();
      return make();
    };
  }

  #traps(): ProxyHandler<object> {
    const lies = this.#random.chance(0.3);
    const act = () => {
      if (this.#random.chance(0.3)) this.#around.mischief();
    };
    return {
      get: (target, key) => (act(), lies && this.#random.chance(0.3) ? this.anything() : Reflect.get(target, key)),
      has: (target, key) => (act(), lies || Reflect.has(target, key)),
      getPrototypeOf: (target) => (act(), Reflect.getPrototypeOf(target)),
      ownKeys: (target) => (act(), Reflect.ownKeys(target)),
    };
  }
}
