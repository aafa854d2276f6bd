package tls13http

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealane/sealane/tls13"
)

// configs returns configurations for a client and a server at 127.0.0.1.
var configs = sync.OnceValues(func() (client, server *tls.Config) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "server"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	return &tls.Config{RootCAs: pool}, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
})

func mustConfig(t *testing.T, c *tls.Config) *tls13.Config {
	t.Helper()
	config, err := tls13.ConfigFrom(c)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// echo answers with what the request came by, and its body.
func echo(w http.ResponseWriter, r *http.Request) {
	if r.TLS == nil || !r.TLS.HandshakeComplete || r.TLS.Version != tls.VersionTLS13 {
		http.Error(w, "no TLS", http.StatusInternalServerError)
		return
	}
	if _, ok := r.Context().Value(http.ServerContextKey).(*http.Server); !ok {
		http.Error(w, "no server in the context", http.StatusInternalServerError)
		return
	}
	fmt.Fprintf(w, "%s %s %s ", r.Proto, r.TLS.NegotiatedProtocol, r.RemoteAddr)
	io.Copy(w, r.Body)
}

// serve runs Serve and returns its address.
func serve(t *testing.T, srv *http.Server, config *tls13.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- Serve(srv, l, config) }()
	t.Cleanup(func() {
		srv.Close()
		if err := <-done; err != http.ErrServerClosed {
			t.Errorf("Serve returned %v", err)
		}
	})
	return "https://" + l.Addr().String()
}

func post(t *testing.T, rt http.RoundTripper, url, proto string) {
	t.Helper()
	client := &http.Client{Transport: rt, Timeout: 30 * time.Second}
	body := strings.Repeat("sealane ", 40000)
	resp, err := client.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 {
		t.Fatalf("%s: %s", resp.Status, got)
	}
	if resp.Proto != proto || !bytes.HasPrefix(got, []byte(proto+" ")) || !bytes.HasSuffix(got, []byte(" "+body)) {
		t.Errorf("%s: answer %.60q", resp.Proto, got)
	}
	if resp.TLS == nil || !resp.TLS.HandshakeComplete || len(resp.TLS.PeerCertificates) != 1 {
		t.Error("the response tells nothing of TLS")
	}
}

// Both protocols, with net/http over crypto/tls at either end, and with neither.
func TestHTTP(t *testing.T) {
	client, server := configs()
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		alpn := map[string][]string{"HTTP/1.1": {protoH1}, "HTTP/2.0": nil}[proto]
		ours := func(t *testing.T) string {
			config := server.Clone()
			config.NextProtos = alpn
			return serve(t, &http.Server{Handler: http.HandlerFunc(echo)}, mustConfig(t, config))
		}
		std := func(t *testing.T) string {
			s := httptest.NewUnstartedServer(http.HandlerFunc(echo))
			s.EnableHTTP2 = proto == "HTTP/2.0"
			s.TLS = server.Clone()
			s.StartTLS()
			t.Cleanup(s.Close)
			return s.URL
		}
		ourClient := func() http.RoundTripper { return NewTransport(mustConfig(t, client), nil) }
		stdClient := func() http.RoundTripper {
			return &http.Transport{TLSClientConfig: client.Clone(), ForceAttemptHTTP2: true}
		}
		for _, c := range []struct {
			name   string
			url    func(*testing.T) string
			client func() http.RoundTripper
		}{{"ours-ours", ours, ourClient}, {"ours-std", std, ourClient}, {"std-ours", ours, stdClient}} {
			t.Run(proto+"/"+c.name, func(t *testing.T) {
				url, rt := c.url(t), c.client()
				for range 2 {
					post(t, rt, url, proto)
				}
				var group sync.WaitGroup
				for range 10 {
					group.Go(func() { post(t, rt, url, proto) })
				}
				group.Wait()
				rt.(interface{ CloseIdleConnections() }).CloseIdleConnections()
			})
		}
	}
}

// Plain HTTP gets the answer that net/http gives; the log has the reason.
func TestPlainHTTP(t *testing.T) {
	_, server := configs()
	var buf syncBuffer
	url := serve(t, &http.Server{ErrorLog: log.New(&buf, "", 0)}, mustConfig(t, server))
	resp, err := http.Get("http" + strings.TrimPrefix(url, "https"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("%s", resp.Status)
	}
	for range 100 {
		if strings.Contains(buf.String(), "client sent an HTTP request to an HTTPS server") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("log: %q", buf.String())
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// Shutdown lets a request of HTTP/2 in progress finish; Close does not.
func TestStop(t *testing.T) {
	client, server := configs()
	for _, graceful := range []bool{true, false} {
		t.Run(fmt.Sprintf("graceful=%v", graceful), func(t *testing.T) {
			started, release := make(chan bool), make(chan bool)
			srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				close(started)
				<-release
				io.WriteString(w, "done")
			})}
			url := serve(t, srv, mustConfig(t, server))
			rt := NewTransport(mustConfig(t, client), nil)
			result := make(chan error, 1)
			go func() {
				resp, err := (&http.Client{Transport: rt}).Get(url)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					resp.Body.Close()
				}
				result <- err
			}()
			<-started
			if graceful {
				if err := srv.Shutdown(context.Background()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(2 * shutdownDelay) // nothing is cut off after it
				close(release)
				if err := <-result; err != nil {
					t.Error(err)
				}
				return
			}
			defer close(release)
			srv.Close()
			if err := <-result; err == nil {
				t.Error("a request survives Close")
			}
		})
	}
}

func TestMisuse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := Serve(new(http.Server), l, nil); err == nil || !strings.HasPrefix(err.Error(), "tls13http: ") {
		t.Errorf("Serve without a Config: %v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("Serve leaves the listener open")
	}
	defer func() {
		if text, _ := recover().(string); !strings.HasPrefix(text, "tls13http: ") {
			t.Errorf("panic %q", text)
		}
	}()
	NewTransport(nil, &http.Transport{Proxy: http.ProxyFromEnvironment})
}

// An untrusted server is an error that crypto/tls's users know.
func TestUntrusted(t *testing.T) {
	_, server := configs()
	url := serve(t, &http.Server{ErrorLog: log.New(io.Discard, "", 0)}, mustConfig(t, server))
	rt := NewTransport(&tls13.Config{RootCAs: x509.NewCertPool()}, nil)
	_, err := (&http.Client{Transport: rt}).Get(url)
	if err == nil || !strings.Contains(err.Error(), "unknown authority") {
		t.Errorf("error %v", err)
	}
}
