package peers

import (
	"crypto/cipher"
	"slices"

	"github.com/sealane/sealane/aesgcm"
	"github.com/sealane/sealane/chacha20poly1305"
	"github.com/sealane/sealane/hkdf"
	"github.com/sealane/sealane/sha2"
	"github.com/sealane/sealane/tls13/keyschedule"
)

// Sealane is this module.
var Sealane = Impl{
	Name: "sealane",
	Tier: func(op, alg string) string {
		switch alg {
		case "aes-128-gcm", "aes-256-gcm":
			a, err := aesgcm.New(make([]byte, KeySize(alg)))
			if err != nil { // FIPS 140 mode
				return ""
			}
			return a.Tier()
		case "chacha20-poly1305":
			a, err := chacha20poly1305.New(make([]byte, KeySize(alg)))
			if err != nil { // FIPS 140 mode
				return ""
			}
			return a.Tier()
		case "sha-256", "hkdf-sha-256":
			return sha2.Tier256()
		case "sha-384", "sha-512", "hkdf-sha-384":
			return sha2.Tier512()
		case "x25519", "p256":
			return curveTier(alg, op == "Verify")
		case "x25519mlkem768":
			return curveTier("x25519", false)
		}
		return ""
	},
	AEAD: func(alg string, key []byte) (cipher.AEAD, error) {
		if alg == "chacha20-poly1305" {
			return chacha20poly1305.New(key)
		}
		return aesgcm.New(key)
	},
	Hash:     sealaneHash,
	HKDF:     sealaneHKDF,
	Schedule: sealaneSchedule,
	Curve:    sealaneCurve,
	TLS:      sealaneTLS,
}

func sealaneHash(alg string) (func([]byte), error) {
	switch alg {
	case "sha-256":
		return func(msg []byte) { sha2.Sum256(msg) }, nil
	case "sha-384":
		return func(msg []byte) { sha2.Sum384(msg) }, nil
	case "sha-512":
		return func(msg []byte) { sha2.Sum512(msg) }, nil
	}
	return nil, none(alg)
}

func sealaneHKDF(alg string) (HKDF, error) {
	h := sha2.New256
	switch alg {
	case "sha-256":
	case "sha-384":
		h = sha2.New384
	default:
		return HKDF{}, none(alg)
	}
	return HKDF{
		Extract: func(secret, salt []byte) ([]byte, error) { return hkdf.Extract(h, secret, salt) },
		Expand:  func(prk []byte, info string, n int) ([]byte, error) { return hkdf.Expand(h, prk, info, n) },
	}, nil
}

func sealaneSchedule(alg string) (func(*ScheduleOutput, *ScheduleInput) error, error) {
	h := keyschedule.SHA256
	switch alg {
	case "sha-256":
	case "sha-384":
		h = keyschedule.SHA384
	default:
		return nil, none(alg)
	}
	var (
		early          keyschedule.Early
		handshake      keyschedule.Handshake
		main           keyschedule.Main
		client, server keyschedule.TrafficSecret
		exporter       keyschedule.Exporter
		resumption     keyschedule.Resumption
	)
	traffic := func(out *Traffic, s *keyschedule.TrafficSecret, keySize int) {
		out.Key = slices.Grow(out.Key[:0], keySize)[:keySize]
		iv := s.KeyIV(out.Key)
		out.IV = append(out.IV[:0], iv[:]...)
	}
	return func(out *ScheduleOutput, in *ScheduleInput) error {
		if err := early.Init(h, nil); err != nil {
			return err
		}
		early.Handshake(&handshake, in.Shared)
		handshake.Traffic(&client, &server, in.ServerHello)
		traffic(&out.ClientHandshake, &client, in.KeySize)
		traffic(&out.ServerHandshake, &server, in.KeySize)
		out.ServerFinished = server.AppendFinished(out.ServerFinished[:0], in.CertificateVerify)
		out.ClientFinished = client.AppendFinished(out.ClientFinished[:0], in.ServerFinished)

		handshake.Main(&main)
		main.Traffic(&client, &server, in.ServerFinished)
		traffic(&out.ClientApplication, &client, in.KeySize)
		traffic(&out.ServerApplication, &server, in.KeySize)
		main.Exporter(&exporter, in.ServerFinished)
		out.Exporter = exporter.AppendSecret(out.Exporter[:0])
		main.Resumption(&resumption, in.ClientFinished)
		out.PSK = resumption.AppendPSK(out.PSK[:0], in.TicketNonce)
		main.Clear()
		return nil
	}, nil
}
