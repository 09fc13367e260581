/*
 * looks_race.c - actors that are suspended, looked into, changed and traced while tokens go around
 * them on several workers, for the thread sanitizer. Exit code 0: every question was answered, and
 * every token came.
 */
#include "program.h"

enum { RING = 20, TOKENS = 10, HOPS = 500, WATCHERS = 4, ROUNDS = 200, EVENTS = 3 };

/* ---- the ring -------------------------------------------------------------------------------- */

static struct wtl_pid ring[RING];

struct member {
    uint64_t index;
    uint64_t seen;
};

static enum wtl_status member_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct member *member = self;
    (void)x;
    (void)settings;
    member->index = program_number(args);
    return WTL_OK;
}

static enum wtl_status member_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct member *member = self;
    uint64_t left = program_number(m);
    member->seen++;
    if (left == 0) {
        program_count();
        return WTL_OK;
    }
    WTL_ASSERT(program_send(x, ring[(member->index + 1) % RING], m->tag, left - 1) == WTL_OK);
    return WTL_OK;
}

static void member_show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct member *member = self;
    (void)x;
    wtl_put_u64(out, member->index);
}

/* Takes the index that it has. */
static enum wtl_status member_replace(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    const struct member *member = self;
    (void)x;
    return program_number(state) == member->index ? WTL_OK : WTL_INVALID;
}

static WTL_ACTOR(member, struct member, .init = member_init, .handle = member_handle,
                 .show = member_show, .replace = member_replace);

/* ---- who looks ------------------------------------------------------------------------------- */

struct watcher {
    uint64_t index; /* of the member that is looked at */
    uint64_t round;
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context);

static const struct wtl_call_options *then(int *step)
{
    static _Thread_local struct wtl_call_options options;
    options = (struct wtl_call_options){
        .on_answer = on_answer, .context = step, .context_size = sizeof *step};
    return &options;
}

static void ask(struct wtl_ctx *x, const struct watcher *watcher, int step)
{
    struct wtl_pid to = ring[watcher->index];
    struct wtl_writer state;
    switch (step) {
    case 0:
        (void)wtl_sys_suspend(x, to, then(&step));
        break;
    case 1:
        (void)wtl_sys_trace(x, to, EVENTS, then(&step));
        break;
    case 2:
        (void)wtl_sys_state(x, to, then(&step));
        break;
    case 3:
        (void)wtl_message_open(x, &state, 16);
        wtl_put_u64(&state, watcher->index);
        (void)wtl_sys_replace(x, to, &state, then(&step));
        break;
    case 4:
        (void)wtl_sys_statistics(x, to, then(&step));
        break;
    default:
        (void)wtl_sys_resume(x, to, then(&step));
        break;
    }
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct watcher *watcher = self;
    int step;
    memcpy(&step, context, sizeof step);
    /* another one may trace it */
    WTL_ASSERT(answer->status == WTL_OK || (step == 1 && answer->status == WTL_EXISTS));
    WTL_ASSERT(step != 2 || program_number(&answer->message) == watcher->index);
    if (step < 5) {
        ask(x, watcher, step + 1);
        return WTL_OK;
    }
    watcher->index = (watcher->index + 7) % RING;
    if (++watcher->round == ROUNDS) {
        program_count();
    } else {
        ask(x, watcher, 0);
    }
    return WTL_OK;
}

static enum wtl_status watcher_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct watcher *watcher = self;
    struct wtl_trace_event event;
    if (wtl_is(m, "go")) {
        watcher->index = program_number(m);
        ask(x, watcher, 0);
    } else {
        WTL_ASSERT(wtl_trace_read(m, &event));
        WTL_ASSERT(event.what == WTL_TRACE_OVER || event.kind == WTL_TRACE_MESSAGE);
    }
    return WTL_OK;
}

static WTL_ACTOR(watcher, struct watcher, .handle = watcher_handle);

int main(void)
{
    program_begin(3, false);
    for (uint64_t i = 0; i < RING; i++) {
        struct wtl_writer args;
        (void)wtl_runtime_message(&args, 16);
        wtl_put_u64(&args, i);
        ring[i] = program_spawn(&member, &args);
    }
    for (uint64_t i = 0; i < WATCHERS; i++) {
        WTL_ASSERT(program_tell(program_spawn(&watcher, NULL), WTL_TAG("go"), i) == WTL_OK);
    }
    for (uint64_t i = 0; i < TOKENS; i++) {
        WTL_ASSERT(program_tell(ring[i], WTL_TAG("token"), HOPS) == WTL_OK);
    }
    program_wait(TOKENS + WATCHERS);
    program_end("tokens and watchers around the ring");
    return 0;
}
