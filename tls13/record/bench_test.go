package record

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
)

// BenchmarkRecord measures one call on size bytes of application data:
//
//	op=seal  Sealer.Seal; for crypto/tls a Write that goes nowhere
//	op=open  Opener.OpenTo into exactly enough room for the content
//	op=inplace  Opener.Open, and a copy of the records, which it overwrites
//	op=both  seal, copy once as a socket would, open; for crypto/tls a Write
//	         and the Reads at the other end of a connection in memory
func BenchmarkRecord(b *testing.B) {
	for _, suite := range realSuites {
		for _, size := range []int{64, 1350, 16384, 262144} {
			alg := fmt.Sprintf("aes-%d-gcm", 8*suite.KeySize())
			if suite.Suite == CHACHA20POLY1305SHA256 {
				alg = "chacha20-poly1305"
			}
			tier := ""
			run := func(impl, op string, f func(b *testing.B, suite *Suite, size int)) {
				b.Run(fmt.Sprintf("impl=%s/op=%s/alg=%s%s/size=%d", impl, op, alg, tier, size), func(b *testing.B) {
					b.SetBytes(int64(size))
					f(b, suite.Suite, size)
				})
			}
			run("std", "seal", benchSealTLS)
			run("std", "both", benchBothTLS)
			a, err := suite.newAEAD(make([]byte, suite.KeySize()))
			if err != nil {
				b.Fatal(err)
			}
			tier = "/tier=" + a.(interface{ Tier() string }).Tier()
			run("sealane", "seal", benchSeal)
			run("sealane", "open", benchOpenTo)
			run("sealane", "inplace", benchOpen)
			run("sealane", "both", benchBoth)
		}
	}
}

func benchSeal(b *testing.B, suite *Suite, size int) {
	s, _ := pair(b, suite)
	data, out := make([]byte, size), make([]byte, 0, s.Size(size))
	for b.Loop() {
		s.seq &= 1<<20 - 1 // below the limit
		if _, err := s.Seal(out, ApplicationData, data); err != nil {
			b.Fatal(err)
		}
	}
}

func benchOpenTo(b *testing.B, suite *Suite, size int) {
	s, o := pair(b, suite)
	wire, dst := seal(b, s, ApplicationData, make([]byte, size)), make([]byte, size)
	for b.Loop() {
		o.seq = 0
		if n, _, _, err := o.OpenTo(dst, wire); n != size || err != nil {
			b.Fatal(n, err)
		}
	}
}

// readFull opens wire into dst, as the Reads of a connection would.
func readFull(o *Opener, dst, wire []byte) error {
	for len(dst) > 0 {
		n, used, last, err := o.OpenTo(dst, wire)
		if err != nil {
			return err
		}
		if last.Type != 0 {
			return errors.New("unexpected record")
		}
		dst, wire = dst[n:], wire[used:]
	}
	return nil
}

func benchOpen(b *testing.B, suite *Suite, size int) {
	s, o := pair(b, suite)
	wire := seal(b, s, ApplicationData, make([]byte, size))
	in := make([]byte, len(wire))
	recs := make([]Record, 16)
	for b.Loop() {
		o.seq = 0
		copy(in, wire)
		if _, used, err := o.Open(recs, in); used != len(in) || err != nil {
			b.Fatal(err)
		}
	}
}

func benchBoth(b *testing.B, suite *Suite, size int) {
	s, o := pair(b, suite)
	data, dst := make([]byte, size), make([]byte, size)
	out := make([]byte, 0, s.Size(size))
	in := make([]byte, cap(out))
	for b.Loop() {
		s.seq &= 1<<20 - 1
		o.seq = s.seq
		out, err := s.Seal(out, ApplicationData, data)
		if err != nil {
			b.Fatal(err)
		}
		if err := readFull(o, dst, in[:copy(in, out)]); err != nil {
			b.Fatal(err)
		}
	}
}

// connectTLS makes a connection of crypto/tls whose client writes full records.
func connectTLS(b *testing.B, suite *Suite) (client, server *tls.Conn, toServer *pipeEnd) {
	useSuite(b, suite.ID())
	clientConfig, serverConfig := configs(b)
	clientConfig.DynamicRecordSizingDisabled = true
	x, y, _, _ := pipe(false)
	toServer = &pipeEnd{}
	*toServer = x.(pipeEnd)
	client, server = tls.Client(net.Conn(toServer), clientConfig), tls.Server(y, serverConfig)
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	if err := errors.Join(client.Handshake(), <-done); err != nil {
		b.Fatal(err)
	}
	if id := client.ConnectionState().CipherSuite; id != suite.ID() {
		b.Fatalf("suite %#x", id)
	}
	return client, server, toServer
}

func benchSealTLS(b *testing.B, suite *Suite, size int) {
	client, _, to := connectTLS(b, suite)
	to.Writer = io.Discard
	data := make([]byte, size)
	for b.Loop() {
		if _, err := client.Write(data); err != nil {
			b.Fatal(err)
		}
	}
}

func benchBothTLS(b *testing.B, suite *Suite, size int) {
	client, server, _ := connectTLS(b, suite)
	data, dst := make([]byte, size), make([]byte, size)
	for b.Loop() {
		if _, err := client.Write(data); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(server, dst); err != nil {
			b.Fatal(err)
		}
	}
}
