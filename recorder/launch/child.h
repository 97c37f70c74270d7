/*
 * The recorded command as a child process: started as if nobody stood between it and the shell,
 * and its signals and stops passed on.
 *
 * One child at a time: it takes over the signals of the whole process until child_deinit, and
 * SIGPIPE and SIGXFSZ are ignored from then on.
 */
#ifndef ACAUSAL_LAUNCH_CHILD_H
#define ACAUSAL_LAUNCH_CHILD_H

#include "recorder/base/error.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int signals;	       /* descriptor, readable when child_attend has something to do */
	int exec_pipe;	       /* readable when exec has been tried; -1 once that is known */
	bool is_ended;	       /* not waited for yet: its ID is still its own */
	int exec_errno;	       /* why exec failed; 0 */
	int wait_status;       /* of wait(2), once it is_ended */
	bool is_asked_to_stop; /* after its end: by a signal to us */
	sigset_t old_mask;
	struct sigaction old_child, old_pipe, old_size;
};

/*
 * `variables` are set in the child's environment (NAME=VALUE, NULL at the end), and, `alone`,
 * ACAUSAL_PID to its process ID; otherwise that is taken out.
 */
int child_init(struct child *child, const char *path, char *const *arguments,
	char *const *variables, bool alone, struct error *err);

/* Does what there is to do, and never waits, but when the command was stopped from the terminal. */
void child_attend(struct child *child);

/*
 * Waits for a child that `is_ended`, and gives back the signals as they were. Returns its exit
 * status as a shell shows it: 128 + N for signal N, which is put into `ret_signal` (else 0).
 */
int child_deinit(struct child *child, int *ret_signal);

#endif
