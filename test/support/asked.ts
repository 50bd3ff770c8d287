/** Targets of the probe whose requests a test decides on, and a terminal that keeps what it is given. */
import assert from "node:assert/strict";
import type { Terminal } from "../../src/cli/terminal.ts";
import type { ErrorReport } from "../../src/mod.ts";
import { parseAddress } from "../../src/net/address.ts";
import { type Request, RequestLedger } from "../../src/probe/ledger.ts";
import { parseProbe, type ProbeSettings } from "../../src/probe/options.ts";
import { peerText } from "../../src/probe/peer.ts";
import type { ProbeTarget } from "../../src/probe/target.ts";

const SIZE = 64;
/** The address that is asked, unless a test says otherwise. */
export const TARGET = "192.0.2.10";

/** A terminal that keeps what it is given. */
export class Screen {
  lines: string[] = [];
  erased: number[] = [];
  interactive = false;
  unicode = false;
  columns = 80;
  rows = Infinity;
  marks = false;

  constructor(options: Partial<Screen> = {}) {
    Object.assign(this, options);
  }

  writeLines(lines: readonly string[]): void {
    this.lines.push(...lines);
  }

  eraseAbove(lines: number): void {
    this.erased.push(lines);
  }

  paint(style: string, text: string): string {
    return this.marks ? `<${style} ${text}>` : text;
  }

  get terminal(): Terminal {
    return this as unknown as Terminal;
  }
}

/** The settings of a command line. */
export function settingsOf(...args: string[]): ProbeSettings {
  const settings = parseProbe([TARGET, ...args]);
  if (typeof settings === "string") assert.fail(settings);
  return settings;
}

/** An endpoint. */
export const peerOf = (address: string, port = 9000) => ({ bytes: parseAddress(address)!, scope: 0, port });

/** A target, and what becomes of its requests. */
export class Asked {
  readonly peer;
  readonly ledger: RequestLedger;
  readonly target: ProbeTarget;
  /** Its socket, as far as reports ask for it. */
  readonly socket = { udp: { port: 40_000 }, tellsFragments: true };

  constructor(name?: string, address = TARGET, sourcePorts = 1) {
    this.peer = { ...peerOf(address), name };
    this.ledger = new RequestLedger(this.peer, 1, settingsOf("-t", "1s"), sourcePorts);
    const endpoint = peerText(this.peer);
    this.target = {
      ...{ peer: this.peer, endpoint, ledger: this.ledger, session: 1 },
      sockets: [this.socket, { ...this.socket, udp: { port: 40_001 } }].slice(0, sourcePorts),
    } as unknown as ProbeTarget;
  }

  #open(): Request {
    return this.ledger.open(SIZE);
  }

  /** Answered from the target, or from elsewhere; `times` times in all. */
  answered(nanoseconds: number, from = peerOf(TARGET), times = 1): this {
    const request = this.#open();
    request.sentAt = 5_000_000_000;
    const payload = this.ledger.payloadOf(request);
    for (let i = 0; i < times; i++) this.ledger.answered({ payload, from, time: 5_000_000_000 + nanoseconds });
    return this;
  }

  /** Answered with a byte changed, or with this much of the payload. */
  corrupted(size = SIZE): this {
    const payload = this.ledger.payloadOf(this.#open());
    payload[20]! ^= 1;
    this.ledger.answered({ payload: payload.subarray(0, size), from: peerOf(TARGET), time: 0 });
    return this;
  }

  lost(): this {
    this.ledger.lost(this.#open());
    return this;
  }

  waiting(): this {
    this.#open();
    return this;
  }

  failed(errno: number, report?: Partial<ErrorReport>): this {
    this.ledger.failed(this.#open(), report === undefined ? { errno } : reportOf(errno, report));
    return this;
  }

  stray(): this {
    this.ledger.answered({ payload: new Uint8Array(200), from: peerOf("192.0.2.99"), time: 0 });
    return this;
  }
}

/** A host that reports errors. */
export const ROUTER = { bytes: parseAddress("198.51.100.1")!, scope: 0, zone: "" };
/** An ICMP message of IPv4. */
export const icmp = (type: number, code: number) => ({ version: 4, type, code }) as const;
/** The target says that nothing listens at the port. */
export const REFUSED = { icmp: icmp(3, 3), reporter: { ...ROUTER, bytes: parseAddress(TARGET)! } };

/** An error report with these fields. */
export function reportOf(errno: number, report: Partial<ErrorReport>): ErrorReport {
  return {
    kind: "error",
    errno,
    icmp: undefined,
    reporter: undefined,
    mtu: 0,
    quoted: new Uint8Array(),
    ...report,
  } as ErrorReport;
}
