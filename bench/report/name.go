// Package report gives the results of a comparison their form: the names of
// the rows, the statistics of rounds measured in turn, the result file and the
// tables.
package report

import (
	"strconv"
	"strings"
)

// A Name says what one row measures. In text it is the name of a Go benchmark
// whose sub-benchmarks are key=value pairs, in the order of [Keys], absent ones
// left out:
//
//	BenchmarkSeal/impl=sealane/alg=aes-128-gcm/tier=vaes512/size=16384
//
// The benchmarks of the module's packages are named in the same way.
type Name struct {
	Bench string // what is measured: Seal, Open, Sum, Expand, ECDH …
	Impl  string // who does it: sealane, std (the standard library), x-crypto, circl, openssl, tcp (the bare connection), tcp-aead (with nothing but encryption)
	Op    string // which part or kind of it, where there are several: full, resumed …
	Alg   string // aes-128-gcm, sha-256, x25519 …
	Tier  string // one word of internal/cpu; only sealane's rows have it
	Conns int    // connections used at once; zero where there is none
	Count int    // messages hashed at once; zero where it is one after the other
	Size  int    // bytes of one message, or of one write; zero where it is fixed
}

// Keys are the keys of a benchmark's name, in their order.
var Keys = []string{"impl", "op", "alg", "tier", "conns", "count", "size"}

// Prefix is what the name of every Go benchmark begins with.
const Prefix = "Benchmark"

func (n Name) String() string {
	var b strings.Builder
	b.WriteString(Prefix + n.Bench)
	for i, value := range []string{n.Impl, n.Op, n.Alg, n.Tier, positive(n.Conns), positive(n.Count), positive(n.Size)} {
		if value != "" {
			b.WriteString("/" + Keys[i] + "=" + value)
		}
	}
	return b.String()
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return strconv.Itoa(n)
}
