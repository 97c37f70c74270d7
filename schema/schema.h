/*
 * The schema of a recording, as SQL text: made of schema/NAME.sql by schema/embed.sh, each as
 * schema_NAME_sql.
 */
#ifndef ACAUSAL_SCHEMA_SCHEMA_H
#define ACAUSAL_SCHEMA_SCHEMA_H

#define SCHEMA_APPLICATION_ID 0x61636175 /* "acau" */
#define SCHEMA_USER_VERSION   1

extern const char schema_tables_sql[];
extern const char schema_views_sql[];
extern const char schema_indexes_sql[]; /* run when the recording is finished */

#endif
