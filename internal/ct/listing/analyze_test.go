package main

import (
	"slices"
	"strings"
	"testing"
)

func TestAnalyze(t *testing.T) {
	for _, c := range []struct{ name, code, want string }{
		{
			"a loop with a counter",
			`mov    $0x5,%ecx
			 add    %rax,%rbx
			 dec    %ecx
			 jne    1
			 ret`,
			"branch: mov $0x5,%ecx; branch: dec %ecx; branch: jne",
		},
		{
			"a branch on the sum of two loads",
			`mov    (%rdi),%rax
			 mov    0x8(%rdi),%rbx
			 vpaddq %zmm0,%zmm1,%zmm2
			 add    %rbx,%rax
			 vmovdqu64 %zmm2,(%rdi)
			 jb     6
			 ret`,
			"branch: mov (%rdi),%rax; branch: mov 0x8(%rdi),%rbx; branch: add %rbx,%rax; branch: jb",
		},
		{
			"an index that was in a vector and in the frame",
			`sub    $0x40,%rsp
			 vmovq  %xmm0,%rax
			 mov    %rax,0x20(%rsp)
			 mov    $0x1,%eax
			 mov    0x20(%rsp),%rdx
			 mov    (%rsi,%rdx,8),%rax
			 ret`,
			"address: vmovq %xmm0,%rax; address: mov %rax,0x20(%rsp); address: mov 0x20(%rsp),%rdx; index: mov (%rsi,%rdx,8),%rax",
		},
		{
			"an address by a flag",
			`cmp    %rax,%rbx
			 lea    0x40(%rsi),%rcx
			 cmovb  %rcx,%rsi
			 mov    (%rsi),%rax
			 ret`,
			"address: cmp %rax,%rbx; address: lea 0x40(%rsi),%rcx; address: cmovb %rcx,%rsi",
		},
		{
			"flags of which one is overwritten",
			`xor    %eax,%eax
			 adcx   %rbx,%rcx
			 jo     3
			 ret`,
			"branch: xor %eax,%eax; branch: adcx %rbx,%rcx; branch: jo",
		},
		{
			"a vector's mask",
			`vpcmpeqq %zmm0,%zmm1,%k1
			 kortestb %k1,%k1
			 je     3
			 ret`,
			"branch: kortestb %k1,%k1; branch: je",
		},
		{
			"two ways to a definition",
			`mov    args,%rsi
			 je     3
			 mov    $0x0,%esi
			 mov    (%rsi),%rax
			 ret`,
			"address: mov args,%rsi; branch: je; address: mov $0x0,%esi",
		},
		{
			"time and targets that depend on operands",
			`div    %rcx
			 vpgatherqq (%rsi,%zmm1,8),%zmm0{%k1}
			 call   *%rax
			 (bad)
			 ret`,
			"TIMED: div %rcx; TIMED: vpgatherqq (%rsi,%zmm1,8),%zmm0{%k1}; TIMED: call *%rax; TIMED: (bad)",
		},
		{
			"nothing",
			`mulx   (%rsi),%rax,%rbx
			 adc    %rax,%rcx
			 cmovb  %rbx,%rcx
			 mov    %rcx,(%rdi)
			 lea    (%rax,%rbx,1),%rcx
			 ret`,
			"",
		},
	} {
		var out strings.Builder
		for i, line := range strings.Split(c.code, "\n") {
			out.WriteString("  " + string(rune('0'+i)) + ":\t" + strings.TrimSpace(line) + "\n")
		}
		got, err := analyze(decode(out.String()))
		if got := strings.Join(got, "; "); err != nil || got != c.want {
			t.Errorf("%s:\n%s, %v, want\n%s", c.name, got, err, c.want)
		}
	}
	if _, err := analyze(decode("  0:\tje     9\n  1:\tret\n")); err == nil {
		t.Error("a branch that leads out of the function is no error")
	}
}

func TestDecode(t *testing.T) {
	code := decode(`
0000000000000010 <m/p.f.abi0>:
  10:	push   %rbp
  11:	mov    %rsp,%rbp
  14:	sub    $0x20,%rsp
  18:	lea    0x1234(%rip),%r9        # 632480 <table+0x40>
  1f:	mov    0x38(%rsp),%rsi
  24:	mov    0x18(%rsp),%rdi
  29:	vpmadd52luq 0x40(%rsi,%rcx,8){1to8},%zmm1,%zmm2{%k1}{z}
  30:	jne    18 <m/p.f.abi0+0x8>
`)
	want := []string{
		"push %rbp", "mov %rsp,%rbp", "sub $0x20,%rsp", "lea table(%rip),%r9", "mov args+8,%rsi", "mov 0x18(%rsp),%rdi",
		"vpmadd52luq 0x40(%rsi,%rcx,8){1to8},%zmm1,%zmm2{%k1}{z}", "jne",
	}
	var got []string
	for _, in := range code {
		got = append(got, in.text)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if n := len(code[6].operands); n != 3 {
		t.Errorf("%d operands", n)
	}
}

func TestParse(t *testing.T) {
	got := parse("A heading of words\n\np.f\n\tbranch: jne   # a counter\n\taddress: x #\n\np.g\n\tbranch: jne # another\n")
	if got["p.f"]["branch: jne"] != "a counter" || got["p.f"]["address: x"] != "" || got["p.g"]["branch: jne"] != "another" || len(got) != 2 {
		t.Errorf("%v", got)
	}
}
