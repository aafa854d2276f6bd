package peers

import (
	"crypto/rand"
	"errors"

	"github.com/cloudflare/circl/dh/x25519"
)

// Circl is github.com/cloudflare/circl. Of what is compared it has X25519; its
// P-256 is the standard library's.
var Circl = Impl{
	Name: "circl",
	Curve: func(alg string) (Curve, error) {
		if err := none(alg, "x25519"); err != nil {
			return Curve{}, err
		}
		return Curve{
			Generate: func() ([]byte, error) {
				var private, public x25519.Key
				if _, err := rand.Read(private[:]); err != nil {
					return nil, err
				}
				x25519.KeyGen(&public, &private)
				return public[:], nil
			},
			ECDH: func(private, peer []byte) (func() ([]byte, error), error) {
				k, p := x25519.Key(private), x25519.Key(peer)
				return func() ([]byte, error) {
					var secret x25519.Key
					if !x25519.Shared(&secret, &k, &p) {
						return nil, errors.New("circl: point of small order")
					}
					return secret[:], nil
				}, nil
			},
		}, nil
	},
}
