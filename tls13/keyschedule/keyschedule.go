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
//	hs.ClientTraffic(&client, transcript)      // ClientHello..ServerHello
//	hs.ServerTraffic(&server, transcript)
//
// A transcript argument is the hash of the handshake messages up to a certain
// one (Section 4.1), computed with the hash function of the cipher suite: see
// [Hash.New].
//
// A stage overwrites its secret when the next one has been derived from it
// (Early.Handshake, Handshake.Main), and with Clear. Its methods panic after
// that, as do those of a zero stage and of nil: the text of a panic starts with
// "keyschedule:". So does a transcript of the wrong length, which is the
// caller's mistake; nothing that a peer sends makes this package panic.
//
// Secrets are kept in the form of the two hash values that an HMAC key stands
// for (see [hkdf.HMAC]): whatever is derived from a secret afterwards costs two
// compressions, and a whole handshake without PSK 56, with the keys, IVs and
// Finished messages of both sides.
//
// The time that a function takes depends on lengths only, not on secrets. Values
// are not safe for concurrent use. They must not be copied.
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
	if s.noPSK = len(psk) == 0; s.noPSK {
		s.secret = secret{hash: h, mac: p.noPSKDerived}
		return nil
	}
	s.secret = secret{hash: h, mac: p.zeroKey}
	s.secret.extract(psk)
	return nil
}

// ExternalBinderKey sets dst to the binder_key of a PSK that was provisioned
// outside of TLS: Derive-Secret(., "ext binder", "").
func (s *Early) ExternalBinderKey(dst *BinderKey) {
	e := s.withPSK()
	e.derive(&dst.secret, nil, labelExternalBinder, e.hash.empty())
}

// ResumptionBinderKey sets dst to the binder_key of a PSK of a previous
// connection (see [Resumption.AppendPSK]): Derive-Secret(., "res binder", "").
func (s *Early) ResumptionBinderKey(dst *BinderKey) {
	e := s.withPSK()
	e.derive(&dst.secret, nil, labelResumptionBinder, e.hash.empty())
}

// ClientTraffic sets dst to the client_early_traffic_secret, under which 0-RTT
// data is sent. The transcript is ClientHello.
func (s *Early) ClientTraffic(dst *TrafficSecret, transcript []byte) {
	s.withPSK().derive(&dst.secret, &dst.raw, labelClientEarlyTraffic, transcript)
}

// Exporter sets dst to the early_exporter_secret. The transcript is ClientHello.
func (s *Early) Exporter(dst *EarlyExporter, transcript []byte) {
	s.withPSK().derive(&dst.secret, &dst.raw, labelEarlyExporter, transcript)
}

// Handshake sets dst to the Handshake Secret, given the shared secret of the key
// exchange (Section 7.4), and uses s up. An empty shared secret stands for
// none, where a PSK is used without a key exchange.
func (s *Early) Handshake(dst *Handshake, shared []byte) {
	e := s.live()
	if s.noPSK {
		dst.secret = *e
	} else {
		e.derive(&dst.secret, nil, labelDerived, e.hash.empty())
	}
	dst.secret.extract(shared)
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
	s.live().derive(&dst.secret, &dst.raw, labelClientHandshakeTraffic, transcript)
}

// ServerTraffic sets dst to the server_handshake_traffic_secret. The transcript
// is ClientHello..ServerHello.
func (s *Handshake) ServerTraffic(dst *TrafficSecret, transcript []byte) {
	s.live().derive(&dst.secret, &dst.raw, labelServerHandshakeTraffic, transcript)
}

// Traffic is ClientTraffic and ServerTraffic at once.
func (s *Handshake) Traffic(client, server *TrafficSecret, transcript []byte) {
	s.live().deriveBoth(client, server, labelClientHandshakeTraffic, labelServerHandshakeTraffic, transcript)
}

// Main sets dst to the Main Secret and uses s up.
func (s *Handshake) Main(dst *Main) {
	hs := s.live()
	hs.derive(&dst.secret, nil, labelDerived, hs.hash.empty())
	dst.secret.extract(nil)
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
	s.live().derive(&dst.secret, &dst.raw, labelClientApplicationTraffic, transcript)
}

// ServerTraffic sets dst to the server_application_traffic_secret_0. The
// transcript is ClientHello..server Finished.
func (s *Main) ServerTraffic(dst *TrafficSecret, transcript []byte) {
	s.live().derive(&dst.secret, &dst.raw, labelServerApplicationTraffic, transcript)
}

// Traffic is ClientTraffic and ServerTraffic at once.
func (s *Main) Traffic(client, server *TrafficSecret, transcript []byte) {
	s.live().deriveBoth(client, server, labelClientApplicationTraffic, labelServerApplicationTraffic, transcript)
}

// Exporter sets dst to the exporter_secret. The transcript is
// ClientHello..server Finished.
func (s *Main) Exporter(dst *Exporter, transcript []byte) {
	s.live().derive(&dst.secret, &dst.raw, labelExporter, transcript)
}

// Resumption sets dst to the resumption_secret. The transcript is
// ClientHello..client Finished.
func (s *Main) Resumption(dst *Resumption, transcript []byte) {
	s.live().derive(&dst.secret, nil, labelResumption, transcript)
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
	hash Hash // 0 for none
	used bool // cleared
	mac  hkdf.HMAC
}

// live returns s, or panics if s is none, with name in the text.
func (s *secret) live(name string) *secret {
	if s.hash == 0 {
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
	if len(key) != h.Size() {
		return errors.New("keyschedule: secret of the wrong length")
	}
	*s = secret{hash: h, mac: p.zeroKey}
	s.mac.Rekey(key)
	return nil
}

// checkTranscript panics if transcript can't be a transcript hash.
func (s *secret) checkTranscript(transcript []byte) {
	if len(transcript) != s.hash.Size() {
		panic("keyschedule: transcript hash of the wrong length")
	}
}

// extract replaces s by HKDF-Extract(s, ikm). An empty ikm stands for as many
// zeros as the hash is long.
func (s *secret) extract(ikm []byte) {
	var buf [maxHashSize]byte
	if len(ikm) == 0 {
		ikm = buf[:s.hash.Size()]
	}
	prk := s.mac.AppendMAC(buf[:0], ikm)
	s.mac.Rekey(prk)
	clear(prk)
}

// derive sets *dst, and *raw unless it is nil, to Derive-Secret(s, label,
// Messages), where transcript is the hash of Messages.
func (s *secret) derive(dst *secret, raw *[maxHashSize]byte, label string, transcript []byte) {
	s.checkTranscript(transcript)
	var buf [maxHashSize]byte
	n := s.hash.Size()
	s.expandLabel(buf[:n], label, transcript)
	dst.set(s, raw, buf[:n])
	clear(buf[:])
}

// deriveBoth sets client and server to what derive does, with the same
// transcript.
func (s *secret) deriveBoth(client, server *TrafficSecret, clientLabel, serverLabel string, transcript []byte) {
	s.checkTranscript(transcript)
	var buf [2][maxHashSize]byte
	n := s.hash.Size()
	s.expandLabels(buf[0][:n], buf[1][:n], clientLabel, serverLabel, transcript)
	client.secret.set(s, &client.raw, buf[0][:n])
	server.secret.set(s, &server.raw, buf[1][:n])
	buf = [2][maxHashSize]byte{}
}

// set makes s the secret key, of the same schedule as from, and sets *raw to it
// unless raw is nil.
func (s *secret) set(from *secret, raw *[maxHashSize]byte, key []byte) {
	s.hash, s.used, s.mac = from.hash, false, from.mac
	s.mac.Rekey(key)
	if raw != nil {
		clear(raw[copy(raw[:], key):])
	}
}

// expandLabel sets out, which is not longer than the hash, to
// HKDF-Expand-Label(s, Label, context, len(out)), where label is "tls13 " and
// Label, and context is empty or a hash.
func (s *secret) expandLabel(out []byte, label string, context []byte) {
	var info [maxInfo]byte
	message := info[:shortInfo(&info, len(out), label, context)]
	if len(out) == s.hash.Size() {
		s.mac.AppendMAC(out[:0], message)
		return
	}
	var buf [maxHashSize]byte
	copy(out, s.mac.AppendMAC(buf[:0], message))
	clear(buf[:])
}

// expandLabels is expandLabel twice, with the same context.
func (s *secret) expandLabels(out0, out1 []byte, label0, label1 string, context []byte) {
	var (
		info0, info1 [maxInfo]byte
		buf0, buf1   [maxHashSize]byte
	)
	n0 := shortInfo(&info0, len(out0), label0, context)
	n1 := shortInfo(&info1, len(out1), label1, context)
	mac0, mac1 := s.mac.AppendMACs(buf0[:0], buf1[:0], info0[:n0], info1[:n1])
	copy(out0, mac0)
	copy(out1, mac1)
	clear(mac0)
	clear(mac1)
}

// shortInfo sets *info to the message of HKDF-Expand's one HMAC for
// HKDF-Expand-Label with a length of at most one hash: the HkdfLabel and a
// counter (RFC 5869, Section 2.3). It returns its length, which for each label
// of RFC 9846 is short enough for one block of the hash: at most 55 bytes for
// SHA-256, 71 for SHA-384.
func shortInfo(info *[maxInfo]byte, length int, label string, context []byte) int {
	info[1] = byte(length) // of a uint16
	info[2] = byte(len(label))
	n := 3 + copy(info[3:], label)
	info[n] = byte(len(context))
	n += 1 + copy(info[n+1:], context)
	info[n] = 1
	return n + 1
}

// maxInfo is the length of the longest message of shortInfo, with the label
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
