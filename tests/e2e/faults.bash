# What the tests of faults have in common: the recorder fails somewhere, and the program must not be
# touched, one line say why, and what was recorded be valid.
# shellcheck shell=bash
. "$ROOT/tests/e2e/lib.sh"

ulimit -c 0
chain=$BUILD/tests/timer_chain

faults_build() {
	"${CC:-cc}" -D_GNU_SOURCE -shared -fPIC -O1 -o "$TMP/faults.so" "$ROOT/tests/fixtures/faults.c" -ldl
}

# untouched STATUS RECORDING: what is wrong of a run of `timer_chain` whose stdout and stderr are in
# `out` and `err`; nothing when all is as it should be. "none" for a recording that must not be
# there, "any" for STATUS where the command need not have been run.
untouched() {
	local rows
	if [[ ($1 == 125 || $1 == 126) && ! -s out ]]; then
		[[ ${allows_refusal-} ]] || echo "the command was not run"
	elif [[ $1 != 0 || $(cat out) != 'the chain ends' ]]; then
		echo "status $1, output $(head -c 100 out)"
	fi
	grep -v -e '^acausal: ' err | sed 's/^/a line of somebody else: /'
	[[ ! -e $2-new ]] || echo "$2-new was left behind"
	if [[ -e $2 ]]; then
		[[ $(sql "$2" 'PRAGMA integrity_check' 2>&1) == ok ]] || echo 'integrity_check'
		rows=$(sql "$2" "SELECT value FROM meta WHERE key = 'complete'" 2>&1)
		if grep -q failed err; then
			[[ $rows == 0 ]] || echo "it failed, but 'complete' is $rows"
		else
			[[ $rows == 1 ]] || echo "nothing was said, but 'complete' is $rows"
		fi
	elif ! grep -q '^acausal: ' err; then
		echo 'no recording, and not a word'
	fi
}

# sweep CALL once|on NUMBER...: calls of that kind fail, the N-th or all from it on. What is wrong, a
# line each. Sets `said` to the different words.
sweep() {
	local call=$1 once=$2 number
	shift 2
	for number in "$@"; do
		rm -rf swept hit
		mkdir swept
		if [[ $once == once ]]; then export FAULT_ONCE=1; else unset FAULT_ONCE; fi
		FAULT_IN=acausal FAULT_CALL=$call FAULT_AT=$number FAULT_UNDER=$TMP/swept \
			FAULT_LOG=$TMP/hit LD_PRELOAD=$TMP/faults.so \
			timeout 30 "$ACAUSAL" record -o swept/a.db "$chain" 3000 >out 2>err
		untouched $? swept/a.db | sed "s/^/$call $number $once: /"
		cat err >>said
	done
	unset FAULT_ONCE
}
