// The DNS forwarder of examples/dns_forwarder.ts on node:dgram: PORT UPSTREAM_ADDRESS UPSTREAM_PORT
import { createSocket } from "node:dgram";
import process from "node:process";

const [port, address, upstreamPort] = process.argv.slice(2);
const TIMEOUT_MILLISECONDS = 5000;
const waiting = new Map();
const numberOf = (message) => message[0] << 8 | message[1];

function ask(query) {
  const [random] = crypto.getRandomValues(new Uint16Array(1));
  let number = random;
  while (waiting.has(number)) number = (number + 1) & 0xffff;
  const [high, low] = query;
  query.set([number >> 8, number & 255]);
  upstream.send(query, Number(upstreamPort), address);
  return new Promise((resolve) => {
    const timer = setTimeout(() => (waiting.delete(number), resolve(undefined)), TIMEOUT_MILLISECONDS);
    waiting.set(number, (answer) => {
      clearTimeout(timer);
      waiting.delete(number);
      answer.set([high, low]);
      resolve(answer);
    });
  });
}

const upstream = createSocket({ type: "udp4" });
upstream.on("message", (answer) => waiting.get(numberOf(answer))?.(answer));
const clients = createSocket({ type: "udp4" });
clients.on("message", async (query, peer) => {
  const answer = await ask(query);
  if (answer !== undefined) clients.send(answer, peer.port, peer.address);
});
clients.bind(Number(port));
