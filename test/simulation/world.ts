/** A simulated process on a simulated host, for one run of the program. */
import { Descriptors } from "./descriptors.ts";
import { errno } from "./errno.ts";
import { portUnreachable, reportIcmp } from "./icmp.ts";
import { EventLoop } from "./event_loop.ts";
import type { Attempt, Surroundings } from "./kernel_send.ts";
import { KernelSocket, type Message, type QueuedError, type Told } from "./kernel_socket.ts";
import { AddressSpace } from "./memory.ts";
import { type Arrival, type Interface, Network } from "./network.ts";
import { Random } from "./random.ts";
import { type SignalName, Signals } from "./signals.ts";
import { Sink, type SinkKind } from "./sink.ts";
import { type Capabilities, SocketOptions } from "./socket_options.ts";
import { MICROSECOND, SECOND, Time } from "./time.ts";
import { Violation } from "./violation.ts";

/** The address space. It outlives a run, as the modules of the program do. */
export const memory = new AddressSpace();

/** How often calls fail or do less than they were asked to, from 0 to 1. */
export interface FaultRates {
  /** A call is interrupted, though no signal is handled: the process was stopped and continued. signal(7) */
  readonly interrupt: number;
  /** The same, of a call on an output. */
  readonly interruptOutput: number;
  /** `recvmmsg` returns fewer messages than there are. */
  readonly partialReceive: number;
  /** `recvmmsg` fails. */
  readonly receive: number;
  /** `sendmmsg` sends fewer messages than it could. */
  readonly partialSend: number;
  /** The sending of a message fails. */
  readonly send: number;
  /** Control messages find less room than the program gave. */
  readonly cutControl: number;
  /** A departure is not told: the error queue has no room. `sock_queue_err_skb` */
  readonly departure: number;
}

/** What a host is like. */
export interface HostOptions {
  readonly seed: number;
  readonly interfaces: readonly Interface[];
  readonly capabilities: Capabilities;
  readonly faults: FaultRates;
  /** Whether the kernel says `EMSGSIZE` for segments that exceed the MTU, or `EINVAL`. */
  readonly reportsSegmentSize: boolean;
  /** What standard output and standard error are. */
  readonly outputs: readonly [SinkKind, SinkKind];
  /** Whether `/proc/self/fd` can be opened. */
  readonly canReopen: boolean;
  /** Environment variables. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Errors that a fault gives: what kernels, filters of system calls and programs in the kernel say. */
const SEND_ERRORS = [1, 12, 22, 101, 105, 113, 100, 13, 126, 133, 134, 255, 512, 4095] as const;
const RECEIVE_ERRORS = [12, 105, 100, 111, 113, 71] as const;

/** Who watches a run. */
export interface Observer {
  /** A call begins. */
  called?(name: string): void;
  /** A reception ended, with so many messages or the negative error. */
  receptionEnded?(waits: boolean, result: number): void;
  received?(socket: KernelSocket, message: Message, told: Told): void;
  errorReceived?(socket: KernelSocket, entry: QueuedError): void;
  filtered?(socket: KernelSocket, arrival: Arrival): void;
  dropped?(socket: KernelSocket, count: number): void;
  closed?(socket: KernelSocket): void;
  /** The program reads the drop counter. */
  dropsRead?(socket: KernelSocket): void;
  attempted?(attempt: Attempt): void;
}

export class World implements Surroundings {
  readonly memory = memory;
  readonly random: Random;
  readonly time: Time;
  readonly network: Network;
  readonly loop: EventLoop;
  readonly signals: Signals;
  readonly descriptors = new Descriptors();
  readonly outputs: readonly [Sink, Sink];
  readonly options: HostOptions;
  readonly reportsSegmentSize: boolean;
  observer: Observer = {};
  /** The first violation: the program may have caught it. */
  violation: Violation | undefined;
  /** When the process began. */
  readonly start: number;
  readonly #faults: FaultRates;
  #calls = 0;
  #nextPort = 40_000;

  constructor(options: HostOptions) {
    this.options = options;
    this.#faults = options.faults;
    this.reportsSegmentSize = options.reportsSegmentSize;
    this.random = new Random(options.seed);
    this.time = new Time(this.random.between(1, 2000) * SECOND + this.random.between(0, SECOND), REALTIME_START);
    this.start = this.time.now;
    this.network = new Network(this.time, options.interfaces);
    this.network.onRefused = (datagram) => {
      const { destination } = datagram;
      reportIcmp(this.network, portUnreachable(destination), datagram, destination);
    };
    this.loop = new EventLoop(this.time, this.random);
    this.signals = new Signals((handler) => this.loop.deliverSignal(handler));
    this.outputs = [new Sink(options.outputs[0], this.time), new Sink(options.outputs[1], this.time)];
    this.descriptors.set(0, { kind: "other" });
    this.outputs.forEach((sink, i) => this.descriptors.set(i + 1, { kind: "sink", sink, nonblocking: false }));
  }

  /** Whether a fault happens now. */
  fault(kind: keyof FaultRates): boolean {
    const rate = this.#faults[kind];
    return rate > 0 && this.random.chance(rate);
  }

  /** A call begins: it takes time. */
  enter(name: string): void {
    if (++this.#calls > CALLS_MAX) throw new Violation("the program calls the kernel without end");
    this.observer.called?.(name);
    this.time.pass(this.random.between(MICROSECOND / 5, 3 * MICROSECOND));
  }

  /**
   * Waits until `condition` holds.
   * @returns 0, or the negative error: `-EAGAIN` at the deadline, `-EINTR` after a signal
   */
  block(deadline: number, condition: () => boolean): number {
    this.signals.interrupted = false;
    const woken = this.time.waitUntil(deadline, () => condition() || this.signals.interrupted);
    if (!woken && deadline === Infinity) throw new Violation("a call waits for something that never comes");
    if (!woken) return -errno.EAGAIN;
    return condition() ? 0 : -errno.EINTR;
  }

  /** Lets a signal come. */
  raise(signal: SignalName): void {
    this.check(() => this.signals.raise(signal));
  }

  /** Remembers a violation that `action` finds. */
  check<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof Violation) this.violation ??= error;
      throw error;
    }
  }

  /** Makes a socket. socket(2) */
  socket(domain: number): KernelSocket {
    return new KernelSocket(
      domain,
      new SocketOptions(domain, this.options.capabilities),
      this.network,
      this.time,
      {
        errorReceived: (socket, entry) => this.observer.errorReceived?.(socket, entry),
        received: (socket, message, told) => this.observer.received?.(socket, message, told),
        filtered: (socket, arrival) => this.observer.filtered?.(socket, arrival),
        dropped: (socket, count) => this.observer.dropped?.(socket, count),
        arrange: (messages) => this.random.chance(0.5) ? messages : messages.reverse(),
        closed: (socket) => this.observer.closed?.(socket),
        controlRoom: (room) => this.fault("cutControl") ? this.random.between(0, room) : room,
      },
    );
  }

  /** A port that no socket has. */
  readonly pickPort = (): number => this.#nextPort++;

  bindAny(socket: KernelSocket): void {
    const address = socket.domain === 2 ? "0.0.0.0" : "::";
    socket.bind({ address, port: 0, scope: 0, mapped: false }, this.pickPort);
  }

  sendFault(): number {
    return this.fault("send") ? this.random.pick(SEND_ERRORS) : 0;
  }

  receiveFault(): number {
    return this.fault("receive") ? this.random.pick(RECEIVE_ERRORS) : this.fault("interrupt") ? errno.EINTR : 0;
  }

  attempted(attempt: Attempt): void {
    this.observer.attempted?.(attempt);
  }
}

/** More calls than any plan gives reason for. */
const CALLS_MAX = 200_000;

/** `CLOCK_REALTIME` at the start of every run. */
const REALTIME_START = 1_800_000_000 * SECOND;
