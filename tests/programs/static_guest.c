/* A static program: no library can be loaded into it. */
#include <stdio.h>

int main(void)
{
	puts("a static program ran");
	return 0;
}
