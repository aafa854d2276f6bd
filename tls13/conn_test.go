package tls13

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/tls13/record"
)

// connect returns both ends of a connection in memory after the handshake.
func connect(t testing.TB, change func(cc, sc *Config)) (c, s *Conn) {
	t.Helper()
	client, server := configs("p256")
	client.CurvePreferences = []tls.CurveID{tls.X25519}
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	if change != nil {
		change(cc, sc)
	}
	a, b := newPipe()
	c, s = Client(a, cc), Server(b, sc)
	if cerr, serr := shake(c, s); cerr != nil || serr != nil {
		t.Fatalf("client %v, server %v", cerr, serr)
	}
	return c, s
}

// Data of many sizes, both ways, read in pieces of many sizes, with records small
// and large.
func TestData(t *testing.T) {
	for _, suite := range suites {
		for _, fixed := range []bool{false, true} {
			c, s := connect(t, func(cc, sc *Config) {
				cc.CipherSuites = []uint16{suite.id}
				cc.DynamicRecordSizingDisabled = fixed
			})
			for _, most := range []int{0, 1, 17} {
				s.conn.(*pipeConn).most = most
				for _, n := range []int{1, 2, 100, 1350, smallRecord, smallRecord + 1, 16383, 16384, 16385, 40000, maxWrite, maxWrite + 1, 600000} {
					if most > 0 && n > 20000 {
						continue
					}
					data := make([]byte, n)
					rand.Read(data)
					if m, err := c.Write(data); m != n || err != nil {
						t.Fatalf("Write of %d: %d, %v", n, m, err)
					}
					for _, piece := range []int{n, 1 << 14, 1000} {
						got := make([]byte, 0, n)
						for len(got) < n {
							m, err := s.Read(got[len(got):min(n, len(got)+piece)])
							if err != nil {
								t.Fatal(err)
							}
							got = got[:len(got)+m]
						}
						if !bytes.Equal(got, data) {
							t.Fatalf("%d bytes in pieces of %d arrive changed", n, piece)
						}
						if piece != 1000 {
							c.Write(data)
						}
					}
				}
				if s.in.buf != nil {
					t.Error("a buffer is held although nothing is in it")
				}
			}
		}
	}
}

// Over TCP, where reading waits without a buffer.
func TestTCP(t *testing.T) {
	client, server := configs("p256")
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	l, err := Listen("tcp", "127.0.0.1:0", sc)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	data := make([]byte, 3<<20)
	rand.Read(data)
	done := make(chan error, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			done <- err
			return
		}
		defer conn.Close()
		// ReadFrom and WriteTo are what io.Copy uses.
		_, err = io.Copy(conn, conn)
		done <- err
	}()
	c, err := Dial("tcp", l.Addr().String(), cc)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() {
		c.ReadFrom(bytes.NewReader(data))
		c.CloseWrite()
	}()
	var got bytes.Buffer
	if n, err := c.WriteTo(&got); n != int64(len(data)) || err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes of %d came back, %v", n, len(data), err)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	// A deadline interrupts a Read; after it, reading goes on.
	c2, s2 := tcpPair(t, cc, sc)
	s2.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
	var ne net.Error
	if _, err := s2.Read(make([]byte, 1)); !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("Read after the deadline: %v", err)
	}
	if s2.in.buf != nil {
		t.Error("a buffer is held although nothing is in it")
	}
	s2.SetReadDeadline(time.Time{})
	exchange(t, c2, s2, 100000)
	exchange(t, s2, c2, 100000)
	// The name of the host is that of the certificate, if no other is given.
	cc = cc.Clone()
	cc.ServerName = ""
	go func() {
		if conn, err := l.Accept(); err == nil {
			conn.(*Conn).Handshake()
		}
	}()
	d := &Dialer{Config: cc}
	conn, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func tcpPair(t testing.TB, cc, sc *Config) (c, s *Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	c, s = Client(a, cc), Server(b, sc)
	t.Cleanup(func() { c.Close(); s.Close() })
	if cerr, serr := shake(c, s); cerr != nil || serr != nil {
		t.Fatalf("client %v, server %v", cerr, serr)
	}
	return c, s
}

// 200 connections at once, each with readers, writers and key updates at both
// ends, checked by hash.
func TestConcurrent(t *testing.T) {
	client, server := configs("p256")
	client.CurvePreferences = []tls.CurveID{tls.X25519}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(10)
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	n := 200
	if testing.Short() {
		n = 10
	}
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			a, b := newPipe()
			c, s := Client(a, cc), Server(b, sc)
			var both sync.WaitGroup
			send := func(x *Conn, seed byte) {
				h := sha256.New()
				buf := make([]byte, 1+i*97%5000)
				for j := range buf {
					buf[j] = seed + byte(j*i)
				}
				for k := range 20 {
					if k%7 == 3 {
						if err := x.KeyUpdate(k%2 == 0); err != nil {
							t.Error(err)
						}
					}
					if _, err := x.Write(buf); err != nil {
						t.Error(err)
						return
					}
					h.Write(buf)
				}
				x.Write(h.Sum(nil))
				x.CloseWrite()
			}
			receive := func(x *Conn) {
				all, err := io.ReadAll(x)
				if err != nil || len(all) < 32 {
					t.Errorf("%d bytes, %v", len(all), err)
					return
				}
				if sum := sha256.Sum256(all[:len(all)-32]); !bytes.Equal(sum[:], all[len(all)-32:]) {
					t.Error("wrong hash")
				}
			}
			both.Go(func() { send(c, 1) })
			both.Go(func() { send(s, 2) })
			both.Go(func() { receive(c) })
			both.Go(func() { receive(s) })
			both.Wait()
			both.Go(func() { c.Close() })
			both.Go(func() { s.Close() })
			both.Wait()
		})
	}
	group.Wait()
}

// Key updates: by request, of the peer on request, no second request before the
// answer, and before the limit of a key.
func TestKeyUpdate(t *testing.T) {
	c, s := connect(t, nil)
	for range 3 {
		if err := c.KeyUpdate(true); err != nil {
			t.Fatal(err)
		}
		if err := c.KeyUpdate(true); err != nil { // is not a second request
			t.Fatal(err)
		}
		exchange(t, c, s, 100)
		if !s.out.reply.Load() {
			t.Error("the request did not arrive")
		}
		epoch := s.out.epoch
		exchange(t, s, c, 100)
		if s.out.epoch != epoch+1 || c.out.requested.Load() {
			t.Errorf("epoch %d after %d, still requested %v", s.out.epoch, epoch, c.out.requested.Load())
		}
	}
	if c.out.epoch != 6 {
		t.Errorf("epoch %d", c.out.epoch)
	}
	// Until the answer has come, an update does not ask again.
	if err := c.KeyUpdate(true); err != nil {
		t.Fatal(err)
	}
	exchange(t, c, s, 1)
	if _, err := s.Write([]byte{1}); err != nil { // answers; the client does not read yet
		t.Fatal(err)
	}
	if err := c.KeyUpdate(true); err != nil {
		t.Fatal(err)
	}
	exchange(t, c, s, 1)
	if s.out.reply.Load() || !c.out.requested.Load() {
		t.Errorf("a second request before the answer: %v; the first is forgotten: %v", s.out.reply.Load(), !c.out.requested.Load())
	}
	if _, err := io.ReadFull(c, make([]byte, 1)); err != nil || c.out.requested.Load() {
		t.Errorf("the answer does not count: %v", err)
	}
	exchange(t, c, s, 100000)
	exchange(t, s, c, 100000)
	// A suite whose keys are good for few records.
	few := cipherSuite{0x1301, record.NewSuite(0x1301, 16, 100, newTestGCM), suites[0].hash}
	for _, x := range []*Conn{c, s} {
		x.suite = &few
		x.secrets.in.Next()
		x.secrets.out.Next()
		if err := x.out.keyIV.set(x.out.sealer, &few, &x.secrets.out); err != nil {
			t.Fatal(err)
		}
		if err := x.in.keyIV.set(x.in.opener, &few, &x.secrets.in); err != nil {
			t.Fatal(err)
		}
	}
	epoch := c.out.epoch
	for range 300 {
		exchange(t, c, s, 10)
	}
	if got := c.out.epoch - epoch; got < 5 || got > 7 {
		t.Errorf("%d updates in 300 records with a key for 100", got)
	}
}

// A closing and a closed connection.
func TestClose(t *testing.T) {
	c, s := connect(t, nil)
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte{1}); err == nil {
		t.Error("Write after CloseWrite")
	}
	if err := c.CloseWrite(); err != nil {
		t.Errorf("CloseWrite twice: %v", err)
	}
	for range 2 {
		if _, err := s.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("Read after close_notify: %v", err)
		}
	}
	exchange(t, s, c, 50000)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != net.ErrClosed {
		t.Errorf("Close twice: %v", err)
	}
	if _, err := s.Write([]byte{1}); err == nil {
		t.Error("Write after Close")
	}
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read after the peer's Close: %v", err)
	}
	// Without close_notify it may have been somebody else.
	c, s = connect(t, nil)
	s.conn.Close()
	for range 2 {
		if _, err := c.Read(make([]byte, 1)); err != io.ErrUnexpectedEOF {
			t.Errorf("Read after an end without close_notify: %v", err)
		}
	}
	// Amid a record.
	c, s = connect(t, nil)
	s.Write(make([]byte, 100))
	half := c.conn.(*pipeConn).in
	half.mu.Lock()
	half.buf = half.buf[:len(half.buf)-1]
	half.mu.Unlock()
	s.conn.Close()
	if n, err := io.ReadFull(c, make([]byte, 100)); n != 0 || err != io.ErrUnexpectedEOF {
		t.Errorf("Read of a record that was cut: %d, %v", n, err)
	}
	// Close interrupts a Read.
	c, _ = connect(t, nil)
	done := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		done <- err
	}()
	time.Sleep(5 * time.Millisecond)
	c.Close()
	if err := <-done; err == nil {
		t.Error("Read survives Close")
	}
	if (&Conn{}).ConnectionState().HandshakeComplete {
		t.Error("a connection that is none is complete")
	}
	a, _ := newPipe()
	if err := Client(a, &Config{ServerName: "x"}).CloseWrite(); err == nil {
		t.Error("CloseWrite before the handshake")
	}
}

// Exported keying material is the same at both ends, and crypto/tls's.
func TestExport(t *testing.T) {
	client, server := configs("p256")
	cc := mustConfig(t, client)
	a, b := newPipe()
	c, s := Client(a, cc), tls.Server(b, server)
	if _, err := c.ExportKeyingMaterial("x", nil, 1); err == nil {
		t.Error("export before the handshake")
	}
	mustShake(t, c, s)
	for _, context := range [][]byte{nil, []byte("context")} {
		got, err := c.ExportKeyingMaterial("EXPORTER-test", context, 77)
		if err != nil {
			t.Fatal(err)
		}
		state := s.ConnectionState()
		want, err := state.ExportKeyingMaterial("EXPORTER-test", context, 77)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%x, want %x (%v)", got, want, err)
		}
	}
}

// What is not TLS is told as crypto/tls tells it.
func TestNotTLS(t *testing.T) {
	_, server := configs("p256")
	sc := mustConfig(t, server)
	a, b := newPipe()
	a.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	var e tls.RecordHeaderError
	if err := Server(b, sc).Handshake(); !errors.As(err, &e) || e.Conn != net.Conn(b) || string(e.RecordHeader[:]) != "GET /" {
		t.Errorf("error %v, %+v", err, e)
	}
	if len(a.in.buf) != 0 {
		t.Error("something was written to the peer")
	}
	a, b = newPipe()
	a.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
	if err := Client(b, &Config{ServerName: "x"}).Handshake(); !errors.As(err, &e) || e.Conn != nil || string(e.RecordHeader[:]) != "HTTP/" {
		t.Errorf("error %v, %+v", err, e)
	}
	// TLS 1.2 only, at either end.
	client, server := configs("p256")
	old := server.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	a, b = newPipe()
	cerr, serr := shake(Client(a, mustConfig(t, client)), tls.Server(b, old))
	if cerr == nil || serr == nil {
		t.Errorf("client %v, server %v", cerr, serr)
	}
	oldClient := client.Clone()
	oldClient.MinVersion, oldClient.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	a, b = newPipe()
	cerr, serr = shake(tls.Client(a, oldClient), Server(b, sc))
	if serr == nil || !strings.Contains(serr.Error(), "TLS 1.2") || !strings.Contains(serr.Error(), "TLS 1.3") || !strings.Contains(fmt.Sprint(cerr), "protocol version") {
		t.Errorf("client %v, server %v", cerr, serr)
	}
}

// sealed makes records for conn's peer as if conn had sent them.
func sealed(t *testing.T, conn *Conn, typ record.ContentType, content []byte) {
	t.Helper()
	b, err := conn.out.sealer.Seal(nil, typ, content)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// A peer that has completed the handshake cannot keep this side busy with nothing,
// nor send what has no place.
func TestLimits(t *testing.T) {
	update := []byte{typeKeyUpdate, 0, 0, 1, 0}
	ticket := []byte{typeNewSessionTicket, 0, 0, 15, 0, 0, 0, 1, 0, 0, 0, 0, 1, 7, 0, 1, 9, 0, 0}
	for _, c := range []struct {
		name     string
		toClient bool
		send     func(t *testing.T, x *Conn, i int)
		allowed  int // times
		alert    tls.AlertError
	}{
		{"empty records", false, func(t *testing.T, x *Conn, _ int) { sealed(t, x, record.ApplicationData, nil) }, maxUseless, alertUnexpectedMessage},
		{"key updates", false, func(t *testing.T, x *Conn, _ int) {
			if err := x.KeyUpdate(false); err != nil {
				t.Fatal(err)
			}
		}, maxUseless, alertUnexpectedMessage},
		{"warnings", false, func(t *testing.T, x *Conn, _ int) {
			sealed(t, x, record.AlertMessage, []byte{levelWarning, byte(alertUserCanceled)})
		}, maxWarnings, alertUnexpectedMessage},
		{"tickets", true, func(t *testing.T, x *Conn, _ int) { sealed(t, x, record.Handshake, ticket) }, maxTickets - 1, alertUnexpectedMessage},
		{"ticket to a server", false, func(t *testing.T, x *Conn, _ int) { sealed(t, x, record.Handshake, ticket) }, 0, alertUnexpectedMessage},
		{"long message", false, func(t *testing.T, x *Conn, _ int) {
			sealed(t, x, record.Handshake, []byte{typeNewSessionTicket, 1, 0, 1})
		}, 0, alertDecodeError},
		{"data behind a KeyUpdate", false, func(t *testing.T, x *Conn, _ int) {
			sealed(t, x, record.Handshake, append(bytes.Clone(update), update...))
		}, 0, alertUnexpectedMessage},
		{"bad KeyUpdate", false, func(t *testing.T, x *Conn, _ int) {
			sealed(t, x, record.Handshake, []byte{typeKeyUpdate, 0, 0, 1, 2})
		}, 0, alertIllegalParameter},
		{"data amid a message", false, func(t *testing.T, x *Conn, _ int) {
			sealed(t, x, record.Handshake, update[:3])
			sealed(t, x, record.ApplicationData, []byte{1})
		}, 0, alertUnexpectedMessage},
		{"change_cipher_spec", false, func(t *testing.T, x *Conn, _ int) { sealed(t, x, record.ChangeCipherSpec, []byte{1}) }, 0, alertUnexpectedMessage},
		{"ClientHello", false, func(t *testing.T, x *Conn, _ int) { sealed(t, x, record.Handshake, []byte{typeClientHello, 0, 0, 0}) }, 0, alertUnexpectedMessage},
		{"HelloRequest", true, func(t *testing.T, x *Conn, _ int) { sealed(t, x, record.Handshake, []byte{0, 0, 0, 0}) }, 0, alertUnexpectedMessage},
		{"CertificateRequest", true, func(t *testing.T, x *Conn, _ int) {
			sealed(t, x, record.Handshake, []byte{typeCertificateRequest, 0, 0, 3, 0, 0, 0})
		}, 0, alertUnexpectedMessage},
		{"garbage", false, func(t *testing.T, x *Conn, _ int) {
			x.conn.Write([]byte{23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
		}, 0, tls.AlertError(record.BadRecordMAC)},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, n := range []int{c.allowed, c.allowed + 1} {
				// Without a session cache, tickets count too.
				peer, x := connect(t, nil)
				if c.toClient {
					peer, x = x, peer
				}
				for i := range n {
					c.send(t, peer, i)
				}
				if n == c.allowed {
					exchange(t, peer, x, 10)
					continue
				}
				_, err := x.Read(make([]byte, 1))
				if got := alertFor(err); err == nil || got != c.alert {
					t.Fatalf("after %d: %v", n, err)
				}
				if _, again := x.Read(make([]byte, 1)); again != err {
					t.Errorf("then %v", again)
				}
				if _, werr := x.Write([]byte{1}); werr != err {
					t.Errorf("Write: %v", werr)
				}
				if _, perr := peer.Read(make([]byte, 1)); !isAlert(perr, c.alert) {
					t.Errorf("the peer reads %v", perr)
				}
				if _, perr := peer.Write([]byte{1}); !isAlert(perr, c.alert) {
					t.Errorf("the peer's Write: %v", perr)
				}
			}
		})
	}
}

func newTestGCM(key []byte) (cipher.AEAD, error) { return aesgcm.New(key) }
