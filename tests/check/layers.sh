#!/usr/bin/env bash
# Holds the sources to the direction of dependence, by their #include lines:
#
#     hooks -> runtime -> wire        ingest -> wire, schema, symbols        launch -> ingest
#     snapshot -> ingest, wire        core -> snapshot, ingest, wire
#     debugger -> schema, symbols, core, snapshot     main and the command table -> launch   all but wire -> base
#     in it: commands (log, info, sql, core …) -> render -> lineage -> recording -> text    prompt -> commands
#
# Prints one line for each include that points elsewhere and for each circle of files (x.c and x.h
# are one file here); exit status 1 when there is any.
set -u
cd "$(dirname "$0")/../.." || exit 1

# folder, then the folders that its files may include from (its own is always allowed).
# recorder/acausal.h, the public interface, includes nothing of ours and may be included by all.
folders='
recorder/wire
recorder/base
recorder/runtime   recorder/wire
recorder/hooks     recorder/runtime recorder/wire
recorder/symbols   recorder/base
recorder/ingest    recorder/wire recorder/base recorder/symbols schema
recorder/snapshot  recorder/wire recorder/base recorder/ingest
recorder/core      recorder/wire recorder/base recorder/ingest recorder/snapshot
recorder/launch    recorder/wire recorder/base recorder/ingest
schema
debugger/text      recorder/base
debugger/recording debugger/text recorder/base recorder/snapshot schema
debugger/core      debugger/recording debugger/text recorder/base recorder/core recorder/snapshot recorder/symbols
debugger/lineage   debugger/core debugger/recording debugger/text recorder/base
debugger/source    debugger/lineage debugger/recording debugger/text recorder/base
debugger/render    debugger debugger/source debugger/lineage debugger/recording debugger/text
debugger/frame     debugger debugger/render debugger/source debugger/lineage debugger/recording debugger/text recorder/base
debugger/crash     debugger debugger/frame debugger/render debugger/lineage debugger/recording debugger/text recorder/base
debugger/threads   debugger debugger/core debugger/lineage debugger/recording debugger/text recorder/base
debugger/info      debugger debugger/render debugger/lineage debugger/recording debugger/text recorder/base
debugger/context   debugger debugger/info debugger/render debugger/lineage debugger/recording debugger/text recorder/base
debugger/tree      debugger debugger/lineage debugger/recording debugger/text recorder/base
debugger/find      debugger debugger/lineage debugger/recording debugger/text recorder/base
debugger/why       debugger debugger/info debugger/render debugger/lineage debugger/recording debugger/text recorder/base
debugger/time      debugger debugger/render debugger/lineage debugger/recording debugger/text recorder/base
debugger/log       debugger debugger/render debugger/lineage debugger/recording debugger/text recorder/base
debugger/diff      debugger debugger/render debugger/lineage debugger/recording debugger/text recorder/base
debugger/sql       debugger debugger/lineage debugger/recording debugger/text recorder/base schema
debugger/prompt    debugger debugger/time debugger/source debugger/sql debugger/lineage debugger/recording debugger/text recorder/base
debugger           debugger/* recorder/base recorder/snapshot
debugger/extension debugger/* recorder/base schema
'
# Single files that may include more than their folder does, with why.
# `thread:N` of a core alone is one of its stands, which point.c asks for. The core command shows async
# stacks, which lean on cores. `record` is a command, whose work the launcher does. A snapshot makes room for its
# file as `record` does.
exceptions='
debugger/recording/point debugger/core
debugger/core/core_threads debugger/lineage
debugger/core/core_command debugger debugger/lineage debugger/render
debugger/core/render_core debugger debugger/lineage debugger/render
debugger/core/render_core_json debugger debugger/lineage debugger/render
debugger/core/render_pending debugger debugger/lineage debugger/render
debugger/core/render_pending_json debugger debugger/lineage debugger/render
debugger/main          recorder/launch
debugger/record_command recorder/launch
debugger/snapshot_command recorder/launch
'
# What of other people is for whom: a header, then the only folders that may include it.
foreign='
uv.h               recorder/hooks recorder/runtime recorder/core
sqlite3.h          recorder/ingest debugger/tree debugger/find debugger/time debugger/recording debugger/lineage debugger/sql debugger/log debugger/info debugger/diff debugger/why debugger/context debugger/prompt debugger
sqlite3ext.h       debugger/extension
elfutils/          recorder/symbols recorder/core
gelf.h             recorder/symbols recorder/launch
libelf.h           recorder/symbols recorder/launch
dwarf.h            recorder/symbols recorder/core
readline/          debugger/prompt
pcre2.h            debugger/text
'

status=0
complain() {
	echo "$*"
	status=1
}

allowed_from() { # TABLE KEY -> the rest of its line
	awk -v key="$2" '$1 == key { $1 = ""; print }' <<<"$1"
}

edges=$(mktemp) || exit 1
trap 'rm -f "$edges"' EXIT

while IFS=: read -r file included; do
	folder=${file%/*}
	case $included in
	'"'*)
		included=${included#\"} included=${included%%\"*}
		target=${included%/*}
		[[ -e $included ]] || {
			complain "$file: \"$included\" is not there (includes are written from the root)"
			continue
		}
		echo "${file%.*} ${included%.*}" >>"$edges"
		[[ $target == "$folder" || $included == recorder/acausal.h ]] && continue
		allowed=" $(allowed_from "$folders" "$folder") $(allowed_from "$exceptions" "${file%.*}") "
		[[ $allowed == *" $target "* || ($allowed == *' debugger/* '* && $target == debugger/*) ]] || complain "$file: must not include $included"
		;;
	'<'*)
		included=${included#<} included=${included%%>*}
		while read -r header owners; do
			[[ -n $header && $included == "$header"* ]] || continue
			[[ " $owners " == *" $folder "* ]] || complain "$file: must not include <$included>"
		done <<<"$foreign"
		;;
	esac
done < <(find recorder debugger schema -name '*.[ch]' -exec \
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"][^>"]*[>"]\).*/\1/;T;F;p' {} + |
	paste -d: - -)

# x.c, x.h and x_internal.h are one file that includes itself, which is no circle.
circles=$(sed 's/_internal\( \|$\)/\1/g' "$edges" | awk '$1 != $2' | sort -u | tsort 2>&1 >/dev/null)
[[ -z $circles ]] || complain "files that include each other in a circle:
${circles//tsort: /}"

# In the recorded process nothing allocates, prints or ends the program. The checks are by name, so
# a word in a comment is taken out first. A wrapper is defined by such a name; and those of err(3)
# and error(3) end the program, as these do.
while IFS= read -r line; do
	complain "$line: not in the recorded process"
done < <(find recorder/runtime recorder/hooks -name '*.[ch]' -exec awk '
	{
		text = $0
		gsub(/\/\*.*\*\/|^[ \t]*\*.*$|\/\*.*$|\/\/.*$|"[^"]*"/, "", text)
		sub(/^WRAPPER [a-z]+ [a-z]+\(/, "", text)
		if (FILENAME ~ /hooks\/error\.c$/)
			sub(/^\texit\(|^\t\texit\(/, "", text)
		# Values that the program sets are kept in its own memory: these are called by it alone.
		if (FILENAME ~ /(runtime\/carr(y|ied)|hooks\/storage)\.c$/)
			gsub(/(malloc|calloc|free)\(/, "", text)
		if (match(text, /(^|[^_a-z>.])(malloc|calloc|realloc|free|printf|puts|abort|exit|_exit|assert)[ ]*\(/))
			print FILENAME ":" FNR ": " substr(text, RSTART, RLENGTH)
	}' {} +)

exit $status
