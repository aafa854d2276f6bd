package tls13

import (
	"crypto/rand"

	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sealane/sealane/sha2"
)

// A Config configures a client or a server. Its fields have the names, types and
// meanings of crypto/tls's, unless they say otherwise; [ConfigFrom] makes one of
// a [tls.Config].
//
// A Config may be used by many connections at once and must not be changed after
// its first use. It must not be copied then either; Clone copies it. What it keeps
// for itself, such as the keys of session tickets, belongs to one Config: two
// servers with clones of one Config cannot resume each other's sessions unless
// both are given the same keys.
type Config struct {
	// Rand is where all randomness comes from, except that of ML-KEM's
	// encapsulation, which crypto/mlkem draws itself. If nil, it is
	// [crypto/rand.Reader]. It must be safe for concurrent use.
	Rand io.Reader

	// Time is the current time; if nil, it is time.Now.
	Time func() time.Time

	// Certificates are those that this side may present. A server takes the
	// first that fits the client's ClientHello, a client the first that fits
	// the server's CertificateRequest.
	Certificates []tls.Certificate

	// GetCertificate returns a server's certificate for a ClientHello. It is
	// called if the client sent a server name or there are no Certificates. If
	// it returns neither a certificate nor an error, Certificates serve.
	//
	// The context of the ClientHelloInfo is nil.
	GetCertificate func(*tls.ClientHelloInfo) (*tls.Certificate, error)

	// GetClientCertificate, if not nil, returns a client's certificate for a
	// CertificateRequest, instead of Certificates. One without
	// tls.Certificate.Certificate stands for none.
	//
	// The context of the CertificateRequestInfo is nil.
	GetClientCertificate func(*tls.CertificateRequestInfo) (*tls.Certificate, error)

	// GetConfigForClient, if not nil, returns the Config for a connection, or
	// nil for this one. It should return one and the same Config, not a new one
	// each time: session tickets belong to a Config.
	GetConfigForClient func(*tls.ClientHelloInfo) (*Config, error)

	// VerifyPeerCertificate is called after the verification of the peer's
	// certificate, if there is one and the handshake is a full one.
	VerifyPeerCertificate func(rawCerts [][]byte, verifiedChains [][]*x509.Certificate) error

	// VerifyConnection is called at the end of each handshake's verification,
	// also when a session is resumed.
	VerifyConnection func(tls.ConnectionState) error

	// RootCAs are those that a client trusts; if nil, the system's.
	RootCAs *x509.CertPool

	// NextProtos are the protocols to negotiate by ALPN (RFC 7301), best first.
	// If both sides have some and none in common, the handshake fails.
	NextProtos []string

	// ServerName is the name that a client wants in the server's certificate,
	// and sends to the server unless it is an IP address.
	ServerName string

	// ClientAuth is a server's policy for certificates of clients.
	ClientAuth tls.ClientAuthType

	// ClientCAs are those that a server trusts to certify clients; if nil, the
	// system's.
	ClientCAs *x509.CertPool

	// InsecureSkipVerify makes a client accept any certificate. Use it with
	// VerifyConnection, or in tests.
	InsecureSkipVerify bool

	// CipherSuites are the cipher suites of TLS 1.3 to use, best first. A
	// server with a list of its own follows its order, not the client's. If nil,
	// there are TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384 and
	// TLS_CHACHA20_POLY1305_SHA256, the latter first on machines without
	// instructions for AES and, on a server, for clients that put it first.
	//
	// crypto/tls's field of this name is for TLS 1.2 and has nothing to do with
	// this one.
	CipherSuites []uint16

	// CurvePreferences are the key exchange groups to use: of
	// tls.X25519MLKEM768, tls.X25519, tls.CurveP256 and tls.CurveP384. A
	// server follows their order as far as the client's key shares allow; a
	// client sends key shares for the first, and for X25519 if the first is
	// X25519MLKEM768. If nil, there are all four.
	CurvePreferences []tls.CurveID

	// SessionTicketsDisabled makes a server issue and accept no session
	// tickets, and a client use none.
	SessionTicketsDisabled bool

	// ClientSessionCache is where a client keeps the sessions that it can
	// resume. If nil, it resumes none. Of what a cache holds, this package
	// takes what it has put there itself: a session lives in the field Extra of
	// a tls.SessionState. crypto/tls refuses to parse such a state once it was
	// serialized, so a cache must keep the *tls.ClientSessionState as it is,
	// as tls.NewLRUClientSessionCache does.
	ClientSessionCache tls.ClientSessionCache

	// DynamicRecordSizingDisabled makes all records as large as they can be.
	// Otherwise the first ones of a connection are small, so that the peer can
	// use each as soon as one packet has arrived.
	DynamicRecordSizingDisabled bool

	// KeyLogWriter, if not nil, is written the secrets of each connection to,
	// in the SSLKEYLOGFILE format (RFC 9850). This gives up all security.
	KeyLogWriter io.Writer

	tickets      ticketKeys
	converted    sync.Map // *tls.Config of GetConfigForClient to *Config; see ConfigFrom
	convertedLen atomic.Int32
	signers      sync.Map // *ecdsa.PrivateKey to *p256.PrivateKey
	signerCount  atomic.Int32
	chains       chainCache
	sessions     sync.Map // weak.Pointer[tls.ClientSessionState] to *clientSession
}

// Clone returns a copy of c, which shares no session tickets with it unless
// [Config.SetSessionTicketKeys] was called. It returns nil for nil.
func (c *Config) Clone() *Config {
	if c == nil {
		return nil
	}
	d := &Config{
		Rand:                        c.Rand,
		Time:                        c.Time,
		Certificates:                c.Certificates,
		GetCertificate:              c.GetCertificate,
		GetClientCertificate:        c.GetClientCertificate,
		GetConfigForClient:          c.GetConfigForClient,
		VerifyPeerCertificate:       c.VerifyPeerCertificate,
		VerifyConnection:            c.VerifyConnection,
		RootCAs:                     c.RootCAs,
		NextProtos:                  c.NextProtos,
		ServerName:                  c.ServerName,
		ClientAuth:                  c.ClientAuth,
		ClientCAs:                   c.ClientCAs,
		InsecureSkipVerify:          c.InsecureSkipVerify,
		CipherSuites:                c.CipherSuites,
		CurvePreferences:            c.CurvePreferences,
		SessionTicketsDisabled:      c.SessionTicketsDisabled,
		ClientSessionCache:          c.ClientSessionCache,
		DynamicRecordSizingDisabled: c.DynamicRecordSizingDisabled,
		KeyLogWriter:                c.KeyLogWriter,
	}
	c.tickets.copyTo(&d.tickets)
	return d
}

// ConfigFrom returns a Config that does what t says. Whatever it cannot honour
// is an error that names the field, so that nothing is dropped in silence:
//
//   - A MaxVersion below TLS 1.3 is refused. A MinVersion below is accepted,
//     although this package has no other version than TLS 1.3.
//   - Encrypted Client Hello, WrapSession and UnwrapSession are refused.
//   - Of CurvePreferences those that this package lacks are left out, but one
//     must remain.
//   - CipherSuites, PreferServerCipherSuites and Renegotiation have no meaning
//     in TLS 1.3 and are ignored, as crypto/tls does.
//   - Keys that were given to t.SetSessionTicketKeys cannot be read and are not
//     used: give them to [Config.SetSessionTicketKeys] too. SessionTicketKey is
//     honoured.
//
// What t.GetConfigForClient returns is converted once for each pointer.
//
// t must not be changed afterwards. ConfigFrom returns an error for a nil t.
func ConfigFrom(t *tls.Config) (*Config, error) {
	if t == nil {
		return nil, fmt.Errorf("tls13: ConfigFrom of a nil tls.Config")
	}
	refuse := func(field, why string) (*Config, error) {
		return nil, fmt.Errorf("tls13: tls.Config.%s: %s", field, why)
	}
	switch {
	case t.MaxVersion != 0 && t.MaxVersion < tls.VersionTLS13:
		return refuse("MaxVersion", fmt.Sprintf("this package has TLS 1.3 only, not %s", tls.VersionName(t.MaxVersion)))
	case t.MinVersion > tls.VersionTLS13:
		return refuse("MinVersion", fmt.Sprintf("there is no version %#04x", t.MinVersion))
	case t.WrapSession != nil:
		return refuse("WrapSession", "not supported")
	case t.UnwrapSession != nil:
		return refuse("UnwrapSession", "not supported")
	case t.EncryptedClientHelloConfigList != nil:
		return refuse("EncryptedClientHelloConfigList", "Encrypted Client Hello is not supported")
	case t.EncryptedClientHelloRejectionVerify != nil:
		return refuse("EncryptedClientHelloRejectionVerify", "Encrypted Client Hello is not supported")
	case t.EncryptedClientHelloKeys != nil:
		return refuse("EncryptedClientHelloKeys", "Encrypted Client Hello is not supported")
	case t.GetEncryptedClientHelloKeys != nil:
		return refuse("GetEncryptedClientHelloKeys", "Encrypted Client Hello is not supported")
	}
	c := &Config{
		Rand:                        t.Rand,
		Time:                        t.Time,
		Certificates:                slices.Clone(t.Certificates),
		GetCertificate:              t.GetCertificate,
		GetClientCertificate:        t.GetClientCertificate,
		VerifyPeerCertificate:       t.VerifyPeerCertificate,
		VerifyConnection:            t.VerifyConnection,
		RootCAs:                     t.RootCAs,
		NextProtos:                  slices.Clone(t.NextProtos),
		ServerName:                  t.ServerName,
		ClientAuth:                  t.ClientAuth,
		ClientCAs:                   t.ClientCAs,
		InsecureSkipVerify:          t.InsecureSkipVerify,
		SessionTicketsDisabled:      t.SessionTicketsDisabled,
		ClientSessionCache:          t.ClientSessionCache,
		DynamicRecordSizingDisabled: t.DynamicRecordSizingDisabled,
		KeyLogWriter:                t.KeyLogWriter,
	}
	//lint:ignore SA1019 Those who still set it rely on it.
	if t.NameToCertificate != nil && len(t.Certificates) > 1 {
		//lint:ignore SA1019 See above.
		c.GetCertificate = byName(t.NameToCertificate, t.GetCertificate)
	}
	if t.CurvePreferences != nil {
		for _, g := range t.CurvePreferences {
			if isGroup(g) {
				c.CurvePreferences = append(c.CurvePreferences, g)
			}
		}
		if len(c.CurvePreferences) == 0 {
			return refuse("CurvePreferences", fmt.Sprintf("none of %v is supported", t.CurvePreferences))
		}
	}
	//lint:ignore SA1019 Those who still set it rely on it.
	if key := t.SessionTicketKey; key != [32]byte{} {
		c.SetSessionTicketKeys([][32]byte{key})
	}
	if get := t.GetConfigForClient; get != nil {
		c.GetConfigForClient = func(info *tls.ClientHelloInfo) (*Config, error) {
			d, err := get(info)
			if d == nil || err != nil {
				return nil, err
			}
			return c.convert(d)
		}
	}
	return c, nil
}

// maxConverted is how many results of GetConfigForClient are kept. A server that
// returns more of them, a new one each time perhaps, has them converted each
// time; sessions are then not resumed.
const maxConverted = 1024

// convert converts what GetConfigForClient returned, once for each pointer, so
// that its ticket keys stay the same.
func (c *Config) convert(t *tls.Config) (*Config, error) {
	if d, ok := c.converted.Load(t); ok {
		return d.(*Config), nil
	}
	d, err := ConfigFrom(t)
	if err != nil {
		return nil, err
	}
	if c.convertedLen.Add(1) > maxConverted {
		return d, nil
	}
	kept, _ := c.converted.LoadOrStore(t, d)
	return kept.(*Config), nil
}

// byName is a GetCertificate for the deprecated tls.Config.NameToCertificate.
func byName(names map[string]*tls.Certificate, next func(*tls.ClientHelloInfo) (*tls.Certificate, error)) func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return func(info *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if next != nil {
			if cert, err := next(info); cert != nil || err != nil {
				return cert, err
			}
		}
		name := strings.ToLower(info.ServerName)
		if cert := names[name]; cert != nil {
			return cert, nil
		}
		if _, parent, ok := strings.Cut(name, "."); ok {
			return names["*."+parent], nil
		}
		return nil, nil
	}
}

// check returns an error if c cannot be used at all.
func (c *Config) check() error {
	for _, id := range c.CipherSuites {
		if suiteByID(id) == nil {
			return fault(alertInternalError, "Config.CipherSuites has %s, which is no suite of TLS 1.3 that is supported", tls.CipherSuiteName(id))
		}
	}
	for _, g := range c.CurvePreferences {
		if !isGroup(g) {
			return fault(alertInternalError, "Config.CurvePreferences has %v, which is not supported", g)
		}
	}
	for _, p := range c.NextProtos {
		if len(p) == 0 || len(p) > 255 {
			return fault(alertInternalError, "Config.NextProtos has a protocol of %d bytes", len(p))
		}
	}
	return nil
}

func (c *Config) rand() io.Reader {
	if c.Rand == nil {
		return rand.Reader
	}
	return c.Rand
}

func (c *Config) now() time.Time {
	if c.Time == nil {
		return time.Now()
	}
	return c.Time()
}

func (c *Config) groups() []tls.CurveID {
	if c.CurvePreferences == nil {
		return defaultGroups
	}
	return c.CurvePreferences
}

// logSecret writes a line in the SSLKEYLOGFILE format (RFC 9850).
func (c *Config) logSecret(label string, clientRandom, secret []byte) error {
	if c.KeyLogWriter == nil {
		return nil
	}
	line := fmt.Appendf(nil, "%s %x %x\n", label, clientRandom, secret)
	keyLog.Lock()
	defer keyLog.Unlock()
	_, err := c.KeyLogWriter.Write(line)
	clear(line)
	if err != nil {
		return fault(alertInternalError, "KeyLogWriter: %w", err)
	}
	return nil
}

// keyLog guards all KeyLogWriters: several Configs may share one.
var keyLog sync.Mutex

// SetSessionTicketKeys sets the keys that session tickets are encrypted with:
// new ones with the first, while the others still open what they sealed. It may
// be called while c is in use, to rotate keys that several servers share. If it is
// never called, a Config makes its own keys and replaces them every day; it
// opens tickets for as long as they live.
//
// It panics without a key.
func (c *Config) SetSessionTicketKeys(keys [][32]byte) {
	if len(keys) == 0 {
		panic("tls13: SetSessionTicketKeys without a key")
	}
	c.tickets.set(keys)
}

// derive makes a key for tickets, and a name for it, of 32 bytes from outside.
func derive(k [32]byte) (name [16]byte, key [32]byte) {
	h := sha2.New256()
	h.Write([]byte("sealane tls13 ticket name"))
	h.Write(k[:])
	copy(name[:], h.Sum(nil))
	h.Reset()
	h.Write([]byte("sealane tls13 ticket key"))
	h.Write(k[:])
	h.Sum(key[:0])
	return name, key
}
