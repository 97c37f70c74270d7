/* Numbers and times in words. */
#ifndef ACAUSAL_DEBUGGER_QUANTITY_H
#define ACAUSAL_DEBUGGER_QUANTITY_H

#include "debugger/text/strbuf.h"

#include <stdint.h>

/* 1234567 as "1,234,567". */
void quantity_add_count(struct strbuf *buffer, int64_t count);

/* Nanoseconds as "41 us", "362.4 ms", "12.3 s", "3 min 20 s", "2 h 05 min"; "-" before negative. */
void quantity_add_duration(struct strbuf *buffer, int64_t ns);

/* From one moment to another as a duration, whatever they are: a recording may claim anything. */
void quantity_add_span(struct strbuf *buffer, int64_t from_ns, int64_t to_ns);

/*
 * A part of a duration in that one's unit, without it: "1.2" of "1.9 ms". What is too little to be
 * seen so has a unit of its own: "41 us".
 */
void quantity_add_part(struct strbuf *buffer, int64_t part_ns, int64_t whole_ns);

/* A moment since the recording began, as "+81.200331 s". */
void quantity_add_moment(struct strbuf *buffer, int64_t ns);

#endif
