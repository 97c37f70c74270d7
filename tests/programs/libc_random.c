/*
 * Random calls on several streams in random modes of buffering, on every kind of output: what they
 * return, what waits in the buffers after each, and how long the files are. The argument is the
 * seed. A transparency program, see apart.h.
 */
#include "tests/programs/apart.h"

#include <pthread.h>
#include <sys/stat.h>

enum { STREAMS = 4, CALLS = 400, LONGEST = 9000 };

static unsigned seed;
static char letters[LONGEST + 1];
static FILE *streams[STREAMS];
static char buffers[STREAMS][5000];

static size_t any(size_t below)
{
	return (size_t)random() % below;
}

/* Mostly short, and around the sizes of buffers now and then. */
static int any_length(void)
{
	switch (any(12)) {
	case 0:
		return (int)any(LONGEST);
	case 1:
		return 4080 + (int)any(32);
	default:
		return (int)any(60);
	}
}

static void text_make(void)
{
	size_t i;

	for (i = 0; i < LONGEST; i++)
		letters[i] = any(40) == 0 ? '\n' : (char)('a' + any(26));
}

static void mode_set(int number)
{
	static const int modes[] = {_IOFBF, _IOLBF, _IONBF};
	size_t which = any(4);

	if (which < 3)
		RESULT(setvbuf(streams[number], any(2) ? buffers[number] : NULL, modes[which],
			1 + any(sizeof buffers[number] - 1)));
}

static void stream_open(int number)
{
	static const char *const names[] = {NULL, "random.log", "random.text", "random.log"};

	streams[number] = number == 0 ? stdout : fopen(names[number], any(2) ? "a" : "w");
	mode_set(number);
}

static void call(int number)
{
	FILE *stream = streams[number];
	const char *text = letters + any(LONGEST / 2);
	int length = any_length(), i;
	struct stat status;

	if (length > LONGEST / 2)
		text = letters;
	switch (any(14)) {
	case 0:
	case 1:
		ON(stream, fprintf(stream, "%.*s %d\n", length, text, number));
		break;
	case 2:
		ON(stream, fprintf(stream, "%*d|%-*d", length % 3000, 1, length % 70, 2));
		break;
	case 3:
		ON(stream, fprintf(stream, "%.*s\n%.*s\n", length % 50, text, length, text));
		break;
	case 4:
		ON(stream, fputs(letters + LONGEST - length, stream));
		break;
	case 5:
		ON(stream, fwrite(text, 1, (size_t)length, stream));
		break;
	case 6:
		ON(stream, fwrite(text, 7, (size_t)length / 7, stream));
		break;
	case 7:
		for (i = 0; i < length % 40; i++)
			ON(stream, putc(text[i], stream));
		break;
	case 8:
		for (i = 0; i < length % 40; i++)
			ON(stream, __putc_unlocked_body(text[i], stream));
		break;
	case 9:
		ON(stream, putc_unlocked('\n', stream));
		break;
	case 10:
		ON(stream, fflush(stream));
		break;
	case 11:
		ON(stream, write(fileno(stream), text, (size_t)length % 100));
		break;
	case 12:
		ON(stream, dprintf(fileno(stream), "%.*s\n", length % 200, text));
		break;
	case 13:
		clearerr(stream);
		if (number == 0)
			break;
		RESULT(fclose(stream));
		stream_open(number);
		break;
	}
	if (fstat(fileno(streams[number]), &status) == 0 && S_ISREG(status.st_mode))
		report("  %ld bytes\n", (long)status.st_size);
}

static void *wait_for_ever(void *unused)
{
	pause();
	return unused;
}

static void random_calls(void)
{
	pthread_t thread;
	int i;

	srandom(seed);
	text_make();
	/* Streams are locked only where there are several threads. */
	if (any(2))
		pthread_create(&thread, NULL, wait_for_ever, NULL);
	for (i = 0; i < STREAMS; i++)
		stream_open(i);
	for (i = 0; i < CALLS; i++)
		call((int)any(STREAMS));
	if (any(2))
		exit(1);
	if (any(4) == 0)
		_exit(2);
}

static void all(uv_timer_t *timer)
{
	enum output kind;

	(void)timer;
	for (kind = 0; kind < OUTPUT_COUNT; kind++)
		apart("random", kind, random_calls);
}

int main(int count, char **arguments)
{
	seed = count > 1 ? (unsigned)atoi(arguments[1]) : 1;
	in_callback(all);
	return 28;
}
