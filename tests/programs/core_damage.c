/*
 * Damages a file again and again and runs a command on it each time:
 *
 *     core_damage FILE TIMES SEED [-a ADDRESS SIZE] COMMAND...
 *
 * FILE is the command's last argument. With -a only what the process had at ADDRESS is damaged.
 *
 * Bits flip and words change in the ELF headers, the notes, the recorder's arena and elsewhere, or
 * the file is cut. The command must end by itself within 30 seconds with status 0, or with 1 and
 * one line on stderr. Exit status 1 when it ever did not; the file is as it was then, again. The
 * same SEED does the same damage.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { HEADERS_MAX = 4096, CHANGES_MAX = 40, SAID_MAX = 65536 };

struct part {
	uint64_t offset, size;
};

struct change {
	uint64_t offset;
	size_t size;
	unsigned char before[8];
};

static uint64_t state;
static struct part parts[5]; /* file header, program headers, notes, arena, all; or what -a names */
static struct change changes[CHANGES_MAX];
static uint64_t only_address, only_size; /* hexadecimal on the command line */
static int fd, change_count;

static uint64_t dice(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? state % below : 0;
}

static void must(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(2);
}

static void find_parts(void)
{
	static Elf64_Phdr headers[HEADERS_MAX];
	Elf64_Ehdr header;
	struct stat status;
	size_t size;
	char magic[8];

	must(fstat(fd, &status) == 0, "fstat");
	must(pread(fd, &header, sizeof header, 0) == sizeof header && header.e_phnum <= HEADERS_MAX,
		"header");
	size = header.e_phnum * sizeof headers[0];
	must(pread(fd, headers, size, (off_t)header.e_phoff) == (ssize_t)size, "headers");
	parts[0] = (struct part){0, sizeof header};
	parts[1] = (struct part){header.e_phoff, size};
	parts[4] = (struct part){0, (uint64_t)status.st_size};
	parts[3] = parts[4];
	for (int i = 0; i < header.e_phnum; i++) {
		struct part part = {headers[i].p_offset, headers[i].p_filesz};

		if (headers[i].p_type == PT_NOTE)
			parts[2] = part;
		else if (part.size >= 8 &&
			 pread(fd, magic, sizeof magic, (off_t)part.offset) == sizeof magic &&
			 !memcmp(magic, "cauarena", sizeof magic))
			parts[3] = part;
		if (only_size && headers[i].p_type == PT_LOAD &&
			only_address - headers[i].p_vaddr < part.size)
			parts[0] = (struct part){
				part.offset + (only_address - headers[i].p_vaddr), only_size};
	}
	for (int i = 1; only_size && i < 5; i++)
		parts[i] = parts[0];
}

static void change_one(const struct part *part)
{
	static const size_t sizes[] = {1, 1, 4, 8};
	struct change *change = &changes[change_count];
	unsigned char after[8];

	change->size = sizes[dice(4)];
	if (part->size < change->size)
		return;
	/* The arena's beginning is what decides most. */
	change->offset = part->offset +
			 dice(dice(2) && part == &parts[3] ? 8192 : part->size - change->size + 1);
	if (pread(fd, change->before, change->size, (off_t)change->offset) != (ssize_t)change->size)
		return;
	for (size_t i = 0; i < change->size; i++)
		after[i] = (unsigned char)dice(256);
	switch (dice(4)) {
	case 0:
		memcpy(after, change->before, change->size);
		after[0] ^= (unsigned char)(1 << dice(8));
		break;
	case 1:
		memset(after, 0xff, change->size);
		break;
	case 2:
		memset(after, 0, change->size);
		break;
	default:
		break;
	}
	must(pwrite(fd, after, change->size, (off_t)change->offset) == (ssize_t)change->size,
		"write");
	change_count++;
}

static void restore(void)
{
	while (change_count) {
		const struct change *change = &changes[--change_count];

		must(pwrite(fd, change->before, change->size, (off_t)change->offset) ==
				(ssize_t)change->size,
			"restore");
	}
}

/* A copy of the file's beginning; holes beyond what is likely to matter. */
static void cut(const char *path)
{
	static char bytes[400000];
	uint64_t size = dice(dice(2) ? 30000 : parts[4].size);
	size_t kept = size < sizeof bytes ? (size_t)size : sizeof bytes;
	int copy = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	must(copy >= 0 && pread(fd, bytes, kept, 0) == (ssize_t)kept &&
			write(copy, bytes, kept) == (ssize_t)kept &&
			ftruncate(copy, (off_t)size) == 0,
		path);
	close(copy);
}

/* One run. What is wrong with it, or NULL. */
static const char *run(char **command, const char *said_path)
{
	static char said[SAID_MAX];
	int status, said_fd = open(said_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ssize_t length;
	pid_t child;

	must(said_fd >= 0, said_path);
	child = fork();
	must(child >= 0, "fork");
	if (!child) {
		int nowhere = open("/dev/null", O_WRONLY);

		dup2(nowhere, 1);
		dup2(said_fd, 2);
		alarm(30);
		execv(command[0], command);
		_exit(127);
	}
	while (waitpid(child, &status, 0) < 0)
		must(errno == EINTR, "waitpid");
	length = pread(said_fd, said, sizeof said - 1, 0);
	close(said_fd);
	said[length > 0 ? length : 0] = 0;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGALRM ? "did not end" : "was ended by a signal";
	if (WEXITSTATUS(status) > 1)
		return "ended with a status that is neither 0 nor 1";
	if (WEXITSTATUS(status) == 1 &&
		(strncmp(said, "acausal: ", 9) || strchr(said, '\n') != said + length - 1))
		return "ended with 1 and did not say why in one line";
	return NULL;
}

int main(int argc, char **argv)
{
	char cut_path[4096], said_path[4096];
	char **begin = &argv[4];
	int times = argc > 4 ? atoi(argv[2]) : 0, wrong = 0;
	uint64_t seed = argc > 4 ? strtoull(argv[3], NULL, 10) : 0;

	if (argc > 7 && !strcmp(argv[4], "-a")) {
		only_address = strtoull(argv[5], NULL, 16);
		only_size = strtoull(argv[6], NULL, 16);
		begin = &argv[7];
	}
	if (argc < 5 || times < 1)
		return 2;
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	must(fd >= 0, argv[1]);
	snprintf(cut_path, sizeof cut_path, "%s.cut", argv[1]);
	snprintf(said_path, sizeof said_path, "%s.said", argv[1]);
	find_parts();
	for (int i = 0; i < times; i++) {
		char **last = &argv[argc], *command[64];
		const char *what;
		int kind, count = 0;

		state = (seed + (uint64_t)i + 1) * 0x9e3779b97f4a7c15u;
		kind = (int)dice(only_size ? 5 : 6);
		for (char **word = begin; word < last && count < 62; word++)
			command[count++] = *word;
		command[count++] = kind == 5 ? cut_path : argv[1];
		command[count] = NULL;
		if (kind == 5)
			cut(cut_path);
		else
			for (int left = dice(2) ? 1 : (int)dice(CHANGES_MAX); left > 0; left--)
				change_one(&parts[kind]);
		what = run(command, said_path);
		if (what) {
			printf("damage %llu of part %d: the command %s\n",
				(unsigned long long)(seed + (uint64_t)i), kind, what);
			wrong++;
		}
		restore();
	}
	unlink(cut_path);
	unlink(said_path);
	return wrong != 0;
}
