package tls13

import (
	"crypto/tls"
	"io"
	"testing"
)

func benchBulk(b *testing.B, size int, suite uint16) {
	client, server := configs("p256")
	client.DynamicRecordSizingDisabled = true
	cc, _ := ConfigFrom(client)
	sc, _ := ConfigFrom(server)
	cc.CipherSuites = []uint16{suite}
	x, y := newPipe()
	c, s := Client(x, cc), Server(y, sc)
	shake(c, s)
	out, in := make([]byte, size), make([]byte, size)
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		c.Write(out)
		io.ReadFull(s, in)
	}
}
func BenchmarkBulk1350(b *testing.B)  { benchBulk(b, 1350, tls.TLS_AES_128_GCM_SHA256) }
func BenchmarkBulk16384(b *testing.B) { benchBulk(b, 16384, tls.TLS_AES_128_GCM_SHA256) }
func BenchmarkBulkCC(b *testing.B)    { benchBulk(b, 16384, tls.TLS_CHACHA20_POLY1305_SHA256) }
func BenchmarkShake(b *testing.B) {
	client, server := configs("p256")
	client.CurvePreferences = []tls.CurveID{tls.X25519}
	cc, _ := ConfigFrom(client)
	sc, _ := ConfigFrom(server)
	sc.SessionTicketsDisabled = true
	b.ReportAllocs()
	for b.Loop() {
		x, y := newPipe()
		c, s := Client(x, cc), Server(y, sc)
		if a, b2 := shake(c, s); a != nil || b2 != nil {
			b.Fatal(a, b2)
		}
	}
}
