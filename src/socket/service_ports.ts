/**
 * Ports of services that may answer any datagram.
 * @module
 */

/**
 * Ports from 1024 on of services that may answer any datagram, and so could exchange datagrams with a server
 * without end. Ports from 32768 on, the ephemeral ports of clients, are not in the list.
 *
 * Sources: CISA alert TA14-017A, "UDP-Based Amplification Attacks"; Cloudflare, "Reflections on reflection (attacks)",
 * 2017; the collection github.com/Phenomite/AMP-Research; the IANA port registry. docs/server.md names the services.
 */
export const SERVICE_PORTS: ReadonlySet<number> = new Set(
  (
    "1194 1434 1604 1900 2049 2362 3283 3389 3478 3702 3784 4500 5060 5093 5351 5353 5355 5683 6881 7001 10001 10074 " +
    "11211 17185 20800 20811 26000 27005 27015 27036 27960 30120 30718 32414"
  ).split(" ").map(Number),
);

/**
 * Whether a source port belongs to a service, or is the server's own: a server that answers it may exchange datagrams with
 * that service without end. CVE-2024-2169
 */
export function isServicePort(port: number, ownPort: number): boolean {
  return port < 1024 || port === ownPort || SERVICE_PORTS.has(port);
}
