package tls13

import (
	"crypto/tls"
	"crypto/x509"
	"hash"
	"net"
	"slices"

	"github.com/sealane/sealane/tls13/keyschedule"
	"github.com/sealane/sealane/tls13/record"
)

// The handshake does no input or output: a machine takes one record after the
// other and leaves what is to be sent in out. Its states are functions, named for
// the message that they wait for; each takes that message and returns the next
// state. So no step can be left out: a state that was not reached cannot run.

// A machine is a client or a server during its handshake.
type machine interface {
	// message takes the next handshake message of the peer. msg is valid until
	// it returns.
	message(typ uint8, msg []byte) error
	// core returns what client and server have in common.
	core() *common
	// overwrite overwrites what is left of the secrets.
	overwrite()
}

// secrets are those that live as long as the connection.
type secrets struct {
	in, out    keyschedule.TrafficSecret // application traffic
	exporter   keyschedule.Exporter
	resumption keyschedule.Resumption // a client's, for the tickets that will come
}

// A common is what client and server have in common.
type common struct {
	config  *Config
	secrets *secrets
	conn    net.Conn // for callbacks only

	sealer *record.Sealer
	opener *record.Opener
	out    []byte  // records to send, in buffers[0] if they fit
	flight builder // messages to send that are not yet sealed, in buffers[1] if they fit

	buffers [2]*buffer

	in      assembler
	changed bool // nothing may follow the message in its record
	done    bool // the handshake is complete

	ccs      int  // change_cipher_spec records that have come
	ccsOK    bool // one may come
	ccsSent  bool // one has been sent
	earlyMax int  // bytes of early data that are still skipped without a key for them

	suite      *cipherSuite
	transcript hash.Hash
	sum        [48]byte
	keyIV      keyIV

	early          keyschedule.Early
	handshake      keyschedule.Handshake
	main           keyschedule.Main
	client, server keyschedule.TrafficSecret // handshake traffic
	random         [32]byte                  // ClientHello.random

	// maxPlaintext is the most content of a record that the peer wants, 0 for no
	// limit of its own.
	maxPlaintext int

	// What ConnectionState tells.
	group      tls.CurveID
	retried    bool
	resumed    bool
	alpn       string
	serverName string
	peerCerts  []*x509.Certificate
	verified   [][]*x509.Certificate
	ocsp       []byte
	scts       [][]byte
}

const (
	// maxMessage is the longest handshake message that is taken, but for
	// Certificate. The longest that are usual are ClientHellos of 2 KiB.
	maxMessage = 64 << 10
	// maxCertificates is the longest Certificate message that is taken.
	maxCertificates = 256 << 10
	// maxEarlyData is how much early data a server skips that it did not ask
	// for (Section 4.3.10), in bytes of records.
	maxEarlyData = 16 << 10
	// maxUseless is how many records in a row may carry nothing.
	maxUseless = 32
)

// An assembler makes messages of the content of records.
type assembler struct {
	part []byte // the beginning of a message of which more must come
}

// feed takes the content of a handshake record and hands each message that it
// completes to f, which tells whether nothing may follow in this record, since
// keys change (RFC 9846, Section 5.1) or it was the last one.
func (a *assembler) feed(content []byte, f func(typ uint8, msg []byte) (last bool, err error)) error {
	if len(a.part) > 0 {
		a.part = append(a.part, content...)
		content = a.part
	}
	for len(content) > 0 {
		size, err := messageSize(content)
		if err != nil {
			return err
		}
		if size == 0 || size > len(content) {
			break
		}
		last, err := f(content[0], content[:size:size])
		if err != nil {
			return err
		}
		content = content[size:]
		if last && len(content) > 0 {
			return fault(alertUnexpectedMessage, "more data in the record of a message that changes keys")
		}
	}
	if len(content) == 0 {
		a.part = nil
		return nil
	}
	a.part = append(a.part[:0], content...)
	return nil
}

// messageSize returns the length of the message that b begins with, 0 if too
// little of it is there to tell.
func messageSize(b []byte) (int, error) {
	if len(b) < headerSize {
		return 0, nil
	}
	n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	most := maxMessage
	if b[0] == typeCertificate {
		most = maxCertificates
	}
	if n > most {
		return 0, fault(alertDecodeError, "%s of %d bytes, more than %d", messageName(b[0]), n, most)
	}
	return headerSize + n, nil
}

// take gives a machine one record that came in.
func take(m machine, rec record.Record) error {
	h := m.core()
	if len(h.in.part) > 0 && rec.Type != record.Handshake && rec.Type != record.AlertMessage {
		return fault(alertUnexpectedMessage, "%v amid a handshake message", rec.Type)
	}
	switch rec.Type {
	case record.Handshake:
		return h.in.feed(rec.Content, func(typ uint8, msg []byte) (bool, error) {
			h.changed = false
			err := m.message(typ, msg)
			return h.changed || h.done, err
		})
	case record.ChangeCipherSpec:
		// Section 5: dropped, from the first ClientHello to the peer's Finished.
		if h.ccs++; !h.ccsOK || h.ccs > maxUseless {
			return fault(alertUnexpectedMessage, "unexpected change_cipher_spec")
		}
		return nil
	case record.AlertMessage:
		if alert := tls.AlertError(rec.Content[1]); alert != alertUserCanceled {
			return remoteError(alert)
		}
		// What must follow is close_notify (Section 6.1).
		if h.ccs++; h.ccs > maxUseless {
			return fault(alertUnexpectedMessage, "too many alerts")
		}
		return nil
	}
	return fault(alertUnexpectedMessage, "application data during the handshake")
}

// unexpected is the error of a message that is not the one that a state waits
// for.
func unexpected(typ uint8, want string) error {
	if typ == 0 {
		return fault(alertUnexpectedMessage, "the peer attempts renegotiation, which TLS 1.3 does not have")
	}
	return fault(alertUnexpectedMessage, "%s instead of %s", messageName(typ), want)
}

// hashSum returns the transcript hash. It is valid until the next call.
func (h *common) hashSum() []byte { return h.transcript.Sum(h.sum[:0]) }

// send appends a message, which write appends to a builder, to the flight and
// to the transcript.
func (h *common) send(write func(*builder)) error {
	start := len(h.flight.b)
	write(&h.flight)
	if h.flight.overflow {
		return fault(alertInternalError, "a field of our handshake message is longer than it may be")
	}
	if h.transcript != nil {
		h.transcript.Write(h.flight.b[start:])
	}
	return nil
}

// seal makes records of the flight, under the key of the moment.
func (h *common) seal() error {
	if len(h.flight.b) == 0 {
		return nil
	}
	var err error
	h.out, err = h.sealer.Seal(h.out, record.Handshake, h.flight.b)
	h.flight.b = h.flight.b[:0]
	return err
}

// sendCCS sends the change_cipher_spec of middlebox compatibility mode (Appendix
// E.4), once.
func (h *common) sendCCS() error {
	if h.ccsSent {
		return nil
	}
	h.ccsSent = true
	var err error
	h.out, err = h.sealer.Seal(h.out, record.ChangeCipherSpec, []byte{1})
	return err
}

// setIn and setOut set the keys of a traffic secret.
func (h *common) setIn(s *keyschedule.TrafficSecret) error {
	h.changed = true
	return h.keyIV.set(h.opener, h.suite, s)
}

func (h *common) setOut(s *keyschedule.TrafficSecret) error {
	return h.keyIV.set(h.sealer, h.suite, s)
}

// A half is a record.Sealer or a record.Opener.
type half interface {
	SetKey(suite *record.Suite, key, iv []byte) error
}

// A keyIV is room for a key and an IV, kept where it costs no allocation.
type keyIV struct {
	key [32]byte
	iv  [record.IVSize]byte
}

// set makes h use the key and the IV of a traffic secret.
func (k *keyIV) set(h half, suite *cipherSuite, s *keyschedule.TrafficSecret) error {
	key := k.key[:suite.record.KeySize()]
	k.iv = s.KeyIV(key)
	err := h.SetKey(suite.record, key, k.iv[:])
	*k = keyIV{}
	return err
}

// handshakeKeys derives the handshake traffic secrets of the transcript
// ClientHello to ServerHello (Section 7.1), and overwrites the shared secret.
func (h *common) handshakeKeys(shared []byte) error {
	h.early.Handshake(&h.handshake, shared)
	clear(shared)
	h.handshake.Traffic(&h.client, &h.server, h.hashSum())
	h.handshake.Main(&h.main)
	if err := h.log("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &h.client); err != nil {
		return err
	}
	return h.log("SERVER_HANDSHAKE_TRAFFIC_SECRET", &h.server)
}

// applicationKeys derives the application traffic secrets and the exporter of
// the transcript ClientHello to server Finished.
func (h *common) applicationKeys(client, server *keyschedule.TrafficSecret) error {
	sum := h.hashSum()
	h.main.Traffic(client, server, sum)
	h.main.Exporter(&h.secrets.exporter, sum)
	if err := h.log("CLIENT_TRAFFIC_SECRET_0", client); err != nil {
		return err
	}
	if err := h.log("SERVER_TRAFFIC_SECRET_0", server); err != nil {
		return err
	}
	return h.log("EXPORTER_SECRET", &h.secrets.exporter)
}

// log writes a secret to the KeyLogWriter, if there is one.
func (h *common) log(label string, s interface{ AppendSecret([]byte) []byte }) error {
	if h.config.KeyLogWriter == nil {
		return nil
	}
	var secret [48]byte
	err := h.config.logSecret(label, h.random[:], s.AppendSecret(secret[:0]))
	clear(secret[:])
	return err
}

// sendCertificate sends Certificate and CertificateVerify (Sections 4.5.1 and
// 4.5.2). cert may have no certificates; then there is no CertificateVerify.
func (h *common) sendCertificate(cert *tls.Certificate, scheme tls.SignatureScheme, isServer, ocsp, scts bool) error {
	err := h.send(func(b *builder) {
		mark := b.begin(typeCertificate)
		b.vec8(nil)
		entries := b.open(3)
		for i, der := range cert.Certificate {
			b.vec24(der)
			exts := b.open(2)
			if i == 0 && ocsp && len(cert.OCSPStaple) > 0 {
				ext := b.ext(extStatusRequest)
				b.u8(statusOCSP)
				b.vec24(cert.OCSPStaple)
				b.endExt(ext)
			}
			if i == 0 && scts && len(cert.SignedCertificateTimestamps) > 0 {
				ext := b.ext(extSCT)
				l := b.open(2)
				for _, sct := range cert.SignedCertificateTimestamps {
					b.vec16(sct)
				}
				b.close(l, 2)
				b.endExt(ext)
			}
			b.close(exts, 2)
		}
		b.close(entries, 3)
		b.end(mark)
	})
	if err != nil || len(cert.Certificate) == 0 {
		return err
	}
	sig, err := h.config.sign(cert, scheme, signedContent(isServer, h.hashSum()))
	if err != nil {
		return err
	}
	return h.send((&certificateVerify{scheme, sig}).marshal)
}

// sendFinished sends Finished (Section 4.5.3).
func (h *common) sendFinished(s *keyschedule.TrafficSecret) error {
	sum := h.hashSum()
	return h.send(func(b *builder) {
		mark := b.begin(typeFinished)
		b.b = s.AppendFinished(b.b, sum)
		b.end(mark)
	})
}

// checkFinished checks the peer's Finished and adds it to the transcript.
func (h *common) checkFinished(s *keyschedule.TrafficSecret, msg []byte) error {
	if len(msg) != headerSize+h.suite.hash.Size() {
		return decodeError(typeFinished)
	}
	if !s.VerifyFinished(msg[headerSize:], h.hashSum()) {
		return fault(alertDecryptError, "the peer's Finished message is wrong")
	}
	h.transcript.Write(msg)
	return nil
}

// startTranscript begins the transcript with ClientHello, or, if there was a
// HelloRetryRequest, with what stands for it (Section 4.1).
func (h *common) startTranscript(hello []byte, retry bool) {
	h.transcript = h.suite.hash.New()
	h.transcript.Write(hello)
	if !retry {
		return
	}
	sum := h.hashSum()
	h.transcript.Reset()
	h.transcript.Write([]byte{typeMessageHash, 0, 0, byte(len(sum))})
	h.transcript.Write(sum)
}

// checkPeer parses the peer's certificates, verifies them and lets the
// configuration's callback look.
func (h *common) checkPeer(m *certificate, isServer bool) error {
	certs, err := parseChain(m.entries)
	if err != nil {
		return err
	}
	if err := checkLeaf(certs[0]); err != nil {
		return err
	}
	var chains [][]*x509.Certificate
	if isServer {
		chains, err = h.config.verifyServer(certs)
	} else {
		chains, err = h.config.verifyClient(certs)
	}
	if err != nil {
		return err
	}
	if h.ocsp, err = m.entries[0].ocspResponse(); err != nil {
		return err
	}
	h.ocsp = clone(h.ocsp)
	scts, err := m.entries[0].scts()
	if err != nil {
		return err
	}
	for _, sct := range scts {
		h.scts = append(h.scts, clone(sct))
	}
	h.peerCerts, h.verified = certs, chains
	if verify := h.config.VerifyPeerCertificate; verify != nil {
		raw := make([][]byte, len(certs))
		for i, c := range certs {
			raw[i] = c.Raw
		}
		if err := verify(raw, chains); err != nil {
			return &localError{alertBadCertificate, err}
		}
	}
	return nil
}

// verifyConnection lets the configuration's callback have the last word.
func (h *common) verifyConnection() error {
	if h.config.VerifyConnection == nil {
		return nil
	}
	if err := h.config.VerifyConnection(h.state()); err != nil {
		return &localError{alertBadCertificate, err}
	}
	return nil
}

// checkSignature checks a CertificateVerify and adds it to the transcript.
func (h *common) checkSignature(msg []byte, fromServer bool) error {
	var m certificateVerify
	if err := m.unmarshal(msg); err != nil {
		return err
	}
	if !slices.Contains(verifySchemes, m.algorithm) {
		return fault(alertIllegalParameter, "CertificateVerify by %v, which this side did not offer", m.algorithm)
	}
	if err := verifySignature(h.peerCerts[0], m.algorithm, signedContent(fromServer, h.hashSum()), m.signature); err != nil {
		return err
	}
	h.transcript.Write(msg)
	return nil
}

// limitRecords keeps to the peer's record_size_limit, which counts the type of a
// record too (RFC 8449, Section 4).
func (h *common) limitRecords(x extensions, msg uint8) error {
	limit, err := x.sizeLimit(msg)
	if err != nil || limit == 0 {
		return err
	}
	h.maxPlaintext = min(int(limit)-1, record.MaxPlaintext)
	h.sealer.SetMaxPlaintext(h.maxPlaintext)
	return nil
}

// state returns what is known of the connection.
func (h *common) state() tls.ConnectionState {
	s := tls.ConnectionState{
		Version:            tls.VersionTLS13,
		HandshakeComplete:  h.done,
		DidResume:          h.resumed,
		CurveID:            h.group,
		NegotiatedProtocol: h.alpn,
		//lint:ignore SA1019 crypto/tls sets it too.
		NegotiatedProtocolIsMutual:  true,
		ServerName:                  h.serverName,
		PeerCertificates:            h.peerCerts,
		VerifiedChains:              h.verified,
		SignedCertificateTimestamps: h.scts,
		OCSPResponse:                h.ocsp,
		HelloRetryRequest:           h.retried,
	}
	if h.suite != nil {
		s.CipherSuite = h.suite.id
	}
	return s
}

func (h *common) core() *common { return h }

// overwrite overwrites the secrets of the handshake.
func (h *common) overwrite() {
	h.early = keyschedule.Early{}
	h.handshake = keyschedule.Handshake{}
	h.main = keyschedule.Main{}
	h.client = keyschedule.TrafficSecret{}
	h.server = keyschedule.TrafficSecret{}
}

// takeBuffers takes the memory for what will be sent, and giveBuffers gives it
// back.
func (h *common) takeBuffers() {
	for i := range h.buffers {
		h.buffers[i] = getBuffer(bufferSizes[1])
	}
	h.out = h.buffers[0].b[:0]
	h.flight.b = h.buffers[1].b[:0]
}

func (h *common) giveBuffers() {
	h.out, h.flight.b = nil, nil
	for i := range h.buffers {
		h.buffers[i].put()
		h.buffers[i] = nil
	}
}

// clone returns a copy of b, nil for nothing.
func clone(b []byte) []byte { return append([]byte(nil), b...) }

func cloneHash(h hash.Hash) hash.Hash {
	c, err := h.(hash.Cloner).Clone()
	if err != nil {
		panic("tls13: a digest of sha2 that cannot be cloned: " + err.Error())
	}
	return c
}
