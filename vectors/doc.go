// Package vectors holds the primitives of sealane against public test vectors:
// those of Wycheproof (github.com/c2sp/wycheproof), written against known faults
// of implementations, and those that NIST's validation program gave to Geomys
// (github.com/geomys/acvp-testdata). Each runs on every tier that the machine
// has.
//
// The vectors are 35 MB, so that this is a module of its own, and its tests get
// them with the go command at fixed versions; the build depends on neither.
package vectors
