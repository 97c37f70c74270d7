/*
 * A program that works before and after it has done something to its own process that a guest in
 * it might not survive: tests/e2e/traps_process.sh runs it recorded and not, and compares.
 *
 *     trap_limits TRAP
 *
 * prints what the work came to. Prints nothing that hangs on addresses, numbers or times.
 */
#include "tests/programs/say.h"

#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static uv_loop_t *loop;
static uv_async_t async;
static int fired, sent, stats, works;

/* --- the work ------------------------------------------------------------------------------ */

static void on_timer(uv_timer_t *timer)
{
	fired++;
	MUST(uv_async_send(&async));
	uv_close((uv_handle_t *)timer, NULL);
}

static void on_async(uv_async_t *handle)
{
	(void)handle;
	sent++;
	uv_unref((uv_handle_t *)&async);
}

static void on_stat(uv_fs_t *request)
{
	stats += request->result == 0;
	uv_fs_req_cleanup(request);
}

static void on_work(uv_work_t *request)
{
	(void)request;
	__atomic_fetch_add(&works, 1, __ATOMIC_RELAXED);
}

static void on_after(uv_work_t *request, int status)
{
	(void)request;
	works += status == 0;
}

static void work(const char *when)
{
	static uv_timer_t timers[20];
	static uv_fs_t stat_request;
	static uv_work_t work_request;
	int i;

	fired = sent = stats = works = 0;
	uv_ref((uv_handle_t *)&async);
	for (i = 0; i < 20; i++) {
		MUST(uv_timer_init(loop, &timers[i]));
		MUST(uv_timer_start(&timers[i], on_timer, 0, 0));
	}
	MUST(uv_fs_stat(loop, &stat_request, "/", on_stat));
	MUST(uv_queue_work(loop, &work_request, on_work, on_after));
	MUST(uv_run(loop, UV_RUN_DEFAULT));
	SAY("%s: %d timers, sent %d, %d stat, %d work", when, fired, sent > 0, stats, works);
}

/* --- traps --------------------------------------------------------------------------------- */

static void trap_none(void)
{
}

/* All that are not known to be somebody's: those of libuv are kept by making them known. */
static void trap_closefrom(void)
{
	MUST(uv_loop_close(uv_default_loop()) == UV_EBUSY ? 0 : -1);
	closefrom(500);
	MUST(close_range(600, ~0u, 0));
	MUST(close_range(700, ~0u, CLOSE_RANGE_CLOEXEC));
	say_descriptors("after closefrom");
}

static void trap_standard(void)
{
	int kept = fcntl(STDOUT_FILENO, F_DUPFD, 100);

	close(0);
	close(1);
	close(2);
	work("without descriptors 0 to 2");
	MUST(dup2(kept, 1));
	close(kept);
	errno = 0;
	SAY("writing to 2: %zd %s", write(2, "x", 1), strerrorname_np(errno));
}

static void trap_mlockall(void)
{
	SAY("mlockall %d", mlockall(MCL_CURRENT | MCL_FUTURE));
}

static void limit_to(int what, rlim_t value)
{
	struct rlimit limit;

	MUST(getrlimit(what, &limit));
	limit.rlim_cur = value;
	MUST(setrlimit(what, &limit));
}

static void trap_memory(void)
{
	/* No more than there is. */
	limit_to(RLIMIT_AS, 1 << 20);
	SAY("mmap %s",
		mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
			? "failed"
			: "did not fail");
}

static void trap_files(void)
{
	limit_to(RLIMIT_FSIZE, 1 << 20);
	limit_to(RLIMIT_NOFILE, 3);
	SAY("open %d", open("/", O_RDONLY));
}

/* Kills at any system call that this program's work does not make itself. */
static void trap_seccomp(void)
{
	static const int forbidden[] = {SYS_madvise, SYS_memfd_create, SYS_sigaltstack, SYS_prctl,
		SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_mmap, SYS_munmap, SYS_mprotect,
		SYS_mremap, SYS_gettid, SYS_socket, SYS_connect, SYS_sendmsg, SYS_openat,
		SYS_prlimit64, SYS_tgkill, SYS_rt_tgsigqueueinfo, SYS_clock_gettime,
		SYS_sched_yield, SYS_nanosleep, SYS_clock_nanosleep};
	enum { COUNT = sizeof forbidden / sizeof *forbidden };
	struct sock_filter filter[COUNT + 3] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
	struct sock_fprog program = {.len = COUNT + 3, .filter = filter};
	int i;

	for (i = 0; i < COUNT; i++)
		filter[i + 1] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
			(uint32_t)forbidden[i], (unsigned char)(COUNT - i), 0);
	filter[COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	filter[COUNT + 2] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	MUST(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	/* All threads: those of the pool too. */
	MUST(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program));
	work("under a filter that kills");
	SAY("and out");
	_exit(7);
}

/* Each mapping of the process, as /proc/self/maps has it. */
static void each_mapping(void (*visit)(char *start, size_t size, const char *rights))
{
	static char text[1 << 20];
	size_t used = 0;
	ssize_t got;
	char *line;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	while ((got = read(fd, text + used, sizeof text - 1 - used)) > 0)
		used += (size_t)got;
	text[used] = 0;
	close(fd);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char rights[8];
		unsigned long start, end;

		if (sscanf(line, "%lx-%lx %7s", &start, &end, rights) == 3 && !strstr(line, "[v"))
			visit((char *)start, end - start, rights);
	}
}

static sigjmp_buf skip;

static void on_fault(int signal)
{
	siglongjmp(skip, signal);
}

/* Reads all that can be read, as collectors of garbage and finders of leaks do. */
static void scan(char *start, size_t size, const char *rights)
{
	volatile char sum = 0;
	size_t at;

	if (rights[0] != 'r')
		return;
	if (sigsetjmp(skip, 1) == 0)
		for (at = 0; at < size; at += 4096)
			sum = (char)(sum + start[at]);
}

static void trap_scan(void)
{
	struct sigaction mine = {.sa_handler = on_fault}, segv, bus;

	sigaction(SIGSEGV, &mine, &segv);
	sigaction(SIGBUS, &mine, &bus);
	each_mapping(scan);
	sigaction(SIGSEGV, &segv, NULL);
	sigaction(SIGBUS, &bus, NULL);
}

static void treat(char *start, size_t size, const char *rights)
{
	int protection = (rights[0] == 'r' ? PROT_READ : 0) | (rights[1] == 'w' ? PROT_WRITE : 0) |
			 (rights[2] == 'x' ? PROT_EXEC : 0);

	/* What is done to all of it that leaves the program as it is; some of it fails, somewhere.
	 */
	mprotect(start, size, protection);
	madvise(start, size, MADV_COLD);
	madvise(start, size, MADV_DONTDUMP);
	madvise(start, size, MADV_HUGEPAGE);
	madvise(start, size, MADV_MERGEABLE);
	madvise(start, size, MADV_WILLNEED);
	msync(start, size, MS_SYNC);
}

static void trap_treat(void)
{
	each_mapping(treat);
}

/* --- a hook in the table that calls of libraries go through ---------------------------------- */

static int (*hooked)(uv_timer_t *, uv_timer_cb, uint64_t, uint64_t);
static int hook_calls;

static __attribute__((noinline)) int hook(
	uv_timer_t *timer, uv_timer_cb callback, uint64_t timeout, uint64_t repeat)
{
	int result = hooked(timer, callback, timeout, repeat);

	hook_calls++;
	return result;
}

static int hook_executable(struct dl_phdr_info *info, size_t size, void *name)
{
	const ElfW(Dyn) *dynamic = NULL;
	const ElfW(Rela) * rela[2] = {NULL, NULL};
	size_t bytes[2] = {0, 0}, i;
	const ElfW(Sym) *symbols = NULL;
	const char *strings = NULL;
	int which;

	(void)size;
	for (i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			dynamic = (void *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	for (; dynamic && dynamic->d_tag != DT_NULL; dynamic++) {
		switch (dynamic->d_tag) {
		case DT_SYMTAB:
			symbols = (void *)dynamic->d_un.d_ptr;
			break;
		case DT_STRTAB:
			strings = (void *)dynamic->d_un.d_ptr;
			break;
		case DT_JMPREL:
			rela[0] = (void *)dynamic->d_un.d_ptr;
			break;
		case DT_PLTRELSZ:
			bytes[0] = dynamic->d_un.d_val;
			break;
		case DT_RELA:
			rela[1] = (void *)dynamic->d_un.d_ptr;
			break;
		case DT_RELASZ:
			bytes[1] = dynamic->d_un.d_val;
			break;
		default:
			break;
		}
	}
	for (which = 0; which < 2; which++)
		for (i = 0; rela[which] && i < bytes[which] / sizeof **rela; i++) {
			const ElfW(Rela) *entry = &rela[which][i];
			void **slot = (void *)(info->dlpi_addr + entry->r_offset);
			uintptr_t page = (uintptr_t)slot & ~4095ul;

			if (strcmp(strings + symbols[ELF64_R_SYM(entry->r_info)].st_name, name) !=
				0)
				continue;
			MUST(mprotect((void *)page, 8192, PROT_READ | PROT_WRITE));
			memcpy(&hooked, slot, sizeof hooked);
			*slot = (void *)hook;
		}
	return 1; /* the executable comes first, and is enough */
}

static void trap_hook(void)
{
	/* Once by the program itself, so that it is bound. */
	work("unhooked");
	dl_iterate_phdr(hook_executable, "uv_timer_start");
	work("hooked");
	SAY("%d calls went through the hook", hook_calls);
}

/* --- */

static const struct {
	const char *name;
	void (*trap)(void);
} traps[] = {
	{"none", trap_none},
	{"closefrom", trap_closefrom},
	{"standard", trap_standard},
	{"mlockall", trap_mlockall},
	{"memory", trap_memory},
	{"files", trap_files},
	{"seccomp", trap_seccomp},
	{"scan", trap_scan},
	{"treat", trap_treat},
	{"hook", trap_hook},
};

int main(int argc, char **argv)
{
	size_t i;

	say_begin();
	loop = uv_default_loop();
	MUST(uv_async_init(loop, &async, on_async));
	work("before");
	for (i = 0; i < sizeof traps / sizeof *traps; i++)
		if (argc > 1 && strcmp(argv[1], traps[i].name) == 0) {
			traps[i].trap();
			work("after");
			return 0;
		}
	return 2;
}
