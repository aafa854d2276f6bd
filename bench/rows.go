package main

import (
	"bytes"
	"context"
	"crypto/ecdh"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"

	"github.com/sealane/sealane/bench/peers"
	"github.com/sealane/sealane/bench/report"
)

// A section is one table of the output, and one entry of the progress.
type section struct {
	part  string // heading over several sections
	title string
	lines []line
}

// alone reports whether openssl speed measures a row of the section.
func (s section) alone() bool {
	return slices.ContainsFunc(s.lines, func(l line) bool {
		return slices.ContainsFunc(l.rows, func(r *row) bool { return r.Alone })
	})
}

// A line holds the rows that are measured in turn with each other.
type line struct {
	label string
	rows  []*row
}

// A row is one thing to measure.
type row struct {
	report.Row

	// prepare sets the row up. The op that it returns runs the operation n
	// times; done, if not nil, gives back what prepare took.
	prepare func() (op func(n int) error, done func(), err error)

	// gauge takes the only sample of a row that is counted, not timed; prepare is
	// then nil.
	gauge func() (report.Sample, error)

	// weight is the length of a sample in slices of the budget; zero if the row is
	// not timed here.
	weight int

	// speed measures a row that is Alone; prepare is then nil.
	speed func(context.Context) (report.Sample, error)

	// in is where the row is measured: this process, or a worker.
	in runner
}

// Sizes of messages in bytes: a block, a small request, a packet, a half and a
// whole TLS record, and more than a kernel takes in one call.
var (
	aeadSizes = []int{16, 64, 256, 1350, 8192, 16384, 1 << 20}
	hashSizes = []int{64, 256, 1350, 8192, 16384}
	tlsSizes  = []int{1350, 16384, 256 << 10}
)

// tcpLoads are the connections at once and the bytes of one write.
var tcpLoads = []struct{ conns, size int }{{1, 16384}, {1, 256 << 10}, {4, 256 << 10}}

// Samples over TCP are longer: two goroutines need some time to find their
// rhythm. So are those of handshakes, of which one takes long.
const (
	tcpWeight       = 6
	handshakeWeight = 16
)

// catalog returns everything that this process can measure itself.
func catalog(impls []peers.Impl) []section {
	var all []section
	add := func(part, title string, lines ...line) {
		s := section{part: part, title: title}
		for _, l := range lines {
			if len(l.rows) > 0 {
				s.lines = append(s.lines, l)
			}
		}
		if len(s.lines) > 0 {
			all = append(all, s)
		}
	}
	// compare makes the line's rows, one for each implementation that build
	// returns one for.
	compare := func(impls []peers.Impl, label string, name report.Name, build func(peers.Impl) *row) line {
		l := line{label: label}
		for _, impl := range impls {
			r := build(impl)
			if r == nil {
				continue
			}
			r.Name = name
			r.Name.Impl = impl.Name
			if impl.Tier != nil {
				r.Name.Tier = impl.Tier(name.Bench, name.Alg)
			}
			l.rows = append(l.rows, r)
		}
		return l
	}
	// each makes a line of rows that are timed.
	each := func(label string, name report.Name, bytes int, prepare func(peers.Impl) preparation) line {
		return compare(impls, label, name, func(impl peers.Impl) *row { return timed(prepare(impl), 1, bytes) })
	}

	const aead = "AEADs"
	for _, alg := range peers.AEADs {
		for _, op := range []string{"Seal", "Open"} {
			var lines []line
			for _, size := range aeadSizes {
				lines = append(lines, each(report.Bytes(size), report.Name{Bench: op, Alg: alg, Size: size}, size, func(i peers.Impl) preparation {
					if op == "Seal" {
						return seal(i, alg, size)
					}
					return open(i, alg, size)
				}))
			}
			add(aead, op+" "+alg, lines...)
		}
	}
	var lines []line
	for _, alg := range peers.AEADs {
		lines = append(lines, each(alg, report.Name{Bench: "New", Alg: alg}, 0, func(i peers.Impl) preparation { return newAEAD(i, alg) }))
	}
	add(aead, "New key", lines...)

	for _, alg := range peers.Hashes {
		lines = nil
		for _, size := range hashSizes {
			lines = append(lines, each(report.Bytes(size), report.Name{Bench: "Sum", Alg: alg, Size: size}, size, func(i peers.Impl) preparation { return sum(i, alg, size) }))
		}
		add("SHA-2", "Sum "+alg, lines...)
	}

	const kdf = "HKDF and the TLS 1.3 key schedule"
	lines = nil
	for _, alg := range peers.KDFHashes {
		lines = append(lines, each("Extract "+alg, report.Name{Bench: "Extract", Alg: "hkdf-" + alg}, 0, func(i peers.Impl) preparation { return extract(i, alg) }))
	}
	for _, alg := range peers.KDFHashes {
		lines = append(lines, each("Expand "+alg, report.Name{Bench: "Expand", Alg: "hkdf-" + alg}, 0, func(i peers.Impl) preparation { return expand(i, alg, 32) }))
	}
	add(kdf, "HKDF of 32 bytes", lines...)
	lines = nil
	for _, alg := range peers.KDFHashes {
		lines = append(lines, each(alg, report.Name{Bench: "Schedule", Alg: alg}, 0, func(i peers.Impl) preparation { return schedule(i, alg) }))
	}
	add(kdf, "Schedule of a whole handshake", lines...)

	const curves = "X25519 and P-256"
	for _, op := range []struct{ bench, title string }{
		{"KeyPair", "New key pair"}, {"ECDH", "Shared secret"}, {"Sign", "Sign (ECDSA)"}, {"Verify", "Verify (ECDSA)"},
	} {
		lines = nil
		for _, alg := range peers.Curves {
			lines = append(lines, each(alg, report.Name{Bench: op.bench, Alg: alg}, 0, func(i peers.Impl) preparation { return curve(i, op.bench, alg) }))
		}
		add(curves, op.title, lines...)
	}

	const conns = "TLS 1.3 connections"
	for _, alg := range peers.AEADs {
		lines = nil
		for _, size := range tlsSizes {
			lines = append(lines, each(report.Bytes(size), report.Name{Bench: "TLS", Alg: alg, Size: size}, size, func(i peers.Impl) preparation { return memory(i, alg, size) }))
		}
		add(conns, "TLS "+alg+": write and read in memory", lines...)
	}
	overTCP := append(impls[:len(impls):len(impls)], peers.TCPAEAD, peers.TCP)
	for _, alg := range peers.AEADs {
		lines = nil
		for _, load := range tcpLoads {
			label := fmt.Sprintf("%d × %s", load.conns, report.Bytes(load.size))
			name := report.Name{Bench: "TCP", Alg: alg, Conns: load.conns, Size: load.size}
			lines = append(lines, compare(overTCP, label, name, func(impl peers.Impl) *row {
				r := timed(tcp(impl, alg, load.conns, load.size), tcpWeight, load.size)
				if r != nil {
					r.Ceiling = impl.Name == peers.TCP.Name || impl.Name == peers.TCPAEAD.Name
				}
				return r
			}))
		}
		add(conns, "TCP "+alg+": connections × bytes a write", lines...)
	}
	var shakes, allocs []line
	for _, op := range []string{"full", "resumed"} {
		for _, group := range peers.Groups {
			link := peers.Link{Alg: smallAlg, Group: group, Resume: op == "resumed"}
			shakes = append(shakes, compare(impls, op+" "+group, report.Name{Bench: "Handshake", Op: op, Alg: group}, func(impl peers.Impl) *row {
				r := timed(handshake(impl, link), handshakeWeight, 0)
				if r != nil {
					r.Each = true
				}
				return r
			}))
			allocs = append(allocs, compare(impls, op+" "+group, report.Name{Bench: "HandshakeAllocs", Op: op, Alg: group}, func(impl peers.Impl) *row {
				return counted(handshakeAllocs(impl, link), report.Allocs)
			}))
		}
	}
	add(conns, "Handshake, both sides in memory", shakes...)
	add(conns, "Allocations of a handshake, both sides", allocs...)
	add(conns, "Heap of an idle connection, one side", compare(impls, smallAlg, report.Name{Bench: "Idle", Alg: smallAlg}, func(impl peers.Impl) *row {
		return counted(idle(impl, smallAlg), report.Heap)
	}))
	return all
}

// timed returns a row that is timed, or nil without a preparation.
func timed(p preparation, weight, bytes int) *row {
	if p == nil {
		return nil
	}
	r := &row{prepare: p, weight: weight}
	r.Bytes = bytes
	return r
}

// counted returns a row that is counted, or nil without a gauge.
func counted(gauge func() (report.Sample, error), unit report.Unit) *row {
	if gauge == nil {
		return nil
	}
	r := &row{gauge: gauge}
	r.Unit = unit
	return r
}

// addOpenSSL adds rows that openssl speed measures, a second each, to the lines
// of some sizes.
func addOpenSSL(sections []section, o *peers.OpenSSL, quick bool) {
	sizes := map[string][]int{
		"Seal": {16, 256, 1350, 16384},
		"Open": {1350, 16384},
		"Sum":  {64, 16384},
		"ECDH": {0}, "Sign": {0}, "Verify": {0},
	}
	if quick {
		sizes = map[string][]int{"Seal": {16384}, "Sum": {16384}}
	}
	for _, s := range sections {
		for i := range s.lines {
			l := &s.lines[i]
			name := l.rows[0].Name
			for _, size := range sizes[name.Bench] {
				if size != name.Size || quick && name.Alg == "sha-384" {
					continue
				}
				if name.Alg == "chacha20-poly1305" && (name.Bench == "Open" || size < 1350) {
					continue
				}
				r := &row{}
				r.Name = report.Name{Bench: name.Bench, Impl: "openssl", Alg: name.Alg, Size: size}
				r.Bytes, r.Alone = size, true
				r.speed = func(ctx context.Context) (report.Sample, error) {
					iters, ns, err := o.Speed(ctx, name.Bench, name.Alg, size)
					return report.Sample{Iters: iters, Value: ns}, err
				}
				l.rows = append(l.rows, r)
			}
		}
	}
}

// A preparation is the field prepare of a row; nil says that the implementation
// lacks the operation.
type preparation = func() (op func(n int) error, done func(), err error)

// adSize is the length of a TLS 1.3 record's additional data in bytes (RFC
// 9846, Section 5.2).
const adSize = 5

// seal measures Seal into a buffer with room. The nonce is written before each
// call, as a record layer does.
func seal(impl peers.Impl, alg string, size int) preparation {
	if impl.AEAD == nil {
		return nil
	}
	return func() (func(int) error, func(), error) {
		a, err := impl.AEAD(alg, make([]byte, peers.KeySize(alg)))
		if err != nil {
			return nil, nil, err
		}
		nonce, ad := make([]byte, a.NonceSize()), make([]byte, adSize)
		msg := make([]byte, size)
		dst := make([]byte, 0, size+a.Overhead())
		seq := uint64(0)
		return func(n int) error {
			for range n {
				seq++
				binary.BigEndian.PutUint64(nonce[4:], seq)
				dst = a.Seal(dst[:0], nonce, msg, ad)
			}
			return nil
		}, nil, nil
	}
}

// open measures Open into a buffer with room, the nonce written before each
// call.
func open(impl peers.Impl, alg string, size int) preparation {
	if impl.AEAD == nil {
		return nil
	}
	return func() (func(int) error, func(), error) {
		a, err := impl.AEAD(alg, make([]byte, peers.KeySize(alg)))
		if err != nil {
			return nil, nil, err
		}
		nonce, ad := make([]byte, a.NonceSize()), make([]byte, adSize)
		msg := a.Seal(nil, nonce, make([]byte, size), ad)
		dst := make([]byte, 0, size)
		return func(n int) error {
			for range n {
				binary.BigEndian.PutUint64(nonce[4:], 0)
				if _, err := a.Open(dst, nonce, msg, ad); err != nil {
					return err
				}
			}
			return nil
		}, nil, nil
	}
}

// newAEAD measures the set-up of a key.
func newAEAD(impl peers.Impl, alg string) preparation {
	if impl.AEAD == nil {
		return nil
	}
	return func() (func(int) error, func(), error) {
		key := make([]byte, peers.KeySize(alg))
		return func(n int) error {
			for range n {
				if _, err := impl.AEAD(alg, key); err != nil {
					return err
				}
			}
			return nil
		}, nil, nil
	}
}

// sum measures a hash of a message in one call.
func sum(impl peers.Impl, alg string, size int) preparation {
	if impl.Hash == nil {
		return nil
	}
	f, err := impl.Hash(alg)
	if errors.Is(err, peers.ErrNone) {
		return nil
	}
	return func() (func(int) error, func(), error) {
		if err != nil {
			return nil, nil, err
		}
		msg := make([]byte, size)
		return func(n int) error {
			for range n {
				f(msg)
			}
			return nil
		}, nil, nil
	}
}

// extract measures HKDF-Extract of 32 bytes with a salt of 32 bytes.
func extract(impl peers.Impl, alg string) preparation {
	return withHKDF(impl, alg, func(k peers.HKDF) func(int) error {
		secret, salt := make([]byte, 32), make([]byte, 32)
		return func(n int) error {
			for range n {
				if _, err := k.Extract(secret, salt); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// expand measures HKDF-Expand to size bytes.
func expand(impl peers.Impl, alg string, size int) preparation {
	return withHKDF(impl, alg, func(k peers.HKDF) func(int) error {
		prk := make([]byte, 32)
		return func(n int) error {
			for range n {
				if _, err := k.Expand(prk, "tls13 key", size); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

func withHKDF(impl peers.Impl, alg string, op func(peers.HKDF) func(int) error) preparation {
	if impl.HKDF == nil {
		return nil
	}
	k, err := impl.HKDF(alg)
	if errors.Is(err, peers.ErrNone) {
		return nil
	}
	return func() (func(int) error, func(), error) {
		if err != nil {
			return nil, nil, err
		}
		return op(k), nil, nil
	}
}

// schedule measures the key schedule of a whole handshake.
func schedule(impl peers.Impl, alg string) preparation {
	if impl.Schedule == nil {
		return nil
	}
	f, err := impl.Schedule(alg)
	if errors.Is(err, peers.ErrNone) {
		return nil
	}
	return func() (func(int) error, func(), error) {
		if err != nil {
			return nil, nil, err
		}
		in := scheduleInput(alg)
		out := new(peers.ScheduleOutput)
		return func(n int) error {
			for range n {
				if err := f(out, in); err != nil {
					return err
				}
			}
			return nil
		}, nil, nil
	}
}

// curve measures an operation of a curve. Public keys are parsed before, the result
// is in bytes.
func curve(impl peers.Impl, op, alg string) preparation {
	if impl.Curve == nil {
		return nil
	}
	c, err := impl.Curve(alg)
	if errors.Is(err, peers.ErrNone) || op == "Sign" && c.Sign == nil || op == "Verify" && c.Verify == nil {
		return nil
	}
	return func() (func(int) error, func(), error) {
		if err != nil {
			return nil, nil, err
		}
		f, err := curveOp(c, op)
		return func(n int) error {
			for range n {
				if err := f(); err != nil {
					return err
				}
			}
			return nil
		}, nil, err
	}
}

// curveOp returns one operation, with a key of small digits, which takes no less
// time than another.
func curveOp(c peers.Curve, op string) (func() error, error) {
	private := bytes.Repeat([]byte{0x5a}, 32)
	public, err := c.Generate()
	if err != nil {
		return nil, err
	}
	digest := bytes.Repeat([]byte{1}, 32)
	switch op {
	case "KeyPair":
		return func() error { _, err := c.Generate(); return err }, nil
	case "ECDH":
		f, err := c.ECDH(private, public)
		return func() error { _, err := f(); return err }, err
	case "Sign":
		f, err := c.Sign(private)
		return func() error { _, err := f(digest); return err }, err
	}
	key, err := ecdh.P256().NewPrivateKey(private)
	if err != nil {
		return nil, err
	}
	sign, err := c.Sign(private)
	if err != nil {
		return nil, err
	}
	sig, err := sign(digest)
	if err != nil {
		return nil, err
	}
	verify, err := c.Verify(key.PublicKey().Bytes())
	return func() error {
		if !verify(digest, sig) {
			return errors.New("a good signature is refused")
		}
		return nil
	}, err
}

// scheduleInput returns an input for the cipher suite with the hash alg.
func scheduleInput(alg string) *peers.ScheduleInput {
	size, key := 32, 16
	if alg == "sha-384" {
		size, key = 48, 32
	}
	in := &peers.ScheduleInput{Shared: make([]byte, 32), KeySize: key, TicketNonce: make([]byte, 8)}
	for i, hash := range []*[]byte{&in.ServerHello, &in.CertificateVerify, &in.ServerFinished, &in.ClientFinished} {
		*hash = bytes.Repeat([]byte{byte(i + 1)}, size)
	}
	return in
}

// bulkGroup is the key exchange of connections of which the handshake is not
// measured, smallAlg the AEAD of those that send hardly anything.
const (
	bulkGroup = "x25519"
	smallAlg  = "aes-128-gcm"
)

// memory measures a write of size bytes to one end of a connection in memory
// and reading them from the other, by one goroutine.
func memory(impl peers.Impl, alg string, size int) preparation {
	if impl.TLS == nil {
		return nil
	}
	return func() (func(int) error, func(), error) {
		connect, err := impl.TLS(peers.Link{Alg: alg, Group: bulkGroup})
		if err != nil {
			return nil, nil, err
		}
		client, server := peers.Pipe()
		w, r, err := connect(client, server)
		if err != nil {
			return nil, nil, err
		}
		out, in := make([]byte, size), make([]byte, size)
		op := func(n int) error {
			for range n {
				if _, err := w.Write(out); err != nil {
					return err
				}
				if _, err := io.ReadFull(r, in); err != nil {
					return err
				}
			}
			return nil
		}
		return op, func() { client.Close(); server.Close() }, nil
	}
}

// handshake measures handshakes in memory, one after the other, each side by a
// goroutine of its own. The certificate is verified. A resumed one has a ticket
// of the one before, and a byte that comes with the next.
func handshake(impl peers.Impl, link peers.Link) preparation {
	if impl.TLS == nil {
		return nil
	}
	return func() (func(int) error, func(), error) {
		connect, err := impl.TLS(link)
		if err != nil {
			return nil, nil, err
		}
		return func(n int) error {
			for range n {
				if _, _, err := connect(peers.Pipe()); err != nil {
					return err
				}
			}
			return nil
		}, nil, nil
	}
}

// handshakeAllocs counts the allocations of a handshake, of both sides and the
// connection in memory below.
func handshakeAllocs(impl peers.Impl, link peers.Link) func() (report.Sample, error) {
	p := handshake(impl, link)
	if p == nil {
		return nil
	}
	return func() (report.Sample, error) {
		op, _, err := p()
		if err != nil {
			return report.Sample{}, err
		}
		const n = 64
		if err := op(n); err != nil { // fills caches and pools
			return report.Sample{}, err
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err = op(n)
		runtime.ReadMemStats(&after)
		return report.Sample{Iters: n, Value: float64(after.Mallocs-before.Mallocs) / n}, err
	}
}

// idle measures the heap that one side of a connection holds between reads,
// after a record was sent each way.
func idle(impl peers.Impl, alg string) func() (report.Sample, error) {
	if impl.TLS == nil {
		return nil
	}
	return func() (report.Sample, error) {
		connect, err := impl.TLS(peers.Link{Alg: alg, Group: bulkGroup})
		if err != nil {
			return report.Sample{}, err
		}
		const pairs = 256
		keep := make([]net.Conn, 0, 2*pairs)
		msg := make([]byte, 16384)
		before := heap()
		for range pairs {
			a, b := peers.Pipe()
			c, s, err := connect(a, b)
			if err != nil {
				return report.Sample{}, err
			}
			for _, way := range []struct{ w, r net.Conn }{{c, s}, {s, c}} {
				if _, err := way.w.Write(msg); err != nil {
					return report.Sample{}, err
				}
				if _, err := io.ReadFull(way.r, msg); err != nil {
					return report.Sample{}, err
				}
			}
			peers.Release(a)
			keep = append(keep, c, s)
		}
		after := heap()
		runtime.KeepAlive(keep)
		return report.Sample{Iters: 2 * pairs, Value: (float64(after) - float64(before)) / (2 * pairs)}, nil
	}
}

// heap returns the bytes of the heap that are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what is in a sync.Pool goes with the second
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// tcp measures writes of size bytes to conns connections at once over TCP
// loopback, each with a goroutine that writes and one that reads. An operation
// is one write, with the read of the same bytes.
func tcp(impl peers.Impl, alg string, conns, size int) preparation {
	if impl.TLS == nil {
		return nil
	}
	return func() (func(int) error, func(), error) {
		var open []net.Conn
		done := func() {
			for _, c := range open {
				c.Close()
			}
		}
		type pair struct {
			w       io.Writer
			r       io.Reader
			out, in []byte
		}
		connect, err := impl.TLS(peers.Link{Alg: alg, Group: bulkGroup})
		if err != nil {
			return nil, nil, err
		}
		var pairs []pair
		for range conns {
			client, server, err := peers.Loopback()
			if err != nil {
				done()
				return nil, nil, err
			}
			open = append(open, client, server)
			w, r, err := connect(client, server)
			if err != nil {
				done()
				return nil, nil, err
			}
			pairs = append(pairs, pair{w, r, make([]byte, size), make([]byte, size)})
		}
		return func(n int) error {
			errs := make(chan error, 2*conns)
			for i, p := range pairs {
				share := n / conns
				if i < n%conns {
					share++
				}
				go func() {
					for range share {
						if _, err := p.w.Write(p.out); err != nil {
							errs <- err
							return
						}
					}
					errs <- nil
				}()
				go func() {
					for range share {
						if _, err := io.ReadFull(p.r, p.in); err != nil {
							errs <- err
							return
						}
					}
					errs <- nil
				}()
			}
			for range 2 * conns {
				if err := <-errs; err != nil {
					done() // so that the others end
					return err
				}
			}
			return nil
		}, done, nil
	}
}
