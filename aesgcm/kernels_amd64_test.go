//go:build gc && !purego

package aesgcm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// A kernelSet is the kernels of one tier, with slices for the pointers.
type kernelSet struct {
	init               func(k *key, raw *byte)
	seal               func(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int)
	open               func(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int) int
	sealMore, openMore func(k *key, s *stream, dst, src *byte, n int)
	ghash              func(k *key, s *stream, p *byte, n int)
}

var kernelSets = map[cpu.Tier]kernelSet{
	cpu.VAES512: {initVAES512, sealVAES512, openVAES512, sealMoreVAES512, openMoreVAES512, ghashVAES512},
	cpu.AESNI:   {initAESNI, sealAESNI, openAESNI, sealMoreAESNI, openMoreAESNI, ghashAESNI},
	cpu.VAES256: {initVAES256, sealVAES256, openVAES256, sealMoreVAES256, openMoreVAES256, ghashVAES256},
}

// A kernelTest is the kernels of one tier with one key, the twin with the same,
// and memory between inaccessible pages for every argument.
type kernelTest struct {
	kernelSet
	tier                cpu.Tier
	twin                *twin
	key                 key
	dst, src, ad, nonce *cryptotest.Guard
	last                *cryptotest.Guard
	r                   *rand.Rand
}

// testKernels runs f for every tier and size of key.
func testKernels(t *testing.T, f func(t *testing.T, k *kernelTest)) {
	cryptotest.Tiers(t, "aesgcm", []cpu.Tier{cpu.VAES512, cpu.VAES256, cpu.AESNI}, func(t *testing.T, tier cpu.Tier) {
		for _, size := range []int{16, 24, 32} {
			t.Run(fmt.Sprintf("key=%d", 8*size), func(t *testing.T) {
				r := rand.New(rand.NewPCG(uint64(tier), uint64(size)))
				k := &kernelTest{kernelSet: kernelSets[tier], tier: tier, r: r}
				raw := cryptotest.NewGuard(t, size).End(size)
				cryptotest.Fill(r, raw)
				k.twin = newTwin(raw)
				k.key.rounds = uint64(size/4 + 6)
				k.init(&k.key, &raw[0])
				k.dst, k.src = cryptotest.NewGuard(t, maxCall+16), cryptotest.NewGuard(t, maxCall+16)
				k.ad, k.nonce = cryptotest.NewGuard(t, maxCall), cryptotest.NewGuard(t, 12)
				k.last = cryptotest.NewGuard(t, 1)
				f(t, k)
			})
		}
	})
}

// place returns a copy of b, at the end of g or at its start.
func place(g *cryptotest.Guard, end bool, b []byte) []byte {
	p := g.Start(len(b))
	if end {
		p = g.End(len(b))
	}
	copy(p, b)
	return p
}

// diff tells where got first differs from want, which is as long.
func diff(got, want []byte) string {
	for i := range want {
		if got[i] != want[i] {
			return fmt.Sprintf("byte %d is %02x, want %02x", i, got[i], want[i])
		}
	}
	return "the bytes are right"
}

// message holds seal and open, in place or not, against the twin for one
// message, with every argument at the end of its memory or at the start.
func (k *kernelTest) message(t *testing.T, pt, ad []byte, inPlace, end bool) {
	t.Helper()
	n := len(pt)
	nonce := place(k.nonce, end, filled(k.r, 12))
	ad = place(k.ad, end, ad)
	want := k.twin.seal(nonce, pt, ad)
	what := fmt.Sprintf("%d bytes, %d of additional data, in place %t, at the end %t", n, len(ad), inPlace, end)

	dst := place(k.dst, end, make([]byte, n+16))
	src := place(k.src, end, pt)
	if inPlace {
		copy(dst, pt)
		src = dst[:n]
	}
	k.seal(&k.key, nil, &nonce[0], &dst[0], unsafe.SliceData(src), n, unsafe.SliceData(ad), len(ad))
	if !bytes.Equal(dst, want) {
		t.Fatalf("seal of %s: %s", what, diff(dst, want))
	}

	sealed := place(k.src, end, want)
	dst = place(k.dst, end, make([]byte, n))
	if inPlace {
		dst = sealed[:n]
	}
	ok := k.open(&k.key, nil, &nonce[0], unsafe.SliceData(dst), &sealed[0], n, unsafe.SliceData(ad), len(ad))
	if ok != 1 || !bytes.Equal(dst, pt) {
		t.Fatalf("open of %s: %d, %s", what, ok, diff(dst, pt))
	}
	if !bytes.Equal(sealed[n:], want[n:]) {
		t.Fatalf("open of %s wrote over the tag", what)
	}
}

func TestKernelLengths(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for n := range 1101 {
			pt := filled(k.r, n)
			k.message(t, pt, filled(k.r, k.r.IntN(maxAD+1)), n%2 == 0, n%4 < 2)
			k.message(t, pt, filled(k.r, k.r.IntN(maxAD+1)), n%2 == 1, n%4 < 2)
		}
		for n := maxCall - 600; n <= maxCall; n += 1 + k.r.IntN(75) {
			k.message(t, filled(k.r, n), filled(k.r, k.r.IntN(maxAD+1)), n%2 == 0, true)
		}
		k.message(t, filled(k.r, maxCall), filled(k.r, maxAD), false, false)
	})
}

func TestKernelAdditionalData(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for adLen := range maxAD + 1 {
			for _, n := range []int{0, 1, 15, 16, 33, 255, 256, 400, 700} {
				k.message(t, filled(k.r, n), filled(k.r, adLen), n%2 == 0, adLen%2 == 0)
			}
		}
	})
}

// TestKernelAlignments gives every argument every alignment, and looks at the
// bytes around what the kernels may write.
func TestKernelAlignments(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		const room = 64
		var dst, src, ad [room + 1100 + 16 + room]byte
		for i := range 4 * room {
			n := k.r.IntN(1100)
			if i%2 == 0 {
				n = k.r.IntN(100)
			}
			adLen, at, from, adAt := k.r.IntN(maxAD+1), i%room, k.r.IntN(room), k.r.IntN(room)
			for _, b := range [][]byte{dst[:], src[:], ad[:]} {
				cryptotest.Fill(k.r, b)
			}
			before := dst
			nonce := filled(k.r, 12)
			want := k.twin.seal(nonce, src[from:][:n], ad[adAt:][:adLen])
			k.seal(&k.key, nil, &nonce[0], &dst[at], &src[from], n, &ad[adAt], adLen)
			copy(before[at:], want)
			if dst != before {
				t.Fatalf("seal of %d bytes from %d to %d: %s", n, from, at, diff(dst[:], before[:]))
			}
			pt := bytes.Clone(src[from:][:n])
			copy(src[from:], want)
			cryptotest.Fill(k.r, dst[:])
			before = dst
			ok := k.open(&k.key, nil, &nonce[0], &dst[at], &src[from], n, &ad[adAt], adLen)
			copy(before[at:], pt)
			if ok != 1 || dst != before {
				t.Fatalf("open of %d bytes from %d to %d: %d, %s", n, from, at, ok, diff(dst[:], before[:]))
			}
		}
	})
}

// TestKernelForgeries changes each bit of the tag, and bits of all else.
func TestKernelForgeries(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for _, n := range []int{0, 1, 16, 40, 300, 1000} {
			nonce, pt, ad := filled(k.r, 12), filled(k.r, n), filled(k.r, 1+k.r.IntN(maxAD))
			sealed := k.twin.seal(nonce, pt, ad)
			dst := make([]byte, n+1)
			open := func() int {
				return k.open(&k.key, nil, &nonce[0], &dst[0], &sealed[0], n, &ad[0], len(ad))
			}
			flip := func(what string, b []byte, i int) {
				b[i/8] ^= 1 << (i % 8)
				if ok := open(); ok != 0 {
					t.Errorf("%d bytes with bit %d of the %s changed: %d", n, i, what, ok)
				}
				b[i/8] ^= 1 << (i % 8)
			}
			for i := range 128 {
				flip("tag", sealed[n:], i)
			}
			for range 20 {
				flip("nonce", nonce, k.r.IntN(8*len(nonce)))
				flip("additional data", ad, k.r.IntN(8*len(ad)))
				if n > 0 {
					flip("ciphertext", sealed, k.r.IntN(8*n))
				}
			}
			if ok := open(); ok != 1 {
				t.Errorf("%d bytes unchanged: %d", n, ok)
			}
		}
	})
}

// TestKernelStreams seals and opens messages in parts, after a hash of
// additional data in parts, from any block on: the counter wraps mod 2^32.
func TestKernelStreams(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for i := range 60 {
			var blocks uint64
			switch i % 3 {
			case 1:
				blocks = 64 * uint64(k.r.Uint32())
			case 2:
				blocks = 1<<32 - 64*uint64(k.r.IntN(20))
			}
			parts := make([]int, k.r.IntN(4))
			n := 0
			for j := range parts {
				parts[j] = partSize * (1 + k.r.IntN(5))
				n += parts[j]
			}
			n += k.r.IntN(1200)
			nonce, pt, ad := filled(k.r, 16), filled(k.r, n), filled(k.r, k.r.IntN(2000))
			adBits, ctBits := k.r.Uint64(), k.r.Uint64()
			want := k.twin.ctr(nonce[:12], uint32(blocks+2), pt)
			y := k.twin.ghash(k.twin.ghash(element{}, ad), want)
			want = append(want, k.twin.tag(nonce[:12], y, adBits, ctBits)...)

			start := func() *stream {
				s := &stream{blocks: blocks, adBits: adBits, ctBits: ctBits}
				copy(s.nonce[:], nonce)
				for p := ad; len(p) > 0; {
					m := len(p)
					if m > 100 {
						m = 16 * (1 + k.r.IntN(m/16))
					}
					b := place(k.ad, true, p[:m])
					k.ghash(&k.key, s, &b[0], m)
					p = p[m:]
				}
				return s
			}
			end := i%2 == 0
			for _, inPlace := range []bool{false, true} {
				what := fmt.Sprintf("%d bytes from block %d on, in place %t", n, blocks, inPlace)
				dst, src := place(k.dst, end, make([]byte, n+16)), place(k.src, end, pt)
				if inPlace {
					copy(dst, pt)
					src = dst[:n]
				}
				s, done := start(), 0
				for _, m := range parts {
					k.sealMore(&k.key, s, &dst[done], &src[done], m)
					done += m
				}
				if s.blocks != blocks+uint64(done/16) {
					t.Fatalf("seal of %s: at block %d", what, s.blocks)
				}
				k.seal(&k.key, s, nil, &dst[done], unsafe.SliceData(src[done:]), n-done, nil, 0)
				if !bytes.Equal(dst, want) {
					t.Fatalf("seal of %s: %s", what, diff(dst, want))
				}

				src = place(k.src, end, want)
				dst = place(k.dst, end, make([]byte, n))
				if inPlace {
					dst = src[:n]
				}
				s, done = start(), 0
				for _, m := range parts {
					k.openMore(&k.key, s, &dst[done], &src[done], m)
					done += m
				}
				ok := k.open(&k.key, s, nil, unsafe.SliceData(dst[done:]), &src[done], n-done, nil, 0)
				if ok != 1 || !bytes.Equal(dst, pt) {
					t.Fatalf("open of %s: %d, %s", what, ok, diff(dst, pt))
				}
			}
		}
	})
}

// TestKernelKeys sets up keys of every bit density, and overwrites keys that
// were set up before.
func TestKernelKeys(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		size := int(4 * (k.key.rounds - 6))
		for i := range 200 {
			raw := filled(k.r, size)
			k.twin = newTwin(raw)
			if i%2 == 0 {
				cryptotest.Fill(k.r, k.key.rk[:])
				cryptotest.Fill(k.r, k.key.pow[:])
			}
			k.init(&k.key, &raw[0])
			k.message(t, filled(k.r, 600), filled(k.r, 20), false, true)
			if i == 0 { // The last round keys of FIPS 197, Appendix C.
				for j := range raw {
					raw[j] = byte(j)
				}
				k.init(&k.key, &raw[0])
				last := binary.BigEndian.Uint64(k.key.rk[16*k.key.rounds:])
				if want := map[int]uint64{16: 0x13111d7fe3944a17, 24: 0xa4970a331a78dc09, 32: 0x24fc79ccbf0979e9}[size]; last != want {
					t.Errorf("last round key starts with %016x, want %016x", last, want)
				}
			}
		}
	})
}

func TestKernelVectors(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for _, v := range nistVectors {
			raw, nonce, pt, ad := unhex(v.key), unhex(v.nonce), unhex(v.plaintext), unhex(v.ad)
			if uint64(len(raw)/4+6) != k.key.rounds {
				continue
			}
			k.init(&k.key, &raw[0])
			dst := make([]byte, len(pt)+16)
			k.seal(&k.key, nil, &nonce[0], &dst[0], unsafe.SliceData(pt), len(pt), unsafe.SliceData(ad), len(ad))
			if want := newTwin(raw).seal(nonce, pt, ad); !bytes.Equal(dst, want) || !bytes.Equal(dst[len(pt):], unhex(v.tag)) {
				t.Errorf("case %s: %x, want %x", v.name, dst, want)
			}
		}
	})
}
