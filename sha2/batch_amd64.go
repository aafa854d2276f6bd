//go:build gc && !purego

package sha2

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"unsafe"

	"github.com/sealane/sealane/internal/cpu"
)

// pickBatch256 returns the tier that Batch224 and Batch256 prefer on a machine.
func pickBatch256(f cpu.Features) cpu.Tier { return f.First(cpu.AVX512, cpu.SHANI, cpu.AVX2) }

// pickBatch512 returns the tier that Batch384 and Batch512 prefer on a machine.
func pickBatch512(f cpu.Features) cpu.Tier { return f.First(cpu.AVX512, cpu.AVX2) }

// A vector tells how the kernel of a tier that keeps a state in each lane of
// vectors compares with hashing one message after the other.
type vector struct {
	lanes int // a power of two
	least int // this many lanes at work are worth a step
	// Nanoseconds, on Zen 5: of a block of one message, of a step of one block of
	// all lanes, of a batch, and of each of its messages.
	block, step, fixed, message int
}

// vector256 returns how the kernel of SHA-256 of the tier compares with kernels
// of tier one, nil if there is none.
func vector256(tier, one cpu.Tier) *vector {
	switch {
	case tier == cpu.AVX512 && one == cpu.SHANI:
		return &vector256AVX512SHANI
	case tier == cpu.AVX512:
		return &vector256AVX512
	case tier == cpu.AVX2:
		return &vector256AVX2
	}
	return nil
}

// vector512 is vector256 for SHA-512.
func vector512(tier cpu.Tier) *vector {
	if tier == cpu.AVX512 {
		return &vector512AVX512
	}
	return &vector512AVX2
}

// These are never written. Of the first, 9 lanes are what a step is worth
// against streams, which take 19 ns for a block.
var (
	vector256AVX512SHANI = vector{lanes: 16, least: 9, block: 33, step: 165, fixed: 200, message: 15}
	vector256AVX512      = vector{lanes: 16, least: 2, block: 102, step: 165, fixed: 200, message: 15}
	vector256AVX2        = vector{lanes: 8, least: 3, block: 102, step: 290, fixed: 200, message: 30}
	vector512AVX512      = vector{lanes: 8, least: 2, block: 114, step: 215, fixed: 150, message: 15}
	vector512AVX2        = vector{lanes: 4, least: 3, block: 127, step: 357, fixed: 200, message: 30}
)

// worth reports whether the kernel gains more than it takes to set the batch up,
// as far as the first messages tell. Of a long message only the first blocks
// count: it may be the only one. Blocks are of 1<<shift bytes. It takes no
// division, which would be felt in a batch of few short messages.
func (v *vector) worth(msgs [][]byte, shift int) bool {
	if v == nil || len(msgs) < v.least {
		return false
	}
	const most = 32
	sum, longest, times := 0, 0, 1
	first := msgs
	if len(msgs) > v.lanes {
		first = msgs[:v.lanes]
		times = len(msgs) >> bits.TrailingZeros(uint(v.lanes))
	}
	for _, m := range first {
		n := min(len(m)>>shift+1, most)
		sum += n
		longest = max(longest, n)
	}
	if times >= 4 { // lanes that end take the next messages
		longest = (sum + v.lanes - 1) >> bits.TrailingZeros(uint(v.lanes))
	}
	return times*(sum*v.block-longest*v.step-len(first)*v.message) > v.fixed
}

// chooseBatch256 tells what Batch224 and Batch256 do here. It costs little, since a
// batch of few short messages is done one by one and is not to take longer than a
// loop.
func chooseBatch256(msgs [][]byte) batchMode {
	if len(msgs) < 2 || batchTier256 == cpu.Generic {
		return oneByOne
	}
	return choose256(batchTier256, tier256, msgs)
}

// chooseBatch512 is chooseBatch256 for SHA-512.
func chooseBatch512(msgs [][]byte) batchMode {
	if len(msgs) < 2 || batchTier512 == cpu.Generic {
		return oneByOne
	}
	return choose512(batchTier512, msgs)
}

// choose256 tells what is fastest for a batch: tier is that of the batch kernels,
// one that of messages on their own.
func choose256(tier, one cpu.Tier, msgs [][]byte) batchMode {
	switch {
	case vector256(tier, one).worth(msgs, 6):
		return inVectors
	case one == cpu.SHANI && streamed(msgs):
		return inStreams
	}
	return oneByOne
}

func choose512(tier cpu.Tier, msgs [][]byte) batchMode {
	if vector512(tier).worth(msgs, 7) {
		return inVectors
	}
	return oneByOne
}

// batch256 hashes messages with SHA-256, from the intermediate hash value iv:
// msgs[i] to the i-th size bytes of sums. tier is that of the batch kernels, one
// that of messages on their own; at is what choose256 says.
func batch256(at batchMode, tier, one cpu.Tier, sums []byte, size int, msgs [][]byte, iv *[8]uint32) {
	b := batch[uint32]{
		block: BlockSize256, shift: 6, field: 8, tier: tier, one: one, vector: vector256(tier, one),
		sums: sums, size: size, msgs: msgs, iv: iv,
	}
	b.hash(at == inVectors)
}

// batch512 is batch256 for SHA-512; at is inVectors.
func batch512(at batchMode, tier, one cpu.Tier, sums []byte, size int, msgs [][]byte, iv *[8]uint64) {
	b := batch[uint64]{
		block: BlockSize512, shift: 7, field: 16, tier: tier, one: one, vector: vector512(tier),
		sums: sums, size: size, msgs: msgs, iv: iv,
	}
	b.hash(at == inVectors)
}

// streamLeast is the least length of messages that gain from being streams, and
// pairLeast that of two messages alone.
const (
	streamLeast = 512
	pairLeast   = 1024
)

// streamed reports whether messages gain from being streams: three or more, or two.
func streamed(msgs [][]byte) bool {
	n, pair := 0, 0
	for _, m := range msgs {
		if len(m) < streamLeast {
			continue
		}
		n++
		if len(m) >= pairLeast {
			pair++
		}
		if n == 3 || pair == 2 {
			return true
		}
	}
	return false
}

// A batch hashes messages in lanes. A lane takes the next message when it is
// done with one, so that all lanes are busy until there are no more messages.
// When fewer than least are left, they go on in streams.
type batch[W uint32 | uint64] struct {
	block, shift int // bytes of a block, and the logarithm of that
	field        int // bytes of the length in the padding
	tier, one    cpu.Tier
	vector       *vector
	sums         []byte
	size         int
	msgs         [][]byte
	iv           *[8]W
	next         int // of msgs

	lanes  [maxLanes]lane
	states [8 * maxLanes]W                   // by word, then by lane; in streams by lane, then by word
	hashes [maxLanes * Size256]byte          // of a kernel call, by lane
	pads   [maxLanes * 2 * BlockSize256]byte // padding, two blocks of each lane
}

// maxLanes is the most lanes of SHA-256. SHA-512 has half as many, of twice the
// size.
const maxLanes = 16

// A lane is a message in progress. It has no pointers: what points from one
// place of a batch to another, or to a message, would move that to the heap.
type lane struct {
	msg    int  // index of the message
	at     int  // where the next blocks are: in the message, or in pads
	blocks int  // how many there are: 0 only if the lane is idle
	padded bool // they are in pads, and the last
	slot   int  // index of the lane in states and pads
}

// hash hashes all messages, in vectors first if wide is set.
func (b *batch[W]) hash(wide bool) {
	lanes := b.lanes[:0]
	if wide {
		lanes = b.hashWide()
	} else {
		b.tier = b.one
	}
	if b.block == BlockSize256 && b.one == cpu.SHANI {
		b.hashStreams(lanes)
		return
	}
	for i := range lanes {
		b.hashOne(&lanes[i])
	}
}

// hashWide hashes in the lanes of vectors until fewer than least are at work,
// and returns those, with their states as streams have them.
func (b *batch[W]) hashWide() []lane {
	lanes := b.lanes[:b.vector.lanes]
	live, starts := 0, uint32(0) // starts: bit i is set if lane i has not begun yet
	for i := range lanes {
		lanes[i].slot = i
		if b.start(&lanes[i]) {
			starts |= 1 << i
			live++
		}
	}
	var p [maxLanes]*byte
	for live >= b.vector.least {
		n := maxCall >> b.shift / b.vector.lanes
		for i := range lanes {
			if l := &lanes[i]; l.blocks > 0 {
				n = min(n, l.blocks)
				p[0] = b.addr(l)
			}
		}
		some, ends := p[0], false
		for i := range lanes {
			l := &lanes[i]
			if l.blocks == 0 {
				p[i] = some // the lane is idle: any blocks that may be read
				continue
			}
			p[i] = b.addr(l)
			ends = ends || l.padded && l.blocks == n
		}
		b.compress(&p, n, starts, ends)
		starts = 0
		for i := range lanes {
			l := &lanes[i]
			if l.blocks == 0 || b.step(l, n) {
				continue
			}
			copy(b.sum(l), b.hashes[i*8*b.block/16:])
			if b.start(l) {
				starts |= 1 << i
			} else {
				live--
			}
		}
	}
	if live == 0 {
		return nil
	}
	byWord := b.states
	lanes = slices.DeleteFunc(lanes, func(l lane) bool { return l.blocks == 0 })
	for i := range lanes {
		l := &lanes[i]
		h := b.stream(l)
		if *h = *b.iv; starts>>l.slot&1 == 1 {
			continue
		}
		for i := range h {
			h[i] = byWord[i*b.vector.lanes+l.slot]
		}
	}
	return lanes
}

// start gives the lane the next message. It returns false if there is none, and
// the lane is idle then.
func (b *batch[W]) start(l *lane) bool {
	if b.next == len(b.msgs) {
		l.blocks = 0
		return false
	}
	l.msg, l.at, l.padded = b.next, 0, false
	l.blocks = len(b.msgs[b.next]) >> b.shift
	b.next++
	if l.blocks == 0 {
		b.pad(l)
	}
	return true
}

// step moves the lane n blocks on. It returns false if that was the end of the
// message.
func (b *batch[W]) step(l *lane, n int) bool {
	l.at += n * b.block
	if l.blocks -= n; l.blocks > 0 {
		return true
	}
	if l.padded {
		return false
	}
	b.pad(l)
	return true
}

// pad makes the end of the message, padded (FIPS 180-4, Section 5.1), the next
// blocks of the lane.
func (b *batch[W]) pad(l *lane) {
	m := b.msgs[l.msg]
	l.at, l.padded = l.slot*2*b.block, true
	switch pad := b.pads[l.at:]; {
	case b.tier != cpu.AVX512:
		l.blocks = b.padGeneric(pad, m)
	case b.block == BlockSize256:
		l.blocks = pad256AVX512((*[2 * BlockSize256]byte)(pad), m)
	default:
		l.blocks = pad512AVX512((*[2 * BlockSize512]byte)(pad), m)
	}
}

// padGeneric sets pad to the end of message m behind its last whole block,
// padded, and returns how many blocks that takes.
func (b *batch[W]) padGeneric(pad, m []byte) (blocks int) {
	tail := m[len(m)&^(b.block-1):]
	blocks = 1
	if len(tail)+1+b.field > b.block {
		blocks = 2
	}
	pad = pad[:blocks*b.block]
	clear(pad)
	copy(pad, tail)
	pad[len(tail)] = 0x80
	binary.BigEndian.PutUint64(pad[len(pad)-8:], uint64(len(m))<<3)
	return blocks
}

// addr returns the address of the lane's next block.
func (b *batch[W]) addr(l *lane) *byte {
	if l.padded {
		return &b.pads[l.at]
	}
	return &b.msgs[l.msg][l.at]
}

// sum returns where the sum of the lane's message goes.
func (b *batch[W]) sum(l *lane) []byte { return b.sums[l.msg*b.size:][:b.size] }

// compress does n > 0 blocks of all lanes of vectors. Bit i of starts tells that
// lane i starts; ends tells that hashes are wanted.
func (b *batch[W]) compress(p *[maxLanes]*byte, n int, starts uint32, ends bool) {
	told(n * b.vector.lanes * b.block)
	var hashes unsafe.Pointer
	if ends {
		hashes = unsafe.Pointer(&b.hashes)
	}
	iv := unsafe.Pointer(b.iv)
	switch h := unsafe.Pointer(&b.states); {
	case b.block == BlockSize256 && b.tier == cpu.AVX512:
		batch256AVX512((*[8][16]uint32)(h), p, n, (*[8]uint32)(iv), starts, (*[16][Size256]byte)(hashes))
	case b.block == BlockSize256:
		batch256AVX2((*[8][8]uint32)(h), (*[8]*byte)(p[:]), n, (*[8]uint32)(iv), starts, (*[8][Size256]byte)(hashes))
	case b.tier == cpu.AVX512:
		batch512AVX512((*[8][8]uint64)(h), (*[8]*byte)(p[:]), n, (*[8]uint64)(iv), starts, (*[8][Size512]byte)(hashes))
	default:
		batch512AVX2((*[8][4]uint64)(h), (*[4]*byte)(p[:]), n, (*[8]uint64)(iv), starts, (*[4][Size512]byte)(hashes))
	}
}

// hashStreams hashes what lanes and the rest of the messages have left, up to
// four at a time.
func (b *batch[W]) hashStreams(lanes []lane) {
	for len(lanes) < maxLanes {
		l := lane{slot: len(lanes)}
		if !b.startStream(&l) {
			break
		}
		lanes = append(lanes, l)
	}
	sorted := false
	for len(lanes) > 1 {
		if !sorted && b.next == len(b.msgs) {
			// The longest go first, so that none is left alone for long.
			slices.SortFunc(lanes, func(x, y lane) int { return b.left(&x) - b.left(&y) })
			sorted = true
		}
		if sorted && !b.anyTwo(lanes) {
			break
		}
		streams := streamsOf(len(lanes))
		first := len(lanes) - streams
		n := maxCall >> b.shift / streams
		var h [4]*[8]uint32
		var p [4]*byte
		for i := range streams {
			l := &lanes[first+i]
			n = min(n, l.blocks)
			h[i] = (*[8]uint32)(unsafe.Pointer(b.stream(l)))
			p[i] = b.addr(l)
		}
		told(n * streams * b.block)
		batch256SHANI(&h, &p, streams, n)
		for i := len(lanes) - 1; i >= first; i-- {
			l := &lanes[i]
			if b.step(l, n) {
				continue
			}
			b.put(l)
			if !b.startStream(l) {
				lanes = slices.Delete(lanes, i, i+1)
			}
		}
	}
	for i := range lanes {
		b.hashOne(&lanes[i])
	}
}

// anyTwo reports whether two of the lanes, or more, have enough left to gain from
// being streams.
func (b *batch[W]) anyTwo(lanes []lane) bool {
	n := 0
	for i := range lanes {
		if b.left(&lanes[i]) >= streamLeast>>b.shift {
			n++
		}
	}
	return n >= 2
}

// startStream gives the lane the next message that is long enough, and hashes
// those before it on their own.
func (b *batch[W]) startStream(l *lane) bool {
	for b.next < len(b.msgs) && len(b.msgs[b.next]) < streamLeast {
		short := lane{msg: b.next, slot: l.slot}
		*b.stream(&short) = *b.iv
		b.hashOne(&short)
		b.next++
	}
	if !b.start(l) {
		return false
	}
	*b.stream(l) = *b.iv
	return true
}

// streamsOf returns how many of n lanes go on together: four, or three and then
// the others, so that no single one remains if all are equally long.
func streamsOf(n int) int {
	switch n {
	case 5, 6:
		return 3
	default:
		return min(n, 4)
	}
}

// left returns the blocks that the lane has left, without those of padding.
func (b *batch[W]) left(l *lane) int {
	if l.padded {
		return 0
	}
	return l.blocks
}

// stream returns the state of a lane in streams.
func (b *batch[W]) stream(l *lane) *[8]W { return (*[8]W)(b.states[8*l.slot:]) }

// hashOne hashes what a lane has left, on its own.
func (b *batch[W]) hashOne(l *lane) {
	m := b.msgs[l.msg]
	switch state := unsafe.Pointer(b.stream(l)); {
	case l.padded && b.block == BlockSize256:
		block256(b.one, (*[8]uint32)(state), b.pads[l.at:][:l.blocks*BlockSize256])
		b.put(l)
	case l.padded:
		block512(b.one, (*[8]uint64)(state), b.pads[l.at:][:l.blocks*BlockSize512])
		b.put(l)
	case b.block == BlockSize256:
		var sum [Size256]byte
		finish256(b.one, &sum, (*[8]uint32)(state), m[l.at:], uint64(len(m)))
		copy(b.sum(l), sum[:])
	default:
		var sum [Size512]byte
		finish512(b.one, &sum, (*[8]uint64)(state), m[l.at:], uint64(len(m)))
		copy(b.sum(l), sum[:])
	}
}

// put sets the sum of the lane's message to its state.
func (b *batch[W]) put(l *lane) {
	sum := b.sum(l)
	for i, v := range b.stream(l) {
		switch {
		case b.block == BlockSize256 && 4*i < len(sum):
			binary.BigEndian.PutUint32(sum[4*i:], uint32(v))
		case b.block == BlockSize512 && 8*i < len(sum):
			binary.BigEndian.PutUint64(sum[8*i:], uint64(v))
		}
	}
}

// callHook, if a test sets it, is told how many bytes every call of a batch
// kernel handles.
var callHook func(n int)

func told(n int) {
	if callHook != nil {
		callHook(n)
	}
}

// batch256AVX512 compresses blocks blocks of each of 16 messages, its lanes:
// those at p[l] into the intermediate hash value whose word i is h[i][l], or
// into iv if bit l of starts is set; h[i][l] becomes the result. If sums is not
// nil, sums[l] becomes that as well, in the form of a hash. The messages may be
// the same or overlap. 0 < blocks <= maxCall/16/64. Works like block256Generic
// for each lane.
//
//go:noescape
func batch256AVX512(h *[8][16]uint32, p *[16]*byte, blocks int, iv *[8]uint32, starts uint32, sums *[16][Size256]byte)

// pad256AVX512 sets pad to the end of message m behind its last whole block,
// padded (FIPS 180-4, Section 5.1.1), and returns how many blocks that takes, 1
// or 2. Works like batch.pad.
//
//go:noescape
func pad256AVX512(pad *[2 * BlockSize256]byte, m []byte) (blocks int)

// batch256AVX2 works like batch256AVX512, for 8 lanes. 0 < blocks <=
// maxCall/8/64.
//
//go:noescape
func batch256AVX2(h *[8][8]uint32, p *[8]*byte, blocks int, iv *[8]uint32, starts uint32, sums *[8][Size256]byte)

// batch256SHANI compresses blocks blocks of each of 2, 3 or 4 messages: those
// at p[s] into *h[s], for s < streams. It only reads h, p and the messages; the
// values that h points to are distinct. 0 <= blocks <= maxCall/streams/64. Works
// like block256Generic for each stream.
//
//go:noescape
func batch256SHANI(h *[4]*[8]uint32, p *[4]*byte, streams, blocks int)

// batch512AVX512 works like batch256AVX512, for 8 lanes of SHA-512, that is
// like block512Generic for each. 0 < blocks <= maxCall/8/128.
//
//go:noescape
func batch512AVX512(h *[8][8]uint64, p *[8]*byte, blocks int, iv *[8]uint64, starts uint32, sums *[8][Size512]byte)

// pad512AVX512 works like pad256AVX512, for SHA-512 (FIPS 180-4, Section
// 5.1.2).
//
//go:noescape
func pad512AVX512(pad *[2 * BlockSize512]byte, m []byte) (blocks int)

// batch512AVX2 works like batch512AVX512, for 4 lanes. 0 < blocks <=
// maxCall/4/128.
//
//go:noescape
func batch512AVX2(h *[8][4]uint64, p *[4]*byte, blocks int, iv *[8]uint64, starts uint32, sums *[4][Size512]byte)
