/**
 * The endpoints that the user's targets stand for.
 * @module
 */

import { UsageError } from "../cli/arguments.ts";
import { isIPv4, isLinkLocal, parseAddress } from "../net/address.ts";
import { resolve } from "../net/endpoint.ts";
import { type ProbeSettings, SIZE_MAX_IPV4, type TargetText } from "./options.ts";
import { exactHostText, type NamedPeer, peerText, type ScopedAddress } from "./peer.ts";

/**
 * Resolves targets: each address of a name.
 * @param source the address to send from, if the user gave one
 * @throws {UsageError | SystemError} with a sentence for the user, also for an endpoint that is named again
 */
export function resolveTargets(
  targets: readonly TargetText[],
  settings: ProbeSettings,
  source: ScopedAddress | undefined,
): NamedPeer[] {
  const { size, interfaceName } = settings;
  const family = source === undefined ? settings.family : isIPv4(source.bytes) ? 4 : 6;
  const peers = new Map<string, NamedPeer>();
  for (const { host, port, labels, place } of targets) {
    const name = parseAddress(host.split("%")[0]!) === undefined ? host : undefined;
    const unzoned = parseAddress(host);
    const needsZone = interfaceName !== undefined && unzoned !== undefined && isLinkLocal(unzoned);
    for (const { bytes, scope } of resolve(needsZone ? `${host}%${interfaceName}` : host, family)) {
      const ipv4 = isIPv4(bytes);
      if (source !== undefined && ipv4 !== isIPv4(source.bytes)) {
        throw new UsageError(`--source ${settings.source} and the target ${host} are not of the same family`);
      }
      if (ipv4 && size > SIZE_MAX_IPV4) {
        throw new UsageError(`--size ${size} is too much for ${host}: IPv4 carries up to ${SIZE_MAX_IPV4} bytes`);
      }
      const scoped = { bytes, scope: isLinkLocal(bytes) ? scope : 0 };
      const address = exactHostText(scoped);
      const key = `${address} ${port}`;
      const peer = { ...scoped, name, labels, address, port, key };
      // A name server may give an address of one name twice.
      if ((peers.get(key)?.labels ?? labels) !== labels) {
        throw new UsageError(`${place}${peerText(peer)} is a target already`);
      }
      peers.set(key, peer);
    }
  }
  return [...peers.values()];
}
