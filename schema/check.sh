#!/bin/sh
# Every table, view and column of schema/*.sql stands in schema/README.md, and nothing else does.
# Prints what is missing and exits 1. Needs python3, which has SQLite.
set -eu
cd "$(dirname "$0")"
exec python3 - <<'PYTHON'
import re, sqlite3, sys

db = sqlite3.connect(":memory:")
for name in ("tables", "views", "indexes"):
    db.executescript(open(name + ".sql").read())
written, heading = {}, None
for line in open("README.md"):
    if line.startswith("### "):
        heading = line[4:].strip()
        written[heading] = set()
    elif heading and (match := re.match(r"\| `(\w+)` \|", line)):
        written[heading].add(match[1])
inherited = {"resource_named": "resource", "log_named": "log"}
faults = []
for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')"):
    columns = {row[1] for row in db.execute(f"PRAGMA table_info({name})")}
    known = written.pop(name, None)
    if known is None:
        faults.append(f"schema/README.md: {name} is missing")
        continue
    if name in inherited:
        columns -= {row[1] for row in db.execute(f"PRAGMA table_info({inherited[name]})")} - known
    faults += [f"schema/README.md: {name}.{column} is missing" for column in sorted(columns - known)]
    faults += [f"schema/README.md: {name} has no {column}" for column in sorted(known - columns)]
faults += [f"schema/README.md: there is no {name}" for name in written]
print("\n".join(faults), end="\n" if faults else "")
sys.exit(1 if faults else 0)
PYTHON
