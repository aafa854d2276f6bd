//go:build gc && !purego

package chacha20poly1305

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// A kernelSet is the kernels of one tier.
type kernelSet struct {
	seal               func(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int)
	open               func(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int) int
	start              func(k *key, s *stream, nonce *byte)
	poly               func(s *stream, p *byte, n int)
	sealMore, openMore func(k *key, s *stream, dst, src *byte, n int)
}

var kernelSets = map[cpu.Tier]kernelSet{
	cpu.AVX512: {
		func(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int) {
			sealAVX512(k, s, nonce, dst, src, n, ad, adLen, nil)
		},
		func(k *key, s *stream, nonce, dst, src *byte, n int, ad *byte, adLen int) int {
			return openAVX512(k, s, nonce, dst, src, n, ad, adLen, nil)
		},
		startAVX512, polyAVX512, sealMoreAVX512, openMoreAVX512,
	},
	cpu.AVX2:  {sealAVX2, openAVX2, startAVX2, polyAVX2, sealMoreAVX2, openMoreAVX2},
	cpu.SSSE3: {sealSSSE3, openSSSE3, startSSSE3, polySSSE3, sealMoreSSSE3, openMoreSSSE3},
}

// A kernelTest is the kernels of one tier with one key, the twin with the same,
// and memory between inaccessible pages for every argument.
type kernelTest struct {
	kernelSet
	tier                cpu.Tier
	twin                *twin
	key                 *key
	dst, src, ad, nonce *cryptotest.Guard
	r                   *rand.Rand
}

// testKernels runs f for every tier.
func testKernels(t *testing.T, f func(t *testing.T, k *kernelTest)) {
	cryptotest.Tiers(t, "chacha20poly1305", kernelTiers, func(t *testing.T, tier cpu.Tier) {
		r := rand.New(rand.NewPCG(uint64(tier), 8439))
		k := &kernelTest{kernelSet: kernelSets[tier], tier: tier, r: r}
		k.key = (*key)(cryptotest.NewGuard(t, KeySize).End(KeySize))
		k.rekey()
		k.dst, k.src = cryptotest.NewGuard(t, maxCall+16), cryptotest.NewGuard(t, maxCall+16)
		k.ad, k.nonce = cryptotest.NewGuard(t, maxWhole), cryptotest.NewGuard(t, 12)
		f(t, k)
	})
}

// rekey goes on with another key.
func (k *kernelTest) rekey() {
	cryptotest.Fill(k.r, k.key[:])
	k.twin = newTwin(k.key[:])
}

// maxAD is the most that someAD returns.
const maxAD = 1100

// someAD returns additional data, rather short than long.
func (k *kernelTest) someAD() []byte {
	return filled(k.r, k.r.IntN([]int{65, 65, 300, maxAD + 1}[k.r.IntN(4)]))
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
	err := cryptotest.Fault(func() {
		k.seal(k.key, nil, &nonce[0], &dst[0], unsafe.SliceData(src), n, unsafe.SliceData(ad), len(ad))
	})
	if err != nil || !bytes.Equal(dst, want) {
		t.Fatalf("seal of %s: %v, %s", what, err, diff(dst, want))
	}

	sealed := place(k.src, end, want)
	dst = place(k.dst, end, make([]byte, n))
	if inPlace {
		dst = sealed[:n]
	}
	ok := -1
	err = cryptotest.Fault(func() {
		ok = k.open(k.key, nil, &nonce[0], unsafe.SliceData(dst), &sealed[0], n, unsafe.SliceData(ad), len(ad))
	})
	if err != nil || ok != 1 || !bytes.Equal(dst, pt) {
		t.Fatalf("open of %s: %v, %d, %s", what, err, ok, diff(dst, pt))
	}
	if !bytes.Equal(sealed[n:], want[n:]) {
		t.Fatalf("open of %s wrote over the tag", what)
	}
}

// TestKernelLengths: the bounds of one-time keys are met only by few keys, so
// the key changes too.
func TestKernelLengths(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for n := range 2200 {
			pt := filled(k.r, n)
			k.message(t, pt, k.someAD(), n%2 == 0, n%4 < 2)
			if n < 1000 {
				k.message(t, pt, k.someAD(), n%2 == 1, n%4 < 2)
			}
			k.rekey()
		}
		for n := 2200; n < 10000; n += 1 + k.r.IntN(100) {
			k.message(t, filled(k.r, n), k.someAD(), n%2 == 0, n%4 < 2)
		}
		for n := maxCall - 600; n <= maxCall; n += 1 + k.r.IntN(75) {
			k.message(t, filled(k.r, n), filled(k.r, k.r.IntN(maxWhole-maxCall+1)), n%2 == 0, true)
		}
		k.message(t, filled(k.r, maxCall), filled(k.r, maxWhole-maxCall), false, false)
		k.message(t, filled(k.r, 64), filled(k.r, maxWhole-64), false, true)
	})
}

func TestKernelAdditionalData(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for adLen := 0; adLen <= maxAD; adLen++ {
			if adLen > 200 {
				adLen = min(adLen+k.r.IntN(40), maxAD)
			}
			for _, n := range []int{0, 1, 15, 16, 33, 64, 65, 192, 193, 255, 256, 400, 700, 1350} {
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
		var dst, src, ad [room + 2200 + 16 + room]byte
		for i := range 6 * room {
			n := k.r.IntN(2200)
			if i%2 == 0 {
				n = k.r.IntN(260)
			}
			adLen, at, from, adAt := len(k.someAD()), i%room, k.r.IntN(room), k.r.IntN(room)
			for _, b := range [][]byte{dst[:], src[:], ad[:]} {
				cryptotest.Fill(k.r, b)
			}
			before := dst
			nonce := filled(k.r, 12)
			want := k.twin.seal(nonce, src[from:][:n], ad[adAt:][:adLen])
			k.seal(k.key, nil, &nonce[0], &dst[at], &src[from], n, &ad[adAt], adLen)
			copy(before[at:], want)
			if dst != before {
				t.Fatalf("seal of %d bytes from %d to %d: %s", n, from, at, diff(dst[:], before[:]))
			}
			pt := bytes.Clone(src[from:][:n])
			copy(src[from:], want)
			cryptotest.Fill(k.r, dst[:])
			before = dst
			ok := k.open(k.key, nil, &nonce[0], &dst[at], &src[from], n, &ad[adAt], adLen)
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
		for _, n := range []int{0, 1, 16, 40, 64, 150, 300, 1000, 1500, 5000} {
			nonce, pt, ad := filled(k.r, 12), filled(k.r, n), filled(k.r, 1+len(k.someAD())%maxAD)
			sealed := k.twin.seal(nonce, pt, ad)
			dst := make([]byte, n+1)
			open := func() int {
				return k.open(k.key, nil, &nonce[0], &dst[0], &sealed[0], n, &ad[0], len(ad))
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

// TestKernelStreams seals and opens messages in parts, after additional data in
// parts, from any block on, up to the last one that the counter reaches.
func TestKernelStreams(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		for i := range 90 {
			parts := make([]int, k.r.IntN(4))
			n := 0
			for j := range parts {
				parts[j] = partSize * (1 + k.r.IntN(7))
				n += parts[j]
			}
			n += k.r.IntN(1200)
			blocks := uint32(n+63) / 64
			counter := uint32(1)
			if last := -blocks; last > 0 && i%3 == 1 {
				counter += k.r.Uint32N(last)
			} else if last > 0 && i%3 == 2 {
				counter = last
			}
			k.rekey()
			nonce, pt, ad := filled(k.r, 12), filled(k.r, n), filled(k.r, k.r.IntN(2000))
			adLen, ctLen := k.r.Uint64(), k.r.Uint64()
			want := k.twin.xor(nonce, counter, pt)
			r, s := k.twin.oneTime(nonce)
			h := poly(poly(new(big.Int), r, ad), r, want)
			want = append(want, tag(h, r, s, adLen, ctLen)...)

			start := func() *stream {
				st := &stream{adLen: adLen, ctLen: ctLen}
				for i := range st.h {
					st.h[i] = k.r.Uint64()
				}
				copy(st.nonce[:], nonce)
				at := place(k.nonce, true, nonce)
				k.start(k.key, st, &at[0])
				if st.counter != 1 {
					t.Fatalf("started at block %d", st.counter)
				}
				var b []byte
				for _, w := range []uint64{st.r[0], st.r[1], st.s[0], st.s[1]} {
					b = binary.LittleEndian.AppendUint64(b, w)
				}
				if number(b[:16]).Cmp(r) != 0 || number(b[16:]).Cmp(s) != 0 {
					t.Fatalf("one-time key %x, want %x, %x", b, r, s)
				}
				st.counter = counter
				for p := ad; len(p) > 0; {
					m := len(p)
					if m > 100 {
						m = 16 * (1 + k.r.IntN(m/16))
					}
					b := place(k.ad, true, p[:m])
					k.poly(st, &b[0], m)
					p = p[m:]
				}
				return st
			}
			end := i%2 == 0
			for _, inPlace := range []bool{false, true} {
				what := fmt.Sprintf("%d bytes from block %d on, parts %d, in place %t", n, counter, parts, inPlace)
				dst, src := place(k.dst, end, make([]byte, n+16)), place(k.src, end, pt)
				if inPlace {
					copy(dst, pt)
					src = dst[:n]
				}
				st, done := start(), 0
				for _, m := range parts {
					k.sealMore(k.key, st, &dst[done], &src[done], m)
					done += m
				}
				if st.counter != counter+uint32(done/64) {
					t.Fatalf("seal of %s: at block %d", what, st.counter)
				}
				k.seal(k.key, st, nil, &dst[done], unsafe.SliceData(src[done:]), n-done, nil, 0)
				if !bytes.Equal(dst, want) {
					t.Fatalf("seal of %s: %s", what, diff(dst, want))
				}

				src = place(k.src, end, want)
				dst = place(k.dst, end, make([]byte, n))
				if inPlace {
					dst = src[:n]
				}
				st, done = start(), 0
				for _, m := range parts {
					k.openMore(k.key, st, &dst[done], &src[done], m)
					done += m
				}
				ok := k.open(k.key, st, nil, unsafe.SliceData(dst[done:]), &src[done], n-done, nil, 0)
				if ok != 1 || !bytes.Equal(dst, pt) {
					t.Fatalf("open of %s: %d, %s", what, ok, diff(dst, pt))
				}
			}
		}
	})
}

// The subkeys of XChaCha20, and the vector of draft-irtf-cfrg-xchacha-03, Section
// 2.2.1.
func TestHChaCha20(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 3))
	for i := range 200 {
		var k key
		cryptotest.Fill(r, k[:])
		nonce := filled(r, 16)
		if i == 0 {
			for j := range k {
				k[j] = byte(j)
			}
			nonce = unhex("000000090000004a0000000031415927")
		}
		got := k.hchacha20([16]byte(nonce))
		if want := newTwin(k[:]).hchacha20(nonce); !bytes.Equal(got[:], want) {
			t.Fatalf("%x, want %x", got, want)
		}
		if i == 0 && !bytes.Equal(got[:], unhex("82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc")) {
			t.Errorf("Section 2.2.1: %x", got)
		}
	}
}

// TestKernelPoly folds extreme values for extreme one-time keys: carries that
// random words never reach.
func TestKernelPoly(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		rMax := [2]uint64{0x0ffffffc0fffffff, 0x0ffffffc0ffffffc}
		for i := range 300 {
			n := k.r.IntN(3000)
			data := filled(k.r, n)
			st := &stream{r: rMax, s: [2]uint64{^uint64(0), ^uint64(0)}, counter: 1, adLen: ^uint64(0), ctLen: ^uint64(0)}
			switch i % 3 {
			case 1:
				st.r = [2]uint64{k.r.Uint64() & rMax[0], k.r.Uint64() & rMax[1]}
			case 2:
				st.r = [2]uint64{uint64(i) & 7, 0}
			}
			if i%4 == 0 {
				for j := range data {
					data[j] = 0xff
				}
			}
			var b []byte
			for _, w := range []uint64{st.r[0], st.r[1], st.s[0], st.s[1]} {
				b = binary.LittleEndian.AppendUint64(b, w)
			}
			r, s := number(b[:16]), number(b[16:])
			want := tag(poly(new(big.Int), r, data), r, s, st.adLen, st.ctLen)
			if n > 0 {
				k.poly(st, &data[0], n)
			}
			var got [16]byte
			k.seal(k.key, st, nil, &got[0], nil, 0, nil, 0)
			if !bytes.Equal(got[:], want) {
				t.Fatalf("%d bytes %x with r %x: tag %x, want %x", n, data, r, got, want)
			}
		}
	})
}

// TestKernelSuffix: the last byte of a text may be apart, at every length; the
// place behind the others, where it would be, is not touched.
func TestKernelSuffix(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		if k.tier != cpu.AVX512 {
			return
		}
		last := cryptotest.NewGuard(t, 1)
		check := func(n int, inPlace, end bool) {
			t.Helper()
			what := fmt.Sprintf("%d bytes and one, in place %t, at the end %t", n, inPlace, end)
			nonce := place(k.nonce, end, filled(k.r, 12))
			msg := filled(k.r, n+1)
			ad := place(k.ad, end, k.someAD())
			want := k.twin.seal(nonce, msg, ad)
			dst := place(k.dst, end, make([]byte, n+17))
			src := place(k.src, end, msg[:n])
			if inPlace {
				copy(dst, msg[:n])
				src = dst[:n]
			}
			suffix := place(last, end, msg[n:])
			err := cryptotest.Fault(func() {
				sealAVX512(k.key, nil, &nonce[0], &dst[0], unsafe.SliceData(src), n+1, unsafe.SliceData(ad), len(ad), &suffix[0])
			})
			if err != nil || !bytes.Equal(dst, want) {
				t.Fatalf("seal of %s: %v, %s", what, err, diff(dst, want))
			}
			src = place(k.src, end, want)
			dst = place(k.dst, end, make([]byte, n))
			if inPlace {
				dst = src[:n]
			}
			suffix = place(last, end, []byte{^msg[n]})
			open := func() (ok int) {
				if err := cryptotest.Fault(func() {
					ok = openAVX512(k.key, nil, &nonce[0], unsafe.SliceData(dst), &src[0], n+1, unsafe.SliceData(ad), len(ad), &suffix[0])
				}); err != nil {
					t.Fatalf("open of %s: %v", what, err)
				}
				return ok
			}
			if open() != 1 || !bytes.Equal(dst, msg[:n]) || suffix[0] != msg[n] {
				t.Fatalf("open of %s: %s; %x, want %x", what, diff(dst, msg[:n]), suffix, msg[n:])
			}
			if inPlace {
				if src[n] != want[n] {
					t.Fatalf("open of %s wrote behind the text", what)
				}
				return
			}
			src[k.r.IntN(len(src))] ^= 1 << k.r.IntN(8)
			if open() != 0 {
				t.Fatalf("open of a forgery of %s", what)
			}
		}
		for n := range 2200 {
			check(n, n%2 == 0, n%4 < 2)
			if n < 600 {
				check(n, n%2 == 1, n%4 < 2)
			}
		}
		for n := 4000; n < 4300; n += 1 + k.r.IntN(20) {
			check(n, n%2 == 0, true)
		}
		check(maxCall-1, false, true)
	})
}
