package main

import (
	"encoding/xml"
	"slices"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	stack := func(kind string, funcs ...string) string {
		var s strings.Builder
		s.WriteString("<error><kind>" + kind + "</kind><stack>")
		for _, f := range funcs {
			s.WriteString("<frame><ip>0x1</ip><fn>" + f + "</fn><file>f.go</file><line>7</line></frame>")
		}
		s.WriteString("</stack><auxwhat>since</auxwhat><stack><frame><fn>m/x.other</fn></frame></stack></error>")
		return s.String()
	}
	for _, c := range []struct {
		name, errors string
		leaks, lost  bool
		planted      []string
	}{
		{"a branch", stack("UninitCondition", "m/x.f", "m/x.secrets"), true, false, nil},
		{"an address", stack("UninitValue", "m/x.f"), true, false, nil},
		{"a comparison", stack("UninitCondition", "memeqbody", "UnknownInlinedFun", "m/x.f"), true, false, nil},
		{"a comparison by the runtime", stack("UninitCondition", "runtime.memequal", "m/x.f"), true, false, nil},
		{"another package's fault", stack("UninitCondition", "crypto/x.g", "m/x.f"), true, false, nil},
		{"the runtime's own", stack("UninitCondition", "runtime.mallocgc", "runtime.newobject", "m/x.f"), false, false, nil},
		{"another module's", stack("UninitCondition", "fmt.Println", "main.main"), false, false, nil},
		{"a module with a longer name", stack("UninitCondition", "m2/x.f"), false, false, nil},
		{"a request", stack("ClientCheck", "m/internal/ct.request.abi0"), false, false, nil},
		{"freed memory", stack("InvalidRead", "m/x.f"), false, true, nil},
		{"freed memory in the runtime", stack("InvalidWrite", "runtime.newstack", "m/x.f"), false, false, nil},
		{
			"planted", stack("UninitCondition", "m/internal/ct.plantedBranch") + stack("UninitValue", "m/internal/ct.plantedAddress") + stack("UninitCondition", "memeqbody", "m/internal/ct.plantedCall"),
			false, false, []string{"internal/ct.plantedBranch", "internal/ct.plantedAddress", "internal/ct.plantedCall"},
		},
		{"planted, but another leak reported", stack("UninitValue", "m/internal/ct.plantedBranch"), false, false, nil},
	} {
		var r report
		if err := xml.Unmarshal([]byte("<valgrindoutput>"+c.errors+"</valgrindoutput>"), &r); err != nil || len(r.Errors) == 0 {
			t.Fatal(err)
		}
		if v := judge(r, "m"); (len(v.leaks) > 0) != c.leaks || (v.lost != "") != c.lost || !slices.Equal(v.planted, c.planted) {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
}
