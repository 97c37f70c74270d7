/*
 * A writer of JSON. It places commas and quotes, and breaks no rule whatever it is given: integers
 * above 2^53 become strings, bytes that are no UTF-8 become the six characters \\xNN.
 *
 *     json_open(&json, '{'); json_key(&json, "ns"); json_integer(&json, 5); json_close(&json, '}');
 */
#ifndef ACAUSAL_DEBUGGER_JSON_H
#define ACAUSAL_DEBUGGER_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_UNKNOWN INT64_MIN /* as an integer: null */

/* Begins as {.out = stream}. Nesting deeper than 64 is the caller's mistake. */
struct json {
	FILE *out;	    /* borrowed */
	uint64_t not_first; /* bit N: level N has a value already */
	int depth;
	bool after_key;
};

void json_open(struct json *json, char bracket);
void json_close(struct json *json, char bracket);
void json_key(struct json *json, const char *key);

/* `count` bytes; NULL is null. */
void json_bytes(struct json *json, const char *bytes, size_t count);
void json_string(struct json *json, const char *string);
void json_integer(struct json *json, int64_t number);
void json_real(struct json *json, double number);
void json_boolean(struct json *json, bool value);
void json_null(struct json *json);

/* A key with its value. */
void json_key_string(struct json *json, const char *key, const char *string);
void json_key_integer(struct json *json, const char *key, int64_t number);

/* Lets the value or key that follows (there must be one) begin a line, so that long arrays can be
 * read. */
void json_newline(struct json *json);

#endif
