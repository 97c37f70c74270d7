#!/usr/bin/env bash
# Records random programs and compares each recording with what the program knew of itself.
#
#     B=BUILD tests/oracle/run.sh SEEDS [FIRST]
#
# Stops at the first seed that differs, prints the first differences, and leaves the recording and
# the truth in a folder that it names. Repeat one with: make oracle SEEDS=1 FIRST_SEED=N
set -u
seeds=${1:-1000} first=${2:-1}
build=$(cd "${B:-build}" && pwd) || exit 1
folder=$(mktemp -d "${TMPDIR:-/tmp}/oracle.XXXXXX") || exit 1
trap 'rm -rf "$folder"; exit 130' INT TERM

started=$SECONDS
for ((seed = first; seed < first + seeds; seed++)); do
	rm -rf "$folder/work" "$folder/truth" "$folder"/acausal.db*
	mkdir "$folder/work" "$folder/truth"
	if ! "$build/acausal" record -o "$folder/acausal.db" "$build/tests/oracle" "$seed" \
		"$folder/truth" "$folder/work" >"$folder/out" 2>&1; then
		echo "seed $seed: the recorded program failed"
		cat "$folder/out"
		echo "kept in $folder"
		exit 1
	fi
	if ! "$build/tests/oracle_check" "$folder/acausal.db" "$folder/truth" >"$folder/out" 2>&1; then
		cat "$folder/out"
		echo "seed $seed differs; kept in $folder"
		exit 1
	fi
	[[ -t 1 ]] && printf '\r%d of %d' $((seed - first + 1)) "$seeds"
done
[[ -t 1 ]] && printf '\r'
echo "$seeds seeds from $first: recordings equal to what the programs knew, $((SECONDS - started)) s"
rm -rf "$folder"
