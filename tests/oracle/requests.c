/*
 * Requests: files, work for the pool, names, random bytes; resubmitted, zeroed or freed in their
 * own callbacks, cancelled, and asked for synchronously in between.
 */
#include "tests/oracle/world.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- files -------------------------------------------------------------------------------------
 */

static void file_path(struct world *world, char path[192])
{
	snprintf(path, 192, "%s/f%u", world->folder, below(world, 4));
}

/* What libuv says of it in `result`. */
static uint64_t fs_enter(struct request *request, const char *function)
{
	const uv_fs_t *req = &request->req.fs;
	const bool counts = req->fs_type == UV_FS_READ || req->fs_type == UV_FS_WRITE ||
			    req->fs_type == UV_FS_SENDFILE;

	return request_enter(request, "callback", function, req->result < 0 ? req->result : 0,
		counts && req->result >= 0 ? (int64_t)req->result : TRUTH_NONE);
}

#define ENTER_FS(request) const uint64_t outer = fs_enter((request), __func__)

/* Operations on an open descriptor. */
__attribute__((noinline)) static int submit_on_file(struct request *request, uv_fs_cb callback)
{
	struct world *world = request->world;
	uv_loop_t *loop = world->loop;
	uv_fs_t *req = &request->req.fs;
	const uv_file file = request->file;
	uv_buf_t buf = uv_buf_init(world->buffer, 100);
	int result;

#define FS(name, ...)                                                                              \
	(REQUEST_ARM(request, "uv_fs_" #name, NULL), uv_fs_##name(loop, req, __VA_ARGS__, callback))
	switch (below(world, 10)) {
	case 0:
		result = FS(read, file, &buf, 1, 0);
		break;
	case 1:
		result = FS(write, file, &buf, 1, -1);
		break;
	case 2:
		result = FS(fstat, file);
		break;
	case 3:
		result = FS(fsync, file);
		break;
	case 4:
		result = FS(fdatasync, file);
		break;
	case 5:
		result = FS(ftruncate, file, 10);
		break;
	case 6:
		result = FS(sendfile, file, file, 0, 1);
		break;
	case 7:
		result = FS(futime, file, 1.0, 2.0);
		break;
	case 8:
		result = FS(fchmod, file, 0600);
		break;
	default:
		result = FS(fchown, file, (uv_uid_t)-1, (uv_gid_t)-1);
	}
	KEEP_FRAME();
	return result;
}

/* Operations on paths. */
__attribute__((noinline)) static int submit_on_path(struct request *request, uv_fs_cb callback)
{
	struct world *world = request->world;
	uv_loop_t *loop = world->loop;
	uv_fs_t *req = &request->req.fs;
	char path[192], other[192], temporary[192];
	int result;

	file_path(world, path);
	file_path(world, other);
	snprintf(temporary, sizeof temporary, "%s/tXXXXXX", world->folder);
	switch (below(world, 21)) {
	case 0:
		result = FS(stat, path);
		break;
	case 1:
		result = FS(lstat, path);
		break;
	case 2:
		result = FS(unlink, path);
		break;
	case 3:
		result = FS(mkdir, path, 0700);
		break;
	case 4:
		result = FS(rmdir, path);
		break;
	case 5:
		result = FS(rename, path, other);
		break;
	case 6:
		result = FS(access, path, R_OK);
		break;
	case 7:
		result = FS(chmod, path, 0700);
		break;
	case 8:
		result = FS(utime, path, 1.0, 2.0);
		break;
	case 9:
		result = FS(lutime, path, 1.0, 2.0);
		break;
	case 10:
		result = FS(link, path, other);
		break;
	case 11:
		result = FS(symlink, path, other, 0);
		break;
	case 12:
		result = FS(readlink, path);
		break;
	case 13:
		result = FS(realpath, world->folder);
		break;
	case 14:
		result = FS(chown, path, (uv_uid_t)-1, (uv_gid_t)-1);
		break;
	case 15:
		result = FS(lchown, path, (uv_uid_t)-1, (uv_gid_t)-1);
		break;
	case 16:
		result = FS(statfs, world->folder);
		break;
	case 17:
		/*
		 * Of a file that nothing makes shorter meanwhile: libuv 1.44 never ends then. Flags
		 * that do not exist are refused at once.
		 */
		result = FS(copyfile, "/etc/passwd", path, one_in(world, 4) ? 0x1000 : 0);
		break;
	case 18:
		result = FS(mkdtemp, temporary);
		break;
	case 19:
		result = FS(mkstemp, temporary);
		break;
	default:
		result = FS(scandir, world->folder, 0);
	}
	KEEP_FRAME();
	return result;
}

static void on_fs(uv_fs_t *req);
static void on_fs_tail_stat(uv_fs_t *req);

static void on_fs_closed(uv_fs_t *req)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	ENTER_FS(request);
	uv_fs_req_cleanup(req);
	request_free(request);
	play(world);
	LEAVE();
}

__attribute__((noinline)) static void close_file(struct request *request)
{
	struct world *world = request->world;
	uv_file file = request->file;

	request->file = -1;
	if (file < 0) {
		request_free(request);
		return;
	}
	if (one_in(world, 2)) {
		/* Synchronously, with no loop. */
		uv_fs_close(NULL, &request->req.fs, file, NULL);
		uv_fs_req_cleanup(&request->req.fs);
		request_free(request);
		return;
	}
	REQUEST_ARM(request, "uv_fs_close", NULL);
	if (uv_fs_close(world->loop, &request->req.fs, file, on_fs_closed))
		abort();
	KEEP_FRAME();
}

/* Submits the next step, or ends the chain. */
static void fs_next(struct request *request)
{
	uv_fs_cb callback = one_in(request->world, 5) ? on_fs_tail_stat : on_fs;
	int result;

	if (--request->steps <= 0) {
		close_file(request);
		return;
	}
	if (request->file >= 0)
		result = submit_on_file(request, callback);
	else
		result = submit_on_path(request, callback);
	if (result)
		close_file(request);
	else
		request_cancelable(request);
}

static void on_fs(uv_fs_t *req)
{
	struct request *request = (struct request *)req, *next = request;
	struct world *world = request->world;
	const ssize_t result = req->result;
	uv_dirent_t entry;

	ENTER_FS(request);
	if (req->fs_type == UV_FS_SCANDIR)
		while (uv_fs_scandir_next(req, &entry) == 0)
			;
	if ((req->fs_type == UV_FS_OPEN || req->fs_type == UV_FS_MKSTEMP) && result >= 0)
		request->file = (int)result;
	uv_fs_req_cleanup(req);
	if (one_in(world, 3)) {
		next = request_new(world);
		next->steps = request->steps;
		next->file = request->file;
		request_free(request);
	}
	fs_next(next);
	play(world);
	LEAVE();
}

static void on_fs_tail_stat(uv_fs_t *req)
{
	struct request *request = (struct request *)req;
	uv_loop_t *loop = request->world->loop;

	ENTER_FS(request);
	if (req->fs_type == UV_FS_MKSTEMP && req->result >= 0)
		request->file = (int)req->result;
	uv_fs_req_cleanup(req);
	REQUEST_ARM_TAIL(request, "uv_fs_stat", NULL);
	LEAVE();
	uv_fs_stat(loop, req, "/", on_fs);
}

void act_fs_chain(struct world *world)
{
	struct request *request = request_new(world);
	char path[192];

	request->steps = 1 + (int)below(world, 8);
	if (one_in(world, 3)) {
		fs_next(request);
		KEEP_FRAME();
		return;
	}
	file_path(world, path);
	REQUEST_ARM(request, "uv_fs_open", NULL);
	if (uv_fs_open(
		    world->loop, &request->req.fs, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, on_fs))
		abort();
	request_cancelable(request);
	KEEP_FRAME();
}

/* What has no callback is no asynchronous thing at all. */
void act_fs_sync(struct world *world)
{
	char path[192];
	uv_fs_t req;
	int file;

	file_path(world, path);
	file = uv_fs_open(NULL, &req, path, O_RDWR | O_CREAT | O_CLOEXEC, 0600, NULL);
	uv_fs_req_cleanup(&req);
	if (file >= 0) {
		uv_buf_t buf = uv_buf_init(world->buffer, 1 + below(world, 50));

		uv_fs_write(world->loop, &req, file, &buf, 1, -1, NULL);
		uv_fs_req_cleanup(&req);
		uv_fs_close(world->loop, &req, file, NULL);
		uv_fs_req_cleanup(&req);
	}
	uv_fs_stat(NULL, &req, path, NULL);
	uv_fs_req_cleanup(&req);
	KEEP_FRAME();
}

/* --- a folder opened, read, closed -------------------------------------------------------------
 */

static void on_closedir(uv_fs_t *req)
{
	struct request *request = (struct request *)req;

	ENTER_FS(request);
	uv_fs_req_cleanup(req);
	request_free(request);
	LEAVE();
}

static void on_readdir(uv_fs_t *req)
{
	struct request *request = (struct request *)req;
	uv_dir_t *dir = req->ptr;

	ENTER_FS(request);
	uv_fs_req_cleanup(req);
	REQUEST_ARM(request, "uv_fs_closedir", NULL);
	if (uv_fs_closedir(request->world->loop, req, dir, on_closedir))
		abort();
	LEAVE();
}

static void on_opendir(uv_fs_t *req)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;
	uv_dir_t *dir = req->ptr;

	ENTER_FS(request);
	if (req->result != 0) {
		uv_fs_req_cleanup(req);
		request_free(request);
	} else {
		uv_fs_req_cleanup(req);
		dir->dirents = request->entries;
		dir->nentries = sizeof request->entries / sizeof *request->entries;
		REQUEST_ARM(request, "uv_fs_readdir", NULL);
		if (uv_fs_readdir(world->loop, req, dir, on_readdir))
			abort();
	}
	play(world);
	LEAVE();
}

void act_directory(struct world *world)
{
	struct request *request = request_new(world);

	REQUEST_ARM(request, "uv_fs_opendir", NULL);
	if (uv_fs_opendir(world->loop, &request->req.fs, world->folder, on_opendir))
		abort();
	KEEP_FRAME();
}

/* --- work --------------------------------------------------------------------------------------
 */

static atomic_int works_pending;

void works_forget(void)
{
	works_pending = 0;
}

void works_wait(void)
{
	for (int i = 0; i < 1000 && works_pending > 0; i++)
		usleep(1000);
}

static void on_work(uv_work_t *req)
{
	struct request *request = (struct request *)req;

	ENTER_REQUEST_WITH(request, "work", TRUTH_NONE, TRUTH_NONE);
	request->worked = truth_now();
	if (request->pause_us)
		usleep(request->pause_us);
	if (request->pause_us % 2)
		send_to_world(request->pause_us % MAX_WORLDS);
	else if (request->pause_us % 8 == 4)
		signals_raise(request->pause_us);
	LEAVE();
	works_pending--;
}

static void on_after(uv_work_t *req, int status);
static void on_after_tail_work(uv_work_t *req, int status);

__attribute__((noinline)) static void queue_work(struct request *request)
{
	static const uv_after_work_cb callbacks[] = {on_after, on_after, on_after_tail_work, NULL};
	struct world *world = request->world;
	uv_after_work_cb callback = callbacks[below(world, 4)];

	REQUEST_ARM(request, "uv_queue_work", NULL);
	request->steps--;
	works_pending++;
	if (uv_queue_work(world->loop, &request->req.work, on_work, callback))
		abort();
	if (callback)
		request_cancelable(request);
	else
		request_bury(request);
	KEEP_FRAME();
}

static void on_after(uv_work_t *req, int status)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	ENTER_REQUEST_WITH(request, "after", status, TRUTH_NONE);
	if (request->steps > 0)
		queue_work(request);
	else
		request_free(request);
	play(world);
	LEAVE();
}

static void on_after_tail_work(uv_work_t *req, int status)
{
	struct request *request = (struct request *)req;
	uv_loop_t *loop = request->world->loop;

	ENTER_REQUEST_WITH(request, "after", status, TRUTH_NONE);
	REQUEST_ARM_TAIL(request, "uv_queue_work", NULL);
	works_pending++;
	LEAVE();
	uv_queue_work(loop, req, on_work, on_after);
}

void act_work(struct world *world)
{
	struct request *request = request_new(world);

	request->steps = 1 + (int)below(world, 3);
	request->pause_us = below(world, 60);
	queue_work(request);
	KEEP_FRAME();
}

/* A timer's place taken by work that is queued by a tail call: see on_after_tail_work. */
void act_work_tail(struct world *world)
{
	struct request *request = request_new(world);

	request->pause_us = below(world, 20);
	REQUEST_ARM(request, "uv_queue_work", NULL);
	works_pending++;
	if (uv_queue_work(world->loop, &request->req.work, on_work, on_after_tail_work))
		abort();
	KEEP_FRAME();
}

__attribute__((noinline)) static void cancel(struct request *request)
{
	if (uv_cancel(&request->req.req) == 0) {
		request->canceled = ARM("uv_cancel");
		works_pending -= request->req.req.type == UV_WORK;
	}
	KEEP_FRAME();
}

/* More work than the pool has threads, so that some can be cancelled. */
void act_burst(struct world *world)
{
	struct request *last = NULL;

	for (int i = 0; i < 7; i++) {
		struct request *request = request_new(world);

		request->pause_us = 300;
		REQUEST_ARM(request, "uv_queue_work", NULL);
		works_pending++;
		if (uv_queue_work(world->loop, &request->req.work, on_work, on_after))
			abort();
		last = request;
	}
	cancel(last);
	KEEP_FRAME();
}

void act_cancel(struct world *world)
{
	struct request *request;

	if (!world->cancelable_count)
		return;
	request = world->cancelable[below(world, (unsigned)world->cancelable_count)];
	/*
	 * In the child of a fork libuv 1.44 waits for the lock of a pool that it has not made anew:
	 * for ever, when a thread of the parent's held it.
	 */
	if (process_identity.is_fork && !truth_is_mine(request->thing))
		return;
	if (!request->canceled.token)
		cancel(request);
	KEEP_FRAME();
}

/* --- names and random bytes --------------------------------------------------------------------
 */

static void on_getaddrinfo(uv_getaddrinfo_t *req, int status, struct addrinfo *found)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	ENTER_REQUEST_WITH(request, "callback", status, TRUTH_NONE);
	uv_freeaddrinfo(found);
	request_free(request);
	play(world);
	LEAVE();
}

static void on_getnameinfo(
	uv_getnameinfo_t *req, int status, const char *hostname, const char *service)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	(void)hostname;
	(void)service;
	ENTER_REQUEST_WITH(request, "callback", status, TRUTH_NONE);
	request_free(request);
	play(world);
	LEAVE();
}

void act_dns(struct world *world)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct request *request = request_new(world);
	struct sockaddr_in address;
	int result;

	uv_ip4_addr("127.0.0.1", 80, &address);
	switch (below(world, 3)) {
	case 0:
		REQUEST_ARM(request, "uv_getaddrinfo", NULL);
		result = uv_getaddrinfo(world->loop, &request->req.getaddrinfo, on_getaddrinfo,
			"127.0.0.1", "80", &hints);
		break;
	case 1:
		REQUEST_ARM(request, "uv_getnameinfo", NULL);
		result = uv_getnameinfo(world->loop, &request->req.getnameinfo, on_getnameinfo,
			(struct sockaddr *)&address, NI_NUMERICHOST | NI_NUMERICSERV);
		break;
	default:
		/* Synchronously. */
		uv_getaddrinfo(
			world->loop, &request->req.getaddrinfo, NULL, "127.0.0.1", "80", &hints);
		uv_freeaddrinfo(request->req.getaddrinfo.addrinfo);
		uv_getnameinfo(world->loop, &request->req.getnameinfo, NULL,
			(struct sockaddr *)&address, NI_NUMERICHOST | NI_NUMERICSERV);
		result = -1;
	}
	if (result)
		request_free(request);
	else
		request_cancelable(request);
	KEEP_FRAME();
}

static void on_random(uv_random_t *req, int status, void *bytes, size_t size)
{
	struct request *request = (struct request *)req;
	struct world *world = request->world;

	(void)bytes;
	(void)size;
	ENTER_REQUEST_WITH(request, "callback", status, TRUTH_NONE);
	request_free(request);
	play(world);
	LEAVE();
}

void act_random(struct world *world)
{
	struct request *request;
	char bytes[8];

	uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL);
	request = request_new(world);
	REQUEST_ARM(request, "uv_random", NULL);
	if (uv_random(world->loop, &request->req.random, world->buffer, 16, 0, on_random))
		abort();
	request_cancelable(request);
	KEEP_FRAME();
}
