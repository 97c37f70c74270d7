/*
 * What a stack walk must know about aarch64 (AAPCS64, Linux).
 *
 * A call leaves its return address in x30; a function that calls others saves x29 and x30 together,
 * and x29 points to that pair, which lies anywhere in the frame. With pointer authentication the
 * high bits of a saved return address are a signature.
 */
#ifndef ACAUSAL_RUNTIME_ARCH_AARCH64_H
#define ACAUSAL_RUNTIME_ARCH_AARCH64_H

#include "recorder/runtime/cfi.h"

#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ucontext.h>

#define ARCH_CFI cfi_arch_aarch64

/* Of the symbols that libc has had there from the beginning. */
#define ARCH_LIBC_VERSION "GLIBC_2.17"

enum {
	ARCH_PC_SHIFT = 2, /* instructions begin at multiples of 1 << this */
	ARCH_RED_ZONE = 0, /* bytes below the stack pointer that signals leave alone */
	ARCH_RA_IN_REGISTER = 1,
	ARCH_SIGRETURN_SIZE = 8,   /* bytes read by arch_is_sigreturn */
	ARCH_CALL_MAX = 4,	   /* bytes of the longest call instruction */
	ARCH_RT_SIGPROCMASK = 135, /* system call's number */
	/* The pair that x29 points to lies below the locals: where they end is not known from it.
	 */
	ARCH_FRAME_POINTER_TELLS_SP = 0,
};

/* A signature is in the bits above those of a user's address. */
static inline uintptr_t arch_strip(uintptr_t pc)
{
	return pc & 0xffffffffffff;
}

/* The caller of the function that this stands in, which must have a frame pointer. */
#define ARCH_CALLER_PC() arch_strip((uintptr_t)__builtin_return_address(0))
#define ARCH_CALLER_SP() ((uintptr_t)__builtin_dwarf_cfa())
#define ARCH_CALLER_FP() (*(const uintptr_t *)__builtin_frame_address(0))

/*
 * Where the return address of the usual frame is, with `fp_slot` the place of the saved frame
 * pointer.
 */
static inline uintptr_t arch_ra_slot(uintptr_t cfa, uintptr_t fp_slot)
{
	(void)cfa;
	return fp_slot + 8;
}

/*
 * The kernel's frame of a signal: its handler returns to `mov x8, #139; svc #0`, with the stack
 * pointer at the siginfo, and the ucontext after it.
 */
static inline bool arch_is_sigreturn(const uint8_t *code)
{
	return memcmp(code, "\x68\x11\x80\xd2\x01\x00\x00\xd4", ARCH_SIGRETURN_SIZE) == 0;
}

#define ARCH_SIGNAL_CONTEXT 128 /* from the stack pointer */

/* The registers of a context, as offsets from its beginning. */
#define ARCH_CONTEXT_PC	  offsetof(ucontext_t, uc_mcontext.pc)
#define ARCH_CONTEXT_SP	  offsetof(ucontext_t, uc_mcontext.sp)
#define ARCH_CONTEXT_FP	  offsetof(ucontext_t, uc_mcontext.regs[29])
#define ARCH_CONTEXT_LR	  offsetof(ucontext_t, uc_mcontext.regs[30])
#define ARCH_CONTEXT_SIZE offsetof(ucontext_t, uc_mcontext.pstate)

/* Whether a call ends at `end`, of which ARCH_CALL_MAX bytes before can be read. */
static inline bool arch_follows_call(const uint8_t *end)
{
	uint32_t instruction;

	memcpy(&instruction, end - 4, sizeof instruction);
	return (instruction & 0xfc000000) == 0x94000000 || /* bl */
	       (instruction & 0xfffffc1f) == 0xd63f0000 || /* blr */
	       (instruction & 0xfefff800) == 0xd63f0800;   /* blraa, blrab and kin */
}

/* A system call with four arguments that leaves errno alone. */
static inline long arch_syscall(long number, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
}

/* Registers of a context by their numbers in DWARF: x0 to x30, sp, and the pc, which has none. */
enum { ARCH_DWARF_REGISTER_COUNT = 33 };

static inline uint64_t arch_dwarf_register(const ucontext_t *context, int number)
{
	if (number < 31)
		return context->uc_mcontext.regs[number];
	return number == 31 ? context->uc_mcontext.sp : context->uc_mcontext.pc;
}

/* Calls `function` on another stack, which ends below `top`. */
static inline void arch_call_on(uintptr_t top, void (*function)(void *), void *argument)
{
	register void *x0 __asm__("x0") = argument;

	__asm__ volatile("mov x19, sp\n\t"
			 "mov sp, %[top]\n\t"
			 "blr %[function]\n\t"
			 "mov sp, x19"
			 : "+r"(x0)
			 : [top] "r"(top & ~(uintptr_t)15), [function] "r"(function)
			 : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			 "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x19", "x30", "cc",
			 "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17",
			 "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27",
			 "v28", "v29", "v30", "v31");
}

/* The handler of the program is called by ours, and so on the stack that ours has. */
#define ARCH_SIGNAL_FRAME_MOVES 0

#endif
