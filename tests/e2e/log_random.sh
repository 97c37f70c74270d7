#!/usr/bin/env bash
# Random programs that know which callback wrote each of their lines, by pieces that come in any order;
# the recording has to say the same. SEEDS and FIRST_SEED run others:
#
#     SEEDS=1000 FIRST_SEED=21 make test T=e2e/log_random
# time limit: 900
. "$ROOT/tests/e2e/log_truth.bash"
seeds=${SEEDS:-20} first=${FIRST_SEED:-1}

for ((seed = first; seed < first + seeds; seed++)); do
	# Half of them with lines that are longer than what is kept of one.
	kept=$((seed % 2 ? 3000 : 1048576))
	mkdir work
	status=0
	(cd work && "$ACAUSAL" record -o ../random.db --log-max $kept "$BUILD/tests/log_random" \
		"$seed" ../truth $kept) >out 2>&1 || status=$?
	if [[ $status == 0 ]]; then
		equal "seed $seed: every line is the one that was written" \
			"$(compare_random random.db truth $kept)" '0 wrong'
	else
		not_ok "seed $seed: the recorded program ends with status 0"
		note "$(<out)"
	fi
	# To look at it: KEEP=1 make test, and the recording of the first seed that fails.
	[[ $failures == 0 ]] || break
	rm -rf work truth random.db*
done
done_testing
