/* runq.c - the run queue on one thread; runq_race.c has the threads. */
#include "sched/runq.h"

#include <criterion/criterion.h>

static char things[3 * WTL__RUNQ_MAX];

Test(runq, gives_back_in_order_and_knows_its_bound)
{
    static struct wtl__runq queue;
    wtl__runq_init(&queue);
    cr_assert_null(wtl__runq_pop(&queue));
    for (int turn = 0; turn < 5; turn++) {
        for (int i = 0; i < WTL__RUNQ_MAX; i++) {
            cr_assert(i % 2 == 0 ? wtl__runq_push(&queue, &things[i])
                                 : wtl__runq_push_wake(&queue, &things[i]));
            cr_assert_eq(wtl__runq_count(&queue), (uint32_t)i + 1);
        }
        cr_assert_not(wtl__runq_push(&queue, &things[0]));
        cr_assert_not(wtl__runq_push_wake(&queue, &things[0]));
        for (int i = 0; i < WTL__RUNQ_MAX; i++) {
            cr_assert_eq(wtl__runq_pop(&queue), &things[i]);
        }
        cr_assert_null(wtl__runq_pop(&queue));
    }
}

Test(runq, sheds_its_older_half)
{
    static struct wtl__runq queue;
    void *shed[WTL__RUNQ_HALF];
    wtl__runq_init(&queue);
    cr_assert_eq(wtl__runq_shed(&queue, shed), 0);
    for (int i = 0; i < WTL__RUNQ_MAX; i++) {
        cr_assert(wtl__runq_push(&queue, &things[i]));
    }
    cr_assert_eq(wtl__runq_shed(&queue, shed), WTL__RUNQ_HALF);
    for (int i = 0; i < WTL__RUNQ_HALF; i++) {
        cr_assert_eq(shed[i], &things[i]);
    }
    cr_assert_eq(wtl__runq_count(&queue), WTL__RUNQ_MAX - WTL__RUNQ_HALF);
    cr_assert_eq(wtl__runq_pop(&queue), &things[WTL__RUNQ_HALF]);
}

Test(runq, a_thief_gets_the_older_half)
{
    static struct wtl__runq victim;
    static struct wtl__runq thief;
    wtl__runq_init(&victim);
    wtl__runq_init(&thief);
    cr_assert_null(wtl__runq_steal(&thief, &victim));
    for (int i = 0; i < 7; i++) {
        cr_assert(wtl__runq_push(&victim, &things[i]));
    }
    cr_assert_eq(wtl__runq_steal(&thief, &victim), &things[0]);
    for (int i = 1; i < 4; i++) {
        cr_assert_eq(wtl__runq_pop(&thief), &things[i]);
    }
    cr_assert_null(wtl__runq_pop(&thief));
    for (int i = 4; i < 7; i++) {
        cr_assert_eq(wtl__runq_pop(&victim), &things[i]);
    }
    cr_assert(wtl__runq_push(&victim, &things[9]));
    cr_assert_eq(wtl__runq_steal(&thief, &victim), &things[9]);
    cr_assert_eq(wtl__runq_count(&thief) + wtl__runq_count(&victim), 0);
}

Test(runq, a_thief_takes_no_more_than_it_has_room_for)
{
    static struct wtl__runq victim;
    static struct wtl__runq thief;
    wtl__runq_init(&victim);
    wtl__runq_init(&thief);
    for (int i = 0; i < WTL__RUNQ_MAX; i++) {
        cr_assert(wtl__runq_push(&victim, &things[i]));
        cr_assert(i < 2 || wtl__runq_push(&thief, &things[WTL__RUNQ_MAX + i]));
    }
    cr_assert_eq(wtl__runq_steal(&thief, &victim), &things[0]);
    cr_assert_eq(wtl__runq_count(&thief), WTL__RUNQ_MAX);
    cr_assert_eq(wtl__runq_count(&victim), WTL__RUNQ_MAX - 3);
    cr_assert_eq(wtl__runq_steal(&thief, &victim), &things[3]);
    cr_assert_eq(wtl__runq_count(&thief), WTL__RUNQ_MAX);
    cr_assert_eq(wtl__runq_pop(&victim), &things[4]);
}
