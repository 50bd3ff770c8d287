// Bun's own socket, with a callback per datagram.
await Bun.udpSocket({
  port: Number(process.argv[2]),
  socket: {
    data: (socket, payload, port, address) => void socket.send(payload, port, address),
  },
});
