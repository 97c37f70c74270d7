/* What a copied arena says of the program that its process ran. */
#ifndef ACAUSAL_SNAPSHOT_IMAGE_PROGRAM_H
#define ACAUSAL_SNAPSHOT_IMAGE_PROGRAM_H

#include <stddef.h>

struct image_program {
	char *executable;     /* path; NULL: it does not say */
	char *arguments_json; /* NULL: it does not say, or only the first of them */
};

/* Of the bytes of an arena. Never fails: what cannot be read is not known. */
void image_program_init(struct image_program *, const void *bytes, size_t size);
void image_program_deinit(struct image_program *);

#endif
