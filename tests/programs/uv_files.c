/*
 * What libuv's 36 file system operations answer, each with and without a callback, where they work
 * and where they are refused: a transparency program, see say.h. It works in the folder it stands
 * in, which has to be empty.
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static uv_loop_t *loop;

/* --- what a request brought --------------------------------------------------------------- */

static void say_stat(const uv_stat_t *found)
{
	SAY("  mode %o links %d size %d modified %ld", (int)found->st_mode, (int)found->st_nlink,
		S_ISREG(found->st_mode) ? (int)found->st_size : 0,
		found->st_mtim.tv_sec < 10000 ? found->st_mtim.tv_sec : -1L);
}

static void say_entries(uv_fs_t *request)
{
	const char *names[16];
	uv_dirent_t entry;
	int count = 0, i, result;

	while (count < 16 && (result = uv_fs_scandir_next(request, &entry)) == 0)
		names[count++] = entry.name;
	SAY("  scandir_next %s", result_name(result));
	for (i = 0; i < count; i++)
		SAY("  entry %s", names[i]);
}

/* A name that libuv made up, or one that leads to this folder, is not to be printed. */
static bool is_made_up(const uv_fs_t *request)
{
	return request->fs_type == UV_FS_MKDTEMP || request->fs_type == UV_FS_MKSTEMP ||
	       request->fs_type == UV_FS_REALPATH;
}

static void say_request(uv_fs_t *request)
{
	long result = (long)uv_fs_get_result(request);
	/* A descriptor is named by its number, since which one is free must not change. */
	const char *path = uv_fs_get_path(request);

	SAY("  type %d result %s system error %d path %s", (int)uv_fs_get_type(request),
		result_name(result), uv_fs_get_system_error(request),
		!path		      ? "none"
		: is_made_up(request) ? "made up"
				      : path);
	if (result < 0)
		return;
	switch (uv_fs_get_type(request)) {
	case UV_FS_STAT:
	case UV_FS_LSTAT:
	case UV_FS_FSTAT:
		say_stat(uv_fs_get_statbuf(request));
		break;
	case UV_FS_SCANDIR:
		say_entries(request);
		break;
	case UV_FS_READLINK:
		SAY("  link to %s", (char *)uv_fs_get_ptr(request));
		break;
	case UV_FS_REALPATH:
		SAY("  ends in %s", strrchr(uv_fs_get_ptr(request), '/'));
		break;
	case UV_FS_STATFS:
		SAY("  block size %d", (int)((uv_statfs_t *)uv_fs_get_ptr(request))->f_bsize);
		break;
	default:
		break;
	}
}

/* --- the forms of a call ------------------------------------------------------------------ */

static uv_fs_t request;
static long last; /* result of the last request that was carried out */
static void *last_pointer;

static void finish(void)
{
	last = (long)request.result;
	last_pointer = request.ptr;
	say_request(&request);
	uv_fs_req_cleanup(&request);
	uv_fs_req_cleanup(&request); /* once more does nothing */
	SAY("  cleaned: ptr %s path %s", request.ptr ? "left" : "none",
		request.path ? "left" : "none");
}

static void on_fs(uv_fs_t *ended)
{
	SAY("on_fs errno %d, %s, loop %s, data %s", errno, ended == &request ? "same" : "other",
		ended->loop == loop ? "same" : "other", (char *)ended->data);
	finish();
}

static void on_fs_kept(uv_fs_t *ended)
{
	SAY("on_fs_kept");
	last = (long)ended->result;
	say_request(ended);
}

/* Some leave it to this that a request is nothing before it is made. */
static void spoil(void)
{
	memset(&request, 0x5a, sizeof request);
	request.data = "spoiled";
}

#define NOW(name, ...)                                                                             \
	do {                                                                                       \
		spoil();                                                                           \
		TRY(uv_fs_##name(NULL, &request, __VA_ARGS__, NULL));                              \
		finish();                                                                          \
	} while (0)

#define LATER(name, ...)                                                                           \
	do {                                                                                       \
		spoil();                                                                           \
		TRY(uv_fs_##name(loop, &request, __VA_ARGS__, on_fs));                             \
		RUN(loop);                                                                         \
	} while (0)

/* Without a request it is refused, and the one that is under way is not disturbed by it. */
#define REFUSED(name, ...)                                                                         \
	do {                                                                                       \
		TRY(uv_fs_##name(loop, NULL, __VA_ARGS__, on_fs));                                 \
		TRY(uv_fs_##name(NULL, NULL, __VA_ARGS__, NULL));                                  \
	} while (0)

#define EACH(name, ...)                                                                            \
	do {                                                                                       \
		SECTION(#name);                                                                    \
		NOW(name, __VA_ARGS__);                                                            \
		LATER(name, __VA_ARGS__);                                                          \
		REFUSED(name, __VA_ARGS__);                                                        \
	} while (0)

static const char nowhere[] = "nowhere/at/all";

/* Two descriptors that no other test has: what is opened and closed shows whether one leaks. */
static void files(void)
{
	char text[] = "some text in a file", room[64] = "";
	uv_buf_t out[2] = {uv_buf_init(text, 5), uv_buf_init(text + 5, 14)};
	uv_buf_t in = uv_buf_init(room, sizeof room - 1);
	int file, other;

	EACH(open, nowhere, O_RDWR, 0600);
	NOW(open, "file", O_RDWR | O_CREAT | O_EXCL, 0640);
	file = (int)last;
	LATER(open, "file", O_RDWR | O_CREAT | O_EXCL, 0640);
	LATER(open, "other", O_RDWR | O_CREAT, 0600);
	other = (int)last;
	EACH(write, file, out, 2, 0);
	EACH(write, 999, out, 2, 0);
	EACH(write, file, NULL, 0, 0);
	LATER(write, file, out, 1, -1);
	EACH(read, file, &in, 1, 0);
	SAY("read '%s'", room);
	EACH(read, 999, &in, 1, 0);
	EACH(read, file, NULL, 0, 0);
	EACH(fstat, file);
	EACH(fstat, 999);
	EACH(fsync, file);
	EACH(fsync, 999);
	EACH(fdatasync, file);
	EACH(fdatasync, 999);
	EACH(sendfile, other, file, 0, 10);
	EACH(sendfile, 999, file, 0, 10);
	EACH(ftruncate, file, 7);
	EACH(ftruncate, 999, 7);
	EACH(futime, file, 1000.5, 2000.25);
	EACH(futime, 999, 1000.5, 2000.25);
	EACH(fchmod, file, 0604);
	EACH(fchmod, 999, 0604);
	EACH(fchown, file, getuid(), getgid());
	EACH(fchown, 999, getuid(), getgid());
	say_descriptors("of files");
	NOW(close, file);
	LATER(close, other);
	EACH(close, 999);
	say_descriptors("after closing");
}

static void paths(void)
{
	EACH(stat, "file");
	EACH(stat, nowhere);
	EACH(lstat, "file");
	EACH(lstat, nowhere);
	EACH(access, "file", R_OK);
	EACH(access, nowhere, R_OK);
	EACH(chmod, "file", 0600);
	EACH(chmod, nowhere, 0600);
	EACH(chown, "file", getuid(), getgid());
	EACH(chown, nowhere, getuid(), getgid());
	EACH(lchown, "file", getuid(), getgid());
	EACH(lchown, nowhere, getuid(), getgid());
	EACH(utime, "file", 3000.5, 4000.25);
	EACH(utime, nowhere, 3000.5, 4000.25);
	EACH(lutime, "file", 5000.5, 6000.25);
	EACH(lutime, nowhere, 5000.5, 6000.25);
	EACH(link, "file", "linked");
	EACH(link, nowhere, "linked");
	EACH(symlink, "file", "symbolic", 0);
	EACH(readlink, "symbolic");
	EACH(readlink, "file");
	EACH(realpath, "symbolic");
	EACH(realpath, nowhere);
	EACH(statfs, ".");
	EACH(statfs, nowhere);
	EACH(rename, "linked", "renamed");
	EACH(rename, nowhere, "renamed");
	EACH(copyfile, "file", "copied", 0);
	EACH(copyfile, "file", "copied", UV_FS_COPYFILE_EXCL);
	EACH(copyfile, nowhere, "copied", 0);
	EACH(copyfile, "file", "copied", 1 << 20);
	EACH(unlink, "copied");
	EACH(unlink, nowhere);
}

static void folders(void)
{
	uv_dirent_t entries[16];
	uv_dir_t *folder;
	int turn;

	EACH(mkdir, "folder", 0750);
	EACH(mkdir, nowhere, 0750);
	NOW(mkdtemp, "made-XXXXXX");
	LATER(mkdtemp, "made-XXXXXX");
	EACH(mkdtemp, "nowhere/XXXXXX");
	EACH(mkdtemp, "no-pattern");
	NOW(mkstemp, "file-XXXXXX");
	close((int)last);
	LATER(mkstemp, "file-XXXXXX");
	close((int)last);
	EACH(mkstemp, "nowhere/XXXXXX");
	EACH(scandir, "folder", 0);
	EACH(scandir, nowhere, 0);
	EACH(opendir, nowhere);
	for (turn = 0; turn < 2; turn++) {
		SECTION("reading a folder");
		spoil();
		TRY(uv_fs_opendir(loop, &request, ".", turn ? on_fs_kept : NULL));
		RUN(loop);
		folder = request.ptr;
		uv_fs_req_cleanup(&request);
		folder->dirents = entries;
		folder->nentries = 2;
		spoil();
		TRY(uv_fs_readdir(loop, &request, folder, turn ? on_fs_kept : NULL));
		RUN(loop);
		SAY("%d entries", (int)request.result);
		uv_fs_req_cleanup(&request);
		folder->dirents = NULL;
		TRY(uv_fs_readdir(loop, &request, folder, turn ? on_fs_kept : NULL));
		spoil();
		TRY(uv_fs_closedir(loop, &request, folder, turn ? on_fs_kept : NULL));
		RUN(loop);
		uv_fs_req_cleanup(&request);
	}
	REFUSED(closedir, NULL);
	TRY(uv_fs_closedir(loop, &request, NULL, on_fs));
	TRY(uv_fs_readdir(loop, &request, NULL, on_fs));
	EACH(rmdir, "folder");
	EACH(rmdir, nowhere);
}

/* --- requests that are over, or made in another's callback -------------------------------- */

static int rounds;

static void on_fs_next(uv_fs_t *ended)
{
	SAY("on_fs_next %d %s", rounds, result_name(ended->result));
	uv_fs_req_cleanup(ended);
	memset(ended, 0xa5, sizeof *ended);
	switch (--rounds) {
	case 3:
		uv_fs_lstat(loop, ended, "/", on_fs_next); /* a jump at -O2 */
		break;
	case 2:
		TRY(uv_fs_stat(NULL, &request, "/", NULL)); /* nested, without a callback */
		uv_fs_req_cleanup(&request);
		TRY(uv_fs_access(loop, ended, nowhere, F_OK, on_fs_next));
		break;
	case 1:
		TRY(uv_fs_access(loop, NULL, nowhere, F_OK, on_fs_next));
		TRY(uv_fs_scandir(loop, ended, "/", 0, on_fs_next));
		break;
	}
}

static void on_fs_freed(uv_fs_t *ended)
{
	SAY("on_fs_freed %s", result_name(ended->result));
	uv_fs_req_cleanup(ended);
	memset(ended, 0, sizeof *ended);
	free(ended);
}

static void requests(void)
{
	uv_fs_t *freed = malloc(sizeof *freed), chained;
	char text[] = "x";
	uv_buf_t none = uv_buf_init(text, 1);

	SECTION("requests made again, zeroed and freed in their callback");
	rounds = 4;
	TRY(uv_fs_stat(loop, &chained, "/", on_fs_next));
	RUN(loop);
	TRY(uv_fs_stat(loop, freed, "/", on_fs_freed));
	RUN(loop);
	SECTION("cleaned up before it was ever made");
	memset(&request, 0, sizeof request);
	DO(uv_fs_req_cleanup(&request));
	SECTION("refused after it was filled in");
	TRY(uv_fs_write(loop, &request, 1, NULL, 1, 0, on_fs));
	TRY(uv_fs_copyfile(loop, &request, "file", "copied", -1, on_fs));
	SECTION("synchronous ones keep no callback");
	TRY(uv_fs_write(NULL, &request, 999, &none, 1, 0, NULL));
	SAY("cb %s", request.cb ? "set" : "none");
	uv_fs_req_cleanup(&request);
}

int main(void)
{
	say_begin();
	umask(022);
	loop = uv_default_loop();
	files();
	paths();
	folders();
	requests();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	say_descriptors("at the end");
	(void)last_pointer;
	return 8;
}
