/**
 * Ports of services that may answer any datagram.
 * @module
 */

/**
 * Ports from 1024 on of services that may answer any datagram, and so could exchange datagrams with a server
 * without end. Ports from 32768 on, the ephemeral ports of clients, are not in the list.
 *
 * Sources: CISA alert TA14-017A, "UDP-Based Amplification Attacks"; Cloudflare, "Reflections on reflection (attacks)",
 * 2017; the collection github.com/Phenomite/AMP-Research; the IANA port registry.
 */
export const SERVICE_PORTS: ReadonlyMap<number, string> = new Map([
  [1194, "OpenVPN"],
  [1434, "Microsoft SQL Server browser"],
  [1604, "Citrix ICA browser"],
  [1900, "SSDP"],
  [2049, "NFS"],
  [2362, "Digi device discovery"],
  [3283, "Apple Remote Desktop"],
  [3389, "Remote Desktop"],
  [3478, "STUN"],
  [3702, "WS-Discovery"],
  [3784, "BFD"],
  [4500, "IPsec NAT traversal"],
  [5060, "SIP"],
  [5093, "Sentinel license manager"],
  [5351, "NAT-PMP"],
  [5353, "mDNS"],
  [5355, "LLMNR"],
  [5683, "CoAP"],
  [6881, "BitTorrent"],
  [7001, "AFS"],
  [10001, "Ubiquiti discovery"],
  [10074, "Mitel TP-240 driver"],
  [11211, "memcached"],
  [17185, "VxWorks debugger"],
  [20800, "Call of Duty"],
  [20811, "Powerhouse VPN management"],
  [26000, "Quake"],
  [27005, "Steam game clients"],
  [27015, "Steam game servers"],
  [27036, "Steam Remote Play"],
  [27960, "Quake III"],
  [30120, "FiveM game servers"],
  [30718, "Lantronix device discovery"],
  [32414, "Plex media server"],
]);

/**
 * Whether a source port belongs to a service, or is the server's own: a server that answers it may exchange datagrams with
 * that service without end. CVE-2024-2169
 */
export function isServicePort(port: number, ownPort: number): boolean {
  return port < 1024 || port === ownPort || SERVICE_PORTS.has(port);
}
