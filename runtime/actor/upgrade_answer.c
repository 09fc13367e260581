/*
 * upgrade_answer.c - a pending call holds the address of a function; another version has another
 * one of the same name.
 *
 * Calls that wait for their answer are ties of the actor; those that were answered are entries of
 * its queue, or of its ring.
 *
 * Thread: the holder of the run token.
 */
#include "actor/upgrade.h"

static const struct wtl_answerer *by_function(const struct wtl_actor *type, wtl_on_answer function)
{
    const struct wtl_answerer *each = wtl__type_answers(type);
    while (each != NULL && each->name != NULL && each->on_answer != function) {
        each++;
    }
    return each != NULL && each->name != NULL ? each : NULL;
}

static const struct wtl_answerer *by_name(const struct wtl_actor *type, const char *name)
{
    const struct wtl_answerer *each = wtl__type_answers(type);
    while (each != NULL && each->name != NULL && strcmp(each->name, name) != 0) {
        each++;
    }
    return each != NULL && each->name != NULL ? each : NULL;
}

struct search {
    const struct wtl_around *around;
    const struct wtl_actor *from;
    const struct wtl_actor *to;
    bool fits;
    bool switches;
    const char *missing;
};

/* Where the function is that the actor's own code is called by; NULL: it is none of its. */
static wtl_on_answer *slot_of(const struct search *search, struct wtl__pending *pending)
{
    if (pending->on_answer == NULL) {
        return NULL;
    }
    return search->around == NULL ? &pending->on_answer
                                  : search->around->answer(pending->on_answer, pending->context);
}

static void look(struct wtl__pending *pending, struct search *search)
{
    wtl_on_answer *slot = slot_of(search, pending);
    if (slot == NULL) {
        return;
    }
    const struct wtl_answerer *old = by_function(search->from, *slot);
    const struct wtl_answerer *now = old != NULL ? by_name(search->to, old->name) : NULL;
    if (now == NULL) {
        search->fits = false;
        search->missing = old != NULL ? old->name : search->missing;
    } else if (search->switches) {
        *slot = now->on_answer;
    }
}

static void look_at_tie(struct wtl__envelope *tie, void *context)
{
    if (wtl__tie_of(tie) == WTL__TIE_PENDING) {
        look(WTL_CONTAINER(tie, struct wtl__pending, tie), context);
    }
}

static void look_at_entry(struct wtl__envelope *entry, void *context)
{
    if (entry->msg.kind_ == WTL__ANSWER) {
        look(WTL_CONTAINER(entry, struct wtl__pending, tie), context);
    }
}

static void look_at_all(struct wtl__cell *cell, struct search *search)
{
    wtl__ties_each(&cell->ties, look_at_tie, search);
    for (struct wtl__envelope *entry = cell->fifo; entry != NULL; entry = entry->next) {
        look_at_entry(entry, search);
    }
    if (cell->ring != NULL) {
        wtl__ring_each(cell, look_at_entry, search);
    }
}

bool wtl__answers_fit(struct wtl__cell *cell, const struct wtl_actor *from,
                      const struct wtl_actor *to, const char **missing_out)
{
    struct search search = {
        .around = wtl__type_around(cell->type), .from = from, .to = to, .fits = true};
    look_at_all(cell, &search);
    *missing_out = search.missing;
    return search.fits;
}

void wtl__answers_switch(struct wtl__cell *cell, const struct wtl_actor *from,
                         const struct wtl_actor *to)
{
    struct search search = {
        .around = wtl__type_around(cell->type), .from = from, .to = to, .switches = true};
    look_at_all(cell, &search);
}
