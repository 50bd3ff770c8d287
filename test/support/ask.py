"""Asks a UDP server, and tells what came back and from where. Usage: ask.py [options] ADDRESS PORT PAYLOAD

    --segment N       send the payload as a train of datagrams of N bytes (UDP_SEGMENT)
    --interface NAME  leave by this interface
    --source ADDRESS  send from this address
    --wait MS         wait so long for answers (default: 200)

The payload is given in hexadecimal. It prints a list of [address, port, payload] as JSON, one for each answer."""

import argparse
import json
import socket
import struct
import time

SO_BINDTODEVICE, UDP_SEGMENT = 25, 103  # <asm-generic/socket.h>, <linux/udp.h>

parser = argparse.ArgumentParser()
parser.add_argument("--segment", type=int)
parser.add_argument("--interface")
parser.add_argument("--source")
parser.add_argument("--wait", type=int, default=200)
parser.add_argument("address")
parser.add_argument("port")
parser.add_argument("payload")
given = parser.parse_args()

family, kind, protocol, _, target = socket.getaddrinfo(given.address, given.port, type=socket.SOCK_DGRAM)[0]
with socket.socket(family, kind, protocol) as asking:
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    if given.interface:
        asking.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, given.interface.encode())
    if given.source:
        asking.bind((given.source, 0))
    control = [(socket.IPPROTO_UDP, UDP_SEGMENT, struct.pack("=H", given.segment))] if given.segment else []
    asking.sendmsg([bytes.fromhex(given.payload)], control, 0, target)
    answers = []
    end = time.monotonic() + given.wait / 1000
    while (left := end - time.monotonic()) > 0:
        asking.settimeout(left)
        try:
            payload, peer = asking.recvfrom(65536)
        except TimeoutError:
            break
        answers.append([peer[0], peer[1], payload.hex()])
print(json.dumps(answers))
