/* The queries of schema/queries, made into text by schema/embed_queries.sh. */
#ifndef ACAUSAL_SCHEMA_QUERIES_H
#define ACAUSAL_SCHEMA_QUERIES_H

struct schema_query {
	const char *name; /* of the file, without .sql */
	const char *sql;  /* the whole of it, comments too */
};

/* Ends with one without a name. */
extern const struct schema_query schema_queries[];

#endif
