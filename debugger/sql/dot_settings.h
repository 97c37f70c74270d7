/* The dot commands of `sql` that set something (sql_settings.h). */
#ifndef ACAUSAL_DEBUGGER_DOT_SETTINGS_H
#define ACAUSAL_DEBUGGER_DOT_SETTINGS_H

#include "debugger/sql/sql_run.h"

/* `words` are the command's name and what follows; how many there may be has been seen to. */
typedef int dot_settings_run(struct sql_run *run, int count, char **words, struct error *err);

dot_settings_run dot_settings_mode, dot_settings_headers, dot_settings_nullvalue,
	dot_settings_separator, dot_settings_width, dot_settings_timer, dot_settings_eqp,
	dot_settings_parameter, dot_settings_output, dot_settings_once, dot_settings_show;

#endif
