/* inject.c - the global queue on one thread; inject_race.c has the threads. */
#include "sched/inject.h"

#include <criterion/criterion.h>

enum { ITEMS = 20 };

static struct wtl__fifo_link items[ITEMS];
static struct wtl__inject queue;
static struct wtl__fifo taken;

static void setup(void)
{
    wtl__inject_init(&queue);
}

TestSuite(inject, .init = setup);

Test(inject, gives_back_in_order)
{
    cr_assert_eq(wtl__inject_take(&queue, ITEMS, &taken), 0);
    for (int i = 0; i < 10; i++) {
        wtl__inject_push(&queue, &items[i]);
    }
    cr_assert_eq(wtl__inject_count(&queue), 10);
    cr_assert_eq(wtl__inject_take(&queue, 3, &taken), 3);
    for (int i = 10; i < ITEMS; i++) {
        wtl__inject_push(&queue, &items[i]);
    }
    cr_assert_eq(wtl__inject_take(&queue, 0, &taken), 0);
    cr_assert_eq(wtl__inject_take(&queue, 100, &taken), ITEMS - 3);
    cr_assert_eq(wtl__inject_count(&queue), 0);
    for (int i = 0; i < ITEMS; i++) {
        cr_assert_eq(wtl__fifo_take(&taken), &items[i]);
    }
    cr_assert(wtl__fifo_is_empty(&taken));
}

Test(inject, a_fifo_is_pushed_in_its_order)
{
    struct wtl__fifo batch = {0};
    wtl__inject_push_all(&queue, &batch);
    cr_assert_eq(wtl__inject_count(&queue), 0);
    wtl__inject_push(&queue, &items[0]);
    for (int i = 1; i < ITEMS; i++) {
        wtl__fifo_push(&batch, &items[i]);
    }
    wtl__inject_push_all(&queue, &batch);
    cr_assert(wtl__fifo_is_empty(&batch));
    cr_assert_eq(wtl__inject_count(&queue), ITEMS);
    cr_assert_eq(wtl__inject_take(&queue, ITEMS, &taken), ITEMS);
    for (int i = 0; i < ITEMS; i++) {
        cr_assert_eq(wtl__fifo_take(&taken), &items[i]);
    }
}
