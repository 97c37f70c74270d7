/* The notes of a core (core_notes.c), for core_file.c alone: threads, mapped files, the signal. */
#ifndef ACAUSAL_CORE_CORE_FILE_INTERNAL_H
#define ACAUSAL_CORE_CORE_FILE_INTERNAL_H

#include "recorder/core/core_file.h"

/*
 * Takes over what the notes in [offset, offset + size) of the file say. Notes that make no sense
 * are passed over. An error only for want of memory.
 */
int core_notes_read(struct core_file *, uint64_t offset, uint64_t size, struct error *err);

#endif
