#!/usr/bin/env bash
# Cores whose loops' memory is damaged: what loops wait for is told as far as it makes sense, and soon.
. "$ROOT/tests/e2e/core.bash"
need_cores
make_core never "$BUILD/tests/core_pending"
"$ACAUSAL" core --format json never/core >before.json

damage() { # NAME TIMES SEED [OPTION]...: of the memory that the program calls so
	local place
	place=$(sed -n "s/^memory $1 //p" never/output)
	# shellcheck disable=SC2086  # two words
	"$BUILD/tests/core_damage" never/core "$2" "$3" -a $place "$ACAUSAL" core "${@:4}"
}
check 'a damaged loop is no harm' damage loop 15 1
check 'nor are damaged handles and requests' damage all 20 2 --format json
"$ACAUSAL" core --format json never/core >after.json
check 'the undamaged one is as it was' cmp before.json after.json

# What is lost is told.
offset_of() { # ADDRESS: in the core file
	local address=$((16#$1)) offset start size
	readelf -lW never/core | sed -n 's/^ *LOAD *\(0x[^ ]*\) *\(0x[^ ]*\) *0x[^ ]* *\(0x[^ ]*\) .*/\1 \2 \3/p' |
		while read -r offset start size; do
			((address < start || address >= start + size)) || echo "$((offset + address - start))"
		done
}
overwrite() { # ADDRESS OFFSET BYTES
	# shellcheck disable=SC2059  # bytes by their numbers
	printf "$3" | dd of=never/core bs=1 seek="$(($(offset_of "$1") + $2))" conv=notrunc status=none
}
timer=$(sed -n 's/^uv_timer_t \([0-9a-f]*\) .* on_far .*/\1/p' never/output)
overwrite "$timer" 16 '\377'
said=$("$ACAUSAL" core never/core)
contains 'a handle of no kind is left out' "$said" '1 of its handles left out: their memory makes no sense'
contains 'and missed' "$said" 'libuv counted 2 active handles, and 1 were found'
overwrite "$timer" 16 '\015'
overwrite "$timer" 32 '\377\377\377\377\377\377\377\377'
said=$("$ACAUSAL" core never/core)
contains 'a list that is torn' "$said" 'its list of handles is damaged, or too long: some may be missing'
contains 'what is before it is told' "$said" on_other
done_testing
