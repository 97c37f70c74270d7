/* How near two words are: see spelling.h. */
#include "debugger/text/spelling.h"

#include <string.h>

size_t spelling_distance(const char *a, const char *b)
{
	size_t rows[3][24], i, j, length = strlen(b);

	if (strlen(a) > 22 || length > 22)
		return 99;
	for (j = 0; j <= length; j++)
		rows[0][j] = j;
	for (i = 1; a[i - 1]; i++) {
		size_t *row = rows[i % 3], *before = rows[(i - 1) % 3], *two = rows[(i + 1) % 3];

		row[0] = i;
		for (j = 1; j <= length; j++) {
			size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);

			best = before[j] + 1 < best ? before[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				two[j - 2] + 1 < best)
				best = two[j - 2] + 1;
			row[j] = best;
		}
	}
	return rows[strlen(a) % 3][length];
}

size_t spelling_limit(const char *word)
{
	return strlen(word) < 6 ? 2 : 3;
}
