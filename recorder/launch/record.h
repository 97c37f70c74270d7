/* `acausal record`: runs a command and records it. */
#ifndef ACAUSAL_LAUNCH_RECORD_H
#define ACAUSAL_LAUNCH_RECORD_H

/* `argv[0]` is "record". Returns the exit status: the command's own, or as the help says. */
int record_main(int argc, char **argv);

/*
 * How the async stack of the last crash in a recording is printed, to stdout; what it returns is
 * not looked at. Given by whoever knows how to read recordings; NULL: it is not printed.
 */
void record_set_crash_printer(int (*print_crash)(const char *path));

/* What `--help` prints, to stdout. */
void record_set_help_printer(void (*print_help)(void));

#endif
