/* `debug`: a prompt over the same commands. */
#ifndef ACAUSAL_DEBUGGER_PROMPT_H
#define ACAUSAL_DEBUGGER_PROMPT_H

#include "debugger/command.h"

extern const struct option_row prompt_options[];

/* `debug` */
int prompt_run(struct session *session, const struct invocation *invocation, struct error *err);

/* `quit`, at the prompt */
int prompt_quit(struct session *session, const struct invocation *invocation, struct error *err);

#endif
