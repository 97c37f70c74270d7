/*
 * What two recordings have in common: texts and stacks as numbers that are the same for both. Equal
 * is equal: texts are compared, not hashes of them. Memory is bounded; what has no room left is
 * told by 0 and by `full`.
 */
#ifndef ACAUSAL_DEBUGGER_DIFF_LEXICON_H
#define ACAUSAL_DEBUGGER_DIFF_LEXICON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TERM_WORDS 4

/* A number from 1 on for each key. Zero-initialised is empty and ready. */
struct keys {
	uint32_t (*rows)[TERM_WORDS]; /* row N - 1 is the key of number N */
	uint32_t *slots;
	size_t count, capacity, slot_count;
	size_t most; /* there may be; 0: as many as there is memory for */
};

/* The key's number, which it is given when it has none; 0 when there may be no more of them. */
uint32_t keys_add(struct keys *keys, const uint32_t key[TERM_WORDS]);

/* The key's number; 0 when it has none. */
uint32_t keys_find(const struct keys *keys, const uint32_t key[TERM_WORDS]);
void keys_deinit(struct keys *keys);

struct lexicon {
	char **texts; /* text N - 1 is that of number N */
	uint64_t *hashes;
	uint32_t *slots;
	size_t count, capacity, slot_count, bytes;
	struct keys stacks;
	bool full;
};

void lexicon_init(struct lexicon *lexicon);
void lexicon_deinit(struct lexicon *lexicon);

/* The number of a text, cut to 4096 bytes; 0 for NULL, and when there is no room. */
uint32_t lexicon_text(struct lexicon *lexicon, const char *text);

/* The text of a number, NULL for 0. Good until the lexicon ends. */
const char *lexicon_words(const struct lexicon *lexicon, uint32_t text);

/*
 * The stack of a call of `function` from the stack `caller`, 0 for none. A function that calls
 * itself is there once: how deep it went does not matter.
 */
uint32_t lexicon_stack(struct lexicon *lexicon, uint32_t caller, uint32_t function);

/* The two parts of a stack; 0 for none. */
uint32_t lexicon_caller(const struct lexicon *lexicon, uint32_t stack);
uint32_t lexicon_function(const struct lexicon *lexicon, uint32_t stack);

#endif
