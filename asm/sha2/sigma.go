package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// sha512AVX512 builds the kernel of SHA-512 on 512-bit vectors.
func sha512AVX512(c *gen.Ctx) {
	g := &rorx{Ctx: c, word: 8, lanes: 4, shortest: true}
	g.setup = func() { g.VBROADCASTI32X4(g.swap64(), g.v(vSwap)) }
	g.sigma = g.sigma512AVX512
	g.kernel("hash512AVX512")
}

// sha512AVX2 builds the kernel of SHA-512 on 256-bit vectors.
func sha512AVX2(c *gen.Ctx) {
	g := &rorx{Ctx: c, word: 8, lanes: 2}
	g.setup = func() {
		g.VBROADCASTI128(g.swap64(), g.v(vSwap))
		g.VBROADCASTI128(g.Words64("ror8", 0x0007060504030201, 0x080f0e0d0c0b0a09), g.v(vMask))
	}
	g.sigma = g.sigma512AVX2
	g.kernel("hash512AVX2")
}

// sha256AVX2 builds the kernel of SHA-256 on 256-bit vectors.
func sha256AVX2(c *gen.Ctx) {
	g := &rorx{Ctx: c, word: 4, lanes: 2}
	g.setup = func() {
		g.VBROADCASTI128(g.Words64("swap32", 0x0405060700010203, 0x0c0d0e0f08090a0b), g.v(vSwap))
		g.VBROADCASTI128(g.Words64("low", 0x0b0a090803020100, 0xffffffffffffffff), g.v(vMask))
		g.VBROADCASTI128(g.Words64("high", 0xffffffffffffffff, 0x0b0a090803020100), g.v(vMask+1))
	}
	g.sigma = g.sigma256AVX2
	g.kernel("hash256AVX2")
}

func (g *rorx) swap64() operand.Mem {
	return g.Words64("swap64", 0x0001020304050607, 0x08090a0b0c0d0e0f)
}

// The message schedule (FIPS 180-4, Sections 6.2.2 and 6.4.2, step 1):
//
//	W[t] = W[t-16] + σ0(W[t-15]) + W[t-7] + σ1(W[t-2])
//
// Vector w(s) holds W[t-16] and the words behind it, and gets W[t] and so on.

// sigma512AVX512 makes two words of each lane.
func (g *rorx) sigma512AVX512(s int) []op {
	w0, w7, x, y, z := g.w(s), g.w(s+7), g.v(vTemp+1), g.v(vTemp+2), g.v(vTemp+3)
	p, q, r := g.v(vTemp+4), g.v(vMask), g.v(vMask+1)
	return []op{
		func() { g.VPALIGNR(operand.U8(8), w0, g.w(s+1), x) },       // W[t-15]
		func() { g.VPALIGNR(operand.U8(8), g.w(s+4), g.w(s+5), p) }, // W[t-7]
		func() { g.VPRORQ(operand.U8(1), x, y) },
		func() { g.VPRORQ(operand.U8(8), x, z) },
		func() { g.VPSRLQ(operand.U8(7), x, x) },
		func() { g.VPADDQ(p, w0, w0) },
		func() { g.VPTERNLOGQ(operand.U8(0x96), y, z, x) }, // σ0
		func() { g.VPRORQ(operand.U8(19), w7, p) },
		func() { g.VPRORQ(operand.U8(61), w7, q) },
		func() { g.VPSRLQ(operand.U8(6), w7, r) },
		func() { g.VPADDQ(x, w0, w0) },
		func() { g.VPTERNLOGQ(operand.U8(0x96), p, q, r) }, // σ1
		func() { g.VPADDQ(r, w0, w0) },
	}
}

// sigma512AVX2 makes two words of each lane.
func (g *rorx) sigma512AVX2(s int) []op {
	w0, w7, x, y, z := g.w(s), g.w(s+7), g.v(vTemp+1), g.v(vTemp+2), g.v(vTemp+3)
	p, q, ror8 := g.v(vTemp+4), g.v(vMask+1), g.v(vMask)
	return []op{
		func() { g.VPALIGNR(operand.U8(8), w0, g.w(s+1), x) },       // W[t-15]
		func() { g.VPALIGNR(operand.U8(8), g.w(s+4), g.w(s+5), y) }, // W[t-7]
		func() { g.VPSRLQ(operand.U8(7), x, z) },
		func() { g.VPADDQ(y, w0, w0) },
		func() { g.VPSRLQ(operand.U8(1), x, p) },
		func() { g.VPSLLQ(operand.U8(63), x, q) },
		func() { g.VPSHUFB(ror8, x, x) },
		func() { g.VPXOR(p, z, z) },
		func() { g.VPXOR(q, x, x) },
		func() { g.VPSRLQ(operand.U8(6), w7, p) },
		func() { g.VPXOR(x, z, z) }, // σ0
		func() { g.VPSRLQ(operand.U8(19), w7, q) },
		func() { g.VPSLLQ(operand.U8(45), w7, x) },
		func() { g.VPSRLQ(operand.U8(61), w7, y) },
		func() { g.VPXOR(q, p, p) },
		func() { g.VPSLLQ(operand.U8(3), w7, q) },
		func() { g.VPXOR(x, y, y) },
		func() { g.VPADDQ(z, w0, w0) },
		func() { g.VPXOR(q, p, p) },
		func() { g.VPXOR(y, p, p) }, // σ1
		func() { g.VPADDQ(p, w0, w0) },
	}
}

// sigma256AVX2 makes four words of each lane. The last two need the first two,
// so σ1 is done twice, on two words that are doubled to 64 bits: then a shift
// to the right rotates.
func (g *rorx) sigma256AVX2(s int) []op {
	w0, w3, x, y, z := g.w(s), g.w(s+3), g.v(vTemp+1), g.v(vTemp+2), g.v(vTemp+3)
	p := g.v(vTemp + 4)
	ops := []op{
		func() { g.VPALIGNR(operand.U8(4), w0, g.w(s+1), x) }, // W[t-15]
		func() { g.VPALIGNR(operand.U8(4), g.w(s+2), w3, y) }, // W[t-7]
		func() { g.VPSRLD(operand.U8(7), x, z) },
		func() { g.VPADDD(y, w0, w0) },
		func() { g.VPSLLD(operand.U8(25), x, y) },
		func() { g.VPSRLD(operand.U8(18), x, p) },
		func() { g.VPXOR(y, z, z) },
		func() { g.VPSLLD(operand.U8(14), x, y) },
		func() { g.VPSRLD(operand.U8(3), x, x) },
		func() { g.VPXOR(y, p, p) },
		func() { g.VPXOR(x, z, z) },
		func() { g.VPXOR(p, z, z) }, // σ0
		func() { g.VPADDD(z, w0, w0) },
	}
	for half, from := range []struct {
		words   reg.VecPhysical
		doubled uint8
	}{{w3, 0xfa}, {w0, 0x50}} {
		ops = append(ops,
			func() { g.VPSHUFD(operand.U8(from.doubled), from.words, x) },
			func() { g.VPSRLQ(operand.U8(17), x, y) },
			func() { g.VPSRLQ(operand.U8(19), x, z) },
			func() { g.VPSRLD(operand.U8(10), x, x) },
			func() { g.VPXOR(y, z, z) },
			func() { g.VPXOR(x, z, z) },
			func() { g.VPSHUFB(g.v(vMask+half), z, z) }, // σ1 in dwords 0 and 2: to their place
			func() { g.VPADDD(z, w0, w0) },
		)
	}
	return ops
}
