/*
 * The one table of commands, in the order of the lists that are shown. What a command is called,
 * takes and does stands in its row, beside its function; all that is said of it anywhere, in help,
 * manual pages, messages and completion, is made of that row.
 */
#include "debugger/command_table.h"

#include "debugger/core/core_command.h"
#include "debugger/help.h"
#include "debugger/info/info.h"
#include "debugger/log/log.h"
#include "debugger/manual.h"
#include "debugger/overview.h"
#include "debugger/prompt/prompt.h"
#include "debugger/record_command.h"
#include "debugger/snapshot_command.h"
#include "debugger/sql/query.h"
#include "debugger/sql/sql.h"
#include "debugger/trace.h"

static const struct command *const rows[] = {
	&record_command,
	&snapshot_command,
	&trace_command,
	&info_command,
	&log_command,
	&core_command,
	&sql_command,
	&query_command,
	&debug_command,
	&overview_command,
	&help_command,
	&quit_command,
	NULL,
};

const struct command_table command_table = {rows, manual_show};
