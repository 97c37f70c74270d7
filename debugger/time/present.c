/* The processes of a moment: see present.h. Reads the table `process` whole, which is small. */
#include "debugger/time/present.h"

#include "debugger/recording/lookup.h"

#include <stdlib.h>

/* Nothing of a process is older than its main thread, which the call that made it has made. */
static int has_begun(struct reader *recording, int64_t process_id, int64_t started_ns,
	int64_t at_ns, struct error *err)
{
	struct resource_row main;

	if (lookup_resource(recording, id_main(process_id), &main, err) < 0)
		return -1;
	if (main.created_ns != UNKNOWN && main.created_ns <= at_ns)
		return 1;
	return started_ns == UNKNOWN || started_ns <= at_ns;
}

int present_find(
	struct present *present, struct reader *recording, int64_t at_ns, struct error *err)
{
	static const char sql[] = "SELECT process_id, started_ns FROM main.process"
				  " WHERE (ended_ns IS NULL OR ended_ns >= ?1)"
				  " AND process_id BETWEEN 1 AND 4194304 ORDER BY process_id";
	sqlite3_stmt *row;
	size_t capacity = 0;
	int found, begun = 0;

	*present = (struct present){0};
	if (sqlite3_prepare_v2(reader_database(recording), sql, -1, &row, NULL))
		return reader_error(recording, NULL, err);
	sqlite3_bind_int64(row, 1, at_ns);
	while ((found = reader_step(recording, row, err)) == 1) {
		int64_t process_id = sqlite3_column_int64(row, 0);

		begun = has_begun(recording, process_id, lookup_column(row, 1), at_ns, err);
		if (begun < 0)
			break;
		if (!begun)
			continue;
		if (present->count == capacity) {
			int64_t *ids;

			capacity = capacity ? capacity * 2 : 16;
			ids = realloc(present->ids, capacity * sizeof *ids);
			if (!ids) {
				begun = error_set(err, "out of memory");
				break;
			}
			present->ids = ids;
		}
		present->ids[present->count++] = process_id;
	}
	sqlite3_finalize(row);
	return found < 0 || begun < 0 ? -1 : 0;
}

void present_deinit(struct present *present)
{
	free(present->ids);
	*present = (struct present){0};
}
