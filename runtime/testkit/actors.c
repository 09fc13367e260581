/* actors.c - starting, ending and finding actors. See world.h. */
#include "testkit/world.h"

#include <stdio.h>

#include "actor/version.h"
#include "base/pool.h"

struct wtl_pid wtl__test_spawn(struct wtl_test *t, const struct wtl_actor *type,
                               const struct wtl_spawn_options *options)
{
    return t->is_over ? WTL_PID_NONE : wtl_spawn(wtl_test_ctx(t), type, options);
}

struct wtl_pid wtl_test_supervise(struct wtl_test *t, const struct wtl_tree *tree)
{
    return t->is_over ? WTL_PID_NONE : wtl_supervise(wtl_test_ctx(t), tree, NULL);
}

bool wtl_test_lives(struct wtl_test *t, struct wtl_pid pid)
{
    return !t->is_over && wtl__test_settle(t) &&
           wtl__cells_find(&t->step.runtime.cells, pid.local) != NULL;
}

/* ---- ending ---------------------------------------------------------------------------------- */

static void note_pid(struct wtl_test *t, const char *what, struct wtl_pid pid)
{
    char line[WTL__TEST_LINE_BYTES];
    struct wtl__test_text text = wtl__test_text_over(line, sizeof line);
    wtl__test_put_pid(t, &text, pid);
    wtl_test_note(t, "%s %s", what, line);
}

/* Its end is the test's doing. */
static void expected(struct wtl_test *t, struct wtl_pid pid)
{
    struct wtl__test_actor *actor = wtl__test_meet(t, pid);
    if (actor != NULL && !actor->has_ended) {
        actor->is_expected = true;
    }
}

void wtl_test_kill(struct wtl_test *t, struct wtl_pid pid)
{
    if (!t->is_over) {
        expected(t, pid);
        note_pid(t, "killed ", pid);
        wtl_exit(wtl_test_ctx(t), pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
    }
}

/* A function that runs on the actor, and ends it. */
struct ending {
    struct wtl__control control; /* first */
    struct wtl_reason reason;
};

static void run_ending(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    (void)x;
    if (cell != NULL) {
        wtl__cell_fail(cell, ((struct ending *)control)->reason);
    }
    wtl__pool_give(control);
}

static void end_with(struct wtl_test *t, struct wtl_pid pid, struct wtl_reason reason)
{
    struct ending *ending = wtl__pool_take(sizeof *ending);
    WTL_ASSERT(ending != NULL);
    *ending = (struct ending){.control = {.run = run_ending, .signal.msg.kind_ = WTL__CONTROL},
                              .reason = reason};
    (void)wtl__deliver(&t->step.runtime, NULL, pid, &ending->control.signal);
}

void wtl_test_crash(struct wtl_test *t, struct wtl_pid pid)
{
    if (!t->is_over) {
        expected(t, pid);
        note_pid(t, "crashed", pid);
        end_with(t, pid, WTL_REASON(WTL_EXIT_ERROR, "crash"));
    }
}

void wtl_test_stop(struct wtl_test *t, struct wtl_pid pid)
{
    if (!t->is_over) {
        expected(t, pid);
        note_pid(t, "stopped", pid);
        end_with(t, pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    }
}

/* ---- expecting an end ------------------------------------------------------------------------ */

bool wtl__test_expect_end(struct wtl_test *t, struct wtl_pid pid, const char *reason)
{
    char name[WTL__TEST_LINE_BYTES];
    char came[40];
    if (t->is_over || !wtl__test_settle(t)) {
        return false;
    }
    struct wtl__test_actor *actor = wtl__test_seen(t, pid);
    struct wtl__test_text text = wtl__test_text_over(name, sizeof name);
    wtl__test_put_pid(t, &text, pid);
    if (actor == NULL || !actor->has_ended) {
        wtl__test_fail(t, "expected that %s has ended with %s, and it %s", name, reason,
                       actor == NULL ? "never was" : "lives");
        return false;
    }
    if (strcmp(wtl_reason_text(actor->reason, came), reason) != 0) {
        wtl__test_fail(t, "expected that %s has ended with %s, and it has with %s", name, reason,
                       came);
        return false;
    }
    actor->is_expected = true;
    return true;
}

/* Are they types of one line? */
static bool is_version_of(const struct wtl_test *t, const struct wtl_actor *a,
                          const struct wtl_actor *b)
{
    return wtl__version_now(&t->step.runtime, a) == wtl__version_now(&t->step.runtime, b);
}

/* The first actor of the same parent and type that has begun after its end. */
static struct wtl__test_actor *successor(const struct wtl_test *t,
                                         const struct wtl__test_actor *actor)
{
    for (uint32_t i = actor->ended_before; i < t->actors_count; i++) {
        struct wtl__test_actor *other = &t->actors[i];
        if (!other->is_successor && is_version_of(t, other->type, actor->type) &&
            wtl_pid_equal(other->parent, actor->parent)) {
            return other;
        }
    }
    return NULL;
}

struct wtl_pid wtl__test_expect_restart(struct wtl_test *t, struct wtl_pid pid)
{
    char name[WTL__TEST_LINE_BYTES];
    uint64_t end_ns = t->step.now_ns + WTL_TEST_RESTART_MS * WTL__NS_PER_MS;
    bool goes_on = !t->is_over && wtl__test_settle(t);
    struct wtl__test_actor *actor = goes_on ? wtl__test_seen(t, pid) : NULL;
    struct wtl__test_actor *other = NULL;
    while (goes_on && actor != NULL && other == NULL) {
        actor = wtl__test_seen(t, pid); /* the table may have moved */
        other = actor->has_ended && !actor->is_followed ? successor(t, actor) : NULL;
        goes_on = other != NULL || wtl__test_to_timer(t, end_ns);
    }
    if (other != NULL) {
        actor->is_expected = true;
        actor->is_followed = true;
        other->is_successor = true;
        return other->pid;
    }
    if (!t->is_over) {
        struct wtl__test_text text = wtl__test_text_over(name, sizeof name);
        wtl__test_put_pid(t, &text, pid);
        wtl__test_fail(t, "expected that %s is started again, and %s", name,
                       actor == NULL       ? "it never was"
                       : !actor->has_ended ? "it has not ended"
                                           : "nothing has taken its place");
    }
    return WTL_PID_NONE;
}

/* ---- finding --------------------------------------------------------------------------------- */

struct wtl_pid wtl__test_find(struct wtl_test *t, const char *type_name)
{
    struct wtl_pid found = WTL_PID_NONE;
    unsigned count = 0;
    if (t->is_over || !wtl__test_settle(t)) {
        return found;
    }
    for (uint32_t i = 0; i < t->actors_count; i++) {
        if (!t->actors[i].has_ended && strcmp(t->actors[i].name, type_name) == 0) {
            found = t->actors[i].pid;
            count++;
        }
    }
    if (count != 1) {
        wtl__test_fail(t, "expected one actor of type %s, and %u live", type_name, count);
        found = WTL_PID_NONE;
    }
    return found;
}

/* WTL_CHILDREN_LIST: [[id, node, local, ...], ...]. */
static bool child_of(struct wtl_reader *reader, const char *id, struct wtl_pid *pid_out)
{
    uint32_t left = wtl_get_array(reader);
    for (; left > 0 && !reader->failed; left--) {
        size_t size = 0;
        uint32_t values = wtl_get_array(reader);
        const char *name = wtl_peek(reader) == WTL_PACK_STR ? wtl_get_str(reader, &size) : NULL;
        if (name == NULL) {
            wtl_skip(reader);
        }
        pid_out->node = wtl_get_u64(reader);
        pid_out->local = wtl_get_u64(reader);
        if (name != NULL && strlen(id) == size && memcmp(name, id, size) == 0) {
            return !reader->failed;
        }
        for (; values > 3; values--) {
            wtl_skip(reader);
        }
    }
    return false;
}

struct wtl_pid wtl__test_child(struct wtl_test *t, struct wtl_pid supervisor, const char *id)
{
    struct wtl_pid pid = WTL_PID_NONE;
    if (t->is_over || !wtl__test_settle(t)) { /* it has started them first */
        return WTL_PID_NONE;
    }
    const struct wtl_answer *answer = wtl__test_ask_children(t, supervisor);
    struct wtl_reader reader = wtl_read(&answer->message);
    if (answer->status != WTL_OK) {
        wtl__test_fail(t, "expected the children of a supervisor, and it answers: %s",
                       wtl_status_text(answer->status));
        return WTL_PID_NONE;
    }
    if (!child_of(&reader, id, &pid)) {
        wtl__test_fail(t, "expected a child %s, and the supervisor has no child of that id", id);
        return WTL_PID_NONE;
    }
    return pid;
}
