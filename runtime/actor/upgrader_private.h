/*
 * upgrader_private.h - what the files of the upgrader share: upgrader.c decides, upgrader_visit.c
 * goes to all actors and asks them. See upgrade.h, and the phases in upgrader.c.
 *
 * Thread: the upgrader's own.
 */
#ifndef WTL_ACTOR_UPGRADER_PRIVATE_H
#define WTL_ACTOR_UPGRADER_PRIVATE_H

#include "actor/upgrade.h"

/* What the upgrader tells itself, when a time is over. */
#define WTL__UPGRADER_DEADLINE  WTL_TAG("$deadline")
#define WTL__UPGRADER_AGAIN     WTL_TAG("$again")
#define WTL__UPGRADER_INTERRUPT WTL_TAG("$interrupt")

enum wtl__upgrader_phase {
    WTL__UPGRADER_IDLE = 0,
    WTL__UPGRADER_PREPARING,
    WTL__UPGRADER_RELENTING,
    WTL__UPGRADER_COMMITTING,
    WTL__UPGRADER_ABORTING
};

struct wtl__upgrader {
    struct wtl__ending ending;
    enum wtl__upgrader_phase phase;
    struct wtl__upgrade *now; /* counted; NULL when idle */
    uint64_t numbers;
    uint32_t cursor;  /* slots that were looked at */
    uint32_t slots;   /* of these there are so many */
    uint32_t out_now; /* errands that are away and awaited */
    uint32_t retry_ms;
    uint32_t patience_ms;   /* so long some may wait while others are held */
    uint64_t since_ns;      /* when the visit has begun */
    bool retries;           /* a timer runs for those that wait */
    struct wtl_error wait;  /* for what, the last time that the others went on */
    uint64_t deadline;      /* timer; 0: none */
    uint32_t interrupts;    /* sent since the last deadline */
    struct wtl__list out;   /* errands that are away */
    struct wtl__list waits; /* whose actors could not be saved yet */
    struct wtl__list held;  /* whose actors are held */
};

/* ---- upgrader.c ------------------------------------------------------------------------------ */

static inline struct wtl__errand *wtl__errand_take(struct wtl__list *list)
{
    struct wtl__link *link = wtl__list_take_first(list);
    return link != NULL ? WTL_LIST_ITEM(link, struct wtl__errand, link) : NULL;
}

void wtl__upgrader_send(struct wtl__ctx *x, struct wtl__upgrader *self, struct wtl__errand *errand,
                        enum wtl__errand_verb verb);
/* Sends that to all whose actors are held. */
void wtl__upgrader_tell_held(struct wtl__ctx *x, struct wtl__upgrader *self,
                             enum wtl__errand_verb verb);
/* Those whose actors could not be saved yet are asked no more. */
void wtl__upgrader_forget_waits(struct wtl__upgrader *self);

/* ---- upgrader_visit.c ------------------------------------------------------------------------ */

/* From the first of all actors on: what is spawned waits, and all others are looked at. */
void wtl__upgrader_begin_visit(struct wtl__ctx *x, struct wtl__upgrader *self);
/* Sends errands to all that live, so many at a time. */
void wtl__upgrader_visit(struct wtl__ctx *x, struct wtl__upgrader *self);
/* Some could not be saved: asks them again a while later, */
void wtl__upgrader_retry_later(struct wtl__ctx *x, struct wtl__upgrader *self);
/* which is now. */
void wtl__upgrader_again(struct wtl__ctx *x, struct wtl__upgrader *self);
/* Puts into the error of the upgrade for what it has waited until the end of its time. */
void wtl__upgrader_time_is_over(struct wtl__upgrader *self);

#endif
