#!/usr/bin/env bash
# Memory that is short in the recorder, and limits on memory and descriptors.
#
#     STEP=50 make test T=e2e/faults_memory        fails every 50th allocation
# time limit: 1800
# shellcheck shell=bash source=tests/e2e/faults.bash
. "$ROOT/tests/e2e/faults.bash"
allows_refusal=yes # before the command has been run

check 'the preload that fails is built' faults_build
if [[ -n ${STEP-} ]]; then
	read -ra numbers < <(seq -s ' ' 1 "$STEP" 40000)
else
	# Some of each part: of setting up, of writing, of looking up names.
	numbers=(1 9 25 40 90 300 4000 16000 19000 22500 23000 23500 25000 27000)
fi
equal 'each allocation may fail, and all after it' "$(sweep memory on "${numbers[@]}" |
	grep -v -e 'libdw: ' -e ': Unexpected error.$')" ''
equal 'each allocation may fail, once' "$(sweep memory once "${numbers[@]}" | grep -v -e 'libdw: ')" ''
contains '… and that is said' "$(cat said)" 'out of memory; end other programs, or raise the limit (ulimit -v)'
equal 'each mapping may fail' "$(sweep map on 1 2 3 5 8 13 21; sweep map once 1 2 3 5 8 13 21)" ''

# --- limits of the recorder alone ---------------------------------------------------------------

cat >limited.sh <<-'END'
	prlimit --pid $PPID "$1"
	exec "$2" 60000
END
for limit in --as=100000000 --as=200000000 --as=400000000; do
	rm -f limited.db*
	"$ACAUSAL" record -o limited.db sh limited.sh $limit "$chain" >out 2>err
	equal "the recorder has $limit" "$(untouched $? limited.db)" ''
done
cat >many.sh <<-'END'
	prlimit --pid $PPID --nofile="$1"
	for i in 1 2 3 4 5 6 7 8; do
		"$2" 9 >/dev/null &
	done
	wait
	echo the chain ends
END
for count in 3 7 8 9 10 12 14; do
	rm -f many.db*
	"$ACAUSAL" record -o many.db sh many.sh $count "$chain" >out 2>err
	equal "the recorder has $count descriptors" "$(untouched $? many.db)" ''
	[[ $(sql many.db "SELECT count(*) FROM process" 2>&1) == 10 ]] ||
		contains '… and that is said' "$(cat err)" 'descriptor'
done

# --- limits of the program ----------------------------------------------------------------------

for count in 4 5 6 7 8 9 10 12 16; do
	rm -f few.db*
	{ sh -c 'ulimit -n "$1"; exec "$0" 9' "$chain" $count >plain; } 2>/dev/null
	plain=$?
	"$ACAUSAL" record -o few.db sh -c 'ulimit -n "$1"; exec "$0" 9' "$chain" $count >out 2>err
	equal "the program has $count descriptors, and is untouched" "$? $(cat out)" "$plain $(cat plain)"
done
done_testing
