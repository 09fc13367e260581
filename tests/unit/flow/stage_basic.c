/* stage_basic.c - flows on one node: what goes through which stage, and what comes out. */
#include "stage_kit.h"

#include <stdio.h>

static void start(uint64_t seed, const char *source, int64_t count)
{
    net_init(seed);
    (void)net_add("edge-1");
    world.sources[0].limit = count;
    cr_assert_eq(net_start(0, source), WTL_OK, "%.*s", (int)net_answer.size,
                 (const char *)net_answer.bytes);
    net_settle();
}

Test(stage, F01_push_in_order)
{
    NET_SEEDS(20)
    {
        start(seed, "push t.src @edge ~> t.sink", 3000);
        seen_all("sink", 0, 3000);
        cr_assert_eq(seen_count("sink"), 3000, "nothing comes twice");
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_ACKED), 3000);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        cr_assert_eq(net_show("t", "sink", NULL, NET_IN), 3000);
        net_deinit();
    }
}

Test(stage, F01_keys_name_each_message_once)
{
    start(3, "push t.src @edge ~> t.add ~> t.sink", 50);
    for (uint32_t i = 0; i < 50; i++) {
        const struct seen *seen = seen_at("sink", i);
        cr_assert_eq(seen->key.seq, i + 1);
        cr_assert_eq(seen->key.child, 0);
        cr_assert_eq(seen->key.epoch, 1);
        cr_assert_eq(seen->key.source.node, net_id(0));
        cr_assert_not(seen->redelivered);
    }
    net_deinit();
}

Test(stage, F04_forward_only)
{
    start(1, "push t.src @edge ~> t.add ~> t.reply", 5);
    seen_all("sink", 0, 5);
    cr_assert_eq(world.back_status, WTL_DENIED);
    cr_assert_eq(world.sources[0].got_back, 0);
    net_deinit();
    start(1, "push t.src @edge <~> t.add ~> t.reply", 5);
    cr_assert_eq(world.back_status, WTL_DENIED, "every arrow counts");
    net_deinit();
}

Test(stage, F05_backward_to_the_producer)
{
    NET_SEEDS(10)
    {
        start(seed, "push t.src @edge <~> [t.add, t.add2] <~> {t.even, t.dup} <~> t.reply", 20);
        seen_all("sink", 0, 20);
        cr_assert_eq(world.back_status, WTL_OK);
        cr_assert_eq(world.sources[0].got_back, 20);
        cr_assert_eq(world.sources[0].last_back, 20);
        net_tell(net_pid("t", "reply", NULL), WTL_TAG("shout"));
        net_settle();
        cr_assert_eq(world.back_status, WTL_OK);
        cr_assert_eq(world.sources[0].got_back, 21, "to all that lead there, once");
        net_deinit();
    }
}

Test(stage, F06_output_replaces_data)
{
    start(1, "push t.src @edge { by = 40 } ~> t.add { by = 2 } ~> t.sink", 3);
    cr_assert_eq(seen_at("sink", 2)->value, 42);
    net_deinit();
}

Test(stage, F07_in_order)
{
    NET_SEEDS(10)
    {
        start(seed,
              "a = t.add { by = 1, name = a }\n"
              "b = t.add { by = 10, name = b }\n"
              "c = t.add { by = 100, name = c }\n"
              "push t.src @edge ~> [a, b, c] ~> t.sink",
              100);
        seen_all("sink", 0, 100);
        cr_assert_eq(seen_at("a", 0)->value, 0);
        cr_assert_eq(seen_at("b", 0)->value, 1);
        cr_assert_eq(seen_at("c", 0)->value, 11);
        cr_assert_eq(seen_at("sink", 99)->value, 111);
        net_deinit();
    }
}

Test(stage, F08_at_once_and_unchanged)
{
    start(1,
          "a = t.wait { by = 300, name = a }\n"
          "b = t.wait { by = 200, name = b }\n"
          "push t.src @edge { by = 3 } ~> {a, b} ~> t.sink",
          4);
    uint64_t begin = net_now_ms();
    cr_assert_eq(seen_count("sink"), 0);
    cr_assert_eq(seen_count("a"), 4);
    cr_assert_eq(seen_count("b"), 4);
    net_advance(299);
    cr_assert_eq(seen_count("sink"), 0, "all are waited for");
    net_advance(1);
    cr_assert_eq(seen_count("sink"), 4);
    cr_assert_eq(seen_at("sink", 3)->at_ms - begin, 300, "the longest, not the sum");
    cr_assert_eq(seen_at("sink", 0)->value, 3);
    cr_assert(wtl_key_equal(seen_at("sink", 0)->key, seen_at("a", 0)->key));
    net_deinit();
}

Test(stage, F09_mixed)
{
    static const struct {
        const char *chain;
        int64_t value;
    } cases[] = {
        {"[p1, p2] ~> {p3, p4}", 3},
        {"{p1, p2} ~> [p3, p4]", 7},
        {"{p1, p2}", 0},
    };
    for (size_t i = 0; i < 3; i++) {
        NET_SEEDS(10)
        {
            char source[512];
            (void)snprintf(source, sizeof source,
                           "p1 = t.add { by = 1 }\np2 = t.add { by = 2 }\n"
                           "p3 = t.add @edge { by = 3 }\np4 = t.add @edge { by = 4 }\n"
                           "push t.src @edge ~> %s ~> t.sink",
                           cases[i].chain);
            start(seed, source, 25);
            seen_all("sink", 0, 25);
            cr_assert_eq(seen_count("sink"), 25);
            for (uint32_t k = 0; k < 25; k++) {
                cr_assert_eq(seen_at("sink", k)->value, cases[i].value, "%s", cases[i].chain);
            }
            net_deinit();
        }
    }
}

Test(stage, F13_state_and_timers_of_its_own)
{
    start(1, "push t.src @edge ~> t.tick { by = 5 } ~> t.sink", 1);
    cr_assert_eq(seen_at("sink", 0)->value, 5);
    net_advance(2500);
    world.sources[0].limit = 2;
    net_tell(world.sources[0].pid, WTL_TAG("go"));
    net_settle();
    cr_assert_eq(seen_at("sink", 1)->value, 15, "it was counted on meanwhile");
    cr_assert_eq(world.inits, 1);
    net_deinit();
}

Test(stage, F67_drops_and_many)
{
    NET_SEEDS(10)
    {
        start(seed, "push t.src @edge ~> t.even ~> t.dup ~> t.sink", 300);
        cr_assert_eq(seen_count("sink"), 300);
        cr_assert_eq(net_show("t", "even", NULL, NET_DROPPED), 150);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_ACKED), 300);
        for (uint32_t i = 0; i < 300; i += 2) {
            struct wtl_key first = seen_at("sink", i)->key;
            struct wtl_key second = seen_at("sink", i + 1)->key;
            cr_assert_eq(first.seq, second.seq);
            cr_assert_neq(first.child, second.child, "each has a key of its own");
        }
        net_deinit();
    }
}

Test(stage, F68_chains_share_stages)
{
    NET_SEEDS(10)
    {
        start(seed,
              "a = t.sink { name = a }\n"
              "push t.src @edge ~> t.add ~> t.sink\n"
              "push add ~> a\n"
              "push src ~> t.add2 ~> sink",
              200);
        cr_assert_eq(seen_count("sink"), 400, "by both ways");
        seen_all("a", 0, 200);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_ACKED), 200);
        net_deinit();
    }
}

Test(stage, F66_copies_share_the_work)
{
    start(5, "push t.src @edge ~> t.add *4 ~> t.sink", 400);
    cr_assert_eq(seen_count("sink"), 400);
    cr_assert_eq(world.inits, 4);
    cr_assert_eq(world.done, 400);
    net_deinit();
}

Test(stage, F12_clients_are_refused)
{
    net_init(1);
    (void)net_add("edge-1");
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.add ~> output"), WTL_UNSUPPORTED);
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.sink"), WTL_OK);
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.sink"), WTL_EXISTS);
    net_deinit();
}

Test(stage, a_flow_ends_and_leaves_nothing)
{
    start(1, "push t.src @edge ~> {t.add, t.add2} ~> t.sink", 100);
    cr_assert_eq(net_stop(0, "t"), WTL_OK);
    net_advance(20000);
    cr_assert_eq(wtl__step_live(&net.nodes[0].step), 2, "the boss and the host");
    cr_assert_eq(net_stop(0, "t"), WTL_NOT_FOUND);
    cr_assert_eq(net_start(0, "push t.src @edge ~> t.sink"), WTL_OK, "and may begin anew");
    net_deinit();
}
