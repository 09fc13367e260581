/* manager_net.c - flows over several nodes: placement, nodes that come, go and die, and managers.
 */
#include "stage_kit.h"

#include "actor/names.h"
#include "base/prng.h"

#define CLIMATE                                                                                    \
    "flow t {\n"                                                                                   \
    "  push src @each:device <~> add @edge <~> [add2, t.dup] <~> {t.tick, t.even} <~> "            \
    "reply @cloud\n"                                                                               \
    "}\n"

/* edge-1 is 0, cloud-1 is 1, devices come after. */
static void start(uint64_t seed, uint32_t devices, const char *source, int64_t count)
{
    net_init(seed);
    (void)net_add("edge-1");
    (void)net_add("cloud-1");
    for (uint32_t i = 0; i < devices; i++) {
        char name[] = "device-0";
        name[7] = (char)('1' + i);
        world.sources[net_add(name)].limit = count;
    }
    cr_assert_eq(net_start(1, source), WTL_OK, "%.*s", (int)net_answer.size,
                 (const char *)net_answer.bytes);
    net_settle();
}

Test(manager, F65_the_design_example_runs)
{
    NET_SEEDS(10)
    {
        start(seed, 3, CLIMATE, 200);
        for (uint32_t i = 2; i < 5; i++) {
            seen_all("sink", i, 200);
            cr_assert_eq(world.sources[i].got_back, 400, "two answers of each, to its producer");
        }
        cr_assert_eq(seen_count("sink"), 1200);
        cr_assert_str_eq(net_state("t", "src", "device-2"), "running");
        cr_assert_str_eq(net_state("t", "add", "edge-1"), "running");
        cr_assert_str_eq(net_state("t", "tick.fork", "edge-1"), "running");
        cr_assert_str_eq(net_state("t", "reply", "cloud-1"), "running");
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_ACKED), 600);
        cr_assert_eq(net_show("t", "reply", NULL, NET_IN), 1200);
        net_deinit();
    }
}

Test(manager, F65_a_node_that_comes_is_used)
{
    NET_SEEDS(10)
    {
        start(seed, 1, "push t.src @each:device ~> t.add @each:edge ~> t.sink @cloud", 100);
        seen_all("sink", 2, 100);
        uint32_t device = net_add("device-2");
        world.sources[device].limit = 50;
        net_settle();
        seen_all("sink", device, 50);
        cr_assert_str_eq(net_state("t", "src", "device-2"), "running");
        (void)net_add("edge-2");
        net_settle();
        cr_assert_str_eq(net_state("t", "add", "edge-2"), "running");
        net_deinit();
    }
}

Test(manager, F65_any_moves_without_loss)
{
    NET_SEEDS(20)
    {
        start(seed, 1, "push t.src @device ~> t.add @any:edge ~> t.sink @cloud", 2000);
        uint32_t second = net_add("edge-2");
        (void)second;
        world.sources[2].limit = 4000;
        net_tell(world.sources[2].pid, WTL_TAG("go"));
        (void)net_steps(300 * (uint32_t)seed);
        net_die(0);
        net_advance(10000);
        cr_assert_str_eq(net_state("t", "add", "edge-2"), "running");
        seen_all("sink", 2, 4000);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        net_deinit();
    }
}

Test(manager, F73_a_dead_node_is_waited_for)
{
    NET_SEEDS(20)
    {
        start(seed, 2, "push t.src @each:device <~> {t.add @edge, t.add2} <~> t.sink @cloud", 300);
        for (uint32_t i = 2; i < 4; i++) {
            world.sources[i].limit = 1500;
            net_tell(world.sources[i].pid, WTL_TAG("go"));
        }
        (void)net_steps(100 + 217 * (uint32_t)seed);
        net_die(0);
        net_advance(20000);
        cr_assert_str_eq(net_state("t", "add", NULL), "away");
        net_revive(0);
        net_advance(20000);
        cr_assert_str_eq(net_state("t", "add", NULL), "running");
        seen_all("sink", 2, 1500);
        seen_all("sink", 3, 1500);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        net_deinit();
    }
}

Test(manager, F73_a_cut_between_nodes_loses_nothing)
{
    NET_SEEDS(20)
    {
        start(seed, 1, "push t.src @device ~> t.add @edge ~> t.sink @cloud", 300);
        world.sources[2].limit = 3000;
        net_tell(world.sources[2].pid, WTL_TAG("go"));
        (void)net_steps(100 + 150 * (uint32_t)seed);
        net_cut(0, 1, true); /* edge and cloud; the device sees both */
        (void)net_steps(500);
        net_advance(7000);
        cr_assert_lt(world.done, 3000);
        net_cut(0, 1, false);
        net_advance(20000);
        seen_all("sink", 2, 3000);
        cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 0);
        net_deinit();
    }
}

static struct wtl_pid manager_pid(void)
{
    for (uint32_t i = 0; i < NET_NAMES_MAX; i++) {
        if (strcmp(net.names[i].name, "flow.t") == 0) {
            return net.names[i].pid;
        }
    }
    return WTL_PID_NONE;
}

static uint64_t epoch_now(void)
{
    (void)net_state("t", "src", NULL);
    struct wtl_reader reader = wtl_reader_over(net_answer.bytes, net_answer.size);
    for (uint32_t left = wtl_get_map(&reader); left > 0; left--) {
        if (WTL_GET_KEY(&reader, "epoch")) {
            return wtl_get_u64(&reader);
        }
        wtl_skip(&reader);
        wtl_skip(&reader);
    }
    return 0;
}

Test(manager, a_manager_that_ends_takes_over_what_runs)
{
    NET_SEEDS(20)
    {
        start(seed, 2, CLIMATE, 100);
        cr_assert_eq(epoch_now(), 1);
        struct wtl_pid add = net_pid("t", "add", NULL);
        struct wtl_pid before = manager_pid();
        net_exit(before, WTL_REASON(WTL_EXIT_KILL, "kill"));
        (void)net_add("edge-0"); /* a lower name, which is not where the stage runs */
        net_settle();
        cr_assert_not(wtl_pid_equal(before, manager_pid()));
        cr_assert_eq(epoch_now(), 2);
        cr_assert(wtl_pid_equal(add, net_pid("t", "add", NULL)), "it was not disturbed");
        cr_assert_eq(world.inits, 3);
        for (uint32_t i = 2; i < 4; i++) {
            world.sources[i].limit = 300;
            net_tell(world.sources[i].pid, WTL_TAG("go"));
        }
        (void)net_steps(200);
        net_exit(net_pid("t", "add", NULL), WTL_REASON(WTL_EXIT_KILL, "kill"));
        net_advance(5000);
        seen_all("sink", 2, 300);
        seen_all("sink", 3, 300);
        net_deinit();
    }
}

Test(manager, a_flow_is_managed_once)
{
    start(1, 1, CLIMATE, 10);
    cr_assert_eq(net_start(0, CLIMATE), WTL_EXISTS, "by another node");
    cr_assert_eq(net_start(1, CLIMATE), WTL_EXISTS);
    net_advance(1000);
    seen_all("sink", 2, 10);
    cr_assert_eq(net_stop(0, "t"), WTL_NOT_FOUND);
    cr_assert_eq(net_stop(1, "t"), WTL_OK);
    net_advance(20000);
    for (uint32_t i = 0; i < net.count; i++) {
        cr_assert_eq(wtl__step_live(&net.nodes[i].step), 2, "the boss and the host of %u", i);
    }
    cr_assert(wtl_pid_is_none(manager_pid()));
    net_deinit();
}

/* Nobody can tell a node that a flow has ended while that node is away. */
Test(manager, a_flow_that_ended_while_a_node_was_away_ends_there_too)
{
    NET_SEEDS(10)
    {
        start(seed, 2, "push t.src @each:device ~> t.add @edge ~> t.sink @cloud", 20);
        net_cut(1, 2, true);
        cr_assert_eq(net_stop(1, "t"), WTL_OK);
        net_advance(20000);
        cr_assert_gt(wtl__step_live(&net.nodes[2].step), 2, "it has not heard of it");
        cr_assert_eq(wtl__step_live(&net.nodes[3].step), 2);
        net_cut(1, 2, false);
        net_advance(20000);
        cr_assert_eq(wtl__step_live(&net.nodes[2].step), 2, "the boss and the host");
        net_deinit();
    }
}

/* One that was away while nothing was ended is left alone. */
Test(manager, a_flow_whose_manager_was_away_goes_on)
{
    start(3, 1, "push t.src @device ~> t.add @edge ~> t.sink @cloud", 20);
    struct wtl_pid add = net_pid("t", "add", NULL);
    net_cut(0, 1, true);
    net_advance(20000);
    net_cut(0, 1, false);
    world.sources[2].limit = 40;
    net_tell(world.sources[2].pid, WTL_TAG("go"));
    net_advance(20000);
    cr_assert(wtl_pid_equal(add, net_pid("t", "add", NULL)));
    seen_all("sink", 2, 40);
    net_deinit();
}

Test(manager, what_cannot_be_started_is_said)
{
    start(1, 1, "push t.src @device ~> t.nothing @edge ~> t.sink @cloud", 10);
    cr_assert_str_eq(net_state("t", "nothing", NULL), "broken");
    cr_assert_str_eq(net_state("t", "src", NULL), "running");
    cr_assert_eq(seen_count("sink"), 0);
    cr_assert_eq(net_show("t", "src.outbox", NULL, NET_WAITING), 10, "nothing is lost meanwhile");
    net_deinit();
}

/* What comes from anywhere is not believed. */
Test(manager, hostile_messages_change_nothing)
{
    static const char *const tags[] = {
        "$flow.data",  "$flow.ack",   "$flow.credit", "$flow.open",  "$flow.close",
        "$flow.reset", "$flow.ask",   "$flow.back",   "$flow.room",  "$flow.wire",
        "$flow.flush", "$flow.more",  "$flow.run",    "$flow.wires", "$flow.up",
        "$flow.state", "$flow.stats", "$flow.report", "flow.start",  "flow.stop",
        "flow.show",   "node_up",     "$flow.held",   "$flow.retry", "$flow.managed",
    };
    static const char *const stages[] = {"src", "src.outbox", "add", "tick.fork", "reply"};
    struct wtl__prng prng;
    start(7, 1, CLIMATE, 50);
    wtl__prng_init(&prng, 7);
    for (int i = 0; i < 4000; i++) {
        uint8_t bytes[48];
        size_t size = wtl__prng_below(&prng, sizeof bytes);
        for (size_t k = 0; k < size; k++) {
            bytes[k] = (uint8_t)wtl__prng_below(&prng, k == 0 ? 16 : 256);
            bytes[k] |= k == 0 ? 0x90 : 0;
        }
        struct wtl_pid to = wtl_flow_host_pid(net_id((uint32_t)(i % 3)));
        if (i % 4 == 1) {
            to = manager_pid();
        } else if (i % 4 > 1) {
            to = net_pid("t", stages[wtl__prng_below(&prng, 5)], NULL);
        }
        const char *tag = tags[wtl__prng_below(&prng, sizeof tags / sizeof tags[0])];
        struct wtl_writer body;
        (void)wtl__message_open(&body, size);
        wtl_put_raw(&body, bytes, size);
        struct wtl__envelope *envelope = wtl__message_take(&body, WTL__MESSAGE);
        envelope->msg.tag = wtl_tag_make(tag, strlen(tag));
        envelope->msg.from = net.nodes[0].boss;
        uint32_t at = (uint32_t)(to.node / 100 - 1);
        (void)wtl__deliver(&net.nodes[at].step.runtime, NULL, to, envelope);
        net_settle();
    }
    world.sources[2].limit = 100;
    net_tell(world.sources[2].pid, WTL_TAG("go"));
    net_advance(60000);
    seen_all("sink", 2, 100);
    net_deinit();
}
