package p256

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"
	"testing"
)

// What NewPublicKey accepts crypto/ecdh does too, and package elliptic for
// compressed keys; and nothing else.
func FuzzNewPublicKey(f *testing.F) {
	good := stdPrivate(&[4]uint64{7}).PublicKey().Bytes()
	f.Add(good)
	f.Add(append([]byte{2}, good[1:33]...))
	f.Add(append([]byte{3}, good[1:33]...))
	f.Add(append([]byte{6}, good[1:]...))
	f.Add([]byte{0})
	f.Add(append([]byte{2}, bytesOf(prime)...))
	f.Add(append([]byte{3}, bytesOf([4]uint64{5})...))
	f.Fuzz(func(t *testing.T, b []byte) {
		var want []byte
		if std, err := ecdh.P256().NewPublicKey(b); err == nil {
			want = std.Bytes()
		} else if x, y := elliptic.UnmarshalCompressed(elliptic.P256(), b); x != nil {
			want = encode(x, y)
		}
		p, err := NewPublicKey(b)
		if (err == nil) != (want != nil) {
			t.Fatalf("%x: %v, want %x", b, err, want)
		}
		if err != nil {
			return
		}
		if !bytes.Equal(p.Bytes(), want) {
			t.Fatalf("%x: %x, want %x", b, p.Bytes(), want)
		}
		if !bytes.Equal(b, p.Bytes()) && !bytes.Equal(b, p.BytesCompressed()) {
			t.Fatalf("%x is another encoding of %x", b, want)
		}
	})
}

// What VerifyASN1 accepts crypto/ecdsa does too, and parseDER what encoding/asn1
// makes of two numbers.
func FuzzVerifyASN1(f *testing.F) {
	k := must[*PrivateKey](f)(NewPrivateKey(bytesOf([4]uint64{7})))
	digest := bytes.Repeat([]byte{1}, 32)
	sig := must[[]byte](f)(SignASN1(nil, k, digest))
	std := k.Public().(*ecdsa.PublicKey)
	f.Add(digest, sig)
	f.Add(digest[:31], sig)
	f.Add(append(bytes.Clone(digest), 1), sig)
	f.Add(digest, append(bytes.Clone(sig), 0))
	f.Add(digest, []byte{0x30, 6, 2, 1, 1, 2, 1, 1})
	f.Add(digest, []byte{0x30, 6, 2, 1, 0, 2, 1, 0x80})
	f.Fuzz(func(t *testing.T, digest, sig []byte) {
		if got, want := VerifyASN1(k.PublicKey(), digest, sig), ecdsa.VerifyASN1(std, digest, sig); got != want {
			t.Fatalf("digest %x, signature %x: %v, want %v", digest, sig, got, want)
		}
		var r, s [4]uint64
		if !parseDER(&r, &s, sig) {
			var v struct{ R, S *big.Int }
			rest, err := asn1.Unmarshal(sig, &v)
			if err == nil && len(rest) == 0 && fits(v.R) && fits(v.S) {
				// encoding/asn1 takes more than two elements.
				if again, err := asn1.Marshal(v); err != nil || bytes.Equal(again, sig) {
					t.Fatalf("%x is refused", sig)
				}
			}
			return
		}
		again := must[[]byte](t)(asn1.Marshal(struct{ R, S *big.Int }{toBig(&r), toBig(&s)}))
		if !bytes.Equal(again, sig) {
			t.Fatalf("%x is parsed to %x, %x, which is %x", sig, r, s, again)
		}
		if isZero(&r)|isZero(&s) == 0 && !bytes.Equal(appendDER(nil, &r, &s), sig) {
			t.Fatalf("%x is built again as %x", sig, appendDER(nil, &r, &s))
		}
	})
}
