# Every step of .ci/run is a target here. Run "make" from the root.

.PHONY: all fmt vet staticcheck gen gen-check test tiers test-tiers test-purego test-importer \
	test-arm64 test-s390x ct race bench-once bench-quick ci

all: fmt vet test

# gofmt has nothing to change.
fmt:
	@out=$$(gofmt -l .); if [ -n "$$out" ]; then echo "gofmt would change:"; echo "$$out"; exit 1; fi

# The platforms that must at least compile, each with and without assembly. What
# the tests do not need afterwards is compiled without optimization: it is
# quicker.
PLATFORMS = linux/amd64 linux/arm64 linux/s390x linux/386 darwin/arm64 windows/amd64
QUICKLY = linux/386 darwin/arm64 windows/amd64

vet:
	@for p in $(PLATFORMS); do for tags in none purego; do \
		flags=; case " $(QUICKLY) " in *" $$p "*) flags='-N -l';; esac; \
		echo "vet $$p tags=$$tags"; \
		GOOS=$${p%/*} GOARCH=$${p#*/} go vet -tags=$$tags -gcflags="all=$$flags" ./... ./bench/... ./vectors || exit 1; \
	done; done
	go vet ./asm/... ./examples/...

# Pinned: a newer one may know more faults. What is unused in every build is
# unused; what one build alone does without is not.
STATICCHECK = go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

staticcheck:
	@printf '%s:%s\n' amd64 ' GOARCH=amd64' arm64 ' GOARCH=arm64' purego ' -tags=purego' | \
		$(STATICCHECK) -matrix ./... ./bench/... ./vectors
	$(STATICCHECK) ./asm/... ./examples/...

# The generators in asm, by the package that they feed. They are run there: asm
# is a module of its own, which "go generate ./..." at the root does not enter.
GENERATORS = $(patsubst asm/%/main.go,%,$(shell find asm -name main.go | sort))

gen:
	@for p in $(GENERATORS); do echo "gen $$p"; (cd asm && go run ./$$p) || exit 1; done

# The committed assembly is what the generators make, no file more or less.
gen-check:
	@tmp=$$(mktemp -d) && trap 'rm -rf "$$tmp"' EXIT && \
	for p in $(GENERATORS); do \
		echo "gen-check $$p"; \
		mkdir -p "$$tmp/new/$$p" "$$tmp/old/$$p" && \
		(cd asm && go run ./$$p -out "$$tmp/new/$$p") && \
		cp $$p/*_amd64.s "$$tmp/old/$$p" || exit 1; \
	done && \
	diff -ru "$$tmp/old" "$$tmp/new" && echo "the assembly is current"

test:
	go test work

# Each tier that this machine has, by force.
tiers:
	go run ./internal/testtiers

# Each tier, and each architecture that can be emulated.
test-tiers: tiers test-purego test-arm64 test-s390x

test-purego:
	go test -tags purego ./... ./vectors

# What those who import the module get: no workspace.
test-importer:
	GOWORK=off go test ./...

# Under qemu-user (Debian: apt-get install qemu-user).
test-arm64:
	GOARCH=arm64 go test -short -exec qemu-aarch64 ./... ./vectors

# Big-endian.
test-s390x:
	GOARCH=s390x go test -short -exec qemu-s390x ./...

# That nothing secret decides about branches and addresses: under valgrind what
# it can run, and a reviewed list for the rest (Debian: apt-get install valgrind
# binutils).
ct:
	go run ./internal/ct/grind
	go run ./internal/ct/listing

race:
	go test -race ./... ./bench/...

# Every benchmark runs, if only once.
bench-once:
	go test -run '^$$' -bench . -benchtime 1x ./... ./bench/...

bench-quick:
	go run ./bench -quick

ci:
	.ci/run
