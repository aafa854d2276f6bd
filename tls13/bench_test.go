package tls13

import (
	"crypto/tls"
	"fmt"
	"io"
	"testing"
)

// impls are the two that are compared.
var impls = []string{"sealane", "std"}

// benchEnds returns what makes the two ends of a connection of one
// implementation, over a connection in memory.
func benchEnds(b *testing.B, impl string, suite uint16, change func(client, server *tls.Config)) func() (c, s endpoint) {
	client, server := configs("p256")
	client.DynamicRecordSizingDisabled, server.DynamicRecordSizingDisabled = true, true
	change(client, server)
	cc, sc := mustConfig(b, client), mustConfig(b, server)
	cc.CipherSuites = []uint16{suite}
	return func() (c, s endpoint) {
		x, y := newPipe()
		if impl == "std" {
			c, s = tls.Client(x, client), tls.Server(y, server)
		} else {
			c, s = Client(x, cc), Server(y, sc)
		}
		saved := defaultCipherSuitesTLS13
		defaultCipherSuitesTLS13 = []uint16{suite}
		defer func() { defaultCipherSuitesTLS13 = saved }()
		if cerr, serr := shake(c, s); cerr != nil || serr != nil {
			b.Fatal(cerr, serr)
		}
		return c, s
	}
}

// A write and a read in memory.
func BenchmarkConn(b *testing.B) {
	for _, suite := range suites {
		for _, size := range []int{64, 1350, 16384, 262144} {
			for _, impl := range impls {
				b.Run(fmt.Sprintf("impl=%s/alg=%s/size=%d", impl, tls.CipherSuiteName(suite.id), size), func(b *testing.B) {
					c, s := benchEnds(b, impl, suite.id, func(_, server *tls.Config) { server.SessionTicketsDisabled = true })()
					out, in := make([]byte, size), make([]byte, size)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := c.Write(out); err != nil {
							b.Fatal(err)
						}
						if _, err := io.ReadFull(s, in); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// A handshake of both ends in memory. A resumed one includes a byte of data, with
// which the client receives the ticket for the next.
func BenchmarkHandshake(b *testing.B) {
	for _, op := range []string{"full", "resumed"} {
		for _, group := range defaultGroups {
			for _, impl := range impls {
				b.Run(fmt.Sprintf("impl=%s/op=%s/alg=%v", impl, op, group), func(b *testing.B) {
					open := benchEnds(b, impl, tls.TLS_AES_128_GCM_SHA256, func(client, server *tls.Config) {
						client.CurvePreferences = []tls.CurveID{group}
						if op == "resumed" {
							client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
						} else {
							server.SessionTicketsDisabled = true
						}
					})
					one := make([]byte, 1)
					connect := func() (resumed bool) {
						c, s := open()
						if op == "resumed" {
							s.Write(one)
							io.ReadFull(c, one)
						}
						return c.ConnectionState().DidResume
					}
					connect()
					b.ReportAllocs()
					for b.Loop() {
						if connect() != (op == "resumed") {
							b.Fatal("resumed or not")
						}
					}
				})
			}
		}
	}
}
