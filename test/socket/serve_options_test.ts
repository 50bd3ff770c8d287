/** Options of `serve`: defaults, ranges, and the sentence about what is wrong. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ServeOptions } from "../../src/mod.ts";
import { readServeOptions } from "../../src/socket/serve_options.ts";
import { errorText } from "../support/errors.ts";

/** The error of these options. */
function errorOf(options: unknown): string {
  return errorText(() => readServeOptions(options as ServeOptions));
}

test("defaults, and what is given", () => {
  const { bindOptions, ...others } = readServeOptions({ port: 9 });
  assert.deepEqual(others, {
    ...{ signal: undefined, onListen: undefined, onError: undefined },
    ...{ guard: true, maxPending: 10_000, drainMilliseconds: 0 },
  });
  assert.equal(bindOptions.port, 9);
  const { signal } = new AbortController();
  const given = { signal, onListen: () => {}, onError: () => {}, guard: false, maxPending: 0, drainMilliseconds: 7 };
  const { bindOptions: bound, ...read } = readServeOptions({ port: 9, ttl: 3, ...given });
  assert.deepEqual([read, bound.ttl], [given, 3]);
});

test("what is wrong, of every option", () => {
  const most = 2 ** 31 - 1;
  const wrong: [options: unknown, error: string][] = [
    [undefined, "EINVAL bind: the options of serve must be an object, not undefined"],
    [{ onListen: 1 }, "EINVAL bind: `onListen` must be a function, not 1"],
    [{ onError: 1 }, "EINVAL recvmmsg: `onError` must be a function, not 1"],
    [{ signal: {} }, "EINVAL bind: `signal` must be an AbortSignal"],
    [{ guard: 1 }, "EINVAL sendmmsg: `guard` must be true or false, not 1"],
    [{ maxPending: -1 }, `EINVAL recvmmsg: \`maxPending\` must be a whole number from 0 to ${most}, not -1`],
    [
      { drainMilliseconds: 2 ** 31 },
      `EINVAL recvmmsg: \`drainMilliseconds\` must be a whole number from 0 to ${most}, not 2147483648`,
    ],
    [{ port: -1 }, "EINVAL bind: a port must be a whole number from 0 to 65535, not -1"],
    [{ ttl: 0 }, "EINVAL setsockopt: `ttl` must be a whole number from 1 to 255, not 0"],
  ];
  for (const [options, error] of wrong) {
    assert.equal(errorOf(options && { port: 0, ...options }), error);
  }
});
