package tls13

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sealane/sealane/tls13/keyschedule"
	"github.com/sealane/sealane/tls13/record"
)

// A clock can be set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// resumer makes connections between one client's Config and one server's.
type resumer struct {
	cc, sc *Config
	clock  *clock
}

func newResumer(t *testing.T, change func(client, server *tls.Config)) *resumer {
	t.Helper()
	client, server := configs("p256")
	client.CurvePreferences = []tls.CurveID{tls.X25519}
	client.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	if change != nil {
		change(client, server)
	}
	r := &resumer{mustConfig(t, client), mustConfig(t, server), &clock{now: time.Now()}}
	r.cc.Time, r.sc.Time = r.clock.time, r.clock.time
	return r
}

// connect makes a connection and reports whether it was a resumed one.
func (r *resumer) connect(t *testing.T) bool {
	t.Helper()
	a, b := newPipe()
	c, s := Client(a, r.cc), Server(b, r.sc)
	mustShake(t, c, s)
	x, y := c.ConnectionState(), s.ConnectionState()
	if x.DidResume != y.DidResume || len(x.PeerCertificates) != 1 || len(x.VerifiedChains) == 0 && !r.cc.InsecureSkipVerify {
		t.Errorf("client: resumed %v, %d certificates, %d chains; server: resumed %v", x.DidResume, len(x.PeerCertificates), len(x.VerifiedChains), y.DidResume)
	}
	return x.DidResume
}

func (r *resumer) want(t *testing.T, what string, resumed bool) {
	t.Helper()
	if got := r.connect(t); got != resumed {
		t.Errorf("%s: resumed %v, want %v", what, got, resumed)
	}
}

// A session is resumed again and again, each time with another ticket, but for no
// longer than a week after the handshake that it goes back to.
func TestResumption(t *testing.T) {
	r := newResumer(t, nil)
	r.want(t, "first", false)
	r.want(t, "second", true)
	r.clock.advance(3 * 24 * time.Hour)
	r.want(t, "after 3 days", true)
	r.clock.advance(3 * 24 * time.Hour)
	r.want(t, "after 6 days", true) // by the server's fourth key
	r.clock.advance(2 * 24 * time.Hour)
	r.want(t, "after 8 days", false)
	r.want(t, "after a new handshake", true)
	r.clock.advance(-time.Hour)
	r.want(t, "when the clock went back", false)
}

// Each side's present configuration decides whether a session is resumed.
func TestResumptionBounds(t *testing.T) {
	stranger := newPKI()
	for _, c := range []struct {
		name    string
		before  func(client, server *tls.Config)
		change  func(r *resumer)
		resumed bool
		fails   bool // the full handshake fails then
	}{
		{name: "nothing", change: func(*resumer) {}, resumed: true},
		{name: "other roots", change: func(r *resumer) { r.cc.RootCAs = stranger.pool }, fails: true},
		{name: "other name", change: func(r *resumer) { r.cc.ServerName = "other.test" }},
		{name: "server's ALPN", before: func(c, s *tls.Config) { c.NextProtos, s.NextProtos = []string{"a", "b"}, []string{"a"} },
			change: func(r *resumer) { r.sc.NextProtos = []string{"b"} }},
		{name: "client's suites", change: func(r *resumer) { r.cc.CipherSuites = []uint16{tls.TLS_AES_256_GCM_SHA384} }},
		{name: "suite with the same hash", change: func(r *resumer) { r.cc.CipherSuites = []uint16{tls.TLS_CHACHA20_POLY1305_SHA256} }, resumed: true},
		{name: "server without tickets", change: func(r *resumer) { r.sc.SessionTicketsDisabled = true }},
		{name: "client without tickets", change: func(r *resumer) { r.cc.SessionTicketsDisabled = true }},
		{name: "another server", change: func(r *resumer) { r.sc = r.sc.Clone() }},
		{name: "server with the same keys", before: func(_, s *tls.Config) {
			//lint:ignore SA1019 It is honoured.
			s.SessionTicketKey = [32]byte{7}
		},
			change: func(r *resumer) { r.sc = r.sc.Clone() }, resumed: true},
		{name: "server wants certificates now", change: func(r *resumer) { r.sc.ClientAuth = tls.RequireAnyClientCert }, fails: true},
		{name: "server wants no certificates any more", before: authenticated, change: func(r *resumer) { r.sc.ClientAuth = tls.NoClientCert }},
		{name: "client with a certificate", before: authenticated, change: func(*resumer) {}, resumed: true},
		{name: "other client CAs", before: authenticated, change: func(r *resumer) { r.sc.ClientCAs = stranger.pool }, fails: true},
		{name: "expired", before: func(c, s *tls.Config) {
			s.Certificates = []tls.Certificate{testPKI().certify(newKey("p256"), func(c *x509.Certificate) { c.NotAfter = time.Now().Add(time.Hour) })}
		}, change: func(r *resumer) { r.clock.advance(2 * time.Hour) }, fails: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newResumer(t, c.before)
			r.want(t, "first", false)
			c.change(r)
			if c.fails {
				a, b := newPipe()
				conn, s := Client(a, r.cc), Server(b, r.sc)
				cerr, serr := shake(conn, s)
				if cerr == nil && serr == nil {
					t.Error("accepted")
				}
				return
			}
			r.want(t, "then", c.resumed)
		})
	}
}

func authenticated(client, server *tls.Config) {
	client.Certificates = []tls.Certificate{testPKI().clients["p256"]}
	server.ClientAuth = tls.RequireAndVerifyClientCert
}

// A server resumes for the name that the session had, whatever a client does.
func TestServerNameBound(t *testing.T) {
	for _, name := range []string{"server.test", "other.test"} {
		r := newResumer(t, nil)
		r.connect(t)
		session := r.cc.takeSession(cacheKey("server.test", "pipe"), "server.test")
		c, s := newMachines()
		ready(&c.common, r.cc)
		ready(&s.common, r.sc)
		r.cc.ServerName = name
		if err := c.start("pipe"); err != nil {
			t.Fatal(err)
		}
		c.session = session
		c.out = c.out[:0]
		if err := c.sendHello(); err != nil {
			t.Fatal(err)
		}
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
		if err := drive(c, s); err != nil {
			t.Fatal(err)
		}
		if want := name == "server.test"; s.resumed != want {
			t.Errorf("%s: resumed %v", name, s.resumed)
		}
	}
}

// A client ends a session that servers renew for longer than a week.
func TestSessionAge(t *testing.T) {
	r := newResumer(t, nil)
	r.connect(t)
	s := r.cc.takeSession(cacheKey("server.test", "pipe"), "server.test")
	if s == nil {
		t.Fatal("no session")
	}
	now := uint64(r.clock.time().Unix())
	for _, c := range []struct {
		age  uint64
		want bool
	}{{0, true}, {uint64(ticketLifetime / time.Second), true}, {uint64(ticketLifetime/time.Second) + 1, false}} {
		s.firstAuth = now - c.age
		if got := r.cc.mayResume(s, "server.test"); got != c.want {
			t.Errorf("after %d s: %v", c.age, got)
		}
	}
}

// A client that wants short records gets them, in the handshake and after it.
func TestRecordSizeLimit(t *testing.T) {
	const limit = 101 // with the type
	client, server := configs("p256")
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	sc.SessionTicketsDisabled = true
	a, b := newPipe()
	s := Server(b, sc)
	done := make(chan error, 1)
	go func() {
		err := s.Handshake()
		if err == nil {
			_, err = s.Write(make([]byte, 1000))
		}
		if err == nil {
			err = s.CloseWrite()
		}
		done <- err
	}()
	c, _ := newMachines()
	ready(&c.common, cc)
	if err := c.start("pipe"); err != nil {
		t.Fatal(err)
	}
	var m clientHello
	if err := m.unmarshal(c.hello); err != nil {
		t.Fatal(err)
	}
	m.extensions = replaced(m.extensions, extRecordSizeLimit, string([]byte{0, limit}))
	var hello builder
	m.marshal(&hello)
	c.hello = hello.b
	c.out, _ = c.sealer.Seal(c.out[:0], record.Handshake, c.hello)
	data, protected := 0, 0
	for header := make([]byte, record.HeaderSize); data < 1000; {
		if _, err := a.Write(c.out); err != nil {
			t.Fatal(err)
		}
		c.out = c.out[:0]
		if _, err := io.ReadFull(a, header); err != nil {
			t.Fatal(err)
		}
		outer, size, _ := record.Peek(header)
		raw := append(bytes.Clone(header), make([]byte, size-len(header))...)
		if _, err := io.ReadFull(a, raw[len(header):]); err != nil {
			t.Fatal(err)
		}
		var recs [1]record.Record
		if _, _, err := c.opener.Open(recs[:], raw); err != nil {
			t.Fatal(err)
		}
		if outer == record.ApplicationData {
			protected++
			if n := size - record.HeaderSize - 16; n > limit {
				t.Errorf("record number %d has %d bytes, type included", protected, n)
			}
		}
		if recs[0].Type == record.ApplicationData {
			data += len(recs[0].Content)
		} else if err := take(c, recs[0]); err != nil {
			t.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A ticket is used once: two connections that begin at the same time do not share
// it.
func TestSingleUse(t *testing.T) {
	r := newResumer(t, nil)
	r.connect(t)
	key := cacheKey("server.test", "pipe")
	if s := r.cc.takeSession(key, "server.test"); s == nil {
		t.Fatal("no session")
	}
	if s := r.cc.takeSession(key, "server.test"); s != nil {
		t.Error("the session is there twice")
	}
}

// A cache that keeps the exported parts of a session keeps sessions of this
// package; what crypto/tls has put there does no harm.
func TestSessionCaches(t *testing.T) {
	copies := &copyingCache{m: map[string]*tls.ClientSessionState{}}
	r := newResumer(t, func(client, _ *tls.Config) { client.ClientSessionCache = copies })
	r.want(t, "first", false)
	r.want(t, "second", true)
	if copies.err != nil {
		t.Error(copies.err)
	}
	// crypto/tls cannot parse what it serializes: such a cache loses sessions,
	// and says so by its own error.
	bytesOnly := &serializingCache{}
	r = newResumer(t, func(client, _ *tls.Config) { client.ClientSessionCache = bytesOnly })
	r.want(t, "first", false)
	r.want(t, "second", false)
	if bytesOnly.err == nil {
		t.Error("crypto/tls parses a session without a secret: use that")
	}
	// One cache for both.
	client, server := configs("p256")
	client.ClientSessionCache = tls.NewLRUClientSessionCache(4)
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	for i := range 3 {
		for _, ours := range []bool{true, false} {
			a, b := newPipe()
			var c endpoint = tls.Client(a, client)
			if ours {
				c = Client(a, cc)
			}
			mustShake(t, c, Server(b, sc))
			if got := c.ConnectionState().DidResume; got != (i > 0) {
				t.Errorf("round %d, ours %v: resumed %v", i, ours, got)
			}
		}
	}
}

// A copyingCache keeps tickets and Extra, and makes new states of them.
type copyingCache struct {
	m   map[string]*tls.ClientSessionState
	err error
}

func (c *copyingCache) Get(key string) (*tls.ClientSessionState, bool) {
	s, ok := c.m[key]
	return s, ok && s != nil
}

func (c *copyingCache) Put(key string, cs *tls.ClientSessionState) {
	if cs == nil {
		delete(c.m, key)
		return
	}
	ticket, state, err := cs.ResumptionState()
	if err == nil {
		c.m[key], err = tls.NewResumptionState(bytes.Clone(ticket), &tls.SessionState{Extra: slices.Clone(state.Extra)})
	}
	if err != nil {
		c.err = err
	}
}

// A serializingCache keeps bytes.
type serializingCache struct {
	ticket, state []byte
	err           error
}

func (c *serializingCache) Get(string) (*tls.ClientSessionState, bool) {
	if c.state == nil {
		return nil, false
	}
	state, err := tls.ParseSessionState(c.state)
	if err != nil {
		c.err = err
		return nil, false
	}
	cs, err := tls.NewResumptionState(c.ticket, state)
	return cs, err == nil
}

func (c *serializingCache) Put(_ string, cs *tls.ClientSessionState) {
	c.state = nil
	if cs == nil {
		return
	}
	ticket, state, err := cs.ResumptionState()
	if err == nil {
		c.ticket = ticket
		c.state, err = state.Bytes()
	}
	if err != nil {
		c.err = err
	}
}

// Ticket keys: the first seals, all open, and those made by a Config itself are
// kept as long as their tickets live.
func TestTicketKeys(t *testing.T) {
	clock := &clock{now: time.Now()}
	c := &Config{Time: clock.time}
	session := func() *serverSession {
		now := uint64(clock.time().Unix())
		return &serverSession{suite: 0x1301, created: now, firstAuth: now, ageAdd: 5, psk: make([]byte, 32), serverName: "x", alpn: "y"}
	}
	want := session()
	ticket, err := c.sealTicket(nil, want)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.openTicket(ticket); !reflect.DeepEqual(got, want) {
		t.Errorf("ticket holds %+v, want %+v", got, want)
	}
	for i := range ticket {
		bad := bytes.Clone(ticket)
		bad[i] ^= 1
		if c.openTicket(bad) != nil || c.openTicket(ticket[:i]) != nil {
			t.Fatalf("a ticket that is changed or cut at byte %d opens", i)
		}
	}
	for day := range 7 {
		if c.openTicket(ticket) == nil {
			t.Errorf("the ticket does not open after %d days", day)
		}
		clock.advance(24 * time.Hour)
		another, _ := c.sealTicket(nil, session())
		if bytes.Equal(another[:16], ticket[:16]) {
			t.Errorf("the same key after %d days", day+1)
		}
	}
	clock.advance(time.Hour)
	if c.openTicket(ticket) != nil {
		t.Error("the ticket opens after a week")
	}
	if keys, _ := c.tickets.get(c); len(keys) > 9 {
		t.Errorf("%d keys are kept", len(keys))
	}

	d := &Config{Time: clock.time}
	d.SetSessionTicketKeys([][32]byte{{1}, {2}})
	e := &Config{Time: clock.time}
	e.SetSessionTicketKeys([][32]byte{{2}, {1}})
	a, _ := d.sealTicket(nil, session())
	b, _ := e.sealTicket(nil, session())
	if bytes.Equal(a[:16], b[:16]) || e.openTicket(a) == nil || d.openTicket(b) == nil {
		t.Error("keys do not rotate")
	}
	d.SetSessionTicketKeys([][32]byte{{3}})
	if d.openTicket(a) != nil {
		t.Error("a key that was taken away opens a ticket")
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic without keys")
		}
	}()
	d.SetSessionTicketKeys(nil)
}

// A client that sends early data is served: the server skips it, up to 16 KiB,
// also when it answers with a HelloRetryRequest.
func TestEarlyData(t *testing.T) {
	for _, retry := range []bool{false, true} {
		for _, size := range []int{0, 1000, maxEarlyData + 1} {
			r := newResumer(t, func(client, server *tls.Config) {
				if retry {
					client.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256}
					server.CurvePreferences = []tls.CurveID{tls.CurveP256}
				}
			})
			r.connect(t)
			c, s := &client{}, &server{}
			ready(&c.common, r.cc)
			ready(&s.common, r.sc)
			if err := c.start("pipe"); err != nil || c.session == nil {
				t.Fatalf("%v, session %v", err, c.session)
			}
			if err := s.start(); err != nil {
				t.Fatal(err)
			}
			if err := offerEarlyData(c); err != nil {
				t.Fatal(err)
			}
			c.out = append(c.out, earlyRecords(t, size)...)
			err := drive(c, s)
			if ok := size <= maxEarlyData; ok != (err == nil) {
				t.Errorf("retry %v, %d bytes: %v", retry, size, err)
			}
			if err == nil && (!s.resumed || !c.resumed || s.retried != retry) {
				t.Errorf("resumed %v, retried %v", s.resumed, s.retried)
			}
		}
	}
}

// ready prepares a machine that no Conn runs.
func ready(h *common, config *Config) {
	h.config = config
	h.secrets = new(secrets)
	h.sealer, h.opener = record.NewSealer(), record.NewOpener()
	h.takeBuffers()
}

// drive carries records between two machines until both are done.
func drive(c *client, s *server) error { return carry(c, s) }

func carry(a, b machine) error {
	for !a.core().done || !b.core().done {
		if len(a.core().out) == 0 && len(b.core().out) == 0 {
			return errors.New("nobody sends anything")
		}
		for _, x := range []struct {
			from *common
			to   machine
		}{{a.core(), b}, {b.core(), a}} {
			if err := deliver(x.from, x.to); err != nil {
				return err
			}
		}
	}
	return nil
}

// deliver hands what one side has sent to the other, until that is done.
func deliver(from *common, to machine) error {
	in := bytes.Clone(from.out)
	from.out = from.out[:0]
	var recs [1]record.Record
	for len(in) > 0 && !to.core().done {
		n, used, err := to.core().opener.Open(recs[:], in)
		in = in[used:]
		if err == record.ErrNeedMore && len(in) == 0 {
			break // the last records were dropped
		}
		if err == nil && n == 1 {
			err = take(to, recs[0])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// offerEarlyData puts an early_data extension into the ClientHello that c is
// about to send, before the last extension, and computes the binder anew.
func offerEarlyData(c *client) error {
	var m clientHello
	if err := m.unmarshal(c.hello); err != nil {
		return err
	}
	psks, err := m.psks()
	if err != nil {
		return err
	}
	m.extensions = slices.Insert(m.extensions, len(m.extensions)-1, extension{extEarlyData, nil})
	var b builder
	m.marshal(&b)
	if err := c.bind(b.b, len(b.b)-psks.size); err != nil {
		return err
	}
	c.hello = b.b
	c.out, err = c.sealer.Seal(c.out[:0], record.Handshake, c.hello)
	return err
}

// earlyRecords returns records of size bytes in all, headers included, under a
// key that the server does not have.
func earlyRecords(t *testing.T, size int) []byte {
	s := record.NewSealer()
	if err := s.SetKey(record.AES128GCMSHA256, make([]byte, 16), make([]byte, 12)); err != nil {
		t.Fatal(err)
	}
	var out []byte
	for len(out) < size {
		n := min(size-len(out), 1000)
		if rest := size - len(out) - n; rest > 0 && rest < recordOverhead {
			n -= recordOverhead
		}
		var err error
		if out, err = s.Seal(out, record.ApplicationData, make([]byte, n-recordOverhead)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Secrets that are done with are overwritten.
func TestForwardSecrecy(t *testing.T) {
	r := newResumer(t, nil)
	for range 2 { // the second one resumes
		cl, sv := &client{}, &server{}
		ready(&cl.common, r.cc)
		ready(&sv.common, r.sc)
		if err := cl.start("pipe"); err != nil {
			t.Fatal(err)
		}
		var psk []byte
		if cl.session != nil {
			psk = cl.session.psk
		}
		if err := sv.start(); err != nil {
			t.Fatal(err)
		}
		ephemeral := cl.keys[0].x25519
		if err := drive(cl, sv); err != nil {
			t.Fatal(err)
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the client's ephemeral key can still be used")
				}
			}()
			ephemeral.Bytes()
		}()
		for _, m := range []machine{cl, sv} {
			m.overwrite()
			h := m.core()
			if !isZero(h.early) || !isZero(h.handshake) || !isZero(h.main) || !isZero(h.client) || !isZero(h.server) || !isZero(h.keyIV) {
				t.Errorf("%T keeps secrets", m)
			}
		}
		if cl.keys != nil || !isZero(cl.shares) {
			t.Error("the client keeps its ephemeral keys")
		}
		if !bytes.Equal(psk, make([]byte, len(psk))) {
			t.Error("the client keeps its PSK")
		}
		r.connect(t) // for another ticket
	}
	client, server := configs("p256")
	cc, sc := mustConfig(t, client), mustConfig(t, server)
	a, b := newPipe()
	c, s := Client(a, cc), Server(b, sc)
	mustShake(t, c, s)
	old := c.secrets.out
	if err := c.KeyUpdate(false); err != nil {
		t.Fatal(err)
	}
	if reflect.DeepEqual(old, c.secrets.out) {
		t.Error("the secret of the generation before is still there")
	}
	var zero keyschedule.Resumption
	if got := s.secrets.resumption; !reflect.DeepEqual(got, zero) {
		t.Error("the server keeps the resumption secret")
	}
}

var _ net.Conn = (*Conn)(nil)
var _ io.WriterTo = (*Conn)(nil)
var _ io.ReaderFrom = (*Conn)(nil)

func isZero[T any](v T) bool { return reflect.ValueOf(v).IsZero() }
