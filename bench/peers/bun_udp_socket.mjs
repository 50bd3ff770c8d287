// Bun's own socket: a callback per datagram.
await Bun.udpSocket({
  port: Number(process.argv[2]),
  socket: {
    data: (socket, payload, port, address) => void socket.send(payload, port, address),
  },
});
