/*
 * Texts and stacks as numbers: see lexicon.h. A recording chooses the texts, so their hashes begin
 * at a number that it cannot know.
 */
#include "debugger/diff/lexicon.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define TEXT_MAX   4096
#define BYTES_MAX  ((size_t)64 << 20) /* of texts */
#define STACKS_MAX ((size_t)2 << 20)

static uint64_t seed(void)
{
	static uint64_t number;

	if (!number && getrandom(&number, sizeof number, GRND_NONBLOCK) != sizeof number)
		number = (uint64_t)(uintptr_t)&number;
	return number | 1;
}

static uint64_t mix(uint64_t number)
{
	number = (number ^ number >> 33) * 0xff51afd7ed558ccdu;
	number = (number ^ number >> 33) * 0xc4ceb9fe1a85ec53u;
	return number ^ number >> 33;
}

/* --- keys ---------------------------------------------------------------------------------------
 */

static uint64_t hash_key(const uint32_t key[TERM_WORDS])
{
	uint64_t hash = seed();
	size_t i;

	for (i = 0; i < TERM_WORDS; i++)
		hash = mix(hash ^ key[i]);
	return hash;
}

static size_t key_slot(const struct keys *keys, const uint32_t key[TERM_WORDS])
{
	size_t slot = hash_key(key) & (keys->slot_count - 1);

	while (keys->slots[slot] &&
		memcmp(keys->rows[keys->slots[slot] - 1], key, sizeof keys->rows[0]))
		slot = (slot + 1) & (keys->slot_count - 1);
	return slot;
}

static int grow_keys(struct keys *keys)
{
	struct keys larger = *keys;
	size_t i;

	if (keys->count == keys->capacity) {
		size_t capacity = keys->capacity ? keys->capacity * 2 : 256;
		void *rows = realloc(keys->rows, capacity * sizeof keys->rows[0]);

		if (!rows)
			return -1;
		keys->rows = rows;
		keys->capacity = capacity;
	}
	if (keys->count * 2 < keys->slot_count)
		return 0;
	larger.rows = keys->rows;
	larger.slot_count = keys->slot_count ? keys->slot_count * 2 : 512;
	larger.slots = calloc(larger.slot_count, sizeof larger.slots[0]);
	if (!larger.slots)
		return -1;
	for (i = 0; i < keys->count; i++)
		larger.slots[key_slot(&larger, keys->rows[i])] = (uint32_t)i + 1;
	free(keys->slots);
	keys->slots = larger.slots;
	keys->slot_count = larger.slot_count;
	return 0;
}

uint32_t keys_find(const struct keys *keys, const uint32_t key[TERM_WORDS])
{
	return keys->slot_count ? keys->slots[key_slot(keys, key)] : 0;
}

uint32_t keys_add(struct keys *keys, const uint32_t key[TERM_WORDS])
{
	uint32_t found = keys_find(keys, key);

	if (found)
		return found;
	if ((keys->most && keys->count >= keys->most) || keys->count >= UINT32_MAX - 1 ||
		grow_keys(keys))
		return 0;
	memcpy(keys->rows[keys->count], key, sizeof keys->rows[0]);
	keys->count++;
	keys->slots[key_slot(keys, key)] = (uint32_t)keys->count;
	return (uint32_t)keys->count;
}

void keys_deinit(struct keys *keys)
{
	free(keys->rows);
	free(keys->slots);
	*keys = (struct keys){0};
}

/* --- texts --------------------------------------------------------------------------------------
 */

void lexicon_init(struct lexicon *lexicon)
{
	*lexicon = (struct lexicon){.stacks = {.most = STACKS_MAX}};
}

void lexicon_deinit(struct lexicon *lexicon)
{
	size_t i;

	for (i = 0; i < lexicon->count; i++)
		free(lexicon->texts[i]);
	free(lexicon->texts);
	free(lexicon->hashes);
	free(lexicon->slots);
	keys_deinit(&lexicon->stacks);
	*lexicon = (struct lexicon){0};
}

static size_t text_slot(
	const struct lexicon *lexicon, const char *text, size_t length, uint64_t hash)
{
	size_t slot = hash & (lexicon->slot_count - 1);
	uint32_t number;

	while ((number = lexicon->slots[slot]) &&
		(lexicon->hashes[number - 1] != hash ||
			((strncmp(lexicon->texts[number - 1], text, length) ||
				lexicon->texts[number - 1][length]))))
		slot = (slot + 1) & (lexicon->slot_count - 1);
	return slot;
}

static int grow_texts(struct lexicon *lexicon)
{
	size_t capacity = lexicon->capacity ? lexicon->capacity * 2 : 256, i, slot;
	char **texts = realloc(lexicon->texts, capacity * sizeof *texts);
	uint64_t *hashes;
	uint32_t *slots;

	if (!texts)
		return -1;
	lexicon->texts = texts;
	hashes = realloc(lexicon->hashes, capacity * sizeof *hashes);
	if (!hashes)
		return -1;
	lexicon->hashes = hashes;
	slots = calloc(capacity * 2, sizeof *slots);
	if (!slots)
		return -1;
	for (i = 0; i < lexicon->count; i++) {
		slot = hashes[i] & (capacity * 2 - 1);
		while (slots[slot])
			slot = (slot + 1) & (capacity * 2 - 1);
		slots[slot] = (uint32_t)i + 1;
	}
	free(lexicon->slots);
	lexicon->slots = slots;
	lexicon->slot_count = capacity * 2;
	lexicon->capacity = capacity;
	return 0;
}

static uint32_t no_room(struct lexicon *lexicon)
{
	lexicon->full = true;
	return 0;
}

uint32_t lexicon_text(struct lexicon *lexicon, const char *text)
{
	size_t length, i, slot;
	uint64_t hash = seed();
	char *copy;

	if (!text)
		return 0;
	length = strnlen(text, TEXT_MAX);
	for (i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	hash = mix(hash);
	if (lexicon->count == lexicon->capacity && grow_texts(lexicon))
		return no_room(lexicon);
	slot = text_slot(lexicon, text, length, hash);
	if (lexicon->slots[slot])
		return lexicon->slots[slot];
	copy = lexicon->bytes + length > BYTES_MAX ? NULL : strndup(text, length);
	if (!copy)
		return no_room(lexicon);
	lexicon->bytes += length + 16;
	lexicon->texts[lexicon->count] = copy;
	lexicon->hashes[lexicon->count] = hash;
	lexicon->slots[slot] = (uint32_t)++lexicon->count;
	return (uint32_t)lexicon->count;
}

const char *lexicon_words(const struct lexicon *lexicon, uint32_t text)
{
	return text ? lexicon->texts[text - 1] : NULL;
}

/* --- stacks -------------------------------------------------------------------------------------
 */

uint32_t lexicon_stack(struct lexicon *lexicon, uint32_t caller, uint32_t function)
{
	uint32_t key[TERM_WORDS] = {caller, function}, stack;

	if (caller && lexicon_function(lexicon, caller) == function)
		return caller;
	stack = keys_add(&lexicon->stacks, key);
	return stack ? stack : no_room(lexicon);
}

uint32_t lexicon_caller(const struct lexicon *lexicon, uint32_t stack)
{
	return stack ? lexicon->stacks.rows[stack - 1][0] : 0;
}

uint32_t lexicon_function(const struct lexicon *lexicon, uint32_t stack)
{
	return stack ? lexicon->stacks.rows[stack - 1][1] : 0;
}
