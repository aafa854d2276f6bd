package p256

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha256"
	_ "crypto/sha3"
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"testing"
	"testing/iotest"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
	"github.com/sealane/sealane/internal/modinv"
)

// RFC 6979, Appendix A.2.5.
const rfc6979Key = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721"

var rfc6979 = []struct {
	hash          crypto.Hash
	message, r, s string
}{
	{crypto.SHA1, "sample", "61340c88c3aaebeb4f6d667f672ca9759a6ccaa9fa8811313039ee4a35471d32", "6d7f147dac089441bb2e2fe8f7a3fa264b9c475098fdcf6e00d7c996e1b8b7eb"},
	{crypto.SHA224, "sample", "53b2fff5d1752b2c689df257c04c40a587fababb3f6fc2702f1343af7ca9aa3f", "b9afb64fdc03dc1a131c7d2386d11e349f070aa432a4acc918bea988bf75c74c"},
	{crypto.SHA256, "sample", "efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716", "f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8"},
	{crypto.SHA384, "sample", "0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719", "4861f0491e6998b9455193e34e7b0d284ddd7149a74b95b9261f13abde940954"},
	{crypto.SHA512, "sample", "8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00", "2362ab1adbe2b8adf9cb9edab740ea6049c028114f2460f96554f61fae3302fe"},
	{crypto.SHA1, "test", "0cbcc86fd6abd1d99e703e1ec50069ee5c0b4ba4b9ac60e409e8ec5910d81a89", "01b9d7b73dfaa60d5651ec4591a0136f87653e0fd780c3b1bc872ffdeae479b1"},
	{crypto.SHA224, "test", "c37edb6f0ae79d47c3c27e962fa269bb4f441770357e114ee511f662ec34a692", "c820053a05791e521fcaad6042d40aea1d6b1a540138558f47d0719800e18f2d"},
	{crypto.SHA256, "test", "f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367", "019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083"},
	{crypto.SHA384, "test", "83910e8b48bb0c74244ebdf7f07a1c5413d61472bd941ef3920e623fbccebeb6", "8ddbec54cf8cd5874883841d712142a56a8d0f218f5003cb0296b6b509619f2c"},
	{crypto.SHA512, "test", "461d93f31b6540894788fd206c07cfa0cc35f46fa3c91816fff1040ad1581a04", "39af9f15de0db8d97e72719c74820d304ce5226e32dedae67519e840d1194e55"},
}

func sum(h crypto.Hash, message string) []byte {
	w := h.New()
	io.WriteString(w, message)
	return w.Sum(nil)
}

func TestRFC6979(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, decode(t, rfc6979Key), ts)
		if got := fmt.Sprintf("%x", k.PublicKey().Bytes()[1:]); got != "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"+
			"7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299" {
			t.Errorf("public key %s", got)
		}
		for _, v := range rfc6979 {
			digest, want := sum(v.hash, v.message), decode(t, v.r+v.s)
			if got := must[[]byte](t)(Sign(nil, k, digest)); !bytes.Equal(got, want) {
				t.Errorf("%v of %q: %x, want %x", v.hash, v.message, got, want)
			}
			wantDER := appendDER(nil, words(want), words(want[32:]))
			for name, got := range map[string][]byte{
				"SignASN1":    must[[]byte](t)(SignASN1(nil, k, digest)),
				"Sign":        must[[]byte](t)(k.Sign(nil, digest, v.hash)),
				"SignMessage": must[[]byte](t)(k.SignMessage(nil, []byte(v.message), v.hash)),
			} {
				if !bytes.Equal(got, wantDER) {
					t.Errorf("%s with %v of %q: %x, want %x", name, v.hash, v.message, got, wantDER)
				}
			}
			if !Verify(k.PublicKey(), digest, want) || !VerifyASN1(k.PublicKey(), digest, wantDER) {
				t.Errorf("%v of %q is refused", v.hash, v.message)
			}
		}
	})
}

// words returns the number in the first 32 bytes of b.
func words(b []byte) *[4]uint64 {
	x := new([4]uint64)
	setBytes(x, b)
	return x
}

// Deterministic signatures are those of crypto/ecdsa, with every hash function.
func TestDeterministic(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := newRand(20)
		for range cases(100) {
			d := randomBelow(r, &order)
			if isScalar(&d) == 0 {
				continue
			}
			k := private(t, bytesOf(d), ts)
			std := k.ToECDSA()
			for _, h := range []crypto.Hash{crypto.SHA256, crypto.SHA1, crypto.SHA224, crypto.SHA384, crypto.SHA512, crypto.SHA512_256, crypto.SHA3_256, crypto.SHA3_384} {
				digest := make([]byte, h.Size())
				cryptotest.Fill(r, digest)
				want := must[[]byte](t)(std.Sign(nil, digest, h))
				if got := must[[]byte](t)(k.Sign(nil, digest, h)); !bytes.Equal(got, want) {
					t.Fatalf("%x, %v of digest %x: %x, want %x", d, h, digest, got, want)
				}
				if !VerifyASN1(k.PublicKey(), digest, want) {
					t.Fatalf("%x, %v of digest %x: refused", d, h, digest)
				}
			}
		}
	})
}

// What one side signs the other verifies, digests of every length; what is
// tampered with neither does.
func TestInteroperability(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := newRand(21)
		for i := range cases(300) {
			d := randomBelow(r, &order)
			if isScalar(&d) == 0 {
				continue
			}
			k := private(t, bytesOf(d), ts)
			p, std := k.PublicKey(), k.ToECDSA()
			digest := make([]byte, i%80)
			cryptotest.Fill(r, digest)
			ours := must[[]byte](t)(SignASN1(rand.Reader, k, digest))
			if !ecdsa.VerifyASN1(&std.PublicKey, digest, ours) {
				t.Fatalf("crypto/ecdsa refuses %x for digest %x and key %x", ours, digest, d)
			}
			theirs := must[[]byte](t)(ecdsa.SignASN1(rand.Reader, std, digest))
			if !VerifyASN1(p, digest, theirs) || !VerifyASN1(p, digest, ours) {
				t.Fatalf("%x or %x is refused for digest %x and key %x", theirs, ours, digest, d)
			}
			raw := must[[]byte](t)(Sign(rand.Reader, k, digest))
			if len(raw) != SignatureSize || !Verify(p, digest, raw) {
				t.Fatalf("%x is refused for digest %x and key %x", raw, digest, d)
			}
			tampered := bytes.Clone(raw)
			tampered[r.IntN(64)] ^= 1 << r.IntN(8)
			if Verify(p, digest, tampered) {
				t.Fatalf("%x is accepted for digest %x and key %x", tampered, digest, d)
			}
			if n := len(digest); n > 0 {
				other := bytes.Clone(digest)
				other[r.IntN(min(n, 32))] ^= 1 << r.IntN(8)
				if VerifyASN1(p, other, ours) {
					t.Fatalf("%x is accepted for digest %x and key %x", ours, other, d)
				}
			}
			if n := len(digest); n > 32 {
				// The rest does not count.
				other := bytes.Clone(digest)
				other[32+r.IntN(n-32)] ^= 1
				if !VerifyASN1(p, other, ours) {
					t.Fatalf("%x is refused for digest %x and key %x", ours, other, d)
				}
			}
		}
	})
}

// A signature with one bit changed, every one of them, is refused by all.
func TestTampered(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, decode(t, rfc6979Key), ts)
		p, std := k.PublicKey(), k.Public().(*ecdsa.PublicKey)
		digest := sum(crypto.SHA256, "sample")
		sig := must[[]byte](t)(SignASN1(nil, k, digest))
		for i := range sig {
			for bit := range 8 {
				bad := bytes.Clone(sig)
				bad[i] ^= 1 << bit
				if VerifyASN1(p, digest, bad) || ecdsa.VerifyASN1(std, digest, bad) {
					t.Errorf("bit %d of byte %d", bit, i)
				}
			}
		}
		for n := range sig {
			if VerifyASN1(p, digest, sig[:n]) {
				t.Errorf("the first %d bytes", n)
			}
		}
		other := private(t, bytesOf([4]uint64{5}), ts).PublicKey()
		if VerifyASN1(other, digest, sig) {
			t.Error("another key")
		}
		// s and n-s are both right (FIPS 186-5 doesn't choose one), r is not free.
		raw := must[[]byte](t)(Sign(nil, k, digest))
		n := bytes.Clone(raw)
		new(big.Int).Sub(bigN, new(big.Int).SetBytes(raw[32:])).FillBytes(n[32:])
		if !Verify(p, digest, n) {
			t.Error("n-s is refused")
		}
		copy(n[32:], raw[32:])
		new(big.Int).Sub(bigN, new(big.Int).SetBytes(raw[:32])).FillBytes(n[:32])
		if Verify(p, digest, n) {
			t.Error("n-r is accepted")
		}
		for _, bad := range [][]byte{nil, raw[:63], append(bytes.Clone(raw), 0), append([]byte{0}, raw...), sig} {
			if Verify(p, digest, bad) {
				t.Errorf("%x is accepted", bad)
			}
		}
	})
}

// r or s out of range.
func TestRange(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, decode(t, rfc6979Key), ts)
		p, std := k.PublicKey(), k.Public().(*ecdsa.PublicKey)
		digest := sum(crypto.SHA256, "sample")
		raw := must[[]byte](t)(Sign(nil, k, digest))
		r, s := new(big.Int).SetBytes(raw[:32]), new(big.Int).SetBytes(raw[32:])
		zero, one := new(big.Int), big.NewInt(1)
		for _, c := range [][2]*big.Int{
			{zero, s}, {r, zero}, {zero, zero}, {bigN, s}, {r, bigN}, {bigN, bigN},
			{new(big.Int).Add(r, bigN), s}, {r, new(big.Int).Add(s, bigN)},
			{new(big.Int).Neg(r), s}, {r, new(big.Int).Neg(s)},
			{new(big.Int).Sub(bigR, one), s}, {r, new(big.Int).Sub(bigR, one)},
			{one, one}, {new(big.Int).Sub(bigN, one), new(big.Int).Sub(bigN, one)},
		} {
			der := must[[]byte](t)(asn1.Marshal(struct{ R, S *big.Int }{c[0], c[1]}))
			if VerifyASN1(p, digest, der) || ecdsa.VerifyASN1(std, digest, der) {
				t.Errorf("r = %x, s = %x", c[0], c[1])
			}
			if fits(c[0]) && fits(c[1]) {
				b := make([]byte, 64)
				c[0].FillBytes(b[:32])
				c[1].FillBytes(b[32:])
				if Verify(p, digest, b) {
					t.Errorf("raw r = %x, s = %x", c[0], c[1])
				}
			}
		}
	})
}

// Encodings of a good signature that DER does not have.
func TestBadDER(t *testing.T) {
	k := private(t, decode(t, rfc6979Key), hostTiers)
	digest := sum(crypto.SHA256, "test") // s starts with 0x01, r with 0xf1
	raw := must[[]byte](t)(Sign(nil, k, digest))
	r, s := raw[:32], raw[32:]
	cat := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	tlv := func(tag byte, body []byte) []byte { return cat([]byte{tag, byte(len(body))}, body) }
	integers := cat(tlv(2, cat([]byte{0}, r)), tlv(2, s))
	if !VerifyASN1(k.PublicKey(), digest, tlv(0x30, integers)) {
		t.Fatal("the signature itself is refused")
	}
	for _, c := range []struct {
		name string
		sig  []byte
	}{
		{"nothing", nil},
		{"an empty SEQUENCE", []byte{0x30, 0}},
		{"a SET", tlv(0x31, integers)},
		{"a primitive SEQUENCE", tlv(0x10, integers)},
		{"a long form of the length", cat([]byte{0x30, 0x81, byte(len(integers))}, integers)},
		{"a longer form of the length", cat([]byte{0x30, 0x82, 0, byte(len(integers))}, integers)},
		{"an indefinite length", cat([]byte{0x30, 0x80}, integers, []byte{0, 0})},
		{"length 127", cat([]byte{0x30, 127}, integers)},
		{"a byte behind", cat(tlv(0x30, integers), []byte{0})},
		{"a byte in the SEQUENCE behind", tlv(0x30, cat(integers, []byte{0}))},
		{"a third INTEGER", tlv(0x30, cat(integers, tlv(2, []byte{1})))},
		{"r alone", tlv(0x30, tlv(2, cat([]byte{0}, r)))},
		{"r negative", tlv(0x30, cat(tlv(2, r), tlv(2, s)))},
		{"r with two zeros", tlv(0x30, cat(tlv(2, cat([]byte{0, 0}, r)), tlv(2, s)))},
		{"s with a zero", tlv(0x30, cat(tlv(2, cat([]byte{0}, r)), tlv(2, cat([]byte{0}, s))))},
		{"s empty", tlv(0x30, cat(tlv(2, cat([]byte{0}, r)), tlv(2, nil)))},
		{"r empty", tlv(0x30, cat(tlv(2, nil), tlv(2, s)))},
		{"r a BIT STRING", tlv(0x30, cat(tlv(3, cat([]byte{0}, r)), tlv(2, s)))},
		{"s a long form", tlv(0x30, cat(tlv(2, cat([]byte{0}, r)), []byte{2, 0x81, 32}, s))},
		{"s longer than the rest", tlv(0x30, cat(tlv(2, cat([]byte{0}, r)), []byte{2, 33}, s))},
		{"s of 33 bytes", tlv(0x30, cat(tlv(2, cat([]byte{0}, r)), tlv(2, cat([]byte{1}, s))))},
		{"the raw form", raw},
	} {
		if VerifyASN1(k.PublicKey(), digest, c.sig) || ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), digest, c.sig) {
			t.Errorf("%s: %x is accepted", c.name, c.sig)
		}
	}
}

// appendDER writes what encoding/asn1 does, and parseDER reads it.
func TestDER(t *testing.T) {
	operands(&order, func(r, s [4]uint64) {
		if isZero(&r)|isZero(&s) == 1 {
			return
		}
		got := appendDER(nil, &r, &s)
		want := must[[]byte](t)(asn1.Marshal(struct{ R, S *big.Int }{toBig(&r), toBig(&s)}))
		if !bytes.Equal(got, want) {
			t.Fatalf("%x, %x: %x, want %x", r, s, got, want)
		}
		var r2, s2 [4]uint64
		if !parseDER(&r2, &s2, got) || r2 != r || s2 != s {
			t.Fatalf("%x, %x: %x is parsed to %x, %x", r, s, got, r2, s2)
		}
	})
}

func TestSignOptions(t *testing.T) {
	k := private(t, bytesOf([4]uint64{5}), hostTiers)
	for _, c := range []struct {
		opts   crypto.SignerOpts
		digest int
	}{
		{nil, 32}, {crypto.Hash(0), 32}, {crypto.Hash(999), 32}, {crypto.MD5SHA1, 36},
		{crypto.SHA256, 31}, {crypto.SHA256, 33}, {crypto.SHA256, 0}, {crypto.SHA384, 32}, {crypto.SHA512, 32},
	} {
		for _, random := range []io.Reader{rand.Reader, nil} {
			if sig, err := k.Sign(random, make([]byte, c.digest), c.opts); err == nil || sig != nil {
				t.Errorf("%v with %d bytes: %x, %v", c.opts, c.digest, sig, err)
			}
			if c.opts == nil || c.opts.HashFunc() > crypto.BLAKE2b_512 || !c.opts.HashFunc().Available() {
				if sig, err := k.SignMessage(random, make([]byte, c.digest), c.opts); err == nil || sig != nil {
					t.Errorf("a message with %v: %x, %v", c.opts, sig, err)
				}
			}
		}
	}
	message := []byte("a message")
	for _, h := range []crypto.Hash{crypto.SHA1, crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256} {
		sig := must[[]byte](t)(crypto.SignMessage(k, rand.Reader, message, h))
		if !ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), sum(h, string(message)), sig) {
			t.Errorf("SignMessage with %v", h)
		}
	}
}

// 32 bytes are read, no more, and those of a broken source are not used.
func TestRandom(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, decode(t, rfc6979Key), ts)
		digest := sum(crypto.SHA256, "sample")
		broken := errors.New("broken")
		for _, random := range []io.Reader{
			iotest.ErrReader(broken), bytes.NewReader(make([]byte, 31)), io.MultiReader(bytes.NewReader(make([]byte, 31)), iotest.ErrReader(broken)),
		} {
			for name, f := range map[string]func() ([]byte, error){
				"SignASN1": func() ([]byte, error) { return SignASN1(random, k, digest) },
				"Sign":     func() ([]byte, error) { return Sign(random, k, digest) },
				"method":   func() ([]byte, error) { return k.Sign(random, digest, crypto.SHA256) },
				"message":  func() ([]byte, error) { return k.SignMessage(random, digest, crypto.SHA256) },
			} {
				if sig, err := f(); err == nil || sig != nil {
					t.Errorf("%s: %x, %v", name, sig, err)
				}
			}
		}
		z := bytes.Repeat([]byte{7}, 40)
		source := bytes.NewReader(z)
		sig := must[[]byte](t)(SignASN1(source, k, digest))
		if source.Len() != 8 {
			t.Errorf("%d bytes were read", 40-source.Len())
		}
		if got := must[[]byte](t)(SignASN1(iotest.OneByteReader(bytes.NewReader(z)), k, digest)); !bytes.Equal(got, sig) {
			t.Error("the same random bytes, one by one, make another signature")
		}
		z[31] ^= 1
		if got := must[[]byte](t)(SignASN1(bytes.NewReader(z), k, digest)); bytes.Equal(got, sig) {
			t.Error("other random bytes make the same signature")
		}
		if bytes.Equal(must[[]byte](t)(SignASN1(zeros{}, k, digest)), must[[]byte](t)(SignASN1(nil, k, digest))) {
			t.Error("a source of zeros makes the signature of no source")
		}
		// The random bytes do not depend on the tier.
		want := must[[]byte](t)(SignASN1(bytes.NewReader(z), private(t, k.Bytes(), generic), digest))
		if got := must[[]byte](t)(SignASN1(bytes.NewReader(z), k, digest)); !bytes.Equal(got, want) {
			t.Errorf("signature %x, with tier generic %x", got, want)
		}
	})
}

// The nonces are those of genericDRBG, which is written down from the text, and
// so are those after a candidate was refused.
func TestDRBG(t *testing.T) {
	r := newRand(22)
	for i := range 200 {
		x, e := randomBelow(r, &order), randomBelow(r, &order)
		var z *[32]byte
		if i%2 == 0 {
			z = new([32]byte)
			cryptotest.Fill(r, z[:])
		}
		var d drbg
		d.init(z, &x, &e)
		g := newGenericDRBG(crypto.SHA256, z, &x, &e)
		for range 4 {
			var got, want [4]uint64
			d.next(&got)
			g.next(&want)
			if got != want {
				t.Fatalf("z %x, x %x, e %x: %x, want %x", z, x, e, got, want)
			}
		}
		d.clear()
		if d.v != [32]byte{} {
			t.Fatal("not cleared")
		}
	}
}

// The nonce decides the signature: s*k = e + r*d mod n, and r is the x-coordinate
// of k times the generator.
func TestSignNonce(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := newRand(23)
		check := func(d, nonce, e [4]uint64) {
			k := private(t, bytesOf(d), ts)
			var gotR, gotS [4]uint64
			if !k.signNonce(&gotR, &gotS, &nonce, &e) {
				t.Fatalf("d %x, k %x, e %x: no signature", d, nonce, e)
			}
			wantR := new(big.Int).SetBytes(stdPrivate(&nonce).PublicKey().Bytes()[1:33])
			wantR.Mod(wantR, bigN)
			wantS := new(big.Int).Mul(wantR, toBig(&d))
			wantS.Add(wantS, toBig(&e))
			wantS.Mul(wantS, new(big.Int).ModInverse(toBig(&nonce), bigN))
			wantS.Mod(wantS, bigN)
			if toBig(&gotR).Cmp(wantR) != 0 || toBig(&gotS).Cmp(wantS) != 0 {
				t.Fatalf("d %x, k %x, e %x: r %x, s %x, want %x, %x", d, nonce, e, gotR, gotS, wantR, wantS)
			}
		}
		for _, nonce := range edgeScalars() {
			d := randomBelow(r, &order)
			d[0] |= 1
			check(d, nonce, randomBelow(r, &order))
		}
		for range cases(500) {
			d, nonce := randomBelow(r, &order), randomBelow(r, &order)
			d[0], nonce[0] = d[0]|1, nonce[0]|1
			if isScalar(&d)&isScalar(&nonce) == 1 {
				check(d, nonce, randomBelow(r, &order))
			}
		}
		// s = 0: e = -r*d.
		d, nonce := [4]uint64{3}, [4]uint64{4}
		k := private(t, bytesOf(d), ts)
		var gotR, gotS, e [4]uint64
		k.signNonce(&gotR, &gotS, &nonce, &[4]uint64{1})
		e = fromBig(new(big.Int).Mod(new(big.Int).Mul(toBig(&gotR), big.NewInt(-3)), bigN))
		if k.signNonce(&gotR, &gotS, &nonce, &e) || isZero(&gotS) == 0 {
			t.Error("s = 0 is taken")
		}
	})
}

// Signatures made backwards from the two scalars of verification, so that every
// case of the last addition comes up.
func TestVerifyPoints(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := newRand(24)
		inverse := func(x *[4]uint64) *big.Int {
			var z [4]uint64
			modinv.N256(&z, x)
			return toBig(&z)
		}
		mul := func(x, y *big.Int) *big.Int { return new(big.Int).Mod(new(big.Int).Mul(x, y), bigN) }
		// check verifies u1*G + u2*Q for Q = d*G. It returns the x-coordinate mod n,
		// or nil for the point at infinity.
		check := func(name string, d, u1, u2 *big.Int) *big.Int {
			t.Helper()
			dw, u2w := fromBig(d), fromBig(u2)
			p := public(t, stdPrivate(&dw).PublicKey().Bytes(), ts)
			sum := new(big.Int).Mod(new(big.Int).Add(u1, mul(u2, d)), bigN)
			x := big.NewInt(12345)
			if sum.Sign() != 0 {
				w := fromBig(sum)
				x.SetBytes(stdPrivate(&w).PublicKey().Bytes()[1:33])
				x.Mod(x, bigN)
			}
			s := mul(x, inverse(&u2w))
			sig := appendDER(nil, ptr(fromBig(x)), ptr(fromBig(s)))
			digest := bytesOf(fromBig(mul(u1, s)))
			want := sum.Sign() != 0
			if got := VerifyASN1(p, digest, sig); got != want {
				t.Errorf("%s: %v, want %v: d %x, u1 %x, u2 %x", name, got, want, d, u1, u2)
			}
			if ecdsa.VerifyASN1(p.ToECDSA(), digest, sig) != want {
				t.Errorf("%s: crypto/ecdsa does not agree: d %x, u1 %x, u2 %x", name, d, u1, u2)
			}
			return x
		}
		scalar := func() *big.Int {
			for {
				if x := randomBelow(r, &order); isScalar(&x) == 1 {
					return toBig(&x)
				}
			}
		}
		neg := func(x *big.Int) *big.Int { return new(big.Int).Mod(new(big.Int).Neg(x), bigN) }
		var small []*big.Int
		for i := int64(1); i <= 17; i++ {
			small = append(small, big.NewInt(i), new(big.Int).Sub(bigN, big.NewInt(i)))
		}
		for range cases(30) {
			d, u2 := scalar(), scalar()
			check("no generator", d, new(big.Int), u2)
			check("doubling", d, mul(u2, d), u2)
			check("infinity", d, neg(mul(u2, d)), u2)
			check("doubled generator", big.NewInt(1), u2, u2)
			check("infinity at the generator", big.NewInt(1), neg(u2), u2)
			check("infinity at its negative", neg(big.NewInt(1)), u2, u2)
			check("random", d, scalar(), u2)
		}
		for i := range cases(2000) {
			if i < len(small) {
				check("small, no generator", small[i], new(big.Int), small[i])
			}
			check("small", small[r.IntN(8)], small[r.IntN(len(small))], small[r.IntN(len(small))])
		}
		half := new(big.Int).Rsh(bigN, 1)
		for _, u1 := range []*big.Int{half, new(big.Int).Add(half, big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), 255), new(big.Int).Lsh(big.NewInt(1), 128)} {
			for _, u2 := range []*big.Int{half, new(big.Int).Add(half, big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), 255), new(big.Int).Lsh(big.NewInt(1), 128)} {
				check("halves", scalar(), u1, u2)
				check("halves", big.NewInt(1), u1, u2)
			}
		}
	})
}

func ptr(x [4]uint64) *[4]uint64 { return &x }

// R with an x-coordinate of n or more: r is less by n. And the other way round,
// an r that is less than p-n and right without n.
func TestVerifyWraps(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		gap := new(big.Int).Sub(bigP, bigN)
		r := newRand(25)
		wrapped, plain := 0, 0
		for i := int64(1); wrapped < 10 || plain < 10; i++ {
			small := big.NewInt(i)
			if i > 40 {
				small.Sub(gap, big.NewInt(i-40))
			}
			for _, x := range []*big.Int{small, new(big.Int).Add(small, bigN)} {
				y := new(big.Int).ModSqrt(curve(x), bigP)
				if x.Cmp(bigP) >= 0 || y == nil {
					continue
				}
				// Q = (R - u1*G)/u2, s = r/u2, e = u1*s.
				u1, u2 := randomBelow(r, &order), randomBelow(r, &order)
				if isScalar(&u1)&isScalar(&u2) == 0 {
					continue
				}
				u2Inverse := new(big.Int).ModInverse(toBig(&u2), bigN)
				bigPoint, g := pointOf(&[2][4]uint64{fromBig(x), fromBig(y)}), generator()
				var q point
				q.setMul(&u1, &g)
				q.setNegative(&q)
				q.setAdd(&q, &bigPoint)
				q.setMul(ptr(fromBig(u2Inverse)), &q)
				p := public(t, q.bytes(), ts)
				s := new(big.Int).Mul(small, u2Inverse)
				s.Mod(s, bigN)
				e := new(big.Int).Mul(s, toBig(&u1))
				sig, digest := appendDER(nil, ptr(fromBig(small)), ptr(fromBig(s))), bytesOf(fromBig(e.Mod(e, bigN)))
				if !VerifyASN1(p, digest, sig) || !ecdsa.VerifyASN1(p.ToECDSA(), digest, sig) {
					t.Fatalf("x = %x is refused", x)
				}
				digest[5] ^= 1
				if VerifyASN1(p, digest, sig) {
					t.Fatalf("x = %x is accepted for another digest", x)
				}
				if x.Cmp(bigN) >= 0 {
					wrapped++
				} else {
					plain++
				}
			}
		}
	})
}

func TestAllocs(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, decode(t, rfc6979Key), ts)
		peer := public(t, stdPrivate(&[4]uint64{5}).PublicKey().Bytes(), ts)
		digest := sha256.Sum256([]byte("sample"))
		b, raw := k.Bytes(), must[[]byte](t)(Sign(rand.Reader, k, digest[:]))
		sig := must[[]byte](t)(SignASN1(rand.Reader, k, digest[:]))
		p := k.PublicKey()
		encoded, compressed := p.Bytes(), p.BytesCompressed()
		var sink []byte
		for _, c := range []struct {
			name string
			tier cpu.Tier
			most float64
			f    func()
		}{
			{"SignASN1", ts.base, 1, func() { sink, _ = SignASN1(rand.Reader, k, digest[:]) }},
			{"SignASN1, deterministic", ts.base, 1, func() { sink, _ = SignASN1(nil, k, digest[:]) }},
			{"Sign", ts.base, 1, func() { sink, _ = Sign(rand.Reader, k, digest[:]) }},
			{"method Sign", ts.base, 1, func() { sink, _ = k.Sign(rand.Reader, digest[:], crypto.SHA256) }},
			{"SignMessage", ts.base, 1, func() { sink, _ = k.SignMessage(rand.Reader, digest[:], crypto.SHA256) }},
			{"VerifyASN1", ts.verify, 0, func() { VerifyASN1(p, digest[:], sig) }},
			{"Verify", ts.verify, 0, func() { Verify(p, digest[:], raw) }},
			{"ECDH", ts.mult, 1, func() { sink, _ = k.ECDH(peer) }},
			{"NewPrivateKey, PublicKey", ts.base, 2, func() { x, _ := newPrivateKey(b, ts); x.PublicKey() }},
			{"NewPublicKey", cpu.Invalid, 1, func() { newPublicKey(encoded, ts) }},
			{"NewPublicKey, compressed", cpu.Invalid, 1, func() { newPublicKey(compressed, ts) }},
			{"bad DER", cpu.Invalid, 0, func() { VerifyASN1(p, digest[:], sig[1:]) }},
		} {
			if c.tier == cpu.Generic {
				continue // the standard library allocates
			}
			if n := testing.AllocsPerRun(20, c.f); n > c.most {
				t.Errorf("%s allocates %v times, want %v", c.name, n, c.most)
			}
		}
		_ = sink
	})
}
