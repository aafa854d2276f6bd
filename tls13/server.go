package tls13

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"io"
	"slices"
	"strings"

	"github.com/sealane/sealane/tls13/keyschedule"
)

// A server is a server during its handshake (RFC 9846, Appendix A.2).
type server struct {
	common
	next serverState

	hello     clientHello
	raw       []byte // hello as it came
	first     []byte // the first ClientHello, if there was a HelloRetryRequest
	retry     tls.CurveID
	info      *tls.ClientHelloInfo
	groups    u16s
	schemes   u16s
	protos    []string
	share     keyShare
	ocsp      bool
	scts      bool
	pskModes  []byte
	session   *serverSession
	firstAuth uint64
	cert      *tls.Certificate
	scheme    tls.SignatureScheme
}

// A serverState waits for a message.
type serverState func(s *server, typ uint8, msg []byte) (serverState, error)

func (s *server) start() error {
	s.next = (*server).waitClientHello
	return nil
}

func (s *server) message(typ uint8, msg []byte) (err error) {
	s.next, err = s.next(s, typ, msg)
	return err
}

func (s *server) overwrite() {
	if s.session != nil {
		clear(s.session.psk)
	}
	s.common.overwrite()
}

// waitClientHello waits for a ClientHello, the first or the second.
func (s *server) waitClientHello(typ uint8, msg []byte) (serverState, error) {
	if typ != typeClientHello {
		return nil, unexpected(typ, "ClientHello")
	}
	s.raw = clone(msg)
	s.hello = clientHello{extensions: make(extensions, 0, 16)}
	if err := s.hello.unmarshal(s.raw); err != nil {
		return nil, err
	}
	m := &s.hello
	if err := s.checkVersion(m); err != nil {
		return nil, err
	}
	copy(s.random[:], m.random)
	s.changed = true // nothing may follow in this record: the client waits
	s.ccsOK = true
	if err := s.readHello(m); err != nil {
		return nil, err
	}
	if s.retry != 0 {
		if err := s.checkSecondHello(); err != nil {
			return nil, err
		}
	} else if err := s.configure(); err != nil {
		return nil, err
	}
	suite, err := s.config.serverSuite(m.cipherSuites)
	if err != nil {
		return nil, err
	}
	if s.suite != nil && s.suite != suite {
		return nil, fault(alertInternalError, "the cipher suite changes after a HelloRetryRequest")
	}
	s.suite = suite
	if s.retry != 0 && s.share.group != s.retry {
		return nil, fault(alertIllegalParameter, "the client's second ClientHello has no key share of group %v", s.retry)
	}
	if s.share.group == 0 {
		return s.sendRetry()
	}
	s.group = s.share.group
	return s.negotiate()
}

// checkVersion checks the version and what must be the same in every ClientHello
// of TLS 1.3 (Sections 4.2.2 and 9.2).
func (s *server) checkVersion(m *clientHello) error {
	versions, err := m.supportedVersions()
	if err != nil {
		return err
	}
	if !versions.contains(tls.VersionTLS13) {
		offered := []string{tls.VersionName(m.legacyVersion) + " or older"}
		if versions != nil {
			offered = offered[:0]
			for i := range versions.len() {
				offered = append(offered, tls.VersionName(versions.at(i)))
			}
		}
		return fault(alertProtocolVersion, "no common version: the client offers %s, this side has TLS 1.3 only", strings.Join(offered, ", "))
	}
	if m.legacyVersion != tls.VersionTLS12 {
		return fault(alertProtocolVersion, "ClientHello with legacy_version %#04x", m.legacyVersion)
	}
	if len(m.compression) != 1 || m.compression[0] != 0 {
		return fault(alertIllegalParameter, "ClientHello with compression methods")
	}
	x := m.extensions
	psk := x.has(extPreSharedKey)
	switch {
	case !psk && !x.has(extSignatureAlgorithms):
		return fault(alertMissingExtension, "ClientHello without signature_algorithms")
	case !psk && !x.has(extSupportedGroups):
		return fault(alertMissingExtension, "ClientHello without supported_groups")
	case x.has(extSupportedGroups) != x.has(extKeyShare):
		return fault(alertMissingExtension, "ClientHello with only one of supported_groups and key_share")
	case psk && !x.has(extPSKModes):
		return fault(alertMissingExtension, "ClientHello with pre_shared_key but without psk_key_exchange_modes")
	}
	return nil
}

// readHello reads the extensions that both ClientHellos have.
func (s *server) readHello(m *clientHello) (err error) {
	if s.serverName, err = m.serverName(); err != nil {
		return err
	}
	if s.groups, err = m.extensions.numbers(extSupportedGroups, typeClientHello); err != nil {
		return err
	}
	if s.schemes, err = m.extensions.numbers(extSignatureAlgorithms, typeClientHello); err != nil {
		return err
	}
	if _, err = m.extensions.numbers(extSignatureAlgorithmsCert, typeClientHello); err != nil {
		return err
	}
	if s.protos, err = m.extensions.alpn(typeClientHello); err != nil {
		return err
	}
	if s.ocsp, err = m.wantsOCSP(); err != nil {
		return err
	}
	if s.scts, err = m.extensions.empty(extSCT, typeClientHello); err != nil {
		return err
	}
	if s.pskModes, err = m.pskModes(); err != nil {
		return err
	}
	if err := s.limitRecords(m.extensions, typeClientHello); err != nil {
		return err
	}
	if _, err = m.extensions.authorities(typeClientHello); err != nil {
		return err
	}
	early, err := m.extensions.empty(extEarlyData, typeClientHello)
	if err != nil {
		return err
	}
	s.earlyMax = 0
	if early {
		if !m.extensions.has(extPreSharedKey) {
			return fault(alertIllegalParameter, "ClientHello with early_data but without pre_shared_key")
		}
		s.earlyMax = maxEarlyData
	}
	if s.retry == 0 && m.extensions.has(extCookie) {
		return fault(alertIllegalParameter, "a cookie in the first ClientHello")
	}
	return nil
}

// configure applies the configuration to the first ClientHello.
func (s *server) configure() error {
	if get := s.config.GetConfigForClient; get != nil {
		c, err := get(s.helloInfo())
		if err != nil {
			return &localError{alertInternalError, err}
		}
		if c != nil {
			s.config = c
		}
	}
	if err := s.config.check(); err != nil {
		return err
	}
	return s.chooseShare()
}

// helloInfo returns what callbacks are told of the ClientHello.
func (s *server) helloInfo() *tls.ClientHelloInfo {
	if s.info != nil {
		return s.info
	}
	m := &s.hello
	versions, _ := m.supportedVersions() // checkVersion has seen it
	s.info = &tls.ClientHelloInfo{
		CipherSuites:      list[uint16](m.cipherSuites),
		ServerName:        s.serverName,
		SupportedCurves:   list[tls.CurveID](s.groups),
		SignatureSchemes:  list[tls.SignatureScheme](s.schemes),
		SupportedProtos:   s.protos,
		SupportedVersions: list[uint16](versions),
		Conn:              s.conn,
		HelloRetryRequest: s.retried,
	}
	for _, x := range m.extensions {
		s.info.Extensions = append(s.info.Extensions, x.typ)
	}
	if points, ok := m.extensions.get(11); ok && len(points) > 1 { // ec_point_formats (RFC 8422, Section 5.1.2)
		s.info.SupportedPoints = clone(points[1:])
	}
	return s.info
}

// chooseShare chooses the group, and the client's share of it if there is one
// (Section 4.2.1). A hybrid group that this side prefers is worth a round trip;
// of the others, one with a share is.
func (s *server) chooseShare() error {
	ours := s.config.groups()
	var room [4]keyShare
	shares, _, err := s.hello.keyShares(room[:0], func(g tls.CurveID) bool { return slices.Contains(ours, g) })
	if err != nil {
		return err
	}
	for _, k := range shares {
		if !s.groups.contains(uint16(k.group)) {
			return fault(alertIllegalParameter, "a key share of group %v, which the client does not support", k.group)
		}
	}
	s.share = keyShare{}
	mutual := tls.CurveID(0)
	for _, g := range ours {
		if !s.groups.contains(uint16(g)) {
			continue
		}
		i := slices.IndexFunc(shares, func(k keyShare) bool { return k.group == g })
		if i >= 0 {
			s.share = shares[i]
			return nil
		}
		if mutual == 0 {
			mutual = g
		}
		if g == tls.X25519MLKEM768 {
			break
		}
	}
	if mutual == 0 {
		return fault(alertHandshakeFailure, "no common key exchange group: the client has %v, this side has %v", list[tls.CurveID](s.groups), ours)
	}
	s.group = mutual
	return nil
}

// sendRetry sends a HelloRetryRequest for the group.
func (s *server) sendRetry() (serverState, error) {
	s.retry, s.retried = s.group, true
	s.first = s.raw
	s.info = nil
	s.startTranscript(s.raw, true)
	err := s.send(func(b *builder) {
		mark := b.begin(typeServerHello)
		b.u16(tls.VersionTLS12)
		b.string(retryRandom)
		b.vec8(s.hello.sessionID)
		b.u16(s.suite.id)
		b.u8(0)
		exts := b.open(2)
		selectedVersion(b)
		ext := b.ext(extKeyShare)
		b.u16(uint16(s.group))
		b.endExt(ext)
		b.close(exts, 2)
		b.end(mark)
	})
	if err != nil {
		return nil, err
	}
	if err := s.seal(); err != nil {
		return nil, err
	}
	if len(s.hello.sessionID) > 0 {
		if err := s.sendCCS(); err != nil {
			return nil, err
		}
	}
	s.opener.Skip(s.earlyMax)
	return (*server).waitClientHello, nil
}

func selectedVersion(b *builder) {
	ext := b.ext(extSupportedVersions)
	b.u16(tls.VersionTLS13)
	b.endExt(ext)
}

// checkSecondHello checks that the second ClientHello is the first one but for
// what Section 4.2.2 allows to change.
func (s *server) checkSecondHello() error {
	var first clientHello
	if err := first.unmarshal(s.first); err != nil {
		return err
	}
	m := &s.hello
	if m.extensions.has(extEarlyData) {
		return fault(alertIllegalParameter, "early_data in the second ClientHello")
	}
	if m.extensions.has(extCookie) {
		return fault(alertIllegalParameter, "a cookie that this side has not sent")
	}
	same := bytes.Equal(m.random, first.random) &&
		bytes.Equal(m.sessionID, first.sessionID) &&
		bytes.Equal(m.cipherSuites, first.cipherSuites)
	a, b := unchanging(first.extensions), unchanging(m.extensions)
	same = same && slices.EqualFunc(a, b, func(x, y extension) bool {
		return x.typ == y.typ && bytes.Equal(x.data, y.data)
	})
	if !same {
		return fault(alertIllegalParameter, "the second ClientHello differs from the first")
	}
	shares, count, err := m.keyShares(nil, func(g tls.CurveID) bool { return g == s.retry })
	if err != nil {
		return err
	}
	if count != 1 || len(shares) != 1 {
		return fault(alertIllegalParameter, "the second ClientHello must have one key share, of group %v", s.retry)
	}
	s.share = shares[0]
	return nil
}

// unchanging returns the extensions that must be the same in both ClientHellos.
func unchanging(x extensions) extensions {
	return slices.DeleteFunc(slices.Clone(x), func(e extension) bool {
		switch e.typ {
		case extKeyShare, extEarlyData, extCookie, extPreSharedKey, extPadding:
			return true
		}
		return false
	})
}

// negotiate chooses what is left to choose, and sends the server's flight.
func (s *server) negotiate() (serverState, error) {
	if err := s.chooseALPN(); err != nil {
		return nil, err
	}
	if s.transcript == nil {
		s.startTranscript(nil, false)
	}
	if err := s.resume(); err != nil {
		return nil, err
	}
	if s.session == nil {
		if err := s.early.Init(s.suite.hash, nil); err != nil {
			return nil, fault(alertInternalError, "key schedule: %w", err)
		}
		if err := s.chooseCertificate(); err != nil {
			return nil, err
		}
	}
	s.transcript.Write(s.raw)

	share, secret, err := respond(s.config.rand(), s.group, s.share.data)
	if err != nil {
		return nil, err
	}
	var random [32]byte
	if _, err := io.ReadFull(s.config.rand(), random[:]); err != nil {
		return nil, fault(alertInternalError, "random: %w", err)
	}
	err = s.send(func(b *builder) {
		mark := b.begin(typeServerHello)
		b.u16(tls.VersionTLS12)
		b.bytes(random[:])
		b.vec8(s.hello.sessionID)
		b.u16(s.suite.id)
		b.u8(0)
		exts := b.open(2)
		selectedVersion(b)
		ext := b.ext(extKeyShare)
		b.u16(uint16(s.group))
		b.vec16(share)
		b.endExt(ext)
		if s.session != nil {
			ext = b.ext(extPreSharedKey)
			b.u16(uint16(s.session.index))
			b.endExt(ext)
		}
		b.close(exts, 2)
		b.end(mark)
	})
	if err != nil {
		return nil, err
	}
	if err := s.seal(); err != nil {
		return nil, err
	}
	if len(s.hello.sessionID) > 0 {
		if err := s.sendCCS(); err != nil {
			return nil, err
		}
	}
	if err := s.handshakeKeys(secret); err != nil {
		return nil, err
	}
	if err := s.setOut(&s.server); err != nil {
		return nil, err
	}
	if err := s.setIn(&s.client); err != nil {
		return nil, err
	}
	s.opener.Skip(s.earlyMax)
	return s.sendFlight()
}

// chooseALPN selects the application protocol (RFC 7301, Section 3.2).
func (s *server) chooseALPN() error {
	if len(s.protos) == 0 || len(s.config.NextProtos) == 0 {
		return nil
	}
	for _, p := range s.config.NextProtos {
		if slices.Contains(s.protos, p) {
			s.alpn = p
			return nil
		}
	}
	return fault(alertNoApplicationProtocol, "no common application protocol: the client offers %q, this side has %q", s.protos, s.config.NextProtos)
}

// maxIdentities is how many PSK identities of a ClientHello are looked at.
const maxIdentities = 5

// resume selects a session that the client offers, and checks its binder
// (Section 4.3.11).
func (s *server) resume() error {
	psks, err := s.hello.psks()
	if err != nil || psks == nil {
		return err
	}
	if s.config.SessionTicketsDisabled || !bytes.Contains(s.pskModes, []byte{pskModeDHE}) {
		return nil
	}
	for i, id := range psks.identities[:min(len(psks.identities), maxIdentities)] {
		session := s.config.openTicket(id.identity)
		if session == nil || !s.mayResume(session) {
			continue
		}
		session.index = i
		if err := s.early.Init(s.suite.hash, session.psk); err != nil {
			return fault(alertInternalError, "key schedule: %w", err)
		}
		h := cloneHash(s.transcript)
		h.Write(s.raw[:len(s.raw)-psks.size])
		var key keyschedule.BinderKey
		s.early.ResumptionBinderKey(&key)
		ok := key.VerifyBinder(psks.binders[i], h.Sum(nil))
		key.Clear()
		if !ok {
			return fault(alertDecryptError, "the binder of the client's PSK is wrong")
		}
		s.session, s.resumed = session, true
		s.firstAuth = session.firstAuth
		s.peerCerts, s.verified = session.chain, session.verified
		return nil
	}
	return nil
}

// mayResume reports whether a session of an authentic ticket fits this
// connection: the same hash, server name and protocol, and a client that the
// present configuration would still accept.
func (s *server) mayResume(session *serverSession) bool {
	suite := suiteByID(session.suite)
	if suite == nil || suite.hash != s.suite.hash || len(session.psk) != s.suite.hash.Size() {
		return false
	}
	if session.serverName != s.serverName || session.alpn != s.alpn {
		return false
	}
	c := s.config
	if len(session.chain) == 0 {
		return c.ClientAuth != tls.RequireAnyClientCert && c.ClientAuth != tls.RequireAndVerifyClientCert
	}
	if c.ClientAuth == tls.NoClientCert || c.now().After(session.chain[0].NotAfter) {
		return false
	}
	return c.ClientAuth < tls.VerifyClientCertIfGiven || stillValid(session.verified, x509.VerifyOptions{
		Roots:       c.ClientCAs,
		CurrentTime: c.now(),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
}

// chooseCertificate chooses the server's certificate and how to sign with it.
func (s *server) chooseCertificate() error {
	if s.schemes == nil {
		return fault(alertMissingExtension, "ClientHello without signature_algorithms and without a PSK that this side accepts")
	}
	cert, err := s.certificate()
	if err != nil {
		return err
	}
	leaf, err := leafOf(cert)
	if err != nil {
		return err
	}
	s.cert = cert
	s.scheme, err = signScheme(cert, leaf, s.schemes)
	return err
}

func (s *server) certificate() (*tls.Certificate, error) {
	c := s.config
	if c.GetCertificate != nil && (len(c.Certificates) == 0 || s.serverName != "") {
		cert, err := c.GetCertificate(s.helloInfo())
		if err != nil {
			return nil, &localError{alertInternalError, err}
		}
		if cert != nil {
			return cert, nil
		}
	}
	switch len(c.Certificates) {
	case 0:
		return nil, fault(alertUnrecognizedName, "no certificate for server name %q: neither Config.Certificates nor GetCertificate has one", s.serverName)
	case 1:
		return &c.Certificates[0], nil
	}
	info := s.helloInfo()
	for i := range c.Certificates {
		if info.SupportsCertificate(&c.Certificates[i]) == nil {
			return &c.Certificates[i], nil
		}
	}
	return &c.Certificates[0], nil
}

// sendFlight sends what follows ServerHello.
func (s *server) sendFlight() (serverState, error) {
	c := s.config
	err := s.send(func(b *builder) {
		mark := b.begin(typeEncryptedExtensions)
		exts := b.open(2)
		if s.serverName != "" && s.session == nil && len(s.cert.Certificate) > 0 {
			b.endExt(b.ext(extServerName))
		}
		if s.hello.extensions.has(extRecordSizeLimit) {
			recordSizeLimit(b)
		}
		if s.alpn != "" {
			ext := b.ext(extALPN)
			l := b.open(2)
			b.vec8s(s.alpn)
			b.close(l, 2)
			b.endExt(ext)
		}
		b.close(exts, 2)
		b.end(mark)
	})
	if err != nil {
		return nil, err
	}
	auth := s.session == nil && c.ClientAuth >= tls.RequestClientCert
	if auth {
		err := s.send(func(b *builder) {
			mark := b.begin(typeCertificateRequest)
			b.vec8(nil)
			exts := b.open(2)
			signatureAlgorithms(b)
			s.authorities(b)
			b.close(exts, 2)
			b.end(mark)
		})
		if err != nil {
			return nil, err
		}
	}
	if s.session == nil {
		if err := s.sendCertificate(s.cert, s.scheme, true, s.ocsp, s.scts); err != nil {
			return nil, err
		}
	}
	if err := s.sendFinished(&s.server); err != nil {
		return nil, err
	}
	if err := s.seal(); err != nil {
		return nil, err
	}
	if err := s.applicationKeys(&s.secrets.in, &s.secrets.out); err != nil {
		return nil, err
	}
	if err := s.setOut(&s.secrets.out); err != nil {
		return nil, err
	}
	if auth {
		return (*server).waitCertificate, nil
	}
	return (*server).waitFinished, nil
}

// authorities appends the certificate_authorities extension (Section 4.3.4).
func (s *server) authorities(b *builder) {
	if s.config.ClientCAs == nil {
		return
	}
	//lint:ignore SA1019 It is deprecated for pools that hold the system's roots, which it leaves out.
	subjects := s.config.ClientCAs.Subjects()
	size := 0
	for _, name := range subjects {
		size += 2 + len(name)
	}
	if size == 0 || size > 1<<15 { // a hint that is too long is none
		return
	}
	ext := b.ext(extCertificateAuthorities)
	l := b.open(2)
	for _, name := range subjects {
		b.vec16(name)
	}
	b.close(l, 2)
	b.endExt(ext)
}

func (s *server) waitCertificate(typ uint8, msg []byte) (serverState, error) {
	if typ != typeCertificate {
		return nil, unexpected(typ, "Certificate")
	}
	var m certificate
	if err := m.unmarshal(msg); err != nil {
		return nil, err
	}
	if len(m.context) != 0 {
		return nil, fault(alertIllegalParameter, "Certificate with the context of another request")
	}
	if len(m.entries) == 0 {
		if a := s.config.ClientAuth; a == tls.RequireAnyClientCert || a == tls.RequireAndVerifyClientCert {
			return nil, fault(alertCertificateRequired, "the client sends no certificate")
		}
		s.transcript.Write(msg)
		return (*server).waitFinished, nil
	}
	for i := range m.entries {
		// Neither OCSP nor SCTs were asked for.
		if err := m.entries[i].extensions.solicited(typ, func(uint16) bool { return false }); err != nil {
			return nil, err
		}
	}
	if err := s.checkPeer(&m, false); err != nil {
		return nil, err
	}
	s.transcript.Write(msg)
	return (*server).waitCertificateVerify, nil
}

func (s *server) waitCertificateVerify(typ uint8, msg []byte) (serverState, error) {
	if typ != typeCertificateVerify {
		return nil, unexpected(typ, "CertificateVerify")
	}
	if err := s.checkSignature(msg, false); err != nil {
		return nil, err
	}
	return (*server).waitFinished, nil
}

// waitFinished waits for the client's Finished and sends a session ticket.
func (s *server) waitFinished(typ uint8, msg []byte) (serverState, error) {
	if typ != typeFinished {
		return nil, unexpected(typ, "Finished")
	}
	if err := s.checkFinished(&s.client, msg); err != nil {
		return nil, err
	}
	if err := s.verifyConnection(); err != nil {
		return nil, err
	}
	if err := s.setIn(&s.secrets.in); err != nil {
		return nil, err
	}
	s.ccsOK = false
	s.done = true
	return nil, s.sendTicket()
}

// sendTicket sends a NewSessionTicket (Section 4.7.1).
func (s *server) sendTicket() error {
	if s.config.SessionTicketsDisabled || !bytes.Contains(s.pskModes, []byte{pskModeDHE}) {
		return nil
	}
	now := uint64(s.config.now().Unix())
	if s.session == nil {
		s.firstAuth = now
	}
	var ageAdd [4]byte
	if _, err := io.ReadFull(s.config.rand(), ageAdd[:]); err != nil {
		return fault(alertInternalError, "random: %w", err)
	}
	nonce := []byte{0} // one ticket a connection
	var resumption keyschedule.Resumption
	s.main.Resumption(&resumption, s.hashSum())
	session := serverSession{
		suite:      s.suite.id,
		created:    now,
		firstAuth:  s.firstAuth,
		ageAdd:     uint32(ageAdd[0])<<24 | uint32(ageAdd[1])<<16 | uint32(ageAdd[2])<<8 | uint32(ageAdd[3]),
		psk:        resumption.AppendPSK(make([]byte, 0, 48), nonce),
		serverName: s.serverName,
		alpn:       s.alpn,
		chain:      s.peerCerts,
		verified:   s.verified,
	}
	resumption.Clear()
	defer clear(session.psk)
	ticket, err := s.config.sealTicket(nil, &session)
	if err != nil || ticket == nil {
		return err
	}
	lifetime := uint64(ticketLifetime.Seconds()) - (now - s.firstAuth)
	m := newSessionTicket{lifetime: uint32(lifetime), ageAdd: session.ageAdd, nonce: nonce, ticket: ticket}
	m.marshal(&s.flight)
	return s.seal()
}
