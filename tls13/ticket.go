package tls13

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
	"weak"

	"golang.org/x/crypto/cryptobyte"

	"github.com/sealane/sealane/aesgcm"
)

const (
	// ticketLifetime is how long a ticket may be used: the longest that
	// Section 4.7.1 allows.
	ticketLifetime = 7 * 24 * time.Hour
	// ticketKeyRotation is how long a ticket key that a Config made itself
	// seals tickets. Then it only opens them, until the last has expired.
	ticketKeyRotation = 24 * time.Hour
)

// ticketKeys are the keys that a server's tickets are sealed with, the current
// one first.
type ticketKeys struct {
	current atomic.Pointer[[]ticketKey]
	mu      sync.Mutex
	manual  bool // set by SetSessionTicketKeys
}

type ticketKey struct {
	name    [16]byte // tells the keys apart; part of each ticket
	aead    *aesgcm.AEAD
	created time.Time
}

func newTicketKey(secret [32]byte, now time.Time) (ticketKey, error) {
	name, key := derive(secret)
	a, err := aesgcm.New(key[:])
	clear(key[:])
	if err != nil {
		return ticketKey{}, fault(alertInternalError, "session ticket key: %w", err)
	}
	return ticketKey{name, a, now}, nil
}

func (t *ticketKeys) set(secrets [][32]byte) {
	keys := make([]ticketKey, 0, len(secrets))
	for _, s := range secrets {
		k, err := newTicketKey(s, time.Time{})
		if err != nil {
			continue // FIPS 140-3 mode: no connection will come about either
		}
		keys = append(keys, k)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.manual = true
	t.current.Store(&keys)
}

func (t *ticketKeys) copyTo(u *ticketKeys) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.manual {
		u.manual = true
		u.current.Store(t.current.Load())
	}
}

// get returns the keys, after a rotation if it is time for one.
func (t *ticketKeys) get(c *Config) ([]ticketKey, error) {
	now := c.now()
	if keys := t.current.Load(); keys != nil && !t.due(*keys, now) {
		return *keys, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var old []ticketKey
	if keys := t.current.Load(); keys != nil {
		if t.manual || !t.due(*keys, now) {
			return *keys, nil
		}
		old = *keys
	}
	var secret [32]byte
	if _, err := io.ReadFull(c.rand(), secret[:]); err != nil {
		return nil, fault(alertInternalError, "session ticket key: %w", err)
	}
	k, err := newTicketKey(secret, now)
	clear(secret[:])
	if err != nil {
		return nil, err
	}
	keys := []ticketKey{k}
	for _, o := range old {
		if now.Sub(o.created) < ticketKeyRotation+ticketLifetime {
			keys = append(keys, o)
		}
	}
	t.current.Store(&keys)
	return keys, nil
}

// due reports whether the current key is to be replaced. Keys that were set by
// hand have no time of creation and never are.
func (t *ticketKeys) due(keys []ticketKey, now time.Time) bool {
	return len(keys) > 0 && !keys[0].created.IsZero() && now.Sub(keys[0].created) >= ticketKeyRotation
}

// A serverSession is what a ticket holds: all that a server wants to know when
// its client comes back.
type serverSession struct {
	suite      uint16
	created    uint64 // of the ticket, in seconds since 1970
	firstAuth  uint64 // of the full handshake that the session goes back to
	ageAdd     uint32
	psk        []byte
	serverName string
	alpn       string
	chain      []*x509.Certificate   // the client's
	verified   [][]*x509.Certificate // of chain

	index int // of the identity in the ClientHello that offers it
}

// ticketVersion is the first byte of the content of a ticket.
const ticketVersion = 1

func (s *serverSession) marshal(b *builder) {
	b.u8(ticketVersion)
	b.u16(s.suite)
	b.u64(s.created)
	b.u64(s.firstAuth)
	b.u32(s.ageAdd)
	b.vec8(s.psk)
	b.vec16([]byte(s.serverName))
	b.vec8s(s.alpn)
	marshalCerts(b, s.chain)
	marshalChains(b, s.verified)
}

func (s *serverSession) unmarshal(p []byte) bool {
	in := cryptobyte.String(p)
	var version uint8
	var psk, name, alpn cryptobyte.String
	if !in.ReadUint8(&version) || version != ticketVersion ||
		!in.ReadUint16(&s.suite) || !in.ReadUint64(&s.created) || !in.ReadUint64(&s.firstAuth) ||
		!in.ReadUint32(&s.ageAdd) ||
		!in.ReadUint8LengthPrefixed(&psk) || !in.ReadUint16LengthPrefixed(&name) || !in.ReadUint8LengthPrefixed(&alpn) ||
		!unmarshalCerts(&in, &s.chain) || !unmarshalChains(&in, &s.verified) || !in.Empty() {
		return false
	}
	s.psk, s.serverName, s.alpn = psk, string(name), string(alpn)
	return true
}

func marshalCerts(b *builder, certs []*x509.Certificate) {
	mark := b.open(3)
	for _, c := range certs {
		b.vec24(c.Raw)
	}
	b.close(mark, 3)
}

func unmarshalCerts(s *cryptobyte.String, certs *[]*x509.Certificate) bool {
	var l cryptobyte.String
	if !s.ReadUint24LengthPrefixed(&l) {
		return false
	}
	for !l.Empty() {
		var der cryptobyte.String
		if !l.ReadUint24LengthPrefixed(&der) {
			return false
		}
		c, err := parseCertificate(der)
		if err != nil {
			return false
		}
		*certs = append(*certs, c)
	}
	return true
}

func marshalChains(b *builder, chains [][]*x509.Certificate) {
	b.u8(uint8(min(len(chains), 255)))
	for _, chain := range chains[:min(len(chains), 255)] {
		marshalCerts(b, chain)
	}
}

func unmarshalChains(s *cryptobyte.String, chains *[][]*x509.Certificate) bool {
	var n uint8
	if !s.ReadUint8(&n) {
		return false
	}
	for range n {
		var chain []*x509.Certificate
		if !unmarshalCerts(s, &chain) {
			return false
		}
		*chains = append(*chains, chain)
	}
	return true
}

// A ticket is name (16) || nonce (12) || AES-256-GCM of a serverSession, with
// the name as additional data. Nonces are random: a key that a Config makes
// itself seals for a day, less than the 2^32 tickets that SP 800-38D, Section
// 8.3, allows.
const ticketOverhead = 16 + 12 + 16

// maxTicket is how long a ticket may be to fit into NewSessionTicket.
const maxTicket = 1<<16 - 1

// sealTicket appends the ticket of a session; nothing if it would be too long, which
// a chain of a client can make it.
func (c *Config) sealTicket(dst []byte, s *serverSession) ([]byte, error) {
	keys, err := c.tickets.get(c)
	if err != nil || len(keys) == 0 {
		return dst, err
	}
	k := &keys[0]
	var b builder
	s.marshal(&b)
	plaintext := b.b
	defer clear(plaintext)
	if b.overflow || len(plaintext)+ticketOverhead > maxTicket {
		return dst, nil
	}
	start := len(dst)
	dst = append(dst, k.name[:]...)
	dst = append(dst, make([]byte, 12)...)
	nonce := dst[start+16:]
	if _, err := io.ReadFull(c.rand(), nonce); err != nil {
		return dst[:start], fault(alertInternalError, "session ticket: %w", err)
	}
	return k.aead.Seal(dst, nonce, plaintext, k.name[:]), nil
}

// openTicket returns the session of a ticket that is authentic and not too old,
// or nil.
func (c *Config) openTicket(ticket []byte) *serverSession {
	if len(ticket) < ticketOverhead {
		return nil
	}
	keys, err := c.tickets.get(c)
	if err != nil {
		return nil
	}
	for i := range keys {
		if string(keys[i].name[:]) != string(ticket[:16]) {
			continue
		}
		plaintext, err := keys[i].aead.Open(nil, ticket[16:28], ticket[28:], ticket[:16])
		if err != nil {
			return nil
		}
		s := new(serverSession)
		if !s.unmarshal(plaintext) {
			return nil
		}
		now := uint64(c.now().Unix())
		if now < s.created || now-s.created > uint64(ticketLifetime/time.Second) ||
			now < s.firstAuth || now-s.firstAuth > uint64(ticketLifetime/time.Second) {
			return nil
		}
		return s
	}
	return nil
}

// A clientSession is what a client keeps of a connection to resume it.
type clientSession struct {
	suite     uint16
	received  uint64 // of the ticket, in milliseconds since 1970
	firstAuth uint64 // of the full handshake that the session goes back to, in seconds
	lifetime  uint32 // of the ticket, in seconds
	ageAdd    uint32
	psk       []byte
	alpn      string
	chain     []*x509.Certificate   // the server's
	verified  [][]*x509.Certificate // of chain
	ocsp      []byte
	scts      [][]byte

	ticket []byte // kept beside, by tls.NewResumptionState
}

// sessionMagic begins the element of tls.SessionState.Extra that is ours.
const sessionMagic = "sealane tls13 session 1\n"

func (s *clientSession) marshal() ([]byte, bool) {
	var b builder
	b.string(sessionMagic)
	b.u16(s.suite)
	b.u64(s.received)
	b.u64(s.firstAuth)
	b.u32(s.lifetime)
	b.u32(s.ageAdd)
	b.vec8(s.psk)
	b.vec8s(s.alpn)
	marshalCerts(&b, s.chain)
	marshalChains(&b, s.verified)
	b.vec24(s.ocsp)
	scts := b.open(3)
	for _, sct := range s.scts {
		b.vec16(sct)
	}
	b.close(scts, 3)
	return b.b, !b.overflow
}

func (s *clientSession) unmarshal(p []byte) bool {
	in := cryptobyte.String(p)
	var psk, alpn, ocsp, scts cryptobyte.String
	if !in.Skip(len(sessionMagic)) ||
		!in.ReadUint16(&s.suite) || !in.ReadUint64(&s.received) || !in.ReadUint64(&s.firstAuth) ||
		!in.ReadUint32(&s.lifetime) || !in.ReadUint32(&s.ageAdd) ||
		!in.ReadUint8LengthPrefixed(&psk) || !in.ReadUint8LengthPrefixed(&alpn) ||
		!unmarshalCerts(&in, &s.chain) || !unmarshalChains(&in, &s.verified) ||
		!in.ReadUint24LengthPrefixed(&ocsp) || !in.ReadUint24LengthPrefixed(&scts) || !in.Empty() {
		return false
	}
	s.psk, s.alpn = psk, string(alpn)
	if len(ocsp) > 0 {
		s.ocsp = ocsp
	}
	for !scts.Empty() {
		var sct cryptobyte.String
		if !scts.ReadUint16LengthPrefixed(&sct) {
			return false
		}
		s.scts = append(s.scts, sct)
	}
	return true
}

// cacheKey returns the key of a client's sessions with a server. It differs from
// crypto/tls's, so that both may use one cache.
func cacheKey(serverName, addr string) string {
	if serverName != "" {
		return "tls13:" + serverName
	}
	return "tls13:" + addr
}

// putSession keeps a session in the client's cache.
func (c *Config) putSession(key string, s *clientSession) error {
	data, ok := s.marshal()
	if !ok {
		return nil
	}
	cs, err := tls.NewResumptionState(s.ticket, &tls.SessionState{Extra: [][]byte{data}})
	if err != nil {
		return fault(alertInternalError, "session cache: %w", err)
	}
	// The parsed form lives as long as the one in the cache.
	w := weak.Make(cs)
	c.sessions.Store(w, s)
	runtime.AddCleanup(cs, func(w weak.Pointer[tls.ClientSessionState]) { c.sessions.Delete(w) }, w)
	c.ClientSessionCache.Put(key, cs)
	return nil
}

// takeSession takes a session that can be offered out of the client's cache, so
// that no ticket is used twice (RFC 9846, Appendix C.4), or returns nil.
func (c *Config) takeSession(key, serverName string) *clientSession {
	if c.SessionTicketsDisabled || c.ClientSessionCache == nil {
		return nil
	}
	cs, ok := c.ClientSessionCache.Get(key)
	if !ok || cs == nil {
		return nil
	}
	s := c.parseSession(cs)
	if s == nil {
		return nil
	}
	c.ClientSessionCache.Put(key, nil)
	if !c.mayResume(s, serverName) {
		return nil
	}
	return s
}

func (c *Config) parseSession(cs *tls.ClientSessionState) *clientSession {
	if s, ok := c.sessions.LoadAndDelete(weak.Make(cs)); ok {
		return s.(*clientSession) // once: its PSK will be overwritten
	}
	ticket, state, err := cs.ResumptionState()
	if err != nil || state == nil {
		return nil
	}
	for _, x := range state.Extra {
		if len(x) > len(sessionMagic) && string(x[:len(sessionMagic)]) == sessionMagic {
			s := &clientSession{ticket: ticket}
			if s.unmarshal(x) {
				return s
			}
		}
	}
	return nil
}

// mayResume reports whether a session can be offered under this Config: it is
// young enough, its suite is wanted and its server would still be trusted.
func (c *Config) mayResume(s *clientSession, serverName string) bool {
	suite := suiteByID(s.suite)
	if suite == nil || len(s.psk) != suite.hash.Size() || len(s.ticket) == 0 {
		return false
	}
	if !slices.ContainsFunc(c.cipherSuites(), func(id uint16) bool { return suiteByID(id).hash == suite.hash }) {
		return false
	}
	now := c.now()
	age := uint64(now.UnixMilli()) - s.received // wraps to something large if the clock went back
	if age > uint64(s.lifetime)*1000 || age > uint64(ticketLifetime/time.Millisecond) {
		return false
	}
	// However often a session is renewed, it ends a week after the certificate was
	// verified by a signature (Section 4.7.1).
	if uint64(now.Unix())-s.firstAuth > uint64(ticketLifetime/time.Second) {
		return false
	}
	if len(s.chain) == 0 || now.After(s.chain[0].NotAfter) {
		return false
	}
	if c.InsecureSkipVerify {
		return true
	}
	if s.chain[0].VerifyHostname(serverName) != nil {
		return false
	}
	return stillValid(s.verified, x509.VerifyOptions{Roots: c.RootCAs, DNSName: serverName, CurrentTime: now})
}

// obfuscatedAge returns the obfuscated_ticket_age of a session (Section
// 4.3.11.1).
func (s *clientSession) obfuscatedAge(now time.Time) uint32 {
	return uint32(uint64(now.UnixMilli())-s.received) + s.ageAdd
}
