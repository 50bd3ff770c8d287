/** What the kernel says of its addresses and routes. rtnetlink(7) */
import { addressOf, bytesOf } from "./address.ts";
import { AF_INET, AF_INET6 } from "./structs.ts";
import { Violation } from "./violation.ts";
import type { World } from "./world.ts";

const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM_NEWADDR = 20;
const RTM_GETADDR = 22;
const RTM_NEWROUTE = 24;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const RTN_UNICAST = 1;
const RTN_LOCAL = 2;
/** Bytes of a `struct nlmsghdr`, and of a `struct rtmsg`. */
const HEADER_SIZE = 16;
const ROUTE_SIZE = 12;
/** Bytes of an attribute with an IPv6 address. */
const ATTRIBUTE_SIZE = 4 + 16;
/** The interface that is told of as one end of a link, and the other end. */
const POINT_TO_POINT = 3;
const PEER = "2001:db8:ffff::9";

/** The answer to a request. */
export function answerNetlink({ memory, network }: World, at: number, length: number): Uint8Array {
  const family = memory.bytes(at + HEADER_SIZE, 1)[0];
  if (memory.u16(at + 4) === RTM_GETADDR) {
    const messages = network.interfaces.flatMap(({ index, addresses }) =>
      addresses.map((address) => address.split("/")[0]!)
        .filter((address) => (family === AF_INET6) === address.includes(":"))
        .map((address) => newAddress(address, index === POINT_TO_POINT))
    );
    return Uint8Array.from([...messages.flatMap((bytes) => [...bytes]), ...message(NLMSG_DONE, 4)]);
  }
  const attributes = at + HEADER_SIZE + ROUTE_SIZE;
  const size = family === AF_INET ? 4 : 16;
  // Strict kernels require it. `inet_rtm_valid_getroute_req`, net/ipv4/route.c
  if (memory.bytes(at + HEADER_SIZE + 1, 1)[0] !== size * 8) throw new Violation("a question for a network");
  const address = addressOf(memory.bytes(attributes + 4, size));
  const interfaceAt = attributes + 4 + size;
  const index = at + length > interfaceAt ? memory.i32(interfaceAt + 4) : 0;
  const reply = message(typeof network.route(address, index) === "number" ? NLMSG_ERROR : RTM_NEWROUTE, ROUTE_SIZE);
  reply[HEADER_SIZE + 7] = network.isLocal(address, index) ? RTN_LOCAL : RTN_UNICAST;
  return reply;
}

/** A message about an IPv6 address: `struct ifaddrmsg`, and an attribute or, on a point-to-point link, two. */
function newAddress(address: string, pointToPoint: boolean): Uint8Array {
  const attributes: readonly (readonly [type: number, address: string])[] = pointToPoint
    ? [[IFA_ADDRESS, PEER], [IFA_LOCAL, address]]
    : [[IFA_ADDRESS, address]];
  const bytes = message(RTM_NEWADDR, 8 + attributes.length * ATTRIBUTE_SIZE);
  attributes.forEach(([type, address], i) => {
    bytes.set([ATTRIBUTE_SIZE, 0, type, 0, ...bytesOf(address)], HEADER_SIZE + 8 + i * ATTRIBUTE_SIZE);
  });
  return bytes;
}

function message(type: number, size: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + size);
  bytes[0] = bytes.length;
  bytes[4] = type;
  return bytes;
}
