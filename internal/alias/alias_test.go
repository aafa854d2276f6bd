package alias

import "testing"

func TestOverlap(t *testing.T) {
	a := make([]byte, 32)
	b := make([]byte, 32)
	for _, c := range []struct {
		name         string
		x, y         []byte
		any, inexact bool
	}{
		{"same", a, a, true, false},
		{"same start", a[:8], a[:16], true, false},
		{"disjoint halves", a[:16], a[16:], false, false},
		{"one byte shared", a[:17], a[16:], true, true},
		{"shifted up", a[1:9], a[0:8], true, true},
		{"shifted down", a[0:8], a[1:9], true, true},
		{"within", a[4:8], a, true, true},
		{"other arrays", a, b, false, false},
		{"empty", a[:0], a, false, false},
		{"nil", nil, a, false, false},
	} {
		if got := Any(c.x, c.y); got != c.any {
			t.Errorf("%s: Any = %v", c.name, got)
		}
		if got := Inexact(c.x, c.y); got != c.inexact {
			t.Errorf("%s: Inexact = %v", c.name, got)
		}
	}
}

func TestExtend(t *testing.T) {
	backing := []byte{1, 2, 3, 4, 5}
	head, tail := Extend(backing[:2], 3)
	if len(head) != 5 || len(tail) != 3 || &head[0] != &backing[0] || &tail[0] != &backing[2] {
		t.Error("Extend does not use the room that there is")
	}
	head, tail = Extend(backing[:2:2], 3)
	if len(head) != 5 || len(tail) != 3 || &head[0] == &backing[0] || head[0] != 1 || head[1] != 2 || &tail[0] != &head[2] {
		t.Error("Extend without room")
	}
	if head, tail = Extend(nil, 0); len(head) != 0 || len(tail) != 0 {
		t.Error("Extend of nothing by nothing")
	}
}
