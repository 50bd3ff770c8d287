"""Sends datagrams to port 7 of three local addresses, one by one. Fails unless each comes back within ten seconds. Usage:
systemd_client.py COUNT"""

import socket
import sys

for number in range(int(sys.argv[1])):
    for address in ["127.0.0.1", "127.0.0.2", "::1"]:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.connect((address, 7))
            payload = f"{number} to {address}".encode()
            client.send(payload)
            assert client.recv(100) == payload
