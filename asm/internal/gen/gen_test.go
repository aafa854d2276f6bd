package gen

import (
	"strings"
	"testing"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/reg"
)

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		name, want string
		body       func(c *build.Context)
	}{
		{"clean", "", func(c *build.Context) {
			c.VPXOR(reg.Y1, reg.Y1, reg.Y1)
			c.VZEROUPPER()
			c.RET()
		}},
		{"narrow", "", func(c *build.Context) {
			c.PXOR(reg.X1, reg.X1)
			c.RET()
		}},
		{"no VZEROUPPER", "RET after VPXOR", func(c *build.Context) {
			c.VPXOR(reg.Y1, reg.Y1, reg.Y1)
			c.RET()
		}},
		{"RET that is jumped to", "RET after a label", func(c *build.Context) {
			c.VPXORQ(reg.Z1, reg.Z1, reg.Z1)
			c.TESTQ(reg.RAX, reg.RAX)
			c.JNE(operand.LabelRef("end"))
			c.VZEROUPPER()
			c.Label("end")
			c.RET()
		}},
		{"legacy SSE", "legacy SSE instruction PXOR", func(c *build.Context) {
			c.VPXOR(reg.Y1, reg.Y1, reg.Y1)
			c.PXOR(reg.X1, reg.X1)
			c.VZEROUPPER()
			c.RET()
		}},
		{"BP", "uses BP", func(c *build.Context) {
			c.XORQ(reg.RBP, reg.RBP)
			c.RET()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			ctx := build.NewContext()
			ctx.Function("f")
			ctx.SignatureExpr("func(x uint64)")
			c.body(ctx)
			file, err := ctx.Result()
			if err != nil {
				t.Fatal(err)
			}
			if err := pass.Compile.Execute(file); err != nil {
				t.Fatal(err)
			}
			err = check(file.Functions()[0])
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

func TestPool(t *testing.T) {
	mustPanic := func(f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Helper()
				t.Error("no panic")
			}
		}()
		f()
	}
	p := NewPool(256, 2)
	a := p.Take("a")
	if a.Asm() != "Y0" {
		t.Errorf("first register %s", a.Asm())
	}
	mustPanic(func() { p.Take("a") })
	p.Take("b")
	mustPanic(func() { p.Take("c") })
	p.Give(a)
	mustPanic(func() { p.Give(a) })
	if got := p.Take("c"); got.Asm() != "Y0" {
		t.Errorf("register given back: got %s", got.Asm())
	}
}
