/* scene.c - see scene.h. */
#include "scene.h"

#include "base/pool.h"
#include "sched/system.h"
#include "sched/worker.h"

struct wtl_runtime *scene_runtime;
static unsigned blocked; /* handlers that wait in scene_block */

/* Does an actor sleep on something that has come? */
static const char *sleeps_on_something(const struct wtl__cells *cells)
{
    for (uint32_t slot = 0; slot < wtl__cells_used(cells); slot++) {
        uint64_t word = atomic_load(&wtl__cells_at(cells, slot)->inbox.word);
        if ((word & WTL__INBOX_IDLE) != 0 && wtl__inbox_top_of(word) != NULL) {
            return "an actor has gone idle with something in its mailbox";
        }
    }
    return NULL;
}

/* Does an actor wait in a queue? Its worker is asleep then, and nobody knows. */
static const char *waits_somewhere(void *context)
{
    const struct wtl__sched *sched = context;
    if (blocked > 0) {
        return NULL;
    }
    if (wtl__inject_count(&sched->inject) + wtl__inject_count(&sched->low) +
            wtl__inject_count(&sched->high) >
        0) {
        return "an actor waits in a queue for all workers";
    }
    for (unsigned i = 0; i < sched->workers_count; i++) {
        const struct wtl__worker *worker = &sched->workers[i];
        if (atomic_load(&worker->next) != NULL || wtl__runq_count(&worker->queue) > 0) {
            return "an actor waits at a worker";
        }
        if (wtl__inject_count(&worker->pinned) > 0) {
            return "an actor waits for the worker it is pinned to";
        }
    }
    return sleeps_on_something(&sched->runtime.cells);
}

void scene_begin(unsigned low, unsigned high)
{
    struct wtl_runtime_options options = {
        .workers = low + (unsigned)turns_draw(high - low + 1),
        .actors_max = 4096,
        .battery = turns_draw(4) == 0,
        .seed = 1 + turns_draw(1000),
    };
    struct wtl_error error = {0};
    blocked = 0;
    enum wtl_status status = wtl_runtime_create(&options, &scene_runtime, &error);
    WTL_ASSERT(status == WTL_OK);
    turns_when_idle(waits_somewhere, wtl__runtime_of(scene_runtime)->host_self);
}

void scene_end(void)
{
    wtl_runtime_stop(scene_runtime, 1000);
    TURNS_EXPECT(wtl_runtime_live(scene_runtime) == 0, "actors are left");
    turns_when_idle(NULL, NULL);
    wtl_runtime_destroy(scene_runtime);
    TURNS_EXPECT(!WTL_SANITIZED || wtl__pool_stats().used_bytes == 0, "%lu bytes are left",
                 (unsigned long)wtl__pool_stats().used_bytes);
}

struct wtl_pid scene_spawn(const struct wtl_actor *type, uint64_t number)
{
    struct wtl_writer args;
    (void)wtl_runtime_message(&args, 16);
    wtl_put_u64(&args, number);
    struct wtl_spawn_options options = {.args = &args};
    struct wtl_pid pid = wtl_runtime_spawn(scene_runtime, type, &options);
    WTL_ASSERT(!wtl_pid_is_none(pid));
    return pid;
}

enum wtl_status scene_tell(struct wtl_pid to, struct wtl_tag tag, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 16);
    wtl_put_u64(&body, number);
    return wtl_runtime_tell(scene_runtime, to, tag, &body);
}

enum wtl_status scene_send(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                           uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number);
    return wtl_try_tell(x, to, tag, &body);
}

uint64_t scene_number(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return wtl_get_u64(&reader);
}

void scene_enter(bool *inside)
{
    TURNS_EXPECT(!*inside, "two workers run the same actor");
    *inside = true;
    turns_point();
}

void scene_leave(bool *inside)
{
    turns_point();
    TURNS_EXPECT(*inside, "two workers have run the same actor");
    *inside = false;
}

void scene_block(bool (*is_true)(void *context), void *context)
{
    blocked++;
    turns_until(is_true, context, "what another actor does");
    blocked--;
}

struct goal {
    const unsigned *count;
    unsigned goal;
};

static bool is_reached(void *context)
{
    const struct goal *goal = context;
    return *goal->count >= goal->goal;
}

void scene_wait(const unsigned *count, unsigned goal, const char *what)
{
    turns_until(is_reached, &(struct goal){count, goal}, what);
}
