/*
 * File system operations: 36 functions of one form.
 *
 * With a NULL callback an operation is synchronous, on any thread, perhaps without a loop: it makes
 * no resource and is passed through; but what it writes may be lines.
 */
#include "recorder/hooks/fired.h"
#include "recorder/hooks/log.h"
#include "recorder/hooks/resource.h"
#include "recorder/hooks/tag.h"

TRAMPOLINE void on_fs(uv_fs_t *request)
{
	struct fired fired;
	ssize_t result = request->result;
	bool counts =
		result >= 0 && (request->fs_type == UV_FS_READ || request->fs_type == UV_FS_WRITE ||
				       request->fs_type == UV_FS_SENDFILE);

	/* Which has been closed by now, or not. */
	if (request->fs_type == UV_FS_CLOSE)
		sink_forget(request->file);
	fired_request(&fired, request, FRAME);
	((uv_fs_cb)fired.callbacks.callback)(request);
	/* The request may be gone by now. */
	fired_end(&fired, result < 0 ? result : 0, counts ? result : EVENT_NO_STATUS);
}

/* `detail` says what it is about: see below. In `arguments`, `callback` is what the real function
 * is given. */
#define FS_OPERATION(name, TYPE, detail, parameters, arguments)                                    \
	WRAPPER int uv_fs_##name parameters                                                        \
	{                                                                                          \
		CALL_ON(fs_##name, loop);                                                          \
		uint32_t index = 0;                                                                \
		int result;                                                                        \
                                                                                                   \
		if (call.thread && callback)                                                       \
			index = request_made(&call, request, ACAUSAL_TYPE_##TYPE, loop, NULL,      \
				(void *)callback);                                                 \
		if (index) {                                                                       \
			detail;                                                                    \
			callback = on_fs;                                                          \
		}                                                                                  \
		result = call.uv->fs_##name arguments;                                             \
		if (index && result < 0)                                                           \
			request_refused(index, request);                                           \
		return result;                                                                     \
	}

#define ABOUT_NOTHING	   (void)0
#define ABOUT_PATH	   resource_detail_text(&call, index, path)
#define ABOUT_PATHS(to)	   resource_detail_pair(&call, index, path, to)
#define ABOUT_FILE(number) resource_detail_file(&call, index, number)

/* The forms that several share. */
#define FS_PATH(name)                                                                              \
	FS_OPERATION(name, FS, ABOUT_PATH,                                                         \
		(uv_loop_t * loop, uv_fs_t * request, const char *path, uv_fs_cb callback),        \
		(loop, request, path, callback))
#define FS_PATH_INT(name)                                                                          \
	FS_OPERATION(name, FS, ABOUT_PATH,                                                         \
		(uv_loop_t * loop, uv_fs_t * request, const char *path, int number,                \
			uv_fs_cb callback),                                                        \
		(loop, request, path, number, callback))
#define FS_TWO_PATHS(name)                                                                         \
	FS_OPERATION(name, FS, ABOUT_PATHS(other),                                                 \
		(uv_loop_t * loop, uv_fs_t * request, const char *path, const char *other,         \
			uv_fs_cb callback),                                                        \
		(loop, request, path, other, callback))
#define FS_TWO_PATHS_INT(name)                                                                     \
	FS_OPERATION(name, FS, ABOUT_PATHS(other),                                                 \
		(uv_loop_t * loop, uv_fs_t * request, const char *path, const char *other,         \
			int flags, uv_fs_cb callback),                                             \
		(loop, request, path, other, flags, callback))
#define FS_FILE(name)                                                                              \
	FS_OPERATION(name, FS, ABOUT_FILE(file),                                                   \
		(uv_loop_t * loop, uv_fs_t * request, uv_file file, uv_fs_cb callback),            \
		(loop, request, file, callback))
#define FS_PATH_OWNER(name)                                                                        \
	FS_OPERATION(name, FS, ABOUT_PATH,                                                         \
		(uv_loop_t * loop, uv_fs_t * request, const char *path, uv_uid_t user,             \
			uv_gid_t group, uv_fs_cb callback),                                        \
		(loop, request, path, user, group, callback))
#define FS_PATH_TIMES(name)                                                                        \
	FS_OPERATION(name, FS, ABOUT_PATH,                                                         \
		(uv_loop_t * loop, uv_fs_t * request, const char *path, double accessed,           \
			double modified, uv_fs_cb callback),                                       \
		(loop, request, path, accessed, modified, callback))

FS_FILE(fstat)
FS_FILE(fsync)
FS_FILE(fdatasync)
FS_PATH(unlink)
FS_PATH(mkdtemp)
FS_PATH(mkstemp)
FS_PATH(rmdir)
FS_PATH(stat)
FS_PATH(lstat)
FS_PATH(readlink)
FS_PATH(realpath)
FS_PATH(statfs)
FS_PATH_INT(mkdir)
FS_PATH_INT(scandir)
FS_PATH_INT(access)
FS_PATH_INT(chmod)
FS_TWO_PATHS(rename)
FS_TWO_PATHS(link)
FS_TWO_PATHS_INT(copyfile)
FS_TWO_PATHS_INT(symlink)
FS_PATH_OWNER(chown)
FS_PATH_OWNER(lchown)
FS_PATH_TIMES(utime)
FS_PATH_TIMES(lutime)

FS_OPERATION(open, FS, ABOUT_PATH,
	(uv_loop_t * loop, uv_fs_t *request, const char *path, int flags, int mode,
		uv_fs_cb callback),
	(loop, request, path, flags, mode, callback))
FS_OPERATION(read, FS, ABOUT_FILE(file),
	(uv_loop_t * loop, uv_fs_t *request, uv_file file, const uv_buf_t buffers[],
		unsigned int count, int64_t offset, uv_fs_cb callback),
	(loop, request, file, buffers, count, offset, callback))
FS_OPERATION(ftruncate, FS, ABOUT_FILE(file),
	(uv_loop_t * loop, uv_fs_t *request, uv_file file, int64_t offset, uv_fs_cb callback),
	(loop, request, file, offset, callback))
FS_OPERATION(sendfile, FS, ABOUT_FILE(out),
	(uv_loop_t * loop, uv_fs_t *request, uv_file out, uv_file in, int64_t offset, size_t length,
		uv_fs_cb callback),
	(loop, request, out, in, offset, length, callback))
FS_OPERATION(futime, FS, ABOUT_FILE(file),
	(uv_loop_t * loop, uv_fs_t *request, uv_file file, double accessed, double modified,
		uv_fs_cb callback),
	(loop, request, file, accessed, modified, callback))
FS_OPERATION(fchmod, FS, ABOUT_FILE(file),
	(uv_loop_t * loop, uv_fs_t *request, uv_file file, int mode, uv_fs_cb callback),
	(loop, request, file, mode, callback))
FS_OPERATION(fchown, FS, ABOUT_FILE(file),
	(uv_loop_t * loop, uv_fs_t *request, uv_file file, uv_uid_t user, uv_gid_t group,
		uv_fs_cb callback),
	(loop, request, file, user, group, callback))
FS_OPERATION(opendir, FS_DIR, ABOUT_PATH,
	(uv_loop_t * loop, uv_fs_t *request, const char *path, uv_fs_cb callback),
	(loop, request, path, callback))
FS_OPERATION(readdir, FS_DIR, ABOUT_NOTHING,
	(uv_loop_t * loop, uv_fs_t *request, uv_dir_t *directory, uv_fs_cb callback),
	(loop, request, directory, callback))
FS_OPERATION(closedir, FS_DIR, ABOUT_NOTHING,
	(uv_loop_t * loop, uv_fs_t *request, uv_dir_t *directory, uv_fs_cb callback),
	(loop, request, directory, callback))

/* --- what concerns logs ------------------------------------------------------------------- */

/* Libuv closes by a system call of its own; in a thread of the pool, nobody knows when. */
WRAPPER int uv_fs_close(uv_loop_t *loop, uv_fs_t *request, uv_file file, uv_fs_cb callback)
{
	CALL_ON(fs_close, loop);
	uint32_t index = 0;
	int result;

	if (call.thread && callback)
		index = request_made(&call, request, ACAUSAL_TYPE_FS, loop, NULL, (void *)callback);
	if (index)
		resource_detail_file(&call, index, file);
	sink_unsettle(file);
	result = call.uv->fs_close(loop, request, file, index ? on_fs : callback);
	if (!callback || result < 0)
		sink_forget(file);
	if (index && result < 0)
		request_refused(index, request);
	return result;
}

/* One call of uv_fs_write. */
struct writing {
	struct call *call;
	uv_loop_t *loop;
	uv_fs_t *request;
	uv_file file;
	const uv_buf_t *buffers;
	unsigned int count;
	int64_t offset;
};

WRAPPED int write_real(const struct writing *writing, const uv_buf_t buffers[], unsigned int count,
	uv_fs_cb callback)
{
	return writing->call->uv->fs_write(writing->loop, writing->request, writing->file, buffers,
		count, writing->offset, callback);
}

/* With tags, and at once: as write_tagged of hooks/write.c does it. */
WRAPPED bool write_tagged(const struct writing *writing, const struct log_call *log, int *ret)
{
	size_t done = 0, untagged = 0;
	struct tagged tagged;

	if (!tag_begin(&tagged, log->thread, &log->from, &log->written,
		    (const struct iovec *)(const void *)writing->buffers, (int)writing->count))
		return false;
	do {
		const uv_buf_t buffer = {.base = tagged.bytes + done, .len = tagged.length - done};

		*ret = write_real(writing, &buffer, 1, NULL);
		if (*ret <= 0)
			break;
		done += (size_t)*ret;
		untagged = tag_untagged(&tagged, done);
	} while (untagged == 0 && done < tagged.length);
	if (untagged)
		writing->request->result = *ret = (int)untagged;
	tag_end(&tagged);
	return true;
}

/* Whether lines get tags: not in a certain place of a file, nor in a thread of the pool. */
static bool is_tagged(const struct writing *writing, const struct log_call *log, uv_fs_cb callback)
{
	return unlikely(log->thread != NULL) && tag_is_wanted(log->written.fd) && !callback &&
	       writing->offset < 0;
}

/* What is written by it is a log's, perhaps, from the moment that it has been accepted. */
WRAPPER int uv_fs_write(uv_loop_t *loop, uv_fs_t *request, uv_file file, const uv_buf_t buffers[],
	unsigned int count, int64_t offset, uv_fs_cb callback)
{
	CALL_ON(fs_write, loop);
	const struct writing writing = {&call, loop, request, file, buffers, count, offset};
	uint32_t index = 0;
	struct log_call log;
	int result;

	if (call.thread && callback)
		index = request_made(&call, request, ACAUSAL_TYPE_FS, loop, NULL, (void *)callback);
	if (index)
		resource_detail_file(&call, index, file);
	log_enter_call(&log, &call, file);
	if (log.thread && index)
		log.written.stack = live_at(index)->stack;
	if (!is_tagged(&writing, &log, callback) || !write_tagged(&writing, &log, &result))
		result = write_real(&writing, buffers, count, index ? on_fs : callback);
	if (index && result < 0)
		request_refused(index, request);
	if (unlikely(log.thread != NULL) && result >= 0)
		logged_pieces(log.thread, &log.from, &log.written,
			(const struct iovec *)(const void *)buffers, (int)count,
			callback ? SIZE_MAX : (size_t)result);
	return result;
}
