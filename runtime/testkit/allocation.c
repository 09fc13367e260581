/*
 * allocation.c - allocations that fail. See world.h.
 *
 * Everything that the runtime allocates for actors it takes from the pools. Whoever links the kit
 * has the linker put this file's function in front of the pools' (-Wl,--wrap, which comes with the
 * kit's target and its pkg-config file): the pools themselves, which are among the fastest code
 * there is, know nothing of it. The functions of the two names below are the linker's.
 *
 * Thread: a world's; while there is one, no other thread may run actors.
 */
#include "testkit/world.h"

#include "base/pool.h"

void *wtl__test_take(size_t size) __asm__("__wrap_wtl__pool_take");
void *wtl__test_take_real(size_t size) __asm__("__real_wtl__pool_take");

static struct wtl_test *world;
static bool is_wrapped;

void *wtl__test_take(size_t size)
{
    struct wtl_test *t = world;
    is_wrapped = true;
    if (t != NULL && t->is_counting) {
        t->allocations++;
        if (t->allocations == t->fail_at) {
            t->allocation_failed = true;
            wtl_test_note(t, "failed  allocation %ju, of %zu bytes", (uintmax_t)t->fail_at, size);
            return NULL;
        }
    }
    return wtl__test_take_real(size);
}

bool wtl__test_allocations_of(struct wtl_test *t)
{
    world = t;
    wtl__pool_give(wtl__pool_take(1));
    wtl__pool_go_long();
    return is_wrapped;
}

void wtl_test_fail_allocation(struct wtl_test *t, uint64_t n)
{
    t->fail_at = n > 0 ? t->allocations + n : 0;
    t->allocation_failed = false;
}

uint64_t wtl_test_allocations(const struct wtl_test *t)
{
    return t->allocations;
}

bool wtl_test_allocation_failed(const struct wtl_test *t)
{
    return t->allocation_failed;
}
