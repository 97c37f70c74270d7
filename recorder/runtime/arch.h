/*
 * Chooses the processor. Everything that depends on it in the stack walk stands in the file chosen
 * here; a new processor is a new file with the same names.
 */
#ifndef ACAUSAL_RUNTIME_ARCH_H
#define ACAUSAL_RUNTIME_ARCH_H

#if defined(__x86_64__)
#include "recorder/runtime/arch_x86_64.h"
#elif defined(__aarch64__)
#include "recorder/runtime/arch_aarch64.h"
#else
#error "acausal runs on x86-64 and aarch64"
#endif

#endif
