/*
 * cap.c - X077: a node whose memory is capped, flooded with messages and filled by actors. Real
 * workers; the cap is the process's, so each test is one (criterion runs it in its own).
 */
#include <criterion/criterion.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include <wattle/runtime.h>
#include <wattle/wattle.h>

#include "base/cap.h"
#include "base/log.h"
#include "base/pool.h"
#include "sched/system.h"

enum {
    CAP = 32 * 1048576,
    RECEIVERS = 64,
    FLOOD = WTL_SANITIZED ? 1000000 : 10000000,
    BODY = 200,
    BLOCK = 65536,
    BLOCKS_MAX = 2 * CAP / BLOCK,
};

static struct wtl_runtime *runtime;
static _Atomic(uint64_t) handled;
static _Atomic(uint64_t) ready;
static _Atomic(uint64_t) downs;
static _Atomic(uint64_t) starts;
static _Atomic(uint64_t) blocks; /* that the hoarder has */
static _Atomic(bool) hoards;     /* it has all that it can get */
static struct wtl_pid keeper;

static void wait_for(_Atomic(uint64_t) *count, uint64_t goal)
{
    while (atomic_load(count) < goal) {
        (void)sched_yield();
    }
}

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

static void open_runtime(void)
{
    struct wtl_runtime_options options = {.workers = 2, .memory_max = CAP, .seed = 1};
    struct wtl_error error = {0};
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
    cr_assert_eq(wtl_runtime_create(&options, &runtime, &error), WTL_OK, "%s", error.text);
}

static void close_runtime(void)
{
    wtl_runtime_destroy(runtime);
    cr_assert_eq(wtl__cap_stats().max_bytes, 0, "the cap goes with its runtime");
}

TestSuite(cap, .init = open_runtime, .fini = close_runtime, .timeout = 200);

static struct wtl_pid spawn(const struct wtl_actor *type)
{
    struct wtl_pid pid = wtl_runtime_spawn(runtime, type, NULL);
    cr_assert_not(wtl_pid_is_none(pid));
    return pid;
}

/* What the test itself wants is not refused. */
static void tell(struct wtl_pid to, struct wtl_tag tag)
{
    enum wtl__need before = wtl__cap_enter(WTL__NEED_RUNTIME);
    cr_assert_eq(wtl_runtime_tell(runtime, to, tag, NULL), WTL_OK);
    wtl__cap_leave(before);
}

static uint64_t counted(enum wtl__counter counter)
{
    return wtl__counted(wtl__runtime_of(runtime), counter);
}

/* ---- those who hold back: each asks the keeper, and handles nothing until it answers ----------
 */

static struct wtl_from owed[RECEIVERS + 1];
static uint64_t owed_count;

static enum wtl_status keeper_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "release")) {
        while (owed_count > 0) {
            wtl_reply_to(x, owed[--owed_count], NULL);
        }
    } else {
        owed[owed_count++] = wtl_defer(x, m);
        atomic_fetch_add(&ready, 1);
    }
    return WTL_OK;
}

static WTL_ACTOR(keeper_type, char, .handle = keeper_handle);

static enum wtl_status receiver_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "hold")) {
        struct wtl_call_options options = {.hold = true, .deadline_ms = WTL_CALL_FOREVER};
        (void)wtl_call(x, keeper, WTL_TAG("ask"), NULL, &options);
    } else {
        atomic_fetch_add(&handled, 1);
    }
    return WTL_OK;
}

static WTL_ACTOR(receiver, char, .handle = receiver_handle, .mailbox_max = WTL_MAILBOX_LIMIT);
static WTL_ACTOR(small, char, .handle = receiver_handle, .mailbox_max = 10);

static enum wtl_status send_one(struct wtl_pid to)
{
    struct wtl_writer body;
    static const uint8_t bytes[BODY];
    (void)wtl_runtime_message(&body, BODY + 16);
    wtl_put_bin(&body, bytes, sizeof bytes);
    return wtl_runtime_tell(runtime, to, WTL_TAG("item"), &body);
}

struct flood {
    uint64_t accepted;
    uint64_t shed;
    uint64_t full;
    uint64_t held_max;
};

static void flood(struct flood *flood, const struct wtl_pid *receivers, uint64_t messages)
{
    for (uint64_t i = 0; i < messages; i++) {
        enum wtl_status status = send_one(receivers[i % (RECEIVERS + 1)]);
        flood->accepted += status == WTL_OK;
        flood->shed += status == WTL_NO_MEMORY;
        flood->full += status == WTL_FULL;
        if (i % 1000 == 0) {
            uint64_t held = wtl__cap_stats().held_bytes;
            flood->held_max = held > flood->held_max ? held : flood->held_max;
        }
    }
    cr_assert_eq(flood->accepted + flood->shed + flood->full, messages);
}

Test(cap, X077_ten_million_messages_stay_below_the_cap)
{
    struct wtl_pid receivers[RECEIVERS + 1];
    struct flood seen = {0};
    keeper = spawn(&keeper_type);
    for (int i = 0; i <= RECEIVERS; i++) {
        receivers[i] = spawn(i == 0 ? &small : &receiver);
        tell(receivers[i], WTL_TAG("hold"));
    }
    wait_for(&ready, RECEIVERS + 1);
    flood(&seen, receivers, FLOOD);
    struct wtl__cap_stats stats = wtl__cap_stats();
    cr_assert_eq(stats.scarcity, WTL__SCARCE_SHED);
    cr_assert_gt(seen.held_max, (uint64_t)CAP / 100 * 90, "the flood comes near the cap");
    cr_assert_leq(seen.held_max, (uint64_t)CAP / 100 * WTL__CAP_SHED + WTL__POOL_STEP);
    cr_assert_geq(seen.full + 11, seen.accepted / (RECEIVERS + 1), "its own bound holds besides");
    cr_assert_eq(counted(WTL__COUNT_DROPPED_FULL), seen.full);
    cr_assert_eq(counted(WTL__COUNT_DROPPED_MEMORY), seen.shed);
    cr_assert_geq(stats.refused[WTL__NEED_MESSAGE], seen.shed);
    cr_assert_eq(stats.refused[WTL__NEED_ACTOR], 0, "actors are refused later");
    tell(keeper, WTL_TAG("release"));
    wait_for(&handled, seen.accepted);
    /* what was accepted has been handled, and there is room again */
    for (uint64_t i = 0; i < 1000; i++) {
        while (send_one(receivers[1]) != WTL_OK) {
            (void)sched_yield(); /* blocks are on their way back to this thread's pool */
        }
    }
    wait_for(&handled, seen.accepted + 1000);
    cr_assert_eq(atomic_load(&handled), seen.accepted + 1000);
    while (wtl__cap_scarcity() != WTL__SCARCE_NOT) {
        (void)sched_yield();
        wtl__pool_flush();
    }
}

/* ---- one who takes all memory there is --------------------------------------------------------
 */

static enum wtl_status hoarder_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    (void)m;
    for (size_t size = BLOCK; size >= 1024; size /= 4) { /* also what is left in between */
        while (atomic_load(&blocks) < BLOCKS_MAX && wtl_alloc(x, size) != NULL) {
            atomic_fetch_add(&blocks, 1);
        }
    }
    atomic_store(&hoards, true);
    return WTL_OK;
}

static WTL_ACTOR(hoarder, char, .handle = hoarder_handle);

struct large {
    char bytes[1048576];
};

static WTL_ACTOR(large, struct large, .handle = receiver_handle);

static enum wtl_status parent_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct wtl_spawn_options options = {.monitor = true};
    (void)self;
    (void)m;
    (void)wtl_spawn(x, &large, &options);
    return WTL_OK;
}

static enum wtl_status parent_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    char word[16];
    (void)x;
    (void)self;
    (void)wtl_tag_text(down->reason.word, word);
    cr_assert_str_eq(word, "no_memory");
    atomic_fetch_add(&downs, 1);
    return WTL_OK;
}

static WTL_ACTOR(parent, char, .handle = parent_handle, .down = parent_down);

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
    (void)m;
    return WTL_INVALID;
}

/* So large that nobody has a block of that size at hand. */
struct child {
    char bytes[20000];
};

static WTL_ACTOR(child, struct child, .init = child_init, .handle = child_handle);

Test(cap, X077_actors_are_refused_and_supervisors_go_on)
{
    static const struct wtl_child children[] = {{.id = "child", .type = &child, .name = "child"}};
    static const struct wtl_tree tree = {.children = children, .children_count = 1};
    struct wtl_pid pid = spawn(&parent);
    struct wtl_pid hoarding = spawn(&hoarder);
    tell(hoarding, WTL_TAG("go"));
    while (!atomic_load(&hoards)) {
        (void)sched_yield();
    }
    cr_assert_lt(atomic_load(&blocks), BLOCKS_MAX, "wtl_alloc gives NULL in the end");
    cr_assert_eq(wtl__cap_scarcity(), WTL__SCARCE_REFUSE);
    uint64_t held = wtl__cap_stats().held_bytes;
    cr_assert_leq(held, (uint64_t)CAP / 100 * WTL__CAP_REFUSE + WTL__POOL_STEP);
    tell(pid, WTL_TAG("spawn"));
    wait_for(&downs, 1);
    enum wtl__need before = wtl__cap_enter(WTL__NEED_RUNTIME);
    cr_assert_not(wtl_pid_is_none(wtl_runtime_supervise(runtime, &tree, NULL)));
    wtl__cap_leave(before);
    wait_for(&starts, 1);
    for (uint64_t i = 1; i <= 3; i++) {
        tell(wtl_runtime_whereis(runtime, "child"), WTL_TAG("crash"));
        wait_for(&starts, i + 1);
    }
    cr_assert_leq(wtl__cap_stats().held_bytes, held + WTL__CAP_OWN);
    cr_assert_gt(wtl__cap_stats().refused[WTL__NEED_ACTOR], 0);
}

/* A block of each size class, as the runtime's own: how many of them are refused. */
static void *take_all_sizes(void *refused)
{
    void *taken[WTL__POOL_BLOCK_MAX / 64];
    size_t count = 0;
    enum wtl__need before = wtl__cap_enter(WTL__NEED_RUNTIME);
    for (size_t size = 64; size <= WTL__POOL_BLOCK_MAX; size += size < 512 ? 64 : size / 4) {
        taken[count] = wtl__pool_take(size);
        *(unsigned *)refused += taken[count++] == NULL;
    }
    wtl__cap_leave(before);
    while (count > 0) {
        wtl__pool_give(taken[--count]);
    }
    return NULL;
}

Test(cap, X077_what_must_go_on_finds_blocks_of_each_size)
{
    pthread_t other;
    unsigned refused = 0;
    tell(spawn(&hoarder), WTL_TAG("go"));
    while (!atomic_load(&hoards)) {
        (void)sched_yield();
    }
    cr_assert_eq(wtl__cap_scarcity(), WTL__SCARCE_REFUSE);
    (void)take_all_sizes(&refused);
    cr_assert_eq(pthread_create(&other, NULL, take_all_sizes, &refused), 0);
    cr_assert_eq(pthread_join(other, NULL), 0);
    cr_assert_eq(refused, 0);
}

Test(cap, X077_one_large_message_more_than_there_is_room)
{
    struct wtl_writer body;
    wtl__cap_set(1048576);
    cr_assert_not(wtl_runtime_message(&body, 1048576));
    cr_assert_eq(wtl_runtime_tell(runtime, spawn(&receiver), WTL_TAG("item"), &body),
                 WTL_NO_MEMORY);
    cr_assert_eq(counted(WTL__COUNT_DROPPED_MEMORY), 1);
}
