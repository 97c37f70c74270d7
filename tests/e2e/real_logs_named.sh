#!/usr/bin/env bash
# The query log of BIND's named, with rotation: lines picked from the real files with grep lead to the
# callback that read the query.
# time limit: 180
. "$ROOT/tests/e2e/real_programs.bash"
PATH=$PATH:/usr/sbin
need named bind9
need dnsperf dnsperf
need dig bind9-dnsutils

port=$(free_port)
named_configuration "$port" >named.conf <<END
logging {
	channel queries { file "query.log" versions 20 size 40k; print-time yes; print-category yes; };
	category queries { queries; };
};
zone "example.test" { type primary; file "example.test.zone"; };
END
{
	printf '%s\n' "\$TTL 300" '@ SOA ns hostmaster 1 3600 900 86400 300' '@ NS ns' 'ns A 127.0.0.1'
	for i in $(seq 200); do echo "h$i A 192.0.2.$i"; done
} >example.test.zone
for i in $(seq 200); do echo "h$i.example.test A"; done >queries

"$ACAUSAL" record -o named.db named -n 2 -f -L "$TMP/named.log" -c "$TMP/named.conf" \
	>named.out 2>&1 &
job=$!
wait_for 20 dig -p "$port" @127.0.0.1 +tries=1 +time=1 ns.example.test ||
	not_ok 'named answers'
dig -p "$port" @127.0.0.1 +tcp over-tcp.example.test >/dev/null
dnsperf -s 127.0.0.1 -p "$port" -d queries -n 5 -c 8 >udp.out 2>&1
dig -p "$port" @127.0.0.1 +notcp the-last.example.test >/dev/null
pid=$(pgrep -f "^named -n 2 -f -L $TMP/named.log")
kill -TERM "$pid"
wait "$job"
check_recording named.db
files=(query.log*)
note "${#files[@]} files of queries, $(cat query.log* | wc -l) lines"
check 'the log was rotated' test "${#files[@]}" -ge 4
equal 'every line of the files is recorded' \
	"$(sql named.db "SELECT count(*) FROM log WHERE path LIKE '%/query.log'")" "$(cat query.log* | wc -l)"

# The innermost callback of a JSON trace, and how it ended.
traced() { # ARGUMENT...
	"$ACAUSAL" log -r named.db "$@" --trace --format json | json "
		SELECT value ->> '$.trace.segments[1].api', value ->> '$.trace.complete'
		FROM json_data, json_each(data)"
}

# What is in each line once, with the way in which its query came.
while read -r what api; do
	place=$(grep -Hn "$what" query.log* | cut -d: -f1,2)
	line=$(sed -n "${place#*:}p" "${place%:*}")
	words="the query of $what, line ${place#*:} of ${place%:*}:"
	equal "$words --file finds the line" \
		"$("$ACAUSAL" log -r named.db --file "$place" --format json |
			json "SELECT value ->> '$.text' FROM json_data, json_each(data)")" "$line"
	equal "$words it leads to a read callback" "$(traced --file "$place")" "$api|1"
	equal "$words a pattern finds the same" "$(traced "$what")" "$api|1"
	equal "$words so does grep through a pipe" "$(grep -h "$what" query.log* | traced -)" "$api|1"
done <<-'END'
	over-tcp.example.test uv_read_start
	the-last.example.test uv_udp_recv_start
END

# Of the load: a line of each rotated file, the same query in many of them.
right=0 wrong=()
for file in query.log*; do
	for number in 1 7 20; do
		line=$(sed -n "${number}p" "$file")
		[[ $line ]] || continue
		found=$("$ACAUSAL" log -r named.db --file "$file:$number" --format json |
			json "SELECT value ->> '$.text' FROM json_data, json_each(data)")
		if [[ $found == "$line" ]]; then
			right=$((right + 1))
		else
			wrong+=("$file:$number: $found, not $line")
		fi
	done
done
equal "of $right places in the rotated files each is found" "${wrong[*]-}" ''
equal "and there were some" "$((right > 10))" 1
done_testing
