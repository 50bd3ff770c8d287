/** One run of random calls on sockets of the library in a simulated world. */
import type { MessageBatch, Path, UdpSocket } from "../../src/mod.ts";
import { addressOf, isIPv4 } from "./address.ts";
import { extendedError } from "./kernel_send.ts";
import type { Attempt } from "./kernel_send.ts";
import type { KernelSocket, Message } from "./kernel_socket.ts";
import { sameBytes } from "./reply_checks.ts";
import { enter } from "./runtime.ts";
import * as option from "./socket_options.ts";
import type { SocketPlan, Step } from "./socket_plan.ts";
import { AF_INET } from "./structs.ts";
import { Violation } from "./violation.ts";
import { World } from "./world.ts";

type Library = typeof import("../../src/mod.ts");
/** Where a datagram is sent. */
type Destination = Path | { readonly to: { address: string; port: number }; readonly from: string | undefined };

/** A socket of the program and its state. */
interface Slot {
  readonly socket: UdpSocket;
  readonly kernel: KernelSocket;
  readonly batch: MessageBatch;
  path: Path | undefined;
  /** The message that came along that path. */
  along: Message | undefined;
  connected: boolean;
  waiting: boolean;
}

/** Errors by which the library refuses a call before it asks the kernel. */
const REFUSALS: ReadonlySet<string> = new Set(["EAFNOSUPPORT", "EISCONN", "EADDRNOTAVAIL"]);
const PORT = 7000;
const ROUTER4 = "192.0.2.1";
const ROUTER6 = "2001:db8:2::1";

/**
 * Runs a plan.
 * @throws {Violation}
 */
export async function runSocketPlan(plan: SocketPlan, library: Library): Promise<void> {
  const world = new World(plan.host);
  enter(world);
  const run = new SocketRun(world, library);
  try {
    await world.loop.run(run.all(plan.events));
    await world.loop.finish();
  } catch (error) {
    throw world.violation ?? error;
  }
  if (world.violation !== undefined) throw world.violation;
}

class SocketRun {
  readonly #world: World;
  readonly #library: Library;
  readonly #slots = new Map<number, Slot>();
  readonly #attempts: Attempt[] = [];
  readonly #received: Message[] = [];
  #sent = 0;

  constructor(world: World, library: Library) {
    this.#world = world;
    this.#library = library;
    world.observer = {
      attempted: (attempt) => this.#attempts.push(attempt),
      received: (_, message) => this.#received.push(message),
    };
  }

  async all(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      if (step.kind === "bind") this.#bind(step);
      else if (this.#slots.has(step.slot)) await this.#step(step, this.#slots.get(step.slot)!);
    }
    for (const slot of [...this.#slots.keys()]) await this.#close(slot);
  }

  #bind({ slot, address, family }: Step & { kind: "bind" }): void {
    if (this.#slots.has(slot)) return;
    const options = {
      port: PORT + slot,
      ...address === undefined ? {} : { address },
      ...family === undefined ? {} : { family },
    };
    const socket = this.#library.UdpSocket.bind(options);
    const description = this.#world.descriptors.get(socket.fd);
    if (description?.kind !== "socket") throw new Violation("a socket without a descriptor");
    const kernel = description.socket;
    socket.setOption(kernel.domain === AF_INET ? 0 : 41, kernel.domain === AF_INET ? 11 : 25, 1);
    this.#slots.set(slot, {
      socket,
      kernel,
      batch: socket.batch(4),
      path: undefined,
      along: undefined,
      connected: false,
      waiting: false,
    });
  }

  async #step(step: Step, slot: Slot): Promise<void> {
    switch (step.kind) {
      case "send":
        return this.#send(slot, { to: { address: step.address, port: PORT + step.to }, from: step.from });
      case "answer":
        return slot.path === undefined ? undefined : this.#send(slot, slot.path);
      case "receive":
        return this.#receive(slot);
      case "connect":
        return this.#connect(slot, step.address, PORT + step.to);
      case "wait":
        return this.#wait(slot);
      case "icmp":
        return this.#icmp(slot, step.count);
      case "errors":
        return this.#errors(slot);
      case "close":
        return await this.#close(step.slot);
      case "pass":
        await new Promise((resolve) => void setTimeout(resolve, step.milliseconds));
        return this.#checkWaits();
    }
  }

  /** Calls; returns the error code that the library throws, or "". */
  #try(action: () => void): { readonly code: string; readonly errno: number } {
    try {
      action();
      return { code: "", errno: 0 };
    } catch (error) {
      if (error instanceof this.#library.SystemError) return error;
      throw error;
    }
  }

  #send(slot: Slot, route: Destination): void {
    const payload = new TextEncoder().encode(`datagram ${this.#sent++}`);
    this.#attempts.length = 0;
    const { code, errno } = this.#try(() => slot.socket.sendTo(payload, route));
    const attempt = this.#attempts.at(-1);
    if (attempt === undefined) {
      if (!REFUSALS.has(code)) throw new Violation(`sendTo gives ${code}, and the kernel was not asked`);
      return this.#checkRefusal(slot, route, code);
    }
    if (errno !== attempt.error) throw new Violation(`sendTo gives ${code}, and the kernel ${attempt.error}`);
    if (!sameBytes(attempt.payloads[0]!, payload)) throw new Violation("another payload is sent");
    if (attempt.named && slot.connected) throw new Violation("a connected socket names its peer");
    const { peer, from } = this.#meaning(slot, route);
    if (`${attempt.peer.address} ${attempt.peer.port}` !== peer) throw new Violation(`sent to ${attempt.peer.address}`);
    const bound = slot.kernel.local!.address;
    const wanted = from ?? (/^(::|0\.0\.0\.0)$/.test(bound) ? "" : bound);
    if (wanted !== "" && attempt.source !== wanted && errno === 0) {
      throw new Violation(`sent from ${attempt.source}, not ${wanted}`);
    }
  }

  /** Where a datagram goes, and where it must leave from, if that is said. */
  #meaning({ along }: Slot, route: Destination): { peer: string; from: string | undefined } {
    if ("to" in route) return { peer: `${route.to.address} ${route.to.port}`, from: route.from };
    return { peer: `${along!.source} ${along!.sourcePort}`, from: along!.specific ?? along!.destination };
  }

  #checkRefusal({ kernel, connected }: Slot, route: Destination, code: string): void {
    const address = "to" in route ? route.to.address : route.peer.address;
    const ipv4 = isIPv4(address);
    const only6 = kernel.options.get(option.IPV6_V6ONLY) !== 0;
    const reaches = kernel.domain === AF_INET ? ipv4 : !ipv4 || !only6;
    if (code === "EAFNOSUPPORT" && reaches) throw new Violation(`${address} is in reach`);
    if (code === "EISCONN" && !connected) throw new Violation("it is not connected");
    if (code === "EADDRNOTAVAIL" && this.#world.network.isLocal(("from" in route && route.from) || "")) {
      throw new Violation("the source is on this host");
    }
  }

  #receive(slot: Slot): void {
    this.#received.length = 0;
    const count = slot.socket.receive(slot.batch, false);
    if (Math.max(0, count) !== this.#received.length) {
      throw new Violation(`${count} of ${this.#received.length} messages`);
    }
    this.#received.forEach((message, i) => {
      const { batch } = slot;
      const local = message.specific ?? message.destination;
      const said = [batch.peer(i).address, batch.peer(i).port, batch.localAddress(i), batch.interfaceIndex(i)].join(
        " ",
      );
      const right = [message.source, message.sourcePort, local, message.interface.index].join(" ");
      if (said !== right) throw new Violation(`a message ${said}, not ${right}`);
      if (!sameBytes(batch.payload(i), message.payloads[0]!)) throw new Violation("another payload is received");
      slot.path = batch.path(i, slot.path);
      slot.along = message;
    });
  }

  #connect(slot: Slot, address: string, port: number): void {
    const { code } = this.#try(() => slot.socket.connect({ address, port }));
    if (code === "") slot.connected = true;
  }

  #wait(slot: Slot): void {
    if (slot.waiting) return;
    slot.waiting = true;
    const { socket } = slot;
    void socket.readable().then((readable) => {
      slot.waiting = false;
      if (readable !== socket.fd >= 0) {
        throw new Violation("a wait of a closed socket says that it is readable, or the reverse");
      }
    });
  }

  /** A wait goes on only as long as there is nothing to receive. */
  #checkWaits(): void {
    for (const { kernel, waiting, socket } of this.#slots.values()) {
      if (waiting && (kernel.events & READABLE) !== 0) throw new Violation(`a wait for ${socket.endpoint} goes on`);
    }
  }

  /** ICMP messages come, of both families if the socket has both; and now and then a datagram has left. */
  #icmp({ kernel }: Slot, count: number): void {
    for (let i = 0; i < count; i++) {
      if (i % 3 === 2) {
        const control = extendedError(kernel, { errno: 42, origin: 4, data: i });
        kernel.errors.push({ control, time: this.#world.time.realtime, payload: new Uint8Array(), errno: 0 });
        continue;
      }
      const ipv4 = kernel.domain === AF_INET || i % 2 === 0;
      const message = ipv4 ? { origin: 2, type: 3, code: 3 } : { origin: 3, type: 1, code: 4 };
      const control = extendedError(kernel, { errno: 111, ...message, reporter: ipv4 ? ROUTER4 : ROUTER6 });
      kernel.errors.push({ control, time: undefined, payload: Uint8Array.of(i, 1, 2, 3), errno: 111 });
      kernel.error = 111;
    }
  }

  /** All entries are taken at once, in their order. */
  #errors({ socket, kernel }: Slot): void {
    const expected = kernel.errors.map(({ payload, control: { data } }) =>
      payload.length > 0 ? `error ${payload[0]}` : `departure ${data[12]}`
    );
    const entries = new this.#library.ErrorQueue().receive(socket);
    const found = entries.map((each) => each.kind === "error" ? `error ${each.quoted[0]}` : `departure ${each.index}`);
    if (found.join() !== expected.join()) throw new Violation(`entries ${found}, not ${expected}`);
    for (const entry of entries) {
      if (entry.kind === "departure") continue;
      if (entry.errno !== 111 || entry.reporter === undefined) throw new Violation("an error that was not reported");
      // Those of `#icmp`; others come of what was sent.
      const { quoted, icmp, reporter } = entry;
      const right = icmp?.version === 4 ? ROUTER4 : ROUTER6;
      if (quoted.length === 4 && addressOf(reporter.bytes) !== right) throw new Violation("another host reports it");
    }
  }

  async #close(number: number): Promise<void> {
    const slot = this.#slots.get(number)!;
    slot.socket.close();
    this.#slots.delete(number);
    await new Promise((resolve) => void setImmediate(resolve));
    if (slot.waiting) throw new Violation("a wait goes on after the socket was closed");
  }
}

/** `POLLIN | POLLERR` */
const READABLE = 0x9;
