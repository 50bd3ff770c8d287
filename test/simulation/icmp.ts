/** ICMP errors, as the kernel hands them to the socket whose datagram they quote. */
import { isIPv4 } from "./address.ts";
import { extendedError } from "./kernel_send.ts";
import { KernelSocket } from "./kernel_socket.ts";
import type { Datagram, Network } from "./network.ts";
import * as option from "./socket_options.ts";

const ORIGIN_ICMP = 2;
const ORIGIN_ICMP6 = 3;
/** Most bytes of a payload that an ICMP message quotes, about. RFC 1812, 4.3.2.3 */
const QUOTED_MAX = 520;

/** Type and code of an ICMP message. RFC 792, RFC 4443 */
export type IcmpMessage = readonly [type: number, code: number];

/** Error numbers, and whether they are told to connected sockets. `icmp_err_convert`, net/ipv4/icmp.c; `icmpv6_err_convert` */
const ERRORS: Readonly<Record<string, readonly [errno: number, fatal: boolean]>> = {
  "4 3.0": [101, false],
  "4 3.1": [113, false],
  "4 3.4": [90, true],
  "4 3.3": [111, true],
  "4 3.10": [113, true],
  "4 3.13": [113, true],
  "4 11.0": [113, false],
  "6 1.0": [101, false],
  "6 1.1": [13, true],
  "6 1.3": [113, false],
  "6 1.4": [111, true],
  "6 2.0": [90, true],
  "6 3.0": [113, false],
};

/** The message that nothing listens at a port. */
export function portUnreachable(destination: string): IcmpMessage {
  return isIPv4(destination) ? [3, 3] : [1, 4];
}

/** A message about a datagram of this host comes from `reporter`. `__udp4_lib_err`, net/ipv4/udp.c */
export function reportIcmp(
  network: Network,
  [type, code]: IcmpMessage,
  { source, sourcePort, payload }: Datagram,
  reporter: string,
  mtu = 0,
): void {
  const ipv4 = isIPv4(source);
  const [errno, fatal] = ERRORS[`${ipv4 ? 4 : 6} ${type}.${code}`]!;
  for (const socket of network.receivers) {
    if (!(socket instanceof KernelSocket) || socket.local?.port !== sourcePort) continue;
    if (!/^(::|0\.0\.0\.0)$/.test(socket.local.address) && socket.local.address !== source) continue;
    // A socket of both families has both options, and asks that of the datagram.
    if (socket.options.get(ipv4 ? option.IP_RECVERR : option.IPV6_RECVERR) === 0) {
      if (fatal && socket.peer !== undefined) socket.error = errno;
      continue;
    }
    const origin = ipv4 ? ORIGIN_ICMP : ORIGIN_ICMP6;
    const control = extendedError(socket, { errno, origin, type, code, info: mtu, reporter });
    socket.errors.push({ control, time: undefined, payload: payload.slice(0, QUOTED_MAX), errno });
    socket.error = errno;
  }
}
