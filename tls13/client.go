package tls13

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"

	"github.com/sealane/sealane/tls13/keyschedule"
	"github.com/sealane/sealane/tls13/record"
)

// A client is a client during its handshake (RFC 9846, Appendix A.1).
type client struct {
	common
	next clientState

	sni       string      // the name in server_name, "" for none
	hello     []byte      // the last ClientHello
	sessionID []byte      // legacy_session_id; of a client that wants no middlebox compatibility mode, nothing
	keys      []ephemeral // of the key shares in hello
	shares    [2]ephemeral
	cookie    []byte
	retry     *cipherSuite // the suite of the HelloRetryRequest, if there was one

	session  *clientSession // the one that is offered, or resumed
	cacheKey string

	authRequested bool
	authorities   [][]byte // what the server's CertificateRequest says
	schemes       u16s
	ocsp, scts    bool
}

// A clientState waits for a message.
type clientState func(c *client, typ uint8, msg []byte) (clientState, error)

// start sends the ClientHello.
func (c *client) start(addr string) error {
	cfg := c.config
	if err := cfg.check(); err != nil {
		return err
	}
	if cfg.ServerName == "" && !cfg.InsecureSkipVerify {
		return fault(alertInternalError, "either Config.ServerName or InsecureSkipVerify must be set")
	}
	c.serverName, c.sni = cfg.ServerName, sniName(cfg.ServerName)
	if _, err := io.ReadFull(cfg.rand(), c.random[:]); err != nil {
		return fault(alertInternalError, "random: %w", err)
	}
	c.sessionID = make([]byte, 32)
	if _, err := io.ReadFull(cfg.rand(), c.sessionID); err != nil {
		return fault(alertInternalError, "random: %w", err)
	}
	groups := cfg.groups()
	if len(groups) == 0 {
		return fault(alertInternalError, "Config.CurvePreferences is empty")
	}
	c.keys = c.shares[:0]
	if err := c.generate(groups[0]); err != nil {
		return err
	}
	if groups[0] == tls.X25519MLKEM768 && slices.Contains(groups, tls.X25519) {
		// Servers without the hybrid are still many.
		if err := c.generate(tls.X25519); err != nil {
			return err
		}
	}
	c.cacheKey = cacheKey(cfg.ServerName, addr)
	c.session = cfg.takeSession(c.cacheKey, cfg.ServerName)
	c.ccsOK = true
	c.sealer.SetVersion(0x0301) // of the first record only (Section 5.1)
	c.next = (*client).waitServerHello
	return c.sendHello()
}

// generate adds a key share.
func (c *client) generate(group tls.CurveID) error {
	k, err := newEphemeral(c.config.rand(), group)
	if err != nil {
		return err
	}
	c.keys = append(c.keys, k)
	return nil
}

// sniName returns the name to send in server_name: none for an IP address (RFC
// 6066, Section 3).
func sniName(name string) string {
	host := strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	host, _, _ = strings.Cut(host, "%")
	if net.ParseIP(host) != nil {
		return ""
	}
	return strings.TrimRight(name, ".")
}

// sendHello sends a ClientHello: the first, or after a HelloRetryRequest the
// second, which differs only where Section 4.2.2 allows it.
func (c *client) sendHello() error {
	cfg := c.config
	b := builder{b: make([]byte, 0, c.helloSize())}
	mark := b.begin(typeClientHello)
	b.u16(tls.VersionTLS12)
	b.bytes(c.random[:])
	b.vec8(c.sessionID)
	list := b.open(2)
	for _, id := range cfg.cipherSuites() {
		b.u16(id)
	}
	b.close(list, 2)
	b.vec8([]byte{0})

	exts := b.open(2)
	if c.sni != "" {
		ext := b.ext(extServerName)
		names := b.open(2)
		b.u8(0)
		b.vec16([]byte(c.sni))
		b.close(names, 2)
		b.endExt(ext)
	}
	ext := b.ext(extStatusRequest)
	b.u8(statusOCSP)
	b.u16(0)
	b.u16(0)
	b.endExt(ext)

	ext = b.ext(extSupportedGroups)
	list = b.open(2)
	for _, g := range cfg.groups() {
		b.u16(uint16(g))
	}
	b.close(list, 2)
	b.endExt(ext)

	signatureAlgorithms(&b)

	if len(cfg.NextProtos) > 0 {
		ext = b.ext(extALPN)
		list = b.open(2)
		for _, p := range cfg.NextProtos {
			b.vec8s(p)
		}
		b.close(list, 2)
		b.endExt(ext)
	}
	b.endExt(b.ext(extSCT))
	recordSizeLimit(&b)

	ext = b.ext(extSupportedVersions)
	b.u8(2)
	b.u16(tls.VersionTLS13)
	b.endExt(ext)

	if c.cookie != nil {
		ext = b.ext(extCookie)
		b.vec16(c.cookie)
		b.endExt(ext)
	}

	ext = b.ext(extKeyShare)
	list = b.open(2)
	for i := range c.keys {
		c.keys[i].share(&b)
	}
	b.close(list, 2)
	b.endExt(ext)

	// Also without a session: it allows the server to send tickets.
	ext = b.ext(extPSKModes)
	b.vec8([]byte{pskModeDHE})
	b.endExt(ext)

	binders := 0
	if c.session != nil {
		hash := suiteByID(c.session.suite).hash
		ext = b.ext(extPreSharedKey)
		list = b.open(2)
		b.vec16(c.session.ticket)
		b.u32(c.session.obfuscatedAge(cfg.now()))
		b.close(list, 2)
		binders = len(b.b)
		list = b.open(2)
		b.vec8(make([]byte, hash.Size()))
		b.close(list, 2)
		b.endExt(ext)
	}
	b.close(exts, 2)
	b.end(mark)
	hello, err := b.result()
	if err != nil {
		return err
	}
	if c.session != nil {
		if err := c.bind(hello, binders); err != nil {
			return err
		}
	}
	c.hello = hello
	c.out, err = c.sealer.Seal(c.out, record.Handshake, hello)
	return err
}

// helloSize returns about how long the ClientHello will be.
func (c *client) helloSize() int {
	n := 400 + len(c.cookie)
	for i := range c.keys {
		size, _ := shareSizes(c.keys[i].group)
		n += size
	}
	if c.session != nil {
		n += len(c.session.ticket) + 100
	}
	return n
}

// signatureAlgorithms appends the signature_algorithms extension (Section
// 4.3.3), which is the same in ClientHello and CertificateRequest.
func signatureAlgorithms(b *builder) {
	ext := b.ext(extSignatureAlgorithms)
	list := b.open(2)
	for _, s := range verifySchemes {
		b.u16(uint16(s))
	}
	for _, s := range certSchemes {
		b.u16(uint16(s))
	}
	b.close(list, 2)
	b.endExt(ext)
}

// bind computes the binder of the offered session (Section 4.3.11.2); binders is
// where their list begins in hello.
func (c *client) bind(hello []byte, binders int) error {
	hash := suiteByID(c.session.suite).hash
	if err := c.early.Init(hash, c.session.psk); err != nil {
		return fault(alertInternalError, "key schedule: %w", err)
	}
	h := hash.New()
	if c.retry != nil {
		h = cloneHash(c.transcript) // message_hash and HelloRetryRequest
	}
	h.Write(hello[:binders])
	var key keyschedule.BinderKey
	c.early.ResumptionBinderKey(&key)
	key.AppendBinder(hello[:binders+3], h.Sum(nil))
	key.Clear()
	return nil
}

func (c *client) message(typ uint8, msg []byte) (err error) {
	c.next, err = c.next(c, typ, msg)
	return err
}

// waitServerHello waits for ServerHello or HelloRetryRequest.
func (c *client) waitServerHello(typ uint8, msg []byte) (clientState, error) {
	if typ != typeServerHello {
		return nil, unexpected(typ, "ServerHello")
	}
	var m serverHello
	if err := m.unmarshal(msg); err != nil {
		return nil, err
	}
	if err := c.checkHello(&m); err != nil {
		return nil, err
	}
	if m.isRetry() {
		return c.retryHello(&m, msg)
	}
	if c.retry != nil && m.cipherSuite != c.retry.id {
		return nil, fault(alertIllegalParameter, "the server changes its cipher suite after a HelloRetryRequest")
	}
	index, isPSK, err := m.selectedPSK()
	if err != nil {
		return nil, err
	}
	if isPSK {
		if index != 0 {
			return nil, fault(alertIllegalParameter, "the server selects PSK %d of 1", index)
		}
		if suiteByID(c.session.suite).hash != c.suite.hash {
			return nil, fault(alertIllegalParameter, "the server selects a PSK that does not fit its cipher suite")
		}
		c.resumed = true
		c.peerCerts, c.verified = c.session.chain, c.session.verified
		c.common.ocsp, c.common.scts = c.session.ocsp, c.session.scts
	} else {
		if c.session != nil {
			clear(c.session.psk)
			c.session = nil
		}
		c.early = keyschedule.Early{}
		if err := c.early.Init(c.suite.hash, nil); err != nil {
			return nil, fault(alertInternalError, "key schedule: %w", err)
		}
	}
	share, err := m.keyShare()
	if err != nil {
		return nil, err
	}
	if share.group == 0 {
		// Without a key exchange there is only psk_ke, which was not offered.
		return nil, fault(alertMissingExtension, "ServerHello without key_share")
	}
	i := slices.IndexFunc(c.keys, func(k ephemeral) bool { return k.group == share.group })
	if i < 0 {
		return nil, fault(alertIllegalParameter, "the server selects group %v, of which this side has sent no key share", share.group)
	}
	secret, err := c.keys[i].shared(share.data)
	if err != nil {
		return nil, err
	}
	c.group = share.group
	c.forget()

	if c.transcript == nil {
		c.startTranscript(c.hello, false)
	} else {
		c.transcript.Write(c.hello)
	}
	c.transcript.Write(msg)
	if err := c.handshakeKeys(secret); err != nil {
		return nil, err
	}
	if err := c.setIn(&c.server); err != nil {
		return nil, err
	}
	// From here on the handshake keys protect what this side sends, an alert
	// perhaps; only the change_cipher_spec before is not protected.
	if len(c.sessionID) > 0 {
		if err := c.sendCCS(); err != nil {
			return nil, err
		}
	}
	if err := c.setOut(&c.client); err != nil {
		return nil, err
	}
	return (*client).waitEncryptedExtensions, nil
}

// forget overwrites the ephemeral keys as far as their packages let us, and
// drops them.
func (c *client) forget() {
	for i := range c.keys {
		c.keys[i].overwrite()
	}
	c.keys = nil
}

// checkHello checks what ServerHello and HelloRetryRequest have in common
// (Section 4.2.3), the version first.
func (c *client) checkHello(m *serverHello) error {
	version, err := m.selectedVersion()
	if err != nil {
		return err
	}
	if version != tls.VersionTLS13 {
		if version != 0 {
			return fault(alertIllegalParameter, "the server selects %s, which this side did not offer", tls.VersionName(version))
		}
		// TLS 1.2 or older, for which there are no such extensions.
		if tail := string(m.random[24:]); tail == downgradeTLS12 || tail == downgradeTLS11 {
			return fault(alertIllegalParameter, "the server could do TLS 1.3 but selects %s: something on the way meddles with the handshake", tls.VersionName(m.legacyVersion))
		}
		return fault(alertProtocolVersion, "no common version: the server selects %s, this side has TLS 1.3 only", tls.VersionName(m.legacyVersion))
	}
	if m.legacyVersion != tls.VersionTLS12 {
		return fault(alertProtocolVersion, "ServerHello with legacy_version %#04x", m.legacyVersion)
	}
	if !bytes.Equal(m.sessionID, c.sessionID) {
		return fault(alertIllegalParameter, "the server does not echo the session ID")
	}
	if m.compression != 0 {
		return fault(alertIllegalParameter, "ServerHello with compression method %d", m.compression)
	}
	err = m.extensions.solicited(typeServerHello, func(typ uint16) bool {
		switch typ {
		case extSupportedVersions, extKeyShare, extCookie:
			return true
		case extPreSharedKey:
			return c.session != nil
		}
		return false
	})
	if err != nil {
		return err
	}
	if !slices.Contains(c.config.cipherSuites(), m.cipherSuite) {
		return fault(alertIllegalParameter, "the server selects %s, which this side did not offer", tls.CipherSuiteName(m.cipherSuite))
	}
	c.suite = suiteByID(m.cipherSuite)
	return nil
}

// retryHello answers a HelloRetryRequest (Section 4.2.4).
func (c *client) retryHello(m *serverHello, msg []byte) (clientState, error) {
	if c.retry != nil {
		return nil, fault(alertUnexpectedMessage, "a second HelloRetryRequest")
	}
	cookie, err := m.extensions.cookie(typeServerHello)
	if err != nil {
		return nil, err
	}
	group, err := m.selectedGroup()
	if err != nil {
		return nil, err
	}
	if cookie == nil && group == 0 {
		return nil, fault(alertIllegalParameter, "a HelloRetryRequest that changes nothing")
	}
	c.retry, c.retried = c.suite, true
	c.cookie = clone(cookie)
	if group != 0 {
		if !slices.Contains(c.config.groups(), group) {
			return nil, fault(alertIllegalParameter, "the server wants a key share of group %v, which this side did not offer", group)
		}
		if slices.ContainsFunc(c.keys, func(k ephemeral) bool { return k.group == group }) {
			return nil, fault(alertIllegalParameter, "the server wants a key share of group %v, which it has", group)
		}
		c.forget()
		if err := c.generate(group); err != nil {
			return nil, err
		}
	}
	c.startTranscript(c.hello, true)
	c.transcript.Write(msg)
	if c.session != nil && suiteByID(c.session.suite).hash != c.suite.hash {
		c.session = nil // Section 4.2.4 wants it withdrawn
	}
	if len(c.sessionID) > 0 {
		if err := c.sendCCS(); err != nil {
			return nil, err
		}
	}
	c.changed = true // nothing may follow in this record: the server waits
	c.sealer.SetVersion(tls.VersionTLS12)
	if err := c.sendHello(); err != nil {
		return nil, err
	}
	return (*client).waitServerHello, nil
}

func (c *client) waitEncryptedExtensions(typ uint8, msg []byte) (clientState, error) {
	if typ != typeEncryptedExtensions {
		return nil, unexpected(typ, "EncryptedExtensions")
	}
	var m encryptedExtensions
	if err := m.unmarshal(msg); err != nil {
		return nil, err
	}
	err := m.extensions.solicited(typ, func(typ uint16) bool {
		switch typ {
		case extServerName:
			return c.sni != ""
		case extALPN:
			return len(c.config.NextProtos) > 0
		case extSupportedGroups, extRecordSizeLimit:
			return true
		}
		return false
	})
	if err != nil {
		return nil, err
	}
	if _, err := m.extensions.empty(extServerName, typ); err != nil {
		return nil, err
	}
	if _, err := m.extensions.numbers(extSupportedGroups, typ); err != nil {
		return nil, err
	}
	if err := c.limitRecords(m.extensions, typ); err != nil {
		return nil, err
	}
	protos, err := m.extensions.alpn(typ)
	if err != nil {
		return nil, err
	}
	if len(protos) > 1 {
		return nil, fault(alertIllegalParameter, "the server selects %d application protocols", len(protos))
	}
	if len(protos) == 1 {
		if !slices.Contains(c.config.NextProtos, protos[0]) {
			return nil, fault(alertIllegalParameter, "the server selects application protocol %q, this side offered %q", protos[0], c.config.NextProtos)
		}
		c.alpn = protos[0]
	}
	c.transcript.Write(msg)
	if c.resumed {
		return (*client).waitFinished, nil
	}
	return (*client).waitCertificateOrRequest, nil
}

func (c *client) waitCertificateOrRequest(typ uint8, msg []byte) (clientState, error) {
	if typ != typeCertificateRequest {
		return c.waitCertificate(typ, msg)
	}
	var m certificateRequest
	if err := m.unmarshal(msg); err != nil {
		return nil, err
	}
	if len(m.context) != 0 {
		return nil, fault(alertIllegalParameter, "CertificateRequest with a context")
	}
	schemes, err := m.extensions.numbers(extSignatureAlgorithms, typ)
	if err != nil {
		return nil, err
	}
	if schemes == nil {
		return nil, fault(alertMissingExtension, "CertificateRequest without signature_algorithms")
	}
	if _, err := m.extensions.numbers(extSignatureAlgorithmsCert, typ); err != nil {
		return nil, err
	}
	authorities, err := m.extensions.authorities(typ)
	if err != nil {
		return nil, err
	}
	for _, name := range authorities {
		c.authorities = append(c.authorities, clone(name))
	}
	c.schemes = clone(schemes)
	c.ocsp, c.scts = m.extensions.has(extStatusRequest), m.extensions.has(extSCT)
	c.authRequested = true
	c.transcript.Write(msg)
	return (*client).waitCertificate, nil
}

func (c *client) waitCertificate(typ uint8, msg []byte) (clientState, error) {
	if typ != typeCertificate {
		return nil, unexpected(typ, "Certificate")
	}
	var m certificate
	if err := m.unmarshal(msg); err != nil {
		return nil, err
	}
	if len(m.context) != 0 {
		return nil, fault(alertIllegalParameter, "a server's Certificate with a context")
	}
	if len(m.entries) == 0 {
		return nil, fault(alertDecodeError, "the server sends no certificate")
	}
	for i := range m.entries {
		err := m.entries[i].extensions.solicited(typ, func(typ uint16) bool {
			return typ == extStatusRequest || typ == extSCT
		})
		if err != nil {
			return nil, err
		}
	}
	if err := c.checkPeer(&m, true); err != nil {
		return nil, err
	}
	c.transcript.Write(msg)
	return (*client).waitCertificateVerify, nil
}

func (c *client) waitCertificateVerify(typ uint8, msg []byte) (clientState, error) {
	if typ != typeCertificateVerify {
		return nil, unexpected(typ, "CertificateVerify")
	}
	if err := c.checkSignature(msg, true); err != nil {
		return nil, err
	}
	return (*client).waitFinished, nil
}

// waitFinished waits for the server's Finished and sends the last flight.
func (c *client) waitFinished(typ uint8, msg []byte) (clientState, error) {
	if typ != typeFinished {
		return nil, unexpected(typ, "Finished")
	}
	if err := c.checkFinished(&c.server, msg); err != nil {
		return nil, err
	}
	if err := c.verifyConnection(); err != nil {
		return nil, err
	}
	if err := c.applicationKeys(&c.secrets.out, &c.secrets.in); err != nil {
		return nil, err
	}
	if c.authRequested {
		if err := c.authenticate(); err != nil {
			return nil, err
		}
	}
	if err := c.sendFinished(&c.client); err != nil {
		return nil, err
	}
	if err := c.seal(); err != nil {
		return nil, err
	}
	c.main.Resumption(&c.secrets.resumption, c.hashSum())
	if err := c.setOut(&c.secrets.out); err != nil {
		return nil, err
	}
	if err := c.setIn(&c.secrets.in); err != nil {
		return nil, err
	}
	c.ccsOK = false
	c.done = true
	return nil, nil
}

// authenticate sends the client's Certificate, which may be empty, and
// CertificateVerify.
func (c *client) authenticate() error {
	cert, err := c.certificate()
	if err != nil {
		return err
	}
	if len(cert.Certificate) == 0 {
		return c.sendCertificate(cert, 0, false, false, false)
	}
	leaf, err := leafOf(cert)
	if err != nil {
		return err
	}
	scheme, err := signScheme(cert, leaf, c.schemes)
	if err != nil {
		return err
	}
	return c.sendCertificate(cert, scheme, false, c.ocsp, c.scts)
}

// certificate chooses the client's certificate.
func (c *client) certificate() (*tls.Certificate, error) {
	info := &tls.CertificateRequestInfo{
		AcceptableCAs:    c.authorities,
		SignatureSchemes: list[tls.SignatureScheme](c.schemes),
		Version:          tls.VersionTLS13,
	}
	if get := c.config.GetClientCertificate; get != nil {
		cert, err := get(info)
		if err != nil {
			return nil, &localError{alertInternalError, err}
		}
		if cert == nil {
			return nil, fault(alertInternalError, "GetClientCertificate returned neither a certificate nor an error")
		}
		return cert, nil
	}
	for i := range c.config.Certificates {
		if cert := &c.config.Certificates[i]; info.SupportsCertificate(cert) == nil {
			return cert, nil
		}
	}
	return new(tls.Certificate), nil
}

func (c *client) overwrite() {
	c.forget()
	if c.session != nil {
		clear(c.session.psk)
	}
	c.common.overwrite()
}

// A ticketReceiver is what a client keeps for the tickets that a server sends
// after the handshake.
type ticketReceiver struct {
	cacheKey  string
	suite     *cipherSuite
	firstAuth uint64
}

// receive handles a NewSessionTicket (Section 4.7.1); a nil receiver wants none,
// and only sees whether it is well-formed.
func (t *ticketReceiver) receive(cfg *Config, s *secrets, st *tls.ConnectionState, msg []byte) error {
	var m newSessionTicket
	if err := m.unmarshal(msg); err != nil {
		return err
	}
	if s, ok := m.extensions.get(extEarlyData); ok {
		var most uint32
		if v := cryptobyte.String(s); !v.ReadUint32(&most) || !v.Empty() {
			return decodeError(typeNewSessionTicket)
		}
	}
	if t == nil || m.lifetime == 0 {
		return nil
	}
	if m.lifetime > uint32(ticketLifetime/time.Second) {
		return fault(alertIllegalParameter, "session ticket with a lifetime of %d s, more than a week", m.lifetime)
	}
	return cfg.putSession(t.cacheKey, &clientSession{
		suite:     t.suite.id,
		received:  uint64(cfg.now().UnixMilli()),
		firstAuth: t.firstAuth,
		lifetime:  m.lifetime,
		ageAdd:    m.ageAdd,
		psk:       s.resumption.AppendPSK(make([]byte, 0, 48), m.nonce),
		alpn:      st.NegotiatedProtocol,
		chain:     st.PeerCertificates,
		verified:  st.VerifiedChains,
		ocsp:      st.OCSPResponse,
		scts:      st.SignedCertificateTimestamps,
		ticket:    clone(m.ticket),
	})
}

// maxTickets is how many session tickets a connection takes.
const maxTickets = 16
