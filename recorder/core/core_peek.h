/*
 * A core's memory in words, for what goes from pointer to pointer: the pages that were read last
 * are kept. Nothing read is trusted. One thread.
 */
#ifndef ACAUSAL_CORE_CORE_PEEK_H
#define ACAUSAL_CORE_CORE_PEEK_H

#include "recorder/core/core_modules.h"

enum { PEEK_TEXT_MAX = 4096 };

struct core_peek;

/* `modules` is borrowed. NULL for want of memory. */
struct core_peek *core_peek_create(const struct core_modules *modules);
void core_peek_destroy(struct core_peek *);

bool core_peek_word(struct core_peek *, uint64_t address, uint64_t *ret);
bool core_peek_int(struct core_peek *, uint64_t address, uint32_t *ret);

/*
 * The text that a pointer points to, as far as it is in the core or in a module's file. NULL when
 * nothing is there, or it does not end within PEEK_TEXT_MAX bytes. To be freed.
 */
char *core_peek_text(struct core_peek *, uint64_t address);

/* Whether code lies at the address, of a module or made at run time. */
bool core_peek_is_code(const struct core_peek *, uint64_t address);

#endif
