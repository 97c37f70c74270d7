# Builds acausal: `make help` lists targets and knobs.
#
# Two trees of objects from one set of flags: $(B)/lib/ for the library that lives in the recorded
# process (position-independent, hidden, never sanitized: a guest must not bring a sanitizer's
# runtime into a program that has none), $(B)/obj/ for the program, the tests and the benches.
# Sources are found by wildcard, a folder at a time: a new file needs no line here.

#: B=DIR        the build folder (build; build-asan, build-tsan with SAN)
#: CC=clang     another compiler (gcc and clang build clean)
#: DEV=1        warnings are errors
#: SAN=LIST     sanitizers: address,undefined or thread
#: PREFIX=DIR   where `make install` puts things (/usr/local); DESTDIR is put before it
#: T=PATTERN    run only the tests whose names match (make test T='demo cfi*')
#: J=N          how many compilations and tests `make demo`, `test`, `check` run at a time (2)
#: MINUTES=N    how long `make soak` loads each server (10)
#: SECONDS=N    how long `make fuzz` tries each target (60)
#: TARGETS=LIST which it tries: arena, core, recording, rows (all)
#: KILLS=N      how many programs, and how many recorders, `make kills` kills (1000 and 200)
#: SEEDS=N      how many random programs `make oracle` runs (1000), from FIRST_SEED (1) on
#: V=1          show the commands
VERSION := 0.1.0
SAN    ?=
DEV    ?=
PREFIX ?= /usr/local
J      ?= 2

ifeq ($(SAN),)
B ?= build
else ifneq ($(findstring thread,$(SAN)),)
B ?= build-tsan
else
B ?= build-asan
endif

# make's own default for CC is `cc`; an environment's CC is honoured.
CXX      ?= g++
CFLAGS   ?= -O2 -g
PKG      := pkg-config
MODULES  := libuv libdw libelf sqlite3 readline libpcre2-8
MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# What a plain `make` needs: named when missing. `deps`, `demo`, `test`, `check` install instead,
# and then build in a make of their own.
WITHOUT_BUILD := help clean install-files deps deps-test deps-bench deps-check deps-fuzz demo test fuzz \
	kills soak bench check
GOALS         := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out $(WITHOUT_BUILD),$(GOALS)),)
ifneq ($(shell $(PKG) --exists $(MODULES) 2>/dev/null && echo yes),yes)
$(error $(or $(shell tests/deps --missing build),pkg-config does not find all of $(MODULES)))
endif
UV_CFLAGS      := $(shell $(PKG) --cflags libuv)
UV_LIBS        := $(shell $(PKG) --libs libuv)
DW_LIBS        := $(shell $(PKG) --libs libdw libelf)
PROGRAM_CFLAGS := $(shell $(PKG) --cflags libdw libelf sqlite3 readline libpcre2-8)
PROGRAM_LIBS   := $(shell $(PKG) --libs libdw libelf sqlite3 readline libpcre2-8) -lm
CMOCKA_CFLAGS  := $(shell $(PKG) --cflags cmocka 2>/dev/null)
CMOCKA_LIBS    := $(shell $(PKG) --libs cmocka 2>/dev/null || echo -lcmocka)
endif

WARNINGS := -Wall -Wextra -Wshadow -Wvla $(if $(DEV),-Werror)
C_WARNINGS := -Wmissing-prototypes -Wstrict-prototypes
LANGUAGE := -std=gnu11 -D_GNU_SOURCE -I.
VERSIONED := -DACAUSAL_VERSION='"$(VERSION)"'
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
FLAGS    = $(LANGUAGE) $(VERSIONED) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) $(C_WARNINGS)
# No sibling calls and frame pointers kept: a wrapper must stand on the stack while libuv runs.
# Initial-exec: one thread-local load, and no call into the loader from a signal handler.
# No vectors of words: a wide load of what was just stored word by word waits for the stores.
GUEST_FLAGS := -fno-optimize-sibling-calls -fno-omit-frame-pointer -ftls-model=initial-exec \
	-fno-tree-slp-vectorize
LIBFLAGS = $(LANGUAGE) $(CPPFLAGS) -O2 -g $(WARNINGS) $(C_WARNINGS) -fPIC -fvisibility=hidden \
	$(GUEST_FLAGS) $(UV_CFLAGS)
DEPFLAGS = -MMD -MP

LIB_SOURCES     := $(wildcard recorder/runtime/*.c recorder/hooks/*.c)
DEBUGGER_SOURCES := $(filter-out debugger/extension/%,$(wildcard debugger/*.c debugger/*/*.c))
PROGRAM_SOURCES := $(DEBUGGER_SOURCES) $(wildcard recorder/launch/*.c recorder/ingest/*.c \
	recorder/core/*.c recorder/snapshot/*.c recorder/symbols/*.c recorder/base/*.c)
UNIT_SOURCES    := $(wildcard tests/unit/*.c)
UNIT_TESTS      := $(patsubst tests/unit/%.c,%,$(filter tests/unit/test_%.c,$(UNIT_SOURCES)))
UNIT_HELPERS    := $(filter-out tests/unit/test_%.c,$(UNIT_SOURCES))
EXAMPLES        := $(patsubst examples/%.c,%,$(wildcard examples/*.c))
BENCHES         := $(patsubst tests/bench/%.c,%,$(wildcard tests/bench/*.c))
TEST_PROGRAMS   := $(patsubst tests/programs/%.c,%,$(wildcard tests/programs/*.c))
TEST_PROGRAMS_CC := $(patsubst tests/programs/%.cc,%,$(wildcard tests/programs/*.cc))
ORACLE_SOURCES  := $(wildcard tests/oracle/*.c)
ORACLE_CHECK    := $(wildcard tests/oracle/check/*.c)
ORACLE          := $(B)/tests/oracle $(B)/tests/oracle_check
FUZZ_TARGETS    := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_HELPERS    := tests/fuzz/fuzz.c tests/fuzz/look.c tests/fuzz/mutate.c tests/fuzz/arena_script.c
FUZZ_TOOLS      := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*_seed.c))
CFI_PROGRAMS    := $(filter cfi_%,$(TEST_PROGRAMS))
STATIC_PROGRAMS := $(filter static_%,$(TEST_PROGRAMS))
UV_PROGRAMS     := $(filter-out cfi_% static_%,$(TEST_PROGRAMS))

# The SQLite extension is of these parts of the debugger, without what needs more than SQLite.
EXTENSION_PARTS := text/strbuf text/printable text/quantity recording/reader \
	recording/reader_guard recording/file_kind recording/lookup recording/lookup_time \
	recording/lookup_context lineage/context_values lineage/lineage_context sql/context_functions \
	recording/request_finder recording/frames recording/point recording/id_map lineage/execution \
	lineage/folding lineage/lineage lineage/lineage_begin lineage/lineage_edge lineage/lineage_wait \
	lineage/lineage_walk lineage/describe lineage/describe_process lineage/place sql/kin_table \
	sql/table_function sql/tally sql/id_set sql/is_among sql/frame_words sql/async_stack_table \
	sql/sql_functions
EXTENSION_SOURCES := $(EXTENSION_PARTS:%=debugger/%.c) $(wildcard debugger/extension/*.c) \
	recorder/base/error.c

LIB_OBJECTS     := $(LIB_SOURCES:%.c=$(B)/lib/%.o)
PROGRAM_OBJECTS := $(PROGRAM_SOURCES:%.c=$(B)/obj/%.o) $(B)/obj/schema.o $(B)/obj/queries.o
MAIN_OBJECT     := $(B)/obj/debugger/main.o
EXTENSION_OBJECTS := $(EXTENSION_SOURCES:%.c=$(B)/extension/%.o) $(B)/extension/schema.o
RUNTIME_OBJECTS := $(patsubst %.c,$(B)/obj/%.o,$(wildcard recorder/runtime/*.c) \
	recorder/hooks/sink_match.c)
SCHEMA_PARTS    := tables views indexes
QUERIES         := $(sort $(wildcard schema/queries/*.sql))

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)';)

.PHONY: all programs sanitized replays fuzz-targets fuzz-tools benches tests deps deps-test deps-bench \
	deps-check deps-fuzz demo test oracle kills fuzz soak bench check install install-files clean help FORCE

all: $(B)/libacausal.so $(B)/acausal $(B)/acausal_sqlite.so $(EXAMPLES:%=$(B)/examples/%) ## build everything but the tests

# --- the library in the recorded process: libc and nothing else ---------------------------------

$(B)/libacausal.so: $(LIB_OBJECTS) recorder/hooks/versions.map $(B)/flags $(B)/sources
	$(call say,LINK,$@)$(CC) -shared -o $@ $(LIB_OBJECTS) -Wl,-soname,libacausal.so \
		-Wl,--version-script=recorder/hooks/versions.map \
		-Wl,-z,now -Wl,-z,relro -Wl,--no-undefined -Wl,--as-needed $(LDFLAGS)

$(LIB_OBJECTS): $(B)/lib/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(LIBFLAGS) $(DEPFLAGS) -c -o $@ $<

# --- the program --------------------------------------------------------------------------------

$(B)/acausal: $(MAIN_OBJECT) $(B)/objects.a $(B)/flags
	$(call say,LINK,$@)$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $(MAIN_OBJECT) $(B)/objects.a \
		$(PROGRAM_LIBS) -lpthread -ldl

# An archive, so that a test or bench links only what it uses.
ARCHIVE_OBJECTS := $(filter-out $(MAIN_OBJECT),$(PROGRAM_OBJECTS))
$(B)/objects.a: $(ARCHIVE_OBJECTS) $(B)/sources
	$(Q)rm -f $@
	$(call say,AR,$@)ar qcs $@ $(ARCHIVE_OBJECTS)

# The runtime, and of the hooks what stands alone, once more: for tests and benches of its parts.
$(RUNTIME_OBJECTS): private CFLAGS += $(GUEST_FLAGS)
$(B)/runtime.a: $(RUNTIME_OBJECTS) $(B)/sources
	$(Q)rm -f $@
	$(call say,AR,$@)ar qcs $@ $(RUNTIME_OBJECTS)

$(B)/schema.c: schema/embed.sh $(SCHEMA_PARTS:%=schema/%.sql)
	@mkdir -p $(@D)
	$(call say,GEN,$@)sh schema/embed.sh $(SCHEMA_PARTS) >$@

$(B)/queries.c: schema/embed_queries.sh $(QUERIES) $(B)/sources
	@mkdir -p $(@D)
	$(call say,GEN,$@)sh schema/embed_queries.sh $(QUERIES) >$@

$(B)/obj/schema.o $(B)/obj/queries.o: $(B)/obj/%.o: $(B)/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(FLAGS) $(SANFLAGS) $(DEPFLAGS) -c -o $@ $<

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(FLAGS) $(SANFLAGS) $(PROGRAM_CFLAGS) $(CMOCKA_CFLAGS) $(UV_CFLAGS) \
		$(DEPFLAGS) -c -o $@ $<

# --- the extension for SQLite's clients: hidden but for its entry, and calls SQLite by its table ----

$(B)/acausal_sqlite.so: $(EXTENSION_OBJECTS) $(B)/flags $(B)/sources
	$(call say,LINK,$@)$(CC) -shared -o $@ $(EXTENSION_OBJECTS) -Wl,-z,now -Wl,-z,relro \
		-Wl,--no-undefined -Wl,-Bsymbolic -Wl,--exclude-libs,ALL $(LDFLAGS)

EXTENSION_BUILD = $(FLAGS) $(PROGRAM_CFLAGS) -fPIC -fvisibility=hidden \
	-include debugger/extension/host.h $(DEPFLAGS)
$(EXTENSION_SOURCES:%.c=$(B)/extension/%.o): $(B)/extension/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(EXTENSION_BUILD) -c -o $@ $<

$(B)/extension/schema.o: $(B)/schema.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(EXTENSION_BUILD) -c -o $@ $<

# --- tests, benches, examples -------------------------------------------------------------------

programs: $(TEST_PROGRAMS:%=$(B)/tests/%) $(TEST_PROGRAMS_CC:%=$(B)/tests/%) \
	$(ORACLE)
benches: $(BENCHES:%=$(B)/bench/%)
tests: programs sanitized replays $(UNIT_TESTS:%=$(B)/tests/unit/%) ## build the tests without running them

HELPER_OBJECTS := $(UNIT_HELPERS:%.c=$(B)/obj/%.o)
$(UNIT_TESTS:%=$(B)/tests/unit/%): $(B)/tests/unit/%: $(B)/obj/tests/unit/%.o $(HELPER_OBJECTS) \
		$(B)/objects.a $(B)/runtime.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(CMOCKA_LIBS) \
		$(PROGRAM_LIBS) $(UV_LIBS) -lpthread -ldl

# Programs that tests record are as a user would build them: optimised, and never sanitized.
PROGRAM_BUILD = $(LANGUAGE) -O2 -g $(WARNINGS) $(C_WARNINGS) $(UV_CFLAGS) $(DEPFLAGS)
$(UV_PROGRAMS:%=$(B)/tests/%): $(B)/tests/%: tests/programs/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(PROGRAM_BUILD) -MF $@.d -o $@ $< $(UV_LIBS) -lpthread -ldl

$(STATIC_PROGRAMS:%=$(B)/tests/%): $(B)/tests/%: tests/programs/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(PROGRAM_BUILD) -MF $@.d -static -o $@ $<

$(CFI_PROGRAMS:%=$(B)/tests/%): $(B)/tests/%: $(B)/obj/tests/programs/%.o \
		$(B)/runtime.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(SANFLAGS) -o $@ $^ $(DW_LIBS) $(UV_LIBS) -lpthread -ldl

$(TEST_PROGRAMS_CC:%=$(B)/tests/%): $(B)/tests/%: tests/programs/%.cc $(B)/flags
	@mkdir -p $(@D)
	$(call say,CXX,$@)$(CXX) -std=gnu++17 -D_GNU_SOURCE -I. -O2 -g $(WARNINGS) $(UV_CFLAGS) \
		$(DEPFLAGS) -MF $@.d -o $@ $< $(UV_LIBS) -lpthread -ldl

# The library's sources once more, within programs that try them, with a sanitizer: one that comes as
# a shared library, below which the wrappers lie as they lie above libc. gcc has those.
SANITIZED_KINDS    := thread address
SANITIZED_PROGRAMS := $(filter own_odd own_hooks storage_churn trap_churn uv_causes uv_edges uv_facts uv_pool uv_requests uv_reuse \
	uv_semantics,$(UV_PROGRAMS))
SANITIZED          := $(foreach kind,$(SANITIZED_KINDS), \
	$(SANITIZED_PROGRAMS:%=$(B)/sanitized/$(kind)/%))
SANITIZED_CC       ?= gcc
SANITIZED_BUILD    = $(LANGUAGE) -O1 -g $(UV_CFLAGS) $(GUEST_FLAGS) -fPIE $(DEPFLAGS)
$(B)/sanitized/thread/%: SANITIZE = -fsanitize=thread -Wno-tsan
$(B)/sanitized/address/%: SANITIZE = -fsanitize=address,undefined
define sanitized_rules
$(1)_OBJECTS := $$(LIB_SOURCES:%.c=$$(B)/sanitized/$(1)/%.o)
$$($(1)_OBJECTS): $$(B)/sanitized/$(1)/%.o: %.c $$(B)/flags
	@mkdir -p $$(@D)
	$$(call say,CC,$$@)$$(SANITIZED_CC) $$(SANITIZED_BUILD) $$(SANITIZE) \
		-include tests/programs/trap_sanitized.h -c -o $$@ $$<
$$(SANITIZED_PROGRAMS:%=$$(B)/sanitized/$(1)/%): $$(B)/sanitized/$(1)/%: tests/programs/%.c \
		$$($(1)_OBJECTS) $$(B)/sources
	$$(call say,CC,$$@)$$(SANITIZED_CC) $$(SANITIZED_BUILD) $$(SANITIZE) -MF $$@.d -o $$@ $$< \
		$$($(1)_OBJECTS) $$(UV_LIBS) -lpthread -ldl
-include $$($(1)_OBJECTS:.o=.d)
endef
$(foreach kind,$(SANITIZED_KINDS),$(eval $(call sanitized_rules,$(kind))))

sanitized: $(SANITIZED)

# What reads hostile input, as targets of a fuzzer: linked with clang's libFuzzer by `make fuzz`, and
# for `make test` with a main that runs seeds.
FUZZ_OBJECTS := $(FUZZ_HELPERS:%.c=$(B)/obj/%.o) $(B)/obj/tests/unit/arena_writer.o
$(FUZZ_TARGETS:%=$(B)/tests/replay_%): $(B)/tests/replay_%: $(B)/obj/tests/fuzz/%.o \
		$(B)/obj/tests/fuzz/replay.o $(FUZZ_OBJECTS) $(B)/objects.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(PROGRAM_LIBS) -lpthread -ldl

$(FUZZ_TARGETS:%=$(B)/%): $(B)/%: $(B)/obj/tests/fuzz/%.o $(FUZZ_OBJECTS) $(B)/objects.a
	$(call say,LINK,$@)$(CC) $(subst fuzzer-no-link,fuzzer,$(SANFLAGS)) $(LDFLAGS) -o $@ $^ \
		$(PROGRAM_LIBS) -lpthread -ldl

$(FUZZ_TOOLS:%=$(B)/tests/%): $(B)/tests/%: $(B)/obj/tests/fuzz/%.o \
		$(B)/obj/tests/fuzz/arena_script.o $(B)/obj/tests/unit/arena_writer.o $(B)/objects.a
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) $(SANFLAGS) $(LDFLAGS) -o $@ $^ $(PROGRAM_LIBS) -lpthread -ldl

replays: $(FUZZ_TARGETS:%=$(B)/tests/replay_%)
fuzz-targets: $(FUZZ_TARGETS:%=$(B)/%)
fuzz-tools: $(FUZZ_TOOLS:%=$(B)/tests/%)

# The random program that knows its own causality, and what compares it with a recording.
ORACLE_OBJECTS := $(ORACLE_SOURCES:%.c=$(B)/plain/%.o)
CHECK_OBJECTS  := $(ORACLE_CHECK:%.c=$(B)/plain/%.o)
$(ORACLE_OBJECTS) $(CHECK_OBJECTS): $(B)/plain/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(PROGRAM_BUILD) $(PROGRAM_CFLAGS) -c -o $@ $<

$(B)/tests/oracle: $(ORACLE_OBJECTS) $(B)/sources
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -o $@ $(ORACLE_OBJECTS) $(UV_LIBS) -lpthread -ldl

$(B)/tests/oracle_check: $(CHECK_OBJECTS) $(B)/sources
	@mkdir -p $(@D)
	$(call say,LINK,$@)$(CC) -o $@ $(CHECK_OBJECTS) $(PROGRAM_LIBS)

$(BENCHES:%=$(B)/bench/%): $(B)/bench/%: tests/bench/%.c $(B)/objects.a \
		$(HELPER_OBJECTS) $(B)/runtime.a $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(PROGRAM_BUILD) $(PROGRAM_CFLAGS) $(SANFLAGS) -MF $@.d -o $@ $< \
		$(HELPER_OBJECTS) $(B)/objects.a $(B)/runtime.a $(UV_LIBS) $(PROGRAM_LIBS) -lpthread -ldl

# The examples keep all their frames, so that what their README shows is the same with every compiler:
# nothing inlined, and no jump where a function ends in a call.
EXAMPLE_BUILD = $(LANGUAGE) -O1 -g -fno-inline -fno-optimize-sibling-calls $(WARNINGS) \
	$(C_WARNINGS) $(UV_CFLAGS) $(DEPFLAGS)
$(EXAMPLES:%=$(B)/examples/%): $(B)/examples/%: examples/%.c $(B)/flags
	@mkdir -p $(@D)
	$(call say,CC,$@)$(CC) $(EXAMPLE_BUILD) -MF $@.d -o $@ $< $(UV_LIBS) -lpthread

# Rebuilds what other flags built, and links anew when a source is gone: these two files change
# only when their contents do.
$(B)/flags: CONTENTS = $(CC) $(CXX) $(FLAGS) $(SANFLAGS) $(LIBFLAGS) $(PROGRAM_BUILD) \
	$(EXAMPLE_BUILD) $(LDFLAGS) $(PROGRAM_LIBS) $(CMOCKA_LIBS)
$(B)/sources: CONTENTS = $(LIB_SOURCES) $(PROGRAM_SOURCES) $(ORACLE_SOURCES) $(QUERIES) $(EXTENSION_SOURCES)
$(B)/flags $(B)/sources: FORCE
	@mkdir -p $(B)
	@printf '%s\n' "$(subst ",\",$(CONTENTS))" >$@.new; \
		if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

-include $(LIB_OBJECTS:.o=.d) $(EXTENSION_OBJECTS:.o=.d) $(PROGRAM_OBJECTS:.o=.d) $(RUNTIME_OBJECTS:.o=.d)
-include $(UNIT_SOURCES:%.c=$(B)/obj/%.d) $(CFI_PROGRAMS:%=$(B)/obj/tests/programs/%.d)
-include $(addsuffix .d,$(TEST_PROGRAMS:%=$(B)/tests/%) $(TEST_PROGRAMS_CC:%=$(B)/tests/%))
-include $(patsubst %.c,$(B)/obj/%.d,$(wildcard tests/fuzz/*.c))
-include $(ORACLE_OBJECTS:.o=.d) $(CHECK_OBJECTS:.o=.d)
-include $(addsuffix .d,$(BENCHES:%=$(B)/bench/%) $(EXAMPLES:%=$(B)/examples/%))

# These install first and build in a make of their own, in parallel unless told otherwise.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(J))

# --- what one types -----------------------------------------------------------------------------

deps: ## install what building and the demo need (and nothing when all is there)
	@tests/deps --install build

deps-test:
	@tests/deps --install build test

deps-bench:
	@tests/deps --install build bench

deps-check:
	@tests/deps --install build check

deps-fuzz:
	@tests/deps --install build fuzz

demo: deps ## record an example that crashes and show its async stack
	@$(SUBMAKE) all
	@B='$(B)' bash examples/demo.sh

test: deps-test ## run every test (T=PATTERN for some)
	@$(SUBMAKE) all tests
	@B='$(B)' J='$(J)' CC='$(CC)' bash tests/run $(T)

oracle: all $(ORACLE) ## compare many random programs with their recordings (SEEDS=1000)
	@B='$(B)' bash tests/oracle/run.sh '$(or $(SEEDS),1000)' '$(or $(FIRST_SEED),1)'

# Built apart, in a folder within this one, for clang alone has libFuzzer.
FUZZ_BUILD = B='$(B)/fuzz' CC=clang SAN=fuzzer-no-link,address,undefined \
	CFLAGS='-O1 -g -fno-sanitize-recover=all'
fuzz: deps-fuzz ## fuzz what reads cores, arenas and recordings, from the seeds on (SECONDS=60)
	@$(SUBMAKE) $(FUZZ_BUILD) fuzz-targets
	@B='$(B)/fuzz' bash tests/fuzz/run '$(or $(SECONDS),60)' $(TARGETS)

# The same tests as in `make test`, for as long as it takes.
kills: deps-test ## kill programs and recorders at any moment: nothing may be lost (KILLS=1000, 200)
	@$(SUBMAKE) all tests
	@ROUNDS='$(or $(KILLS),1000)' B='$(B)' bash tests/run e2e/kill_program
	@ROUNDS='$(or $(KILLS),200)' B='$(B)' bash tests/run e2e/kill_recorder

soak: deps-bench ## record servers under full load for minutes: memory must stay flat (MINUTES=10)
	@$(SUBMAKE) all programs
	@B='$(B)' MINUTES='$(or $(MINUTES),10)' bash tests/soak/run

bench: deps-bench ## measure
	@$(SUBMAKE) all programs benches
	@B='$(B)' bash tests/bench/run

check: deps-check ## style, layering, exports, headers, schema
	@$(SUBMAKE) all
	@B='$(B)' CC='$(CC)' bash tests/check/run

INSTALL_ROOT = $(DESTDIR)$(PREFIX)
INSTALL_MAN  = $(INSTALL_ROOT)/share/man/man1
INSTALL_MAN3 = $(INSTALL_ROOT)/share/man/man3
INSTALL_QUERIES = $(INSTALL_ROOT)/share/acausal/queries
install: all ## install the program, the library and the manual pages
	@$(SUBMAKE) install-files

# The same without building. The program writes its manual pages itself, and names them in the first.
install-files:
	install -d '$(INSTALL_ROOT)/bin' '$(INSTALL_ROOT)/lib' '$(INSTALL_ROOT)/include' '$(INSTALL_MAN)' '$(INSTALL_QUERIES)'
	install -m 755 '$(B)/acausal' '$(INSTALL_ROOT)/bin/acausal'
	install -m 644 '$(B)/libacausal.so' '$(INSTALL_ROOT)/lib/libacausal.so'
	install -m 644 '$(B)/acausal_sqlite.so' '$(INSTALL_ROOT)/lib/acausal_sqlite.so'
	install -m 644 recorder/acausal.h '$(INSTALL_ROOT)/include/acausal.h'
	install -d '$(INSTALL_MAN3)' '$(INSTALL_ROOT)/lib/pkgconfig'
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' recorder/acausal.pc.in \
		>'$(INSTALL_ROOT)/lib/pkgconfig/acausal.pc'
	sh recorder/manual.sh '$(VERSION)' <recorder/acausal.h >'$(INSTALL_MAN3)/acausal.3'
	for name in $$(sh recorder/manual.sh --names <recorder/acausal.h); do \
		echo '.so man3/acausal.3' >'$(INSTALL_MAN3)'/$$name.3 || exit; \
	done
	install -m 644 schema/queries/*.sql '$(INSTALL_QUERIES)'
	'$(B)/acausal' help --man >'$(INSTALL_MAN)/acausal.1'
	for command in $$(sed -n 's/^\.BR acausal\\-\([a-z]*\) (1)$$/\1/p' '$(INSTALL_MAN)/acausal.1'); do \
		'$(B)/acausal' help --man $$command >'$(INSTALL_MAN)'/acausal-$$command.1 || exit; \
	done

clean: ## remove the build folder
	rm -rf '$(B)'

help: ## say this
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
	@echo 'Knobs:'
	@sed -n 's/^#: \([^ ]*\) *\(.*\)/  \1\t\2/p' Makefile | expand -t 16
