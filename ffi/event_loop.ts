/**
 * Yielding to the event loop between blocking calls.
 * @module
 */

/**
 * Turns of the event loop after which all signals that arrived before are handled. Deno's scheduler polls for events in
 * every 61st turn (`event_interval` of tokio), or when it is idle.
 */
export const SIGNAL_TURNS = 64;
/** Time for the runtime's signal thread to forward a signal that interrupted a call. */
const SIGNAL_MILLISECONDS = 5;

// Loaded on the first use, which is after the first echo. Older versions of Deno have no global setImmediate.
let timers: typeof import("node:timers") | undefined;

/** Runs turns of the event loop, some microseconds each. A timer would take a millisecond. */
export async function yieldToEventLoop(turns = 1): Promise<void> {
  const { setImmediate } = timers ??= await import("node:timers");
  for (let i = 0; i < turns; i++) await new Promise<void>((resolve) => void setImmediate(resolve));
}

/** Lets the runtime handle the signal that interrupted a blocking call. */
export async function handleSignal(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SIGNAL_MILLISECONDS));
  await yieldToEventLoop(SIGNAL_TURNS);
}
