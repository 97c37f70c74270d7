#!/usr/bin/env bash
# `acausal snapshot` of programs in flight mode, which nobody attends to: at rest, at full load, and
# while they end. What the program says of itself is the measure.
. "$ROOT/tests/e2e/lib.sh"
. "$ROOT/tests/e2e/flight.bash"

# At rest, when most of its events have been overwritten.
fly 1M "$world" book 1 40000 2
wait_for 20 grep -q quiet flown
look book now
status 'a program at rest' 0 "$ACAUSAL" snapshot -o rest.db "$pid"
said=$(<err)
equal 'nothing on stdout' "$(<out)" ''
matches 'the first line says what there is' "$said" \
	'^acausal: [0-9,]+ resources, [0-9,]+ runs, [0-9,]+ stacks, [0-9]+ threads, 0 lost; .* in rest.db'
matches 'and the next since when' "$said" 'flight mode: all since \+0\.[0-9]+ s is there'
compare 'at rest: all that is there is true, and what is alive is there' rest.db now now rest
check_recording rest.db
counts=$(compared rest.db now now)
at_least 'much was overwritten' "$counts" from 1
at_least 'newest history is there' "$counts" runs 1000
at_least 'what is alive is old and new' "$counts" stays 150
at_least 'and chains were folded' "$counts" folds 10
equal 'the recording says what it is of' "$(sql rest.db "SELECT value FROM meta WHERE key = 'command'")" \
	"[\"$world\",\"book\",\"1\",\"40000\",\"2\"]"
equal 'and that the process has not ended' \
	"$(sql rest.db 'SELECT ended_ns, exit_code, exit_signal FROM process')" '||'
kill -0 "$pid" && ok 'the program goes on'

# A comparison that cannot fail shows nothing.
newest=$(sql rest.db "SELECT max(repeat_ms) FROM arming JOIN run USING (arming_id)
	WHERE repeat_ms > 0 AND part = 'callback'")
hidden=$(comm -23 <(awk -F'|' '$4 == "on_tick" && $1 > 2000 { print $1 }' now | sort) \
	<(sql rest.db 'SELECT repeat_ms FROM arming' | sort) | sort -n | head -n 1)
while IFS=: read -r words question lie; do
	awk -F'|' -v OFS='|' -v newest="$newest" -v hidden="$hidden" "$lie { print }" now >lied
	matches "a lie about $words is found out" "$(compare a-lie rest.db lied lied rest)" \
		"not ok.*got: .*$question"
done <<'END'
who armed:truly:$1 == newest { $2-- }
what was called:truly:$1 == newest { $4 = $4 == "on_tick" ? "on_stat" : "on_tick" }
which thing:truly:$1 == newest { $3 += 64 }
what is alive:is alive and not there:$4 == "on_far_away" && $6 == "o" && !done++ { $6 = "s" }
what has ended:is alive in the recording:$6 == "a" { $6 = "o" }
what was folded:folded to:$1 == hidden { $2 = 8 }
what was made where:made in:$6 == "a" && $5 == "s" { $2++ }
END

# Another one becomes FILE.old, and nothing else is ever replaced.
status 'once more' 0 "$ACAUSAL" snapshot -o rest.db "$pid"
equal 'the first is kept as FILE.old' "$(sql rest.db.old 'SELECT count(*) FROM process')" 1
compare 'it is as before' rest.db now now rest
echo mine >text
status 'a file of another kind' 1 "$ACAUSAL" snapshot -o text "$pid"
contains 'is left alone' "$(<err)" 'text is no recording, and is left alone'
equal 'it is as it was' "$(<text)" mine
status 'a folder that is not there' 1 "$ACAUSAL" snapshot -o nowhere/a.db "$pid"
contains 'is told' "$(<err)" 'no recording can be made in nowhere'
end "$pid"

# At full load: each time at another moment, and none of them may be stopped for it.
for seed in 2 3; do
	fly 1M "$world" book"$seed" "$seed" 600000 2
	wait_for 20 has_come_to book"$seed" $((seed * 10000))
	look book"$seed" before
	check "seed $seed: a snapshot at full load" "$ACAUSAL" snapshot -o busy.db "$pid"
	look book"$seed" after
	equal "seed $seed: the program was at work" "$(<flown)" ''
	compare "seed $seed: all that is there is true, and what is alive is there" \
		busy.db before after
	at_least "seed $seed: there is history" "$(compared busy.db before after)" runs 500
	check_recording busy.db
	end "$pid"
done

# One that ends just then: a recording, or one line that says why there is none.
whole=0 refused=0
for delay in 0.00 0.04 0.06 0.08 0.10 0.13 0.2; do
	rm -rf ending.db ending.db.old
	fly 1M "$world" ending-book 5 3000 1 end
	sleep "$delay"
	"$ACAUSAL" snapshot -o ending.db "$pid" >said 2>&1
	result=$?
	wait "$pid"
	if [[ $result == 0 && $(sql ending.db 'PRAGMA integrity_check') == ok ]]; then
		whole=$((whole + 1))
	elif [[ $result == 1 && $(wc -l <said) == 1 && ! -e ending.db ]]; then
		refused=$((refused + 1))
	else
		not_ok "ends after $delay s: status $result"
		note "$(<said)"
	fi
	rm -f ending-book
done
equal 'a program that ends: all or nothing' $((whole + refused)) 7

done_testing
