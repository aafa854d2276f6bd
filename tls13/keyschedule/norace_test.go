//go:build !race

package keyschedule

const race = false
