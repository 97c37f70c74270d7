# For the tests of the prompt: lines typed on a pseudo terminal. The recording is in made.db.
# shellcheck shell=bash

cat "$ROOT"/schema/{tables,views}.sql "$ROOT/tests/fixtures/server.sql" "$ROOT/schema/indexes.sql" |
	sqlite3 -batch made.db
unset COLUMNS LINES NO_COLOR LESS INPUTRC XDG_STATE_HOME XDG_CONFIG_HOME
export INPUTRC=/dev/null TERM=xterm

# The script on stdin (tests/programs/pty_type.c), typed at a prompt; what is shown goes into `shown`.
typed() { # SIZE ARG...
	local size=$1
	shift
	cat >script
	"$BUILD/tests/pty_type" "$size" script "$ACAUSAL" debug "$@" >shown 2>err
	local status=$?
	[[ ! -s err ]] || note "$(<err)"
	return $status
}
