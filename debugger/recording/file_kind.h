/* What a file is, by its first bytes: so that a message can say what to type instead. */
#ifndef ACAUSAL_DEBUGGER_FILE_KIND_H
#define ACAUSAL_DEBUGGER_FILE_KIND_H

enum file_kind {
	FILE_MISSING,	 /* nothing there, or a folder on the way is missing */
	FILE_UNREADABLE, /* there, and may not be read; errno says why */
	FILE_DIRECTORY,
	FILE_SPECIAL, /* a device, a pipe, a socket */
	FILE_EMPTY,
	FILE_RECORDING, /* a SQLite database with acausal's mark (or whose header is still in the
			   WAL) */
	FILE_DATABASE,	/* another SQLite database */
	FILE_CORE,
	FILE_IMAGE,	 /* what acausal_snapshot has written */
	FILE_EXECUTABLE, /* an ELF file that is no core dump */
	FILE_OTHER
};

/* Looks without following what it finds, and leaves nothing open. */
enum file_kind file_kind_of(const char *path);

/* In words, with the article: "a core dump". */
const char *file_kind_words(enum file_kind kind);

#endif
