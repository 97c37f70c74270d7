/*
 * The recorder's words. Every line begins with "acausal: ", so that it can be told from the
 * program's own; nothing is written while the program runs.
 */
#include "recorder/launch/report.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	PROGRESS_AFTER_MS = 300, /* shorter work needs no words */
	PROGRESS_EVERY_MS = 100,
	NUMBER_SIZE = 32,
};

void report_line(const char *format, ...)
{
	char text[4096];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	/* Names of files and programs may hold anything. */
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
	fprintf(stderr, "acausal: %s\n", text);
}

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void report_progress_init(struct report_progress *progress)
{
	*progress =
		(struct report_progress){.is_wanted = isatty(STDERR_FILENO), .began_ms = now_ms()};
}

/* 1234567 as "1,234,567". */
static const char *grouped(uint64_t number, char ret[NUMBER_SIZE])
{
	char digits[NUMBER_SIZE];
	int length = snprintf(digits, sizeof digits, "%" PRIu64, number);
	char *to = ret;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = 0;
	return ret;
}

static const char *bytes_in_words(long long bytes, char ret[NUMBER_SIZE])
{
	static const char *const units[] = {"kB", "MB", "GB", "TB"};
	double number = (double)bytes / 1000;
	size_t unit = 0;

	while (number >= 999.95 && unit + 1 < sizeof units / sizeof *units) {
		number /= 1000;
		unit++;
	}
	snprintf(ret, NUMBER_SIZE, number < 99.95 ? "%.1f %s" : "%.0f %s", number, units[unit]);
	return ret;
}

void report_progress_show(
	struct report_progress *progress, const char *doing, uint64_t done, uint64_t total)
{
	long long now = now_ms();
	char part[NUMBER_SIZE], whole[NUMBER_SIZE];

	if (!progress->is_wanted || now - progress->began_ms < PROGRESS_AFTER_MS ||
		now - progress->shown_ms < PROGRESS_EVERY_MS)
		return;
	progress->shown_ms = now;
	progress->is_shown = true;
	fprintf(stderr, "\racausal: finishing the recording: %s", doing);
	if (total > 0)
		fprintf(stderr, ", %s of %s", grouped(done, part), grouped(total, whole));
	fputs("\033[K", stderr);
}

void report_progress_erase(struct report_progress *progress)
{
	if (progress->is_shown)
		fprintf(stderr, "\r\033[K");
	progress->is_shown = false;
}

/* "1 thread", "2 threads". */
static int counted(char *ret, size_t size, uint64_t number, const char *word, bool is_last)
{
	char digits[NUMBER_SIZE];

	return snprintf(ret, size, "%s %s%s%s", grouped(number, digits), word,
		number == 1 ? "" : "s", is_last ? "" : ", ");
}

void report_summary(const struct ingest_summary *summary, const char *path, long long size)
{
	char text[512], number[NUMBER_SIZE], lost[NUMBER_SIZE];
	size_t length = 0;

	length += (size_t)counted(
		text + length, sizeof text - length, summary->resources, "resource", false);
	length += (size_t)counted(text + length, sizeof text - length, summary->runs, "run", false);
	length += (size_t)counted(
		text + length, sizeof text - length, summary->stacks, "stack", false);
	if (summary->processes > 1)
		length += (size_t)snprintf(text + length, sizeof text - length, "%s processes, ",
			grouped(summary->processes, number));
	counted(text + length, sizeof text - length, summary->threads, "thread", true);
	report_line("%s, %s lost; %s in %s", text, grouped(summary->lost, lost),
		bytes_in_words(size, number), path);
	if (summary->waits > 0)
		report_line("the program waited %s times for the recorder, %.3f s in all "
			    "(--on-full drop "
			    "loses events instead)",
			grouped(summary->waits, number), (double)summary->wait_ns / 1e9);
	if (summary->lost > 0)
		report_line("%s events were lost: stacks may end where they are missing",
			grouped(summary->lost, lost));
}

void report_history(const struct ingest_summary *summary)
{
	if (summary->history_from_ns > 0)
		report_line("flight mode: all since +%.6f s is there; of what came before, how it "
			    "led to what is still alive",
			(double)summary->history_from_ns / 1e9);
	else
		report_line("flight mode: nothing was overwritten");
}
