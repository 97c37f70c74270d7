/* A copy of an arena: see image.h. What makes one of what is in other files. */
#include "recorder/snapshot/image.h"

#include "recorder/snapshot/image_program.h"

#include <errno.h>
#include <sys/mman.h>

static const uint64_t size_max = UINT64_C(4) << 30;

int image_init(struct image *image, uint64_t size, struct error *err)
{
	*image = (struct image){0};
	if (size < sizeof(struct arena_header) || size > size_max)
		return error_set(err,
			"the recorder's arena is damaged: it is said to have %llu bytes",
			(unsigned long long)size);
	image->bytes = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (image->bytes == MAP_FAILED) {
		image->bytes = NULL;
		return error_set_errno(err, errno, "no memory for a copy of the arena's %llu bytes",
			(unsigned long long)size);
	}
	image->size = (size_t)size;
	return 0;
}

void image_deinit(struct image *image)
{
	if (image->bytes)
		munmap(image->bytes, image->size);
	*image = (struct image){0};
}

int image_record(const struct image *image, const struct image_origin *origin,
	struct ingest_summary *ret, struct error *err)
{
	struct image_program program;
	struct ingest_options options = {.path = origin->path,
		.version = origin->version,
		.symbolize = true,
		.progress = origin->progress,
		.module_file = origin->module_file,
		.user = origin->user};
	struct ingest_process_info info = {
		.os_pid = (pid_t)((const struct arena_header *)image->bytes)->os_pid,
		.is_root = origin->is_root,
		.is_dead = true};
	struct ingest_process *process;
	struct ingest *ingest;
	int result = -1;

	image_program_init(&program, image->bytes, image->size);
	info.executable = origin->executable ? origin->executable : program.executable;
	info.arguments_json =
		origin->arguments_json ? origin->arguments_json : program.arguments_json;
	options.command_json = info.arguments_json;
	if (ingest_create(&options, &ingest, err)) {
		image_program_deinit(&program);
		return -1;
	}
	if (origin->is_there)
		origin->is_there(origin->user);
	if (!ingest_add_process(ingest, image->bytes, image->size, &info, &process, err)) {
		if (origin->has_ended)
			ingest_process_ended_at(process, origin->wait_status, INGEST_TIME_UNKNOWN);
		result = ingest_finish(ingest, ret, err);
	}
	ingest_destroy(ingest);
	image_program_deinit(&program);
	return result;
}
