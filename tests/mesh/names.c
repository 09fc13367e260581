/* names.c - global names: who gets one, who sees it, when it goes. */
#include "core_kit.h"

#include "mesh/core_private.h"

static struct net *mesh(uint64_t seed, uint32_t count)
{
    struct net *net = net_create(seed);
    char name[8];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)net_add(net, name, WTL_LAYER_EDGE, i == 0 ? NULL : "n0");
    }
    net_start_all(net);
    net_until(net, 5000, net_is_whole(net));
    net_run(net, 1000);
    return net;
}

static bool all_see(const struct net *net, const char *name, struct wtl_pid pid)
{
    for (uint32_t i = 0; i < net->count; i++) {
        if (net->nodes[i].core != NULL && net->nodes[i].config.layer != WTL_LAYER_DEVICE &&
            !wtl_pid_equal(net_find(net, i, name), pid)) {
            return false;
        }
    }
    return true;
}

Test(mesh_names, G01_sixteen_nodes_race_for_one_name)
{
    struct net *net = mesh(21, 16);
    char name[16];
    for (uint32_t round = 0; round < 60; round++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)round);
        for (uint32_t i = 0; i < 16; i++) {
            net_register(net, (i + round) % 16, 5, 100 + round, name);
        }
        net_run(net, 50);
        uint32_t winners = 0;
        struct wtl_pid winner = WTL_PID_NONE;
        for (uint32_t i = 0; i < 16; i++) {
            const struct log_entry *answer = net_answer(net, i, 100 + round);
            cr_assert_not_null(answer, "node %u", (unsigned)i);
            cr_assert(answer->status == WTL_OK || answer->status == WTL_EXISTS);
            winners += answer->status == WTL_OK ? 1 : 0;
            winner = answer->status == WTL_OK ? net_pid(net, i, 5) : winner;
        }
        cr_assert_eq(winners, 1, "round %u: %u winners", (unsigned)round, (unsigned)winners);
        for (uint32_t i = 0; i < 16; i++) {
            const struct log_entry *answer = net_answer(net, i, 100 + round);
            cr_assert(wtl_pid_equal(answer->holder, winner), "losers are told who has it");
        }
        cr_assert(all_see(net, name, winner));
    }
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_names, X108_two_actors_of_one_node_and_of_two)
{
    struct net *net = mesh(22, 2);
    net_register(net, 0, 1, 1, "same");
    net_register(net, 0, 2, 2, "same");
    net_register(net, 1, 3, 3, "same");
    net_run(net, 100);
    cr_expect_eq(net_answer(net, 0, 1)->status == WTL_OK, net_answer(net, 0, 2)->status != WTL_OK);
    cr_expect_eq(net_answer(net, 0, 2)->status, WTL_EXISTS);
    cr_expect_eq(net_answer(net, 1, 3)->status, WTL_EXISTS);
    cr_expect(wtl_pid_equal(net_answer(net, 1, 3)->holder, net_pid(net, 0, 1)));
    /* again by who has it: that is no clash; and an actor may have several names */
    net_register(net, 0, 1, 4, "same");
    net_register(net, 0, 1, 5, "other");
    net_run(net, 100);
    cr_expect_eq(net_answer(net, 0, 4)->status, WTL_OK);
    cr_expect_eq(net_answer(net, 0, 5)->status, WTL_OK);
    net_destroy(net);
}

Test(mesh_names, G02_reads_are_local)
{
    struct net *net = mesh(23, 3);
    net_register(net, 2, 1, 1, "store");
    net_until(net, 200, all_see(net, "store", net_pid(net, 2, 1)));
    uint32_t sent = net->nodes[0].frames;
    wtl__core_name_whereis(net->nodes[0].core, net_pid(net, 0, 9), 7, "store", net->now_ms);
    struct wtl__effect effect;
    cr_assert(wtl__core_effect(net->nodes[0].core, &effect));
    cr_expect_eq(effect.status, WTL_OK);
    cr_expect(wtl_pid_equal(effect.holder, net_pid(net, 2, 1)));
    cr_expect_not(wtl__core_effect(net->nodes[0].core, &effect));
    cr_expect_eq(net->nodes[0].frames, sent);
    net_destroy(net);
}

Test(mesh_names, G03_names_go_with_their_actor_and_with_their_node)
{
    struct net *net = mesh(24, 4);
    net_register(net, 3, 1, 1, "one");
    net_register(net, 3, 1, 2, "two");
    net_register(net, 3, 2, 3, "three");
    net_until(net, 200,
              all_see(net, "one", net_pid(net, 3, 1)) && all_see(net, "two", net_pid(net, 3, 1)) &&
                  all_see(net, "three", net_pid(net, 3, 2)));
    wtl__core_names_drop(net->nodes[3].core, net_pid(net, 3, 1), net->now_ms);
    net_until(net, 100, all_see(net, "one", WTL_PID_NONE) && all_see(net, "two", WTL_PID_NONE));
    cr_expect(all_see(net, "three", net_pid(net, 3, 2)));
    uint64_t dead = net_id(net, 3);
    net_kill(net, 3, true);
    net_until(net, WTL__DOWN_WINDOW_LAN_MS + 1000, all_see(net, "three", WTL_PID_NONE));
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, dead), 1);
    }
    net_register(net, 0, 8, 9, "three");
    net_until(net, 3000, all_see(net, "three", net_pid(net, 0, 8)));
    net_destroy(net);
}

Test(mesh_names, G05_a_name_that_was_just_let_go_can_be_taken)
{
    struct net *net = mesh(25, 4);
    char name[16];
    for (uint32_t round = 0; round < 20; round++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)round % 5);
        uint64_t local = 10 + round;
        net_register(net, 1, local, 100 + round, name);
        net_until(net, 200, net_answer(net, 1, 100 + round) != NULL);
        cr_assert_eq(net_answer(net, 1, 100 + round)->status, WTL_OK);
        wtl__core_name_unregister(net->nodes[1].core, net_pid(net, 1, local), name, net->now_ms);
        net_register(net, 1, local + 1000, 1000 + round, name);
        net_until(net, 500, net_answer(net, 1, 1000 + round) != NULL);
        cr_assert_eq(net_answer(net, 1, 1000 + round)->status, WTL_OK);
        net_until(net, 200, all_see(net, name, net_pid(net, 1, local + 1000)));
        wtl__core_names_drop(net->nodes[1].core, net_pid(net, 1, local + 1000), net->now_ms);
        net_run(net, 20);
        cr_assert(all_see(net, name, WTL_PID_NONE));
    }
    /* registered and unregistered in one breath */
    net_register(net, 2, 1, 1, "short");
    wtl__core_name_unregister(net->nodes[2].core, net_pid(net, 2, 1), "short", net->now_ms);
    net_run(net, 100);
    cr_expect_eq(net_answer(net, 2, 1)->status, WTL_OK);
    cr_expect(all_see(net, "short", WTL_PID_NONE));
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_names, X110_owner_dies_during_registration)
{
    struct net *net = mesh(26, 5);
    uint32_t asked = 0;
    char name[16];
    /* names of all owners, and then one node dies while they are under way */
    for (uint32_t k = 0; k < 40; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, k % 4, 1 + k, 100 + k, name);
        asked++;
    }
    net_run(net, 2);
    net_kill(net, 4, true);
    net_run(net, 15000);
    uint32_t there = 0;
    for (uint32_t k = 0; k < asked; k++) {
        const struct log_entry *answer = net_answer(net, k % 4, 100 + k);
        cr_assert_not_null(answer, "each one is answered");
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        struct wtl_pid pid = net_pid(net, k % 4, 1 + k);
        if (answer->status == WTL_OK) {
            cr_expect(all_see(net, name, pid), "ok means that it has it: %s", name);
            there++;
        } else {
            cr_expect_eq(answer->status, WTL_NO_CONNECTION);
            cr_expect(all_see(net, name, WTL_PID_NONE), "no ghost: %s", name);
        }
    }
    cr_expect_gt(there, asked / 2);
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_names, X110_actor_dies_during_its_registration)
{
    struct net *net = mesh(27, 4);
    char name[16];
    for (uint32_t k = 0; k < 50; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, k % 4, 1 + k, 100 + k, name);
        net_run(net, k % 7);
        wtl__core_names_drop(net->nodes[k % 4].core, net_pid(net, k % 4, 1 + k), net->now_ms);
    }
    net_run(net, 2000);
    for (uint32_t k = 0; k < 50; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        cr_expect(all_see(net, name, WTL_PID_NONE), "no ghost: %s", name);
    }
    net_destroy(net);
}

Test(mesh_names, X118_only_pids_of_this_node)
{
    struct net *net = net_create(28);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 500);
    wtl__core_name_register(net->nodes[edge].core, net_pid(net, cloud, 1), 1, "mine", net->now_ms);
    wtl__core_name_register(net->nodes[device].core, net_pid(net, edge, 1), 2, "mine", net->now_ms);
    wtl__core_name_register(net->nodes[edge].core, net_pid(net, edge, 1), 3, "No Name",
                            net->now_ms);
    net_run(net, 200);
    cr_expect_eq(net_answer(net, edge, 1)->status, WTL_NOT_OWNER);
    cr_expect_eq(net_answer(net, device, 2)->status, WTL_NOT_OWNER);
    cr_expect_eq(net_answer(net, edge, 3)->status, WTL_INVALID);
    /* and a device that asks for another's pid on the wire */
    uint8_t frame[256];
    struct wtl__names_frame ask = {.source = net_id(net, device),
                                   .destination = net_id(net, edge),
                                   .hops_left = WTL__HOPS_MAX,
                                   .verb = WTL__NAMES_REGISTER,
                                   .request = 77,
                                   .pid = net_pid(net, cloud, 5),
                                   .name = "theirs"};
    size_t size = wtl__put_names(frame, sizeof frame, &ask);
    cr_expect_eq(net_inject(net, device, edge, frame, size), WTL_OK, "answered not_owner");
    net_run(net, 200);
    cr_expect(wtl_pid_is_none(net_find(net, edge, "theirs")));
    cr_expect(wtl_pid_is_none(net_find(net, cloud, "theirs")));
    net_destroy(net);
}

Test(mesh_names, D09_names_of_a_leaf)
{
    struct net *net = net_create(29);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_register(net, device, 1, 1, "early"); /* before there is an uplink */
    net_until(net, 3000, net_answer(net, device, 1) != NULL);
    cr_expect_eq(net_answer(net, device, 1)->status, WTL_OK);
    net_until(net, 500, wtl_pid_equal(net_find(net, cloud, "early"), net_pid(net, device, 1)));
    net_register(net, cloud, 4, 1, "store");
    net_run(net, 100);
    net_register(net, device, 1, 2, "store");
    wtl__core_name_whereis(net->nodes[device].core, net_pid(net, device, 1), 3, "store",
                           net->now_ms);
    wtl__core_name_whereis(net->nodes[device].core, net_pid(net, device, 1), 4, "nobody",
                           net->now_ms);
    net_run(net, 100);
    cr_expect_eq(net_answer(net, device, 2)->status, WTL_EXISTS);
    cr_expect(wtl_pid_equal(net_answer(net, device, 3)->holder, net_pid(net, cloud, 4)));
    cr_expect_eq(net_answer(net, device, 4)->status, WTL_NOT_FOUND);
    cr_expect(wtl_pid_equal(net_find(net, device, "store"), net_pid(net, cloud, 4)), "cached");
    /* cut off: it says so, keeps what is its own, and lets go of what it gave up meanwhile */
    net->nodes[device].side = 1;
    net_run(net, net->beat_ms + 500);
    net_register(net, device, 2, 5, "late");
    wtl__core_name_unregister(net->nodes[device].core, net_pid(net, device, 1), "early",
                              net->now_ms);
    net_run(net, WTL__ASK_MS + 100);
    cr_expect_eq(net_answer(net, device, 5)->status, WTL_NO_CONNECTION);
    net->nodes[device].side = 0;
    net_until(net, WTL__REDIAL_MAX_MS, net_links_between(net, device, edge) == 1);
    net_run(net, 500);
    cr_expect(wtl_pid_is_none(net_find(net, cloud, "early")));
    net_register(net, device, 2, 6, "late");
    net_run(net, 200);
    cr_expect_eq(net_answer(net, device, 6)->status, WTL_OK);
    /* and the end of its actor is the end of the name */
    wtl__core_names_drop(net->nodes[device].core, net_pid(net, device, 2), net->now_ms);
    net_run(net, 200);
    cr_expect(wtl_pid_is_none(net_find(net, cloud, "late")));
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_names, G07_a_node_that_joins_gets_the_whole_table)
{
    struct net *net = mesh(30, 3);
    char name[16];
    for (uint32_t k = 0; k < 1000; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, k % 3, 1 + k, 100 + k, name);
        net_run(net, k % 50 == 0 ? 20 : 0);
    }
    net_run(net, 500);
    uint32_t late = net_add(net, "late", WTL_LAYER_CLOUD, "n1");
    net_start(net, late);
    net_until(net, 5000, net_is_whole(net));
    net_until(net, 5000, net_names_agree(net));
    cr_expect_eq(wtl__core_names(net->nodes[late].core, NULL, 0), 1000);
    /* and gives none of them to anybody else */
    net_register(net, late, 1, 1, "key500");
    net_run(net, 100);
    cr_expect_eq(net_answer(net, late, 1)->status, WTL_EXISTS);
    net_destroy(net);
}
