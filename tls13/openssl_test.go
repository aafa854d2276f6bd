package tls13

import (
	"bufio"
	"bytes"
	"crypto/tls"
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

// The groups that every OpenSSL with TLS 1.3 has, by its names.
var opensslGroups = map[tls.CurveID]string{tls.X25519: "X25519", tls.CurveP256: "P-256", tls.CurveP384: "P-384"}

// findCommand returns the path of a command. It skips the test if there is none,
// unless SEALANE_REQUIRE holds tls13/ and its name.
func findCommand(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil && name == "openssl" {
		// LibreSSL's command of the same name has other options.
		out, _ := exec.Command(path, "version").Output()
		if !bytes.HasPrefix(out, []byte("OpenSSL ")) || bytes.HasPrefix(out, []byte("OpenSSL 1.0")) {
			err = fmt.Errorf("version %q", out)
		}
	}
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("SEALANE_REQUIRE"), ","), "tls13/"+name) {
			t.Fatalf("no %s command: %v", name, err)
		}
		t.Skipf("no %s command: %v", name, err)
	}
	return path
}

// writePKI writes the root and all certificates with their keys into a
// directory: root.pem, server-p256.pem, client-p256.pem …
func writePKI(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	p := testPKI()
	write := func(name string, blocks ...*pem.Block) {
		var b bytes.Buffer
		for _, block := range blocks {
			if err := pem.Encode(&b, block); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("root.pem", &pem.Block{Type: "CERTIFICATE", Bytes: p.root.Raw})
	for role, certs := range map[string]map[string]tls.Certificate{"server": p.servers, "client": p.clients} {
		for kind, cert := range certs {
			key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
			if err != nil {
				t.Fatal(err)
			}
			write(role+"-"+kind+".pem", &pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}, &pem.Block{Type: "PRIVATE KEY", Bytes: key})
		}
	}
	return dir
}

// someKinds is keyKinds, and with -short two of them.
func someKinds() []string {
	if testing.Short() {
		return []string{"p256", "ed25519"}
	}
	return keyKinds
}

// someSuites is suites, and with -short one of them.
func someSuites() []cipherSuite {
	if testing.Short() {
		return suites[:1]
	}
	return suites[:]
}

// someGroups are the groups that OpenSSL has, and with -short two of them.
func someGroups() []tls.CurveID {
	if testing.Short() {
		return defaultGroups[1:3]
	}
	return defaultGroups[1:]
}

var opensslModes = []string{"full", "retry", "resumed", "auth", "update"}

// TestOpenSSLServer: this package's client with openssl s_server, each suite,
// group and kind of key, full, after a HelloRetryRequest, resumed, and with a client
// certificate.
func TestOpenSSLServer(t *testing.T) {
	openssl := findCommand(t, "openssl")
	dir := writePKI(t)
	for _, kind := range someKinds() {
		for _, group := range someGroups() {
			for _, auth := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%v/auth=%v", kind, group, auth), func(t *testing.T) {
					t.Parallel()
					args := []string{"-cert", "server-" + kind + ".pem", "-key", "server-" + kind + ".pem", "-groups", opensslGroups[group], "-rev"}
					if auth {
						args = append(args, "-Verify", "1", "-verify_return_error", "-CAfile", "root.pem")
					}
					addr := opensslServer(t, openssl, dir, args)
					for _, suite := range someSuites() {
						for _, mode := range opensslModes {
							if mode != "update" && auth == (mode == "auth") {
								opensslServerCase(t, addr, suite.id, group, kind, mode)
							}
						}
					}
				})
			}
		}
	}
}

// TestOpenSSLServerUpdate: key updates with openssl s_server. It sleeps a second
// after each, so all servers run at once.
func TestOpenSSLServerUpdate(t *testing.T) {
	openssl := findCommand(t, "openssl")
	dir := writePKI(t)
	var group sync.WaitGroup
	for _, kind := range someKinds() {
		for _, g := range someGroups() {
			addr := opensslServer(t, openssl, dir, []string{"-cert", "server-" + kind + ".pem", "-key", "server-" + kind + ".pem", "-groups", opensslGroups[g], "-rev"})
			group.Go(func() {
				for _, suite := range someSuites() {
					opensslServerCase(t, addr, suite.id, g, kind, "update")
				}
			})
		}
	}
	group.Wait()
}

// opensslServer starts openssl s_server and returns its address.
func opensslServer(t *testing.T, openssl, dir string, args []string) string {
	t.Helper()
	cmd := exec.Command(openssl, append([]string{"s_server", "-accept", "127.0.0.1:0", "-tls1_3"}, args...)...)
	cmd.Dir = dir
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "ACCEPT "); ok {
			go io.Copy(io.Discard, out)
			return addr
		}
	}
	t.Fatalf("openssl s_server %v says no address", args)
	return ""
}

func opensslServerCase(t *testing.T, addr string, suite uint16, group tls.CurveID, kind, mode string) {
	t.Helper()
	name := fmt.Sprintf("%s, %s", tls.CipherSuiteName(suite), mode)
	client, _ := configs(kind)
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	cc := mustConfig(t, client)
	cc.CipherSuites = []uint16{suite}
	cc.CurvePreferences = []tls.CurveID{group}
	if mode == "retry" {
		other := tls.CurveP384
		if group == other {
			other = tls.X25519
		}
		cc.CurvePreferences = []tls.CurveID{other, group}
	}
	if mode == "auth" {
		cc.Certificates = []tls.Certificate{testPKI().clients[kind]}
	}
	rounds := 1
	if mode == "resumed" {
		rounds = 2
	}
	for round := range rounds {
		raw, err := net.Dial("tcp", addr)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		raw.SetDeadline(time.Now().Add(30 * time.Second))
		c := Client(raw, cc)
		if err := c.Handshake(); err != nil {
			t.Errorf("%s: %v", name, err)
			raw.Close()
			return
		}
		lines := bufio.NewReader(c)
		for i := range 3 {
			if mode == "update" && i == 1 {
				for _, request := range []bool{false, true} {
					if err := c.KeyUpdate(request); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
			word := strings.Repeat(fmt.Sprint(i), 3000*i) + "abc"
			if _, err := io.WriteString(c, word+"\n"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			got, err := lines.ReadString('\n')
			if want := reversed(word) + "\n"; got != want || err != nil {
				t.Errorf("%s: line %d of %d bytes, want %d: %v", name, i, len(got), len(want), err)
				raw.Close()
				return
			}
		}
		if mode == "update" && c.out.requested.Load() {
			t.Errorf("%s: the server has not updated its key", name)
		}
		st := c.ConnectionState()
		if st.CipherSuite != suite || st.CurveID != group || st.DidResume != (round == 1) || st.HelloRetryRequest != (mode == "retry") {
			t.Errorf("%s: %s, %v, resumed %v, retried %v", name, tls.CipherSuiteName(st.CipherSuite), st.CurveID, st.DidResume, st.HelloRetryRequest)
		}
		c.Close()
	}
}

func reversed(s string) string {
	b := []byte(s)
	slices.Reverse(b)
	return string(b)
}

// TestOpenSSLClient: openssl s_client with this package's server.
func TestOpenSSLClient(t *testing.T) {
	openssl := findCommand(t, "openssl")
	dir := writePKI(t)
	for _, kind := range someKinds() {
		for _, group := range someGroups() {
			t.Run(fmt.Sprintf("%s/%v", kind, group), func(t *testing.T) {
				t.Parallel()
				for _, suite := range someSuites() {
					for _, mode := range opensslModes {
						opensslClientCase(t, openssl, dir, suite.id, group, kind, mode)
					}
				}
			})
		}
	}
}

func opensslClientCase(t *testing.T, openssl, dir string, suite uint16, group tls.CurveID, kind, mode string) {
	t.Helper()
	name := fmt.Sprintf("%s, %s", tls.CipherSuiteName(suite), mode)
	_, server := configs(kind)
	if mode == "auth" {
		server.ClientAuth = tls.RequireAndVerifyClientCert
	}
	sc := mustConfig(t, server)
	sc.CipherSuites = []uint16{suite}
	sc.CurvePreferences = []tls.CurveID{group}
	l, err := Listen("tcp", "127.0.0.1:0", sc)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	groups := opensslGroups[group]
	if mode == "retry" {
		other := "P-384"
		if group == tls.CurveP384 {
			other = "X25519"
		}
		groups = other + ":" + groups
	}
	args := []string{"s_client", "-connect", l.Addr().String(), "-tls1_3", "-servername", "server.test", "-verify_hostname", "server.test",
		"-CAfile", "root.pem", "-verify_return_error", "-groups", groups}
	if mode == "auth" {
		args = append(args, "-cert", "client-"+kind+".pem", "-key", "client-"+kind+".pem")
	}
	session := filepath.Join(t.TempDir(), "session.pem")
	rounds := 1
	if mode == "resumed" {
		rounds = 2
	}
	for round := range rounds {
		extra := []string{"-quiet", "-no_ign_eof"}
		switch {
		case mode == "update": // without -quiet, a line with K updates the key, and asks for the server's
			extra = nil
		case mode == "resumed" && round == 0:
			extra = []string{"-sess_out", session}
		case mode == "resumed":
			extra = append(extra, "-sess_in", session)
		}
		cmd := exec.Command(openssl, slices.Concat(args, extra)...)
		cmd.Dir = dir
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		var out, errOut lockedBuffer
		cmd.Stdout, cmd.Stderr = &out, &errOut
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		updated := func(n int) bool { return strings.Count(errOut.String(), "KEYUPDATE") >= n }
		err = serveOpenSSL(l, in, updated, suite, group, mode, round == 1)
		in.Close()
		timer := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
		if waitErr := cmd.Wait(); err == nil && waitErr != nil {
			err = waitErr
		}
		timer.Stop()
		if err == nil && !strings.Contains(out.String(), "hello from the server") {
			err = fmt.Errorf("it has not shown what the server said: %q", out.String())
		}
		if err != nil {
			t.Errorf("%s, round %d: %v; openssl says %s", name, round, err, errOut.String())
			return
		}
	}
}

// serveOpenSSL talks to one s_client, whose standard input is in, and of which
// updated tells whether it has updated its key so many times.
func serveOpenSSL(l net.Listener, in io.Writer, updated func(n int) bool, suite uint16, group tls.CurveID, mode string, resumed bool) error {
	l.(*listener).Listener.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Second))
	conn, err := l.Accept()
	if err != nil {
		return err
	}
	defer conn.Close()
	s := conn.(*Conn)
	s.SetDeadline(time.Now().Add(20 * time.Second))
	if err := s.Handshake(); err != nil {
		return err
	}
	st := s.ConnectionState()
	if st.CipherSuite != suite || st.CurveID != group || st.DidResume != resumed || st.HelloRetryRequest != (mode == "retry") ||
		(len(st.PeerCertificates) > 0) != (mode == "auth") || st.ServerName != "server.test" {
		return fmt.Errorf("%s, %v, resumed %v, retried %v, %d certificates, name %q", tls.CipherSuiteName(st.CipherSuite), st.CurveID, st.DidResume, st.HelloRetryRequest, len(st.PeerCertificates), st.ServerName)
	}
	lines := bufio.NewReader(s)
	for i := range 2 {
		if mode == "update" {
			if _, err := io.WriteString(in, "K\n"); err != nil {
				return err
			}
			// It forgets what comes behind a K in one read.
			for end := time.Now().Add(20 * time.Second); !updated(i + 1); time.Sleep(time.Millisecond) {
				if time.Now().After(end) {
					return errors.New("it does not update its key")
				}
			}
			if err := s.KeyUpdate(true); err != nil {
				return err
			}
		}
		line := fmt.Sprintf("line %d of the client\n", i)
		if _, err := io.WriteString(in, line); err != nil {
			return err
		}
		got, err := lines.ReadString('\n')
		if got != line || err != nil {
			return fmt.Errorf("read %q: %v", got, err)
		}
		if _, err := io.WriteString(s, "hello from the server\n"); err != nil {
			return err
		}
	}
	if mode == "update" && (s.out.epoch < 3 || s.in.keyUpdates != 0) {
		return fmt.Errorf("%d key updates of this side", s.out.epoch)
	}
	return s.CloseWrite()
}

// TestCurl: curl with this package's server, by a handler that answers like an
// HTTP/1.1 server.
func TestCurl(t *testing.T) {
	curl := findCommand(t, "curl")
	dir := writePKI(t)
	for _, kind := range someKinds() {
		_, server := configs(kind)
		server.NextProtos = []string{"http/1.1"}
		l, err := Listen("tcp", "127.0.0.1:0", mustConfig(t, server))
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					r := bufio.NewReader(conn)
					for {
						line, err := r.ReadString('\n')
						if err != nil || line == "\r\n" {
							break
						}
					}
					io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n"+strings.Repeat("x", 100000))
				}()
			}
		}()
		_, port, _ := net.SplitHostPort(l.Addr().String())
		out, err := exec.Command(curl, "-sS", "--noproxy", "*", "--cacert", filepath.Join(dir, "root.pem"), "--tlsv1.3",
			"--resolve", "server.test:"+port+":127.0.0.1", "https://server.test:"+port+"/").CombinedOutput()
		if err != nil || len(out) != 100000 {
			t.Errorf("%s: %d bytes, %v: %.200s", kind, len(out), err, out)
		}
	}
}
