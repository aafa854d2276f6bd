//go:build race

package record

// race: growing a slice takes two allocations then.
const race = true
