module github.com/sealane/sealane/bench

go 1.26.0

require (
	github.com/cloudflare/circl v1.6.5
	github.com/sealane/sealane v0.0.0
	golang.org/x/crypto v0.58.0
	golang.org/x/perf v0.0.0-20260908200009-22c9c6c9d4da
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.47.0
)

require (
	github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794 // indirect
	github.com/klauspost/cpuid/v2 v2.4.2 // indirect
)

replace github.com/sealane/sealane => ../
