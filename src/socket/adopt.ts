/**
 * Adopting a socket that another process has bound.
 * @module
 */

import {
  AF_INET,
  AF_INET6,
  EINVAL,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SO_DOMAIN,
  SO_TYPE,
  SOCK_DGRAM,
  SOL_SOCKET,
} from "../../ffi/constants.ts";
import { errnoMessage, SystemError } from "../../ffi/errno.ts";
import { getsockopt } from "../../ffi/libc.ts";
import { requireInteger, requireType } from "../net/checks.ts";
import { type Bound, readLocalName } from "./bind.ts";
import { isOwned } from "./descriptors.ts";
import { configure, INT_MAX, resetInherited } from "./socket_options.ts";

/** Options of `UdpSocket.adopt`. */
export interface AdoptOptions {
  /** Receive buffer to request, in bytes; a larger one stays as it is. */
  readonly receiveBuffer?: number | undefined;
}

/**
 * Checks and configures a socket that another process has bound.
 * @throws {SystemError} with a sentence for the user if it cannot be adopted
 */
export function adoptSocket(fd: number, options: AdoptOptions): Bound {
  requireInteger("getsockopt", "a descriptor", fd, 0, INT_MAX);
  const { receiveBuffer = 0 } = requireType("setsockopt", "the options of adopt", options, "object");
  requireInteger("setsockopt", "`receiveBuffer`", receiveBuffer, 0, INT_MAX);
  const refuse = (errno: number, reason: string) =>
    new SystemError("getsockopt", errno, `cannot take over descriptor ${fd}: ${reason}`);
  if (isOwned(fd)) throw refuse(EINVAL, "another socket of this process has it");
  const type = getsockopt(fd, SOL_SOCKET, SO_TYPE);
  const domain = getsockopt(fd, SOL_SOCKET, SO_DOMAIN);
  if (type < 0) throw refuse(-type, errnoMessage(-type));
  if ((domain !== AF_INET && domain !== AF_INET6) || type !== SOCK_DGRAM) throw refuse(EINVAL, "it is no UDP socket");
  const name = readLocalName(fd, domain);
  if (name.port === 0) throw refuse(EINVAL, "it is not bound to a port");
  const dualStack = domain === AF_INET6 && getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY) === 0;
  const configuration = configure(fd, domain, receiveBuffer);
  resetInherited(fd, domain);
  return { fd, domain, dualStack, adopted: true, notices: [], ...name, ...configuration };
}
