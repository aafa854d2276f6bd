package peers

import (
	"io"

	"golang.org/x/crypto/hkdf"
)

// XCrypto is golang.org/x/crypto. Of what is compared it has HKDF; its AES-GCM
// and SHA-2 are the standard library's.
var XCrypto = Impl{
	Name: "x-crypto",
	HKDF: func(alg string) (HKDF, error) {
		h, err := stdHash(alg)
		if err != nil {
			return HKDF{}, err
		}
		return HKDF{
			Extract: func(secret, salt []byte) ([]byte, error) { return hkdf.Extract(h, secret, salt), nil },
			Expand: func(prk []byte, info string, n int) ([]byte, error) {
				out := make([]byte, n)
				_, err := io.ReadFull(hkdf.Expand(h, prk, []byte(info)), out)
				return out, err
			},
		}, nil
	},
}
