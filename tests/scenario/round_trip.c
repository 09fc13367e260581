/*
 * round_trip.c - how long a call takes between two nodes of one machine, beside one within a node;
 * and how many messages go one way. It prints, and judges nothing.
 *
 * What it is for: docs/adr/0007-net-loop.md.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "kit.h"

#define CALLS 5000u

static struct kit kit;

static void setup(void)
{
    kit_init(&kit);
}

static void teardown(void)
{
    kit_deinit(&kit);
}

TestSuite(round_trip, .init = setup, .fini = teardown, .timeout = 120);

/* An actor that calls another one again and again. */
struct caller {
    struct wtl_pid to;
    uint32_t calls;
    uint64_t began_ns;
    uint64_t times_ns[CALLS];
    _Atomic(bool) is_over;
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context);

static void call(struct wtl_ctx *x, struct caller *caller)
{
    struct wtl_call_options options = {
        .on_answer = on_answer, .context = &caller, .context_size = sizeof caller};
    caller->began_ns = wtl_now_ns(x);
    (void)wtl_call(x, caller->to, WTL_TAG("ping"), NULL, &options);
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct caller *caller = *(struct caller **)context;
    (void)self;
    cr_assert_eq(answer->status, WTL_OK);
    caller->times_ns[caller->calls++] = wtl_now_ns(x) - caller->began_ns;
    if (caller->calls < CALLS) {
        call(x, caller);
    } else {
        atomic_store(&caller->is_over, true);
    }
    return WTL_OK;
}

static void begin(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)puppet;
    call(x, argument);
}

static bool is_over(void *argument)
{
    return atomic_load(&((struct caller *)argument)->is_over);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void print_times(const char *what, uint64_t *times_ns)
{
    const unsigned middle = CALLS / 2;
    const unsigned late = CALLS * 99 / 100;
    qsort(times_ns, CALLS, sizeof times_ns[0], compare);
    (void)printf("%-28s p50 %7.1f us   p99 %7.1f us\n", what, (double)times_ns[middle] / 1e3,
                 (double)times_ns[late] / 1e3);
}

static void measure(const char *what, struct kit_puppet *from, struct wtl_pid to)
{
    struct caller *caller = calloc(1, sizeof *caller);
    cr_assert_not_null(caller);
    caller->to = to;
    kit_do(from, begin, caller);
    kit_wait_for("all calls are answered", is_over, caller);
    print_times(what, caller->times_ns);
    free(caller);
}

static void nothing(void *argument)
{
    (void)argument;
}

/* A thread that asks the loop for something and waits: two of the hand-overs that a call pays. */
static void measure_hand_over(struct wtl__loop *loop)
{
    static uint64_t times_ns[CALLS];
    for (unsigned i = 0; i < CALLS; i++) {
        uint64_t begin_ns = wtl__clock_now_ns(wtl__clock_system());
        wtl__loop_call(loop, nothing, NULL);
        times_ns[i] = wtl__clock_now_ns(wtl__clock_system()) - begin_ns;
    }
    print_times("to the loop and back", times_ns);
}

struct flood {
    struct wtl_pid to;
    unsigned next;
};

static void send_some(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    struct flood *flood = argument;
    (void)puppet;
    for (unsigned i = 0; i < 10000; i++) {
        wtl_tellf(x, flood->to, "seq", "seq=%u", flood->next++);
    }
}

struct arrival {
    struct kit_puppet *puppet;
    unsigned expected;
};

static bool has_all(void *argument)
{
    const struct arrival *arrival = argument;
    return atomic_load(&arrival->puppet->got) == arrival->expected;
}

Test(round_trip, calls_and_floods)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    struct wtl_pid root_a = {.node = wtl__node_id(a->node), .local = WTL__ROOT_LOCAL};
    struct wtl_pid root_b = {.node = wtl__node_id(b->node), .local = WTL__ROOT_LOCAL};
    measure("call within the node", p, root_a);
    measure("call to another node", p, root_b);
    struct wtl__loop_counters count = wtl__loop_count(wtl__node_loop(a->node));
    (void)printf("per call: %.2f sleeps and %.2f wake-ups of the net loop\n",
                 (double)count.sleeps / CALLS, (double)count.wakes / CALLS);
    measure_hand_over(wtl__node_loop(a->node));
    struct flood flood = {.to = q->pid};
    uint64_t begin_ns = wtl__clock_now_ns(wtl__clock_system());
    for (unsigned i = 0; i < 40; i++) {
        kit_do(p, send_some, &flood);
        struct arrival arrival = {.puppet = q, .expected = flood.next};
        kit_wait_for("they have come", has_all, &arrival);
    }
    double seconds = (double)(wtl__clock_now_ns(wtl__clock_system()) - begin_ns) / 1e9;
    (void)printf("one way: %.0f messages/s\n", (double)flood.next / seconds);
    cr_assert_eq(atomic_load(&q->disorder), 0);
}
