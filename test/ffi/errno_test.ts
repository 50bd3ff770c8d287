/** Error numbers as names, messages and errors. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { EACCES, EAGAIN } from "../../ffi/constants.ts";
import { check, ERRNO_COUNT, errnoMessage, errnoName, OTHER_ERROR, SystemError } from "../../ffi/errno.ts";

test("names, of unused and unknown numbers too", () => {
  assert.deepEqual([1, EAGAIN, EACCES, 133].map(errnoName), ["EPERM", "EAGAIN", "EACCES", "EHWPOISON"]);
  assert.deepEqual([41, 58, 134, 4095].map(errnoName), ["errno 41", "errno 58", "errno 134", "errno 4095"]);
  assert.equal(errnoName(OTHER_ERROR), "other");
  assert.equal(ERRNO_COUNT, 134);
});

test("messages, of an unknown number too", () => {
  assert.equal(errnoMessage(EACCES), "permission denied");
  assert.equal(errnoMessage(OTHER_ERROR), "unknown error");
  assert.ok(errnoMessage(4095).length > 0);
});

test("an error: its own words, or the call with the message", () => {
  const error = new SystemError("bind", EACCES);
  assert.ok(error instanceof Error);
  const { name, message, code, errno, syscall } = error;
  assert.deepEqual({ name, message, code, errno, syscall }, {
    name: "SystemError",
    message: "bind: permission denied (EACCES)",
    code: "EACCES",
    errno: EACCES,
    syscall: "bind",
  });
  assert.equal(new SystemError("bind", EACCES, "no").message, "no");
});

test("a result that is checked", () => {
  assert.deepEqual([check("socket", 0), check("socket", 7)], [0, 7]);
  assert.throws(() => check("socket", -EACCES), new SystemError("socket", EACCES));
});
