package tls13http_test

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"

	"github.com/sealane/sealane/tls13"
	"github.com/sealane/sealane/tls13/tls13http"
)

func ExampleListenAndServe() {
	cert, err := tls.LoadX509KeyPair("server.pem", "key.pem")
	if err != nil {
		log.Print(err)
		return
	}
	srv := &http.Server{
		Addr: ":8443",
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "hello by "+r.Proto+"\n")
		}),
	}
	log.Print(tls13http.ListenAndServe(srv, &tls13.Config{Certificates: []tls.Certificate{cert}}))
}

func ExampleNewTransport() {
	client := &http.Client{Transport: tls13http.NewTransport(nil, nil)}
	resp, err := client.Get("https://example.org/")
	if err != nil {
		log.Print(err)
		return
	}
	defer resp.Body.Close()
	log.Print(resp.Proto, tls.CipherSuiteName(resp.TLS.CipherSuite))
}
