/**
 * A syslog receiver that logs the local address and the interface of each message. RFC 3164, RFC 5424, RFC 5426
 *
 *   deno run --allow-ffi examples/syslog.ts 5140      logger --server 127.0.0.2 --port 5140 --udp hello
 */
import process from "node:process";
import { serve } from "@echo-ts/udp";

const SEVERITIES = ["emergency", "alert", "critical", "error", "warning", "notice", "info", "debug"];
/** Priority of a message without one: facility user, severity notice. RFC 3164, 4.3.3 */
const DEFAULT_PRIORITY = 13;

const decoder = new TextDecoder();

await serve({
  port: Number(process.argv[2] ?? 514),
  receiveBuffer: 4 << 20,
  onListen: ({ socket }) => console.log(`receiving on ${socket.endpoint}`),
}, ({ payload, peer, local }) => {
  // Control characters must not reach the terminal.
  const text = decoder.decode(payload).replace(/\p{C}+$/u, "").replaceAll(/\p{C}/gu, "?");
  const [, digits, message] = /^<(\d{1,3})>(.*)$/s.exec(text) ?? [, DEFAULT_PRIORITY, text];
  const priority = Number(digits);
  const time = new Date().toISOString();
  const severity = SEVERITIES[priority & 7];
  console.log(
    `${time} ${peer.address} -> ${local.address} (${local.interfaceName}) ${priority >> 3}.${severity}: ${message}`,
  );
});
