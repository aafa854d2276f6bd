package tls13_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"

	"github.com/sealane/sealane/tls13"
)

// A client of a server that speaks TLS 1.3.
func ExampleDial() {
	conn, err := tls13.Dial("tcp", "example.org:443", &tls13.Config{
		NextProtos: []string{"http/1.1"},
	})
	if err != nil {
		log.Print(err)
		return
	}
	defer conn.Close()
	fmt.Fprintf(conn, "HEAD / HTTP/1.0\r\nHost: example.org\r\n\r\n")
	io.Copy(log.Writer(), conn)
}

// A server with the configuration of a program that uses crypto/tls.
func ExampleListen() {
	cert, err := tls.LoadX509KeyPair("server.pem", "key.pem")
	if err != nil {
		log.Print(err)
		return
	}
	config, err := tls13.ConfigFrom(&tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		log.Print(err)
		return
	}
	l, err := tls13.Listen("tcp", "localhost:8443", config)
	if err != nil {
		log.Print(err)
		return
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			log.Print(err)
			return
		}
		go func() {
			defer conn.Close()
			io.Copy(conn, conn) // the handshake runs with the first Read
		}()
	}
}
