/*
 * The one table of commands, in the order of the lists that are shown. What a command is called,
 * takes and does stands in its row, beside its function; all that is said of it anywhere, in help,
 * manual pages, messages and completion, is made of that row.
 */
#include "debugger/command_table.h"

#include "debugger/context/context.h"
#include "debugger/core/core_command.h"
#include "debugger/crash/crash.h"
#include "debugger/diff/diff.h"
#include "debugger/find/find.h"
#include "debugger/frame/frame.h"
#include "debugger/frame/list.h"
#include "debugger/help.h"
#include "debugger/info/info.h"
#include "debugger/log/log.h"
#include "debugger/manual.h"
#include "debugger/overview.h"
#include "debugger/prompt/prompt.h"
#include "debugger/prompt/settings.h"
#include "debugger/prompt/shell.h"
#include "debugger/prompt/source.h"
#include "debugger/record_command.h"
#include "debugger/snapshot_command.h"
#include "debugger/sql/query.h"
#include "debugger/sql/sql.h"
#include "debugger/threads/threads.h"
#include "debugger/time/goto.h"
#include "debugger/time/live.h"
#include "debugger/time/running.h"
#include "debugger/time/step.h"
#include "debugger/time/watch.h"
#include "debugger/trace.h"
#include "debugger/tree/tree.h"
#include "debugger/why/why.h"

static const struct command *const rows[] = {
	&record_command,
	&snapshot_command,
	&trace_command,
	&frame_command,
	&up_command,
	&down_command,
	&list_command,
	&crash_command,
	&tree_command,
	&children_command,
	&why_command,
	&context_command,
	&info_command,
	&threads_command,
	&find_command,
	&log_command,
	&core_command,
	&at_command,
	&goto_command,
	&step_command,
	&next_command,
	&back_command,
	&rback_command,
	&watch_command,
	&unwatch_command,
	&live_command,
	&running_command,
	&diff_command,
	&sql_command,
	&query_command,
	&debug_command,
	&overview_command,
	&help_command,
	&set_command,
	&show_command,
	&source_command,
	&pipe_command,
	&shell_command,
	&quit_command,
	NULL,
};

const struct command_table command_table = {rows, manual_show};
