//go:build race

package keyschedule

const race = true
