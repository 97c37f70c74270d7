/*
 * What a stack walk must know about x86-64 (System V ABI, Linux).
 *
 * A call pushes its return address, so that it lies just below the CFA; %rbp, where it is a frame
 * pointer, points to the caller's %rbp with the return address above it.
 */
#ifndef ACAUSAL_RUNTIME_ARCH_X86_64_H
#define ACAUSAL_RUNTIME_ARCH_X86_64_H

#include "recorder/runtime/cfi.h"

#include <signal.h>
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

/* Registers of a context by their numbers in DWARF: x86-64 psABI, figure 3.36. */
#define ARCH_DWARF_REGISTERS                                                                       \
	{                                                                                          \
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,    \
			REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP      \
	}
enum { ARCH_DWARF_REGISTER_COUNT = 17 };

static inline uint64_t arch_dwarf_register(const ucontext_t *context, int number)
{
	static const uint8_t place[] = ARCH_DWARF_REGISTERS;

	return (uint64_t)context->uc_mcontext.gregs[place[number]];
}

/* Calls `function` on another stack, which ends below `top`. */
static inline void arch_call_on(uintptr_t top, void (*function)(void *), void *argument)
{
	__asm__ volatile("movq %%rsp, %%rbx\n\t"
			 "movq %[top], %%rsp\n\t"
			 "call *%[function]\n\t"
			 "movq %%rbx, %%rsp"
			 : "+D"(argument)
			 : [top] "r"(top & ~(uintptr_t)15), [function] "r"(function)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "cc",
			 "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			 "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
}

/*
 * The kernel's frame of a signal lies from the stack pointer that a handler begins with up to the
 * state of the floating-point unit, which is at a multiple of 64: arch/x86/kernel/fpu/signal.c.
 */
#define ARCH_SIGNAL_FRAME_MOVES 1

enum {
	ARCH_FRAME_ALIGN = 64,
	ARCH_FRAME_CONTEXT = 8, /* from the frame's beginning */
	ARCH_FPU_SIZE = 512,
	ARCH_FPU_MAGIC_AT = 464, /* in it: FP_XSTATE_MAGIC1, and the size of all in the next word */
};

static inline uintptr_t arch_frame_end(const ucontext_t *context, const siginfo_t *info)
{
	const char *fpu = (const char *)context->uc_mcontext.fpregs;
	uintptr_t end = (uintptr_t)(info + 1);
	uint32_t words[2], size = ARCH_FPU_SIZE;

	if (!fpu)
		return end;
	memcpy(words, fpu + ARCH_FPU_MAGIC_AT, sizeof words);
	if (words[0] == 0x46505853u)
		size = words[1];
	return (uintptr_t)fpu + size > end ? (uintptr_t)fpu + size : end;
}

/* A frame was copied: what it says of its own place. */
static inline void arch_frame_moved(ucontext_t *context, intptr_t distance)
{
	if (context->uc_mcontext.fpregs)
		context->uc_mcontext.fpregs =
			(fpregset_t)(void *)((char *)context->uc_mcontext.fpregs + distance);
}

/* Goes to a signal's handler as the kernel does, with its frame at `frame`. */
static inline __attribute__((noreturn)) void arch_enter_handler(
	uintptr_t frame, void *handler, int signal, siginfo_t *info, ucontext_t *context)
{
	register uintptr_t fp __asm__("r8") = (uintptr_t)context->uc_mcontext.gregs[REG_RBP];
	register void *to __asm__("r9") = handler;

	__asm__ volatile("movq %%rcx, %%rsp\n\t"
			 "movq %%r8, %%rbp\n\t"
			 "xorl %%eax, %%eax\n\t"
			 "jmp *%%r9"
			 :
			 : "c"(frame), "D"(signal), "S"(info), "d"(context), "r"(fp), "r"(to)
			 : "memory");
	__builtin_unreachable();
}

#endif
