package tls13

// Marshalling of messages that the library itself writes piece by piece: what was
// read gives the same bytes again.

func (m *clientHello) marshal(b *builder) {
	mark := b.begin(typeClientHello)
	b.u16(m.legacyVersion)
	b.bytes(m.random)
	b.vec8(m.sessionID)
	b.vec16(m.cipherSuites)
	b.vec8(m.compression)
	m.extensions.marshal(b)
	b.end(mark)
}

func (m *serverHello) marshal(b *builder) {
	mark := b.begin(typeServerHello)
	b.u16(m.legacyVersion)
	b.bytes(m.random)
	b.vec8(m.sessionID)
	b.u16(m.cipherSuite)
	b.u8(m.compression)
	m.extensions.marshal(b)
	b.end(mark)
}

func (m *encryptedExtensions) marshal(b *builder) {
	mark := b.begin(typeEncryptedExtensions)
	m.extensions.marshal(b)
	b.end(mark)
}

func (m *certificateRequest) marshal(b *builder) {
	mark := b.begin(typeCertificateRequest)
	b.vec8(m.context)
	m.extensions.marshal(b)
	b.end(mark)
}

func (m *certificate) marshal(b *builder) {
	mark := b.begin(typeCertificate)
	b.vec8(m.context)
	entries := b.open(3)
	for i := range m.entries {
		b.vec24(m.entries[i].data)
		m.entries[i].extensions.marshal(b)
	}
	b.close(entries, 3)
	b.end(mark)
}
