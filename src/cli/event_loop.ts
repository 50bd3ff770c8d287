/**
 * Letting the runtime do its work between blocking calls.
 * @module
 */

/**
 * Turns of the event loop after which every signal that came before has been handled: the scheduler under Deno looks for
 * events in every 61st (`event_interval` of tokio), or when it has nothing else to do.
 */
export const SIGNAL_TURNS = 64;
/** How long the runtime gets to pass on the signal that interrupted a call: a thread of its own does that. */
const SIGNAL_MILLISECONDS = 5;

// Loaded when it is first needed, for that is after the first echo.
let timers: typeof import("node:timers") | undefined;

/** Lets the runtime take so many turns of its event loop, some microseconds each. A timer would take a millisecond. */
export async function takeTurns(count: number): Promise<void> {
  const { setImmediate } = timers ??= await import("node:timers");
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets the runtime handle the signal that has just interrupted a blocking call. */
export async function handleSignal(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, SIGNAL_MILLISECONDS));
  await takeTurns(SIGNAL_TURNS);
}
