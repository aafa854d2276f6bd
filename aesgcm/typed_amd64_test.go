//go:build gc && !purego

package aesgcm

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// sealTypedVAES512 and openTypedVAES512 are sealVAES512 and openVAES512 of one
// byte more, at every length, and never touch the place behind the plaintext
// where that byte would be.
func TestKernelTyped(t *testing.T) {
	testKernels(t, func(t *testing.T, k *kernelTest) {
		if k.tier != cpu.VAES512 {
			return
		}
		check := func(n int, inPlace, end bool) {
			nonce := place(k.nonce, end, filled(k.r, 12))
			msg := filled(k.r, n+1)
			ad := place(k.ad, end, filled(k.r, k.r.IntN(maxAD+1)))
			want := k.twin.seal(nonce, msg, ad)
			dst := place(k.dst, end, make([]byte, n+17))
			src := place(k.src, end, msg[:n])
			if inPlace {
				copy(dst, msg[:n])
				src = dst[:n]
			}
			err := cryptotest.Fault(func() {
				sealTypedVAES512(&k.key, &nonce[0], &dst[0], unsafe.SliceData(src), n, int(msg[n]), unsafe.SliceData(ad), len(ad))
			})
			if err != nil || !bytes.Equal(dst, want) {
				t.Fatalf("%d bytes and one, in place %t, at the end %t: %v\n%x\nwant\n%x", n, inPlace, end, err, dst, want)
			}
		}
		open := func(n int, inPlace, end bool) {
			nonce := place(k.nonce, end, filled(k.r, 12))
			msg := filled(k.r, n+1)
			ad := place(k.ad, end, filled(k.r, k.r.IntN(maxAD+1)))
			src := place(k.src, end, k.twin.seal(nonce, msg, ad))
			dst := place(k.dst, end, make([]byte, n))
			if inPlace {
				dst = src[:n]
			}
			lastGuard := k.last.Start(1)
			if end {
				lastGuard = k.last.End(1)
			}
			lastGuard[0] = ^msg[n]
			ok := -1
			err := cryptotest.Fault(func() {
				ok = openTypedVAES512(&k.key, &nonce[0], unsafe.SliceData(dst), &src[0], n, &lastGuard[0], unsafe.SliceData(ad), len(ad))
			})
			if err != nil || ok != 1 || !bytes.Equal(dst, msg[:n]) || lastGuard[0] != msg[n] {
				t.Fatalf("open of %d bytes and one, in place %t, at the end %t: %d, %v\n%x %x\nwant\n%x", n, inPlace, end, ok, err, dst, lastGuard, msg)
			}
			if inPlace {
				return
			}
			src[k.r.IntN(len(src))] ^= 1 << k.r.IntN(8)
			if openTypedVAES512(&k.key, &nonce[0], unsafe.SliceData(dst), &src[0], n, &lastGuard[0], unsafe.SliceData(ad), len(ad)) != 0 {
				t.Fatalf("open of a forgery of %d bytes and one", n)
			}
		}
		for n := range 1300 {
			open(n, n%2 == 0, n%4 < 2)
			open(n, n%2 == 1, n%4 < 2)
			check(n, n%2 == 0, n%4 < 2)
			check(n, n%2 == 1, n%4 < 2)
		}
		for n := maxCall - 300; n < maxCall; n += 1 + k.r.IntN(30) {
			check(n, n%2 == 0, true)
			open(n, n%2 == 0, true)
		}
		check(maxCall-1, false, true)
		open(maxCall-1, false, true)
	})
}
