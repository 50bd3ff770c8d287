/** The expected fate of each datagram that the echo server receives, compared with the replies that it sends. */
import type { EchoSettings } from "./echo_plan.ts";
import { endpointOf, isIPv4, isLinkLocal } from "./address.ts";
import { CoalescingOracle } from "./coalescing_oracle.ts";
import { errno } from "./errno.ts";
import { GuardOracle } from "./guard_oracle.ts";
import type { Attempt } from "./kernel_send.ts";
import type { KernelSocket, Message, Told } from "./kernel_socket.ts";
import * as option from "./socket_options.ts";
import { checkMessage, checkReplyInterface, goesBack, needsInterface, replySource, sameBytes } from "./reply_checks.ts";
import type { Arrival, Interface } from "./network.ts";
import { Pace } from "./pace.ts";
import { RefusalOracle } from "./refusal_oracle.ts";
import { MICROSECOND } from "./time.ts";
import { Violation } from "./violation.ts";
import type { Observer, World } from "./world.ts";

/** A datagram that is to be answered. */
export interface Admitted {
  readonly message: Message;
  readonly payload: Uint8Array;
  /** When it was received, by `CLOCK_MONOTONIC`; and by `CLOCK_REALTIME`, which may step before it is logged. */
  readonly monotonic: number;
  readonly realtimes: number[];
  /** Messages with it that were tried. */
  tries: number;
  /** The error that the kernel gave for the last of them; 0 if there was none. */
  error: number;
  /** Whether that message was a train. */
  train: boolean;
  echoed: boolean;
}

/** Errors that say of a train that it can't be cut up: its datagrams are tried one by one. */
const TRAIN_ERRORS: readonly number[] = [errno.EINVAL, errno.EMSGSIZE, errno.EIO, 95];
/** Time at the end in which the server counts datagrams that it does not answer, in nanoseconds. */
const DRAIN_MAX = 50_000_000;
/** Receive buffer that the server asks for, if nothing else was said. */
const RECEIVE_BUFFER = 4 << 20;
/** Calls that the server makes only after it has sent the replies of a batch. */
const AFTER_SENDING: ReadonlySet<string> = new Set(["recvmmsg", "write", "send", "poll", "close"]);
/** Datagrams up to this size find room in any send buffer that slow paths fill. */
const QUICK_SIZE = 1472;
/** Index of the loopback interface. */
const LOOPBACK = 1;
/** Errors beyond the table of names are counted together. */
const ERRNO_MAX = 133;

/** Payloads of this size, or more, are all different. */
const UNIQUE_SIZE = 8;

/** A datagram that was refused or has failed: when, and its peer as the server shows it. */
export interface Incident {
  readonly at: number;
  readonly peer: string;
}

/** Counts by reason or error number. */
export type Counts = Map<string | number, number>;

export class EchoOracle implements Observer {
  /** Datagrams that were received. */
  total = 0;
  echoed = 0;
  readonly refused: Counts = new Map();
  readonly failed: Counts = new Map();
  /** All datagrams that were to be answered, in the order in which they came: they are logged. */
  readonly admitted: Admitted[] = [];
  /** Summaries that signals asked for. */
  summaries = 0;
  /** The datagrams that failed. */
  readonly failures: Incident[] = [];
  /** The datagrams that were refused, but those at the end. */
  readonly refusals: Incident[] = [];
  /** Set when a signal that stops the server was handled. */
  stopping = false;
  stoppedAt = Infinity;
  readonly trains = new RefusalOracle();
  /** Peers whose paths are, or were, slow. */
  readonly slowed = new Set<string>();
  /** Datagrams that the kernel had dropped when the server last asked. */
  drops = 0;
  #dropped = 0;
  readonly #world: World;
  readonly #settings: EchoSettings;
  readonly #stable: boolean;
  readonly #guard: GuardOracle;
  readonly #pace: Pace;
  readonly #coalescing = new CoalescingOracle();
  // Those of the last reception.
  #pending: Admitted[] = [];
  // Whether the send buffer was more than half full since then.
  #crowded = false;
  #lastReception = 0;
  // The place, in its flow, of the datagram that was echoed last.
  readonly #newest = new Map<string, number>();

  /** @param stable whether the addresses of the host stay as they are */
  constructor(world: World, settings: EchoSettings, stable: boolean) {
    this.#stable = stable && !settings.adopted;
    this.#world = world;
    this.#settings = settings;
    this.#pace = new Pace(world.time, settings.busyPoll * MICROSECOND);
    this.#guard = new GuardOracle(settings);
  }

  called(name: string): void {
    if (AFTER_SENDING.has(name)) this.settle();
    this.#pace.called(name);
  }

  receptionEnded(waits: boolean, result: number): void {
    this.#lastReception = result;
    if (!this.stopping) this.#pace.receivedBy(waits, result);
  }

  received(socket: KernelSocket, message: Message, told: Told): void {
    const { now, realtime } = this.#world.time;
    if (this.stopping && this.#settings.adopted) throw new Violation("took a datagram that is for the next server");
    this.#watch(socket);
    const { source, interface: by } = message;
    if (this.#stable && !isIPv4(source) && by.index !== LOOPBACK && this.#world.network.hasAddress(source)) {
      throw new Violation(`a datagram from ${source}, which is this host's own`);
    }
    const { datagrams } = told;
    const judgement = this.stopping
      ? { admitted: 0, refused: { stopping: datagrams } }
      : this.#guard.judge(message, told, now);
    this.total += datagrams;
    for (const [reason, refused] of Object.entries(judgement.refused)) count(this.refused, reason, refused);
    for (let i = judgement.admitted; i < datagrams && !this.stopping; i++) {
      this.refusals.push({ at: now, peer: peerOf(message) });
    }
    for (const payload of message.payloads.slice(0, judgement.admitted)) {
      this.#pending.push({
        message,
        payload,
        realtimes: [realtime],
        monotonic: now,
        tries: 0,
        error: 0,
        train: false,
        echoed: false,
      });
    }
  }

  filtered(_: KernelSocket, { source, interface: by }: Arrival): void {
    const forged = !isIPv4(source) && by.index !== LOOPBACK && this.#world.network.hasAddress(source);
    // It follows the addresses once a second.
    if (!forged && this.#stable) throw new Violation(`what comes from ${source} is dropped`);
  }

  dropped(_: KernelSocket, count: number): void {
    this.#dropped += count;
  }

  dropsRead(): void {
    this.drops = this.#dropped;
  }

  attempted(attempt: Attempt): void {
    const { socket, payloads, error } = attempt;
    this.#watch(socket);
    this.#checkBuffer(attempt);
    const first = this.#find(attempt, payloads[0]!, new Set());
    this.#coalescing.attempted(flowOf(first.message), payloads.length, payloads[0]!.length, this.#excused(first));
    this.trains.attempted(attempt, first.train, this.#world.time.now);
    const taken = new Set<Admitted>();
    for (const payload of payloads) {
      const answered = this.#find(attempt, payload, taken);
      taken.add(answered);
      answered.tries++;
      answered.error = error;
      answered.train = payloads.length > 1;
      if (error !== 0) continue;
      answered.echoed = true;
      this.echoed++;
      this.#checkOrder(answered);
      checkReplyInterface(this.#world.network, attempt, answered.message);
    }
  }

  /** Whether a datagram may leave alone, though others of its flow do too. */
  #excused({ train, message }: Admitted): boolean {
    const { options, time } = this.#world;
    return train || this.#crowded || !options.capabilities.trains || this.trains.mayRefuse(message.source, time.now);
  }

  #watch({ sending, options }: KernelSocket): void {
    this.#crowded ||= sending > options.get(option.SO_SNDBUF) / 2;
  }

  /** The datagram that a reply answers. */
  #find(attempt: Attempt, payload: Uint8Array, taken: ReadonlySet<Admitted>): Admitted {
    const { peer } = attempt;
    const matches = this.#pending.filter((each) => {
      const source = replySource(this.#world.network, each.message);
      return !each.echoed && !taken.has(each) && goesBack(attempt, each.message) &&
        sameBytes(each.payload, payload) && (attempt.source === "" || source === "" || attempt.source === source);
    });
    // Short payloads are not all different: one whose train was just refused is meant, or the one that was tried least.
    const fewest = Math.min(...matches.map(({ tries }) => tries));
    const ofTrain = attempt.payloads.length === 1
      ? matches.find(({ train, error }) => train && TRAIN_ERRORS.includes(error))
      : undefined;
    const found = ofTrain ?? matches.find(({ tries }) => tries === fewest);
    if (found !== undefined) return found;
    const what = `${payload.length} bytes from ${attempt.source || "?"} to ${peer.address} port ${peer.port}`;
    throw new Violation(`a reply that answers nothing: ${what}`);
  }

  /** A send buffer that slow paths fill delays no other peer. */
  #checkBuffer(attempt: Attempt): void {
    const { socket, payloads, peer, error } = attempt;
    checkMessage(this.#world.network, attempt);
    const quick = !this.slowed.has(peer.address) && payloads[0]!.length <= QUICK_SIZE;
    if (error === errno.EAGAIN && quick && payloads.length === 1) {
      const { sending } = socket;
      throw new Violation(`a send buffer that slow paths fill (${sending} bytes) keeps ${peer.address} from an answer`);
    }
  }

  closed({ queue, options, local }: KernelSocket): void {
    // The server opens other sockets to learn what the host supports.
    if (local === undefined) return;
    const { admin, bufferMax } = this.#world.options.capabilities;
    const granted = 2 * (admin ? RECEIVE_BUFFER : Math.min(RECEIVE_BUFFER, bufferMax));
    if (options.get(option.SO_RCVBUF) !== granted) throw new Violation("the receive buffer is not as asked for");
    // What comes after it has found nothing is too late.
    const early = this.#lastReception > 0 && this.#world.time.now - this.stoppedAt < DRAIN_MAX;
    if (early && !this.#settings.adopted) throw new Violation(`${queue.length} messages were left uncounted`);
  }

  /** The server handles a signal that stops it. */
  stop(): void {
    this.stopping = true;
    this.stoppedAt = this.#world.time.now;
    this.#pace.disturbed();
  }

  /** The datagrams of a flow are answered in their order. */
  #checkOrder(answered: Admitted): void {
    const { source } = answered.message;
    const flow = flowOf(answered.message);
    const place = this.admitted.length + this.#pending.indexOf(answered);
    if (answered.payload.length < UNIQUE_SIZE) return;
    if (place < (this.#newest.get(flow) ?? -1)) throw new Violation(`replies to ${source} change their order`);
    this.#newest.set(flow, place);
  }

  /** Accounts for the last batch: each of its datagrams was echoed, or has failed. */
  settle(): void {
    for (const each of this.#pending) {
      this.admitted.push(each);
      each.realtimes.push(this.#world.time.realtime);
      if (each.echoed) continue;
      const { source } = each.message;
      // The server itself limits slow peers in a crowded send buffer, and large datagrams of others.
      const refusable = this.slowed.has(source) || each.payload.length > QUICK_SIZE;
      if (each.error === 0 && this.#crowded && refusable) each.error = errno.EAGAIN;
      if (each.error === 0) throw new Violation(`a datagram of ${source} was given up, and never tried`);
      if (each.train && TRAIN_ERRORS.includes(each.error)) {
        if (!this.#crowded) throw new Violation(`datagrams to ${source} were refused as a train, and not tried alone`);
        each.error = errno.EAGAIN;
      }
      this.failures.push({ at: this.#world.time.now, peer: peerOf(each.message) });
      count(this.failed, each.error > ERRNO_MAX ? 0 : each.error, 1);
    }
    this.#pending = [];
    this.trains.settle();
    this.#coalescing.settle();
    this.#crowded = false;
  }
}

/** The peer of a message, as the server shows it. */
function peerOf({ source, sourcePort, interface: by }: Message): string {
  return endpointOf(source, zoneOf(source, by), sourcePort);
}

/** The name of an interface behind a link-local address, as it is shown. */
export function zoneOf(address: string, by: Interface): string {
  return isLinkLocal(address) ? by.name.replaceAll('"', "?") : "";
}

/** What the messages of a flow have in common. */
function flowOf(message: Message): string {
  const { source, sourcePort, destination, specific, interface: by } = message;
  const link = needsInterface(message) ? ` by ${by.index}` : "";
  return `${source} port ${sourcePort} at ${specific ?? destination}${link}`;
}

export function count(counts: Counts, key: string | number, amount: number): void {
  if (amount > 0) counts.set(key, (counts.get(key) ?? 0) + amount);
}
