/**
 * `echo.ts probe`: asks UDP echo servers, and says whether they answer, from where, and how fast.
 * @module
 */

import { EADDRNOTAVAIL } from "../../ffi/constants.ts";
import { SystemError } from "../../ffi/errno.ts";
import { interfaceIndex, interfaceName } from "../../ffi/interfaces.ts";
import { isIPv4, isLinkLocal, parseAddress } from "../net/address.ts";
import { UsageError } from "../cli/arguments.ts";
import { resolve } from "../net/endpoint.ts";
import { ErrorQueue } from "../socket/error_queue.ts";
import { type ProbeSettings, SIZE_MAX, SIZE_MAX_IPV4 } from "./options.ts";
import { Exchange } from "./reply_poller.ts";
import { findLargest, MtuReport } from "./mtu.ts";
import { makeReport, type Report } from "./report.ts";
import { type NamedEndpoint, ProbeTarget, type TargetObserver } from "./target.ts";
import { hostText } from "./text.ts";
import { verdict } from "./verdict.ts";
import { handleSignals } from "../cli/signals.ts";
import { Terminal } from "../cli/terminal.ts";

/** Requests to each of several targets, if the user says nothing else. */
const COUNT_DEFAULT = 5;
/** Least time to wait at the end for answers too many. */
const LINGER_MILLISECONDS = 10;
/** Time from a request that failed to the next one, where requests follow answers. */
const FAILURE_MILLISECONDS = 200;

/**
 * Runs the probe until it is done or a signal stops it.
 * @returns the exit code: 0 if all targets are ok, else 1
 * @throws {UsageError | SystemError} with a sentence for the user, where it can't be done
 */
export async function runProbe(settings: ProbeSettings): Promise<number> {
  const terminal = new Terminal();
  let stopped = false;
  handleSignals(() => stopped = true);
  const isStopped = () => stopped || terminal.closed;

  const endpoints = resolveTargets(settings);
  const report = settings.findMtu
    ? new MtuReport(settings, terminal)
    : makeReport(settings, terminal, endpoints.length > 1);
  const targets = makeTargets(endpoints, settings, report);
  const exchange = new Exchange(targets);
  try {
    if (report instanceof MtuReport) {
      const found = await findLargest(targets, exchange, settings, report, isStopped);
      return found ? 0 : 1;
    }
    await ask(targets, exchange, settings, report, isStopped);
    return targets.every((target) => verdict(target) === "ok") ? 0 : 1;
  } finally {
    for (const target of targets) target.close();
  }
}

/** Sends requests at the pace that the user wants, until all are answered or given up. */
async function ask(
  targets: readonly ProbeTarget[],
  exchange: Exchange,
  settings: ProbeSettings,
  report: Report,
  isStopped: () => boolean,
): Promise<void> {
  const { size, interval, timeout } = settings;
  const count = (settings.count ?? (targets.length > 1 ? COUNT_DEFAULT : 0)) || Infinity;
  const lastSent = new Map(targets.map((target) => [target, performance.now() - interval]));
  /** When the next request to a target is due, in milliseconds of `performance.now`. */
  const dueAt = (target: ProbeTarget): number => {
    if (target.sent >= count) return Infinity;
    if (interval > 0) return lastSent.get(target)! + interval;
    if (target.counts.waiting > 0) return Infinity;
    return lastSent.get(target)! + (target.outcome(target.sent) === "failed" ? FAILURE_MILLISECONDS : 0);
  };
  report.start(targets);
  report.progress();
  while (!isStopped()) {
    let until = Infinity;
    for (const target of targets) {
      const now = performance.now();
      const due = dueAt(target);
      if (due <= now) {
        target.send(size);
        // What could not be sent in time is not made up for.
        lastSent.set(target, Math.max(due, now - interval));
      }
      until = Math.min(until, dueAt(target), target.deadline);
    }
    if (until === Infinity) break;
    await exchange.step(until);
    report.progress();
  }
  // A second answer to the last request is not far behind the first.
  const slowest = Math.max(...targets.map(({ times }) => times.maximum / 1_000_000 || 0));
  const end = performance.now() + Math.min(timeout, Math.max(LINGER_MILLISECONDS, slowest));
  while (!isStopped() && performance.now() < end) await exchange.step(end);
  report.finish();
}

/** The endpoints that the user's targets stand for, each once. */
function resolveTargets(settings: ProbeSettings): NamedEndpoint[] {
  const source = settings.source === undefined ? undefined : resolve(settings.source, settings.family)[0]!;
  const family = source === undefined ? settings.family : isIPv4(source.bytes) ? 4 : 6;
  const endpoints = new Map<string, NamedEndpoint>();
  for (const { host, port } of settings.targets) {
    for (const found of resolve(withInterface(host, settings), family)) {
      // A zone that was given as a number gets the name that answers come with.
      const address = found.scope === 0 ? found : { ...found, zone: interfaceName(found.scope) };
      const ipv4 = isIPv4(address.bytes);
      if (source !== undefined && ipv4 !== isIPv4(source.bytes)) {
        throw new UsageError(`--source ${settings.source} and the target ${host} are not of the same family`);
      }
      if (ipv4 && settings.size > SIZE_MAX_IPV4) {
        throw new UsageError(
          `--size ${settings.size} is too much for ${host}: IPv4 carries ${SIZE_MAX_IPV4} bytes at most`,
        );
      }
      const name = parseAddress(host.split("%")[0]!) === undefined ? host : undefined;
      const key = `${hostText(address)} ${port}`;
      if (!endpoints.has(key)) endpoints.set(key, { name, address, port });
    }
  }
  return [...endpoints.values()];
}

/** A link-local address gets the interface that the user wants to send by. */
function withInterface(host: string, { interfaceName }: ProbeSettings): string {
  const bytes = parseAddress(host);
  return interfaceName !== undefined && bytes !== undefined && isLinkLocal(bytes) ? `${host}%${interfaceName}` : host;
}

function makeTargets(
  endpoints: readonly NamedEndpoint[],
  settings: ProbeSettings,
  observer: TargetObserver,
): ProbeTarget[] {
  const errors = new ErrorQueue();
  const source = settings.source === undefined ? undefined : hostText(resolve(settings.source, settings.family)[0]!);
  const requests = {
    connected: settings.connected,
    source,
    interfaceIndex: settings.interfaceName === undefined ? 0 : interfaceIndex(settings.interfaceName),
    ttl: settings.ttl,
    tos: settings.tos,
    dontFragment: settings.dontFragment,
    timeout: settings.timeout,
    sizeMax: settings.findMtu ? SIZE_MAX : settings.size,
  };
  if (settings.interfaceName !== undefined && requests.interfaceIndex === 0) {
    const message = `no interface named ${JSON.stringify(settings.interfaceName)} on this host; \`ip link\` lists ` +
      "what there is";
    throw new SystemError("if_nametoindex", EADDRNOTAVAIL, message);
  }
  try {
    return endpoints.map((endpoint) => new ProbeTarget(endpoint, requests, observer, errors));
  } catch (error) {
    if (!(error instanceof SystemError) || error.errno !== EADDRNOTAVAIL || source === undefined) throw error;
    throw new SystemError(
      "bind",
      EADDRNOTAVAIL,
      `cannot send from ${source}: this address is not on this host; \`ip address\` lists what is`,
    );
  }
}
