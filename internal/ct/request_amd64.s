//go:build valgrind && gc

#include "textflag.h"

// func request(args *[6]uintptr) uintptr
//
// Valgrind recognizes the rotations, which leave DI as it was, and the exchange
// of BX with itself, which asks for what AX points to (valgrind.h).
TEXT ·request(SB), NOSPLIT, $0-16
	MOVQ  args+0(FP), AX
	XORL  DX, DX
	ROLQ  $3, DI
	ROLQ  $13, DI
	ROLQ  $61, DI
	ROLQ  $51, DI
	XCHGQ BX, BX
	MOVQ  DX, ret+8(FP)
	RET
