package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/gotypes"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
	"github.com/sealane/sealane/asm/internal/gen"
)

// SHA-256 with SHA-NI. SHA256RNDS2 does two rounds in four cycles, each on the
// result of the last, so that one compression takes 128 cycles and leaves the
// unit idle for half of them. Two that do not wait for each other take about 155
// together. The two blocks that make the key of an HMAC are such a pair, and so
// are two MACs with one key.

// ni builds a kernel of tier shani.
type ni struct {
	*gen.Ctx
	pool *gen.Pool

	wk  reg.VecPhysical // W+K of the next rounds; SHA256RNDS2 takes it in X0
	tmp reg.VecPhysical
}

func newNI(c *gen.Ctx) *ni {
	k := &ni{Ctx: c, pool: gen.NewPool(128, 16)}
	k.wk = k.pool.Take("wk")
	k.tmp = k.pool.Take("tmp")
	return k
}

// A state is a hash value, or the working variables of a compression, in the
// order of SHA256RNDS2: a, b, e, f and c, d, g, h, from the highest word to the
// lowest.
type state struct{ abef, cdgh reg.VecPhysical }

// A stream is one compression in progress: its working variables and four groups
// of words of the message schedule.
type stream struct {
	state
	w []reg.VecPhysical
}

func (k *ni) state(name string) state {
	return state{k.pool.Take(name + " abef"), k.pool.Take(name + " cdgh")}
}

func (k *ni) stream(name string) *stream {
	return &stream{k.state(name), k.pool.TakeN(name+" w", 4)}
}

// key builds keySHANI: two compressions from one hash value.
func (k *ni) key(name string) {
	k.Kernel(name)
	key := k.Dereference(k.Param("k"))
	iv := k.Load(k.Param("iv"), k.GP64())
	inner, outer := k.stream("inner"), k.stream("outer")
	k.pads(k.bytes("raw"), inner, outer)
	first := k.state("iv")
	k.loadState(Mem{Base: iv}, first)
	k.start(first, inner, outer)
	k.rounds(inner, outer)
	k.add(first, inner, outer)
	k.storeState(k.field(key, "inner"), inner.state)
	k.storeState(k.field(key, "outer"), outer.state)
	k.RET()
}

// pads sets the words of the streams to key XOR ipad, and key XOR opad.
func (k *ni) pads(key data, inner, outer *stream) {
	k.load(key, inner.w, false)
	k.Comment("W[0..15] of both: the key XOR ipad, or opad.")
	for i, s := range []*stream{outer, inner} { // inner.w is the key until the end
		b := []uint32{0x5c5c5c5c, 0x36363636}[i]
		k.MOVOU(k.Words32([]string{"opad", "ipad"}[i], b, b, b, b), k.wk)
		for j := range s.w {
			if s == outer {
				k.MOVO(inner.w[j], s.w[j])
			}
			k.PXOR(k.wk, s.w[j])
		}
	}
}

// mac builds macSHANI and mac2SHANI: n MACs with one key.
func (k *ni) mac(name string, n int) {
	k.Kernel(name)
	key := k.Dereference(k.Param("k"))
	streams := []*stream{k.stream("first")}
	if n == 1 {
		k.load(k.bytes("message"), streams[0].w, true)
	} else {
		streams = append(streams, k.stream("second"))
		k.load(k.bytes("message0"), streams[0].w, true)
		k.load(k.bytes("message1"), streams[1].w, true)
	}
	from := k.state("key")
	k.loadState(k.field(key, "inner"), from)
	k.start(from, streams...)
	k.rounds(streams...)
	k.add(from, streams...)

	for _, s := range streams {
		k.outerBlock(s)
	}
	k.loadState(k.field(key, "outer"), from)
	k.start(from, streams...)
	k.rounds(streams...)
	k.add(from, streams...)
	sum := k.Load(k.Param([]string{"sum", "sums"}[n-1]), k.GP64())
	for i, s := range streams {
		k.storeSum(Mem{Base: sum, Disp: 32 * i}, s.state)
	}
	k.RET()
}

// once builds onceSHANI: keySHANI and macSHANI with nothing stored between. The
// block of the outer key has until the inner hash is done, two compressions
// later; it goes at half their pace, so that they hardly have to wait for it.
func (k *ni) once(name string) {
	k.Kernel(name)
	iv := k.Load(k.Param("iv"), k.GP64())
	s, outer := k.stream("inner"), k.stream("outer")
	k.pads(k.bytes("key"), s, outer)
	from := k.state("from")
	k.loadState(Mem{Base: iv}, from)
	k.start(from, s, outer)
	both := func(half int) {
		for t := 0; t < 64; t += 4 {
			k.four(s, t)
			if t%8 == 0 {
				k.four(outer, 32*half+t/2)
			}
		}
	}
	both(0)
	k.add(from, s)

	k.MOVO(s.abef, from.abef)
	k.MOVO(s.cdgh, from.cdgh)
	k.load(k.bytes("message"), s.w, true)
	both(1)
	k.add(from, s)
	k.loadState(Mem{Base: iv}, from)
	k.add(from, outer)

	k.outerBlock(s)
	k.start(outer.state, s)
	k.rounds(s)
	k.add(outer.state, s)
	sum := k.Load(k.Param("sum"), k.GP64())
	k.storeSum(Mem{Base: sum}, s.state)
	k.RET()
}

// field is the address of a hash value in the key256 that key points to.
func (k *ni) field(key gotypes.Component, name string) Mem {
	b, err := key.Field(name).Index(0).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// swap is the permutation of PSHUFB between bytes and big-endian words.
func (k *ni) swap() Mem {
	return k.Bytes("swap", []byte{3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12})
}

// data is bytes in memory: a pointer and a length that is public.
type data struct{ ptr, n reg.GPVirtual }

// bytes loads the parameters of a pointer and of the length behind it.
func (k *ni) bytes(name string) data {
	d := data{k.GP64(), k.GP64()}
	k.Load(k.Param(name), d.ptr)
	k.Load(k.Param(name+"Len"), d.n)
	return d
}

// load sets w to the words of a block: of d followed by zeros or, if message is
// set, by the padding of a message that ends with d and has one block before it.
// d has 64 bytes at most, or 55.
//
// A block put together in memory, out of pieces, could not be forwarded from
// the stores to the loads of 16 bytes, which would wait until the stores are
// done, and those on all that came before them; so this is done in registers.
func (k *ni) load(d data, w []reg.VecPhysical, message bool) {
	var (
		last  = k.tmp // the last bytes, fewer than 16, and what follows them
		rest  = k.GP64()
		table = k.GP64()
		done  = k.NewLabel("loaded")
		tail  = k.NewLabel("tail")
	)
	k.Comment("rest = 16 - n mod 16, where the windows on the tables begin.")
	k.MOVQ(d.n, rest)
	k.ANDQ(Imm(15), rest)
	k.NEGQ(rest)
	k.ADDQ(Imm(16), rest)

	k.CMPQ(d.n, Imm(16))
	k.JB(LabelRef(tail + "_short"))
	k.Comment("The last bytes are the end of 16: move them to the front.")
	k.LEAQ(k.Bytes("front", front[:]), table)
	k.MOVOU(Mem{Base: d.ptr, Index: d.n, Scale: 1, Disp: -16}, last)
	k.MOVOU(Mem{Base: table, Index: rest, Scale: 1}, k.wk)
	k.PSHUFB(k.wk, last)
	k.JMP(LabelRef(tail))
	k.Label(tail + "_short")
	k.short(d, last)
	k.Label(tail)
	if message {
		k.LEAQ(k.Bytes("mark", mark[:]), table)
		k.MOVOU(Mem{Base: table, Index: rest, Scale: 1}, k.wk)
		k.POR(k.wk, last)
	}

	most := 4
	if message {
		most = 3
	}
	for q := most; q >= 0; q-- {
		if q < most {
			k.Label(fmt.Sprint(tail, "_", q))
		}
		if q > 0 {
			k.CMPQ(d.n, Imm(uint64(16*q)))
			k.JB(LabelRef(fmt.Sprint(tail, "_", q-1)))
		}
		for j := range w {
			switch {
			case j < q:
				k.MOVOU(Mem{Base: d.ptr, Disp: 16 * j}, w[j])
			case j == q:
				k.MOVO(last, w[j])
			default:
				k.PXOR(w[j], w[j])
			}
		}
		if q > 0 {
			k.JMP(LabelRef(done))
		}
	}
	k.Label(done)
	k.MOVOU(k.swap(), k.tmp)
	for j := range w {
		k.PSHUFB(k.tmp, w[j])
	}
	if message {
		bits := k.GP64()
		k.LEAQ(Mem{Base: d.n, Disp: 64}, bits)
		k.SHLQ(Imm(3), bits)
		k.PINSRD(Imm(3), bits.As32(), w[3])
	}
}

// Windows of 16 bytes on these tables, from 16-n on: front is the permutation
// that moves the last n of 16 bytes to the front and clears the rest, and mark a
// byte 0x80 after n zeros.
var (
	front = [32]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
		128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128, 128}
	mark = [32]byte{16: 0x80}
)

// short sets last to the bytes of d, 15 at most, followed by zeros.
func (k *ni) short(d data, last reg.VecPhysical) {
	var (
		some = k.NewLabel("some")
		four = k.NewLabel("four")
		nine = k.NewLabel("nine")
		done = k.NewLabel("short")
		lo   = k.GP64()
		hi   = k.GP64()
	)
	k.CMPQ(d.n, Imm(8))
	k.JA(LabelRef(nine))
	k.CMPQ(d.n, Imm(4))
	k.JAE(LabelRef(four))
	k.TESTQ(d.n, d.n)
	k.JNE(LabelRef(some))
	k.PXOR(last, last)
	k.JMP(LabelRef(done))

	k.Label(some)
	k.Comment("1 to 3 bytes: the first, the middle and the last.")
	k.MOVBQZX(Mem{Base: d.ptr}, lo)
	k.MOVQ(d.n, reg.RCX)
	k.SHRQ(Imm(1), reg.RCX)
	k.MOVBQZX(Mem{Base: d.ptr, Index: reg.RCX, Scale: 1}, hi)
	k.SHLQ(Imm(3), reg.RCX)
	k.SHLQ(reg.CL, hi)
	k.ORQ(hi, lo)
	k.MOVBQZX(Mem{Base: d.ptr, Index: d.n, Scale: 1, Disp: -1}, hi)
	k.LEAQ(Mem{Base: d.n, Disp: -1}, reg.RCX)
	k.SHLQ(Imm(3), reg.RCX)
	k.SHLQ(reg.CL, hi)
	k.ORQ(hi, lo)
	k.MOVQ(lo, last)
	k.JMP(LabelRef(done))

	k.Label(four)
	k.Comment("4 to 8 bytes: the first four and the last four.")
	k.MOVL(Mem{Base: d.ptr}, lo.As32())
	k.MOVL(Mem{Base: d.ptr, Index: d.n, Scale: 1, Disp: -4}, hi.As32())
	k.LEAQ(Mem{Base: d.n, Disp: -4}, reg.RCX)
	k.SHLQ(Imm(3), reg.RCX)
	k.SHLQ(reg.CL, hi)
	k.ORQ(hi, lo)
	k.MOVQ(lo, last)
	k.JMP(LabelRef(done))

	k.Label(nine)
	k.Comment("9 to 15 bytes: the first eight, and what is new of the last eight.")
	k.MOVQ(Mem{Base: d.ptr, Index: d.n, Scale: 1, Disp: -8}, hi)
	k.MOVQ(d.n, reg.RCX)
	k.NEGQ(reg.RCX)
	k.ADDQ(Imm(16), reg.RCX)
	k.SHLQ(Imm(3), reg.RCX)
	k.SHRQ(reg.CL, hi)
	k.MOVQ(Mem{Base: d.ptr}, last)
	k.PINSRQ(Imm(1), hi, last)
	k.Label(done)
}

// outerBlock sets W[0..15] of s to the block that an HMAC ends with: the inner
// hash, which is in s, the 1 bit, and the length in bits of a block and a hash.
func (k *ni) outerBlock(s *stream) {
	k.Comment("W[0..15] = the inner hash and padding.")
	k.order(s.state, s.w[0], s.w[1])
	padding := k.Words32("padding", 1<<31, 0, 0, 0, 0, 0, 0, 8*(64+32))
	k.MOVOU(padding, s.w[2])
	k.MOVOU(padding.Offset(16), s.w[3])
}

// loadState loads a hash value. Registers are written from the highest word to
// the lowest, so the words in memory are dcba and hgfe.
func (k *ni) loadState(from Mem, s state) {
	k.Comment("abef, cdgh = the hash value.")
	k.MOVOU(from, k.tmp)
	k.MOVOU(from.Offset(16), s.cdgh)
	k.PSHUFD(Imm(0xb1), k.tmp, k.tmp)   // cdab
	k.PSHUFD(Imm(0x1b), s.cdgh, s.cdgh) // efgh
	k.MOVO(k.tmp, s.abef)
	k.PALIGNR(Imm(8), s.cdgh, s.abef)
	k.PBLENDW(Imm(0xf0), k.tmp, s.cdgh)
}

// order sets lo to dcba and hi to hgfe of s, which it uses up.
func (k *ni) order(s state, lo, hi reg.VecPhysical) {
	k.PSHUFD(Imm(0x1b), s.abef, lo) // feba
	k.PSHUFD(Imm(0xb1), s.cdgh, hi) // dchg
	k.MOVO(lo, s.abef)
	k.PBLENDW(Imm(0xf0), hi, lo)
	k.PALIGNR(Imm(8), s.abef, hi)
}

// storeState stores a hash value as words, and uses it up.
func (k *ni) storeState(to Mem, s state) {
	k.Comment("The hash value = abef, cdgh.")
	k.order(s, k.wk, k.tmp)
	k.MOVOU(k.wk, to)
	k.MOVOU(k.tmp, to.Offset(16))
}

// storeSum stores a hash value as bytes, and uses it up.
func (k *ni) storeSum(to Mem, s state) {
	k.Comment("The hash = abef, cdgh.")
	k.order(s, k.wk, k.tmp)
	k.MOVOU(k.swap(), s.abef)
	k.PSHUFB(s.abef, k.wk)
	k.PSHUFB(s.abef, k.tmp)
	k.MOVOU(k.wk, to)
	k.MOVOU(k.tmp, to.Offset(16))
}

// start sets the working variables of the streams to the hash value from.
func (k *ni) start(from state, streams ...*stream) {
	for _, s := range streams {
		k.MOVO(from.abef, s.abef)
		k.MOVO(from.cdgh, s.cdgh)
	}
}

// add adds the hash value from to the working variables, after which they are
// the next hash value (FIPS 180-4, Section 6.2.2, step 4).
func (k *ni) add(from state, streams ...*stream) {
	for _, s := range streams {
		k.PADDL(from.abef, s.abef)
		k.PADDL(from.cdgh, s.cdgh)
	}
}

// rounds does the 64 rounds of FIPS 180-4, Section 6.2.2, step 3, for each of
// the streams, whose w hold W[0..15] and are used up.
func (k *ni) rounds(streams ...*stream) {
	for t := 0; t < 64; t += 4 {
		for _, s := range streams {
			k.four(s, t)
		}
	}
}

// four does the rounds t to t+3 of s.
func (k *ni) four(s *stream, t int) {
	k.Commentf("Rounds %d to %d.", t, t+3)
	w := func(i int) reg.VecPhysical { return s.w[(t/4+i)%4] } // W[t+4i..t+4i+3]
	k.MOVOU(k.Words32("k256", k256[:]...).Offset(4*t), k.wk)
	k.PADDL(w(0), k.wk)
	k.SHA256RNDS2(k.wk, s.abef, s.cdgh)
	k.PSHUFD(Imm(0x0e), k.wk, k.wk)
	k.SHA256RNDS2(k.wk, s.cdgh, s.abef)
	if t < 48 {
		// W[t+16] = sigma1(W[t+14]) + W[t+9] + sigma0(W[t+1]) + W[t]
		k.SHA256MSG1(w(1), w(0))
		k.MOVO(w(3), k.tmp)
		k.PALIGNR(Imm(4), w(2), k.tmp)
		k.PADDL(k.tmp, w(0))
		k.SHA256MSG2(w(3), w(0))
	}
}

// k256 holds the constants of FIPS 180-4, Section 4.2.2.
var k256 = [64]uint32{
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
}
