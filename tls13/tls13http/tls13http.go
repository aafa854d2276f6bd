// Package tls13http makes net/http run over package tls13: HTTP/1.1 and HTTP/2, on
// servers and clients.
//
// A server:
//
//	err := tls13http.ListenAndServe(&http.Server{Addr: ":443", Handler: h}, config)
//
// A client:
//
//	client := &http.Client{Transport: tls13http.NewTransport(config, nil)}
//
// Requests and responses have their TLS field set. Its ExportKeyingMaterial method
// panics, as that of any tls.ConnectionState that crypto/tls has not made: see
// [tls13.Conn.ExportKeyingMaterial].
//
// # Limits
//
// net/http hands connections of HTTP/2 to an implementation only if they are
// *tls.Conn. [Serve] uses the way that net/http itself has for HTTP/2 without TLS,
// which is not documented; where it is missing, there is HTTP/1.1 only. Such
// connections are unknown to the http.Server: Shutdown asks their clients to go,
// but doesn't wait for them.
//
// # Concurrency
//
// All functions and types may be used by several goroutines at once.
package tls13http
