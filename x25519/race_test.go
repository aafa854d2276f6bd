//go:build race

package x25519

const race = true
