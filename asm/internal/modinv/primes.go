package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// p25519 is 2^255 - 19: sum - w·m = sum + 19w - 2^255·w. The columns up to the
// last but one only grow, the borrow goes into the fifth word, which has a sign.
var p25519 = prime{
	name:  "p25519",
	words: [4]uint64{0xffffffffffffffed, 0xffffffffffffffff, 0xffffffffffffffff, 0x7fffffffffffffff},
	neg:   0x86bca1af286bca1b,
	quotient: func(k *chain, w reg.GPVirtual) {
		k.IMULQ(k.Words64("minus19th", 0x79435e50d79435e5), w)
	},
	add: func(k *chain, i int, sum, next reg.GPVirtual) {
		t := k.GP64()
		switch i {
		case 0: // 19w < 2^64
			k.IMUL3Q(operand.Imm(19), k.at(scratchW), t)
			k.ADDQ(t, sum)
			k.ADCQ(operand.Imm(0), next)
		case 3:
			u := k.GP64()
			k.MOVQ(k.at(scratchW), t)
			k.MOVQ(t, u)
			k.SHLQ(operand.Imm(63), t)
			k.SHRQ(operand.Imm(1), u)
			k.SUBQ(t, sum)
			k.SBBQ(u, next)
		}
	},
}

// p256 is 2^256 - 2^224 + 2^192 + 2^96 - 1. As it is -1 modulo 2^96, w is the
// lowest word itself, and column 0 of w·m takes the 59 bits away that are not
// looked at again anyway.
var p256 = prime{
	name:     "p256",
	words:    [4]uint64{0xffffffffffffffff, 0x00000000ffffffff, 0, 0xffffffff00000001},
	neg:      1,
	quotient: func(*chain, reg.GPVirtual) {},
	add: func(k *chain, i int, sum, next reg.GPVirtual) {
		t, u := k.GP64(), k.GP64()
		switch i {
		case 1: // 2^32·w
			k.MOVQ(k.at(scratchW), t)
			k.MOVQ(t, u)
			k.SHLQ(operand.Imm(32), t)
			k.SHRQ(operand.Imm(32), u)
		case 3:
			k.MOVQ(k.at(scratchW), rdx)
			k.MULXQ(k.Words64("p256", k.words[:]...).Offset(24), t, u)
		default:
			return
		}
		k.ADDQ(t, sum)
		k.ADCQ(u, next)
	},
}

// n256 is the order of P-256.
var n256 = prime{
	name:  "n256",
	words: [4]uint64{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000},
	neg:   0xccd1c8aaee00bc4f,
	quotient: func(k *chain, w reg.GPVirtual) {
		k.IMULQ(k.Words64("minusNth", 0xccd1c8aaee00bc4f), w)
	},
	add: func(k *chain, i int, sum, next reg.GPVirtual) {
		t, u := k.GP64(), k.GP64()
		k.MOVQ(k.at(scratchW), rdx)
		k.MULXQ(k.Words64("n256", k.words[:]...).Offset(8*i), t, u)
		k.ADDQ(t, sum)
		k.ADCQ(u, next)
	},
}
