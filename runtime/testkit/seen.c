/*
 * seen.c - every actor that has lived in a world: who it was, and how it ended. See world.h.
 *
 * It stands around each run of an actor: the first one is its begin, and one that ends it leaves
 * the reason in the cell.
 */
#include "testkit/world.h"

#include <stdio.h>
#include <stdlib.h>

bool wtl__test_is_ours(const struct wtl_actor *type)
{
    return type->name != NULL && type->name[0] == '$';
}

struct wtl__test_actor *wtl__test_seen(const struct wtl_test *t, struct wtl_pid pid)
{
    for (uint32_t i = t->actors_count; i > 0; i--) {
        if (wtl_pid_equal(t->actors[i - 1].pid, pid)) {
            return &t->actors[i - 1];
        }
    }
    return NULL;
}

static struct wtl__test_actor *put_begin(struct wtl_test *t, const struct wtl__cell *cell,
                                         struct wtl_pid pid)
{
    if (t->actors_count == t->actors_capacity) {
        uint32_t larger = t->actors_capacity == 0 ? 64 : 2 * t->actors_capacity;
        WTL_ASSERT(larger <= WTL__TEST_ACTORS_MAX);
        t->actors = realloc(t->actors, larger * sizeof *t->actors);
        WTL_ASSERT(t->actors != NULL);
        t->actors_capacity = larger;
    }
    struct wtl__test_actor *actor = &t->actors[t->actors_count++];
    const struct wtl__cell *parent = wtl__cells_find(&t->step.runtime.cells, cell->parent.local);
    *actor = (struct wtl__test_actor){
        .pid = pid,
        .parent = cell->parent,
        .type = cell->type,
        .is_top = parent != NULL && wtl__test_is_ours(parent->type),
    };
    (void)snprintf(actor->name, sizeof actor->name, "%s",
                   cell->type->name != NULL ? cell->type->name : "actor");
    return actor;
}

struct wtl__test_actor *wtl__test_meet(struct wtl_test *t, struct wtl_pid pid)
{
    struct wtl__test_actor *actor = wtl__test_seen(t, pid);
    const struct wtl__cell *cell = wtl__cells_find(&t->step.runtime.cells, pid.local);
    return actor != NULL || cell == NULL ? actor : put_begin(t, cell, pid);
}

static void note_pid(struct wtl_test *t, const char *what, struct wtl_pid pid, const char *behind)
{
    char line[WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    wtl__test_put_pid(t, &text, pid);
    wtl_test_note(t, "%s %s%s", what, line, behind);
}

static void put_end(struct wtl_test *t, struct wtl_pid pid, struct wtl_reason reason)
{
    char text[42] = ": ";
    struct wtl__test_actor *actor = wtl__test_seen(t, pid);
    WTL_ASSERT(actor != NULL);
    actor->has_ended = true;
    actor->ended_ms = wtl_test_now_ms(t);
    actor->ended_before = t->actors_count;
    actor->reason = reason;
    (void)wtl_reason_text(reason, text + 2);
    note_pid(t, "ended  ", pid, text);
}

static enum wtl__run watched_run(struct wtl__ctx *x, struct wtl__cell *cell, unsigned messages)
{
    struct wtl_test *t = wtl__test_of(x->runtime);
    struct wtl_pid pid = wtl__pid_of(x->runtime, cell);
    bool ours = wtl__test_is_ours(cell->type) || wtl_pid_equal(pid, t->upgrade.upgrader);
    if (cell->state_now == WTL__CELL_NEW && !ours) {
        (void)wtl__test_meet(t, pid);
        note_pid(t, "started", pid, "");
    }
    t->is_counting = !ours && (cell->flags & (WTL__CELL_SYSTEM | WTL__CELL_SUPERVISOR)) == 0;
    enum wtl__run result = t->run(x, cell, messages);
    t->is_counting = false;
    if (result == WTL__RUN_ENDED && !ours) {
        put_end(t, pid, cell->reason); /* the cell is free, and as it was left */
    }
    return result;
}

void wtl__test_watch(struct wtl_test *t)
{
    t->run = t->step.runtime.run;
    t->step.runtime.run = watched_run;
}

void wtl__test_unwatch(struct wtl_test *t)
{
    t->step.runtime.run = t->run;
}

/* ---- the verdict ----------------------------------------------------------------------------- */

/* Has it only gone along with another one, by a link? */
static bool goes_along(const struct wtl_test *t, const struct wtl__test_actor *actor)
{
    for (uint32_t i = 0; i < t->actors_count; i++) {
        const struct wtl__test_actor *other = &t->actors[i];
        if (other->is_expected && other->has_ended && other->ended_ms == actor->ended_ms &&
            other->reason.class_ == actor->reason.class_ &&
            wtl_tag_equal(other->reason.word, actor->reason.word)) {
            return true;
        }
    }
    return false;
}

void wtl__test_judge(struct wtl_test *t)
{
    for (uint32_t i = 0; i < t->actors_count && !t->has_failed; i++) {
        const struct wtl__test_actor *actor = &t->actors[i];
        bool fault = actor->reason.class_ == WTL_EXIT_FAULT;
        bool excused = actor->is_expected || (t->is_starved && t->allocation_failed && !fault);
        if (!actor->has_ended || excused || (actor->reason.class_ != WTL_EXIT_ERROR && !fault) ||
            goes_along(t, actor)) {
            continue;
        }
        char line[WTL__TEST_LINE_BYTES];
        char reason[40];
        struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
        wtl__test_put_pid(t, &text, actor->pid);
        wtl__test_report(t, "%s has ended with %s, which the test did not expect", line,
                         wtl_reason_text(actor->reason, reason));
    }
}
