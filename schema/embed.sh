#!/bin/sh
# C source on stdout with the text of schema/NAME.sql as `const char schema_NAME_sql[]`.
# Usage: schema/embed.sh NAME...
set -eu
folder=$(dirname "$0")
printf '#include "schema/schema.h"\n'
for name in "$@"; do
	printf '\nconst char schema_%s_sql[] =\n' "$name"
	# Comments and indentation are for people; -- never stands inside a string in these files.
	sed -e 's/[ \t]*--.*$//' -e 's/^[ \t]*//' -e '/^$/d' \
		-e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/.*/\t"&\\n"/' "$folder/$name.sql"
	printf '\t"";\n'
done
