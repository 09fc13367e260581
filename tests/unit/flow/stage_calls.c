/* stage_calls.c - what a stage's own code may do: calls, keeping, forwarding, later answers. */
#include <wattle/task.h>

#include "stage_kit.h"

static struct wtl_pid friend_pid;
static const struct wtl_msg *kept;
static uint32_t answers;
static uint32_t forwarded;
static char forwarded_tag[16];

/* An actor outside of the flow that answers calls and counts what is forwarded to it. */
static enum wtl_status friend_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    long v;
    (void)self;
    cr_assert_null(x->stage, "it is no stage");
    if (wtl_is(m, "double") && wtl_getf(m, "v=%ld", &v) == WTL_OK) {
        wtl_replyf(x, m, "v=%ld", 2 * v);
        return WTL_OK;
    }
    (void)wtl_tag_text(m->tag, forwarded_tag);
    cr_assert_eq(wtl_getf(m, "v=%ld", &v), WTL_OK, "the message itself, and nothing around it");
    forwarded++;
    cr_assert_eq(wtl_emit(x, NULL), WTL_UNSUPPORTED);
    return WTL_OK;
}

static const struct wtl_actor friend_type = {
    .size = sizeof(struct wtl_actor), .name = "friend", .handle = friend_handle};

struct asking {
    int64_t sum;
    uint32_t inits;
};

struct carried {
    struct wtl_key key;
    long origin;
    long number;
    char rest[180]; /* more than what a call's context has room for beside the flow's own */
};

static enum wtl_status on_double(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct asking *own = self;
    const struct carried *carried = context;
    struct wtl_writer body;
    long v;
    cr_assert_not_null(x->stage);
    cr_assert_eq(answer->status, WTL_OK);
    cr_assert_eq(wtl_getf(&answer->message, "v=%ld", &v), WTL_OK);
    cr_assert_eq(carried->rest[179], 'z');
    own->sum += v;
    answers++;
    (void)wtl_message_open(x, &body, 64);
    wtl_putf(&body, "v=%ld o=%ld n=%ld", v, carried->origin, carried->number);
    cr_assert_eq(wtl_emit_for(x, &carried->key, &body), WTL_OK);
    cr_assert_eq(wtl_done_key(x, &carried->key), WTL_OK);
    cr_assert_eq(wtl_done_key(x, &carried->key), WTL_NOT_FOUND, "once");
    return WTL_OK;
}

/* Asks its friend about each message, and goes on when the answer comes. */
static enum wtl_status asking_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct carried carried = {.key = wtl_flow_key(x, m)};
    struct wtl_call_options options = {
        .on_answer = on_double, .context = &carried, .context_size = sizeof carried};
    long v;
    (void)self;
    if (carried.key.seq == 0) {
        return WTL_OK;
    }
    carried.rest[179] = 'z';
    cr_assert_eq(wtl_getf(m, "v=%ld o=%ld n=%ld", &v, &carried.origin, &carried.number), WTL_OK);
    (void)wtl_callf(x, friend_pid, "double", &options, "v=%ld", v + carried.number);
    return WTL_LATER;
}

static enum wtl_status late_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)settings;
    (void)args;
    ((struct asking *)self)->inits++;
    cr_assert_neq(wtl_after(x, 500, WTL_TAG("begin"), NULL), 0);
    return WTL_LATER;
}

/* Two tasks for each message, and goes on when both are done: their functions are the stage's. */
static bool next_half(struct wtl_ctx *x, void *self, uint64_t index, struct wtl_writer *input,
                      void *context)
{
    const struct carried *carried = context;
    (void)self;
    cr_assert_not_null(x->stage);
    wtl_putf(input, "v=%ld", index == 0 ? carried->number : 0);
    return index < 2;
}

static enum wtl_status half_is_done(struct wtl_ctx *x, void *self, uint64_t index,
                                    const struct wtl_answer *answer, void *context)
{
    struct carried *carried = context;
    long v;
    (void)x;
    (void)index;
    cr_assert_eq(answer->status, WTL_OK);
    cr_assert_eq(wtl_getf(&answer->message, "v=%ld", &v), WTL_OK);
    ((struct asking *)self)->sum += v;
    carried->number = v > 0 ? v : carried->number;
    return WTL_OK;
}

static enum wtl_status both_are_done(struct wtl_ctx *x, void *self, uint64_t count, void *context)
{
    const struct carried *carried = context;
    struct wtl_writer body;
    (void)self;
    cr_assert_eq(count, 2);
    answers++;
    (void)wtl_message_open(x, &body, 64);
    wtl_putf(&body, "v=%ld o=%ld n=%ld", carried->number, carried->origin, carried->number / 2);
    cr_assert_eq(wtl_emit_for(x, &carried->key, &body), WTL_OK);
    return wtl_done_key(x, &carried->key);
}

static enum wtl_status halving_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct carried carried = {.key = wtl_flow_key(x, m)};
    struct wtl_tasks tasks = {.type = &friend_type,
                              .tag = WTL_TAG("double"),
                              .next = next_half,
                              .result = half_is_done,
                              .done = both_are_done,
                              .context = &carried,
                              .context_size = sizeof carried};
    long v;
    (void)self;
    if (carried.key.seq == 0) {
        return WTL_OK;
    }
    cr_assert_eq(wtl_getf(m, "v=%ld o=%ld n=%ld", &v, &carried.origin, &carried.number), WTL_OK);
    cr_assert_not(wtl_pid_is_none(wtl_tasks_run(x, &tasks)));
    return WTL_LATER;
}

/* Keeps one message in three, forwards another, and tries what is not allowed. */
static enum wtl_status keeping_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct asking *own = self;
    struct wtl_writer body;
    if (wtl_is(m, "begin")) {
        wtl_done(x, WTL_OK);
        return WTL_OK;
    }
    cr_assert_gt(own->inits, 0);
    struct wtl_key key = wtl_flow_key(x, m);
    if (key.seq == 0) {
        return WTL_OK;
    }
    if (key.seq % 3 == 0) {
        wtl_release(x, kept);
        kept = wtl_keep(x, m);
        cr_assert_not_null(kept);
        cr_assert_eq(kept->size, m->size);
        cr_assert(wtl_is(kept, "data"));
    } else if (kept != NULL) {
        cr_assert_eq(wtl_forward(x, friend_pid, WTL_TAG("kept"), kept), WTL_OK);
    }
    cr_assert_eq(wtl_forward(x, friend_pid, WTL_TAG("seen"), m), WTL_OK);
    cr_assert_eq(wtl_emit_as(x, WTL_TAG("$flow.data"), NULL), WTL_INVALID);
    (void)wtl_message_open(x, &body, 16);
    wtl_put_nil(&body);
    wtl_put_nil(&body);
    cr_assert_eq(wtl_emit(x, &body), WTL_BAD_PAYLOAD, "two values are no body");
    (void)wtl_message_open(x, &body, 64);
    for (unsigned i = 0; i <= WTL_FLOW_DEPTH_MAX; i++) {
        wtl_put_array(&body, 1);
    }
    wtl_put_nil(&body);
    cr_assert_eq(wtl_emit(x, &body), WTL_BAD_PAYLOAD, "too deep");
    cr_assert_eq(wtl_emit_to(x, "nobody", NULL), WTL_NOT_FOUND);
    (void)wtl_message_open(x, &body, m->size);
    wtl_put_raw(&body, m->bytes, m->size);
    return wtl_emit_to(x, key.seq % 2 == 0 ? "sink" : "odd", &body);
}

static const struct wtl_actor asking = {.size = sizeof(struct wtl_actor),
                                        .name = "asking",
                                        .kind = WTL_PROCESSOR,
                                        .state_size = sizeof(struct asking),
                                        .handle = asking_handle};
static const struct wtl_actor halving = {.size = sizeof(struct wtl_actor),
                                         .name = "halving",
                                         .kind = WTL_PROCESSOR,
                                         .state_size = sizeof(struct asking),
                                         .handle = halving_handle};
static const struct wtl_actor keeping = {.size = sizeof(struct wtl_actor),
                                         .name = "keeping",
                                         .kind = WTL_PROCESSOR,
                                         .state_size = sizeof(struct asking),
                                         .init = late_init,
                                         .handle = keeping_handle};

/* The example in flow.h. */
static enum wtl_status kelvin_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    double celsius;
    (void)self;
    if (wtl_getf(m, "celsius=%lf", &celsius) != WTL_OK) {
        wtl_drop(x, "no celsius");
        return WTL_OK;
    }
    return wtl_emitf(x, "kelvin=%lf", celsius + 273.15);
}

static enum wtl_status celsius_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    return wtl_is(m, "flow_ready") ? wtl_emitf(x, "celsius=%lf", 20.0) : WTL_OK;
}

static double kelvin_seen;

static enum wtl_status read_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    return wtl_getf(m, "kelvin=%lf", &kelvin_seen);
}

static const struct wtl_actor example[] = {
    {.size = sizeof(struct wtl_actor),
     .name = "celsius",
     .kind = WTL_PRODUCER,
     .handle = celsius_handle},
    {.size = sizeof(struct wtl_actor),
     .name = "kelvin",
     .kind = WTL_PROCESSOR,
     .handle = kelvin_handle},
    {.size = sizeof(struct wtl_actor), .name = "read", .kind = WTL_CONSUMER, .handle = read_handle},
};

Test(stage, the_example_of_the_header_runs)
{
    net_init(1);
    (void)net_add("edge-1");
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(wtl_flow_registry_add("example", &example[i]), WTL_OK);
    }
    cr_assert_eq(net_start(0, "flow example { push celsius @edge ~> kelvin ~> read }"), WTL_OK);
    net_settle();
    cr_assert_float_eq(kelvin_seen, 293.15, 1e-9);
    net_deinit();
}

static void start(uint64_t seed, const char *source, int64_t count)
{
    net_init(seed);
    (void)net_add("edge-1");
    if (seed == 1) {
        cr_assert_eq(wtl_flow_registry_add("t", &asking), WTL_OK);
        cr_assert_eq(wtl_flow_registry_add("t", &halving), WTL_OK);
        cr_assert_eq(wtl_flow_registry_add("t", &keeping), WTL_OK);
    }
    kept = NULL;
    answers = 0;
    forwarded = 0;
    friend_pid = wtl__spawn(&net.nodes[0].step.runtime, NULL, &friend_type, NULL, 0);
    world.sources[0].limit = count;
    cr_assert_eq(net_start(0, source), WTL_OK);
    net_settle();
}

Test(stage, F14_answers_come_to_the_stage)
{
    NET_SEEDS(10)
    {
        start(seed, "push t.src @edge ~> t.asking ~> t.sink", 200);
        cr_assert_eq(answers, 200);
        cr_assert_eq(seen_count("sink"), 200);
        cr_assert_eq(world.done, 200);
        cr_assert_eq(seen_at("sink", 0)->value, 2 * seen_at("sink", 0)->number);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        net_deinit();
    }
}

Test(stage, S24_tasks_of_a_stage)
{
    NET_SEEDS(10)
    {
        start(seed, "push t.src @edge ~> t.halving ~> t.sink", 100);
        cr_assert_eq(answers, 100);
        cr_assert_eq(seen_count("sink"), 100);
        cr_assert_eq(world.done, 100);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        net_deinit();
    }
}

Test(stage, F67_ports_keeping_and_a_late_start)
{
    NET_SEEDS(10)
    {
        start(seed,
              "odd = t.sink { name = odd }\n"
              "push t.src @edge ~> t.keeping ~> t.sink\n"
              "push keeping ~> odd",
              60);
        cr_assert_eq(seen_count("sink"), 0, "its init is not over");
        net_advance(500);
        cr_assert_eq(seen_count("sink"), 30);
        cr_assert_eq(seen_count("odd"), 30);
        cr_assert_eq(forwarded, 60 + 38);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        net_deinit();
    }
}
