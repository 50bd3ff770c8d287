// Deno's own socket, with a promise per datagram.
const socket = Deno.listenDatagram({ transport: "udp", hostname: "0.0.0.0", port: Number(Deno.args[0]) });
for await (const [payload, peer] of socket) await socket.send(payload, peer);
