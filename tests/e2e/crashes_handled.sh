# Programs that handle their fatal signals: their handlers find what they would find without us; what
# they recover from is no crash, and what ends the process is the one that it was, with its stack.
# shellcheck shell=bash source=tests/e2e/crash.bash
. "$ROOT/tests/e2e/crash.bash"

# --- what the program does about it -------------------------------------------------------------

handled() { # HOW HANDLER EXPECTED
	crash "$1_$2" "$1" callback "$2"
	equal "$1, $2: what is recorded" "$(crash_of "$1_$2.db" | cut -d'|' -f1-4)" "$3"
}
for handler in exit exit-o exit-os exit-s exit-sn again again-os again-n again-r return return-os \
	abort abort-os plain; do
	handled null "$handler" '11|1|1|on_timer'
done
handled null jump ''
handled null jump-os ''
handled guarded mend ''
handled guarded mend-os ''
handled aborts return '6|-6|0|on_timer'
handled aborts exit '6|-6|0|on_timer'
handled aborts jump ''
handled overflow exit '11|1|1|on_timer'
handled overflow exit-os '11|1|1|on_timer'
handled overflow jump-os ''
handled lost exit '11|1|1|on_timer'
handled lost exit-os '11|1|1|on_timer'
equal 'a handler that aborts: the process ended by that' \
	"$(sql null_abort.db 'SELECT exit_signal FROM process')" 6
equal 'a handler that exits: the process ended so' \
	"$(sql null_exit.db 'SELECT exit_code FROM process')" 3

matches 'and its stack is shown' "$(cat null_exit.err)" 'SIGSEGV ended.*null .*on_timer.*uv_timer_start'
refuse 'not that of one who went on' grep -q SIGSEGV null_jump.err

crash storm storm callback
equal 'of thousands of faults, the one that killed is a crash' "$(crash_of storm.db | cut -d'|' -f1-4) $(
	sql storm.db 'SELECT count(*) FROM crash')" '11|1|1|on_timer 1'

for db in *.db; do
	equal "integrity of $db" "$(sql "$db" 'PRAGMA integrity_check')" ok
done

done_testing
