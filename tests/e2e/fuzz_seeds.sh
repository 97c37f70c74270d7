#!/usr/bin/env bash
# The fuzz targets over their seeds (tests/fuzz): real cores, arenas and recordings made small, what
# fuzzing has made of them that goes furthest, and every input that ever broke a target. Built by the
# compiler at hand, without libFuzzer.
. "$ROOT/tests/e2e/lib.sh"
export FUZZ_ROOT=$ROOT TMPDIR=$TMP

for target in arena core recording rows; do
	count=0
	for seed in "$ROOT/tests/fuzz/seeds/$target"/*.xz; do
		name=$(basename "$seed" .xz)
		mkdir seeds
		if [[ $name == *.tar ]]; then
			tar -C seeds -xJf "$seed" || not_ok "$target/$name is unpacked"
		else
			xz -dc "$seed" >"seeds/$name" || not_ok "$target/$name is unpacked"
		fi
		check "$target/$name" "$BUILD/tests/replay_fuzz_$target" seeds/*
		rm -rf seeds
		count=$((count + 1))
	done
	check "there are seeds of $target" test "$count" -gt 0
done
equal 'no file is left behind' "$(ls)" ''
done_testing
