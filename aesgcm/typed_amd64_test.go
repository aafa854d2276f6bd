//go:build gc && !purego

package aesgcm

import (
	"bytes"
	"testing"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/cryptotest"
)

// sealTypedVAES512 is sealVAES512 of one byte more, at every length, and never
// touches the place behind the plaintext where that byte would be.
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
		for n := range 1300 {
			check(n, n%2 == 0, n%4 < 2)
			check(n, n%2 == 1, n%4 < 2)
		}
		for n := maxCall - 300; n < maxCall; n += 1 + k.r.IntN(30) {
			check(n, n%2 == 0, true)
		}
		check(maxCall-1, false, true)
	})
}
