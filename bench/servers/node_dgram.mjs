// The dgram module of Node.js, with an event per datagram.
import { createSocket } from "node:dgram";

const socket = createSocket({ type: "udp4", recvBufferSize: 4 << 20 });
socket.on("message", (payload, peer) => socket.send(payload, peer.port, peer.address));
socket.bind(Number(process.argv[2]));
