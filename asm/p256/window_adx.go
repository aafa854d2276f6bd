package main

import (
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"

	"github.com/sealane/sealane/asm/internal/gen"
)

// # Windows
//
// k*Q for any Q: 52 digits of 5 bits (see Scalars), the highest of which is 1
// since k < 2^256, and a table of 16 odd multiples of Q. From T = Q, each digit d
// makes T = 32*T + d*Q.
//
// T is an odd integer multiple of Q, at least 1, and doubling has no exceptions.
// addInto fails if 32*T = ±d mod n, or 32*T = 0, which no T < n is. As integers,
// |d| < 32 <= 32*T, so 32*T±d > 0. Before the last digit, 32*T+d is b[i] for an
// i >= 1, at most 2^251, and 32*T-d < 2^251 + 64: both are less than n. At the last
// digit, 32*T+d = k, which is not 0 mod n. 32*T-d = k - 2*d is odd, as k is; if it
// is n, then k = n - 2*e, where e = -d is odd and from 1 to 31, and d follows from
// the lowest 6 bits of n, whose value is 17: -e = (17 - 2e mod 64) - 32, so
// e = 17 - 32 mod 64 = 49, which is out of range. And k - 2*d < n + 62 < 2n.
const (
	windowBits    = 5
	windowDigits  = 52
	windowEntries = 1 << (windowBits - 1)
)

func windowADX(c *gen.Ctx) {
	a := &adx{c}
	a.Kernel("windowsADX")
	f := a.frame(6 + temps)
	p, q := jacobian{f[0], f[1], f[2], f[3]}, affine{f[4], f[5]}
	s := a.scalarFrame()
	i := a.AllocLocal(8)
	a.start()
	a.Load(a.Param("k"), reg.RSI)
	a.odd(s, at(reg.RSI, 0))
	a.Load(a.Param("t"), reg.RSI)
	a.XORL(reg.EAX, reg.EAX)
	a.MOVQ(s.negated, reg.RBX)
	a.lookup(q, at(reg.RSI, 0), windowEntries, 96)
	a.move(q.x, p.x)
	a.move(q.y, p.y)
	a.move(a.one(), p.z)
	a.move(a.one(), p.zz)
	a.MOVQ(U32(windowBits*(windowDigits-2)), i)

	a.Align(32)
	a.Label("digits")
	a.MOVL(U32(windowBits), reg.ESI)
	a.Align(32)
	a.Label("doublings")
	a.doubleInto(p, f[6:])
	a.DECQ(reg.RSI)
	a.JNE(LabelRef("doublings"))
	a.MOVQ(i, reg.RDX)
	a.digit(s, windowBits, reg.RDX)
	a.Load(a.Param("t"), reg.RSI)
	a.lookup(q, at(reg.RSI, 0), windowEntries, 96)
	a.addInto(p, q, f[6:], nil)
	a.SUBQ(Imm(windowBits), i)
	a.JCC(LabelRef("digits"))

	a.result(p)
	a.wipe(f)
	a.wipeScalar(s)
	a.VZEROUPPER()
	a.RET()
}
