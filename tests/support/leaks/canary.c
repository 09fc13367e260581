/* canary.c - a criterion test that leaks on purpose: canary.sh looks for the report. */
#include <criterion/criterion.h>
#include <stdlib.h>

static void *volatile only;

Test(leaks, a_test_that_leaks)
{
    only = malloc(777);
    cr_assert_not_null(only);
    only = NULL;
}
