/*
 * What the fuzz targets share. A target is one function over hostile bytes, in the form that
 * libFuzzer calls; replay.c calls the same function with seeds, without libFuzzer.
 *
 * What must hold of any input is said with fuzz_must; the rest is the sanitizers', a time limit's
 * and a memory limit's to find. One thread.
 */
#ifndef ACAUSAL_TESTS_FUZZ_H
#define ACAUSAL_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The target. Always 0, as libFuzzer wants it. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* libFuzzer's own way to change bytes, for mutators; in replay.c nothing is changed. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t room);

/* Called once before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/*
 * A target's own way to change an input in place, up to `room` bytes; returns its new size. Weak in
 * libFuzzer; without it bytes are changed as they are.
 */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t size, size_t room, unsigned seed);

/* A file's path in a folder of this process's own, which is gone at its exit. Static. */
const char *fuzz_path(void);

/* Makes that file, of these bytes, and removes what SQLite may have left beside it; or all. */
void fuzz_write(const void *bytes, size_t size);
void fuzz_remove(void);

/* Ends the process by SIGABRT, saying what does not hold. */
void fuzz_must(bool holds, const char *what, const char *details);

/*
 * Asks a recording (or a core) at fuzz_path() all that the debugger can be asked, of the first and
 * the last of everything that it has, and throws the answers away. `choice` chooses what is asked,
 * where all would be too much for each input.
 */
#define FUZZ_ALL UINT32_MAX
void fuzz_look(uint32_t choice);

/* Runs `acausal core` on fuzz_path(), with one of its ways to show it. */
void fuzz_look_core(uint32_t choice);

/*
 * Changes bytes as a file of words is changed to some effect: words on their boundaries get odd
 * values, those of others, or a little more or less; or in libFuzzer's ways. Returns the new size.
 */
size_t fuzz_change_words(uint8_t *bytes, size_t size, size_t room, unsigned seed);

/* Something odd to put into a word that may be a size, an ID, a time or an address. */
uint64_t fuzz_odd_word(uint32_t number);

/* Dice that fall alike for one seed, which the mutators are given. Below 1: always 0. */
void fuzz_throw(unsigned seed);
uint32_t fuzz_dice(uint32_t below);

/* A choice that an input makes, always the same. */
uint32_t fuzz_choice(const uint8_t *bytes, size_t size);

#endif
