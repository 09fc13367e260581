/* stage_pace.c - who sets the pace: push, demand, pull, and what credit does to a fast producer. */
#include "stage_kit.h"

#include "base/pool.h"

static void start(uint64_t seed, const char *source, int64_t count)
{
    net_init(seed);
    (void)net_add("edge-1");
    world.sources[0].limit = count;
    cr_assert_eq(net_start(0, source), WTL_OK);
    net_settle();
}

static void release(void)
{
    net_tell(net_pid("t", "sink", NULL), WTL_TAG("release"));
    net_settle();
}

Test(stage, F33_credit_holds_back_a_fast_producer)
{
    NET_SEEDS(3)
    {
        net_init(seed);
        world.hold = true;
        (void)net_add("edge-1");
        world.sources[0].limit = 15000;
        cr_assert_eq(net_start(0, "push t.src @edge ~> t.add { name = sink2 } ~> t.sink"), WTL_OK);
        net_settle();
        cr_assert_leq(world.held_count, 1024, "the window of the slowest stage");
        cr_assert_eq(world.sources[0].made, WTL_FLOW_OUTBOX_MESSAGES, "and the outbox");
        uint64_t most = wtl__pool_stats().used_bytes;
        while (world.sources[0].made < 15000 || world.held_count > 0) {
            release();
            uint64_t used = wtl__pool_stats().used_bytes;
            cr_assert_leq(used, most + (most - net.used_bytes) / 4, "memory is flat");
            cr_assert_leq(world.sources[0].made - world.done, WTL_FLOW_OUTBOX_MESSAGES + 1024);
        }
        cr_assert_gt(world.sources[0].refused, 0);
        cr_assert_gt(world.sources[0].readies, 1);
        seen_all("sink", 0, 15000);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_REDELIVERED), 0, "nobody sent too much");
        cr_assert_eq(net_show("t", "sink", NULL, NET_REDELIVERED), 0);
        net_deinit();
    }
}

Test(stage, F33_large_messages_are_bounded_in_bytes)
{
    net_init(1);
    world.hold = true;
    (void)net_add("edge-1");
    world.sources[0].limit = 1000;
    world.sources[0].size = 60000;
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.sink"), WTL_OK);
    net_settle();
    cr_assert_leq(world.sources[0].made, 16 * 1024 * 1024 / 60000 + 1);
    cr_assert_leq(world.held_count, 4 * 1024 * 1024 / 60000 + 1);
    cr_assert_gt(world.held_count, 16);
    while (world.held_count > 0) {
        release();
    }
    seen_all("sink", 0, 1000);
    net_deinit();
}

Test(stage, F02_demand_is_never_exceeded)
{
    NET_SEEDS(10)
    {
        net_init(seed);
        world.hold = true;
        (void)net_add("edge-1");
        world.sources[0].limit = 5000;
        cr_assert_eq(net_start(0, "demand t.src @edge ~> t.sink"), WTL_OK);
        net_settle();
        while (world.done < 5000) {
            cr_assert_leq(world.sources[0].made, (int64_t)world.sources[0].demanded);
            cr_assert_leq(world.held_count, 1024);
            cr_assert_leq(world.sources[0].made - (world.done - world.held_count), 1024,
                          "what is outstanding is what was asked for");
            release();
        }
        seen_all("sink", 0, 5000);
        cr_assert_eq(seen_count("sink"), 5000);
        net_deinit();
    }
}

Test(stage, F03_the_far_end_pulls)
{
    NET_SEEDS(10)
    {
        start(seed, "pull t.src @edge <~> t.add <~> {t.add2, t.dup} <~> t.asker { by = 5 }", 1000);
        cr_assert_eq(world.sources[0].made, 0, "nothing before it is asked for");
        for (int64_t asked = 5; asked <= 50; asked += 5) {
            net_tell(net_pid("t", "asker", NULL), WTL_TAG("more"));
            net_settle();
            cr_assert_eq(world.back_status, WTL_OK);
            cr_assert_eq(world.sources[0].made, asked, "at most so many");
            cr_assert_eq(world.sources[0].demanded, (uint64_t)asked);
            seen_all("sink", 0, asked);
        }
        net_deinit();
    }
}

Test(stage, F03_what_is_dropped_is_asked_for_again)
{
    start(1, "pull t.src @edge <~> t.even <~> t.asker { by = 5 }", 1000);
    net_tell(net_pid("t", "asker", NULL), WTL_TAG("more"));
    net_settle();
    cr_assert_eq(seen_count("sink"), 5);
    cr_assert_eq(world.sources[0].made, 10);
    net_deinit();
}

Test(stage, F03_only_who_may_asks)
{
    start(1, "push t.src @edge <~> t.asker { by = 5 }", 3);
    net_tell(net_pid("t", "asker", NULL), WTL_TAG("more"));
    net_settle();
    cr_assert_eq(world.back_status, WTL_DENIED);
    net_deinit();
}

Test(stage, F75_a_lone_message_waits_for_no_timer)
{
    NET_SEEDS(10)
    {
        net_init(seed);
        (void)net_add("device-1");
        (void)net_add("edge-1");
        (void)net_add("cloud-1");
        world.sources[0].limit = 1;
        uint64_t begin = net_now_ms();
        cr_assert_eq(net_start(2, "push t.src @device <~> t.add @edge <~> {t.add2, t.dup} <~> "
                                  "t.sink @cloud"),
                     WTL_OK);
        net_settle();
        seen_all("sink", 0, 1);
        cr_assert_eq(seen_at("sink", 0)->at_ms, begin, "no virtual time has passed");
        net_deinit();
    }
}
