/*
 * Makes a core small, to begin to fuzz with:
 *
 *     core_seed CORE SMALL COMMAND...     (SMALL is the command's last argument)
 *
 * Leaves out what can be left out of memory while the command writes the same, most of it at once
 * and then less and less. What was mapped stays mapped, as if it had not been dumped.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 256, SEGMENTS_MAX = 8192, ANSWER_MAX = 1 << 20, COMMAND_MAX = 4096 };

static const unsigned char *core;
static const Elf64_Ehdr *header;
static const Elf64_Phdr *headers;
static size_t first_block[SEGMENTS_MAX], block_count;
static bool *is_kept;
static const char *path;
static char command[COMMAND_MAX];

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(2);
}

static void put(FILE *file, const void *bytes, size_t size)
{
	must(fwrite(bytes, 1, size, file) == size, "write");
}

static size_t blocks_of(const Elf64_Phdr *segment)
{
	return segment->p_type == PT_LOAD ? (segment->p_filesz + BLOCK - 1) / BLOCK : 0;
}

static const unsigned char *block_at(const Elf64_Phdr *segment, size_t index, size_t *ret_size)
{
	size_t left = segment->p_filesz - index * BLOCK;

	*ret_size = left < BLOCK ? left : BLOCK;
	return core + segment->p_offset + index * BLOCK;
}

/* Only the notes that are read; the largest are of registers that are not. */
static size_t copy_notes(unsigned char *to, const Elf64_Phdr *segment)
{
	size_t at = 0, size = 0;

	while (at + sizeof(Elf64_Nhdr) <= segment->p_filesz) {
		const Elf64_Nhdr *note = (const void *)(core + segment->p_offset + at);
		size_t whole = sizeof *note + ((note->n_namesz + 3u) & ~3u) +
			       ((note->n_descsz + 3u) & ~3u);

		if (note->n_type == NT_PRSTATUS || note->n_type == NT_PRPSINFO ||
			note->n_type == NT_SIGINFO || note->n_type == NT_AUXV ||
			note->n_type == NT_FILE) {
			memcpy(to + size, note, whole);
			size += whole;
		}
		at += whole;
	}
	return size;
}

/* The pieces of a segment: each what is kept, and then what is not. */
static size_t split(const Elf64_Phdr *segment, size_t first, Elf64_Phdr *ret)
{
	size_t blocks = blocks_of(segment), count = 0;

	for (size_t i = 0; i < blocks || !count;) {
		size_t begin = i * BLOCK, end;

		while (i < blocks && is_kept[first + i])
			i++;
		end = i * BLOCK < segment->p_filesz ? i * BLOCK : segment->p_filesz;
		while (i < blocks && !is_kept[first + i])
			i++;
		ret[count] = *segment;
		ret[count].p_vaddr += begin;
		ret[count].p_offset += begin;
		ret[count].p_filesz = end - begin;
		ret[count++].p_memsz = (i < blocks ? i * BLOCK : segment->p_memsz) - begin;
	}
	return count;
}

static void write_small(void)
{
	static Elf64_Phdr pieces[65536];
	static unsigned char notes[1 << 20];
	Elf64_Ehdr small = *header;
	size_t count = 1, size = 0, offset;
	FILE *file = fopen(path, "wb");

	must(file != NULL, path);
	for (int i = 0; i < header->e_phnum; i++) {
		if (headers[i].p_type == PT_NOTE)
			size = copy_notes(notes, &headers[i]);
		else if (headers[i].p_type == PT_LOAD)
			count += split(&headers[i], first_block[i], pieces + count);
	}
	must(count < sizeof pieces / sizeof *pieces && count < PN_XNUM, "pieces");
	small.e_phnum = (Elf64_Half)count;
	small.e_phoff = sizeof small;
	small.e_shnum = 0;
	small.e_shoff = 0;
	offset = sizeof small + count * sizeof *pieces;
	pieces[0] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = offset, .p_filesz = size};
	put(file, &small, sizeof small);
	offset += size;
	for (size_t i = 0; i < count; i++) {
		Elf64_Phdr piece = pieces[i];

		if (i) {
			piece.p_offset = offset;
			offset += piece.p_filesz;
		}
		put(file, &piece, sizeof piece);
	}
	put(file, notes, size);
	for (size_t i = 1; i < count; i++)
		put(file, core + pieces[i].p_offset, pieces[i].p_filesz);
	must(!fclose(file), path);
}

static void write_whole(size_t size)
{
	FILE *file = fopen(path, "wb");

	must(file != NULL, path);
	put(file, core, size);
	must(!fclose(file), path);
}

static size_t ask(char *answer)
{
	FILE *pipe = popen(command, "r");
	size_t size;

	must(pipe != NULL, command);
	size = fread(answer, 1, ANSWER_MAX, pipe);
	pclose(pipe);
	return size;
}

static char answer[ANSWER_MAX], other[ANSWER_MAX];
static size_t answer_size;

static bool is_same(void)
{
	write_small();
	return ask(other) == answer_size && !memcmp(other, answer, answer_size);
}

static void drop_zeros(void)
{
	for (int i = 0; i < header->e_phnum; i++)
		for (size_t block = 0; block < blocks_of(&headers[i]); block++) {
			static const unsigned char zeros[BLOCK];
			size_t size;
			const unsigned char *bytes = block_at(&headers[i], block, &size);

			if (!memcmp(bytes, zeros, size))
				is_kept[first_block[i] + block] = false;
		}
	if (!is_same())
		memset(is_kept, true, block_count);
}

static void drop(size_t step)
{
	bool *before = malloc(step);

	must(before != NULL, "memory");
	for (size_t at = 0; at < block_count; at += step) {
		size_t size = block_count - at < step ? block_count - at : step;

		if (!memchr(is_kept + at, true, size))
			continue;
		memcpy(before, is_kept + at, size);
		memset(is_kept + at, false, size);
		if (!is_same())
			memcpy(is_kept + at, before, size);
	}
	free(before);
}

int main(int argc, char **argv)
{
	int fd = argc > 3 ? open(argv[1], O_RDONLY) : -1;
	struct stat status;
	size_t step = 1;

	must(fd >= 0 && !fstat(fd, &status), "usage: core_seed CORE SMALL COMMAND...");
	core = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	must(core != MAP_FAILED, argv[1]);
	header = (const void *)core;
	headers = (const void *)(core + header->e_phoff);
	must(header->e_phnum < SEGMENTS_MAX, "segments");
	path = argv[2];
	for (int i = 3; i < argc; i++)
		snprintf(command + strlen(command), sizeof command - strlen(command), "'%s' ",
			argv[i]);
	snprintf(command + strlen(command), sizeof command - strlen(command), "'%s' 2>&1", path);
	for (int i = 0; i < header->e_phnum; i++) {
		first_block[i] = block_count;
		block_count += blocks_of(&headers[i]);
	}
	is_kept = malloc(block_count);
	must(is_kept != NULL, "memory");
	memset(is_kept, true, block_count);
	write_whole((size_t)status.st_size);
	answer_size = ask(answer);
	must(is_same(), "the answer changes by what is always left out");
	drop_zeros();
	while (step < block_count)
		step *= 2;
	for (step /= 4; step; step /= step > 4 ? 4 : 2)
		drop(step);
	write_small();
	return 0;
}
