/*
 * every_moment.c - a flow over three machines of which one part ends at every moment of its run,
 * from the first message of its start to the last acknowledgement, and flows that are struck again
 * and again.
 *
 * What must hold is the same each time: what a producer's wtl_emit has accepted reaches the
 * consumer, and by its key it is there once. Only the end of a producer's outbox or of its machine
 * may lose something, and that is counted.
 */
#include "stage_kit.h"

#include "base/prng.h"

#define FLOW                                                                                       \
    "flow t {\n"                                                                                   \
    "  push src @device <~> add @edge <~> {t.even, t.add2} @edge <~> sink @cloud\n"                \
    "}\n"

enum { EDGE = 0, CLOUD = 1, DEVICE = 2 };

#define COUNT 30
/* Moments of one run: how many steps lie between them is chosen by how long it takes. */
#define MOMENTS 300u

/* ---- striking -------------------------------------------------------------------------------- */

struct blow {
    const char *name;
    uint32_t node;
    uint32_t other;    /* a cut: to this one */
    const char *actor; /* NULL: the whole node, or a cut */
    bool mended;       /* somebody has to bring it back */
};

static const struct blow blows[] = {
    {.name = "producer", .node = DEVICE, .actor = "src"},
    {.name = "processor", .node = EDGE, .actor = "add"},
    {.name = "fork", .node = EDGE, .actor = "even.fork"},
    {.name = "member", .node = EDGE, .actor = "add2"},
    {.name = "consumer", .node = CLOUD, .actor = "sink"},
    {.name = "manager", .node = CLOUD, .actor = "flow_manager"},
    {.name = "edge", .node = EDGE, .mended = true},
    {.name = "cloud", .node = CLOUD, .mended = true},
    {.name = "device to edge", .node = DEVICE, .other = EDGE + 1, .mended = true},
    {.name = "edge to cloud", .node = EDGE, .other = CLOUD + 1, .mended = true},
    {.name = "device to cloud", .node = DEVICE, .other = CLOUD + 1, .mended = true},
};
#define BLOWS (sizeof blows / sizeof blows[0])

static const struct blow outbox = {.name = "outbox", .node = DEVICE, .actor = "src.outbox"};
static const struct blow device = {.name = "device", .node = DEVICE, .mended = true};

static struct wtl_reason reason_of(uint64_t moment)
{
    switch (moment % 3) {
    case 0:
        return WTL_REASON(WTL_EXIT_KILL, "kill");
    case 1:
        return WTL_REASON(WTL_EXIT_ERROR, "blow");
    default:
        return WTL_REASON(WTL_EXIT_SHUTDOWN, "stop");
    }
}

static void strike(const struct blow *blow, uint64_t moment)
{
    if (blow->actor != NULL) {
        struct wtl_pid pid = net_actor(blow->node, blow->actor);
        if (!wtl_pid_is_none(pid)) {
            net_exit(pid, reason_of(moment));
        }
    } else if (blow->other != 0) {
        net_cut(blow->node, blow->other - 1, true);
    } else {
        net_die(blow->node);
    }
}

/* A cloud that comes back starts its flow again, as `node start --flow` does. */
static void mend(const struct blow *blow)
{
    if (blow->other != 0) {
        net_cut(blow->node, blow->other - 1, false);
    } else if (blow->mended) {
        net_revive(blow->node);
        if (blow->node == CLOUD) {
            net_begin(CLOUD, FLOW);
        }
    }
}

/* ---- what must hold -------------------------------------------------------------------------- */

/* One key, one message. */
static void keys_tell_apart(const char *what)
{
    for (uint32_t i = 0; i < world.seen_count; i++) {
        const struct seen *a = &world.seen[i];
        for (uint32_t k = i + 1; k < world.seen_count && strcmp(a->who, "sink") == 0; k++) {
            const struct seen *b = &world.seen[k];
            bool sinks = strcmp(b->who, "sink") == 0;
            bool same = a->origin == b->origin && a->number == b->number;
            cr_assert(!sinks || same == wtl_key_equal(a->key, b->key),
                      "%s: keys of %ld and %ld, seed %lu", what, (long)a->number, (long)b->number,
                      (unsigned long)net.seed);
        }
    }
}

static void nothing_is_lost(const char *what, int64_t count)
{
    cr_assert_eq(world.sources[DEVICE].made, count, "%s: %ld of %ld accepted, seed %lu", what,
                 (long)world.sources[DEVICE].made, (long)count, (unsigned long)net.seed);
    seen_all("sink", DEVICE, count);
    keys_tell_apart(what);
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0, "%s: seed %lu", what,
                 (unsigned long)net.seed);
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_LOST), 0, "%s: seed %lu", what,
                 (unsigned long)net.seed);
}

/* ---- one blow ---------------------------------------------------------------------------------
 */

static void begin(uint64_t seed)
{
    net_init(seed);
    net_keep_state();
    (void)net_add("edge-1");
    (void)net_add("cloud-1");
    (void)net_add("device-1");
    net_settle();
    world.sources[DEVICE].limit = COUNT;
    net_begin(CLOUD, FLOW);
}

/* How many steps a run takes that nothing disturbs. */
static uint32_t whole_run(void)
{
    uint32_t steps = 0;
    begin(1);
    while (net_steps(1)) {
        steps++;
    }
    nothing_is_lost("nothing", COUNT);
    net_deinit();
    return steps;
}

/* A run that is struck at that moment, and mended a little later. */
static void struck(const struct blow *blow, uint64_t seed, uint32_t moment)
{
    begin(seed);
    (void)net_steps(moment);
    strike(blow, moment);
    (void)net_steps(moment * 7 % 250);
    if (moment % 2 == 0) {
        net_advance(moment % 1300);
    }
    mend(blow);
    net_advance(60000);
}

/* Calls `check` after a run for each of so many moments. */
static void at_every_moment(const struct blow *blow, uint32_t moments,
                            void (*check)(const struct blow *blow))
{
    uint32_t steps = whole_run();
    uint32_t stride = steps / moments > 0 ? steps / moments : 1;
    for (uint32_t moment = 0; moment < steps; moment += stride) {
        struct blow now = *blow;
        struck(&now, 1, moment);
        check(&now);
        net_deinit();
    }
}

static void none_lost(const struct blow *blow)
{
    nothing_is_lost(blow->name, COUNT);
}

/* What an outbox has taken with it is counted: what did not arrive is among that. */
static void lost_is_counted(const struct blow *blow)
{
    uint64_t lost = net_show("t", "src.outbox", NULL, NET_LOST);
    cr_assert_eq(world.sources[DEVICE].made, COUNT);
    cr_assert_leq((uint64_t)(COUNT - world.done), lost, "%s: %ld came, %lu lost", blow->name,
                  (long)world.done, (unsigned long)lost);
    keys_tell_apart(blow->name);
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
}

/* What a device's end has lost is counted when it is back, and what its next life makes arrives. */
static void goes_on(const struct blow *blow)
{
    int64_t before = world.sources[DEVICE].made;
    int64_t done = world.done;
    uint64_t lost = net_show("t", "src.outbox", NULL, NET_LOST);
    cr_assert_leq((uint64_t)(before - done), lost, "%s: %ld of %ld came, %lu lost", blow->name,
                  (long)done, (long)before, (unsigned long)lost);
    cr_assert_leq(lost, (uint64_t)before);
    world.sources[DEVICE].limit = before + COUNT;
    net_tell(net_actor(DEVICE, "src"), WTL_TAG("go"));
    net_advance(10000);
    cr_assert_eq(world.sources[DEVICE].made, before + COUNT, "%s", blow->name);
    cr_assert_eq(world.done, done + COUNT, "%s: %ld of %d", blow->name, (long)(world.done - done),
                 COUNT);
    keys_tell_apart(blow->name);
}

Test(every_moment, F73_whatever_ends_nothing_accepted_is_lost)
{
    for (size_t i = 0; i < BLOWS; i++) {
        at_every_moment(&blows[i], MOMENTS, none_lost);
    }
}

Test(every_moment, F73_an_outbox_s_end_is_counted)
{
    at_every_moment(&outbox, MOMENTS, lost_is_counted);
}

Test(every_moment, F73_a_device_s_end_stops_nothing)
{
    at_every_moment(&device, MOMENTS, goes_on);
}

/* ---- again and again ---------------------------------------------------------------------------
 */

static void tormented(uint64_t seed)
{
    struct wtl__prng prng;
    wtl__prng_init(&prng, seed * 977);
    begin(seed);
    world.sources[DEVICE].limit = 4 * COUNT;
    for (int i = 0; i < 8; i++) {
        const struct blow *blow = &blows[wtl__prng_below(&prng, BLOWS)];
        (void)net_steps((uint32_t)wtl__prng_below(&prng, 800));
        strike(blow, wtl__prng_below(&prng, 3));
        (void)net_steps((uint32_t)wtl__prng_below(&prng, 300));
        if (wtl__prng_below(&prng, 2) == 0) {
            net_advance(wtl__prng_below(&prng, 4000));
        }
        mend(blow);
    }
    net_advance(120000);
    nothing_is_lost("many", 4 * COUNT);
    net_deinit();
}

Test(every_moment, F73_blow_after_blow)
{
    NET_SEEDS(150)
    {
        tormented(seed);
    }
}
