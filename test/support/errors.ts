/** Errors that calls throw. */
import assert from "node:assert/strict";
import { SystemError } from "../../ffi/errno.ts";

/** The `SystemError` that a call throws; `undefined` without an error. It fails for any other error. */
export function systemErrorOf(call: () => unknown): SystemError | undefined {
  try {
    call();
  } catch (error) {
    assert.ok(error instanceof SystemError, `${error}`);
    return error;
  }
  return undefined;
}

/** The error of a call as text: `EINVAL bind: a port must be …`, or `no error`. */
export function errorText(call: () => unknown): string {
  const error = systemErrorOf(call);
  return error === undefined ? "no error" : `${error.code} ${error.syscall}: ${error.message}`;
}

/** The code of the error of a call, or `no error`. */
export function codeOf(call: () => unknown): string {
  return systemErrorOf(call)?.code ?? "no error";
}
