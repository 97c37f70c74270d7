/*
 * Reading what acausal_snapshot has written: the arena's bytes at their own offsets in a sparse
 * file. Holes stay holes, and a file that was cut short is zero from there on.
 */
#include "recorder/snapshot/arena_copy.h"
#include "recorder/snapshot/arena_cut.h"
#include "recorder/snapshot/image.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE = 4096, PIECE = 1 << 16 };

/* Bytes that were read; -1 with errno. */
static ssize_t read_at(int fd, void *ret, size_t size, off_t from)
{
	size_t done = 0;

	while (done < size) {
		ssize_t part = pread(fd, (char *)ret + done, size - done, from + (off_t)done);

		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -1;
		if (!part)
			break;
		done += (size_t)part;
	}
	return (ssize_t)done;
}

/* Pages of zeros are left untouched. */
static int read_extent(const struct image *image, int fd, const char *path, off_t from, off_t to,
	struct error *err)
{
	static const char zeros[PAGE];
	char piece[PIECE];

	while (from < to) {
		off_t left = to - from;
		ssize_t size = read_at(fd, piece, left < PIECE ? (size_t)left : PIECE, from);

		if (size < 0)
			return error_set_errno(err, errno, "cannot read '%s'", path);
		if (!size)
			return 0;
		for (ssize_t at = 0; at < size; at += PAGE) {
			size_t part = size - at < PAGE ? (size_t)(size - at) : (size_t)PAGE;

			if (memcmp(piece + at, zeros, part) != 0)
				memcpy((char *)image->bytes + from + at, piece + at, part);
		}
		from += size;
	}
	return 0;
}

static int read_all(const struct image *image, int fd, const char *path, struct error *err)
{
	off_t size = (off_t)image->size, from = 0, to;

	while (from < size) {
		from = lseek(fd, from, SEEK_DATA);
		if (from < 0 && errno == ENXIO) /* nothing but a hole is left */
			return 0;
		to = from < 0 ? -1 : lseek(fd, from, SEEK_HOLE);
		if (to < 0) /* this file system knows no holes */
			return read_extent(image, fd, path, from < 0 ? 0 : from, size, err);
		if (read_extent(image, fd, path, from, to < size ? to : size, err))
			return -1;
		from = to;
	}
	return 0;
}

/* Events of the image, without those of what began after its moment. */
static void cut_chunks(struct arena_copy *copy, struct arena_cut *cut)
{
	for (uint64_t i = 0; i < copy->used[ARENA_CHUNK_STATES]; i++) {
		struct arena_chunk *chunk = arena_copy_at(copy, ARENA_CHUNK_STATES, i);

		if (chunk->used <= ARENA_CHUNK_SIZE)
			chunk->used = arena_cut_events(
				cut, arena_copy_at(copy, ARENA_CHUNKS, i), 0, chunk->used);
	}
}

/*
 * The process went on while it wrote the image: what is alive in it is of the moment that `latest`
 * says, and so has all else to be.
 */
static int cut_image(const struct image *image, struct error *err)
{
	const struct arena_header *header = image->bytes;
	struct arena_copy copy = {.bytes = image->bytes,
		.moment = header->latest.ticks,
		.last_async_id = header->async_id.value};
	struct arena_cut cut;
	int result;

	if (arena_reader_init(&copy.layout, image->bytes, image->size, false, err))
		return -1;
	for (int i = 0; i < ARENA_REGION_COUNT; i++)
		copy.used[i] = arena_reader_used(&copy.layout, (enum arena_region_name)i);
	result = arena_cut_init(&cut, &copy, err);
	if (!result) {
		cut_chunks(&copy, &cut);
		result = arena_cut_lives(&cut, &copy, err);
		arena_cut_deinit(&cut);
	}
	arena_reader_deinit(&copy.layout);
	return result;
}

static int read_image(struct image *ret, int fd, const char *path, struct error *err)
{
	struct arena_header header;
	struct stat status;
	ssize_t size;

	if (fstat(fd, &status) != 0)
		return error_set_errno(err, errno, "cannot read '%s'", path);
	size = S_ISREG(status.st_mode) ? read_at(fd, &header, sizeof header, 0) : 0;
	if (size < 0)
		return error_set_errno(err, errno, "cannot read '%s'", path);
	if (size < (ssize_t)sizeof header.magic || header.magic != ARENA_MAGIC)
		return error_set(err,
			"'%s' is no image of a recorded process, as acausal_snapshot() writes them",
			path);
	if (size < (ssize_t)sizeof header || header.size < sizeof header)
		return error_set(err, "'%s' was cut short: nothing can be read of it", path);
	if (image_init(ret, header.size, err))
		return -1;
	if (!read_all(ret, fd, path, err) && !cut_image(ret, err))
		return 0;
	image_deinit(ret);
	return -1;
}

int image_of_file(struct image *ret, const char *path, struct error *err)
{
	int fd, result;

	*ret = (struct image){0};
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_set_errno(err, errno, "cannot open '%s'", path);
	result = read_image(ret, fd, path, err);
	close(fd);
	return result;
}
