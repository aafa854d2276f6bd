package keyschedule

import "crypto/subtle"

// A TrafficSecret is one of the secrets that records are protected with: the
// early, handshake or application traffic secret of one side. It is made by the
// stage's methods, or by [TrafficSecret.Init].
type TrafficSecret struct {
	secret secret
	raw    [maxHashSize]byte // the secret itself, for AppendSecret
}

// IVSize is the length of [TrafficSecret.IV] in bytes: that of the nonces of
// every AEAD of RFC 9846.
const IVSize = 12

// Init makes t the given traffic secret, of h.Size() bytes, such as one from a
// file in the SSLKEYLOGFILE format (RFC 9850). It returns an error if secret has
// another length, if h is not a Hash, and while crypto/fips140 is enforced.
func (t *TrafficSecret) Init(h Hash, secret []byte) error {
	if t == nil {
		panic(notMade + "TrafficSecret")
	}
	t.raw = [maxHashSize]byte{}
	if err := t.secret.init(h, secret); err != nil {
		return err
	}
	copy(t.raw[:], secret)
	return nil
}

// Hash returns the hash function that the secret belongs to.
func (t *TrafficSecret) Hash() Hash { return t.live().hash }

// Key fills key with the [sender]_write_key (Section 7.3). Its length is the
// AEAD's: 16 bytes for TLS_AES_128_GCM_SHA256, 32 for TLS_AES_256_GCM_SHA384 and
// TLS_CHACHA20_POLY1305_SHA256. Key panics if it is neither.
func (t *TrafficSecret) Key(key []byte) {
	s := t.live()
	s.expand(key, s.keyInfo(len(key)))
}

// IV returns the [sender]_write_iv (Section 7.3), which the nonce of each record
// is made from (Section 5.3).
func (t *TrafficSecret) IV() (iv [IVSize]byte) {
	s := t.live()
	s.expand(iv[:], s.iv)
	return iv
}

// KeyIV is Key and IV at once.
func (t *TrafficSecret) KeyIV(key []byte) (iv [IVSize]byte) {
	s := t.live()
	var buf0, buf1 [maxHashSize]byte
	mac0, mac1 := s.mac.AppendMACs(buf0[:0], buf1[:0], s.keyInfo(len(key)), s.iv)
	copy(key, mac0)
	copy(iv[:], mac1)
	clear(mac0)
	clear(mac1)
	return iv
}

// keyInfo returns what expand takes for a key of n bytes.
func (s *secret) keyInfo(n int) []byte {
	switch n {
	case 16:
		return s.key16
	case 32:
		return s.key32
	}
	panic("keyschedule: key of neither 16 nor 32 bytes")
}

// AppendFinished appends to dst the verify_data of the Finished message of the
// side whose handshake traffic secret t is (Section 4.5.3), and returns the
// extended slice. The transcript is the one before that message. It allocates
// nothing if dst has room.
func (t *TrafficSecret) AppendFinished(dst, transcript []byte) []byte {
	return t.live().appendFinished(dst, transcript)
}

// VerifyFinished reports whether verifyData is what AppendFinished computes. The
// time that it takes does not depend on the content of verifyData.
func (t *TrafficSecret) VerifyFinished(verifyData, transcript []byte) bool {
	return t.live().verifyFinished(verifyData, transcript)
}

// Next replaces application_traffic_secret_N by application_traffic_secret_N+1
// (Section 7.2), after which Key and IV return those of that generation.
func (t *TrafficSecret) Next() {
	s := t.live()
	next := t.raw[:s.size]
	s.expand(next, s.update)
	s.mac.Rekey(next)
}

// AppendSecret appends the secret itself to dst, for a file in the
// SSLKEYLOGFILE format (RFC 9850), and returns the extended slice.
func (t *TrafficSecret) AppendSecret(dst []byte) []byte {
	return append(dst, t.raw[:t.live().size]...)
}

// Clear overwrites the secret and uses t up.
func (t *TrafficSecret) Clear() {
	t.live().clear()
	clear(t.raw[:])
}

func (t *TrafficSecret) live() *secret {
	if t == nil {
		panic(notMade + "TrafficSecret")
	}
	return t.secret.live("TrafficSecret")
}

// A BinderKey computes the binder of a PSK (RFC 9846, Section 4.3.11.2). It is
// made by [Early.ExternalBinderKey] or [Early.ResumptionBinderKey].
type BinderKey struct{ secret secret }

// AppendBinder appends the PskBinderEntry to dst, without its length, and
// returns the extended slice. The transcript ends with the ClientHello up to and
// including the identities of the pre_shared_key extension. It allocates nothing
// if dst has room.
func (k *BinderKey) AppendBinder(dst, transcript []byte) []byte {
	return k.live().appendFinished(dst, transcript)
}

// VerifyBinder reports whether binder is what AppendBinder computes. The time
// that it takes does not depend on the content of binder.
func (k *BinderKey) VerifyBinder(binder, transcript []byte) bool {
	return k.live().verifyFinished(binder, transcript)
}

// Clear overwrites the key and uses k up.
func (k *BinderKey) Clear() { k.live().clear() }

func (k *BinderKey) live() *secret {
	if k == nil {
		panic(notMade + "BinderKey")
	}
	return k.secret.live("BinderKey")
}

// finishedKey sets *dst to the finished_key of the base key s (Section 4.5.3).
func (s *secret) finishedKey(dst *secret) { s.derive(dst, nil, s.finished) }

func (s *secret) appendFinished(dst, transcript []byte) []byte {
	s.checkTranscript(transcript)
	var key secret
	s.finishedKey(&key)
	dst = key.mac.AppendMAC(dst, transcript)
	key.clear()
	return dst
}

func (s *secret) verifyFinished(verifyData, transcript []byte) bool {
	var buf [maxHashSize]byte
	return subtle.ConstantTimeCompare(s.appendFinished(buf[:0], transcript), verifyData) == 1
}
