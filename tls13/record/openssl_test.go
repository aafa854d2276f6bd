package record

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestOpenSSL opens and seals again all records of connections between the
// openssl command's s_client and s_server, with key updates by both sides,
// early data, padding and small records.
func TestOpenSSL(t *testing.T) {
	openssl := findOpenSSL(t)
	dir := t.TempDir()
	cert := certificate(t)
	key := must(x509.MarshalPKCS8PrivateKey(cert.PrivateKey))
	writePEM(t, filepath.Join(dir, "cert.pem"), "CERTIFICATE", cert.Certificate[0])
	writePEM(t, filepath.Join(dir, "key.pem"), "PRIVATE KEY", key)

	const clientHello, serverHello, newSessionTicket, endOfEarlyData, encryptedExtensions, certificate, certVerify, finished, keyUpdate = 1, 2, 4, 5, 8, 11, 15, 20, 24
	early := []byte("sent before the handshake\n")
	for _, suite := range realSuites {
		for _, test := range []struct {
			name           string
			client, server []string // options
			early          bool
			padded         int // inner plaintexts are multiples of this
			most           int // content of the largest record, if it must be full
		}{
			{name: "plain"},
			{name: "padded", client: []string{"-record_padding", "512"}, server: []string{"-record_padding", "512"}, padded: 512},
			{name: "small", client: []string{"-max_send_frag", "600"}, server: []string{"-max_send_frag", "600"}, most: 600},
			{name: "early data", early: true},
		} {
			t.Run("suite="+suite.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				s := &opensslSession{openssl: openssl, dir: dir, suite: suite.name, client: test.client, server: test.server}
				if test.early {
					s.early = early
				}
				fromClient, fromServer := s.run(t)

				c := conversation{suite.Suite, suite.hash, s.fromClient, s.fromServer, parseKeyLog(t, s.keyLog)}
				client, server := c.listen(t)
				t.Log("client:", client)
				t.Log("server:", server)
				if test.early {
					fromClient = slices.Concat(early, fromClient)
					client.check(t, "client", []byte{clientHello, endOfEarlyData, finished, keyUpdate, keyUpdate}, fromClient, 0)
					server.check(t, "server", []byte{serverHello, encryptedExtensions, finished, newSessionTicket, keyUpdate, keyUpdate}, fromServer, 0)
					return
				}
				client.check(t, "client", []byte{clientHello, finished, keyUpdate, keyUpdate}, fromClient, 0)
				server.check(t, "server", []byte{serverHello, encryptedExtensions, certificate, certVerify, finished, newSessionTicket, newSessionTicket, keyUpdate, keyUpdate}, fromServer, 0)
				for _, h := range []heard{client, server} {
					if (test.padded > 0) != (h.padding > 0) {
						t.Errorf("%d bytes of padding", h.padding)
					}
					if test.most > 0 && h.fullest != test.most {
						t.Errorf("records of up to %d bytes, not %d", h.fullest, test.most)
					}
				}
				if test.padded > 0 {
					c.checkPadding(t, test.padded)
				}
			})
		}
	}
}

// checkPadding opens what the client sent and lets PadTo pad it: the lengths
// are those on the wire.
func (c *conversation) checkPadding(t *testing.T, block int) {
	policy := PadTo(block)
	for off := 0; off < len(c.client); {
		outer, size, _ := Peek(c.client[off:])
		if inner := size - HeaderSize - 16; outer == ApplicationData && inner%block != 0 {
			t.Errorf("a record of %d bytes is not padded to a multiple of %d", inner, block)
		} else if outer == ApplicationData && policy(outer, inner-1) != 0 {
			t.Errorf("PadTo(%d) would add padding to %d bytes", block, inner)
		}
		off += size
	}
}

// findOpenSSL returns the path of the openssl command. It skips the test if
// there is none, unless SEALANE_REQUIRE holds record/openssl.
func findOpenSSL(t *testing.T) string {
	t.Helper()
	absent := t.Skipf
	if slices.Contains(strings.Split(os.Getenv("SEALANE_REQUIRE"), ","), "record/openssl") {
		absent = t.Fatalf
	}
	path, err := exec.LookPath("openssl")
	if err != nil {
		absent("no openssl command: %v", err)
	}
	out, err := exec.Command(path, "version").CombinedOutput()
	if err != nil {
		absent("openssl version: %v", err)
	}
	// LibreSSL's command of the same name writes no key log.
	if version := string(out); !strings.HasPrefix(version, "OpenSSL ") || strings.HasPrefix(version, "OpenSSL 1.0.") || strings.HasPrefix(version, "OpenSSL 1.1.0") {
		absent("need OpenSSL 1.1.1 or newer, not %q", version)
	}
	return path
}

func writePEM(t *testing.T, name, typ string, der []byte) {
	t.Helper()
	if err := os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// An opensslSession is a client and a server, both openssl commands, that talk
// through a recorder.
type opensslSession struct {
	openssl, dir, suite    string
	client, server         []string // further options
	early                  []byte   // data for the client to send early, in a second connection
	fromClient, fromServer []byte   // on the wire
	keyLog                 string
}

// run lets the two talk and returns what they were told to say.
func (s *opensslSession) run(t *testing.T) (clientSaid, serverSaid []byte) {
	t.Helper()
	keyLog := filepath.Join(t.TempDir(), "keys")
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	serverArgs := append([]string{"s_server", "-accept", "127.0.0.1:0", "-tls1_3", "-ciphersuites", s.suite,
		"-cert", filepath.Join(s.dir, "cert.pem"), "-key", filepath.Join(s.dir, "key.pem"), "-keylogfile", keyLog}, s.server...)
	clientArgs := append([]string{"s_client", "-tls1_3"}, s.client...)
	if s.early == nil {
		serverArgs = append(serverArgs, "-naccept", "1")
	} else {
		serverArgs = append(serverArgs, "-naccept", "2", "-early_data", "-max_early_data", "1000")
	}
	server := command(t, ctx, s.openssl, serverArgs)
	address := server.expect(t, "ACCEPT ")
	if s.early != nil {
		session := filepath.Join(t.TempDir(), "session")
		file := filepath.Join(t.TempDir(), "early")
		if err := os.WriteFile(file, s.early, 0o600); err != nil {
			t.Fatal(err)
		}
		first := command(t, ctx, s.openssl, append(clientArgs, "-connect", address, "-sess_out", session))
		server.say(t, "ticket sent.")
		first.expect(t, "ticket sent.")
		first.say(t, "Q")
		first.wait(t)
		clientArgs = append(clientArgs, "-sess_in", session, "-early_data", file)
	}
	wire := tap(t, address)
	client := command(t, ctx, s.openssl, append(clientArgs, "-connect", wire.address))

	n := 0
	tell := func(from, to *process, said *[]byte, size int) {
		t.Helper()
		n++
		text := fmt.Sprintf("%s message %d.", strings.Repeat("lorem ipsum ", size/12), n)
		from.say(t, text)
		*said = append(*said, text+"\n"...)
		to.expect(t, fmt.Sprintf("message %d.", n))
	}
	// A message each; an update of both, by the client's request; an update of
	// the client again, by the server's request; long messages.
	tell(client, server, &clientSaid, 10)
	tell(server, client, &serverSaid, 10)
	client.say(t, "K")
	client.expect(t, "KEYUPDATE")
	tell(client, server, &clientSaid, 100)
	tell(server, client, &serverSaid, 100)
	sent := len(wire.back.written())
	server.say(t, "K")
	for len(wire.back.written()) == sent { // the command says nothing
		if ctx.Err() != nil {
			t.Fatal("s_server sent no KeyUpdate")
		}
		time.Sleep(time.Millisecond)
	}
	tell(server, client, &serverSaid, 10)
	tell(client, server, &clientSaid, 10)
	tell(client, server, &clientSaid, 40000)
	tell(server, client, &serverSaid, 30000)
	client.say(t, "Q")
	client.wait(t)
	server.wait(t)
	s.fromClient, s.fromServer = wire.recorded(t)
	log, err := os.ReadFile(keyLog)
	if err != nil {
		t.Fatal(err)
	}
	s.keyLog = string(log)
	return clientSaid, serverSaid
}

// A process is a running command. It collects what the command writes.
type process struct {
	name  string
	cmd   *exec.Cmd
	stdin io.Writer

	mu   sync.Mutex
	wake sync.Cond
	out  []byte
	seen int // how much of out expect has passed
	over bool
}

func command(t *testing.T, ctx context.Context, path string, args []string) *process {
	t.Helper()
	p := &process{name: args[0], cmd: exec.CommandContext(ctx, path, args...)}
	p.wake.L = &p.mu
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	p.cmd.Stdout, p.cmd.Stderr = p, p
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() })
	context.AfterFunc(ctx, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.over = true
		p.wake.Broadcast()
	})
	return p
}

// Write takes what the command writes.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out = append(p.out, b...)
	p.wake.Broadcast()
	return len(b), nil
}

// say writes a line to the command's standard input.
func (p *process) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(p.stdin, line+"\n"); err != nil {
		t.Fatalf("%s: %v", p.name, err)
	}
}

// expect waits until the command has written text, behind what was expected
// before, and returns the rest of its line.
func (p *process) expect(t *testing.T, text string) string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if _, after, ok := bytes.Cut(p.out[p.seen:], []byte(text)); ok {
			if line, _, ok := bytes.Cut(after, []byte("\n")); ok {
				p.seen = len(p.out) - len(after)
				return string(line)
			}
		}
		if p.over {
			t.Fatalf("%s did not write %q but:\n%s", p.name, text, p.out[p.seen:])
		}
		p.wake.Wait()
	}
}

func (p *process) wait(t *testing.T) {
	t.Helper()
	if err := p.cmd.Wait(); err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		t.Fatalf("%s: %v\n%s", p.name, err, p.out)
	}
}

// A wiretap passes one TCP connection on and records it.
type wiretap struct {
	address string
	there   *stream
	back    *stream
	done    chan error // two
}

// tap listens on a port of its own and connects who connects there to address.
func tap(t *testing.T, address string) *wiretap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	w := &wiretap{l.Addr().String(), newStream(true), newStream(true), make(chan error, 2)}
	go func() {
		client, err := l.Accept()
		if err != nil {
			return // the test is over
		}
		server, err := net.Dial("tcp", address)
		if err != nil {
			client.Close()
			w.done <- err
			w.done <- nil
			return
		}
		pass := func(to, from net.Conn, record *stream) {
			_, err := io.Copy(io.MultiWriter(record, to), from)
			to.(*net.TCPConn).CloseWrite()
			w.done <- err
		}
		go pass(server, client, w.there)
		pass(client, server, w.back)
	}()
	return w
}

// recorded waits for the connection to end and returns both its directions.
func (w *wiretap) recorded(t *testing.T) (there, back []byte) {
	t.Helper()
	if err := errors.Join(<-w.done, <-w.done); err != nil {
		t.Fatal(err)
	}
	return w.there.written(), w.back.written()
}
