/* A snapshot that a program took of itself, looked at as a recording. One thread. */
#ifndef ACAUSAL_DEBUGGER_IMAGE_VIEW_H
#define ACAUSAL_DEBUGGER_IMAGE_VIEW_H

#include "debugger/recording/reader.h"

/*
 * Opens what acausal_snapshot has written at `path`. `executable` may be NULL: the one that the
 * program was.
 */
int image_view_open(
	struct reader **ret, const char *path, const char *executable, struct error *err);

#endif
