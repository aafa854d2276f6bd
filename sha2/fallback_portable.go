//go:build purego || !(amd64 || arm64 || loong64 || ppc64le || riscv64 || s390x)

package sha2

// Where the standard library has no assembly either, portable Go is as fast.

func block256Fallback(h *[8]uint32, p []byte) { block256Generic(h, p) }

func finish256Fallback(sum *[Size256]byte, h *[8]uint32, tail []byte, n uint64) {
	finish256Generic(sum, h, tail, n)
}

func block512Fallback(h *[8]uint64, p []byte) { block512Generic(h, p) }

func finish512Fallback(sum *[Size512]byte, h *[8]uint64, tail []byte, n uint64) {
	finish512Generic(sum, h, tail, n)
}
