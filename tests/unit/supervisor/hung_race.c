/*
 * hung_race.c - a child on a real thread whose function does not return, and cannot be ended: its
 * supervisor goes on, says so, and starts it again when it has returned. For the thread sanitizer
 * as well. Exit code 0: all of that; what does not come hangs, and the watchdog ends it.
 */
#include "../sched/program.h"

#include <wattle/supervisor.h>

#include "base/log.h"

enum { PROGRESS_MS = 20, ROUNDS = 5 };

static _Atomic(bool) released;
static _Atomic(unsigned) said_hung;
static _Atomic(unsigned) said_stuck;
static _Atomic(unsigned) starts;

static void take_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)length;
    atomic_fetch_add(&said_hung, strstr(line, "context=child_hung ") != NULL);
    atomic_fetch_add(&said_stuck, strstr(line, "context=child_stuck ") != NULL);
}

static enum wtl_status child_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    (void)x;
    (void)self;
    (void)settings;
    (void)args;
    atomic_fetch_add(&starts, 1);
    return WTL_OK;
}

static enum wtl_status child_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    while (wtl_is(m, "hold") && !atomic_load(&released)) {
        (void)sched_yield();
    }
    if (wtl_is(m, "count")) {
        program_count();
    }
    return WTL_OK;
}

static WTL_ACTOR(child_type, char, .init = child_init, .handle = child_handle);

static void tell_name(const char *name, struct wtl_tag tag)
{
    struct wtl_pid to;
    do {
        to = wtl_runtime_whereis(program_runtime, name);
    } while (program_tell(to, tag, 0) != WTL_OK); /* while it is being restarted */
}

static void wait_until(_Atomic(unsigned) *count, unsigned more_than)
{
    while (atomic_load(count) <= more_than) {
        (void)sched_yield();
    }
}

int main(void)
{
    const struct wtl_child children[] = {
        {.id = "a", .name = "a", .type = &child_type, .progress_ms = PROGRESS_MS},
        {.id = "b", .name = "b", .type = &child_type, .progress_ms = PROGRESS_MS}};
    const struct wtl_tree tree = {
        .children = children, .children_count = WTL_COUNT(children), .intensity = 100};
    wtl__log_set_sink(wtl__log_process(), take_line, NULL);
    wtl__log_set_rate(wtl__log_process(), 1000000);
    program_begin(2, false);
    struct wtl_pid top = wtl_runtime_supervise(program_runtime, &tree, "top");
    WTL_ASSERT(!wtl_pid_is_none(top));
    wait_until(&starts, 1);
    for (unsigned round = 0; round < ROUNDS; round++) {
        tell_name("a", WTL_TAG("hold"));
        wait_until(&said_hung, round);
        wait_until(&said_stuck, round);
        tell_name("b", WTL_TAG("count")); /* the other worker serves */
        program_wait(round + 1);
        atomic_store(&released, true);
        wait_until(&starts, 2 + round);
        atomic_store(&released, false);
    }
    WTL_ASSERT(atomic_load(&starts) == 2 + ROUNDS);
    WTL_ASSERT(atomic_load(&said_hung) == ROUNDS && atomic_load(&said_stuck) == ROUNDS);
    program_end("children that were hung");
    return 0;
}
