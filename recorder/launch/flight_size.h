/* How much room `record --flight` gives to events. */
#ifndef ACAUSAL_LAUNCH_FLIGHT_SIZE_H
#define ACAUSAL_LAUNCH_FLIGHT_SIZE_H

#include "recorder/base/error.h"

#include <stdint.h>

/* A number of bytes, with K, M or G for 1,024, 1,048,576 or 1,073,741,824 of them. */
int flight_size_parse(uint64_t *ret, const char *words, struct error *err);

#endif
