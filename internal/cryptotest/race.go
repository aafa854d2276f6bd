//go:build race

package cryptotest

// raceEnabled tells whether the race detector is on. It keeps functions from
// being inlined, so that values move to the heap which otherwise do not.
const raceEnabled = true
