/*
 * Goes before every file of the extension: SQLite is called by the table of its functions that the
 * host hands over, so that it is the host's own SQLite, whichever that is.
 */
#ifndef ACAUSAL_DEBUGGER_EXTENSION_HOST_H
#define ACAUSAL_DEBUGGER_EXTENSION_HOST_H

#include <sqlite3ext.h>

extern const sqlite3_api_routines *sqlite3_api;

#endif
