#!/usr/bin/env bash
# BIND's named under load over UDP and TCP: it answers as it does unrecorded, ends in order, and
# everything that it made can be traced to a root.
# time limit: 180
. "$ROOT/tests/e2e/real_programs.bash"
PATH=$PATH:/usr/sbin
need named bind9
need dnsperf dnsperf
need dig bind9-dnsutils

port=$(free_port)
named_configuration "$port" >named.conf <<END
zone "example.test" { type primary; file "example.test.zone"; };
END
{
	cat <<-END
		\$TTL 300
		@ SOA ns hostmaster 1 3600 900 86400 300
		@ NS ns
		ns A 127.0.0.1
		@ MX 10 mail
		mail A 192.0.2.25
		alias CNAME h1
		*.wild TXT "anything"
	END
	for i in $(seq 200); do
		echo "h$i A 192.0.2.$i"
		echo "h$i TXT \"$(printf 'text %s ' $(seq 30))\""
	done
} >example.test.zone
for i in $(seq 200); do
	echo "h$i.example.test A"
	echo "h$i.example.test TXT"
	echo "nothing$i.example.test A"
done >queries

# The answers to some questions, without what differs each time.
answers() {
	local question transport
	for question in 'h1 A' 'h77 TXT' 'nothing A' 'alias A' 'x.wild TXT' 'ns AAAA'; do
		for transport in +notcp +tcp; do
			# shellcheck disable=SC2086  # name and type are two words
			dig -p "$port" @127.0.0.1 $transport +tries=2 +time=3 +nocookie +noall \
				+comments +answer +authority +additional \
				${question/ /.example.test. } |
				sed 's/id: [0-9]*/id: N/' | sort
		done
	done
	dig -p "$port" @127.0.0.1 +tcp +short -t SOA example.test
}

# Starts named, asks, loads it, ends it.
serve() { # ANSWERS COMMAND...
	local into=$1 job pid
	shift
	"$@" named -n 2 -g -c "$TMP/named.conf" >named.out 2>&1 &
	job=$!
	if ! wait_for 20 dig -p "$port" @127.0.0.1 +tries=1 +time=1 ns.example.test; then
		not_ok 'named answers'
		note "$(tail -n 20 named.out)"
	fi
	answers >"$into"
	dnsperf -s 127.0.0.1 -p "$port" -d queries -n 10 -c 8 >udp.out 2>&1
	dnsperf -s 127.0.0.1 -p "$port" -d queries -n 4 -c 8 -m tcp >tcp.out 2>&1
	pid=$(pgrep -f "^named -n 2 -g -c $TMP/named.conf")
	kill -TERM "$pid"
	wait "$job"
}

status=0
serve answers.plain env || status=$?
equal 'unrecorded, named ends with status 0' "$status" 0
status=0
serve answers.recorded "$ACAUSAL" record -o named.db || status=$?
equal 'recorded, named ends with status 0' "$status" 0
contains 'named says that it exits' "$(<named.out)" exiting
equal 'the answers are the same' "$(<answers.recorded)" "$(<answers.plain)"
contains 'every query over UDP was answered' "$(<udp.out)" '(100.00%)'
contains 'every query over TCP was answered' "$(<tcp.out)" '(100.00%)'
check_recording named.db
has_rows named.db 1000 5000
no_unknown_links named.db
traces_reach_root named.db 200
done_testing
