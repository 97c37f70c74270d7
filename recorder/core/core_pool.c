/*
 * What libuv's thread pool has: see core_loops_internal.h. An item of its is of the request that it
 * lies in, and of the one kind that this request says it is of; both name the loop. Where it is:
 *
 * - in the pool's queues, whose heads lie in the data of the module that contains libuv, and are
 *   found there by their links;
 * - in the list of its loop's finished ones, or, while these are delivered, in one that lies on the
 *   stack of the loop's thread;
 * - in a pool thread's hands: then it is linked to itself, and has not lost its work, as those that
 *   are done have. The thread that has it is one whose stack or registers hold it.
 */
#include "recorder/core/core_loops_internal.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum {
	DATA_MAX = 64 << 20, /* bytes of a module's data */
	STACK_MAX = 1 << 20, /* of a thread's stack */
	RED_ZONE = 128,	     /* below the stack pointer, of the x86-64 ABI */
	ITEMS_MAX = 100000,  /* of a queue */
	HEADERS_MAX = 64,
	HEADS_MAX = 64, /* of queues that were walked, with what else of libuv's was in them */
	TEXT_MAX = 2 * PEEK_TEXT_MAX,
};

/* A kind of request that the pool serves. */
struct kind {
	const char *name;
	uint32_t type; /* as uv_req_type has it */
	enum core_layout_field loop, item, callback;
};

static const struct kind kinds[] = {
	{"uv_fs_t", UV_FS, CORE_LAYOUT_FS_LOOP, CORE_LAYOUT_FS_ITEM, CORE_LAYOUT_FS_CALLBACK},
	{"uv_work_t", UV_WORK, CORE_LAYOUT_WORK_LOOP, CORE_LAYOUT_WORK_ITEM,
		CORE_LAYOUT_WORK_AFTER},
	{"uv_getaddrinfo_t", UV_GETADDRINFO, CORE_LAYOUT_ADDRESS_LOOP, CORE_LAYOUT_ADDRESS_ITEM,
		CORE_LAYOUT_ADDRESS_CALLBACK},
	{"uv_getnameinfo_t", UV_GETNAMEINFO, CORE_LAYOUT_NAME_LOOP, CORE_LAYOUT_NAME_ITEM,
		CORE_LAYOUT_NAME_CALLBACK},
	{"uv_random_t", UV_RANDOM, CORE_LAYOUT_RANDOM_LOOP, CORE_LAYOUT_RANDOM_ITEM,
		CORE_LAYOUT_RANDOM_CALLBACK},
};

static const char *const operations[] = {
	[UV_FS_CUSTOM] = "custom",
	[UV_FS_OPEN] = "open",
	[UV_FS_CLOSE] = "close",
	[UV_FS_READ] = "read",
	[UV_FS_WRITE] = "write",
	[UV_FS_SENDFILE] = "sendfile",
	[UV_FS_STAT] = "stat",
	[UV_FS_LSTAT] = "lstat",
	[UV_FS_FSTAT] = "fstat",
	[UV_FS_FTRUNCATE] = "ftruncate",
	[UV_FS_UTIME] = "utime",
	[UV_FS_FUTIME] = "futime",
	[UV_FS_ACCESS] = "access",
	[UV_FS_CHMOD] = "chmod",
	[UV_FS_FCHMOD] = "fchmod",
	[UV_FS_FSYNC] = "fsync",
	[UV_FS_FDATASYNC] = "fdatasync",
	[UV_FS_UNLINK] = "unlink",
	[UV_FS_RMDIR] = "rmdir",
	[UV_FS_MKDIR] = "mkdir",
	[UV_FS_MKDTEMP] = "mkdtemp",
	[UV_FS_RENAME] = "rename",
	[UV_FS_SCANDIR] = "scandir",
	[UV_FS_LINK] = "link",
	[UV_FS_SYMLINK] = "symlink",
	[UV_FS_READLINK] = "readlink",
	[UV_FS_CHOWN] = "chown",
	[UV_FS_FCHOWN] = "fchown",
	[UV_FS_REALPATH] = "realpath",
	[UV_FS_COPYFILE] = "copyfile",
	[UV_FS_LCHOWN] = "lchown",
	[UV_FS_OPENDIR] = "opendir",
	[UV_FS_READDIR] = "readdir",
	[UV_FS_CLOSEDIR] = "closedir",
	[UV_FS_STATFS] = "statfs",
	[UV_FS_MKSTEMP] = "mkstemp",
	[UV_FS_LUTIME] = "lutime",
};

/* An item that makes sense. */
struct item {
	struct core_loop *loop;
	const struct kind *kind;
	uint64_t request;
	uint64_t work, done, links; /* `links`: the address of the item's node */
};

struct range {
	uint64_t start, end;
};

/* What is being looked at, of one module. */
struct pool {
	struct core_search *search;
	const struct core_libuv *libuv;
	struct range data;
	uint64_t heads[HEADS_MAX];
	size_t head_count;
};

static struct core_loop *find_loop(
	struct core_search *search, const struct core_libuv *libuv, uint64_t address)
{
	for (size_t i = 0; address && i < search->ret->loop_count; i++)
		if (search->ret->loops[i].address == address)
			return search->ret->loops[i].libuv == libuv ? &search->ret->loops[i] : NULL;
	return NULL;
}

static bool is_code_of(
	const struct core_search *search, const struct core_libuv *libuv, uint64_t address)
{
	return address >= libuv->module->start && address < libuv->module->end &&
	       core_peek_is_code(search->peek, address);
}

/* The request that an item lies in: the one kind whose type and loop are there. */
static bool find_request(struct core_search *search, const struct core_libuv *libuv,
	uint64_t address, struct item *ret)
{
	ret->kind = NULL;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct kind *kind = &kinds[i];
		uint32_t at = libuv->layout.at[kind->item], type;
		uint64_t request = address - at;

		if (at == CORE_LAYOUT_UNKNOWN ||
			!core_field_int(search, libuv, request, CORE_LAYOUT_REQUEST_TYPE, &type) ||
			type != kind->type ||
			core_field(search, libuv, request, kind->loop) != ret->loop->address)
			continue;
		if (ret->kind)
			return false;
		ret->kind = kind;
		ret->request = request;
	}
	return ret->kind != NULL;
}

/* `address` is an item's: is there one? Of what is done and not cancelled, the work is gone. */
static bool read_item(struct core_search *search, const struct core_libuv *libuv, uint64_t address,
	struct item *ret)
{
	uint64_t loop;

	if ((address & 7) || !core_field_word(search, libuv, address, CORE_LAYOUT_ITEM_LOOP, &loop))
		return false;
	ret->loop = find_loop(search, libuv, loop);
	if (!ret->loop ||
		!core_field_word(search, libuv, address, CORE_LAYOUT_ITEM_WORK, &ret->work) ||
		!core_field_word(search, libuv, address, CORE_LAYOUT_ITEM_DONE, &ret->done) ||
		(ret->work && !is_code_of(search, libuv, ret->work)) ||
		!is_code_of(search, libuv, ret->done))
		return false;
	ret->links = core_field_at(libuv, address, CORE_LAYOUT_ITEM_LINKS);
	return ret->links && find_request(search, libuv, address, ret);
}

static bool is_listed(const struct core_loop *loop, uint64_t request)
{
	/* Only those that were found before in other places, never a long queue. */
	for (size_t i = loop->count; i-- > 0;)
		if (loop->pending[i].address == request)
			return true;
	return false;
}

/* "localhost:http" */
static char *host_and_service(struct core_search *search, const struct item *item)
{
	const struct core_libuv *libuv = item->loop->libuv;
	char *host = core_peek_text(
		search->peek, core_field(search, libuv, item->request, CORE_LAYOUT_ADDRESS_HOST));
	char *service = core_peek_text(search->peek,
		core_field(search, libuv, item->request, CORE_LAYOUT_ADDRESS_SERVICE));
	char *both = malloc(TEXT_MAX);

	if (both)
		snprintf(both, TEXT_MAX, "%s%s%s", host ? host : "", service ? ":" : "",
			service ? service : "");
	free(host);
	free(service);
	return both;
}

static void fill_kind(struct core_search *search, struct core_pending *ret, const struct item *item)
{
	const struct core_libuv *libuv = item->loop->libuv;
	uint32_t operation;

	switch (item->kind->type) {
	case UV_FS:
		ret->text = core_peek_text(search->peek,
			core_field(search, libuv, item->request, CORE_LAYOUT_FS_PATH));
		if (core_field_int(
			    search, libuv, item->request, CORE_LAYOUT_FS_OPERATION, &operation) &&
			operation < sizeof operations / sizeof *operations)
			ret->operation = operations[operation];
		break;
	case UV_WORK:
		ret->pool_callback =
			core_field(search, libuv, item->request, CORE_LAYOUT_WORK_CALLBACK);
		break;
	case UV_GETADDRINFO:
		ret->text = host_and_service(search, item);
		break;
	default:
		break;
	}
}

static struct core_pending *add_item(
	struct core_search *search, const struct item *item, enum core_place place)
{
	const struct core_libuv *libuv = item->loop->libuv;
	struct core_pending *ret = core_request_add(search, item->loop, item->kind->name,
		item->request, core_field(search, libuv, item->request, item->kind->callback));

	if (!ret)
		return NULL;
	ret->place = place;
	fill_kind(search, ret, item);
	return ret;
}

/* Those of a list whose head is known, all of which are done. */
static void add_finished(struct core_search *search, const struct core_libuv *libuv, uint64_t head)
{
	uint32_t links = libuv->layout.at[CORE_LAYOUT_ITEM_LINKS];
	uint64_t at = head;

	for (int i = 0; i < ITEMS_MAX && links != CORE_LAYOUT_UNKNOWN; i++) {
		struct item item;

		if (!core_list_next(search, at, &at) || at == head ||
			!read_item(search, libuv, at - links, &item))
			return;
		add_item(search, &item, item.work ? CORE_PLACE_CANCELLED : CORE_PLACE_FINISHED);
	}
}

/* The data of a module, with what is not in its file. */
static struct range data_of(const struct core_search *search, const struct core_module *module)
{
	const struct core_modules *modules = &search->core->modules;
	Elf64_Phdr headers[HEADERS_MAX];
	struct range ret = {0};
	Elf64_Ehdr elf;

	if (!module->has_bias ||
		core_modules_read(modules, module->start, &elf, sizeof elf) != sizeof elf ||
		elf.e_phnum > HEADERS_MAX || elf.e_phentsize != sizeof headers[0] ||
		core_modules_read(modules, module->start + elf.e_phoff, headers,
			elf.e_phnum * sizeof headers[0]) != elf.e_phnum * sizeof headers[0])
		return ret;
	for (int i = 0; i < elf.e_phnum; i++) {
		const Elf64_Phdr *load = &headers[i];

		uint64_t start = (module->bias + load->p_vaddr) & ~(uint64_t)7;
		uint64_t end = start + (load->p_memsz & ~(uint64_t)7);

		if (load->p_type != PT_LOAD || !(load->p_flags & PF_W) || end < start)
			continue;
		ret.start = ret.end && ret.start < start ? ret.start : start;
		ret.end = ret.end > end ? ret.end : end;
	}
	if (ret.end - ret.start > DATA_MAX)
		ret = (struct range){0};
	return ret;
}

static bool is_within(struct range range, uint64_t address)
{
	return address >= range.start && address < range.end;
}

static bool is_known_head(const struct pool *pool, uint64_t address)
{
	for (size_t i = 0; i < pool->head_count; i++)
		if (pool->heads[i] == address)
			return true;
	for (size_t i = 0; i < pool->search->ret->loop_count; i++) {
		const struct core_loop *loop = &pool->search->ret->loops[i];

		if (core_field_at(loop->libuv, loop->address, CORE_LAYOUT_LOOP_FINISHED) == address)
			return true;
	}
	return false;
}

static void note_head(struct pool *pool, uint64_t address)
{
	if (pool->head_count < HEADS_MAX)
		pool->heads[pool->head_count++] = address;
}

/* A list that may be a queue of the pool's: its items, and messages of libuv's own between them. */
static void add_queue(struct pool *pool, uint64_t head)
{
	uint32_t links = pool->libuv->layout.at[CORE_LAYOUT_ITEM_LINKS];
	struct core_search *search = pool->search;
	size_t heads = pool->head_count, found = 0;
	uint64_t at = head;
	struct item own;

	/* A request that lies in the program's data is no head. */
	if (read_item(search, pool->libuv, head - links, &own))
		return;
	for (int i = 0; i < ITEMS_MAX; i++) {
		struct item item;

		if (!core_list_next(search, at, &at) || at == head)
			break;
		if (read_item(search, pool->libuv, at - links, &item) && item.work) {
			if (add_item(search, &item, CORE_PLACE_QUEUED))
				found++;
		} else if (is_within(pool->data, at)) {
			note_head(pool, at);
		} else {
			break;
		}
	}
	if (found)
		note_head(pool, head);
	else
		pool->head_count = heads;
}

/* Whether what stands there may be a list that is not empty: its ends must point back. */
static bool may_be_head(struct core_search *search, uint64_t at)
{
	uint64_t next, previous;

	return core_peek_word(search->peek, at, &next) && next > 4096 && !(next & 7) &&
	       next != at && core_list_next(search, at, &next) &&
	       core_list_previous(search, at, &previous);
}

static void add_queues(struct pool *pool)
{
	uint64_t word;

	if (pool->libuv->layout.at[CORE_LAYOUT_ITEM_LINKS] == CORE_LAYOUT_UNKNOWN ||
		!core_may_look(pool->search, (pool->data.end - pool->data.start) / sizeof word))
		return;
	for (uint64_t at = pool->data.start; at + 16 <= pool->data.end; at += sizeof word) {
		if (!core_peek_word(pool->search->peek, at, &word)) {
			at |= 4095 & ~(uint64_t)7; /* nothing is there, up to the next page */
			continue;
		}
		if (may_be_head(pool->search, at) && !is_known_head(pool, at))
			add_queue(pool, at);
	}
}

static struct range stack_of(const struct core_search *search, const struct core_thread *thread)
{
	uint64_t sp = (thread->registers[CORE_SP] - RED_ZONE) & ~(uint64_t)7;
	const struct core_segment *segment = core_file_segment(&search->core->file, sp);
	struct range ret = {sp, sp};

	if (!segment || !segment->is_writable)
		return ret;
	ret.end = segment->address + segment->kept;
	if (ret.end < sp)
		ret.end = sp;
	if (ret.end - sp > STACK_MAX)
		ret.end = sp + STACK_MAX;
	return ret;
}

/* While finished ones are delivered, the rest is in a list on the stack of the loop's thread. */
static void add_delivered(struct core_search *search, const struct core_thread *thread)
{
	const struct range stack = stack_of(search, thread);

	if (!core_may_look(search, (stack.end - stack.start) / sizeof stack.start))
		return;
	for (uint64_t at = stack.start; at + 16 <= stack.end; at += sizeof at) {
		uint64_t first;
		struct item item;

		if (!may_be_head(search, at) || !core_peek_word(search->peek, at, &first))
			continue;
		for (size_t i = 0; i < search->ret->libuv_count; i++) {
			const struct core_libuv *libuv = search->ret->libuvs[i];
			uint32_t links = libuv->layout.at[CORE_LAYOUT_ITEM_LINKS];

			if (links == CORE_LAYOUT_UNKNOWN ||
				!read_item(search, libuv, first - links, &item) ||
				item.loop->os_tid != thread->os_tid ||
				!core_may_look(search, item.loop->count) ||
				is_listed(item.loop, item.request))
				continue;
			add_finished(search, libuv, at);
			break;
		}
	}
}

/* A word of a pool thread's: is it an item, or the node of one, that the thread works on? */
static void look_at_word(struct core_search *search, const struct core_libuv *libuv, uint64_t word,
	const struct core_thread *thread)
{
	uint32_t links = libuv->layout.at[CORE_LAYOUT_ITEM_LINKS];
	const uint64_t addresses[] = {word, word - links};

	for (int i = 0; i < 2 && links != CORE_LAYOUT_UNKNOWN && word > 4096; i++) {
		struct core_pending *pending;
		struct item item;
		uint64_t next, previous;

		if (!read_item(search, libuv, addresses[i], &item) || !item.work ||
			!core_peek_word(search->peek, item.links, &next) || next != item.links ||
			!core_peek_word(search->peek, item.links + sizeof next, &previous) ||
			previous != item.links)
			continue;
		if (!core_may_look(search, item.loop->count))
			return;
		for (size_t j = 0; j < item.loop->count; j++) {
			pending = &item.loop->pending[j];
			if (pending->address != item.request || pending->place == CORE_PLACE_NONE)
				continue;
			/* Two that hold it: which one has it is not told. */
			if (pending->os_tid != thread->os_tid)
				pending->os_tid = CORE_LOOPS_UNKNOWN;
			return;
		}
		pending = add_item(search, &item, CORE_PLACE_IN_HAND);
		if (pending)
			pending->os_tid = thread->os_tid;
		return;
	}
}

static void add_in_hand(struct core_search *search, const struct core_module *module,
	const struct core_thread *thread)
{
	const struct range stack = stack_of(search, thread);
	const struct core_libuv *libuv = NULL;
	uint64_t word;

	for (size_t i = 0; i < search->ret->libuv_count; i++)
		if (search->ret->libuvs[i]->module == module)
			libuv = search->ret->libuvs[i];
	if (!libuv || !core_may_look(search, (stack.end - stack.start) / sizeof word))
		return;
	for (int i = 0; i < CORE_REGISTERS; i++)
		look_at_word(search, libuv, thread->registers[i], thread);
	for (uint64_t at = stack.start; at < stack.end; at += sizeof word)
		if (core_peek_word(search->peek, at, &word))
			look_at_word(search, libuv, word, thread);
}

void core_pool_add(struct core_search *search)
{
	const struct core_file *file = &search->core->file;

	for (size_t i = 0; i < search->ret->libuv_count; i++) {
		struct pool pool = {.search = search, .libuv = search->ret->libuvs[i]};

		pool.data = data_of(search, pool.libuv->module);
		add_queues(&pool);
	}
	for (size_t i = 0; i < file->thread_count; i++)
		if (search->pools[i])
			add_in_hand(search, search->pools[i], &file->threads[i]);
	for (size_t i = 0; i < search->ret->loop_count; i++) {
		const struct core_loop *loop = &search->ret->loops[i];
		uint64_t head =
			core_field_at(loop->libuv, loop->address, CORE_LAYOUT_LOOP_FINISHED);

		if (head)
			add_finished(search, loop->libuv, head);
	}
	for (size_t i = 0; i < file->thread_count; i++)
		for (size_t j = 0; j < search->ret->loop_count; j++)
			if (search->ret->loops[j].os_tid == file->threads[i].os_tid) {
				add_delivered(search, &file->threads[i]);
				break;
			}
}
