/*
 * Writes lines from 1,000 different callbacks by the streams of C++, and tells, in a file that is
 * no log, which callback wrote which line (log_routes.c has the form):
 *
 *     log_streams TRUTH synced      cout, cerr and clog as they are: they write by stdio
 *     log_streams TRUTH wide        wcout, wcerr and wclog likewise
 *     log_streams TRUTH unsynced    with buffers of their own, written when they are full
 *     log_streams TRUTH file        an ofstream, which always has its own, on streams.log
 */
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <unistd.h>
#include <uv.h>
#include <vector>

namespace
{

constexpr int TURNS = 1000;
const char words[] = "the same words, whoever says it";
const wchar_t wide_words[] = L"the same words, whoever says it";

struct record {
	const void *address;
	const char *route, *place;
};
std::vector<record> records;
std::ofstream file;

struct route {
	const char *name;
	void (*write)();
	const char *place;
};
const route *routes;

/* A way stays on the stack while it writes. */
#define STAYS __asm__ volatile("" ::: "memory")
#define ROUTE(name, statement)                                                                     \
	__attribute__((noinline)) void by_##name()                                                 \
	{                                                                                          \
		statement;                                                                         \
		STAYS;                                                                             \
	}

ROUTE(cout, std::cout << words << '\n')
ROUTE(cout_endl, std::cout << words << std::endl)
ROUTE(cout_pieces, std::cout << "the same " << std::string("words") << ", whoever "
			     << "says it\n")
ROUTE(cout_write, std::cout.write(words, sizeof words - 1).put('\n'))
ROUTE(cout_put, for (char c : std::string(words) + "\n") std::cout.put(c))
ROUTE(cerr, std::cerr << words << '\n')
ROUTE(cerr_pieces, std::cerr << "the same "
			     << "words, whoever says" << ' ' << "it" << std::endl)
ROUTE(clog, std::clog << words << '\n')
ROUTE(wcout, std::wcout << wide_words << L'\n')
ROUTE(wcerr, std::wcerr << wide_words << std::endl)
ROUTE(wclog, std::wclog << wide_words << L'\n')
ROUTE(ofstream, file << words << '\n')

#define ROW(name, place) {#name, by_##name, place},

const route narrow[] = {ROW(cout, "1") ROW(cout_endl, "1") ROW(cout_pieces, "1") ROW(
	cout_write, "1") ROW(cout_put, "1") ROW(cerr, "2") ROW(cerr_pieces, "2") ROW(clog, "2"){}};
const route wide[] = {ROW(wcout, "1") ROW(wcerr, "2") ROW(wclog, "2"){}};
const route in_file[] = {ROW(ofstream, "streams.log"){}};

void turn(uv_handle_t *handle)
{
	for (const route *one = routes; one->name; one++) {
		records.push_back({handle, one->name, one->place});
		one->write();
	}
	uv_close(handle, nullptr);
}

void on_timer(uv_timer_t *timer)
{
	turn(reinterpret_cast<uv_handle_t *>(timer));
}

void on_idle(uv_idle_t *idle)
{
	turn(reinterpret_cast<uv_handle_t *>(idle));
}

void take_turns()
{
	/* Never given back, so that an address tells a callback from all others. */
	auto *timers = new uv_timer_t[TURNS / 2];
	auto *idles = new uv_idle_t[TURNS / 2];

	for (int i = 0; i < TURNS / 2; i++) {
		uv_timer_init(uv_default_loop(), &timers[i]);
		uv_timer_start(&timers[i], on_timer, 0, 0);
		uv_idle_init(uv_default_loop(), &idles[i]);
		uv_idle_start(&idles[i], on_idle);
	}
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

bool write_truth(const char *path)
{
	FILE *truth = fopen(path, "w");

	if (!truth)
		return false;
	for (const record &one : records)
		fprintf(truth, "%d\t%llu\t%s\t%s\t%s\n", getpid(),
			static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(one.address)),
			one.route, one.place, words);
	return fclose(truth) == 0;
}

} // namespace

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	routes = narrow;
	if (strcmp(argv[2], "unsynced") == 0) {
		std::ios::sync_with_stdio(false);
	} else if (strcmp(argv[2], "wide") == 0) {
		routes = wide;
	} else if (strcmp(argv[2], "file") == 0) {
		routes = in_file;
		file.open("streams.log");
	}
	take_turns();
	file.close();
	std::cout.flush();
	return write_truth(argv[1]) ? 0 : 1;
}
