/*
 * What a stack walk must know about x86-64 (System V ABI, Linux).
 *
 * A call pushes its return address, so that it lies just below the CFA; %rbp, where it is a frame
 * pointer, points to the caller's %rbp with the return address above it.
 */
#ifndef ACAUSAL_RUNTIME_ARCH_X86_64_H
#define ACAUSAL_RUNTIME_ARCH_X86_64_H

#include "recorder/runtime/cfi.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ucontext.h>

#define ARCH_CFI cfi_arch_x86_64

/* Of the symbols that libc has had there from the beginning. */
#define ARCH_LIBC_VERSION "GLIBC_2.2.5"

enum {
	ARCH_PC_SHIFT = 0,   /* instructions begin at multiples of 1 << this */
	ARCH_RED_ZONE = 128, /* bytes below the stack pointer that signals leave alone */
	ARCH_RA_IN_REGISTER = 0,
	ARCH_SIGRETURN_SIZE = 9,  /* bytes read by arch_is_sigreturn */
	ARCH_CALL_MAX = 7,	  /* bytes of the longest call instruction */
	ARCH_RT_SIGPROCMASK = 14, /* system call's number */
	/* Whoever follows frame pointers knows the caller's stack pointer. */
	ARCH_FRAME_POINTER_TELLS_SP = 1,
};

/* The caller of the function that this stands in, which must have a frame pointer. */
#define ARCH_CALLER_PC() ((uintptr_t)__builtin_return_address(0))
#define ARCH_CALLER_SP() ((uintptr_t)__builtin_frame_address(0) + 16)
#define ARCH_CALLER_FP() (*(const uintptr_t *)__builtin_frame_address(0))

/*
 * Where the return address of the usual frame is, with `fp_slot` the place of the saved frame
 * pointer (meaningless when it was not saved).
 */
static inline uintptr_t arch_ra_slot(uintptr_t cfa, uintptr_t fp_slot)
{
	(void)fp_slot;
	return cfa - 8;
}

static inline uintptr_t arch_strip(uintptr_t pc)
{
	return pc;
}

/*
 * The kernel's frame of a signal: its handler returns to `mov $15, %rax; syscall`, with the stack
 * pointer at the ucontext.
 */
static inline bool arch_is_sigreturn(const uint8_t *code)
{
	return memcmp(code, "\x48\xc7\xc0\x0f\x00\x00\x00\x0f\x05", ARCH_SIGRETURN_SIZE) == 0;
}

#define ARCH_SIGNAL_CONTEXT 0 /* from the stack pointer */

/* The registers of a context, as offsets from its beginning; the link register is none here. */
#define ARCH_CONTEXT_PC	  offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP])
#define ARCH_CONTEXT_SP	  offsetof(ucontext_t, uc_mcontext.gregs[REG_RSP])
#define ARCH_CONTEXT_FP	  offsetof(ucontext_t, uc_mcontext.gregs[REG_RBP])
#define ARCH_CONTEXT_LR	  ARCH_CONTEXT_PC
#define ARCH_CONTEXT_SIZE offsetof(ucontext_t, uc_mcontext.fpregs)

/* Bytes of an FF /2 call from its ModRM byte on, with what that byte and the SIB byte imply. */
static inline unsigned arch_indirect_call_size(uint8_t modrm, uint8_t sib)
{
	unsigned mode = modrm >> 6, rm = modrm & 7, size = 2;

	if (((modrm >> 3) & 7) != 2)
		return 0;
	if (mode == 3)
		return size;
	if (rm == 4)
		size++;
	if (mode == 1)
		size += 1;
	else if (mode == 2 || (mode == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5))))
		size += 4;
	return size;
}

/* Whether a call ends at `end`, of which ARCH_CALL_MAX bytes before can be read. */
static inline bool arch_follows_call(const uint8_t *end)
{
	unsigned size;

	if (end[-5] == 0xe8)
		return true;
	for (size = 2; size <= ARCH_CALL_MAX; size++) {
		const uint8_t *call = end - size;

		if (call[0] == 0xff &&
			arch_indirect_call_size(call[1], size > 2 ? call[2] : 0) == size)
			return true;
	}
	return false;
}

/* A system call with four arguments that leaves errno alone. */
static inline long arch_syscall(long number, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}

#endif
