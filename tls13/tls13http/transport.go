package tls13http

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"time"

	"github.com/sealane/sealane/tls13"
)

// A Transport is an [http.RoundTripper] whose https requests go over TLS 1.3 of
// package tls13, by HTTP/2 if the server wants it and else by HTTP/1.1. It is made
// by [NewTransport].
type Transport struct {
	config *tls13.Config
	h1, h2 *http.Transport
	dial   func(ctx context.Context, network, addr string) (net.Conn, error)

	mu    sync.Mutex
	hosts map[string]*host
}

// maxHosts is of how many servers the protocol is kept.
const maxHosts = 1000

// A host is what is known of a server.
type host struct {
	finding chan struct{} // holds one token while the protocol is found out

	mu    sync.Mutex
	proto string      // what the server has negotiated; "" before
	conn  *tls13.Conn // the one that has shown it, until it is used
}

func (h *host) known() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.proto
}

// NewTransport returns a Transport with the given Config and the settings of
// base, nil for those of [http.DefaultTransport] without its proxy. A nil config
// stands for a zero one. The name of the server is that of the request if
// config.ServerName is empty. If config.NextProtos is nil, "h2" and "http/1.1" are
// offered; what is neither of the two is not used.
//
// base is copied. Its DialContext connects; its TLS settings have no effect. A
// proxy cannot be used: NewTransport panics if base.Proxy is not nil.
func NewTransport(config *tls13.Config, base *http.Transport) *Transport {
	if base == nil {
		base = http.DefaultTransport.(*http.Transport).Clone()
		base.Proxy = nil
	} else if base.Proxy != nil {
		panic("tls13http: NewTransport with a Proxy, behind which net/http would run crypto/tls")
	}
	if config == nil {
		config = new(tls13.Config)
	}
	protos := []string{protoH2, protoH1}
	if config.NextProtos != nil {
		protos = slices.DeleteFunc(slices.Clone(config.NextProtos), func(p string) bool { return p != protoH1 && p != protoH2 })
	}
	config = config.Clone()
	config.NextProtos = protos
	t := &Transport{config: config, hosts: map[string]*host{}, dial: base.DialContext}
	if t.dial == nil {
		t.dial = new(net.Dialer).DialContext
	}
	t.h1, t.h2 = base.Clone(), base.Clone()
	for _, x := range []*http.Transport{t.h1, t.h2} {
		x.DialTLSContext = nil
		x.TLSClientConfig = nil
		x.ForceAttemptHTTP2 = false
		x.Protocols = new(http.Protocols)
	}
	t.h1.Protocols.SetHTTP1(true)
	t.h1.DialTLSContext = t.dialer(protoH1)
	// To net/http, a connection that is not a *tls.Conn has no TLS.
	t.h2.Protocols.SetUnencryptedHTTP2(true)
	t.h2.DialTLSContext = t.dialer(protoH2)
	return t
}

// RoundTrip is as http.RoundTripper wants it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL == nil || r.URL.Scheme != "https" {
		return t.h1.RoundTrip(r)
	}
	proto, err := t.protocol(r.Context(), address(r))
	if err != nil {
		if r.Body != nil {
			r.Body.Close()
		}
		return nil, err
	}
	if proto == protoH2 {
		return t.h2.RoundTrip(r)
	}
	// net/http knows the state of a *tls.Conn only.
	var conn net.Conn
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { conn = info.Conn }}
	resp, err := t.h1.RoundTrip(r.WithContext(httptrace.WithClientTrace(r.Context(), trace)))
	if err != nil {
		return nil, err
	}
	resp.Request = r
	if c, ok := conn.(*tls13.Conn); ok {
		state := c.ConnectionState()
		resp.TLS = &state
	}
	return resp, nil
}

// CloseIdleConnections closes the connections that no request uses.
func (t *Transport) CloseIdleConnections() {
	t.h1.CloseIdleConnections()
	t.h2.CloseIdleConnections()
}

// address returns the host and port that a request goes to.
func address(r *http.Request) string {
	port := r.URL.Port()
	if port == "" {
		port = "443"
	}
	return net.JoinHostPort(r.URL.Hostname(), port)
}

// protocol returns the protocol of a server. The first request to it makes a
// connection to find out, which the transport of that protocol then uses.
func (t *Transport) protocol(ctx context.Context, addr string) (string, error) {
	t.mu.Lock()
	h := t.hosts[addr]
	if h == nil {
		if len(t.hosts) >= maxHosts {
			clear(t.hosts) // they are found out again
		}
		h = &host{finding: make(chan struct{}, 1)}
		t.hosts[addr] = h
	}
	t.mu.Unlock()
	if proto := h.known(); proto != "" {
		return proto, nil
	}
	select {
	case h.finding <- struct{}{}:
		defer func() { <-h.finding }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	if proto := h.known(); proto != "" {
		return proto, nil // another request has found it out
	}
	conn, err := t.connect(ctx, "tcp", addr, t.config)
	if err != nil {
		return "", err
	}
	proto := protoH1
	if conn.ConnectionState().NegotiatedProtocol == protoH2 {
		proto = protoH2
	}
	h.mu.Lock()
	h.proto, h.conn = proto, conn
	h.mu.Unlock()
	// Another connection may serve the request instead.
	time.AfterFunc(unclaimed, func() {
		if c := h.claim(proto); c != nil {
			c.Close()
		}
	})
	return proto, nil
}

// unclaimed is how long a connection that has shown a server's protocol waits to
// be used.
const unclaimed = 10 * time.Second

// claim returns the connection that has shown the server's protocol, once.
func (h *host) claim(proto string) *tls13.Conn {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.proto != proto {
		return nil
	}
	c := h.conn
	h.conn = nil
	return c
}

// dialer returns the DialTLSContext of the transport of one protocol.
func (t *Transport) dialer(proto string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	config := t.config.Clone()
	config.NextProtos = []string{proto}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		t.mu.Lock()
		h := t.hosts[addr]
		t.mu.Unlock()
		if h != nil {
			if c := h.claim(proto); c != nil {
				return c, nil
			}
		}
		c, err := t.connect(ctx, network, addr, config)
		if err != nil {
			t.forget(addr)  // it may have another protocol now
			return nil, err // not a nil *tls13.Conn in an interface
		}
		if proto == protoH2 && c.ConnectionState().NegotiatedProtocol != protoH2 {
			c.Close()
			t.forget(addr)
			return nil, errors.New("tls13http: the server has stopped to offer HTTP/2")
		}
		return c, nil
	}
}

// forget makes the next request find out a server's protocol again.
func (t *Transport) forget(addr string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.hosts, addr)
}

// connect connects and runs the handshake, within the TLSHandshakeTimeout.
func (t *Transport) connect(ctx context.Context, network, addr string, config *tls13.Config) (*tls13.Conn, error) {
	raw, err := t.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	if config.ServerName == "" {
		config = config.Clone()
		config.ServerName, _, _ = net.SplitHostPort(addr)
	}
	if d := t.h1.TLSHandshakeTimeout; d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	c := tls13.Client(raw, config)
	if err := c.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, err
	}
	return c, nil
}

var _ http.RoundTripper = (*Transport)(nil)
