/** Ports of services that may answer any datagram. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isServicePort } from "../../src/mod.ts";
import { SERVICE_PORTS } from "../../src/socket/service_ports.ts";

test("the ports below 1024, those of the list, and the server's own; no other", () => {
  const own = 40_000;
  const found = Array.from({ length: 65_536 }, (_, port) => port).filter((port) => isServicePort(port, own));
  assert.deepEqual(found.slice(0, 1024), Array.from({ length: 1024 }, (_, port) => port));
  assert.deepEqual(found.slice(1024), [...SERVICE_PORTS, own]);
  for (const port of SERVICE_PORTS) assert.ok(port >= 1024 && port < 32_768, `${port}`);
});
