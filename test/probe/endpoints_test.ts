/** The targets of a command line as endpoints. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProbe } from "../../src/probe/options.ts";
import { resolveTargets } from "../../src/probe/endpoints.ts";
import { peerText } from "../../src/probe/peer.ts";
import { UsageError } from "../../src/cli/arguments.ts";

function endpoints(...args: string[]): [name: string | undefined, endpoint: string][] {
  const settings = parseProbe(args);
  if (typeof settings === "string") assert.fail(settings);
  return resolveTargets(settings.targets, settings, undefined).map((peer) => [peer.name, peerText(peer)]);
}

test("names keep their name, addresses have none, and no endpoint is named twice", () => {
  assert.deepEqual(endpoints("192.0.2.1", "[2001:db8::1]:7", "fe80::1%lo", "-p", "9000"), [
    [undefined, "192.0.2.1:9000"],
    [undefined, "[2001:db8::1]:7"],
    [undefined, "[fe80::1%lo]:9000"],
  ]);
  assert.deepEqual(endpoints("localhost:5", "-4"), [["localhost", "127.0.0.1:5"]]);
  const twice = new UsageError("127.0.0.1:5 is a target already");
  assert.throws(() => endpoints("localhost:5", "127.0.0.1:5", "-4"), twice);
  assert.throws(() => endpoints("127.0.0.1", "127.0.0.1:5", "-p", "5"), twice);
});

test("a size that IPv4 does not carry", () => {
  assert.deepEqual(endpoints("::1", "-s", "65508").length, 1);
  assert.deepEqual(endpoints("127.0.0.1", "-s", "65507").length, 1);
  assert.throws(() => endpoints("::1", "127.0.0.1", "-s", "65508"), UsageError);
});
