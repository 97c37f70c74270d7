#!/usr/bin/env bash
# What does not belong in a finished source tree: notes to oneself, paths of one machine, trailing
# blanks, files that do not open by saying what they are.
set -u
cd "$(dirname "$0")/../.." || exit 1
status=0
complain() {
	echo "$*"
	status=1
}

mapfile -t files < <(find . \( -name .git -o -name 'build*' -type d \) -prune -o -type f -print |
	grep -E '\.(c|cc|h|sh|bash|sql|md)$|/(Makefile|run|deps)$' | sort)

# This file says the words itself.
while IFS= read -r line; do
	complain "$line"
done < <(grep -nE '\b(TODO|FIXME|XXX|HACK)\b|(^|[^A-Za-z0-9._-])/(work|root|home/[a-z]+)/' \
	"${files[@]}" /dev/null | grep -v '^\./tests/check/words.sh:')
while IFS= read -r line; do
	complain "$line: blanks at the end of the line"
done < <(grep -nE '[[:blank:]]+$' "${files[@]}" /dev/null | cut -d: -f1,2)

for file in "${files[@]}"; do
	read -r first <"$file"
	case $file in
	*.c | *.cc | *.h) [[ $first == '/*'* ]] || complain "$file: does not open with what it is" ;;
	*.sql) [[ $first == '--'* ]] || complain "$file: does not open with what it is" ;;
	esac
done
exit $status
