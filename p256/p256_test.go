package p256

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/fips140"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"math/big"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

var million = flag.Bool("million", false, "hold a million keys and signatures against the standard library")

// cases is how many random cases a test runs: few, or a million by flag.
func cases(few int) int {
	switch {
	case *million:
		return 1_000_000
	case testing.Short():
		return max(few/10, 1)
	}
	return few
}

// kernelTiers are the tiers with a kernel of any kind, best first.
func kernelTiers() (list []cpu.Tier) {
	for _, tier := range []cpu.Tier{cpu.IFMA, cpu.ADX} {
		if tiersOf(tier) != generic {
			list = append(list, tier)
		}
	}
	return list
}

// tiersOf returns the kernels of one tier, and generic where it has none.
func tiersOf(tier cpu.Tier) tiers {
	has := func(list []cpu.Tier) cpu.Tier {
		if slices.Contains(list, tier) {
			return tier
		}
		return cpu.Generic
	}
	return tiers{has(multTiers), has(baseTiers), has(verifyTiers)}
}

// testTiers runs f for every tier of this package.
func testTiers(t *testing.T, f func(t *testing.T, ts tiers)) {
	t.Helper()
	cryptotest.Tiers(t, "p256", append(kernelTiers(), cpu.Generic), func(t *testing.T, tier cpu.Tier) { f(t, tiersOf(tier)) })
}

func private(t testing.TB, b []byte, ts tiers) *PrivateKey {
	t.Helper()
	k, err := newPrivateKey(b, ts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(t testing.TB, b []byte, ts tiers) *PublicKey {
	t.Helper()
	p, err := newPublicKey(b, ts)
	if err != nil {
		t.Fatalf("%x: %v", b, err)
	}
	return p
}

func must[T any](t testing.TB) func(x T, err error) T {
	return func(x T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
}

func bytesOf(x [4]uint64) []byte {
	b := make([]byte, 32)
	putBytes(b, &x)
	return b
}

func decode(t testing.TB, s string) []byte {
	t.Helper()
	return must[[]byte](t)(hex.DecodeString(s))
}

// edgeScalars are the scalars that formulas and recodings are likeliest to be
// wrong for.
func edgeScalars() (list [][4]uint64) {
	for _, x := range edges(bigN) {
		if isScalar(&x) == 1 {
			list = append(list, x)
		}
	}
	for small := uint64(1); small <= 40; small++ {
		list = append(list, [4]uint64{small}, [4]uint64{order[0] - small, order[1], order[2], order[3]})
		for _, shift := range []uint{1, 2} {
			part := new(big.Int).Rsh(bigN, shift)
			list = append(list, fromBig(part.Add(part, big.NewInt(int64(small)-20))))
		}
	}
	for bit := range uint(256) {
		list = append(list, fromBig(new(big.Int).Lsh(big.NewInt(1), bit)))
	}
	list = slices.DeleteFunc(list, func(x [4]uint64) bool { return isScalar(&x) == 0 })
	slices.SortFunc(list, func(x, y [4]uint64) int { return toBig(&x).Cmp(toBig(&y)) })
	list = slices.Compact(list)
	if testing.Short() {
		n := 0
		list = slices.DeleteFunc(list, func(x [4]uint64) bool { n++; return n%5 > 0 && x[3] != 0 && x[3] != order[3] })
	}
	return list
}

// checkKey holds the private key d against crypto/ecdh, alone and with a peer.
func checkKey(t *testing.T, d [4]uint64, ts tiers, peer *ecdh.PublicKey) {
	t.Helper()
	b := bytesOf(d)
	std := must[*ecdh.PrivateKey](t)(ecdh.P256().NewPrivateKey(b))
	k := private(t, b, ts)
	if got := k.PublicKey().Bytes(); !bytes.Equal(got, std.PublicKey().Bytes()) {
		t.Fatalf("public key of %x: %x, want %x", b, got, std.PublicKey().Bytes())
	}
	want := must[[]byte](t)(std.ECDH(peer))
	got := must[[]byte](t)(k.ECDH(public(t, peer.Bytes(), ts)))
	if !bytes.Equal(got, want) {
		t.Fatalf("%x times %x: %x, want %x", b, peer.Bytes(), got, want)
	}
}

func TestEdgeScalars(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		peer := must[*ecdh.PrivateKey](t)(ecdh.P256().GenerateKey(rand.Reader)).PublicKey()
		g := stdPrivate(&[4]uint64{1}).PublicKey()
		for _, d := range edgeScalars() {
			checkKey(t, d, ts, peer)
			checkKey(t, d, ts, g)
		}
	})
}

func TestRandomScalars(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := newRand(10)
		for range cases(2000) {
			d, e := randomBelow(r, &order), randomBelow(r, &order)
			if isScalar(&d)&isScalar(&e) == 0 {
				continue
			}
			checkKey(t, d, ts, stdPrivate(&e).PublicKey())
		}
	})
}

// The shared secret is the same from both sides.
func TestAgreement(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		a := must[*PrivateKey](t)(GenerateKey(rand.Reader))
		b := private(t, must[*PrivateKey](t)(GenerateKey(nil)).Bytes(), ts)
		x := must[[]byte](t)(private(t, a.Bytes(), ts).ECDH(b.PublicKey()))
		y := must[[]byte](t)(b.ECDH(a.PublicKey()))
		if len(x) != SharedSecretSize || !bytes.Equal(x, y) {
			t.Errorf("secrets %x and %x", x, y)
		}
	})
}

func TestPublicKeyEncodings(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := newRand(11)
		odd := 0
		for range cases(200) {
			d := randomBelow(r, &order)
			if isScalar(&d) == 0 {
				continue
			}
			b := stdPrivate(&d).PublicKey().Bytes()
			x, y := new(big.Int).SetBytes(b[1:33]), new(big.Int).SetBytes(b[33:])
			compressed := elliptic.MarshalCompressed(elliptic.P256(), x, y)
			odd += int(compressed[0] & 1)
			p, q := public(t, b, ts), public(t, compressed, ts)
			if !bytes.Equal(p.Bytes(), b) || !bytes.Equal(q.Bytes(), b) {
				t.Fatalf("%x: back %x, compressed %x", b, p.Bytes(), q.Bytes())
			}
			if !bytes.Equal(p.BytesCompressed(), compressed) || !bytes.Equal(q.BytesCompressed(), compressed) {
				t.Fatalf("%x: compressed %x and %x, want %x", b, p.BytesCompressed(), q.BytesCompressed(), compressed)
			}
			if !p.Equal(q) {
				t.Fatalf("%x: not equal to itself, compressed", b)
			}
		}
		if odd == 0 {
			t.Error("no y was odd")
		}
	})
}

func TestBadPublicKeys(t *testing.T) {
	good := stdPrivate(&[4]uint64{7}).PublicKey().Bytes()
	compressed := append([]byte{2 | good[64]&1}, good[1:33]...)
	with := func(b []byte, f func(b []byte)) []byte {
		b = bytes.Clone(b)
		f(b)
		return b
	}
	p := bytesOf(prime)
	// x = 5 is a point's, so x + p must be refused for its size alone; x = 1 is not.
	five := big.NewInt(5)
	x5 := encode(five, new(big.Int).ModSqrt(curve(five), bigP))
	plusP := with(x5, func(b []byte) {
		new(big.Int).Add(five, bigP).FillBytes(b[1:33])
	})
	public(t, x5, generic)
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"nil", nil},
		{"the point at infinity", []byte{0}},
		{"the point at infinity in 33 bytes", make([]byte, 33)},
		{"the point at infinity in 65 bytes", make([]byte, 65)},
		{"one byte 4", []byte{4}},
		{"a short key", good[:64]},
		{"a short compressed key", compressed[:32]},
		{"a byte behind", append(bytes.Clone(good), 0)},
		{"a byte behind a compressed key", append(bytes.Clone(compressed), 0)},
		{"a compressed key in 65 bytes", append(bytes.Clone(compressed), good[33:]...)},
		{"an uncompressed key in 33 bytes", with(compressed, func(b []byte) { b[0] = 4 })},
		{"hybrid", with(good, func(b []byte) { b[0] = 6 | b[64]&1 })},
		{"hybrid, wrong", with(good, func(b []byte) { b[0] = 7 ^ b[64]&1 })},
		{"first byte 0", with(good, func(b []byte) { b[0] = 0 })},
		{"first byte 5", with(good, func(b []byte) { b[0] = 5 })},
		{"first byte 0 of a compressed key", with(compressed, func(b []byte) { b[0] = 0 })},
		{"first byte 1 of a compressed key", with(compressed, func(b []byte) { b[0] = 1 })},
		{"not on the curve", with(good, func(b []byte) { b[64] ^= 1 })},
		{"the origin", with(good, func(b []byte) { clear(b[1:]) })},
		{"coordinates exchanged", append(append([]byte{4}, good[33:]...), good[1:33]...)},
		{"x = p", with(good, func(b []byte) { copy(b[1:], p) })},
		{"y = p", with(good, func(b []byte) { copy(b[33:], p) })},
		{"x = 5 + p", plusP},
		{"x = 5 + p, compressed", append([]byte{2}, plusP[1:33]...)},
		{"x = 2^256-1, compressed", append([]byte{2}, bytes.Repeat([]byte{255}, 32)...)},
		{"x = p, compressed", append([]byte{3}, p...)},
		{"no point has this x", append([]byte{2}, bytesOf([4]uint64{1})...)},
	} {
		if k, err := NewPublicKey(c.b); !errors.Is(err, errPublicKey) || k != nil {
			t.Errorf("%s: %v, %v", c.name, k, err)
		}
	}
	// y + p, which fits 32 bytes if y is small.
	for small := int64(0); ; small++ {
		y := big.NewInt(small)
		x := xOf(y)
		if x == nil {
			continue
		}
		b := encode(x, y)
		public(t, b, generic)
		y.Add(y, bigP).FillBytes(b[33:])
		if _, err := NewPublicKey(b); err == nil {
			t.Errorf("y = %d + p is accepted", small)
		}
		break
	}
}

// encode returns the point x, y uncompressed.
func encode(x, y *big.Int) []byte {
	b := make([]byte, 65)
	b[0] = 4
	x.FillBytes(b[1:33])
	y.FillBytes(b[33:])
	return b
}

// curve returns x^3 - 3x + b mod p.
func curve(x *big.Int) *big.Int {
	y := new(big.Int).Exp(x, big.NewInt(3), bigP)
	y.Sub(y, new(big.Int).Mul(x, big.NewInt(3)))
	y.Add(y, elliptic.P256().Params().B)
	return y.Mod(y, bigP)
}

// xOf returns an x with x^3 - 3x + b = y^2 mod p, or nil. It takes the gcd of that
// polynomial and x^p - x, and splits it until one root is left.
func xOf(y *big.Int) *big.Int {
	c := new(big.Int).Mul(y, y)
	c.Sub(elliptic.P256().Params().B, c)
	f := poly{c.Mod(c, bigP), big.NewInt(-3), new(big.Int), big.NewInt(1)}.reduce()
	xp := powMod(poly{new(big.Int), big.NewInt(1)}, bigP, f)
	g := gcd(f, xp.sub(poly{new(big.Int), big.NewInt(1)}))
	for shift := int64(0); len(g) > 2; shift++ {
		h := powMod(poly{big.NewInt(shift), big.NewInt(1)}, new(big.Int).Rsh(bigP, 1), g).sub(poly{big.NewInt(1)})
		if d := gcd(g, h); len(d) > 1 && len(d) < len(g) {
			g = d
		}
	}
	if len(g) != 2 {
		return nil
	}
	x := new(big.Int).ModInverse(g[1], bigP)
	x.Mul(x, g[0])
	return x.Mod(x.Neg(x), bigP)
}

// A poly is a polynomial mod p, the constant first; its last coefficient is not 0.
type poly []*big.Int

func (f poly) reduce() poly {
	g := make(poly, len(f))
	for i := range f {
		g[i] = new(big.Int).Mod(f[i], bigP)
	}
	for len(g) > 0 && g[len(g)-1].Sign() == 0 {
		g = g[:len(g)-1]
	}
	return g
}

func (f poly) sub(g poly) poly {
	h := make(poly, max(len(f), len(g)))
	for i := range h {
		h[i] = new(big.Int)
		if i < len(f) {
			h[i].Set(f[i])
		}
		if i < len(g) {
			h[i].Sub(h[i], g[i])
		}
	}
	return h.reduce()
}

// mod returns f mod g.
func (f poly) mod(g poly) poly {
	f = f.reduce()
	lead := new(big.Int).ModInverse(g[len(g)-1], bigP)
	for len(f) >= len(g) {
		q := new(big.Int).Mul(f[len(f)-1], lead)
		h := make(poly, len(f))
		for i := range h {
			h[i] = new(big.Int)
			if j := i - (len(f) - len(g)); j >= 0 {
				h[i].Mul(q, g[j])
			}
		}
		f = f.sub(h.reduce())
	}
	return f
}

func powMod(f poly, e *big.Int, m poly) poly {
	r := poly{big.NewInt(1)}
	for i := e.BitLen() - 1; i >= 0; i-- {
		r = mulPoly(r, r).mod(m)
		if e.Bit(i) == 1 {
			r = mulPoly(r, f).mod(m)
		}
	}
	return r
}

func mulPoly(f, g poly) poly {
	if len(f) == 0 || len(g) == 0 {
		return nil
	}
	h := make(poly, len(f)+len(g)-1)
	for i := range h {
		h[i] = new(big.Int)
	}
	for i := range f {
		for j := range g {
			h[i+j].Add(h[i+j], new(big.Int).Mul(f[i], g[j]))
		}
	}
	return h.reduce()
}

func gcd(f, g poly) poly {
	for len(g) > 0 {
		f, g = g, f.mod(g)
	}
	return f
}

func TestBadPrivateKeys(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"nil", nil},
		{"zero", make([]byte, 32)},
		{"n", bytesOf(order)},
		{"n+1", bytesOf([4]uint64{order[0] + 1, order[1], order[2], order[3]})},
		{"2^256-1", bytes.Repeat([]byte{255}, 32)},
		{"31 bytes", make([]byte, 31)},
		{"33 bytes", append(make([]byte, 32), 1)},
	} {
		if k, err := NewPrivateKey(c.b); !errors.Is(err, errPrivateKey) || k != nil {
			t.Errorf("%s: %v, %v", c.name, k, err)
		}
	}
	for _, d := range [][4]uint64{{1}, {order[0] - 1, order[1], order[2], order[3]}} {
		if k, err := NewPrivateKey(bytesOf(d)); err != nil || !bytes.Equal(k.Bytes(), bytesOf(d)) {
			t.Errorf("%x: %v", d, err)
		}
	}
}

func TestGenerateKey(t *testing.T) {
	if _, err := GenerateKey(strings.NewReader("short")); err != io.ErrUnexpectedEOF {
		t.Errorf("a short source: %v", err)
	}
	if _, err := GenerateKey(zeros{}); err != errRandom {
		t.Errorf("a source of zeros: %v", err)
	}
	// n, 0 and 2^256-1 are passed over.
	source := slices.Concat(bytesOf(order), make([]byte, 32), bytes.Repeat([]byte{255}, 32), bytesOf([4]uint64{42}))
	k, err := GenerateKey(bytes.NewReader(source))
	if err != nil || !bytes.Equal(k.Bytes(), bytesOf([4]uint64{42})) {
		t.Errorf("the fourth number is in range: %v", err)
	}
	a, b := must[*PrivateKey](t)(GenerateKey(nil)), must[*PrivateKey](t)(GenerateKey(rand.Reader))
	if a.Equal(b) {
		t.Error("two new keys are equal")
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// What is handed in or out shares no memory with a key.
func TestCopies(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		b := bytesOf([4]uint64{5})
		k := private(t, b, ts)
		clear(b)
		clear(k.Bytes())
		if !bytes.Equal(k.Bytes(), bytesOf([4]uint64{5})) {
			t.Error("the private key changed")
		}
		want := stdPrivate(&[4]uint64{5}).PublicKey().Bytes()
		clear(k.PublicKey().Bytes())
		clear(k.PublicKey().BytesCompressed())
		k.PublicKey().ToECDSA().X.SetInt64(1)
		if !bytes.Equal(k.PublicKey().Bytes(), want) {
			t.Error("the public key changed")
		}
		b = bytes.Clone(want)
		p := public(t, b, ts)
		clear(b)
		if !bytes.Equal(p.Bytes(), want) {
			t.Error("a new public key changed")
		}
		if p, q := k.PublicKey(), k.PublicKey(); p != q {
			t.Error("the public key is not kept")
		}
		if p, q := k.Public(), k.Public(); p != q {
			t.Error("the *ecdsa.PublicKey is not kept")
		}
		// The digest and the message stay as they are.
		digest := bytes.Repeat([]byte{9}, 32)
		sig := must[[]byte](t)(k.Sign(rand.Reader, digest, crypto.SHA256))
		before := bytes.Clone(sig)
		if !VerifyASN1(p, digest, sig) || !bytes.Equal(sig, before) || !bytes.Equal(digest, bytes.Repeat([]byte{9}, 32)) {
			t.Error("signing or verifying changed an argument, or failed")
		}
		// Public keys in use may be their own peers, and the digest the signature.
		if _, err := k.ECDH(k.PublicKey()); err != nil {
			t.Error(err)
		}
		if VerifyASN1(p, sig, sig) {
			t.Error("a signature is its own digest's")
		}
	})
}

func TestEqual(t *testing.T) {
	a, b := private(t, bytesOf([4]uint64{5}), hostTiers), private(t, bytesOf([4]uint64{5}), hostTiers)
	c := private(t, bytesOf([4]uint64{6}), hostTiers)
	if !a.Equal(b) || a.Equal(c) || a.Equal(a.PublicKey()) || a.Equal(a.ToECDSA()) || a.Equal(nil) {
		t.Error("private keys")
	}
	p, q := a.PublicKey(), c.PublicKey()
	minus := private(t, bytesOf([4]uint64{order[0] - 5, order[1], order[2], order[3]}), hostTiers).PublicKey()
	if !p.Equal(b.PublicKey()) || p.Equal(q) || p.Equal(minus) || p.Equal(a) || p.Equal(p.ToECDSA()) || p.Equal(nil) {
		t.Error("public keys")
	}
}

func TestConversions(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, bytesOf([4]uint64{1, 2, 3, 4}), ts)
		std := k.ToECDSA()
		if std.Curve != elliptic.P256() || !std.PublicKey.Equal(k.Public()) {
			t.Error("ToECDSA")
		}
		if back := must[*PrivateKey](t)(FromECDSA(std)); !back.Equal(k) || !back.PublicKey().Equal(k.PublicKey()) {
			t.Error("FromECDSA")
		}
		if back := must[*PublicKey](t)(PublicFromECDSA(&std.PublicKey)); !back.Equal(k.PublicKey()) {
			t.Error("PublicFromECDSA")
		}
		ek := must[*ecdh.PrivateKey](t)(k.ToECDH())
		if !bytes.Equal(ek.Bytes(), k.Bytes()) {
			t.Error("ToECDH")
		}
		if back := must[*PrivateKey](t)(FromECDH(ek)); !back.Equal(k) || !back.PublicKey().Equal(k.PublicKey()) {
			t.Error("FromECDH")
		}
		ep := must[*ecdh.PublicKey](t)(k.PublicKey().ToECDH())
		if !ep.Equal(ek.PublicKey()) {
			t.Error("the public ToECDH")
		}
		if back := must[*PublicKey](t)(PublicFromECDH(ep)); !back.Equal(k.PublicKey()) {
			t.Error("PublicFromECDH")
		}
		// The form of the curve that is not crypto/ecdsa's own.
		params := *std
		params.Curve = elliptic.P256().Params()
		if _, err := FromECDSA(&params); err != nil {
			t.Errorf("elliptic.P256().Params(): %v", err)
		}
	})
}

func TestBadConversions(t *testing.T) {
	good := private(t, bytesOf([4]uint64{1, 2, 3, 4}), hostTiers).ToECDSA()
	other := private(t, bytesOf([4]uint64{1, 2, 3, 5}), hostTiers).ToECDSA()
	minus := new(big.Int).Sub(bigP, good.Y)
	p384 := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
	key := func(f func(k *ecdsa.PrivateKey)) *ecdsa.PrivateKey {
		k := *good
		f(&k)
		return &k
	}
	for _, c := range []struct {
		name string
		k    *ecdsa.PrivateKey
		err  error
	}{
		{"nil", nil, errCurve},
		{"zero", &ecdsa.PrivateKey{}, errCurve},
		{"P-384", p384, errCurve},
		{"P-384's numbers", key(func(k *ecdsa.PrivateKey) { k.Curve = elliptic.P384() }), errCurve},
		{"no curve", key(func(k *ecdsa.PrivateKey) { k.Curve = nil }), errCurve},
		{"a nil curve", key(func(k *ecdsa.PrivateKey) { k.Curve = (*elliptic.CurveParams)(nil) }), errCurve},
		{"no D", key(func(k *ecdsa.PrivateKey) { k.D = nil }), errPrivateKey},
		{"D = 0", key(func(k *ecdsa.PrivateKey) { k.D = new(big.Int) }), errPrivateKey},
		{"D < 0", key(func(k *ecdsa.PrivateKey) { k.D = new(big.Int).Neg(good.D) }), errPrivateKey},
		{"D = n", key(func(k *ecdsa.PrivateKey) { k.D = bigN }), errPrivateKey},
		{"D + n", key(func(k *ecdsa.PrivateKey) { k.D = new(big.Int).Add(good.D, bigN) }), errPrivateKey},
		{"D = 2^256-1", key(func(k *ecdsa.PrivateKey) { k.D = new(big.Int).Sub(bigR, big.NewInt(1)) }), errPrivateKey},
		{"D = 2^256", key(func(k *ecdsa.PrivateKey) { k.D = bigR }), errPrivateKey},
		{"no X", key(func(k *ecdsa.PrivateKey) { k.X = nil }), errPublicKey},
		{"no Y", key(func(k *ecdsa.PrivateKey) { k.Y = nil }), errPublicKey},
		{"X < 0", key(func(k *ecdsa.PrivateKey) { k.X = new(big.Int).Neg(good.X) }), errPublicKey},
		{"X + p", key(func(k *ecdsa.PrivateKey) { k.X = new(big.Int).Add(good.X, bigP) }), errPublicKey},
		{"Y + 2^256", key(func(k *ecdsa.PrivateKey) { k.Y = new(big.Int).Add(good.Y, bigR) }), errPublicKey},
		{"not on the curve", key(func(k *ecdsa.PrivateKey) { k.X = new(big.Int).Add(good.X, big.NewInt(1)) }), errPublicKey},
		{"another's public key", key(func(k *ecdsa.PrivateKey) { k.PublicKey = other.PublicKey }), errMismatch},
		{"the negative public key", key(func(k *ecdsa.PrivateKey) { k.Y = minus }), errMismatch},
	} {
		if k, err := FromECDSA(c.k); !errors.Is(err, c.err) || k != nil {
			t.Errorf("%s: %v, %v, want %v", c.name, k, err, c.err)
		}
		if c.err == errPrivateKey || c.err == errMismatch {
			continue
		}
		var p *ecdsa.PublicKey
		if c.k != nil {
			p = &c.k.PublicKey
		}
		if k, err := PublicFromECDSA(p); !errors.Is(err, c.err) || k != nil {
			t.Errorf("%s, public: %v, %v, want %v", c.name, k, err, c.err)
		}
	}
	x := must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader))
	for _, k := range []*ecdh.PrivateKey{nil, x, must[*ecdh.PrivateKey](t)(p384.ECDH())} {
		if k, err := FromECDH(k); !errors.Is(err, errCurve) || k != nil {
			t.Errorf("FromECDH: %v, %v", k, err)
		}
	}
	for _, p := range []*ecdh.PublicKey{nil, x.PublicKey()} {
		if p, err := PublicFromECDH(p); !errors.Is(err, errCurve) || p != nil {
			t.Errorf("PublicFromECDH: %v, %v", p, err)
		}
	}
}

func TestKeyExchanger(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, bytesOf([4]uint64{1, 2, 3, 4}), ts)
		x := k.KeyExchanger()
		std := must[*ecdh.PrivateKey](t)(k.ToECDH())
		if x.Curve() != ecdh.P256() || !x.PublicKey().Equal(std.PublicKey()) {
			t.Error("the curve or the public key is another")
		}
		peer := must[*ecdh.PrivateKey](t)(ecdh.P256().GenerateKey(rand.Reader))
		got := must[[]byte](t)(x.ECDH(peer.PublicKey()))
		if want := must[[]byte](t)(peer.ECDH(x.PublicKey())); !bytes.Equal(got, want) {
			t.Errorf("secret %x, want %x", got, want)
		}
		other := must[*ecdh.PrivateKey](t)(ecdh.X25519().GenerateKey(rand.Reader))
		for _, p := range []*ecdh.PublicKey{nil, other.PublicKey()} {
			if b, err := x.ECDH(p); !errors.Is(err, errCurve) || b != nil {
				t.Errorf("ECDH with another curve: %x, %v", b, err)
			}
		}
	})
}

func TestTier(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, bytesOf([4]uint64{5}), ts)
		if k.Tier() != ts.mult.String() || k.PublicKey().Tier() != ts.verify.String() {
			t.Errorf("tiers %s and %s, want %v", k.Tier(), k.PublicKey().Tier(), ts)
		}
	})
	if k := must[*PrivateKey](t)(GenerateKey(nil)); k.Tier() != hostTiers.mult.String() {
		t.Errorf("a new key is of tier %s, want %s", k.Tier(), hostTiers.mult)
	}
}

// Keys that no function of this package made are never used.
func TestNotMade(t *testing.T) {
	good := private(t, bytesOf([4]uint64{5}), hostTiers)
	digest := make([]byte, 32)
	sig := must[[]byte](t)(SignASN1(rand.Reader, good, digest))
	for _, k := range []*PrivateKey{nil, {}} {
		for name, f := range map[string]func(){
			"ECDH":        func() { k.ECDH(good.PublicKey()) },
			"PublicKey":   func() { k.PublicKey() },
			"Public":      func() { k.Public() },
			"Bytes":       func() { k.Bytes() },
			"Equal":       func() { k.Equal(good) },
			"Equal, arg":  func() { good.Equal(k) },
			"Tier":        func() { k.Tier() },
			"ToECDSA":     func() { k.ToECDSA() },
			"ToECDH":      func() { k.ToECDH() },
			"KeyExchange": func() { k.KeyExchanger() },
			"SignASN1":    func() { SignASN1(rand.Reader, k, digest) },
			"RFC 6979":    func() { SignASN1(nil, k, digest) },
			"Sign":        func() { Sign(rand.Reader, k, digest) },
			"method Sign": func() { k.Sign(rand.Reader, digest, crypto.SHA256) },
			"SignMessage": func() { k.SignMessage(rand.Reader, digest, crypto.SHA256) },
		} {
			mustPanic(t, "PrivateKey "+name, "p256: PrivateKey not made by ", f)
		}
	}
	for _, p := range []*PublicKey{nil, {}} {
		for name, f := range map[string]func(){
			"ECDH":            func() { good.ECDH(p) },
			"Bytes":           func() { p.Bytes() },
			"BytesCompressed": func() { p.BytesCompressed() },
			"Equal":           func() { p.Equal(good.PublicKey()) },
			"Equal, arg":      func() { good.PublicKey().Equal(p) },
			"Tier":            func() { p.Tier() },
			"ToECDSA":         func() { p.ToECDSA() },
			"ToECDH":          func() { p.ToECDH() },
			"VerifyASN1":      func() { VerifyASN1(p, digest, sig) },
			"bad VerifyASN1":  func() { VerifyASN1(p, digest, nil) },
			"Verify":          func() { Verify(p, digest, sig) },
		} {
			mustPanic(t, "PublicKey "+name, "p256: PublicKey not made by ", f)
		}
	}
}

func mustPanic(t *testing.T, name, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if text, ok := recover().(string); !ok || !strings.HasPrefix(text, want) {
			t.Errorf("%s: panic %q, want %q", name, text, want)
		}
	}()
	f()
}

// Goroutines that use a key for the first time, all at once.
func TestConcurrency(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		for range 20 {
			k := private(t, must[*PrivateKey](t)(GenerateKey(nil)).Bytes(), ts)
			peer := public(t, stdPrivate(&[4]uint64{5}).PublicKey().Bytes(), ts)
			want := must[[]byte](t)(stdPrivate(&k.d).ECDH(stdPrivate(&[4]uint64{5}).PublicKey()))
			digest := make([]byte, 32)
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() {
					sig, err := k.Sign(rand.Reader, digest, crypto.SHA256)
					if err != nil || !VerifyASN1(k.PublicKey(), digest, sig) {
						t.Errorf("a signature fails: %v", err)
					}
					if got, err := k.ECDH(peer); err != nil || !bytes.Equal(got, want) {
						t.Errorf("secret %x, %v, want %x", got, err, want)
					}
					if !k.Public().(*ecdsa.PublicKey).Equal(k.PublicKey().ToECDSA()) {
						t.Error("public keys differ")
					}
				})
			}
			wg.Wait()
		}
	})
}

// Constructors fail in FIPS 140-3 enforced mode, which is set when a program
// starts: the test runs itself again.
func TestFIPSOnly(t *testing.T) {
	if os.Getenv("P256_FIPS_CHILD") == "" {
		if testing.Short() {
			t.Skip("runs itself again, which emulators can't")
		}
		cmd := exec.Command(os.Args[0], "-test.run=^TestFIPSOnly$", "-test.v")
		cmd.Env = append(os.Environ(), "P256_FIPS_CHILD=1", "GODEBUG=fips140=only")
		out, err := cmd.CombinedOutput()
		if bytes.Contains(out, []byte("fips140: FIPS 140-3 mode is incompatible with")) {
			t.Skip("the standard library has no FIPS mode in this build")
		}
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestFIPSOnly")) {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	if !fips140.Enforced() {
		t.Fatal("FIPS 140-3 is not enforced")
	}
	b := bytesOf([4]uint64{5})
	std := must[*ecdh.PrivateKey](t)(ecdh.P256().NewPrivateKey(b))
	ec := must[*ecdsa.PrivateKey](t)(ecdsa.ParseRawPrivateKey(elliptic.P256(), b))
	var k *PrivateKey
	fips140.WithoutEnforcement(func() { k = must[*PrivateKey](t)(NewPrivateKey(b)) })
	for name, f := range map[string]func() error{
		"GenerateKey":     func() error { _, err := GenerateKey(nil); return err },
		"NewPrivateKey":   func() error { _, err := NewPrivateKey(b); return err },
		"NewPublicKey":    func() error { _, err := NewPublicKey(std.PublicKey().Bytes()); return err },
		"FromECDH":        func() error { _, err := FromECDH(std); return err },
		"PublicFromECDH":  func() error { _, err := PublicFromECDH(std.PublicKey()); return err },
		"FromECDSA":       func() error { _, err := FromECDSA(ec); return err },
		"PublicFromECDSA": func() error { _, err := PublicFromECDSA(&ec.PublicKey); return err },
	} {
		if err := f(); !errors.Is(err, errFIPS) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A key that was made without enforcement works.
	digest := make([]byte, 32)
	for _, random := range []io.Reader{rand.Reader, nil} {
		sig, err := k.Sign(random, digest, crypto.SHA256)
		if err != nil || !ecdsa.VerifyASN1(k.Public().(*ecdsa.PublicKey), digest, sig) {
			t.Errorf("a signature: %v", err)
		}
	}
	if _, err := k.KeyExchanger().ECDH(std.PublicKey()); err != nil {
		t.Error(err)
	}
}
