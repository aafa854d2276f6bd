package main

import "math/big"

// roundConstants returns the first bits bits of the fractional parts of the
// cube roots of the first n primes (FIPS 180-4, Sections 4.2.2 and 4.2.3).
func roundConstants(n, bits int) []uint64 {
	mask := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(bits)), big.NewInt(1))
	var ks []uint64
	for p := int64(2); len(ks) < n; p++ {
		if !big.NewInt(p).ProbablyPrime(0) { // exact below 2^64
			continue
		}
		root := cubeRoot(new(big.Int).Lsh(big.NewInt(p), uint(3*bits)))
		ks = append(ks, root.And(root, mask).Uint64())
	}
	return ks
}

// cubeRoot returns the integer part of the cube root of x >= 1, by Newton's
// method from above.
func cubeRoot(x *big.Int) *big.Int {
	r := new(big.Int).Lsh(big.NewInt(1), uint(x.BitLen()+2)/3)
	for {
		next := new(big.Int).Quo(x, new(big.Int).Mul(r, r))
		next.Add(next, new(big.Int).Lsh(r, 1))
		next.Quo(next, big.NewInt(3))
		if next.Cmp(r) >= 0 {
			return r
		}
		r = next
	}
}
