package x25519

import (
	"bytes"
	"crypto"
	"crypto/ecdh"
	"crypto/fips140"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"flag"
	"io"
	"math/big"
	mrand "math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/crypto/curve25519"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

var million = flag.Bool("million", false, "run the tests that take a million steps: RFC 7748's, and random keys against crypto/ecdh")

// testTiers runs f for every tier that this package has a ladder for, with the
// multiplication of the base point of the same tier, and for generic.
func testTiers(t *testing.T, f func(t *testing.T, ts tiers)) {
	t.Helper()
	cryptotest.Tiers(t, "x25519", append(slices.Clone(ladderTiers), cpu.Generic), func(t *testing.T, tier cpu.Tier) {
		f(t, tiersOf(tier))
	})
}

func tiersOf(tier cpu.Tier) tiers {
	if slices.Contains(baseTiers, tier) {
		return tiers{tier, tier}
	}
	return tiers{tier, cpu.Generic}
}

func private(t testing.TB, key []byte, ts tiers) *PrivateKey {
	t.Helper()
	k, err := newTier(key, ts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func public(t testing.TB, key []byte) *PublicKey {
	t.Helper()
	p, err := NewPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func secret(t testing.TB, k *PrivateKey, p *PublicKey) []byte {
	t.Helper()
	s, err := k.ECDH(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func decode(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 7748, Section 5.2, the first two test vectors.
func TestRFC7748(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		for _, v := range [][3]string{{
			"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
			"e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
		}, {
			"4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
			"e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
			"95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
		}} {
			got := secret(t, private(t, decode(t, v[0]), ts), public(t, decode(t, v[1])))
			if hex.EncodeToString(got) != v[2] {
				t.Errorf("%s times %s: %x, want %s", v[0], v[1], got, v[2])
			}
		}
	})
}

// RFC 7748, Section 6.1.
func TestRFC7748ECDH(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		a := private(t, decode(t, "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"), ts)
		b := private(t, decode(t, "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"), ts)
		for _, v := range []struct {
			name string
			got  []byte
			want string
		}{
			{"Alice's public key", a.PublicKey().Bytes(), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"},
			{"Bob's public key", b.PublicKey().Bytes(), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"},
			{"Alice's secret", secret(t, a, b.PublicKey()), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
			{"Bob's secret", secret(t, b, a.PublicKey()), "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
		} {
			if hex.EncodeToString(v.got) != v.want {
				t.Errorf("%s: %x, want %s", v.name, v.got, v.want)
			}
		}
	})
}

// RFC 7748, Section 5.2, the second kind of test: the output of each step is the
// scalar of the next, and the scalar its point.
func TestRFC7748Iterated(t *testing.T) {
	after := map[int]string{
		1:         "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
		1_000:     "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51",
		1_000_000: "7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424",
	}
	testTiers(t, func(t *testing.T, ts tiers) {
		n := 1_000
		switch {
		case *million:
			n = 1_000_000
		case race || testing.Short():
			n = 1
		}
		k, u := generator, generator
		for i := 1; i <= n; i++ {
			var r [32]byte
			if _, err := x25519(&r, k[:], u[:], ts); err != nil {
				t.Fatal(err)
			}
			k, u = r, k
			if want, ok := after[i]; ok && hex.EncodeToString(k[:]) != want {
				t.Fatalf("after %d steps: %x, want %s", i, k, want)
			}
		}
	})
}

// edges are u-coordinates: of points of low order, which have no secret with
// anybody; non-canonical ones; and others around the modulus.
func edges() (us []*big.Int) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for _, base := range []*big.Int{new(big.Int), p} {
		for d := int64(-3); d < 20; d++ {
			us = append(us, new(big.Int).Add(base, big.NewInt(d)))
		}
	}
	for i := 3; i < 256; i++ {
		u := new(big.Int).Lsh(big.NewInt(1), uint(i))
		us = append(us, u, new(big.Int).Sub(u, big.NewInt(1)), new(big.Int).Sub(p, u))
	}
	us = append(us, lowOrder()...)
	return slices.DeleteFunc(us, func(u *big.Int) bool { return u.Sign() < 0 || u.BitLen() > 255 })
}

// lowOrder returns the u-coordinates less than 2^255 of points whose order
// divides 8, on the curve or on its twist: 0 (order 1, 2), -1 and 1 (order 4),
// and two of order 8.
func lowOrder() (us []*big.Int) {
	p := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 255), big.NewInt(19))
	for _, s := range []string{
		"0", "1",
		"325606250916557431795983626356110631294008115727848805560023387167927233504",
		"39382357235489614581723060781553021112529911719440698176882885853963445705823",
	} {
		u, _ := new(big.Int).SetString(s, 10)
		us = append(us, u)
	}
	minus := new(big.Int).Sub(p, big.NewInt(1))
	return append(us, minus, p, new(big.Int).Add(p, big.NewInt(1)))
}

func littleEndian(u *big.Int) []byte {
	b := u.FillBytes(make([]byte, 32))
	slices.Reverse(b)
	return b
}

func TestLowOrder(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := mrand.New(mrand.NewPCG(1, 7748))
		for _, u := range lowOrder() {
			for _, top := range []byte{0, 0x80} {
				key, point := make([]byte, 32), littleEndian(u)
				cryptotest.Fill(r, key)
				point[31] |= top
				s, err := private(t, key, ts).ECDH(public(t, point))
				if s != nil || err != errLowOrder {
					t.Errorf("u = %d, %#x in the last byte: %x, %v", u, top, s, err)
				}
				if _, err := x25519(new([32]byte), key, point, ts); err != errLowOrder {
					t.Errorf("X25519 of u = %d, %#x in the last byte: %v", u, top, err)
				}
			}
		}
	})
}

// Against crypto/ecdh: edges, then keys and points of every bit density, half of
// them on the twist, many non-canonical.
func TestStandard(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := mrand.New(mrand.NewPCG(2, 7748))
		key, point := make([]byte, 32), make([]byte, 32)
		us := edges()
		if race || ts.ladder == cpu.Generic {
			us = lowOrder()
		}
		for _, u := range us {
			cryptotest.Fill(r, key)
			b := littleEndian(u)
			b[31] |= byte(r.Uint32() & 0x80)
			compare(t, ts, key, b)
		}
		n := 3_000
		switch {
		case race || ts.ladder == cpu.Generic:
			n = 30
		case *million:
			n = 1_000_000
		}
		for range n {
			cryptotest.Fill(r, key)
			cryptotest.Fill(r, point)
			compare(t, ts, key, point)
		}
	})
}

// compare holds the public key of a private one, and its secret with a point,
// against crypto/ecdh.
func compare(t *testing.T, ts tiers, key, point []byte) {
	t.Helper()
	k := private(t, key, ts)
	std, err := ecdh.X25519().NewPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := k.PublicKey().Bytes(), std.PublicKey().Bytes(); !bytes.Equal(got, want) {
		t.Fatalf("public key of %x: %x, want %x", key, got, want)
	}
	peer, err := ecdh.X25519().NewPublicKey(point)
	if err != nil {
		t.Fatal(err)
	}
	got, gotErr := k.ECDH(public(t, point))
	want, wantErr := std.ECDH(peer)
	if !bytes.Equal(got, want) || (gotErr == nil) != (wantErr == nil) {
		t.Fatalf("%x times %x: %x, %v, want %x, %v", key, point, got, gotErr, want, wantErr)
	}
}

// X25519 against x/crypto's, of which it promises to be a replacement.
func TestX25519(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		r := mrand.New(mrand.NewPCG(3, 7748))
		for range 30 {
			scalar, point := make([]byte, 32), make([]byte, 32)
			cryptotest.Fill(r, scalar)
			cryptotest.Fill(r, point)
			for _, p := range [][]byte{point, Basepoint, bytes.Clone(Basepoint), make([]byte, 32)} {
				got, err := x25519(new([32]byte), scalar, p, ts)
				want, wantErr := curve25519.X25519(scalar, p)
				if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
					t.Fatalf("X25519(%x, %x) = %x, %v, want %x, %v", scalar, p, got, err, want, wantErr)
				}
			}
		}
		// Somebody writes to Basepoint: it counts as what it holds.
		defer func() { Basepoint[0] = 9 }()
		Basepoint[0] = 11
		got, err := x25519(new([32]byte), generator[:], Basepoint, ts)
		if err != nil {
			t.Fatal(err)
		}
		point := make([]byte, 32)
		point[0] = 11
		if want, err := curve25519.X25519(generator[:], point); err != nil || !bytes.Equal(got, want) {
			t.Errorf("Basepoint changed: %x, want %x, %v", got, want, err)
		}
		if k := private(t, generator[:], ts); !bytes.Equal(k.PublicKey().Bytes(), decode(t, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")) {
			t.Error("a public key depends on what Basepoint holds")
		}
	})
	got, err := X25519(generator[:], Basepoint)
	if err != nil || hex.EncodeToString(got) != "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079" {
		t.Errorf("X25519(9, Basepoint) = %x, %v", got, err)
	}
	if got, err := X25519(generator[:], make([]byte, 32)); got != nil || err != errLowOrder {
		t.Errorf("X25519(9, 0) = %x, %v", got, err)
	}
}

func TestSizes(t *testing.T) {
	good := make([]byte, 32)
	for n := range 70 {
		b := make([]byte, n)
		b = append(b[:0:n], generator[:min(n, 32)]...)[:n]
		k, kErr := NewPrivateKey(b)
		p, pErr := NewPublicKey(b)
		x, xErr := X25519(b, Basepoint)
		y, yErr := X25519(good, b)
		if n == 32 {
			if kErr != nil || pErr != nil || xErr != nil || yErr != nil {
				t.Error(kErr, pErr, xErr, yErr)
			}
			continue
		}
		if k != nil || kErr != KeySizeError(n) {
			t.Errorf("NewPrivateKey of %d bytes: %v, %v", n, k, kErr)
		}
		if p != nil || pErr != KeySizeError(n) {
			t.Errorf("NewPublicKey of %d bytes: %v, %v", n, p, pErr)
		}
		if x != nil || xErr == nil || y != nil || yErr == nil {
			t.Errorf("X25519 with %d bytes: %v, %v, %v, %v", n, x, xErr, y, yErr)
		}
	}
	if got := KeySizeError(31).Error(); got != "x25519: invalid key size 31" {
		t.Error(got)
	}
	for _, b := range [][]byte{nil, {}} {
		if _, err := NewPublicKey(b); err != KeySizeError(0) {
			t.Error(err)
		}
	}
}

// Keys are copies, both when they are made and when they are returned.
func TestCopies(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		in := make([]byte, 32)
		in[0], in[31] = 0xff, 0xff // not clamped
		want := bytes.Clone(in)
		k, p := private(t, in, ts), public(t, in)
		clear(in)
		for range 2 {
			if got := k.Bytes(); !bytes.Equal(got, want) {
				t.Errorf("private key %x, want %x", got, want)
			} else {
				clear(got)
			}
			if got := p.Bytes(); !bytes.Equal(got, want) {
				t.Errorf("public key %x, want %x", got, want)
			} else {
				clear(got)
			}
		}
		if p := k.PublicKey(); p != k.PublicKey() {
			t.Error("the public key is not kept")
		}
		if k.Public() != crypto.PublicKey(k.PublicKey()) {
			t.Error("Public is not PublicKey")
		}
		a, b := secret(t, k, public(t, generator[:])), secret(t, k, public(t, generator[:]))
		clear(a)
		if !bytes.Equal(b, k.PublicKey().Bytes()) {
			t.Error("secrets share memory, or are wrong")
		}
	})
}

func TestEqual(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		k, p := private(t, make([]byte, 32), ts), public(t, make([]byte, 32))
		if !k.Equal(k) || !k.Equal(private(t, make([]byte, 32), ts)) || !p.Equal(p) || !p.Equal(public(t, make([]byte, 32))) {
			t.Error("equal keys are not equal")
		}
		for i := range 256 {
			b := make([]byte, 32)
			b[i/8] ^= 1 << (i % 8)
			if k.Equal(private(t, b, ts)) || p.Equal(public(t, b)) {
				t.Errorf("keys that differ in bit %d are equal", i)
			}
		}
		if k.Equal(p) || p.Equal(k) || k.Equal(nil) || p.Equal(nil) || k.Equal(*p) || p.Equal(0) {
			t.Error("keys equal what is of another type")
		}
	})
	var _ interface {
		Public() crypto.PublicKey
		Equal(crypto.PrivateKey) bool
	} = (*PrivateKey)(nil)
	var _ interface{ Equal(crypto.PublicKey) bool } = (*PublicKey)(nil)
}

func TestGenerateKey(t *testing.T) {
	in := bytes.Repeat([]byte{1, 2, 3, 4}, 20)
	src := bytes.NewReader(in)
	k, err := GenerateKey(src)
	if err != nil || !bytes.Equal(k.Bytes(), in[:32]) || src.Len() != len(in)-32 {
		t.Errorf("%x, %v, %d bytes left", k.Bytes(), err, src.Len())
	}
	if k, err := GenerateKey(strings.NewReader("only thirty-one bytes are there")); k != nil || err != io.ErrUnexpectedEOF {
		t.Errorf("%v, %v", k, err)
	}
	seen := map[string]bool{}
	for range 10 {
		for _, random := range []io.Reader{nil, rand.Reader} {
			k, err := GenerateKey(random)
			if err != nil {
				t.Fatal(err)
			}
			seen[string(k.Bytes())] = true
		}
	}
	if len(seen) != 20 {
		t.Errorf("%d keys of 20 differ", len(seen))
	}
}

func TestConversions(t *testing.T) {
	std, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k, err := FromECDH(std)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(k.Bytes(), std.Bytes()) || !bytes.Equal(k.PublicKey().Bytes(), std.PublicKey().Bytes()) {
		t.Error("FromECDH: another key")
	}
	p, err := PublicFromECDH(std.PublicKey())
	if err != nil || !p.Equal(k.PublicKey()) {
		t.Error("PublicFromECDH: another key", err)
	}
	testTiers(t, func(t *testing.T, ts tiers) {
		k := private(t, std.Bytes(), ts)
		if got, err := k.ToECDH(); err != nil || !got.Equal(std) {
			t.Error("ToECDH: another private key", err)
		}
		for _, p := range []*PublicKey{p, k.PublicKey()} {
			if got, err := p.ToECDH(); err != nil || !got.Equal(std.PublicKey()) {
				t.Error("ToECDH: another public key", err)
			}
		}
	})
	other, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, std := range []*ecdh.PrivateKey{nil, other} {
		if k, err := FromECDH(std); k != nil || err != errCurve {
			t.Errorf("FromECDH of another curve: %v, %v", k, err)
		}
	}
	for _, std := range []*ecdh.PublicKey{nil, other.PublicKey()} {
		if p, err := PublicFromECDH(std); p != nil || err != errCurve {
			t.Errorf("PublicFromECDH of another curve: %v, %v", p, err)
		}
	}
}

func TestKeyExchanger(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		std, err := ecdh.X25519().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		var x ecdh.KeyExchanger = private(t, bytes.Repeat([]byte{5}, 32), ts).KeyExchanger()
		a, err := x.ECDH(std.PublicKey())
		if err != nil {
			t.Fatal(err)
		}
		b, err := std.ECDH(x.PublicKey())
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%x, %x, %v", a, b, err)
		}
		if x.Curve() != ecdh.X25519() {
			t.Errorf("curve %v", x.Curve())
		}
		other, err := ecdh.P256().GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []*ecdh.PublicKey{nil, other.PublicKey()} {
			if s, err := x.ECDH(p); s != nil || err != errCurve {
				t.Errorf("a key of another curve: %x, %v", s, err)
			}
		}
		zero, err := ecdh.X25519().NewPublicKey(make([]byte, 32))
		if err != nil {
			t.Fatal(err)
		}
		if s, err := x.ECDH(zero); s != nil || err != errLowOrder {
			t.Errorf("a key of low order: %x, %v", s, err)
		}
	})
}

func TestTier(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		if got := private(t, make([]byte, 32), ts).Tier(); got != ts.ladder.String() {
			t.Errorf("%q", got)
		}
	})
	k, err := GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := k.Tier(); got != hostTiers.ladder.String() {
		t.Errorf("%q", got)
	}
}

func TestNotMade(t *testing.T) {
	const (
		noPrivate = "x25519: PrivateKey not made by GenerateKey, NewPrivateKey or FromECDH"
		noPublic  = "x25519: PublicKey not made by NewPublicKey, PrivateKey.PublicKey or PublicFromECDH"
	)
	good := private(t, make([]byte, 32), hostTiers)
	for _, k := range []*PrivateKey{nil, new(PrivateKey)} {
		mustPanic(t, noPrivate, func() { k.ECDH(good.PublicKey()) })
		mustPanic(t, noPrivate, func() { k.PublicKey() })
		mustPanic(t, noPrivate, func() { k.Public() })
		mustPanic(t, noPrivate, func() { k.Bytes() })
		mustPanic(t, noPrivate, func() { k.Equal(good) })
		mustPanic(t, noPrivate, func() { good.Equal(k) })
		mustPanic(t, noPrivate, func() { k.Tier() })
		mustPanic(t, noPrivate, func() { k.ToECDH() })
		mustPanic(t, noPrivate, func() { k.KeyExchanger() })
	}
	for _, p := range []*PublicKey{nil, new(PublicKey)} {
		mustPanic(t, noPublic, func() { good.ECDH(p) })
		mustPanic(t, noPublic, func() { p.Bytes() })
		mustPanic(t, noPublic, func() { p.Equal(good.PublicKey()) })
		mustPanic(t, noPublic, func() { good.PublicKey().Equal(p) })
		mustPanic(t, noPublic, func() { p.ToECDH() })
	}
}

func mustPanic(t *testing.T, text string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != text {
			t.Errorf("panicked with %v, want %q", got, text)
		}
	}()
	f()
}

// Many at once, for the race detector: they must all get the same public key.
func TestConcurrency(t *testing.T) {
	testTiers(t, func(t *testing.T, ts tiers) {
		for range 20 {
			k, p := private(t, bytes.Repeat([]byte{7}, 32), ts), public(t, generator[:])
			var publics [8]*PublicKey
			var wg sync.WaitGroup
			for i := range publics {
				wg.Go(func() {
					publics[i] = k.PublicKey()
					if s, err := k.ECDH(p); err != nil || !bytes.Equal(s, publics[i].Bytes()) {
						t.Errorf("%x, %v", s, err)
					}
				})
			}
			wg.Wait()
			for _, p := range publics {
				if p != publics[0] {
					t.Fatal("public keys differ")
				}
			}
		}
	})
}

var sink any

func TestAllocs(t *testing.T) {
	if race {
		t.Skip("the race detector allocates")
	}
	cryptotest.Tiers(t, "x25519", ladderTiers, func(t *testing.T, tier cpu.Tier) {
		ts := tiersOf(tier)
		key := bytes.Repeat([]byte{7}, 32)
		k, p := private(t, key, ts), public(t, generator[:])
		x := k.KeyExchanger()
		std, err := ecdh.X25519().NewPublicKey(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			max  float64
			f    func()
		}{
			{"newTier", 1, func() { sink, _ = newTier(key, ts) }},
			{"newTier and PublicKey", 2, func() { k, _ := newTier(key, ts); sink = k.PublicKey() }},
			{"PublicKey again", 0, func() { sink = k.PublicKey() }},
			{"ECDH, kept", 2, func() { s, _ := k.ECDH(p); sink = s }}, // one is the interface
			{"ECDH, used up", 0, func() {
				if s, err := k.ECDH(p); err != nil || s[0] == s[1] && s[1] == s[2] && s[2] == s[3] {
					t.Error("unlikely")
				}
			}},
			{"KeyExchanger", 0, func() { k.KeyExchanger() }},
			{"KeyExchanger's ECDH", 1, func() { x.ECDH(std) }},
			{"x25519", 0, func() { var dst [32]byte; x25519(&dst, key, generator[:], ts) }},
			{"Equal", 0, func() { k.Equal(k); p.Equal(p) }},
		} {
			if n := testing.AllocsPerRun(10, c.f); n > c.max {
				t.Errorf("%s: %v allocations, want %v", c.name, n, c.max)
			}
		}
	})
	// New keys are two objects in all, secrets one.
	if hostTiers.ladder != cpu.Generic {
		key, p := bytes.Repeat([]byte{7}, 32), public(t, generator[:])
		k := private(t, key, hostTiers)
		var s []byte
		if n := testing.AllocsPerRun(10, func() { s, _ = k.ECDH(p) }); n > 1 {
			t.Errorf("ECDH: %v allocations", n)
		}
		if n := testing.AllocsPerRun(10, func() { s, _ = X25519(key, generator[:]) }); n > 1 {
			t.Errorf("X25519: %v allocations", n)
		}
		sink = s
	}
}

// In FIPS 140-only mode all that makes keys must refuse. The mode is chosen when
// a program starts, so the test runs itself again.
func TestFIPSOnly(t *testing.T) {
	if fips140.Enforced() {
		for name, f := range map[string]func() error{
			"GenerateKey":   func() error { _, err := GenerateKey(nil); return err },
			"NewPrivateKey": func() error { _, err := NewPrivateKey(make([]byte, 32)); return err },
			"NewPublicKey":  func() error { _, err := NewPublicKey(make([]byte, 32)); return err },
			"X25519":        func() error { _, err := X25519(make([]byte, 32), Basepoint); return err },
		} {
			if err := f(); err != errFIPS {
				t.Errorf("%s: %v", name, err)
			}
		}
		// A key made where the mode is not enforced works as crypto/ecdh's do.
		fips140.WithoutEnforcement(func() {
			sink = private(t, make([]byte, 32), hostTiers)
		})
		if sink.(*PrivateKey).KeyExchanger().PublicKey() == nil {
			t.Error("no public key")
		}
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^TestFIPSOnly$", "-test.v")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only")
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("emulated: the system can't start the test binary by itself")
	}
	if bytes.Contains(out, []byte("fips140: FIPS 140-3 mode is incompatible with")) {
		t.Skip("the standard library has no FIPS mode in this build")
	}
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestFIPSOnly")) {
		t.Errorf("%v\n%s", err, out)
	}
}
