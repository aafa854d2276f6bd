//go:build race

package p256

const race = true
