package tls13http

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/sealane/sealane/tls13"
)

// ListenAndServe listens on srv.Addr, ":https" if that is empty, and calls
// [Serve].
func ListenAndServe(srv *http.Server, config *tls13.Config) error {
	addr := srv.Addr
	if addr == "" {
		addr = ":https"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	return Serve(srv, l, config)
}

// Serve serves HTTP/1.1 and HTTP/2 over TLS 1.3 on the connections of l, by the
// settings of srv, until srv.Shutdown or srv.Close. It closes l. Like
// [http.Server.Serve] it always returns an error, which is then
// http.ErrServerClosed.
//
// If config.NextProtos is nil, it offers "h2" and "http/1.1". srv.TLSConfig is not
// used, but if it is not nil, its NextProtos must have "h2" for HTTP/2, as
// net/http wants it; nor is there HTTP/2 if srv.Protocols or srv.TLSNextProto
// rules it out.
func Serve(srv *http.Server, l net.Listener, config *tls13.Config) error {
	if config == nil || len(config.Certificates) == 0 && config.GetCertificate == nil && config.GetConfigForClient == nil {
		l.Close()
		return errors.New("tls13http: Serve without Certificates, GetCertificate and GetConfigForClient in the Config")
	}
	if config.NextProtos == nil {
		config = config.Clone()
		config.NextProtos = []string{protoH2, protoH1}
	}
	s := &server{
		srv:      srv,
		listener: l,
		config:   config,
		h1:       make(chan accepted),
		done:     make(chan struct{}),
		shutdown: make(chan struct{}),
		conns:    map[*tls13.Conn]bool{},
	}
	var once sync.Once
	srv.RegisterOnShutdown(func() { once.Do(func() { close(s.shutdown) }) })
	err := srv.Serve(s)
	s.stop()
	return err
}

const (
	protoH1 = "http/1.1"
	protoH2 = "h2"
)

// A server is the listener that an http.Server sees. It runs the handshakes,
// keeps the connections of HTTP/2 and passes the others on.
type server struct {
	srv      *http.Server
	listener net.Listener
	config   *tls13.Config
	start    sync.Once
	h2       func(*http.Server, *tls.Conn, http.Handler) // nil for none
	h1       chan accepted
	done     chan struct{} // closed when the listener is
	closing  sync.Once
	shutdown chan struct{} // closed by Shutdown, not by Close

	mu    sync.Mutex
	conns map[*tls13.Conn]bool // in handshake, or of HTTP/2
}

// accepted is what Accept returns.
type accepted struct {
	conn net.Conn
	err  error
}

func (s *server) Addr() net.Addr { return s.listener.Addr() }

// Accept returns the next connection of HTTP/1.1, after its handshake.
func (s *server) Accept() (net.Conn, error) {
	// srv.Serve has set up HTTP/2 by now.
	s.start.Do(func() {
		s.h2 = s.srv.TLSNextProto["unencrypted_http2"]
		if s.h2 == nil && slices.Contains(s.config.NextProtos, protoH2) {
			s.config = s.config.Clone()
			s.config.NextProtos = slices.DeleteFunc(slices.Clone(s.config.NextProtos), func(p string) bool { return p == protoH2 })
		}
		go s.acceptLoop()
	})
	select {
	case a := <-s.h1:
		return a.conn, a.err
	case <-s.done:
		return nil, net.ErrClosed
	}
}

func (s *server) Close() error {
	err := net.ErrClosed
	s.closing.Do(func() {
		close(s.done)
		err = s.listener.Close()
	})
	return err
}

// acceptLoop accepts connections and starts their handshakes. Errors go to
// srv.Serve, which waits before it asks again if they can pass.
func (s *server) acceptLoop() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			if !s.pass(nil, err) {
				return
			}
			continue
		}
		go s.serve(tls13.Server(conn, s.config))
	}
}

// pass makes Accept return; it reports false if the listener is closed.
func (s *server) pass(conn net.Conn, err error) bool {
	select {
	case s.h1 <- accepted{conn, err}:
		return true
	case <-s.done:
		return false
	}
}

func (s *server) serve(conn *tls13.Conn) {
	s.track(conn, true)
	defer s.track(conn, false)
	if err := s.handshake(conn); err != nil {
		reason := err.Error()
		var e tls.RecordHeaderError
		if errors.As(err, &e) && e.Conn != nil && looksLikeHTTP(e.RecordHeader) {
			io.WriteString(e.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
			reason = "client sent an HTTP request to an HTTPS server"
		}
		conn.NetConn().Close()
		s.logf("http: TLS handshake error from %s: %s", conn.RemoteAddr(), reason)
		return
	}
	if conn.ConnectionState().NegotiatedProtocol != protoH2 {
		if !s.pass(conn, nil) {
			conn.Close()
		}
		return
	}
	defer conn.Close()
	s.serveH2(conn)
}

// handshake runs the handshake within the time that net/http allows it.
func (s *server) handshake(conn *tls13.Conn) error {
	timeout := time.Duration(0)
	for _, d := range []time.Duration{s.srv.ReadHeaderTimeout, s.srv.ReadTimeout, s.srv.WriteTimeout} {
		if d > 0 && (timeout == 0 || d < timeout) {
			timeout = d
		}
	}
	if timeout > 0 {
		conn.SetDeadline(time.Now().Add(timeout))
		defer conn.SetDeadline(time.Time{})
	}
	return conn.Handshake()
}

func looksLikeHTTP(header [5]byte) bool {
	switch string(header[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO":
		return true
	}
	return false
}

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" // RFC 9113, Section 3.4

// serveH2 serves a connection of HTTP/2.
func (s *server) serveH2(conn *tls13.Conn) {
	var b [len(preface)]byte
	if d := s.srv.ReadHeaderTimeout; d > 0 {
		conn.SetReadDeadline(time.Now().Add(d))
		defer conn.SetReadDeadline(time.Time{})
	}
	if _, err := io.ReadFull(conn, b[:]); err != nil || !bytes.Equal(b[:], []byte(preface)) {
		return
	}
	conn.SetReadDeadline(time.Time{})
	ctx := context.Background()
	if f := s.srv.BaseContext; f != nil {
		ctx = f(s)
	}
	ctx = context.WithValue(ctx, http.ServerContextKey, s.srv)
	if f := s.srv.ConnContext; f != nil {
		ctx = f(ctx, conn)
	}
	ctx = context.WithValue(ctx, http.LocalAddrContextKey, conn.LocalAddr())
	s.h2(s.srv, tls.Client(carrier{conn: conn}, nil), handler{ctx, s.srv})
}

// A carrier takes a connection that is not a *tls.Conn to where one is wanted, in
// the way that net/http does it for HTTP/2 without TLS.
type carrier struct {
	net.Conn // nil: nobody calls its methods
	conn     net.Conn
}

func (c carrier) UnencryptedNetConn() net.Conn { return c.conn }

// A handler does what net/http's own does before a request reaches srv.Handler.
type handler struct {
	ctx context.Context
	srv *http.Server
}

// BaseContext is what the requests' contexts descend from.
func (h handler) BaseContext() context.Context { return h.ctx }

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	next := h.srv.Handler
	if next == nil {
		next = http.DefaultServeMux
	}
	if r.Method == http.MethodOptions && r.RequestURI == "*" && !h.srv.DisableGeneralOptionsHandler {
		w.Header().Set("Content-Length", "0")
		return
	}
	next.ServeHTTP(w, r)
}

func (s *server) track(conn *tls13.Conn, add bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if add {
		s.conns[conn] = true
	} else {
		delete(s.conns, conn)
	}
}

// stop runs when srv.Serve has returned: after Shutdown, HTTP/2 ends its
// connections when their last streams have; otherwise they are closed here.
func (s *server) stop() {
	s.Close()
	select {
	case <-s.shutdown:
		// It runs in a goroutine that Shutdown has started.
		return
	case <-time.After(shutdownDelay):
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		conn.NetConn().Close()
	}
}

// shutdownDelay is how long after Serve has returned a Shutdown may make itself
// known, in a goroutine of its own.
const shutdownDelay = 200 * time.Millisecond

func (s *server) logf(format string, args ...any) {
	if s.srv.ErrorLog != nil {
		s.srv.ErrorLog.Printf(format, args...)
		return
	}
	log.Printf(format, args...)
}
