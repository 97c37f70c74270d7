/* Nodes in words: see node_words.h. */
#include "debugger/diff/node_words.h"

#include "debugger/lineage/describe.h"
#include "debugger/recording/point.h"
#include "debugger/text/printable.h"

#include <string.h>

#define WAY_FIRST      5 /* of a long way so many of its near end are said, … */
#define WAY_LAST       2 /* … and of its far end */
#define NAME_MAX_BYTES 80

static void add_text(struct strbuf *words, const struct forest *forest, uint32_t text)
{
	const char *bytes = lexicon_words(&forest->lexicon, text);

	if (bytes)
		printable_add(words, bytes, strlen(bytes), NAME_MAX_BYTES);
}

static void add_type(struct strbuf *words, const struct forest *forest, uint32_t type)
{
	describe_type(words, lexicon_words(&forest->lexicon, type));
}

/* The callback of a run, "main" of a process's own. */
static void node_words_run(struct strbuf *words, const struct forest *forest, uint32_t number)
{
	const struct node *node = forest_node(forest, number);
	const char *part = lexicon_words(&forest->lexicon, node->part);

	if (node->kind == NODE_PROCESS) {
		strbuf_add_string(words, node->parent ? "main of " : "main");
		if (node->parent)
			add_text(words, forest, node->name);
		return;
	}
	if (node->kind == NODE_UNKNOWN) {
		strbuf_add_string(words, "a run of which it is not known what it came of");
		return;
	}
	if (node->kind == NODE_POOL) {
		strbuf_add_string(words, "more ways than are told apart");
		return;
	}
	if (node->name)
		add_text(words, forest, node->name);
	else
		strbuf_add_string(words, "a callback without a name");
	if (part && strcmp(part, "callback")) {
		strbuf_add_string(words, " (");
		add_text(words, forest, node->part);
		strbuf_add_char(words, ')');
	}
}

static void add_api(struct strbuf *words, const struct forest *forest, const struct node *node)
{
	if (node->name)
		add_text(words, forest, node->name);
	else
		strbuf_add_string(words, "a call that is not known");
}

static void add_deed(struct strbuf *words, const struct forest *forest, const struct node *node)
{
	strbuf_add_string(words, node->kind == NODE_CREATED ? "created by " : "armed by ");
	add_api(words, forest, node);
}

void node_words_both(
	struct strbuf *words, const struct forest *forest, uint32_t number, uint32_t other)
{
	const struct node *nodes[] = {forest_node(forest, number), forest_node(forest, other)};
	int first = nodes[1]->kind == NODE_CREATED && nodes[0]->kind != NODE_CREATED;

	node_words_what(words, forest, first ? other : number);
	strbuf_add_string(words, " and ");
	if (nodes[0]->type == nodes[1]->type && nodes[!first]->kind != NODE_RUN)
		add_deed(words, forest, nodes[!first]);
	else
		node_words_what(words, forest, first ? number : other);
}

void node_words_what(struct strbuf *words, const struct forest *forest, uint32_t number)
{
	const struct node *node = forest_node(forest, number);

	switch (node->kind) {
	case NODE_CREATED:
	case NODE_ARMED:
		add_type(words, forest, node->type);
		strbuf_add_char(words, ' ');
		add_deed(words, forest, node);
		break;
	case NODE_RUN:
		node_words_run(words, forest, number);
		if (node->type) {
			strbuf_add_string(words, " of ");
			add_type(words, forest, node->type);
		}
		break;
	case NODE_PROCESS:
		strbuf_add_string(words, node->name ? "process " : "the program");
		add_text(words, forest, node->name);
		break;
	default:
		node_words_run(words, forest, number);
	}
}

/* The run that a node is in, or of whose call it came: the next one on the way. */
static uint32_t next_on_way(const struct forest *forest, uint32_t number, uint32_t *ret_call)
{
	const struct node *node = forest_node(forest, number);

	*ret_call = 0;
	if (node->kind == NODE_CREATED || node->kind == NODE_ARMED)
		return node->parent;
	*ret_call = node->parent;
	node = forest_node(forest, node->parent);
	/* Runs of which that is not known stand right below it. */
	return !node							? 0
	       : node->kind == NODE_CREATED || node->kind == NODE_ARMED ? node->parent
									: *ret_call;
}

void node_words_way(struct strbuf *words, const struct forest *forest, uint32_t number)
{
	uint32_t at = number, call;
	size_t count = 0, i;

	while ((at = next_on_way(forest, at, &call)))
		count++;
	at = number;
	for (i = 0; (at = next_on_way(forest, at, &call)); i++) {
		const struct node *from = forest_node(forest, call);

		if (i >= WAY_FIRST && count > WAY_FIRST + WAY_LAST + 1 && i + WAY_LAST < count) {
			if (i == WAY_FIRST)
				strbuf_printf(words, "  <  %zu more", count - WAY_FIRST - WAY_LAST);
			continue;
		}
		strbuf_add_string(words, i ? "  <  " : "");
		if (!i && from)
			strbuf_add_string(words, "by ");
		if (from && (from->kind == NODE_CREATED || from->kind == NODE_ARMED))
			add_api(words, forest, from);
		if (!from || from->kind == NODE_CREATED || from->kind == NODE_ARMED)
			strbuf_add_string(words, from ? " in " : "in ");
		node_words_run(words, forest, at);
	}
}

void node_words_point(struct strbuf *words, const struct forest *forest, uint32_t number, int side)
{
	const struct node *node = forest_node(forest, number);
	const struct node_side *own = node->sides[side];

	if (!own || own->first_id == UNKNOWN)
		return;
	if (node->kind == NODE_CREATED || node->kind == NODE_ARMED)
		point_add_async(words, own->first_id);
	else
		point_add_run(words, own->first_id);
}
