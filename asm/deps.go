//go:build tools

// Package asm holds the generators of this module's amd64 assembly.
package asm

// The packages whose stubs the generators read: go mod tidy must keep them.
import (
	_ "github.com/sealane/sealane/aesgcm"
	_ "github.com/sealane/sealane/hkdf"
	_ "github.com/sealane/sealane/p256"
	_ "github.com/sealane/sealane/sha2"
)
