package peers

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"hash"

	"golang.org/x/crypto/chacha20poly1305"
)

// Std is the standard library. It keeps its ChaCha20-Poly1305 for crypto/tls alone:
// a copy of x/crypto's, which is measured for it.
var Std = Impl{
	Name: "std",
	AEAD: func(alg string, key []byte) (cipher.AEAD, error) {
		if alg == "chacha20-poly1305" {
			return chacha20poly1305.New(key)
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, err
		}
		return cipher.NewGCM(block)
	},
	Hash: func(alg string) (func([]byte), error) {
		switch alg {
		case "sha-256":
			return func(msg []byte) { sha256.Sum256(msg) }, nil
		case "sha-384":
			return func(msg []byte) { sha512.Sum384(msg) }, nil
		case "sha-512":
			return func(msg []byte) { sha512.Sum512(msg) }, nil
		}
		return nil, none(alg)
	},
	HKDF: func(alg string) (HKDF, error) {
		h, err := stdHash(alg)
		if err != nil {
			return HKDF{}, err
		}
		return HKDF{
			Extract: func(secret, salt []byte) ([]byte, error) { return hkdf.Extract(h, secret, salt) },
			Expand:  func(prk []byte, info string, n int) ([]byte, error) { return hkdf.Expand(h, prk, info, n) },
		}, nil
	},
	Schedule: stdSchedule,
	Curve:    stdCurve,
	TLS:      cryptoTLS,
}

func stdHash(alg string) (func() hash.Hash, error) {
	switch alg {
	case "sha-256":
		return sha256.New, nil
	case "sha-384":
		return sha512.New384, nil
	case "sha-512":
		return sha512.New, nil
	}
	return nil, none(alg)
}

// stdSchedule is the key schedule of RFC 9846, Section 7.1, written with
// crypto/hkdf. (crypto/tls has the same in an internal package.)
func stdSchedule(alg string) (func(*ScheduleOutput, *ScheduleInput) error, error) {
	h, err := stdHash(alg)
	if err != nil {
		return nil, err
	}
	size := h().Size()
	empty := h().Sum(nil) // Transcript-Hash("")
	zeros := make([]byte, size)
	return func(out *ScheduleOutput, in *ScheduleInput) error {
		s := stdStage{h: h, size: size}

		early := s.extract(zeros, nil)
		handshake := s.extract(in.Shared, s.label(early, "derived", empty, size))
		client := s.label(handshake, "c hs traffic", in.ServerHello, size)
		server := s.label(handshake, "s hs traffic", in.ServerHello, size)
		out.ClientHandshake = s.traffic(client, in.KeySize)
		out.ServerHandshake = s.traffic(server, in.KeySize)
		out.ServerFinished = s.finished(server, in.CertificateVerify)
		out.ClientFinished = s.finished(client, in.ServerFinished)

		main := s.extract(zeros, s.label(handshake, "derived", empty, size))
		out.ClientApplication = s.traffic(s.label(main, "c ap traffic", in.ServerFinished, size), in.KeySize)
		out.ServerApplication = s.traffic(s.label(main, "s ap traffic", in.ServerFinished, size), in.KeySize)
		out.Exporter = s.label(main, "exp master", in.ServerFinished, size)
		resumption := s.label(main, "res master", in.ClientFinished, size)
		out.PSK = s.label(resumption, "resumption", in.TicketNonce, size)
		return s.err
	}, nil
}

// stdStage keeps the first error, so that the schedule reads as in the RFC.
type stdStage struct {
	h    func() hash.Hash
	size int
	err  error
}

func (s *stdStage) extract(secret, salt []byte) []byte {
	prk, err := hkdf.Extract(s.h, secret, salt)
	if err != nil && s.err == nil {
		s.err = err
	}
	return prk
}

// label is HKDF-Expand-Label; with a transcript hash as context it is
// Derive-Secret as well.
func (s *stdStage) label(secret []byte, label string, context []byte, n int) []byte {
	info := make([]byte, 0, 4+6+len(label)+len(context))
	info = append(info, byte(n>>8), byte(n), byte(6+len(label)))
	info = append(info, "tls13 "...)
	info = append(info, label...)
	info = append(info, byte(len(context)))
	info = append(info, context...)
	out, err := hkdf.Expand(s.h, secret, string(info), n)
	if err != nil && s.err == nil {
		s.err = err
	}
	return out
}

func (s *stdStage) traffic(secret []byte, keySize int) Traffic {
	return Traffic{Key: s.label(secret, "key", nil, keySize), IV: s.label(secret, "iv", nil, 12)}
}

func (s *stdStage) finished(secret, transcript []byte) []byte {
	mac := hmac.New(s.h, s.label(secret, "finished", nil, s.size))
	mac.Write(transcript)
	return mac.Sum(nil)
}
