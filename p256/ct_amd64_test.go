//go:build valgrind && gc && !purego

package p256

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/sealane/sealane/internal/cpu"
	"github.com/sealane/sealane/internal/ct"
)

func TestMain(*testing.M) { ct.Main(secrets) }

// secrets: see package ct. Peers' points are secrets here too, although nothing
// asks for that.
func secrets() {
	d, e := ct.Secret(&[4]uint64{1, 2, 3, 4}), ct.Secret(&[4]uint64{5, 6, 7, 8})
	q := new([2][4]uint64)
	setBytes(&q[0], stdPrivate(&benchKey).PublicKey().Bytes()[1:33])
	setBytes(&q[1], stdPrivate(&benchKey).PublicKey().Bytes()[33:])
	q = ct.Secret(q)
	x, y, b := new([4]uint64), new([4]uint64), new([32]byte)
	ok := new(bool)

	// Keys of tier adx, and of no tier, whose arithmetic is portable. (The standard
	// library's points are not ours to judge.)
	adx := &PrivateKey{tiers: tiersOf(cpu.ADX), d: *d}
	peer := &PublicKey{tiers: adx.tiers, q: *q}
	if adx.mult == cpu.ADX {
		ct.Run("ecdh", b, func() { adx.ecdh(b, peer) })
		for _, k := range [][4]uint64{{1}, {order[0] - 1, order[1], order[2], order[3]}} {
			k := ct.Secret(&k)
			ct.Run("multX", x, func() { adx.multX(x, k, q) })
		}
	}
	if adx.base == cpu.ADX {
		p := new([2][4]uint64)
		ct.Run("baseAffine", p, func() { adx.baseAffine(p, d) })
		ct.Run("baseXInverse", p, func() { adx.baseXInverse(&p[0], &p[1], d) })
		p2 := new(PublicKey)
		ct.Run("setPublic", &p2.q, func() { adx.setPublic(p2) })
		rs := new([2][4]uint64)
		ct.Run("signNonce", rs, func() { adx.signNonce(&rs[0], &rs[1], e, d) })
		ct.Run("sign", rs, func() {
			adx.sign(&rs[0], &rs[1], new([32]byte), bytes.NewReader(make([]byte, 32)), b[:], crypto.SHA256)
		})
		ct.Run("sign of RFC 6979", rs, func() { adx.sign(&rs[0], &rs[1], nil, nil, b[:], crypto.SHA256) })
	}
	nd := new([2][4]uint64)
	for _, ts := range []tiers{adx.tiers, generic} {
		nd[0], nd[1] = *d, *e
		ct.Run("exceptional", nd, func() { ts.exceptional(nd, d, q) })
		ct.Run("mulN", x, func() { ts.mulN(x, d, e) })
		ct.Run("toM", x, func() { ts.toM(x, d) })
		ct.Run("equationM", x, func() { ts.equationM(x, d) })
		ct.Run("sqrtP", x, func() { ts.sqrtP(x, d) })
		ct.Run("onCurve", ok, func() { *ok = ts.onCurve(q) })
	}
	ct.Run("subP", x, func() { subP(x, d, e) })
	ct.Run("addN", x, func() { addN(x, d, e) })
	ct.Run("reduceN", x, func() { reduceN(x, d) })
	ct.Run("isScalar", y, func() { y[0], y[1], y[2], y[3] = isScalar(d), less(d, e), isZero(d), equal(d, e) })
	ct.Run("putBytes", b, func() { putBytes(b[:], d) })
	ct.Run("setBytes", x, func() { setBytes(x, ct.Secret(b)[:]) })
	ct.Run("setDigest", x, func() { setDigest(x, ct.Secret(b)[:]) })
	z := ct.Secret(b)
	ct.Run("drbg", x, func() {
		var g drbg
		g.init(z, d, e)
		g.next(x)
		g.next(x)
		g.clear()
	})
	ct.Run("Equal", ok, func() { *ok = adx.Equal(&PrivateKey{tiers: adx.tiers, d: *e}) })
}
