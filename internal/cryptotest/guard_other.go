//go:build !unix

package cryptotest

import "testing"

// A Guard is plain memory here: there is no portable way to protect pages.
type Guard struct{ mem []byte }

const guarded = false

// NewGuard returns a Guard of size bytes.
func NewGuard(_ testing.TB, size int) *Guard { return &Guard{make([]byte, size)} }

// End returns n bytes; the capacity is the length.
func (g *Guard) End(n int) []byte { return g.mem[len(g.mem)-n:] }

// Start returns n bytes; the capacity is the length.
func (g *Guard) Start(n int) []byte { return g.mem[:n:n] }
