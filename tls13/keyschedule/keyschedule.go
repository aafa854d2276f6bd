// Package keyschedule implements the key schedule of TLS 1.3 (RFC 9846,
// Section 7): one type for each stage and one method for each arrow of the
// diagram in Section 7.1.
//
//	         PSK                 (EC)DHE
//	          |                     |
//	          v                     v
//	0 -->   Early   --------->  Handshake  --------->  Main
//	          |                     |                   |
//	          +- binder keys        +- client traffic   +- client traffic
//	          +- client traffic     +- server traffic   +- server traffic
//	          +- exporter                               +- exporter
//	                                                    +- resumption
//
// A method writes what it derives to its first argument, so that nothing is
// allocated and no secret is left behind in a copy:
//
//	var early keyschedule.Early
//	var hs keyschedule.Handshake
//	var client, server keyschedule.TrafficSecret
//	err := early.Init(keyschedule.SHA256, nil) // no PSK
//	early.Handshake(&hs, shared)               // early is used up
//	hs.Traffic(&client, &server, transcript)   // ClientHello..ServerHello
//	iv := server.KeyIV(key)
//
// A transcript argument is the hash of the handshake messages up to a certain
// one (Section 4.1), computed with the hash function of the cipher suite: see
// [Hash.New].
//
// A stage overwrites its secret when the next one has been derived from it
// (Early.Handshake, Handshake.Main), and with Clear. Its methods panic after
// that, as do those of a zero stage and of nil, and as does a transcript of the
// wrong length. The text of a panic starts with "keyschedule:". All of these are
// mistakes of the caller; nothing that a peer sends makes this package panic.
//
// Secrets are kept in the form of the two hash values that an HMAC key stands
// for (see [hkdf.HMAC]): whatever is derived from a secret afterwards costs two
// compressions, and a whole handshake without PSK 56, with the keys, IVs and
// Finished messages of both sides.
//
// The time that a function takes depends on lengths only, not on secrets. Values
// are not safe for concurrent use, but for what says so. They must not be copied:
// a copy would not be overwritten with the original.
package keyschedule

import (
	"errors"

	"github.com/sealane/sealane/hkdf"
)

// Early is the first stage, the Early Secret: HKDF-Extract(0, PSK). It is made by
// [Early.Init].
type Early struct {
	secret secret
	// Without a PSK, nothing but the next stage is derived from the Early
	// Secret; secret is then Derive-Secret(Early Secret, "derived", "").
	noPSK bool
}

// Init makes s the Early Secret of psk. An empty psk stands for no PSK, that is
// for h.Size() zeros. It returns an error if h is not a Hash, and while
// crypto/fips140 is enforced.
//
// A client computes one Early Secret for each PSK that it offers, and if the
// server selects none of them, the one without PSK (Section 7.1).
func (s *Early) Init(h Hash, psk []byte) error {
	if s == nil {
		panic(notMade + "Early")
	}
	p, err := h.params()
	if err != nil {
		return err
	}
	s.noPSK = len(psk) == 0
	s.secret.params, s.secret.used = p, false
	if s.noPSK {
		s.secret.mac = p.noPSKDerived
	} else {
		s.secret.extract(&p.zeroKey, psk)
	}
	return nil
}

// ExternalBinderKey sets dst to the binder_key of a PSK that was provisioned
// outside of TLS: Derive-Secret(., "ext binder", "").
func (s *Early) ExternalBinderKey(dst *BinderKey) {
	e := s.withPSK()
	e.derive(&dst.secret, nil, e.externalBinder)
}

// ResumptionBinderKey sets dst to the binder_key of a PSK of a previous
// connection (see [Resumption.AppendPSK]): Derive-Secret(., "res binder", "").
func (s *Early) ResumptionBinderKey(dst *BinderKey) {
	e := s.withPSK()
	e.derive(&dst.secret, nil, e.resumptionBinder)
}

// ClientTraffic sets dst to the client_early_traffic_secret, under which 0-RTT
// data is sent. The transcript is ClientHello.
func (s *Early) ClientTraffic(dst *TrafficSecret, transcript []byte) {
	s.withPSK().deriveWith(&dst.secret, &dst.raw, labelClientEarlyTraffic, transcript)
}

// Exporter sets dst to the early_exporter_secret. The transcript is ClientHello.
func (s *Early) Exporter(dst *EarlyExporter, transcript []byte) {
	s.withPSK().deriveWith(&dst.secret, &dst.raw, labelEarlyExporter, transcript)
}

// Handshake sets dst to the Handshake Secret, given the shared secret of the key
// exchange (Section 7.4), and uses s up. An empty shared secret stands for
// none, where a PSK is used without a key exchange.
func (s *Early) Handshake(dst *Handshake, shared []byte) {
	e := s.live()
	if s.noPSK {
		dst.secret.params, dst.secret.used = e.params, false
		dst.secret.extract(&e.mac, shared)
	} else {
		e.derive(&dst.secret, nil, e.derived)
		dst.secret.extract(&dst.secret.mac, shared)
	}
	e.clear()
}

// Clear overwrites the secret and uses s up.
func (s *Early) Clear() { s.live().clear() }

// Handshake is the second stage, the Handshake Secret. It is made by
// [Early.Handshake].
type Handshake struct{ secret secret }

// ClientTraffic sets dst to the client_handshake_traffic_secret. The transcript
// is ClientHello..ServerHello.
func (s *Handshake) ClientTraffic(dst *TrafficSecret, transcript []byte) {
	s.live().deriveWith(&dst.secret, &dst.raw, labelClientHandshakeTraffic, transcript)
}

// ServerTraffic sets dst to the server_handshake_traffic_secret. The transcript
// is ClientHello..ServerHello.
func (s *Handshake) ServerTraffic(dst *TrafficSecret, transcript []byte) {
	s.live().deriveWith(&dst.secret, &dst.raw, labelServerHandshakeTraffic, transcript)
}

// Traffic is ClientTraffic and ServerTraffic at once.
func (s *Handshake) Traffic(client, server *TrafficSecret, transcript []byte) {
	s.live().deriveBoth(client, server, labelClientHandshakeTraffic, labelServerHandshakeTraffic, transcript)
}

// Main sets dst to the Main Secret and uses s up.
func (s *Handshake) Main(dst *Main) {
	hs := s.live()
	hs.derive(&dst.secret, nil, hs.derived)
	dst.secret.extract(&dst.secret.mac, nil)
	hs.clear()
}

// Clear overwrites the secret and uses s up.
func (s *Handshake) Clear() { s.live().clear() }

// Main is the third stage, the Main Secret. It is made by [Handshake.Main]. When
// all that is wanted has been derived from it, clear it.
type Main struct{ secret secret }

// ClientTraffic sets dst to the client_application_traffic_secret_0. The
// transcript is ClientHello..server Finished.
func (s *Main) ClientTraffic(dst *TrafficSecret, transcript []byte) {
	s.live().deriveWith(&dst.secret, &dst.raw, labelClientApplicationTraffic, transcript)
}

// ServerTraffic sets dst to the server_application_traffic_secret_0. The
// transcript is ClientHello..server Finished.
func (s *Main) ServerTraffic(dst *TrafficSecret, transcript []byte) {
	s.live().deriveWith(&dst.secret, &dst.raw, labelServerApplicationTraffic, transcript)
}

// Traffic is ClientTraffic and ServerTraffic at once.
func (s *Main) Traffic(client, server *TrafficSecret, transcript []byte) {
	s.live().deriveBoth(client, server, labelClientApplicationTraffic, labelServerApplicationTraffic, transcript)
}

// Exporter sets dst to the exporter_secret. The transcript is
// ClientHello..server Finished.
func (s *Main) Exporter(dst *Exporter, transcript []byte) {
	s.live().deriveWith(&dst.secret, &dst.raw, labelExporter, transcript)
}

// Resumption sets dst to the resumption_secret. The transcript is
// ClientHello..client Finished.
func (s *Main) Resumption(dst *Resumption, transcript []byte) {
	s.live().deriveWith(&dst.secret, nil, labelResumption, transcript)
}

// Clear overwrites the secret and uses s up.
func (s *Main) Clear() { s.live().clear() }

func (s *Early) live() *secret {
	if s == nil {
		panic(notMade + "Early")
	}
	return s.secret.live("Early")
}

func (s *Early) withPSK() *secret {
	e := s.live()
	if s.noPSK {
		panic("keyschedule: Early has no PSK")
	}
	return e
}

func (s *Handshake) live() *secret {
	if s == nil {
		panic(notMade + "Handshake")
	}
	return s.secret.live("Handshake")
}

func (s *Main) live() *secret {
	if s == nil {
		panic(notMade + "Main")
	}
	return s.secret.live("Main")
}

// The beginnings of the panics about stages.
const (
	notMade = "keyschedule: use of a zero or nil "
	usedUp  = "keyschedule: use of a used-up "
)

// A secret is one of those that others are derived from. The zero value is none.
type secret struct {
	*params      // nil for none
	used    bool // cleared
	mac     hkdf.HMAC
}

// live returns s, or panics if s is none, with name in the text.
func (s *secret) live(name string) *secret {
	if s.params == nil {
		if s.used {
			panic(usedUp + name)
		}
		panic(notMade + name)
	}
	return s
}

func (s *secret) clear() { *s = secret{used: true} }

// init makes s the given secret.
func (s *secret) init(h Hash, key []byte) error {
	p, err := h.params()
	if err != nil {
		return err
	}
	if len(key) != p.size {
		return errors.New("keyschedule: secret of the wrong length")
	}
	s.set(p, &p.zeroKey, key)
	return nil
}

// set makes s the secret key, with like's hash function.
func (s *secret) set(p *params, like *hkdf.HMAC, key []byte) {
	s.params, s.used = p, false
	s.mac.InitLike(like, key)
}

// checkTranscript panics if transcript can't be a transcript hash.
func (s *secret) checkTranscript(transcript []byte) {
	if len(transcript) != s.size {
		panic("keyschedule: transcript hash of the wrong length")
	}
}

// extract makes s, whose params are set, HKDF-Extract(salt, ikm). An empty ikm
// stands for as many zeros as the hash is long. salt may be that of s.
func (s *secret) extract(salt *hkdf.HMAC, ikm []byte) {
	var buf [maxHashSize]byte
	if len(ikm) == 0 {
		ikm = buf[:s.size]
	}
	prk := salt.AppendMAC(buf[:0], ikm)
	s.mac.InitLike(salt, prk)
	clear(prk)
}

// deriveWith sets *dst, and *raw unless it is nil, to Derive-Secret(s, label,
// Messages), where transcript is the hash of Messages.
func (s *secret) deriveWith(dst *secret, raw *[maxHashSize]byte, label string, transcript []byte) {
	s.checkTranscript(transcript)
	var info [maxInfo]byte
	s.derive(dst, raw, appendInfo(info[:0], s.size, label, transcript))
}

// derive is deriveWith, given what expand takes.
func (s *secret) derive(dst *secret, raw *[maxHashSize]byte, info []byte) {
	var buf [maxHashSize]byte
	key := buf[:s.size]
	s.expand(key, info)
	dst.set(s.params, &s.mac, key)
	if raw != nil {
		*raw = buf
	}
	clear(key)
}

// deriveBoth is deriveWith twice, with the same transcript.
func (s *secret) deriveBoth(client, server *TrafficSecret, clientLabel, serverLabel string, transcript []byte) {
	s.checkTranscript(transcript)
	var (
		infoC, infoS [maxInfo]byte
		bufC, bufS   [maxHashSize]byte
	)
	c, r := s.mac.AppendMACs(bufC[:0], bufS[:0],
		appendInfo(infoC[:0], s.size, clientLabel, transcript),
		appendInfo(infoS[:0], s.size, serverLabel, transcript))
	client.secret.set(s.params, &s.mac, c)
	server.secret.set(s.params, &s.mac, r)
	client.raw, server.raw = bufC, bufS
	clear(c)
	clear(r)
}

// expand sets out, which is not longer than the hash, to HKDF-Expand-Label(s,
// Label, Context, len(out)), where appendInfo made info from the same.
func (s *secret) expand(out, info []byte) {
	if len(out) == s.size {
		s.mac.AppendMAC(out[:0], info)
		return
	}
	var buf [maxHashSize]byte
	mac := s.mac.AppendMAC(buf[:0], info)
	copy(out, mac)
	clear(mac)
}

// appendInfo appends to dst the message of HKDF-Expand's one HMAC for
// HKDF-Expand-Label with a length of at most one hash: the HkdfLabel and a
// counter (RFC 5869, Section 2.3). label is "tls13 " and Label. With the labels
// of RFC 9846, and a hash for context, it fits in one block of the hash: it is
// 55 bytes long at most for SHA-256, and 71 for SHA-384.
func appendInfo(dst []byte, length int, label string, context []byte) []byte {
	dst = append(dst, 0, byte(length), byte(len(label)))
	dst = append(dst, label...)
	dst = append(dst, byte(len(context)))
	dst = append(dst, context...)
	return append(dst, 1)
}

// maxInfo is the length of the longest message of appendInfo, with the label
// "tls13 c hs traffic".
const maxInfo = 2 + 1 + 18 + 1 + maxHashSize + 1

// The labels of RFC 9846, Sections 7.1 to 7.3 and 4.5.3, with their prefix.
const (
	labelExternalBinder           = "tls13 ext binder"
	labelResumptionBinder         = "tls13 res binder"
	labelClientEarlyTraffic       = "tls13 c e traffic"
	labelEarlyExporter            = "tls13 e exp master"
	labelDerived                  = "tls13 derived"
	labelClientHandshakeTraffic   = "tls13 c hs traffic"
	labelServerHandshakeTraffic   = "tls13 s hs traffic"
	labelClientApplicationTraffic = "tls13 c ap traffic"
	labelServerApplicationTraffic = "tls13 s ap traffic"
	labelExporter                 = "tls13 exp master"
	labelResumption               = "tls13 res master"
	labelFinished                 = "tls13 finished"
	labelKey                      = "tls13 key"
	labelIV                       = "tls13 iv"
	labelUpdate                   = "tls13 traffic upd"
)
