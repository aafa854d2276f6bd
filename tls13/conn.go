package tls13

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sealane/sealane/tls13/record"
)

// A Conn is a connection secured by TLS 1.3. It is made by [Client], [Server],
// [Dial], [DialContext] or a listener of [Listen] and [NewListener]; the zero
// value is not valid.
//
// Read, Write and Close, and the other methods, may be called by several
// goroutines at once.
type Conn struct {
	conn   net.Conn
	config *Config
	client bool

	handshakeMu  sync.Mutex // held during the handshake
	handshakeErr error
	complete     atomic.Bool // the handshake is complete; what it has set is not written any more
	closed       atomic.Bool

	state   tls.ConnectionState
	suite   *cipherSuite
	secrets secrets

	in  inHalf
	out outHalf
}

// inHalf is the half of a connection that receives.
type inHalf struct {
	sync.Mutex
	opener   *record.Opener
	buf      *buffer // nil if there is nothing in it
	raw      []byte  // records in buf that are not yet opened
	plain    []byte  // content in buf that is not yet read
	messages assembler
	tickets  *ticketReceiver // of a client that wants tickets
	keyIV    keyIV

	ticketCount int // that have come
	useless     int // records in a row that carried nothing
	keyUpdates  int // KeyUpdates in a row, without data between them
	warnings    int // user_canceled alerts

	want  int             // how large a buffer is wanted
	file  syscall.RawConn // of the connection, if it is one that can be waited for without a buffer
	read  func(fd uintptr) bool
	n     int // what read has read
	errno error

	err error // ends this half
}

// outHalf is the half that sends.
type outHalf struct {
	sync.Mutex
	sealer      *record.Sealer
	max         int         // content of a record
	sent        int64       // bytes of application data, up to bigRecords
	epoch       uint64      // key updates
	reply       atomic.Bool // the peer wants a KeyUpdate
	requested   atomic.Bool // a KeyUpdate of the peer was asked for and has not come
	closeNotify bool        // was sent
	keyIV       keyIV
	err         error // ends this half
}

const (
	// maxWrite is how much application data goes out in one write of the
	// connection below. With sixteen records instead of four, system calls cost
	// less, but buffers leave the second-level cache: on loopback TCP the two
	// come to the same, and in memory four are up to 1.7 times faster.
	maxWrite = 4 * record.MaxPlaintext
	// bigRecords is after how many bytes records have their full size, and
	// smallRecord is the size before: with its overhead it fits into a TCP
	// segment over Ethernet, with IPv6 and options.
	bigRecords  = 128 << 10
	smallRecord = 1440 - 40 - recordOverhead
	// closeTimeout is how long the last alert may take to be sent.
	closeTimeout = 5 * time.Second
	// maxWarnings is how many user_canceled alerts are taken.
	maxWarnings = 4
	// maxEpoch is how often a key may be updated (Section 4.7.3).
	maxEpoch = 1<<48 - 1
)

func newConn(conn net.Conn, config *Config, client bool) *Conn {
	if conn == nil {
		panic("tls13: nil net.Conn")
	}
	if config == nil {
		config = new(Config)
	}
	c := &Conn{conn: conn, config: config, client: client}
	c.in.opener = record.NewOpener()
	c.out.max = record.MaxPlaintext
	c.out.sealer = record.NewSealer()
	c.in.init(conn)
	return c
}

// Client returns the client's side of a connection over conn. The handshake
// runs with the first Read or Write, or by Handshake. config must have a ServerName
// or InsecureSkipVerify; nil stands for a zero Config.
func Client(conn net.Conn, config *Config) *Conn { return newConn(conn, config, true) }

// Server returns the server's side of a connection over conn. config must have a
// certificate, from Certificates, GetCertificate or GetConfigForClient.
func Server(conn net.Conn, config *Config) *Conn { return newConn(conn, config, false) }

// NetConn returns the connection below. Whoever writes to it or reads from it
// breaks this one.
func (c *Conn) NetConn() net.Conn { return c.conn }

// LocalAddr returns the address of this side.
func (c *Conn) LocalAddr() net.Addr { return c.conn.LocalAddr() }

// RemoteAddr returns the address of the peer.
func (c *Conn) RemoteAddr() net.Addr { return c.conn.RemoteAddr() }

// SetDeadline sets the deadlines of Read and Write. After a Write has timed out,
// the connection cannot be written to any more.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// SetReadDeadline sets the deadline of Read. After a timeout one may read on.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline sets the deadline of Write, as SetDeadline does.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }

// ConnectionState returns what the handshake has negotiated; a state without
// HandshakeComplete before it has run.
//
// Its method ExportKeyingMaterial, which needs what only crypto/tls can set,
// panics: use [Conn.ExportKeyingMaterial].
func (c *Conn) ConnectionState() tls.ConnectionState {
	if !c.complete.Load() {
		return tls.ConnectionState{}
	}
	return c.state
}

// ExportKeyingMaterial returns n bytes of keying material for the label and the
// context (RFC 9846, Section 7.5; RFC 5705). It is an error before the handshake
// is complete.
func (c *Conn) ExportKeyingMaterial(label string, context []byte, n int) ([]byte, error) {
	if !c.complete.Load() {
		return nil, errors.New("tls13: ExportKeyingMaterial before the handshake is complete")
	}
	return c.secrets.exporter.Export(label, context, n)
}

// Handshake runs the handshake, unless it has run. Read and Write call it.
func (c *Conn) Handshake() error { return c.HandshakeContext(context.Background()) }

// HandshakeContext is Handshake with a context: when that ends before the
// handshake does, the connection below is closed. Afterwards the context has no
// effect on the connection.
func (c *Conn) HandshakeContext(ctx context.Context) (err error) {
	if c.complete.Load() {
		return nil
	}
	if ctx.Done() != nil {
		stop := context.AfterFunc(ctx, func() { c.conn.Close() })
		defer func() {
			if !stop() {
				err = ctx.Err()
			}
		}()
	}
	c.handshakeMu.Lock()
	defer c.handshakeMu.Unlock()
	if c.complete.Load() || c.handshakeErr != nil {
		return c.handshakeErr
	}
	c.in.Lock()
	defer c.in.Unlock()
	c.handshakeErr = c.handshake()
	if c.handshakeErr == nil {
		c.complete.Store(true)
	} else {
		c.in.raw = nil
		c.in.release()
	}
	return c.handshakeErr
}

// handshake runs the machine; c.in is locked.
func (c *Conn) handshake() error {
	var m machine
	var h *common
	var err error
	if c.client {
		cl := &client{}
		m, h = cl, &cl.common
		c.prepare(h)
		err = cl.start(c.conn.RemoteAddr().String())
		defer func() { c.in.tickets = cl.tickets(err) }()
	} else {
		s := &server{}
		m, h = s, &s.common
		c.prepare(h)
		err = s.start()
	}
	defer m.overwrite()
	defer h.giveBuffers()
	for {
		if err != nil {
			return c.abort(h, err)
		}
		if len(h.out) > 0 {
			if _, err := c.conn.Write(h.out); err != nil {
				return err
			}
			h.out = h.out[:0]
		}
		if h.done {
			break
		}
		var rec record.Record
		if rec, err = c.readRecord(h); err == nil {
			err = take(m, rec)
		} else if !isLocal(err) {
			return err // of the connection below
		}
	}
	if h.config != c.config {
		c.config = h.config
	}
	c.suite = h.suite
	c.state = h.state()
	if h.maxPlaintext > 0 {
		c.out.max = h.maxPlaintext
	}
	if c.client && (c.config.ClientSessionCache == nil || c.config.SessionTicketsDisabled) {
		c.secrets.resumption.Clear()
	}
	c.in.release()
	return nil
}

func (c *Conn) prepare(h *common) {
	h.config = c.config
	h.secrets = &c.secrets
	h.conn = c.conn
	h.sealer = c.out.sealer
	h.opener = c.in.opener
	h.takeBuffers()
}

// tickets returns what receives the tickets of the connection to come, if any
// are wanted.
func (c *client) tickets(err error) *ticketReceiver {
	if err != nil || c.config.ClientSessionCache == nil || c.config.SessionTicketsDisabled {
		return nil
	}
	t := &ticketReceiver{cacheKey: c.cacheKey, suite: c.suite, firstAuth: uint64(c.config.now().Unix())}
	if c.session != nil {
		t.firstAuth = c.session.firstAuth
	}
	return t
}

// isLocal reports whether err is a fault that the peer is to be told of.
func isLocal(err error) bool {
	if _, ok := errors.AsType[*localError](err); ok {
		return true
	}
	_, ok := errors.AsType[*record.AlertError](err)
	return ok
}

// abort ends the handshake with err, of which the peer is told unless it is the
// peer's own.
func (c *Conn) abort(h *common, err error) error {
	if op, ok := err.(*net.OpError); ok && op.Op == "remote error" {
		return err
	}
	out, sealErr := h.sealer.Seal(h.out[:0], record.AlertMessage, []byte{levelFatal, byte(alertFor(err))})
	if sealErr == nil {
		c.conn.SetWriteDeadline(time.Now().Add(closeTimeout))
		c.conn.Write(out)
	}
	return named(err)
}

// named gives errors of package record the name of this one.
func named(err error) error {
	if r, ok := errors.AsType[*record.AlertError](err); ok {
		return fault(tls.AlertError(r.Alert), "%w", err)
	}
	return err
}

// readRecord reads one record during the handshake.
func (c *Conn) readRecord(h *common) (record.Record, error) {
	in := &c.in
	var recs [1]record.Record
	for {
		if len(in.raw) >= record.HeaderSize {
			if err := c.checkFirst(h, in.raw); err != nil {
				return record.Record{}, err
			}
		}
		n, used, err := in.opener.Open(recs[:], in.raw)
		in.raw = in.raw[used:]
		if n > 0 {
			return recs[0], nil
		}
		if err != record.ErrNeedMore {
			return record.Record{}, err
		}
		in.release()
		if err := c.fill(0); err != nil {
			return record.Record{}, err
		}
	}
}

// checkFirst looks at the header of a record that may be none.
func (c *Conn) checkFirst(h *common, raw []byte) error {
	outer, size, _ := record.Peek(raw)
	if h.suite == nil && h.ccs == 0 {
		// Nothing but a handshake message or an alert comes first.
		if raw[1] != 3 || outer != record.Handshake && outer != record.AlertMessage && outer != record.ChangeCipherSpec {
			e := tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}
			copy(e.RecordHeader[:], raw)
			if !c.client {
				e.Conn = c.conn // nothing was written to it
			}
			return e
		}
	}
	// A client that fails before it has keys says so without.
	if !c.client && outer == record.AlertMessage && h.suite != nil && size == record.HeaderSize+2 && len(raw) >= size {
		return remoteError(tls.AlertError(raw[record.HeaderSize+1]))
	}
	return nil
}

// Read reads application data. It returns io.EOF when the peer has closed its
// side in order, and io.ErrUnexpectedEOF when the connection below has ended
// without that: somebody may have cut it.
func (c *Conn) Read(b []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	if len(b) == 0 {
		return 0, nil
	}
	c.in.Lock()
	defer c.in.Unlock()
	return c.readLocked(b)
}

func (c *Conn) readLocked(b []byte) (int, error) {
	in := &c.in
	for {
		if len(in.plain) > 0 {
			n := copy(b, in.plain)
			in.plain = in.plain[n:]
			in.release()
			return n, nil
		}
		if in.err != nil {
			return 0, in.err
		}
		if len(in.raw) == 0 {
			if err := c.fill(len(b)); err != nil {
				return 0, c.readFailed(err)
			}
		}
		n, used, last, err := in.opener.OpenTo(b, in.raw)
		in.raw = in.raw[used:]
		switch {
		case err == record.ErrNeedMore:
			err = c.fill(len(b))
		case err == nil && len(in.messages.part) > 0 && (n > 0 || last.Type == record.ApplicationData):
			n = 0
			err = fault(alertUnexpectedMessage, "application data amid a handshake message")
		case err == nil:
			err = c.received(n, last)
		}
		if err != nil {
			err = c.readFailed(err)
		}
		in.release()
		if n > 0 {
			return n, nil // the next Read meets the error
		}
		if err != nil {
			return 0, err
		}
	}
}

// received handles what came in besides n bytes of data.
func (c *Conn) received(n int, last record.Record) error {
	in := &c.in
	data := last.Type == record.ApplicationData && len(last.Content) > 0
	if n > 0 || data {
		in.useless, in.keyUpdates = 0, 0
	}
	switch last.Type {
	case 0: // no more than the n bytes
	case record.ApplicationData:
		if data {
			in.plain = last.Content
		} else if in.useless++; in.useless > maxUseless {
			return fault(alertUnexpectedMessage, "more than %d empty records in a row", maxUseless)
		}
	case record.Handshake:
		return in.messages.feed(last.Content, c.message)
	case record.AlertMessage:
		return c.alerted(tls.AlertError(last.Content[1]))
	default:
		return fault(alertUnexpectedMessage, "change_cipher_spec after the handshake")
	}
	return nil
}

// message handles a message after the handshake.
func (c *Conn) message(typ uint8, msg []byte) (last bool, err error) {
	switch {
	case typ == typeKeyUpdate:
		return true, c.keyUpdated(msg)
	case typ == typeNewSessionTicket && c.client:
		if c.in.ticketCount++; c.in.ticketCount > maxTickets {
			return false, fault(alertUnexpectedMessage, "more than %d session tickets", maxTickets)
		}
		return false, c.in.tickets.receive(c.config, &c.secrets, &c.state, msg)
	case typ == typeClientHello && !c.client, typ == 0 && c.client:
		return false, fault(alertUnexpectedMessage, "the peer attempts renegotiation, which TLS 1.3 does not have")
	}
	return false, fault(alertUnexpectedMessage, "unexpected %s after the handshake", messageName(typ))
}

// keyUpdated handles a KeyUpdate of the peer (Section 4.7.3).
func (c *Conn) keyUpdated(msg []byte) error {
	var m keyUpdate
	if err := m.unmarshal(msg); err != nil {
		return err
	}
	if c.in.keyUpdates++; c.in.keyUpdates > maxUseless {
		return fault(alertUnexpectedMessage, "more than %d KeyUpdates without data", maxUseless)
	}
	c.secrets.in.Next()
	if err := c.in.keyIV.set(c.in.opener, c.suite, &c.secrets.in); err != nil {
		return err
	}
	c.out.requested.Store(false)
	if m.requested {
		c.out.reply.Store(true) // the next Write sends it first
	}
	return nil
}

// alerted handles an alert after the handshake (Section 6).
func (c *Conn) alerted(alert tls.AlertError) error {
	switch alert {
	case alertCloseNotify:
		return io.EOF
	case alertUserCanceled:
		if c.in.warnings++; c.in.warnings > maxWarnings {
			return fault(alertUnexpectedMessage, "too many alerts")
		}
		return nil
	}
	return remoteError(alert)
}

// readFailed handles an error of reading: those that can pass are returned, all
// others end this half, and a fault is told the peer and ends the other half too.
func (c *Conn) readFailed(err error) error {
	if e, ok := errors.AsType[net.Error](err); ok && e.Timeout() {
		return err
	}
	if isLocal(err) {
		err = named(err)
		c.fatal(err)
	} else if op, ok := err.(*net.OpError); ok && op.Op == "remote error" {
		c.stopWriting(err)
	}
	c.in.err = err
	return err
}

// fatal tells the peer of a fault and ends the sending half.
func (c *Conn) fatal(err error) {
	c.conn.SetWriteDeadline(time.Now().Add(closeTimeout)) // a Write may hold the lock
	c.out.Lock()
	defer c.out.Unlock()
	if c.out.err == nil && !c.out.closeNotify {
		c.sendAlert(levelFatal, alertFor(err))
	}
	if c.out.err == nil {
		c.out.err = err
	}
}

// stopWriting ends the sending half after a fatal alert of the peer.
func (c *Conn) stopWriting(err error) {
	c.conn.SetWriteDeadline(time.Now())
	c.out.Lock()
	defer c.out.Unlock()
	if c.out.err == nil {
		c.out.err = err
	}
}

// sendAlert sends an alert; c.out is locked.
func (c *Conn) sendAlert(level byte, alert tls.AlertError) error {
	b := getBuffer(0)
	defer b.put()
	out, err := c.out.sealer.Seal(b.b[:0], record.AlertMessage, []byte{level, byte(alert)})
	if err != nil {
		return err
	}
	_, err = c.conn.Write(out)
	return err
}

// fill reads more records from the connection below: to complete the one that
// c.in.raw begins with, and beyond it what is there. most is how much plaintext is
// wanted.
func (c *Conn) fill(most int) error {
	in := &c.in
	if in.buf == nil {
		in.want = bufferSizes[1]
		if most > record.MaxPlaintext {
			most = min(most, maxWrite)
			in.want = most + (most/record.MaxPlaintext+1)*recordOverhead
		}
		if in.file != nil {
			return c.readFile()
		}
		// While nothing comes, only a small buffer is held.
		in.buf = getBuffer(0)
		in.raw = in.buf.b[:0]
	} else if need := in.need(); need > cap(in.raw) || len(in.raw) == cap(in.raw) {
		// Move what is there to the front, of a larger buffer if it must.
		old := in.buf
		if need > len(old.b) || old.class == 0 {
			in.buf = getBuffer(max(need, in.want))
		}
		in.raw = in.buf.b[:copy(in.buf.b, in.raw)]
		if in.buf != old {
			old.put()
		}
	}
	n, err := c.conn.Read(in.raw[len(in.raw):cap(in.raw)])
	in.raw = in.raw[:len(in.raw)+n]
	if n > 0 || err == nil {
		return nil // an error comes again
	}
	in.release()
	return eof(err)
}

// need returns how long the first record of in.raw is, as far as can be seen.
func (in *inHalf) need() int {
	if _, size, ok := record.Peek(in.raw); ok {
		return size
	}
	return record.HeaderSize
}

// eof makes an end of the connection below what it is here: the peer has not
// sent close_notify.
func eof(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// release gives the buffer back if nothing in it is left to be read.
func (in *inHalf) release() {
	if in.buf != nil && len(in.raw) == 0 && len(in.plain) == 0 {
		in.buf.put()
		in.buf, in.raw, in.plain = nil, nil, nil
	}
}

// Write writes application data. When it returns an error, the connection cannot
// be written to any more.
func (c *Conn) Write(b []byte) (int, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	c.out.Lock()
	defer c.out.Unlock()
	return c.writeLocked(b)
}

func (c *Conn) writeLocked(b []byte) (int, error) {
	if err := c.mayWrite(); err != nil {
		return 0, err
	}
	written := 0
	for len(b) > 0 {
		n := min(len(b), maxWrite)
		if err := c.writeRecords(b[:n]); err != nil {
			c.out.err = err
			return written, err
		}
		b = b[n:]
		written += n
	}
	return written, nil
}

var errShutdown = errors.New("tls13: the sending side of the connection is closed")

func (c *Conn) mayWrite() error {
	switch {
	case c.out.err != nil:
		return c.out.err
	case c.out.closeNotify:
		return errShutdown
	case c.closed.Load():
		return net.ErrClosed
	}
	return nil
}

// writeRecords sends data, of maxWrite bytes at most, in one write.
func (c *Conn) writeRecords(data []byte) error {
	out := &c.out
	if out.reply.Load() || out.sealer.NeedsRekey() {
		out.reply.Store(false)
		if err := c.updateKey(false); err != nil {
			return err
		}
	}
	small := 0
	if !c.config.DynamicRecordSizingDisabled && out.sent < bigRecords && smallRecord < out.max {
		small = int(min(int64(len(data)), bigRecords-out.sent))
		out.sent += int64(small)
	}
	buf := getBuffer(out.sealer.Size(len(data)) + small/smallRecord*recordOverhead)
	defer buf.put()
	b := buf.b[:0]
	var err error
	if small > 0 {
		out.sealer.SetMaxPlaintext(smallRecord)
		b, err = out.sealer.Seal(b, record.ApplicationData, data[:small])
		out.sealer.SetMaxPlaintext(out.max)
		if err != nil {
			return err
		}
	}
	if small < len(data) {
		if b, err = out.sealer.Seal(b, record.ApplicationData, data[small:]); err != nil {
			return err
		}
	}
	_, err = c.conn.Write(b)
	return err
}

// KeyUpdate updates the key that this side sends with, and if requestPeer is set,
// asks the peer to update its own (RFC 9846, Section 4.7.3); not, though, while
// it has not yet answered an earlier request. A Conn updates its key by itself
// before the limits of Section 5.5, and answers the peer's requests with its next
// Write.
func (c *Conn) KeyUpdate(requestPeer bool) error {
	if err := c.Handshake(); err != nil {
		return err
	}
	c.out.Lock()
	defer c.out.Unlock()
	if err := c.mayWrite(); err != nil {
		return err
	}
	c.out.reply.Store(false) // this one answers too
	if err := c.updateKey(requestPeer && !c.out.requested.Swap(true)); err != nil {
		c.out.err = err
		return err
	}
	return nil
}

// updateKey sends a KeyUpdate and begins to use the next key; c.out is locked.
func (c *Conn) updateKey(request bool) error {
	if c.out.epoch >= maxEpoch {
		return errors.New("tls13: too many key updates")
	}
	c.out.epoch++
	var b builder
	(&keyUpdate{request}).marshal(&b)
	buf := getBuffer(0)
	defer buf.put()
	out, err := c.out.sealer.Seal(buf.b[:0], record.Handshake, b.b)
	if err != nil {
		return err
	}
	c.secrets.out.Next()
	if err := c.out.keyIV.set(c.out.sealer, c.suite, &c.secrets.out); err != nil {
		return err
	}
	_, err = c.conn.Write(out)
	return err
}

// CloseWrite tells the peer that nothing more will come: it sends close_notify.
// Reading goes on. It is an error before the handshake is complete. The connection
// below is left alone.
func (c *Conn) CloseWrite() error {
	if !c.complete.Load() {
		return errors.New("tls13: CloseWrite before the handshake is complete")
	}
	c.out.Lock()
	defer c.out.Unlock()
	return c.closeWriteLocked()
}

func (c *Conn) closeWriteLocked() error {
	if c.out.closeNotify || c.out.err != nil {
		return c.out.err
	}
	c.out.closeNotify = true
	if err := c.sendAlert(levelWarning, alertCloseNotify); err != nil {
		c.out.err = err
		return err
	}
	return nil
}

// Close closes the connection, after close_notify was sent if no Write is in
// progress; it waits no more than 5 seconds for that. A Read or Write in progress
// returns with an error.
func (c *Conn) Close() error {
	if c.closed.Swap(true) {
		return net.ErrClosed
	}
	var alertErr error
	if c.complete.Load() && c.out.TryLock() {
		if c.out.err == nil {
			c.conn.SetWriteDeadline(time.Now().Add(closeTimeout))
			alertErr = c.closeWriteLocked()
		}
		c.out.Unlock()
	}
	if err := c.conn.Close(); err != nil {
		return err
	}
	if c.complete.Load() && c.in.TryLock() {
		c.in.plain, c.in.raw = nil, nil
		c.in.release()
		if c.in.err == nil {
			c.in.err = net.ErrClosed
		}
		c.in.Unlock()
	}
	return alertErr
}

// WriteTo writes to w what comes in until the peer closes its side in order.
func (c *Conn) WriteTo(w io.Writer) (int64, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	var total int64
	for {
		n, err := c.writeSome(w)
		total += n
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}

// writeSome waits for data before it takes a buffer.
func (c *Conn) writeSome(w io.Writer) (int64, error) {
	c.in.Lock()
	var err error
	for len(c.in.plain) == 0 && len(c.in.raw) == 0 && err == nil {
		if err = c.in.err; err == nil {
			if err = c.fill(maxWrite); err != nil {
				err = c.readFailed(err)
			}
		}
	}
	if err != nil {
		c.in.Unlock()
		return 0, err
	}
	buf := getBuffer(maxWrite)
	defer buf.put()
	n, err := c.readLocked(buf.b[:maxWrite])
	c.in.Unlock()
	if n > 0 {
		m, werr := w.Write(buf.b[:n])
		if werr == nil && m < n {
			werr = io.ErrShortWrite
		}
		if werr != nil {
			return int64(m), werr
		}
	}
	return int64(n), err
}

// ReadFrom writes what r holds, until r ends, and returns how much that was.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if err := c.Handshake(); err != nil {
		return 0, err
	}
	buf := getBuffer(maxWrite)
	defer buf.put()
	var total int64
	for {
		n, err := r.Read(buf.b[:maxWrite])
		if n > 0 {
			m, werr := c.Write(buf.b[:n])
			total += int64(m)
			if werr != nil {
				return total, werr
			}
		}
		if err == io.EOF {
			return total, nil
		}
		if err != nil {
			return total, err
		}
	}
}
