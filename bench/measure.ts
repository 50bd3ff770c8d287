/** Measures every figure with the load generator, turn by turn. */

import { type Figure, FIGURES, FIRST_ECHO, FORWARDER, MEMORY, ROUND_TRIP, SWEEP, WORKERS } from "./figures.ts";
import { measureForwarders } from "./forwarder.ts";
import { askLoad, freePort, type LoadMode, type LoadReport, ORDINARY, TRAINS } from "./load.ts";
import { allowedProcessors } from "./machine.ts";
import { type Command, launch, lives, residentBytes, stop } from "./processes.ts";
import { dgramForwarder, ECHO, NAMES, type Prepared, type Program } from "./programs.ts";
import { measureWorkers } from "./workers.ts";
import { type Histogram, percentile, Results, type Sample } from "./results.ts";

/** Extent of the measurements. All times are in seconds. */
export interface Plan {
  /** Rounds. Each starts every program anew. */
  rounds: number;
  /** Turns of a program per round: in a figure with a table, and in one that is only for the plot. */
  turns: number;
  sweepTurns: number;
  /** Time of load after the start, before the first turn. */
  startup: number;
  /** Parts of a turn: load before the measurement, and the measurement, of a closed loop or of round-trip times. */
  warmup: number;
  window: number;
  roundTrip: number;
  /** If set, the measurement of a closed loop ends after this many datagrams instead of `window` seconds. */
  datagrams?: number;
  /** Numbers of datagrams after which resident memory is read. */
  memory: [number, number];
  memoryLoad: string[];
}

/** The three forms of the bench. */
export const PLANS: Record<"full" | "quick" | "smoke", Plan> = {
  full: {
    rounds: 5,
    turns: 5,
    sweepTurns: 2,
    startup: 0.3,
    warmup: 0.03,
    window: 0.1,
    roundTrip: 1.2,
    memory: [1e6, 10e6],
    memoryLoad: ORDINARY,
  },
  quick: {
    rounds: 3,
    turns: 2,
    sweepTurns: 1,
    startup: 0.1,
    warmup: 0.02,
    window: 0.05,
    roundTrip: 0.5,
    memory: [1e6, 10e6],
    memoryLoad: TRAINS,
  },
  smoke: {
    rounds: 1,
    turns: 1,
    sweepTurns: 1,
    startup: 0.02,
    warmup: 0.01,
    window: 0.02,
    roundTrip: 0.05,
    // On a busy machine a server may not run at all for 20 ms.
    datagrams: 500,
    memory: [1e4, 1e5],
    memoryLoad: TRAINS,
  },
};

/** The programs in the figures that are not closed loops. */
const ROUND_TRIP_PROGRAMS: readonly string[] = [...ECHO, NAMES.recvmmsg];
const FIRST_ECHO_PROGRAMS: readonly string[] = [...ROUND_TRIP_PROGRAMS, NAMES.python];

/** Seconds of a turn of `dnsperf`, which takes whole ones only. */
const FORWARDER_SECONDS = 1;

/** A program that runs. */
interface Server {
  program: Program;
  port: number;
  process: ReturnType<typeof launch>;
}

/** The client gets the first processor, and each server the last: they are the least likely to share a core. */
const [CLIENT_CPU, ...OTHER_CPUS] = allowedProcessors();
const SERVER_CPU = OTHER_CPUS.at(-1);
/** Whether they have a processor each. On a machine with one processor they share it. */
export const PINNED: boolean = SERVER_CPU !== undefined;

/** A step of the bench, with an estimate of its duration. */
export interface Step {
  title: string;
  seconds: number;
  run: () => Promise<void>;
}

/** Measures a program in a turn. Turns count from 0 over all rounds. */
type Measure = (program: Program, turn: number) => Promise<void>;

/** One run of the bench. */
export class Bench {
  readonly results: Results = new Results();
  readonly #plan: Plan;
  readonly #prepared: Prepared;
  readonly #servers: Map<string, Server> = new Map();

  constructor(plan: Plan, prepared: Prepared) {
    this.#plan = plan;
    this.#prepared = prepared;
  }

  /**
   * Returns all steps, in order.
   * @param only words of which the name of a figure must contain one; all figures if empty
   */
  steps(only: string[]): Step[] {
    const wanted = (name: string) => only.length === 0 || only.some((word) => name.includes(word));
    const steps: Step[] = [];
    const figures = [...FIGURES, ...SWEEP].filter(({ id, sweep }) => wanted(id) || (sweep && wanted("sweep")));
    for (let round = 0; round < this.#plan.rounds; round++) steps.push(...this.#round(round, figures, wanted));
    if (wanted(WORKERS) && PINNED) {
      const seconds = 3 + 2 * this.#plan.turns * this.#plan.window;
      for (const program of this.#named(ECHO)) {
        steps.push({ title: `workers: ${program.name}`, seconds, run: () => this.#workers(program) });
      }
    }
    if (wanted(FORWARDER) && this.#prepared.upstream !== undefined) {
      const seconds = 3 + 2 * this.#plan.turns * FORWARDER_SECONDS;
      for (const program of this.#named(ECHO)) {
        steps.push({ title: `forwarder: ${program.name}`, seconds, run: () => this.#forwarder(program) });
      }
    }
    if (wanted(MEMORY)) {
      const seconds = this.#plan.memory[1] / (this.#plan.memoryLoad === TRAINS ? 4e6 : 250e3);
      for (const program of this.#named(ECHO)) {
        steps.push({ title: `memory: ${program.name}`, seconds, run: () => this.#memory(program) });
      }
    }
    return steps;
  }

  #named(names: readonly string[]): Program[] {
    return this.#prepared.programs.filter(({ name }) => names.includes(name));
  }

  #round(round: number, figures: Figure[], wanted: (name: string) => boolean): Step[] {
    const steps: Step[] = [];
    const started = new Set<Program>();
    const add = (title: string, programs: Program[], turns: number, seconds: number, measure: Measure) => {
      for (let turn = round * turns; turn < (round + 1) * turns; turn++) {
        // Reverse order every other turn: no program always comes after the same one.
        for (const program of turn % 2 ? programs.toReversed() : programs) {
          const run = () => measure(program, turn);
          steps.push({ title: `round ${round + 1}, ${title}: ${program.name}`, seconds, run });
          started.add(program);
        }
      }
    };
    const { turns, sweepTurns, warmup, window, roundTrip } = this.#plan;
    for (const figure of figures) {
      // The pipe of socat joins datagrams when there are several: only stop-and-wait is meaningful.
      const takesPart = ({ kind, forks }: Program) => figure.kinds.includes(kind) && !(forks && figure.id !== "1x64");
      const programs = this.#prepared.programs.filter(takesPart);
      const times = FIGURES.includes(figure) ? turns : sweepTurns;
      add(figure.id, programs, times, warmup + window, (program, turn) => this.#window(figure, program, turn));
    }
    if (wanted(ROUND_TRIP)) {
      const programs = this.#named(ROUND_TRIP_PROGRAMS);
      add(ROUND_TRIP, programs, turns, warmup + roundTrip, (program, turn) => this.#roundTrip(program, turn));
    }
    for (const program of started) {
      const run = () => this.#warmUp(program);
      steps.unshift({
        title: `round ${round + 1}, warming up: ${program.name}`,
        seconds: 2 * this.#plan.startup + 0.1,
        run,
      });
    }
    steps.push({ title: `round ${round + 1}, stopping`, seconds: 0.2, run: () => this.#stopAll() });
    if (wanted(FIRST_ECHO)) {
      const programs = this.#named(FIRST_ECHO_PROGRAMS);
      add(FIRST_ECHO, programs, turns, 0.15, (program, turn) => this.#firstEcho(program, turn));
    }
    return steps;
  }

  #load(mode: LoadMode, to: string, ...options: string[]): Promise<LoadReport> {
    return askLoad(this.#prepared.load, mode, to, ...options);
  }

  #loadServer(mode: LoadMode, server: Server, seconds: number, ...options: string[]): Promise<LoadReport> {
    const cpu = PINNED ? ["--cpu", `${CLIENT_CPU}`] : [];
    const pid = ["--pid", `${server.process.pid}`];
    const times = ["--seconds", `${seconds}`, "--warmup", `${this.#plan.warmup}`];
    return this.#load(mode, `127.0.0.1:${server.port}`, ...cpu, ...pid, ...times, ...options);
  }

  /** Returns the server of a program, and starts it if necessary; undefined, with a remark, if it does not answer. */
  async #server(program: Program): Promise<Server | undefined> {
    const running = this.#servers.get(program.name);
    if (running && lives(running.process)) return running;
    if (running) this.results.remarks.add(`${program.name}: died under load and was restarted`);
    const port = await freePort();
    const command: Command = PINNED
      ? ["taskset", "-c", `${SERVER_CPU}`, ...program.command(port)]
      : program.command(port);
    // Only the figure about logging needs a log. /dev/null is the cheapest output.
    const output = program.kind === "logging" ? { stdout: `${this.#prepared.folder}/log-${port}` } : {};
    const server = { program, port, process: launch(command, output) };
    const asked = `127.0.0.2:${port}`;
    const found = await this.#load("source", asked, "--unconnected", "--seconds", "10");
    if (!found.answered) {
      this.results.remarks.add(`${program.name}: no echo within ten seconds of its start`);
      await stop(server.process);
      return undefined;
    }
    if (found.from !== asked) this.results.wrongSource.set(program.name, found.from.replace(`:${port}`, ""));
    this.#servers.set(program.name, server);
    return server;
  }

  async #stopAll(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => stop(server.process)));
    this.#servers.clear();
  }

  /** Puts load on a program until its just-in-time compiler has compiled the hot path. */
  async #warmUp(program: Program): Promise<void> {
    const server = await this.#server(program);
    if (!server || program.forks) return;
    for (const load of [ORDINARY, TRAINS]) await this.#loadServer("window", server, this.#plan.startup, ...load);
  }

  #note(figure: string, { program, process }: Server, turn: number, found: LoadReport, extra: Sample = {}): void {
    if (found.answered === 0) {
      this.results.remarks.add(`${program.name}: ${lives(process) ? "no echo" : "died"} in ${figure}`);
      return;
    }
    const cpu = program.forks ? NaN : found.server_cpu_seconds / found.answered * 1e6;
    const { rate, lost, duplicate, corrupt } = found;
    this.results.add(figure, program.name, turn, { rate, cpu, lost, duplicate, corrupt, ...extra });
  }

  async #window(figure: Figure, program: Program, turn: number): Promise<void> {
    const server = await this.#server(program);
    if (!server) return;
    const { window, datagrams } = this.#plan;
    const end = datagrams === undefined ? [] : ["--datagrams", `${datagrams}`];
    const found = await this.#loadServer("window", server, window, ...end, ...figure.load);
    this.#note(figure.id, server, turn, found);
  }

  async #roundTrip(program: Program, turn: number): Promise<void> {
    const server = await this.#server(program);
    if (!server) return;
    const found = await this.#loadServer("rate", server, this.#plan.roundTrip, "--rate", "10000");
    const histogram: Histogram = new Map(found.histogram);
    const all: Histogram = this.results.histograms.get(program.name) ?? new Map();
    for (const [nanoseconds, count] of histogram) all.set(nanoseconds, (all.get(nanoseconds) ?? 0) + count);
    this.results.histograms.set(program.name, all);
    const p999 = percentile(histogram, 0.999) / 1e3;
    this.#note(ROUND_TRIP, server, turn, found, { p999, lateSends: found.late_sends });
  }

  /** Measures the time to the first echo, without pinning: a runtime may start on several threads. */
  async #firstEcho(program: Program, turn: number): Promise<void> {
    const port = await freePort();
    const found = await this.#load("first-echo", `127.0.0.1:${port}`, "--", ...program.command(port));
    if (found.answered) this.results.add(FIRST_ECHO, program.name, turn, { seconds: found.seconds });
    else this.results.remarks.add(`${program.name}: no first echo`);
  }

  async #workers(program: Program): Promise<void> {
    const { turns, window } = this.#plan;
    const plan = { load: this.#prepared.load, turns: turns * 2, seconds: window * 3 };
    const samples = await measureWorkers((port) => program.command(port), plan);
    samples.forEach((sample, turn) => this.results.add(WORKERS, program.name, turn, sample));
  }

  async #forwarder({ name }: Program): Promise<void> {
    const { folder, forwarders, upstream } = this.#prepared;
    const plan = { upstream: upstream!, folder, turns: this.#plan.turns, seconds: FORWARDER_SECONDS };
    const samples = await measureForwarders({ ...plan, commands: forwarders.get(name) ?? [] });
    for (const [i, title] of [name, dgramForwarder(name)].entries()) {
      samples[i]?.forEach((sample, turn) => this.results.add(FORWARDER, title, turn, sample));
    }
  }

  async #memory(program: Program): Promise<void> {
    const server = await this.#server(program);
    if (!server) return;
    const measure = async (datagrams: number) => {
      await this.#loadServer("window", server, 0, "--datagrams", `${datagrams}`, ...this.#plan.memoryLoad);
      return lives(server.process) ? residentBytes(server.process.pid ?? 0) / 1e6 : NaN;
    };
    const first = await measure(this.#plan.memory[0]);
    const last = await measure(this.#plan.memory[1] - this.#plan.memory[0]);
    this.results.add(MEMORY, program.name, 0, { first, last, growth: Math.abs(last - first) });
    await this.#stopAll();
  }
}
