/*
 * stage_upgrade.c - what a stage runs is upgraded while the flow runs: the stage stays, with its
 * credit, its open inputs and its calls.
 */
#include "actor/upgrade.h"
#include "base/pool.h"
#include "stage_kit.h"

static struct wtl_pid friend_pid;
static uint32_t versions_seen[3];
static uint64_t last_count;
static bool refuses;

static enum wtl_status friend_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    long v;
    (void)self;
    cr_assert_eq(wtl_getf(m, "v=%ld", &v), WTL_OK);
    wtl_replyf(x, m, "v=%ld", v);
    return WTL_OK;
}

static const struct wtl_actor friend_type = {
    .size = sizeof(struct wtl_actor), .name = "friend", .handle = friend_handle};

/* ---- two versions that ask about each message --------------------------------------------------
 */

struct first {
    uint64_t count;
    int64_t by;
};

struct second {
    char name[8];
    int64_t by;
    uint64_t count;
};

struct by {
    int64_t by;
};

struct both {
    char name[8];
    int64_t by;
};

static const struct wtl_field fields_1[] = {
    WTL_FIELD(struct by, by, I64, "5", NULL, "What it adds."), {0}};
static const struct wtl_field fields_2[] = {
    WTL_FIELD(struct both, by, I64, "7", NULL, "What it adds."), {0}};

struct carried {
    struct wtl_key key;
    long origin;
    long number;
};

static enum wtl_status go_on(struct wtl_ctx *x, const struct wtl_answer *answer, void *context,
                             uint64_t *count, int64_t by, unsigned version)
{
    const struct carried *carried = context;
    struct wtl_writer body;
    long v;
    cr_assert_not_null(x->stage);
    cr_assert_eq(wtl_getf(&answer->message, "v=%ld", &v), WTL_OK);
    ++*count;
    last_count = *count;
    versions_seen[version]++;
    (void)wtl_message_open(x, &body, 64);
    wtl_putf(&body, "v=%ld o=%ld n=%ld", v + (long)by, carried->origin, carried->number);
    cr_assert_eq(wtl_emit_for(x, &carried->key, &body), WTL_OK);
    return wtl_done_key(x, &carried->key);
}

static enum wtl_status answered_1(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context)
{
    struct first *own = self;
    return go_on(x, answer, context, &own->count, own->by, 1);
}

static enum wtl_status answered_2(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context)
{
    struct second *own = self;
    cr_assert_str_eq(own->name, "second");
    return go_on(x, answer, context, &own->count, own->by, 2);
}

static enum wtl_status ask(struct wtl_ctx *x, const struct wtl_msg *m, wtl_on_answer on_answer)
{
    struct carried carried = {.key = wtl_flow_key(x, m)};
    struct wtl_call_options options = {
        .on_answer = on_answer, .context = &carried, .context_size = sizeof carried};
    long v;
    if (carried.key.seq == 0) {
        return WTL_OK;
    }
    cr_assert_eq(wtl_getf(m, "v=%ld o=%ld n=%ld", &v, &carried.origin, &carried.number), WTL_OK);
    (void)wtl_callf(x, friend_pid, "same", &options, "v=%ld", v);
    return WTL_LATER;
}

static enum wtl_status init_1(struct wtl_ctx *x, void *self, const void *settings,
                              const struct wtl_msg *args)
{
    (void)x;
    (void)args;
    ((struct first *)self)->by = ((const struct by *)settings)->by;
    return WTL_OK;
}

static enum wtl_status init_2(struct wtl_ctx *x, void *self, const void *settings,
                              const struct wtl_msg *args)
{
    struct second *own = self;
    (void)x;
    (void)args;
    memcpy(own->name, "second", 7);
    own->by = ((const struct both *)settings)->by;
    return WTL_OK;
}

static enum wtl_status handle_1(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    return ask(x, m, answered_1);
}

static enum wtl_status handle_2(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    return ask(x, m, answered_2);
}

static enum wtl_status save_1(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    cr_assert_eq(wtl_emit(x, NULL), WTL_UNSUPPORTED, "the flow is not there meanwhile");
    wtl_put_u64(out, ((const struct first *)self)->count);
    return WTL_OK;
}

static enum wtl_status upgrade_2(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_saved *saved)
{
    struct second *own = self;
    struct wtl_reader r = wtl_read(&saved->message);
    (void)init_2(x, self, settings, NULL);
    own->count = wtl_get_u64(&r);
    return refuses ? WTL_INVALID : WTL_OK;
}

static enum wtl_status save_2(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    (void)x;
    wtl_put_u64(out, ((const struct second *)self)->count);
    return WTL_OK;
}

static enum wtl_status upgrade_1(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_saved *saved)
{
    struct first *own = self;
    struct wtl_reader r = wtl_read(&saved->message);
    (void)init_1(x, self, settings, NULL);
    own->count = wtl_get_u64(&r);
    return WTL_OK;
}

static const struct wtl_answerer answers_1[] = {{.name = "answered", .on_answer = answered_1}, {0}};
static const struct wtl_answerer answers_2[] = {{.name = "answered", .on_answer = answered_2}, {0}};

static const struct wtl_actor v1 = {.size = sizeof(struct wtl_actor),
                                    .name = "asks",
                                    .kind = WTL_PROCESSOR,
                                    .state_size = sizeof(struct first),
                                    .state_vsn = 1,
                                    .settings_size = sizeof(struct by),
                                    .fields = fields_1,
                                    .init = init_1,
                                    .handle = handle_1,
                                    .save = save_1,
                                    .upgrade = upgrade_1,
                                    .answers = answers_1};
static const struct wtl_actor v2 = {.size = sizeof(struct wtl_actor),
                                    .name = "asks",
                                    .kind = WTL_PROCESSOR,
                                    .state_size = sizeof(struct second),
                                    .state_vsn = 2,
                                    .settings_size = sizeof(struct both),
                                    .fields = fields_2,
                                    .init = init_2,
                                    .handle = handle_2,
                                    .save = save_2,
                                    .upgrade = upgrade_2,
                                    .answers = answers_2};

/* ---- upgrades ---------------------------------------------------------------------------------
 */

struct order {
    struct wtl__upgrade upgrade;
    struct wtl__version_pair pair;
};

static struct wtl_pid upgrader;
static uint32_t outcomes;
static struct wtl_error outcome;
static uint32_t switched;

static void done(struct wtl__upgrade *upgrade, struct wtl__ctx *x)
{
    (void)x;
    outcomes++;
    outcome = upgrade->error;
    switched = upgrade->actors;
}

static void free_order(struct wtl__upgrade *upgrade)
{
    wtl__pool_give(WTL_CONTAINER(upgrade, struct order, upgrade));
}

static void upgrade(const struct wtl_actor *from, const struct wtl_actor *to)
{
    struct order *order = wtl__pool_take(sizeof *order);
    *order = (struct order){.pair = {.from = from, .to = to},
                            .upgrade = {.pairs = &order->pair,
                                        .pairs_count = 1,
                                        .from = "1",
                                        .to = "2",
                                        .done = done,
                                        .free = free_order}};
    wtl__upgrade_begin(&net.nodes[0].step.runtime, NULL, upgrader, &order->upgrade);
}

static void start(uint64_t seed, int64_t count)
{
    net_init(seed);
    (void)net_add("edge-1");
    cr_assert_eq(wtl_flow_registry_add("t", &v1), WTL_OK);
    memset(versions_seen, 0, sizeof versions_seen);
    outcomes = 0;
    refuses = false;
    friend_pid = wtl__spawn(&net.nodes[0].step.runtime, NULL, &friend_type, NULL, 0);
    upgrader = wtl__upgrader_spawn(&net.nodes[0].step.runtime);
    world.sources[0].limit = count;
    net_begin(0, "flow t { push t.src @edge ~> t.asks @edge { by = 100 } ~> t.sink }");
}

Test(stage, L19_X096_a_stage_goes_over)
{
    NET_SEEDS(40)
    {
        start(seed, 400);
        for (int i = 0; versions_seen[1] < 10 + seed % 50; i++) {
            cr_assert(net_steps(1));
        }
        upgrade(&v1, &v2);
        net_settle();
        cr_assert_eq(outcomes, 1);
        cr_assert_eq(outcome.status, WTL_OK, "%s", outcome.text);
        cr_assert_eq(switched, 1);
        cr_assert_eq(versions_seen[1] + versions_seen[2], 400, "each one once");
        cr_assert_gt(versions_seen[2], 0);
        cr_assert_eq(last_count, 400, "its state has gone along");
        seen_all("sink", 0, 400);
        cr_assert_geq(seen_at("sink", 0)->value, 100);
        cr_assert_eq(seen_at("sink", 399)->value, seen_at("sink", 0)->value, "and its settings");
        cr_assert_eq(net_show("t", "asks", NULL, NET_REDELIVERED), 0);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        net_deinit();
    }
}

Test(stage, L19_X096_a_stage_returns_and_a_later_one_is_new)
{
    start(3, 200);
    while (versions_seen[1] < 50) {
        cr_assert(net_steps(1));
    }
    refuses = true;
    upgrade(&v1, &v2);
    net_settle();
    cr_assert_eq(outcome.status, WTL_INVALID);
    cr_assert_eq(versions_seen[1], 200);
    cr_assert_eq(last_count, 200);
    seen_all("sink", 0, 200);
    refuses = false;
    upgrade(&v1, &v2);
    net_settle();
    cr_assert_eq(outcome.status, WTL_OK, "%s", outcome.text);
    upgrade(&v2, &v1);
    net_settle();
    upgrade(&v1, &v2);
    net_settle();
    cr_assert_eq(outcomes, 4);
    /* started again by its supervisor, with the settings that the flow gave to the first version */
    net_exit(net_pid("t", "asks", NULL), WTL_REASON(WTL_EXIT_KILL, "kill"));
    net_advance(1000);
    world.sources[0].limit = 300;
    net_tell(world.sources[0].pid, WTL_TAG("go"));
    net_settle();
    cr_assert_eq(versions_seen[2], 100);
    seen_all("sink", 0, 300);
    cr_assert_eq(seen_at("sink", 299)->value, seen_at("sink", 0)->value);
    net_deinit();
}
