// The net package of Go, without an allocation per datagram.
package main

import (
	"log"
	"net"
	"os"
	"strconv"
)

func main() {
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	conn, err := net.ListenUDP("udp", &net.UDPAddr{Port: port})
	if err != nil {
		log.Fatal(err)
	}
	conn.SetReadBuffer(4 << 20)
	payload := make([]byte, 65536)
	for {
		n, peer, err := conn.ReadFromUDPAddrPort(payload)
		if err != nil {
			continue
		}
		conn.WriteToUDPAddrPort(payload[:n], peer)
	}
}
