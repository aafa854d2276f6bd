package peers

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
)

// stdCurve is crypto/ecdh and crypto/ecdsa.
func stdCurve(alg string) (Curve, error) {
	var curve ecdh.Curve
	switch alg {
	case "x25519":
		curve = ecdh.X25519()
	case "p256":
		curve = ecdh.P256()
	default:
		return Curve{}, none(alg)
	}
	c := Curve{
		Generate: func() ([]byte, error) {
			k, err := curve.GenerateKey(rand.Reader)
			if err != nil {
				return nil, err
			}
			return k.PublicKey().Bytes(), nil
		},
		ECDH: func(private, peer []byte) (func() ([]byte, error), error) {
			k, err := curve.NewPrivateKey(private)
			if err != nil {
				return nil, err
			}
			p, err := curve.NewPublicKey(peer)
			if err != nil {
				return nil, err
			}
			return func() ([]byte, error) { return k.ECDH(p) }, nil
		},
	}
	if alg != "p256" {
		return c, nil
	}
	c.Sign = func(private []byte) (func([]byte) ([]byte, error), error) {
		k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), private)
		if err != nil {
			return nil, err
		}
		return func(digest []byte) ([]byte, error) { return ecdsa.SignASN1(rand.Reader, k, digest) }, nil
	}
	c.Verify = func(public []byte) (func(digest, sig []byte) bool, error) {
		p, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
		if err != nil {
			return nil, err
		}
		return func(digest, sig []byte) bool { return ecdsa.VerifyASN1(p, digest, sig) }, nil
	}
	return c, nil
}
