package peers

import (
	"crypto/rand"

	"github.com/sealane/sealane/p256"
	"github.com/sealane/sealane/x25519"
)

func sealaneCurve(alg string) (Curve, error) {
	switch alg {
	case "x25519":
		return Curve{
			Generate: func() ([]byte, error) {
				k, err := x25519.GenerateKey(rand.Reader)
				if err != nil {
					return nil, err
				}
				return k.PublicKey().Bytes(), nil
			},
			ECDH: func(private, peer []byte) (func() ([]byte, error), error) {
				k, err := x25519.NewPrivateKey(private)
				if err != nil {
					return nil, err
				}
				p, err := x25519.NewPublicKey(peer)
				if err != nil {
					return nil, err
				}
				return func() ([]byte, error) { return k.ECDH(p) }, nil
			},
		}, nil
	case "p256":
		return Curve{
			Generate: func() ([]byte, error) {
				k, err := p256.GenerateKey(rand.Reader)
				if err != nil {
					return nil, err
				}
				return k.PublicKey().Bytes(), nil
			},
			ECDH: func(private, peer []byte) (func() ([]byte, error), error) {
				k, err := p256.NewPrivateKey(private)
				if err != nil {
					return nil, err
				}
				p, err := p256.NewPublicKey(peer)
				if err != nil {
					return nil, err
				}
				return func() ([]byte, error) { return k.ECDH(p) }, nil
			},
			Sign: func(private []byte) (func([]byte) ([]byte, error), error) {
				k, err := p256.NewPrivateKey(private)
				if err != nil {
					return nil, err
				}
				return func(digest []byte) ([]byte, error) { return p256.SignASN1(rand.Reader, k, digest) }, nil
			},
			Verify: func(public []byte) (func(digest, sig []byte) bool, error) {
				p, err := p256.NewPublicKey(public)
				if err != nil {
					return nil, err
				}
				return func(digest, sig []byte) bool { return p256.VerifyASN1(p, digest, sig) }, nil
			},
		}, nil
	}
	return Curve{}, none(alg)
}

// curveTier is the tier of a curve: of verifying if verify is set, otherwise of
// all else. It is "" in FIPS 140 mode.
func curveTier(alg string, verify bool) string {
	private := make([]byte, 32)
	private[31] = 1
	if alg == "x25519" {
		k, err := x25519.NewPrivateKey(private)
		if err != nil {
			return ""
		}
		return k.Tier()
	}
	k, err := p256.NewPrivateKey(private)
	switch {
	case err != nil:
		return ""
	case verify:
		return k.PublicKey().Tier()
	}
	return k.Tier()
}
