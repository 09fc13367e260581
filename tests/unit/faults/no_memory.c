/*
 * no_memory.c - X075: the n-th allocation fails, once or for ever, for each n, while actors are
 * started, sent to, named, watched, supervised and stopped. The runtime is the seeded single step,
 * so that the n-th is the same each time.
 *
 * What must hold, whichever failed: nothing crashes; whoever waits for an answer or an end hears of
 * it, or has itself ended `no_memory`; no name of an actor that has ended is left; nothing leaks.
 * Where the runtime may not go on without memory it says so: an actor that cannot make a tie, and
 * the single step, whose own tables are made before.
 */
#include <criterion/criterion.h>

#include <wattle/runtime.h>
#include <wattle/table.h>
#include <wattle/wattle.h>

#include "actor/names.h"
#include "actor/supervisor.h"
#include "base/log.h"
#include "base/pool.h"
#include "sched/step.h"
#include "wrap.h"

enum { CHILDREN = 3, SWEEP_MAX = 20000, SETTLE_MS = 20000 };

static struct wtl__step step;

/* What the tester has seen. */
static struct {
    struct wtl_pid children[CHILDREN];
    uint64_t refs[CHILDREN];
    bool down[CHILDREN];
    bool exited[CHILDREN];
    unsigned asked;
    unsigned answered;
    struct wtl_pid top;
    uint64_t top_ref;
    bool top_down;
    unsigned top_children; /* that live */
    bool ended;
    bool is_no_memory; /* why it ended */
} seen;

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

/* ---- those who are started ------------------------------------------------------------------- */

struct child_settings {
    const char *text;
};

static const struct wtl_field child_fields[] = {
    WTL_FIELD(struct child_settings, text, STR, "a default", NULL, "some text"), {0}};

struct child {
    const struct wtl_msg *kept;
};

static enum wtl_status child_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct child *child = self;
    if (m->request != 0) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 64);
        wtl_put_strz(&body, "an answer");
        wtl_reply(x, m, &body);
    } else if (wtl_is(m, "keep")) {
        child->kept = wtl_keep(x, m);
        (void)wtl_alloc(x, 1000);
        (void)wtl_after(x, 5, WTL_TAG("tick"), NULL);
        (void)wtl_every(x, 7, WTL_TAG("tick"));
    } else if (wtl_is(m, "crash")) {
        return WTL_INVALID;
    }
    return WTL_OK;
}

static WTL_ACTOR(child, struct child, .handle = child_handle, .fields = child_fields,
                 .settings_size = sizeof(struct child_settings));

static enum wtl_status kid_init(struct wtl_ctx *x, void *self, const void *settings,
                                const struct wtl_msg *args)
{
    (void)x;
    (void)self;
    (void)settings;
    (void)args;
    seen.top_children++;
    return WTL_OK;
}

static enum wtl_status kid_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    (void)x;
    (void)self;
    (void)reason;
    seen.top_children--;
    return WTL_OK;
}

static enum wtl_status kid_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    (void)m;
    return WTL_INVALID;
}

static WTL_ACTOR(kid, uint64_t, .init = kid_init, .handle = kid_handle, .stop = kid_stop,
                 .mailbox_policy = WTL_MAILBOX_LATEST);

/* ---- the tester -------------------------------------------------------------------------------
 */

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    seen.answered++;
    return WTL_OK;
}

static void start_children(struct wtl_ctx *x)
{
    static const char *const names[CHILDREN] = {"first", "second", NULL};
    for (unsigned i = 0; i < CHILDREN; i++) {
        struct child_settings settings = {"other text"};
        struct wtl_writer args;
        (void)wtl_message_open(x, &args, 100);
        wtl_put_strz(&args, "an argument");
        struct wtl_spawn_options options = {.name = names[i],
                                            .settings = i == 0 ? &settings : NULL,
                                            .args = &args,
                                            .link = i != 1,
                                            .monitor = i != 2,
                                            .ref_out = &seen.refs[i]};
        seen.children[i] = wtl_spawn(x, &child, &options);
    }
}

static void send_and_ask(struct wtl_ctx *x)
{
    const struct wtl_call_options options = {.deadline_ms = 1000, .on_answer = on_answer};
    for (unsigned i = 0; i < CHILDREN; i++) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 10);
        for (unsigned j = 0; j < 100; j++) {
            wtl_put_u64(&body, j); /* grows */
        }
        wtl_tell(x, seen.children[i], WTL_TAG("keep"), &body);
        seen.asked++;
        (void)wtl_call(x, seen.children[i], WTL_TAG("ask"), NULL, &options);
    }
    seen.asked += 2;
    wtl_register(x, "tester", WTL_LOCAL, &options);
    wtl_whereis(x, "first", &options);
    enum wtl_status told = wtl_tell_name(x, "second", WTL_TAG("noise"), NULL);
    cr_assert(told == WTL_OK || told == WTL_NO_MEMORY || told == WTL_NOT_FOUND);
    (void)wtl_after(x, 3, WTL_TAG("crash"), NULL);
}

static void supervise(struct wtl_ctx *x)
{
    static const struct wtl_child children[] = {
        {.id = "a", .type = &kid, .name = "kid.a"},
        {.id = "b", .type = &kid, .backoff = {.first_ms = 10}},
    };
    static const struct wtl_tree tree = {
        .strategy = WTL_ONE_FOR_ALL, .children = children, .children_count = 2};
    struct wtl_spawn_options options = {.monitor = true, .ack = true, .ref_out = &seen.top_ref};
    seen.top = wtl_supervise(x, &tree, &options);
}

static enum wtl_status tester_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "go")) {
        wtl_trap_exits(x, true);
        start_children(x);
        supervise(x);
        send_and_ask(x);
    } else if (wtl_is(m, "crash")) {
        for (unsigned i = 0; i < CHILDREN; i++) {
            wtl_tell(x, seen.children[i], WTL_TAG("crash"), NULL);
        }
        enum wtl_status told = wtl_tell_name(x, "kid.a", WTL_TAG("crash"), NULL);
        cr_assert(told == WTL_OK || told == WTL_NO_MEMORY || told == WTL_NOT_FOUND);
    }
    return WTL_OK;
}

static enum wtl_status tester_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    for (unsigned i = 0; i < CHILDREN; i++) {
        seen.down[i] = seen.down[i] || (seen.refs[i] == down->ref && i != 2);
    }
    seen.top_down = seen.top_down || down->ref == seen.top_ref;
    return WTL_OK;
}

static enum wtl_status tester_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    (void)x;
    (void)self;
    for (unsigned i = 0; i < CHILDREN; i++) {
        seen.exited[i] = seen.exited[i] || wtl_pid_equal(exit->from, seen.children[i]);
    }
    return WTL_OK;
}

static WTL_ACTOR(tester, char, .handle = tester_handle, .down = tester_down,
                 .exited = tester_exited);

/* ---- what must hold ---------------------------------------------------------------------------
 */

static bool lives(struct wtl_pid pid)
{
    return !wtl_pid_is_none(pid) && wtl__cells_find(&step.runtime.cells, pid.local) != NULL;
}

static void check(struct wtl_pid me, uint64_t n)
{
    static const char *const names[] = {"first", "second", "kid.a", "tester"};
    for (size_t i = 0; i < WTL_COUNT(names); i++) {
        struct wtl_pid pid = wtl__name_find(&step.runtime, names[i]);
        cr_assert(wtl_pid_is_none(pid) || lives(pid), "%zu: %s is a ghost's", n, names[i]);
    }
    if (!lives(me)) {
        return; /* it could not go on; those who wait for it are tested below */
    }
    for (unsigned i = 0; i < CHILDREN; i++) {
        if (wtl_pid_is_none(seen.children[i]) || lives(seen.children[i])) {
            continue;
        }
        cr_assert(i == 2 || seen.down[i], "%zu: no down of child %u", n, i);
        cr_assert(i == 1 || seen.exited[i], "%zu: no exit of child %u", n, i);
    }
    cr_assert(wtl_pid_is_none(seen.top) || lives(seen.top) || seen.top_down, "%zu: no end of top",
              n);
    cr_assert_eq(seen.answered, seen.asked, "%zu: %u answers to %u questions", n, seen.answered,
                 seen.asked);
}

/* Plays it with a failure at `n`; returns how many allocations there were. */
static uint64_t play(uint64_t n, bool for_ever)
{
    memset(&seen, 0, sizeof seen);
    wtl__pool_leave();
    int64_t before = wrap_blocks();
    cr_assert_eq(wtl__step_init(&step, 1, 1), WTL_OK);
    struct wtl_pid me = wtl__spawn(&step.runtime, NULL, &tester, NULL, 0);
    wtl__step_settle(&step); /* its tables are made by now */
    struct wtl__envelope *go = wtl__envelope_new(WTL__MESSAGE);
    go->msg.tag = WTL_TAG("go");
    wrap_fail_at(n, for_ever);
    (void)wtl__deliver(&step.runtime, NULL, me, go);
    wtl__step_advance(&step, 30);
    uint64_t calls = wrap_stop();
    wtl__step_advance(&step, SETTLE_MS);
    check(me, n);
    wtl__step_deinit(&step);
    cr_assert_eq(wrap_blocks(), before, "%zu: %ld blocks are left", n,
                 (long)(wrap_blocks() - before));
    return calls;
}

static void sweep(bool for_ever)
{
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
    uint64_t calls = play(0, false);
    cr_assert_gt(calls, WTL_SANITIZED ? 50u : 0u);
    uint64_t n = 1;
    while (play(n, for_ever) >= n) {
        cr_assert_lt(++n, SWEEP_MAX);
    }
    cr_log_info("%lu allocations", (unsigned long)n);
}

Test(no_memory, X075_each_allocation_fails_once)
{
    sweep(false);
}

Test(no_memory, X075_each_allocation_and_all_after_it)
{
    sweep(true);
}

/* The runtime itself: it starts, or says why not, and nothing is left. */
static uint64_t start_and_stop(uint64_t n, bool for_ever, bool *started_out)
{
    struct wtl_runtime_options options = {.workers = 2, .seed = 1};
    struct wtl_runtime *runtime = NULL;
    struct wtl_error error = {0};
    int64_t before = wrap_blocks();
    wrap_fail_at(n, for_ever);
    enum wtl_status status = wtl_runtime_create(&options, &runtime, &error);
    uint64_t calls = wrap_stop();
    *started_out = status == WTL_OK;
    if (status == WTL_OK) {
        wtl_runtime_destroy(runtime);
    } else {
        cr_assert(status == WTL_NO_MEMORY || status == WTL_SYSTEM, "%zu: %s", n, error.text);
        cr_assert_gt(strlen(error.text), 0, "%zu: it does not say why", n);
    }
    cr_assert_eq(wrap_blocks(), before, "%zu: %ld blocks are left", n,
                 (long)(wrap_blocks() - before));
    return calls;
}

Test(no_memory, X075_a_runtime_starts_or_says_why_not)
{
    for (int for_ever = 0; for_ever < 2; for_ever++) {
        bool started = false;
        for (uint64_t n = 1; start_and_stop(n, for_ever != 0, &started) >= n; n++) {
            cr_assert_lt(n, SWEEP_MAX);
        }
        cr_assert(started);
    }
}
