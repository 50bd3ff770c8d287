/** The methods and getters of the library and the runtime as they are, whatever the fuzzer overrides. */
import { BatchSocket, MessageBatch, UdpSocket } from "../../src/mod.ts";

export const { close, receive } = BatchSocket.prototype;
export const { send, sendTo } = UdpSocket.prototype;
export const { add, clear, markForSend, path } = MessageBatch.prototype;
export const { fill } = Uint8Array.prototype;

/** A property of a prototype, or of one that it inherits from. */
export function property(prototype: object, key: PropertyKey): PropertyDescriptor {
  return Object.getOwnPropertyDescriptor(prototype, key) ?? property(Object.getPrototypeOf(prototype) as object, key);
}

const getter = (prototype: object, key: string) => property(prototype, key).get as (this: object) => unknown;
const PORT = getter(BatchSocket.prototype, "port");
const CAPACITY = getter(MessageBatch.prototype, "capacity");
const PAYLOADS = getter(MessageBatch.prototype, "payloads");
const ADDRESSES = getter(MessageBatch.prototype, "addresses");
const BUFFER = getter(Object.getPrototypeOf(Uint8Array.prototype) as object, "buffer");

/** The port of a socket. */
export const portOf = (socket: UdpSocket) => PORT.call(socket) as number;
/** What a batch shows of its memory. */
export const payloadsOf = (batch: MessageBatch) => PAYLOADS.call(batch) as Uint8Array<ArrayBuffer>;
export const addressesOf = (batch: MessageBatch) => ADDRESSES.call(batch) as Int32Array<ArrayBuffer>;
/** The memory of a view. */
export const bufferOf = (view: ArrayBufferView) => BUFFER.call(view) as ArrayBuffer;

/** Whether a value has the private state of a socket: `instanceof` would ask the object. */
export function isSocket(value: unknown): value is UdpSocket {
  return has(PORT, value);
}

/** Whether a value has the private state of a batch. */
export function isBatch(value: unknown): value is MessageBatch {
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
