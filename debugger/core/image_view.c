/* A program's snapshot of itself as a recording: see image_view.h. */
#include "debugger/core/image_view.h"

#include "debugger/recording/temporary.h"
#include "debugger/text/version.h"
#include "recorder/snapshot/image.h"

int image_view_open(
	struct reader **ret, const char *path, const char *executable, struct error *err)
{
	struct image_origin origin = {.version = ACAUSAL_VERSION,
		.executable = executable,
		.wait_status = INGEST_STATUS_UNKNOWN};
	struct temporary temporary;
	struct ingest_summary summary;
	struct image image;
	int result = -1;

	if (image_of_file(&image, path, err))
		return -1;
	if (temporary_make(&temporary, err))
		goto out;
	origin.path = temporary.path;
	/* One that no recorded process is known to have started. */
	origin.is_root = !((const struct arena_header *)image.bytes)->from.started;
	if (image_record(&image, &origin, &summary, err))
		temporary_remove(&temporary);
	else
		result = temporary_open(&temporary, ret, err);
out:
	image_deinit(&image);
	return result;
}
