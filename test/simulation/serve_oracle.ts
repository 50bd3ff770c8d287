/** The expected behaviour of `serve`: one call of the handler for each datagram, and one reply to its peer. */
import { isIPv4, isLinkLocal, isMulticast } from "./address.ts";
import { errno } from "./errno.ts";
import type { Attempt } from "./kernel_send.ts";
import type { KernelSocket, Message, Told } from "./kernel_socket.ts";
import { Pace } from "./pace.ts";
import { checkMessage, checkReplyInterface, goesBack, replySource, sameBytes } from "./reply_checks.ts";
import * as option from "./socket_options.ts";
import { Violation } from "./violation.ts";
import type { Observer, World } from "./world.ts";

/** The part of a request that is checked. */
export interface Request {
  readonly payload: Uint8Array;
  readonly peer: { readonly address: string; readonly port: number };
  readonly local: {
    readonly address: string;
    readonly port: number;
    readonly interfaceIndex: number;
    readonly interfaceName: string;
  };
}

/** A datagram that the handler is to be called with. */
interface Handled {
  readonly message: Message;
  readonly payload: Uint8Array;
}

/** A reply that the handler gave, or will give. */
interface Reply extends Handled {
  readonly bytes: Uint8Array;
  /** Whether it is to be sent by now. */
  due: boolean;
  sent: boolean;
  reported: boolean;
  error: number;
  tries: number;
}

export class ServeOracle implements Observer {
  /** Requests that were handled. */
  handled = 0;
  stopped = false;
  readonly #world: World;
  readonly #port: number;
  readonly #pace: Pace;
  readonly #expected: Handled[] = [];
  readonly #replies: Reply[] = [];
  readonly #byRequest = new Map<object, Reply | "thrown">();
  #crowded = false;

  constructor(world: World, port: number) {
    this.#world = world;
    this.#port = port;
    this.#pace = new Pace(world.time, Infinity);
  }

  called(name: string): void {
    this.#pace.called(name);
  }

  receptionEnded(_: boolean, result: number): void {
    if (result !== -errno.EAGAIN) this.#pace.disturbed();
  }

  received(_: KernelSocket, message: Message, { cut }: Told): void {
    if (this.stopped) throw new Violation("it receives after it was stopped");
    if (cut) return;
    for (const payload of message.payloads) this.#expected.push({ message, payload });
  }

  /** The handler is called; returns the message that the request came with. */
  handle(request: Request): Handled {
    if (this.stopped) throw new Violation("the handler is called after the stop");
    const expected = this.#expected.shift();
    if (expected === undefined) throw new Violation("the handler is called with nothing that came");
    this.handled++;
    const { source, sourcePort, interface: by } = expected.message;
    const local = this.#localAddress(expected.message);
    const wanted = [zoned(source, by.name), sourcePort, local, this.#port, by.index, by.name];
    const { peer, local: { address, port, interfaceIndex, interfaceName } } = request;
    const given = [peer.address, peer.port, address, port, interfaceIndex, interfaceName];
    if (wanted.join(" ") !== given.join(" ")) throw new Violation(`a request ${given}, not ${wanted}`);
    if (!sameBytes(request.payload, expected.payload)) throw new Violation(`another payload from ${source}`);
    return expected;
  }

  #localAddress(message: Message): string {
    const { destination, specific, interface: by } = message;
    const local = isMulticast(destination) && !isIPv4(destination) ? "::" : specific ?? destination;
    return local === "::" ? `::%${by.name}` : zoned(local, by.name);
  }

  /** The handler gives a reply, or a promise of one, whose number is that of its first bytes. */
  reply(request: Request, { message, payload }: Handled, bytes: Uint8Array): () => void {
    const reply: Reply = {
      message,
      payload,
      bytes: bytes.slice(),
      due: false,
      sent: false,
      reported: false,
      error: 0,
      tries: 0,
    };
    this.#replies[numberOf(bytes)] = reply;
    this.#byRequest.set(request, reply);
    return () => {
      // It may keep the payload until it is done.
      if (!sameBytes(request.payload, payload)) throw new Violation("the payload of a request has changed");
      reply.due = !this.stopped && message.sourcePort !== 0;
    };
  }

  /** The handler fails. */
  fail(request: Request): void {
    this.#byRequest.set(request, "thrown");
  }

  attempted(attempt: Attempt): void {
    const { payloads, error, source, socket } = attempt;
    checkMessage(this.#world.network, attempt);
    this.#crowded ||= socket.sending > socket.options.get(option.SO_SNDBUF) / 2;
    for (const payload of payloads) {
      const reply = this.#replies[numberOf(payload)];
      if (reply === undefined || !sameBytes(reply.bytes, payload)) throw new Violation("a datagram that is no reply");
      if (!reply.due) throw new Violation("a reply that is not to be sent, or not any more");
      if (reply.sent) throw new Violation("a reply is sent twice");
      if (!goesBack(attempt, reply.message)) throw new Violation(`a reply to ${attempt.peer.address}: not who asked`);
      const right = replySource(this.#world.network, reply.message);
      if (source !== "" && right !== "" && source !== right) {
        throw new Violation(`a reply from ${source}, not ${right}`);
      }
      reply.tries++;
      reply.error = error;
      reply.sent = error === 0;
      if (reply.sent) checkReplyInterface(this.#world.network, attempt, reply.message);
    }
  }

  /** `onError` is called. */
  reported(error: unknown, request: object | undefined): void {
    if (request === undefined) return;
    const reply = this.#byRequest.get(request);
    if (reply === undefined) throw new Violation("an error of a request that nobody knows");
    if (reply === "thrown") {
      if (error !== THROWN) throw new Violation(`${error} is reported, and not what was thrown`);
      this.#byRequest.delete(request);
      return;
    }
    if (reply.reported || reply.sent) throw new Violation("an error is reported twice, or of a reply that went");
    reply.reported = true;
    const said = (error as { readonly errno?: number }).errno;
    const right = said === reply.error || said === errno.EAGAIN || (said === errno.EMSGSIZE && reply.tries === 0);
    if (!right) throw new Violation(`error ${said} is reported, and not ${reply.error}`);
    if (said === errno.EAGAIN && reply.error !== errno.EAGAIN && !this.#crowded) {
      throw new Violation("a reply is given up, though the send buffer has room");
    }
  }

  /** At the end, all that came was handled, and each reply went or was reported. */
  finish(early: boolean): void {
    if (this.#expected.length > 0 && !early) throw new Violation(`${this.#expected.length} datagrams were not handled`);
    const lost = this.#replies.filter((reply) => reply.due && !reply.sent && !reply.reported);
    if (lost.length > 0) throw new Violation(`${lost.length} replies were neither sent nor reported`);
    const silent = [...this.#byRequest.values()].filter((value) => value === "thrown").length;
    if (silent > 0 && !early) throw new Violation(`${silent} failures of the handler were not reported`);
  }
}

/** What a handler throws. */
export const THROWN = new Error("the handler fails");

/** Replies begin with their number. */
function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function zoned(address: string, zone: string): string {
  return isLinkLocal(address) ? `${address}%${zone}` : address;
}
