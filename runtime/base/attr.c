/* attr.c - how a failed assertion ends the process: one line on stderr, then abort. */
#include "base/attr.h"

#include <stdio.h>
#include <stdlib.h>

void wtl__assert_failed(const char *condition, const char *file, int line)
{
    (void)fprintf(stderr, "wattle: assertion failed: %s (%s:%d)\n", condition, file, line);
    abort();
}
