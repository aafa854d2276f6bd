package p256

// maxDER is the length of the longest signature in DER: a SEQUENCE of two
// INTEGERs of 33 bytes, with 2 bytes before each of the three.
const maxDER = 2 + 2*(2+33)

// Tags of DER (X.690, Sections 8.3 and 8.9).
const (
	tagInteger  = 0x02
	tagSequence = 0x30
)

// appendDER appends the signature r, s in DER, which takes maxDER bytes at most.
// Neither is 0. It takes time that depends on the two: they are public.
func appendDER(dst []byte, r, s *[4]uint64) []byte {
	dst = append(dst, tagSequence, 0)
	start := len(dst)
	dst = appendInteger(dst, r)
	dst = appendInteger(dst, s)
	dst[start-1] = byte(len(dst) - start) // < 128: one byte
	return dst
}

// appendInteger appends x, which is not 0, as an INTEGER: as few bytes as hold
// it, and a zero before them if the first bit would be a sign.
func appendInteger(dst []byte, x *[4]uint64) []byte {
	var b [33]byte
	putBytes(b[1:], x)
	start := 1
	for b[start] == 0 {
		start++
	}
	if b[start] >= 0x80 {
		start--
	}
	dst = append(dst, tagInteger, byte(len(b)-start))
	return append(dst, b[start:]...)
}

// parseDER sets *r and *s to the numbers in a signature and reports whether it is
// what appendDER makes of two numbers, which may be 0 or more than n.
func parseDER(r, s *[4]uint64, sig []byte) bool {
	// Lengths up to 127 are one byte in DER, and no signature is longer.
	if len(sig) < 2 || len(sig) > maxDER || sig[0] != tagSequence || int(sig[1]) != len(sig)-2 {
		return false
	}
	rest, ok := parseInteger(r, sig[2:])
	if !ok {
		return false
	}
	rest, ok = parseInteger(s, rest)
	return ok && len(rest) == 0
}

// parseInteger sets *x to the INTEGER at the start of b and returns what follows.
// It reports false if there is none, or one that is negative, more than 2^256-1,
// or has more bytes than needed.
func parseInteger(x *[4]uint64, b []byte) (rest []byte, ok bool) {
	if len(b) < 3 || b[0] != tagInteger {
		return nil, false
	}
	n := int(b[1])
	b = b[2:]
	if n < 1 || n > 33 || n > len(b) {
		return nil, false
	}
	number, rest := b[:n], b[n:]
	if number[0] >= 0x80 || n > 1 && number[0] == 0 && number[1] < 0x80 || n == 33 && number[0] != 0 {
		return nil, false
	}
	var buf [33]byte
	copy(buf[33-n:], number)
	setBytes(x, buf[1:])
	return rest, true
}
