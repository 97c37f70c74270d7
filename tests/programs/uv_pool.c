/*
 * What libuv answers to what is asked of its thread pool, with and without callbacks, in time and
 * cancelled: a transparency program, see say.h.
 */
#include "tests/programs/say.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>

static uv_loop_t *loop;
static char storage[65536];

static void run(void)
{
	RUN(loop);
}

/* --- files, work, names ------------------------------------------------------------------- */

static void on_fs(uv_fs_t *request)
{
	SAY("on_fs type %d %s path %s", request->fs_type, result_name(request->result),
		!request->path			    ? "none"
		: request->fs_type == UV_FS_MKDTEMP ? "made up"
						    : request->path);
	uv_fs_req_cleanup(request);
}

static void *synchronous(void *argument)
{
	uv_fs_t request;

	(void)argument;
	TRY(uv_fs_stat(NULL, &request, "/", NULL));
	uv_fs_req_cleanup(&request);
	TRY(uv_fs_open(NULL, &request, "/nowhere/at/all", O_RDONLY, 0, NULL));
	uv_fs_req_cleanup(&request);
	return NULL;
}

static void on_random(uv_random_t *request, int status, void *bytes, size_t length)
{
	(void)request, (void)bytes;
	SAY("on_random %s %d", result_name(status), (int)length);
}

static void on_getaddrinfo(uv_getaddrinfo_t *request, int status, struct addrinfo *result)
{
	(void)request;
	SAY("on_getaddrinfo %s %s", result_name(status), result ? "found" : "none");
	uv_freeaddrinfo(result);
}

static void on_getnameinfo(
	uv_getnameinfo_t *request, int status, const char *host, const char *service)
{
	(void)request;
	SAY("on_getnameinfo %s %s %s", result_name(status), host ? host : "none",
		service ? service : "none");
}

/* In a thread of the pool: what it printed would come at any moment. */
static _Atomic int worked;

static void on_work(uv_work_t *request)
{
	(void)request;
	worked++;
}

static void on_after(uv_work_t *request, int status)
{
	SAY("on_after %s %s worked %d", request->data ? (char *)request->data : "",
		result_name(status), worked);
}

static uv_sem_t gate;

static void on_work_waits(uv_work_t *request)
{
	(void)request;
	uv_sem_wait(&gate);
}

static void pool(void)
{
	struct sockaddr_in address;
	uv_getaddrinfo_t getaddrinfo;
	uv_getnameinfo_t getnameinfo;
	uv_random_t random;
	uv_work_t works[6] = {0};
	uv_fs_t request, others[3];
	uv_buf_t buffer = uv_buf_init(storage, 16);
	pthread_t thread;
	char bytes[16];
	int i;

	SECTION("files");
	pthread_create(&thread, NULL, synchronous, NULL);
	pthread_join(thread, NULL);
	TRY(uv_fs_open(loop, &request, "/dev/zero", O_RDONLY | O_CLOEXEC, 0, NULL));
	i = (int)request.result;
	TRY(uv_fs_read(loop, &request, i, &buffer, 1, 0, on_fs));
	run();
	TRY(uv_fs_read(loop, &request, i, NULL, 0, 0, on_fs)); /* EINVAL */
	TRY(uv_fs_close(loop, &request, i, on_fs));
	run();
	TRY(uv_fs_stat(loop, NULL, "/", on_fs)); /* EINVAL */
	TRY(uv_fs_open(loop, &request, "/nowhere/at/all", O_RDONLY, 0, on_fs));
	run();
	TRY(uv_fs_mkdtemp(loop, &others[0], "/nowhere/XXXXXX", on_fs));
	run(); /* several at once would end in any order */
	TRY(uv_fs_access(loop, &others[1], "/", F_OK, on_fs));
	run();
	TRY(uv_fs_scandir(loop, &others[2], "/proc/self/fdinfo/nothing", 0, on_fs));
	run();

	SECTION("work");
	TRY(uv_queue_work(loop, &works[0], NULL, on_after)); /* EINVAL */
	works[0].data = "unheard";
	TRY(uv_queue_work(loop, &works[0], on_work, NULL));
	run();
	works[0].data = "heard";
	TRY(uv_queue_work(loop, &works[0], on_work, on_after));
	run();
	TRY(uv_cancel((uv_req_t *)&works[0])); /* over: EBUSY */
	MUST(uv_sem_init(&gate, 0));
	for (i = 0; i < 4; i++)
		uv_queue_work(loop, &works[i], on_work_waits, NULL);
	works[4].data = "cancelled";
	TRY(uv_queue_work(loop, &works[4], on_work, on_after));
	TRY(uv_queue_work(loop, &works[5], on_work, NULL));
	TRY(uv_fs_stat(loop, &request, "/", on_fs));
	TRY(uv_random(loop, &random, bytes, sizeof bytes, 0, on_random));
	TRY(uv_getaddrinfo(loop, &getaddrinfo, on_getaddrinfo, "127.0.0.1", NULL, NULL));
	TRY(uv_cancel((uv_req_t *)&works[4]));
	TRY(uv_cancel((uv_req_t *)&works[4])); /* twice */
	TRY(uv_cancel((uv_req_t *)&works[5]));
	TRY(uv_cancel((uv_req_t *)&request));
	TRY(uv_cancel((uv_req_t *)&random));
	TRY(uv_cancel((uv_req_t *)&getaddrinfo));
	usleep(50000);
	TRY(uv_cancel((uv_req_t *)&works[0])); /* runs: EBUSY */
	for (i = 0; i < 4; i++)
		uv_sem_post(&gate);
	run();
	uv_sem_destroy(&gate);

	SECTION("names and random bytes");
	TRY(uv_random(loop, &random, bytes, sizeof bytes, 1, on_random)); /* EINVAL: flags */
	TRY(uv_random(loop, &random, bytes, sizeof bytes, 0, on_random));
	run();
	TRY(uv_random(NULL, NULL, bytes, sizeof bytes, 0, NULL));
	TRY(uv_getaddrinfo(loop, NULL, on_getaddrinfo, "127.0.0.1", NULL, NULL));
	TRY(uv_getaddrinfo(loop, &getaddrinfo, on_getaddrinfo, NULL, NULL, NULL));
	TRY(uv_getaddrinfo(loop, &getaddrinfo, on_getaddrinfo, "127.0.0.1", NULL, NULL));
	run();
	TRY(uv_getaddrinfo(loop, &getaddrinfo, NULL, "127.0.0.1", NULL, NULL));
	uv_freeaddrinfo(getaddrinfo.addrinfo);
	MUST(uv_ip4_addr("127.0.0.1", 9, &address));
	TRY(uv_getnameinfo(loop, &getnameinfo, on_getnameinfo, (struct sockaddr *)&address,
		NI_NUMERICHOST | NI_NUMERICSERV));
	run();
	address.sin_family = 77;
	TRY(uv_getnameinfo(loop, &getnameinfo, on_getnameinfo, (struct sockaddr *)&address, 0));
}

int main(void)
{
	say_begin();
	loop = uv_default_loop();
	pool();
	say_loop(loop);
	TRY(uv_loop_close(loop));
	say_descriptors("at the end");
	return 3;
}
