/*
 * What C++ streams write and say of themselves, with and without stdio behind them ("apart" as the
 * first argument), on a standard output that is what the test makes it. Each part leaves a line of
 * its state in states.txt, with errno: 0 unless something went wrong.
 */
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>
#include <uv.h>
#include <vector>

static std::ostringstream states;

static void state_of(const char *what, const std::ios &stream)
{
	states << what << ": " << stream.rdstate() << " errno " << errno << '\n';
	errno = 0;
}

static void standard_streams()
{
	std::cout << "cout " << 1 << ' ' << std::setw(6) << 2.5 << " and " << true << '\n';
	state_of("cout", std::cout);
	printf("printf\n");
	std::cout << "no end, ";
	puts("puts");
	std::cout << std::endl << std::flush;
	std::cerr << "cerr " << std::hex << 255 << std::dec << std::endl;
	std::clog << "clog " << std::string(3000, 'x') << '\n';
	state_of("clog", std::clog);
	std::cout.put('p').put('\n').write("w\0w\n", 4);
	std::wcout << L"wide on narrow\n";
	states << "wcout: " << std::wcout.rdstate() << '\n';
	std::cout << std::string(70000, 'y') << '\n';
	state_of("long", std::cout);
	std::cout << std::stringstream("from a buffer\n").rdbuf();
	std::cout << static_cast<const char *>(nullptr);
	state_of("null", std::cout);
	std::cout.clear();
	std::cout << "clear again\n";
}

static void files()
{
	std::ofstream log("stream.log", std::ios::app), text("stream.text"), bad("/nowhere/at/all");

	log << "first\nsecond\nthird\n";
	log << "flushed" << std::endl;
	text << std::string(20000, 'z') << "\n";
	text.seekp(5);
	text << "over";
	bad << "never\n";
	state_of("log", log);
	state_of("text", text);
	state_of("bad", bad);
	log.close();
	log << "after close\n";
	state_of("closed", log);

	std::ofstream unbuffered;
	unbuffered.rdbuf()->pubsetbuf(nullptr, 0);
	unbuffered.open("unbuffered.log");
	unbuffered << "one " << 1 << "\ntwo\n";

	std::ofstream full("/dev/full");
	full << "lost\n" << std::flush;
	state_of("full", full);
}

static void throwing()
{
	std::ofstream full("/dev/full");

	full.exceptions(std::ios::badbit | std::ios::failbit);
	try {
		full << "lost" << std::endl;
		states << "did not throw\n";
	} catch (const std::ios::failure &failure) {
		states << "threw " << failure.code().value() << '\n';
	}
}

// The streams' buffers are exchanged.
static void redirected()
{
	std::ostringstream kept;
	std::streambuf *before = std::cout.rdbuf(kept.rdbuf());

	std::cout << "kept\n";
	std::cout.rdbuf(before);
	states << kept.str();
	std::cout << "not kept\n";
}

static void threads()
{
	std::vector<std::thread> several;

	for (int i = 0; i < 4; i++)
		several.emplace_back([i] {
			std::ofstream own("thread" + std::to_string(i) + ".log");
			for (int j = 0; j < 200; j++)
				own << "line " << j << std::endl;
		});
	for (auto &thread : several)
		thread.join();
}

static void on_timer(uv_timer_t *timer)
{
	standard_streams();
	files();
	throwing();
	redirected();
	threads();
	uv_close(reinterpret_cast<uv_handle_t *>(timer), nullptr);
}

struct Farewell {
	~Farewell()
	{
		std::cout << "from a destructor, without an end";
	}
};

int main(int count, char **arguments)
{
	static Farewell farewell;
	uv_timer_t timer;

	if (count > 1 && strcmp(arguments[1], "apart") == 0)
		std::ios::sync_with_stdio(false);
	errno = 0;
	uv_timer_init(uv_default_loop(), &timer);
	uv_timer_start(&timer, on_timer, 0, 0);
	uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	std::ofstream("states.txt") << states.str();
	return 25;
}
