/* kit.c - see kit.h. */
#include "kit.h"

const struct wtl_actor *machine(struct wtl_test *t, const char *name)
{
    wtl_test_load(t, MACHINE_SO);
    return wtl_test_actor(t, name);
}

void passes(wtl_test_fn fn, uint32_t seeds)
{
    const char *failure = wtl_test_try(fn, &(struct wtl_test_options){.seeds = seeds});
    cr_assert_null(failure, "%s", failure);
}
