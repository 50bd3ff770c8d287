/**
 * A DHCP server: it leases addresses of the network of each interface, whose address is the router. RFC 2131, RFC 2132
 *
 *   deno run --allow-ffi examples/dhcp.ts 67      udhcpc -i eth0
 */
import process from "node:process";
import { formatAddress, parseAddress, serve, type UdpRequest, type UdpServer } from "@echo-ts/udp";

const CLIENT_PORT = 68;
const EVERYONE = "255.255.255.255";
const [BOOTREQUEST, BOOTREPLY] = [1, 2];
const [DISCOVER, OFFER, REQUEST, ACK, NAK] = [1, 2, 3, 5, 6];
/** Codes of options. RFC 2132 */
const [SUBNET_MASK, ROUTER, REQUESTED_ADDRESS, LEASE_SECONDS, TYPE, SERVER, END] = [1, 3, 50, 51, 53, 54, 255];
/** Offset of the options, behind the magic cookie. */
const OPTIONS = 240;
const COOKIE = [99, 130, 83, 99];
/** Every network is a /24; clients get its addresses from .100 to .199. */
const MASK = [255, 255, 255, 0];
const [FIRST, LAST] = [100, 199];
const ONE_HOUR = [0, 0, 14, 16];

/** Addresses by network and hardware address of the client. */
const leases = new Map<string, string>();

/** The address for a client in the network of `router`; undefined if all are leased. */
function leaseFor(client: string, router: Uint8Array): string | undefined {
  const key = `${router.subarray(0, 3)} ${client}`;
  const taken = new Set(leases.values());
  for (let host = FIRST; host <= LAST && !leases.has(key); host++) {
    const address = formatAddress(Uint8Array.of(...router.subarray(0, 3), host));
    if (!taken.has(address)) leases.set(key, address);
  }
  return leases.get(key);
}

/** The options of a message, by code. */
function readOptions(message: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = OPTIONS; at + 1 < message.length && message[at] !== END; at += 2 + message[at + 1]!) {
    if (message[at] === 0) at--; // padding: a single byte
    else options.set(message[at]!, message.subarray(at + 2, at + 2 + message[at + 1]!));
  }
  return options;
}

function answer({ payload: request, local }: UdpRequest, { send }: UdpServer): void {
  const cookie = request.subarray(OPTIONS - 4, OPTIONS);
  if (request.length < OPTIONS || request[0] !== BOOTREQUEST || `${cookie}` !== `${COOKIE}`) return;
  const options = readOptions(request);
  const type = options.get(TYPE)?.[0];
  const { bytes: router } = parseAddress(local.address)!;
  const client = request.subarray(28, 28 + 6).toHex();
  // Each interface has an address of this host. A server without one there cannot lease addresses.
  const address = local.address === "0.0.0.0" ? undefined : leaseFor(client, router);
  const chosen = options.get(SERVER);
  if (address === undefined || (type !== DISCOVER && type !== REQUEST)) return;
  // The client has accepted the offer of another server.
  if (chosen !== undefined && `${chosen}` !== `${router}`) return;

  const ours = parseAddress(address)!.bytes;
  const wanted = options.get(REQUESTED_ADDRESS) ?? request.subarray(12, 16);
  const verdict = type === DISCOVER ? OFFER : `${wanted}` === `${ours}` ? ACK : NAK;
  const reply = new Uint8Array(OPTIONS + 64);
  reply.set(request.subarray(0, 44)); // type of hardware, transaction, flags, hardware address
  reply[0] = BOOTREPLY;
  reply.fill(0, 12, 28);
  if (verdict !== NAK) reply.set(ours, 16);
  reply.set(router, 20);
  reply.set(COOKIE, OPTIONS - 4);
  const lease = [SUBNET_MASK, 4, ...MASK, ROUTER, 4, ...router, LEASE_SECONDS, 4, ...ONE_HOUR];
  reply.set([TYPE, 1, verdict, SERVER, 4, ...router, ...(verdict === NAK ? [] : lease), END], OPTIONS);
  // A client without an address cannot be asked for its hardware address, so the reply is a broadcast: by the interface
  // that the request came by, whatever the routing table says of 255.255.255.255.
  const { interfaceIndex, interfaceName } = local;
  send(reply, { to: { address: EVERYONE, port: CLIENT_PORT }, from: local.address, interfaceIndex });
  if (verdict === ACK) console.log(`${address} for ${client} on ${interfaceName}`);
}

await serve({
  port: Number(process.argv[2] ?? 67),
  family: 4,
  broadcast: true,
  // Clients have port 68, and replies are no requests.
  guard: false,
  onListen: ({ socket }) => console.log(`leasing addresses on ${socket.endpoint}`),
}, answer);
