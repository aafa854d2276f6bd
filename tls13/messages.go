package tls13

import (
	"crypto/tls"
	"slices"

	"golang.org/x/crypto/cryptobyte"

	"github.com/sealane/sealane/tls13/record"
)

// The types of handshake messages (RFC 9846, Section 4).
const (
	typeClientHello         uint8 = 1
	typeServerHello         uint8 = 2
	typeNewSessionTicket    uint8 = 4
	typeEndOfEarlyData      uint8 = 5
	typeEncryptedExtensions uint8 = 8
	typeCertificate         uint8 = 11
	typeCertificateRequest  uint8 = 13
	typeCertificateVerify   uint8 = 15
	typeFinished            uint8 = 20
	typeKeyUpdate           uint8 = 24
	typeMessageHash         uint8 = 254
)

// headerSize is the length of what stands before the body of a handshake
// message: type and length (Section 4).
const headerSize = 4

// messageName returns the name that RFC 9846 gives a type.
func messageName(typ uint8) string {
	switch typ {
	case typeClientHello:
		return "ClientHello"
	case typeServerHello:
		return "ServerHello"
	case typeNewSessionTicket:
		return "NewSessionTicket"
	case typeEndOfEarlyData:
		return "EndOfEarlyData"
	case typeEncryptedExtensions:
		return "EncryptedExtensions"
	case typeCertificate:
		return "Certificate"
	case typeCertificateRequest:
		return "CertificateRequest"
	case typeCertificateVerify:
		return "CertificateVerify"
	case typeFinished:
		return "Finished"
	case typeKeyUpdate:
		return "KeyUpdate"
	case 0:
		return "HelloRequest of TLS 1.2"
	}
	return "unknown message"
}

// Messages are read with cryptobyte, which allocates nothing, and written with a
// builder of our own, since cryptobyte's allocates for every length prefix.

// A builder appends to b. Its zero value is ready for use.
type builder struct {
	b        []byte
	overflow bool // something was longer than its prefix can tell
}

func (b *builder) u8(v uint8)         { b.b = append(b.b, v) }
func (b *builder) u16(v uint16)       { b.b = append(b.b, byte(v>>8), byte(v)) }
func (b *builder) u32(v uint32)       { b.b = append(b.b, byte(v>>24), byte(v>>16), byte(v>>8), byte(v)) }
func (b *builder) u64(v uint64)       { b.u32(uint32(v >> 32)); b.u32(uint32(v)) }
func (b *builder) bytes(p []byte)     { b.b = append(b.b, p...) }
func (b *builder) string(s string)    { b.b = append(b.b, s...) }
func (b *builder) vec8(p []byte)      { m := b.open(1); b.bytes(p); b.close(m, 1) }
func (b *builder) vec16(p []byte)     { m := b.open(2); b.bytes(p); b.close(m, 2) }
func (b *builder) vec24(p []byte)     { m := b.open(3); b.bytes(p); b.close(m, 3) }
func (b *builder) vec8s(s string)     { m := b.open(1); b.string(s); b.close(m, 1) }
func (b *builder) begin(t uint8) int  { b.u8(t); return b.open(3) }
func (b *builder) end(mark int)       { b.close(mark, 3) }
func (b *builder) ext(typ uint16) int { b.u16(typ); return b.open(2) }
func (b *builder) endExt(mark int)    { b.close(mark, 2) }

// open reserves a length prefix of n bytes and returns the mark that close
// wants.
func (b *builder) open(n int) int {
	for range n {
		b.b = append(b.b, 0)
	}
	return len(b.b)
}

// close writes the length of what was appended since open.
func (b *builder) close(mark, n int) {
	size := len(b.b) - mark
	if size>>(8*n) != 0 {
		b.overflow = true
		return
	}
	for i := range n {
		b.b[mark-1-i] = byte(size >> (8 * i))
	}
}

// result returns what was built, or an error if something did not fit.
func (b *builder) result() ([]byte, error) {
	if b.overflow {
		return nil, fault(alertInternalError, "a field of a handshake message is longer than it may be")
	}
	return b.b, nil
}

// body returns the body of a whole message.
func body(msg []byte) cryptobyte.String { return cryptobyte.String(msg[headerSize:]) }

// decodeError is the error of a message that does not parse.
func decodeError(typ uint8) error {
	return fault(alertDecodeError, "malformed %s", messageName(typ))
}

// u16s is a list of 16-bit numbers as it stands in a message; its length is
// even.
type u16s []byte

func (l u16s) len() int        { return len(l) / 2 }
func (l u16s) at(i int) uint16 { return uint16(l[2*i])<<8 | uint16(l[2*i+1]) }

func (l u16s) contains(v uint16) bool {
	for i := range l.len() {
		if l.at(i) == v {
			return true
		}
	}
	return false
}

// list returns the numbers as a slice of any type that they have in crypto/tls.
func list[T ~uint16](l u16s) []T {
	s := make([]T, l.len())
	for i := range s {
		s[i] = T(l.at(i))
	}
	return s
}

// readU16s reads a list with a length prefix of 2 bytes that has one number at
// least.
func readU16s(s *cryptobyte.String, out *u16s) bool {
	var v cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&v) || len(v) == 0 || len(v)%2 != 0 {
		return false
	}
	*out = u16s(v)
	return true
}

// clientHello is a ClientHello (Section 4.2.2). Slices of one that was read are
// parts of the message.
type clientHello struct {
	legacyVersion uint16
	random        []byte // 32
	sessionID     []byte // 0 to 32
	cipherSuites  u16s
	compression   []byte // not empty
	extensions    extensions
}

func (m *clientHello) unmarshal(msg []byte) error {
	s := body(msg)
	var sessionID, compression cryptobyte.String
	if !s.ReadUint16(&m.legacyVersion) ||
		!s.ReadBytes(&m.random, 32) ||
		!s.ReadUint8LengthPrefixed(&sessionID) || len(sessionID) > 32 ||
		!readU16s(&s, &m.cipherSuites) ||
		!s.ReadUint8LengthPrefixed(&compression) || len(compression) == 0 {
		return decodeError(typeClientHello)
	}
	m.sessionID, m.compression = sessionID, compression
	if s.Empty() { // of TLS 1.2 at most
		return nil
	}
	if err := m.extensions.unmarshal(&s, typeClientHello, inClientHello); err != nil {
		return err
	}
	if !s.Empty() {
		return decodeError(typeClientHello)
	}
	return nil
}

// serverHello is a ServerHello or a HelloRetryRequest (Sections 4.2.3 and
// 4.2.4).
type serverHello struct {
	legacyVersion uint16
	random        []byte // 32
	sessionID     []byte // 0 to 32
	cipherSuite   uint16
	compression   uint8
	extensions    extensions
}

// retryRandom is the random of a HelloRetryRequest: SHA-256 of
// "HelloRetryRequest" (Section 4.2.3).
const retryRandom = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91" +
	"\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c"

// Downgrade sentinels: the last 8 bytes of the random of a server that could have
// negotiated TLS 1.3 (Section 4.2.3).
const (
	downgradeTLS12 = "DOWNGRD\x01"
	downgradeTLS11 = "DOWNGRD\x00"
)

func (m *serverHello) isRetry() bool { return string(m.random) == retryRandom }

func (m *serverHello) unmarshal(msg []byte) error {
	s := body(msg)
	var sessionID cryptobyte.String
	if !s.ReadUint16(&m.legacyVersion) ||
		!s.ReadBytes(&m.random, 32) ||
		!s.ReadUint8LengthPrefixed(&sessionID) || len(sessionID) > 32 ||
		!s.ReadUint16(&m.cipherSuite) ||
		!s.ReadUint8(&m.compression) {
		return decodeError(typeServerHello)
	}
	m.sessionID = sessionID
	if s.Empty() { // of TLS 1.2 at most
		return nil
	}
	where := inServerHello
	if m.isRetry() {
		where = inHelloRetryRequest
	}
	if err := m.extensions.unmarshal(&s, typeServerHello, where); err != nil {
		return err
	}
	if !s.Empty() {
		return decodeError(typeServerHello)
	}
	return nil
}

// encryptedExtensions is an EncryptedExtensions message (Section 4.4.1).
type encryptedExtensions struct {
	extensions extensions
}

func (m *encryptedExtensions) unmarshal(msg []byte) error {
	s := body(msg)
	if err := m.extensions.unmarshal(&s, typeEncryptedExtensions, inEncryptedExtensions); err != nil {
		return err
	}
	if !s.Empty() {
		return decodeError(typeEncryptedExtensions)
	}
	return nil
}

// certificateRequest is a CertificateRequest message (Section 4.4.2).
type certificateRequest struct {
	context    []byte
	extensions extensions
}

func (m *certificateRequest) unmarshal(msg []byte) error {
	s := body(msg)
	var context cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&context) {
		return decodeError(typeCertificateRequest)
	}
	m.context = context
	if err := m.extensions.unmarshal(&s, typeCertificateRequest, inCertificateRequest); err != nil {
		return err
	}
	if !s.Empty() {
		return decodeError(typeCertificateRequest)
	}
	return nil
}

// certificate is a Certificate message (Section 4.5.1).
type certificate struct {
	context []byte
	entries []certificateEntry
}

type certificateEntry struct {
	data       []byte // DER, not empty
	extensions extensions
}

func (m *certificate) unmarshal(msg []byte) error {
	s := body(msg)
	var context, entries cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&context) || !s.ReadUint24LengthPrefixed(&entries) || !s.Empty() {
		return decodeError(typeCertificate)
	}
	m.context = context
	for !entries.Empty() {
		var data cryptobyte.String
		if !entries.ReadUint24LengthPrefixed(&data) || data.Empty() {
			return decodeError(typeCertificate)
		}
		e := certificateEntry{data: data}
		if err := e.extensions.unmarshal(&entries, typeCertificate, inCertificate); err != nil {
			return err
		}
		m.entries = append(m.entries, e)
	}
	return nil
}

// certificateVerify is a CertificateVerify message (Section 4.5.2).
type certificateVerify struct {
	algorithm tls.SignatureScheme
	signature []byte
}

func (m *certificateVerify) unmarshal(msg []byte) error {
	s := body(msg)
	var signature cryptobyte.String
	if !s.ReadUint16((*uint16)(&m.algorithm)) || !s.ReadUint16LengthPrefixed(&signature) || !s.Empty() {
		return decodeError(typeCertificateVerify)
	}
	m.signature = signature
	return nil
}

func (m *certificateVerify) marshal(b *builder) {
	mark := b.begin(typeCertificateVerify)
	b.u16(uint16(m.algorithm))
	b.vec16(m.signature)
	b.end(mark)
}

// newSessionTicket is a NewSessionTicket message (Section 4.7.1).
type newSessionTicket struct {
	lifetime   uint32 // in seconds
	ageAdd     uint32
	nonce      []byte
	ticket     []byte // not empty
	extensions extensions
}

func (m *newSessionTicket) unmarshal(msg []byte) error {
	s := body(msg)
	var nonce, ticket cryptobyte.String
	if !s.ReadUint32(&m.lifetime) || !s.ReadUint32(&m.ageAdd) ||
		!s.ReadUint8LengthPrefixed(&nonce) ||
		!s.ReadUint16LengthPrefixed(&ticket) || ticket.Empty() {
		return decodeError(typeNewSessionTicket)
	}
	m.nonce, m.ticket = nonce, ticket
	if err := m.extensions.unmarshal(&s, typeNewSessionTicket, inNewSessionTicket); err != nil {
		return err
	}
	if !s.Empty() {
		return decodeError(typeNewSessionTicket)
	}
	return nil
}

func (m *newSessionTicket) marshal(b *builder) {
	mark := b.begin(typeNewSessionTicket)
	b.u32(m.lifetime)
	b.u32(m.ageAdd)
	b.vec8(m.nonce)
	b.vec16(m.ticket)
	m.extensions.marshal(b)
	b.end(mark)
}

// keyUpdate is a KeyUpdate message (Section 4.7.3).
type keyUpdate struct {
	requested bool
}

func (m *keyUpdate) unmarshal(msg []byte) error {
	s := body(msg)
	var v uint8
	if !s.ReadUint8(&v) || !s.Empty() {
		return decodeError(typeKeyUpdate)
	}
	if v > 1 {
		return fault(alertIllegalParameter, "KeyUpdate with request_update %d", v)
	}
	m.requested = v == 1
	return nil
}

func (m *keyUpdate) marshal(b *builder) {
	mark := b.begin(typeKeyUpdate)
	if m.requested {
		b.u8(1)
	} else {
		b.u8(0)
	}
	b.end(mark)
}

// The types of extensions that this package knows (Section 4.3).
const (
	extServerName              uint16 = 0
	extStatusRequest           uint16 = 5
	extSupportedGroups         uint16 = 10
	extSignatureAlgorithms     uint16 = 13
	extALPN                    uint16 = 16
	extSCT                     uint16 = 18 // RFC 6962
	extPadding                 uint16 = 21
	extRecordSizeLimit         uint16 = 28 // RFC 8449
	extPreSharedKey            uint16 = 41
	extEarlyData               uint16 = 42
	extSupportedVersions       uint16 = 43
	extCookie                  uint16 = 44
	extPSKModes                uint16 = 45
	extCertificateAuthorities  uint16 = 47
	extSignatureAlgorithmsCert uint16 = 50
	extKeyShare                uint16 = 51
)

// Where an extension may stand (the table of Section 4.3).
const (
	inClientHello uint8 = 1 << iota
	inServerHello
	inHelloRetryRequest
	inEncryptedExtensions
	inCertificateRequest
	inCertificate
	inNewSessionTicket
)

// places returns the messages that an extension may stand in, none for one that
// this package does not know.
func places(typ uint16) uint8 {
	switch typ {
	case extServerName:
		return inClientHello | inEncryptedExtensions | inCertificateRequest
	case extStatusRequest, extSCT:
		return inClientHello | inCertificateRequest | inCertificate
	case extSupportedGroups, extALPN, extRecordSizeLimit:
		return inClientHello | inEncryptedExtensions
	case extSignatureAlgorithms, extSignatureAlgorithmsCert, extCertificateAuthorities:
		return inClientHello | inCertificateRequest
	case extPadding, extPSKModes:
		return inClientHello
	case extPreSharedKey:
		return inClientHello | inServerHello
	case extEarlyData:
		return inClientHello | inEncryptedExtensions | inNewSessionTicket
	case extSupportedVersions, extKeyShare:
		return inClientHello | inServerHello | inHelloRetryRequest
	case extCookie:
		return inClientHello | inHelloRetryRequest
	}
	return 0
}

// extensions are the extensions of a message in their order.
type extensions []extension

type extension struct {
	typ  uint16
	data []byte
}

// get returns the data of the extension of a type, if there is one.
func (x extensions) get(typ uint16) (data cryptobyte.String, ok bool) {
	for i := range x {
		if x[i].typ == typ {
			return x[i].data, true
		}
	}
	return nil, false
}

func (x extensions) has(typ uint16) bool {
	_, ok := x.get(typ)
	return ok
}

// unmarshal reads a block of extensions from s. It refuses two of a type, and
// those that have no business in this message.
func (x *extensions) unmarshal(s *cryptobyte.String, msg uint8, where uint8) error {
	var block cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&block) {
		return decodeError(msg)
	}
	var many *[1 << 13]byte // bit t: type t was there; once there are so many that a scan would take long
	for !block.Empty() {
		var typ uint16
		var data cryptobyte.String
		if !block.ReadUint16(&typ) || !block.ReadUint16LengthPrefixed(&data) {
			return decodeError(msg)
		}
		duplicate := false
		if len(*x) < 32 {
			duplicate = x.has(typ)
		} else {
			if many == nil {
				many = new([1 << 13]byte)
				for _, e := range *x {
					many[e.typ>>3] |= 1 << (e.typ & 7)
				}
			}
			duplicate = many[typ>>3]>>(typ&7)&1 == 1
			many[typ>>3] |= 1 << (typ & 7)
		}
		if duplicate {
			return fault(alertIllegalParameter, "%s with two extensions of type %d", messageName(msg), typ)
		}
		if p := places(typ); p != 0 && p&where == 0 {
			return fault(alertIllegalParameter, "extension %d is not allowed in %s", typ, messageName(msg))
		}
		*x = append(*x, extension{typ, data})
	}
	return nil
}

func (x extensions) marshal(b *builder) {
	mark := b.open(2)
	for i := range x {
		b.u16(x[i].typ)
		b.vec16(x[i].data)
	}
	b.close(mark, 2)
}

// solicited reports an error for the first extension, in a message that answers
// another, that was not asked for (Section 4.3).
func (x extensions) solicited(msg uint8, asked func(typ uint16) bool) error {
	for i := range x {
		if !asked(x[i].typ) {
			return fault(alertUnsupportedExtension, "%s with extension %d, which was not asked for", messageName(msg), x[i].typ)
		}
	}
	return nil
}

// serverName reads the server_name extension of a ClientHello (RFC 6066,
// Section 3): the DNS name in it.
func (m *clientHello) serverName() (string, error) {
	s, ok := m.extensions.get(extServerName)
	if !ok {
		return "", nil
	}
	var names cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&names) || names.Empty() || !s.Empty() {
		return "", decodeError(typeClientHello)
	}
	name := ""
	for !names.Empty() {
		var typ uint8
		var v cryptobyte.String
		if !names.ReadUint8(&typ) || !names.ReadUint16LengthPrefixed(&v) || v.Empty() {
			return "", decodeError(typeClientHello)
		}
		if typ != 0 {
			continue
		}
		if name != "" {
			return "", fault(alertIllegalParameter, "server_name with two host names")
		}
		// A trailing dot does not belong to the name (RFC 6066, Section 3), and
		// a zero byte never does.
		if v[len(v)-1] == '.' || slices.Contains(v, 0) {
			return "", fault(alertDecodeError, "server_name %q is no DNS name", []byte(v))
		}
		name = string(v)
	}
	return name, nil
}

// supportedVersions reads the supported_versions extension of a ClientHello
// (Section 4.3.1).
func (m *clientHello) supportedVersions() (u16s, error) {
	s, ok := m.extensions.get(extSupportedVersions)
	if !ok {
		return nil, nil
	}
	var v cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&v) || len(v) == 0 || len(v)%2 != 0 || !s.Empty() {
		return nil, decodeError(typeClientHello)
	}
	return u16s(v), nil
}

// selectedVersion reads the supported_versions extension of a ServerHello; 0 if
// there is none.
func (m *serverHello) selectedVersion() (uint16, error) {
	s, ok := m.extensions.get(extSupportedVersions)
	if !ok {
		return 0, nil
	}
	var v uint16
	if !s.ReadUint16(&v) || !s.Empty() {
		return 0, decodeError(typeServerHello)
	}
	return v, nil
}

// numbers reads an extension that is one list of 16-bit numbers: supported_groups
// (Section 4.3.7) and signature_algorithms (Section 4.3.3). It returns nil if
// there is no such extension.
func (x extensions) numbers(typ uint16, msg uint8) (u16s, error) {
	s, ok := x.get(typ)
	if !ok {
		return nil, nil
	}
	var l u16s
	if !readU16s(&s, &l) || !s.Empty() {
		return nil, decodeError(msg)
	}
	return l, nil
}

// A keyShare is a KeyShareEntry (Section 4.3.8).
type keyShare struct {
	group tls.CurveID
	data  []byte // not empty
}

func readKeyShare(s *cryptobyte.String, k *keyShare) bool {
	var data cryptobyte.String
	if !s.ReadUint16((*uint16)(&k.group)) || !s.ReadUint16LengthPrefixed(&data) || data.Empty() {
		return false
	}
	k.data = data
	return true
}

// maxKeyShares is how many key shares a ClientHello may have: more than there
// are groups for TLS 1.3, even with those for experiments.
const maxKeyShares = 64

// keyShares reads the key_share extension of a ClientHello: the shares of
// groups that want tells, in their order. shares holds the result if there is
// room.
func (m *clientHello) keyShares(shares []keyShare, want func(tls.CurveID) bool) (_ []keyShare, count int, err error) {
	s, ok := m.extensions.get(extKeyShare)
	if !ok {
		return nil, 0, nil
	}
	var entries cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&entries) || !s.Empty() {
		return nil, 0, decodeError(typeClientHello)
	}
	var seen [maxKeyShares]tls.CurveID
	for !entries.Empty() {
		var k keyShare
		if !readKeyShare(&entries, &k) {
			return nil, 0, decodeError(typeClientHello)
		}
		if slices.Contains(seen[:count], k.group) {
			return nil, 0, fault(alertIllegalParameter, "two key shares of group %v", k.group)
		}
		if count == maxKeyShares {
			return nil, 0, fault(alertIllegalParameter, "more than %d key shares", maxKeyShares)
		}
		seen[count] = k.group
		count++
		if want(k.group) {
			shares = append(shares, k)
		}
	}
	return shares, count, nil
}

// keyShare reads the key_share extension of a ServerHello; of no group if there
// is none.
func (m *serverHello) keyShare() (k keyShare, err error) {
	s, ok := m.extensions.get(extKeyShare)
	if !ok {
		return k, nil
	}
	if !readKeyShare(&s, &k) || !s.Empty() {
		return k, decodeError(typeServerHello)
	}
	return k, nil
}

// selectedGroup reads the key_share extension of a HelloRetryRequest; 0 if there
// is none.
func (m *serverHello) selectedGroup() (g tls.CurveID, err error) {
	s, ok := m.extensions.get(extKeyShare)
	if !ok {
		return 0, nil
	}
	if !s.ReadUint16((*uint16)(&g)) || !s.Empty() {
		return 0, decodeError(typeServerHello)
	}
	return g, nil
}

// cookie reads the cookie extension (Section 4.3.2); nil if there is none.
func (x extensions) cookie(msg uint8) ([]byte, error) {
	s, ok := x.get(extCookie)
	if !ok {
		return nil, nil
	}
	var v cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&v) || v.Empty() || !s.Empty() {
		return nil, decodeError(msg)
	}
	return v, nil
}

// alpn reads the application_layer_protocol_negotiation extension (RFC 7301);
// nil if there is none.
func (x extensions) alpn(msg uint8) ([]string, error) {
	s, ok := x.get(extALPN)
	if !ok {
		return nil, nil
	}
	var protos cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&protos) || protos.Empty() || !s.Empty() {
		return nil, decodeError(msg)
	}
	var l []string
	for !protos.Empty() {
		var p cryptobyte.String
		if !protos.ReadUint8LengthPrefixed(&p) || p.Empty() {
			return nil, decodeError(msg)
		}
		l = append(l, string(p))
	}
	return l, nil
}

// pskModeDHE is psk_dhe_ke, a PSK with a key exchange (Section 4.3.9). The mode
// without one is not supported: it has no forward secrecy.
const pskModeDHE = 1

// pskModes reads the psk_key_exchange_modes extension.
func (m *clientHello) pskModes() ([]byte, error) {
	s, ok := m.extensions.get(extPSKModes)
	if !ok {
		return nil, nil
	}
	var v cryptobyte.String
	if !s.ReadUint8LengthPrefixed(&v) || v.Empty() || !s.Empty() {
		return nil, decodeError(typeClientHello)
	}
	return v, nil
}

// offeredPSKs is the pre_shared_key extension of a ClientHello (Section 4.3.11).
type offeredPSKs struct {
	identities []pskIdentity
	binders    [][]byte
	size       int // bytes of the binders with their length prefix, the end of the message
}

type pskIdentity struct {
	identity      []byte // not empty
	obfuscatedAge uint32 // in milliseconds
}

// psks reads the pre_shared_key extension, which must be the last one.
func (m *clientHello) psks() (*offeredPSKs, error) {
	s, ok := m.extensions.get(extPreSharedKey)
	if !ok {
		return nil, nil
	}
	if m.extensions[len(m.extensions)-1].typ != extPreSharedKey {
		return nil, fault(alertIllegalParameter, "pre_shared_key is not the last extension of the ClientHello")
	}
	p := new(offeredPSKs)
	var identities, binders cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&identities) || identities.Empty() {
		return nil, decodeError(typeClientHello)
	}
	p.size = len(s)
	if !s.ReadUint16LengthPrefixed(&binders) || binders.Empty() || !s.Empty() {
		return nil, decodeError(typeClientHello)
	}
	for !identities.Empty() {
		var id cryptobyte.String
		var age uint32
		if !identities.ReadUint16LengthPrefixed(&id) || id.Empty() || !identities.ReadUint32(&age) {
			return nil, decodeError(typeClientHello)
		}
		p.identities = append(p.identities, pskIdentity{id, age})
	}
	for !binders.Empty() {
		var b cryptobyte.String
		if !binders.ReadUint8LengthPrefixed(&b) || len(b) < 32 {
			return nil, decodeError(typeClientHello)
		}
		p.binders = append(p.binders, b)
	}
	if len(p.identities) != len(p.binders) {
		return nil, fault(alertIllegalParameter, "%d PSK identities with %d binders", len(p.identities), len(p.binders))
	}
	return p, nil
}

// selectedPSK reads the pre_shared_key extension of a ServerHello.
func (m *serverHello) selectedPSK() (index uint16, ok bool, err error) {
	s, ok := m.extensions.get(extPreSharedKey)
	if !ok {
		return 0, false, nil
	}
	if !s.ReadUint16(&index) || !s.Empty() {
		return 0, false, decodeError(typeServerHello)
	}
	return index, true, nil
}

// empty checks that an extension without content has none.
func (x extensions) empty(typ uint16, msg uint8) (ok bool, err error) {
	s, ok := x.get(typ)
	if ok && !s.Empty() {
		return false, decodeError(msg)
	}
	return ok, nil
}

// wantsOCSP reads the status_request extension of a ClientHello (RFC 6066,
// Section 8).
func (m *clientHello) wantsOCSP() (bool, error) {
	s, ok := m.extensions.get(extStatusRequest)
	if !ok {
		return false, nil
	}
	var typ uint8
	var responders, requestExtensions cryptobyte.String // not looked at
	if !s.ReadUint8(&typ) {
		return false, decodeError(typeClientHello)
	}
	if typ != statusOCSP {
		return false, nil
	}
	if !s.ReadUint16LengthPrefixed(&responders) || !s.ReadUint16LengthPrefixed(&requestExtensions) || !s.Empty() {
		return false, decodeError(typeClientHello)
	}
	return true, nil
}

// statusOCSP is the one CertificateStatusType.
const statusOCSP = 1

// ocspResponse reads the status_request extension of a certificate: nil if
// there is none.
func (e *certificateEntry) ocspResponse() ([]byte, error) {
	s, ok := e.extensions.get(extStatusRequest)
	if !ok {
		return nil, nil
	}
	var typ uint8
	var v cryptobyte.String
	if !s.ReadUint8(&typ) || !s.ReadUint24LengthPrefixed(&v) || v.Empty() || !s.Empty() {
		return nil, decodeError(typeCertificate)
	}
	if typ != statusOCSP {
		return nil, fault(alertBadCertificateStatusResponse, "certificate status of type %d", typ)
	}
	return v, nil
}

// scts reads the signed_certificate_timestamp extension of a certificate (RFC
// 6962, Section 3.3): nil if there is none.
func (e *certificateEntry) scts() ([][]byte, error) {
	s, ok := e.extensions.get(extSCT)
	if !ok {
		return nil, nil
	}
	var l cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&l) || l.Empty() || !s.Empty() {
		return nil, decodeError(typeCertificate)
	}
	var scts [][]byte
	for !l.Empty() {
		var v cryptobyte.String
		if !l.ReadUint16LengthPrefixed(&v) || v.Empty() {
			return nil, decodeError(typeCertificate)
		}
		scts = append(scts, v)
	}
	return scts, nil
}

// recordSizeLimit appends the record_size_limit extension (RFC 8449, Section 4),
// with the limit of TLS 1.3 itself: it allows the peer to have a lower one.
func recordSizeLimit(b *builder) {
	ext := b.ext(extRecordSizeLimit)
	b.u16(record.MaxPlaintext + 1)
	b.endExt(ext)
}

// sizeLimit reads the record_size_limit extension: 0 if there is none.
func (x extensions) sizeLimit(msg uint8) (uint16, error) {
	s, ok := x.get(extRecordSizeLimit)
	if !ok {
		return 0, nil
	}
	var v uint16
	if !s.ReadUint16(&v) || !s.Empty() {
		return 0, decodeError(msg)
	}
	if v < 64 {
		return 0, fault(alertIllegalParameter, "record_size_limit of %d, less than 64", v)
	}
	return v, nil
}

// authorities reads the certificate_authorities extension (Section 4.3.4): DER
// of distinguished names; nil if there is none.
func (x extensions) authorities(msg uint8) ([][]byte, error) {
	s, ok := x.get(extCertificateAuthorities)
	if !ok {
		return nil, nil
	}
	var l cryptobyte.String
	if !s.ReadUint16LengthPrefixed(&l) || l.Empty() || !s.Empty() {
		return nil, decodeError(msg)
	}
	var names [][]byte
	for !l.Empty() {
		var v cryptobyte.String
		if !l.ReadUint16LengthPrefixed(&v) || v.Empty() {
			return nil, decodeError(msg)
		}
		names = append(names, v)
	}
	return names, nil
}
