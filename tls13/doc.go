// Package tls13 implements TLS 1.3 (RFC 9846), client and server, with the types
// and names of crypto/tls wherever they mean the same. On connections it is
// several times faster than crypto/tls, and it leaves choices open that crypto/tls
// makes itself: the cipher suites, and when keys are updated.
//
// A program that uses crypto/tls changes little:
//
//	config, err := tls13.ConfigFrom(tlsConfig)
//	…
//	conn := tls13.Client(netConn, config) // or Server, Dial, Listen, NewListener
//
// For net/http there is package tls13http.
//
// # What there is
//
//   - Key exchange by X25519MLKEM768, X25519, P-256 and P-384, with
//     HelloRetryRequest. A key share serves one handshake.
//   - Server certificates, and client certificates if asked for, with ECDSA,
//     Ed25519 and RSA-PSS keys; chains are verified by crypto/x509. SNI, ALPN,
//     OCSP staples and SCTs.
//   - Resumption by session tickets, always with a key exchange, and never
//     beyond what the present configuration allows.
//   - KeyUpdate, by request and before the limits of Section 5.5.
//   - Middlebox compatibility mode (Appendix E.4).
//
// There is no 0-RTT data, no PSK from outside, no authentication after the
// handshake, no Encrypted Client Hello, and no older version of TLS: a peer
// without TLS 1.3 is told so, with an error that says what it has.
//
// # Errors
//
// A fault that this side finds is an error whose text says what was wrong, after
// the alert that RFC 9846 wants was sent. One about the peer's certificate wraps a
// [tls.CertificateVerificationError]. An alert of the peer is a [net.OpError] with
// Op "remote error" that wraps the [tls.AlertError]. What is not TLS at all is a
// [tls.RecordHeaderError]. All of them end the connection for good.
//
// # Limits
//
// A handshake message may have 64 KiB, one with certificates 256 KiB; 32 records
// in a row may carry nothing, and so many KeyUpdates may come without data between
// them; a client takes 16 session tickets from a connection, a server skips 16 KiB
// of early data. So a peer can neither make memory grow nor keep this side busy
// without sending data.
//
// # Secrets
//
// Handshake secrets and those of superseded generations of keys are overwritten.
// What the standard library holds, and AEADs that are not used any more, cannot be
// overwritten and are left to the garbage collector. See the packages of the
// primitives for what is constant-time.
//
// # Buffers
//
// A connection holds no buffer while nothing is in it. While a Read waits it holds
// none either on TCP and Unix sockets; on any other net.Conn it holds 2 KiB.
package tls13
