/* stage_crash.c - stages that end in the middle of their work: what was accepted is not lost. */
#include "stage_kit.h"

#include "base/prng.h"

static void start(uint64_t seed, const char *source, int64_t count)
{
    net_init(seed);
    (void)net_add("edge-1");
    world.sources[0].limit = count;
    cr_assert_eq(net_start(0, source), WTL_OK);
}

/* All that was accepted has been seen, by key, and is acknowledged. */
static void nothing_is_lost(int64_t count)
{
    cr_assert_eq(world.sources[0].made, count, "seed %lu", (unsigned long)net.seed);
    seen_all("sink", 0, count);
    uint64_t most = 0;
    for (uint32_t i = 0; i < world.seen_count; i++) {
        most = world.seen[i].key.seq > most ? world.seen[i].key.seq : most;
    }
    cr_assert_eq(most, (uint64_t)count, "sequence numbers are those of what was accepted");
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0, "seed %lu",
                 (unsigned long)net.seed);
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_ACKED), (uint64_t)count);
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_LOST), 0);
}

Test(stage, F73_the_message_that_it_ended_with_is_retried)
{
    net_init(1);
    (void)net_add("edge-1");
    world.sources[0].limit = 20;
    world.crash_at = 7;
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.add ~> t.sink"), WTL_OK);
    net_settle();
    nothing_is_lost(20);
    cr_assert_eq(net_show("t", "add", NULL, NET_RESTARTS), 1);
    cr_assert_eq(world.inits, 2);
    uint32_t redelivered = 0;
    for (uint32_t i = 0; i < world.seen_count; i++) {
        redelivered += world.seen[i].redelivered;
    }
    cr_assert_gt(redelivered, 0);
    net_deinit();
}

Test(stage, F73_poison_does_not_stop_the_rest_for_good)
{
    net_init(1);
    (void)net_add("edge-1");
    world.sources[0].limit = 20;
    world.crash_at = 7;
    world.poison = true;
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.add ~> t.sink"), WTL_OK);
    net_advance(600);
    cr_assert_str_eq(net_state("t", "add", NULL), "waiting", "its supervisor has given up");
    seen_all("sink", 0, 6);
    net_advance(120000);
    cr_assert_geq(net_show("t", "add", NULL, NET_RESTARTS), 20, "and it was tried again");
    world.crash_at = 0;
    net_advance(60000);
    nothing_is_lost(20);
    net_deinit();
}

Test(stage, F73_an_outbox_that_ends_says_what_it_has_lost)
{
    net_init(1);
    world.hold = true;
    (void)net_add("edge-1");
    world.sources[0].limit = 50;
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.sink"), WTL_OK);
    net_settle();
    net_tell(net_pid("t", "sink", NULL), WTL_TAG("release"));
    net_settle();
    world.sources[0].limit = 80;
    net_tell(world.sources[0].pid, WTL_TAG("go"));
    net_settle();
    struct wtl_key old = seen_at("sink", 0)->key;
    net_exit(net_pid("t", "src.outbox", NULL), WTL_REASON(WTL_EXIT_KILL, "kill"));
    net_settle();
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_LOST), 30);
    world.hold = false;
    world.sources[0].limit = 100;
    net_tell(world.sources[0].pid, WTL_TAG("go"));
    net_settle();
    cr_assert_eq(seen_count("sink"), 100);
    struct wtl_key new = seen_at("sink", 99)->key;
    cr_assert_not(wtl_pid_equal(old.source, new.source), "it is another source");
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_ACKED), 70);
    net_deinit();
}

static const char *const victims[] = {"src", "add", "add2", "even", "add.fork", "sink"};

/* Ends one of the stages now and then while the flow runs: killed, crashed or in order. */
static void torment(uint64_t seed, const char *source, int64_t count)
{
    struct wtl__prng prng;
    wtl__prng_init(&prng, seed * 977);
    start(seed, source, count);
    for (int blow = 0; blow < 12; blow++) {
        (void)net_steps((uint32_t)wtl__prng_below(&prng, 400));
        const char *victim = victims[wtl__prng_below(&prng, 6)];
        if (strcmp(net_state("t", victim, NULL), "none") == 0) {
            continue;
        }
        struct wtl_pid pid = net_pid("t", victim, NULL);
        world.sources[0].limit += 50;
        if (!net_lives(pid)) {
            continue;
        }
        (void)net_tell(world.sources[0].pid, WTL_TAG("go"));
        (void)net_steps((uint32_t)wtl__prng_below(&prng, 200));
        switch (wtl__prng_below(&prng, 3)) {
        case 0:
            net_exit(pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
            break;
        case 1:
            net_exit(pid, WTL_REASON(WTL_EXIT_ERROR, "blow"));
            break;
        default:
            net_exit(pid, WTL_REASON(WTL_EXIT_SHUTDOWN, "stop"));
            break;
        }
        net_advance(wtl__prng_below(&prng, 1500));
    }
    net_advance(120000);
    net_tell(net_pid("t", "src", NULL), WTL_TAG("go"));
    net_advance(1000);
    nothing_is_lost(world.sources[0].limit);
    net_deinit();
}

Test(stage, F73_chains_lose_nothing)
{
    NET_SEEDS(40)
    {
        torment(seed, "push t.src @edge ~> t.add ~> t.add2 ~> t.sink", 200);
    }
}

Test(stage, F73_groups_lose_nothing)
{
    NET_SEEDS(40)
    {
        torment(seed, "push t.src @edge <~> {t.add, t.add2} <~> [t.dup] <~> t.sink", 200);
    }
}

Test(stage, F73_demand_and_shared_stages_lose_nothing)
{
    NET_SEEDS(20)
    {
        torment(seed,
                "b = t.sink { name = b }\n"
                "demand t.src @edge <~> t.add <~> {t.even, t.add2} <~> t.sink\n"
                "push add <~> b",
                200);
    }
}
