/* links.c - links by identity: simultaneous dials, duplicates, new incarnations, redial. */
#include "core_kit.h"

/* Is there one link, the same on both sides? */
static bool one_link(const struct net *net, uint32_t a, uint32_t b)
{
    return net_links_between(net, a, b) == 1 && net_links_between(net, b, a) == 1 &&
           net_knows(net, a, b) && net_knows(net, b, a);
}

static void race(enum wtl_layer layer, uint32_t rounds)
{
    struct net *net = net_create(11);
    uint32_t a = net_add(net, "a", layer, "b");
    uint32_t b = net_add(net, "b", layer, "a");
    uint32_t crossed = 0;
    net->delay_ms = 40;
    for (uint32_t round = 0; round < rounds; round++) {
        net_start(net, a);
        net_run(net, 1 + round % 30); /* from the same moment on to one after the other */
        net_start(net, b);
        net_until(net, 2000, one_link(net, a, b));
        net_run(net, 200);
        cr_assert(one_link(net, a, b), "round %u: it stays", (unsigned)round);
        crossed += net->nodes[a].closes + net->nodes[b].closes > 0 ? 1 : 0;
        net->nodes[a].closes = net->nodes[b].closes = 0;
        cr_assert_eq(net_logged(net, a, WTL__EFFECT_NODE_DOWN, 0), 0,
                     "nobody has seen a node go down");
        net_kill(net, a, true);
        net_kill(net, b, true);
        net_run(net, 100);
        net->links_count = 0;
        net->nodes[a].log_count = net->nodes[b].log_count = 0;
    }
    cr_expect_gt(crossed, rounds / 20, "dials did cross: %u", (unsigned)crossed);
    net_destroy(net);
}

Test(mesh_links, X044_of_simultaneous_dials_one_link_survives)
{
    race(WTL_LAYER_EDGE, 500);
}

Test(mesh_links, D02_names_are_kept_and_no_request_is_lost_when_dials_cross)
{
    struct net *net = net_create(12);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, "b");
    uint32_t b = net_add(net, "b", WTL_LAYER_CLOUD, "a");
    net->delay_ms = 40;
    for (uint32_t round = 0; round < 50; round++) {
        net_start(net, a);
        net_start(net, b);
        net_register(net, a, 1, 1, "one");
        net_register(net, b, 2, 1, "two");
        net_until(net, 2000, one_link(net, a, b));
        net_until(net, 3500, net_answer(net, a, 1) != NULL && net_answer(net, b, 1) != NULL);
        cr_assert_eq(net_answer(net, a, 1)->status, WTL_OK);
        cr_assert_eq(net_answer(net, b, 1)->status, WTL_OK);
        net_until(net, 5000,
                  net_names_agree(net) && wtl__core_names(net->nodes[a].core, NULL, 0) == 2);
        net_kill(net, a, true);
        net_kill(net, b, true);
        net_run(net, 100);
        net->links_count = 0;
        net->nodes[a].log_count = net->nodes[b].log_count = 0;
    }
    net_destroy(net);
}

Test(mesh_links, D02_the_higher_id_lets_the_lower_one_dial_first)
{
    struct net *net = net_create(13);
    uint32_t hub = net_add(net, "hub", WTL_LAYER_EDGE, NULL);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, "hub");
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "hub");
    (void)hub;
    net_start_all(net);
    net_until(net, 1000, one_link(net, a, b));
    net_run(net, 3000);
    cr_expect_eq(net->nodes[a].dials + net->nodes[b].dials, 3, "one dial between the two");
    cr_expect_eq(net->nodes[a].closes + net->nodes[b].closes, 0);
    net_destroy(net);
}

Test(mesh_links, D03_new_incarnation_replaces_a_silent_one)
{
    struct net *net = net_create(14);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    net->beat_ms = 60000; /* nothing but the probe finds out that the old link is dead */
    net_start_all(net);
    net_until(net, 1000, net_is_whole(net));
    uint64_t old = net_id(net, b);
    net_kill(net, b, false);
    net_run(net, 100);
    net_start(net, b);
    net_until(net, WTL__PROBE_MS + 1000, net_knows(net, a, b));
    cr_expect_eq(net_logged(net, a, WTL__EFFECT_NODE_DOWN, old), 1);
    cr_expect_eq(wtl__core_route(net->nodes[a].core, old), 0, "old pids reach nobody");
    cr_expect_neq(wtl__core_route(net->nodes[a].core, net_id(net, b)), 0);
    /* down came before up */
    const struct net_node *node = &net->nodes[a];
    uint32_t down = 0;
    uint32_t up = 0;
    for (uint32_t i = 0; i < node->log_count; i++) {
        down = node->log[i].kind == WTL__EFFECT_NODE_DOWN ? i : down;
        up = node->log[i].kind == WTL__EFFECT_NODE_UP ? i : up;
    }
    cr_expect_lt(down, up);
    net_destroy(net);
}

Test(mesh_links, X113_quick_restart_is_a_new_incarnation_everywhere)
{
    struct net *net = net_create(15);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_CLOUD, "a b");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net) && one_link(net, b, c));
    net_register(net, c, 3, 1, "store");
    net_until(net, 1000, !wtl_pid_is_none(net_find(net, b, "store")));
    for (int round = 0; round < 5; round++) {
        uint64_t old = net_id(net, c);
        struct wtl_pid pid = net_pid(net, c, 3);
        net_kill(net, c, true);
        net_run(net, 20);
        net_start(net, c);
        net_until(net, 3000, net_is_whole(net));
        for (uint32_t i = a; i <= b; i++) {
            cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, old), 1, "once, and at once");
            cr_expect_eq(wtl__core_route(net->nodes[i].core, old), 0);
            cr_expect_not(wtl_pid_equal(net_find(net, i, "store"), pid), "names went with it");
        }
        net_register(net, c, 3, 1, "store");
        net_until(net, 4000,
                  wtl_pid_equal(net_find(net, a, "store"), net_pid(net, c, 3)) &&
                      wtl_pid_equal(net_find(net, b, "store"), net_pid(net, c, 3)));
        net->nodes[c].log_count = 0;
    }
    net_destroy(net);
}

Test(mesh_links, X112_the_node_that_answers_keeps_its_name)
{
    struct net *net = net_create(16);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_EDGE, "a");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    uint32_t route = wtl__core_route(net->nodes[a].core, net_id(net, b));
    uint64_t twin = net_id(net, b) + 1;
    /* where it is linked directly */
    uint32_t link = net_link_stranger(net, a, "b", twin, WTL_LAYER_EDGE, false);
    cr_expect_eq(wtl__core_route(net->nodes[a].core, twin), 0, "it has to wait");
    cr_expect_not(wtl__core_may_speak(net->nodes[a].core, link, twin));
    net_until(net, WTL__PROBE_MS, !net_link_is_up(net, a, link));
    cr_expect_eq(wtl__core_route(net->nodes[a].core, net_id(net, b)), route);
    /* and where it is known by hearsay alone */
    net_cut(net, b, c);
    net_run(net, 5);
    link = net_link_stranger(net, c, "b", twin, WTL_LAYER_EDGE, false);
    net_until(net, WTL__PROBE_MS, !net_link_is_up(net, c, link));
    net_run(net, 5000);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, 0), 0);
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_UP, twin), 0);
    }
    net_destroy(net);
}

Test(mesh_links, X112_twins_at_different_nodes_are_reduced_to_one)
{
    struct net *net = net_create(17);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, NULL);
    uint32_t x = net_add(net, "x", WTL_LAYER_EDGE, "a");
    uint32_t twin = net_add(net, "x", WTL_LAYER_EDGE, "b");
    net->nodes[x].hidden = net->nodes[twin].hidden = true;
    net->nodes[twin].incarnation = 7;
    net_start_all(net);
    net_until(net, 1000, net_knows(net, a, x) && net_knows(net, b, twin));
    /* a and b meet only now */
    net_kill(net, a, true);
    (void)snprintf(net->nodes[a].config.joins[net->nodes[a].config.joins_count++], 64, "b");
    net_start(net, a);
    net_until(net, 1000, net_knows(net, a, x) || net_knows(net, a, twin));
    net_run(net, 2 * WTL__PROBE_MS + WTL__DOWN_WINDOW_LAN_MS + 2000);
    cr_expect_neq(net_knows(net, a, x), net_knows(net, a, twin), "one of them");
    cr_expect_eq(net_knows(net, a, x), net_knows(net, b, x), "and the same one");
    net_destroy(net);
}

Test(mesh_links, a_device_is_not_let_in_twice_and_dials_nobody_else)
{
    struct net *net = net_create(18);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 1000, net_is_whole(net) && net_knows(net, device, edge));
    /* somebody dials the device, and a device is dialled by the edge */
    uint32_t to_device =
        net_link_stranger(net, device, "other", UINT64_C(0x99) << 24 | 1, WTL_LAYER_EDGE, false);
    cr_expect_not(net_link_is_up(net, device, to_device));
    uint32_t to_edge =
        net_link_stranger(net, edge, "toy", UINT64_C(0x98) << 24 | 1, WTL_LAYER_DEVICE, true);
    cr_expect_not(net_link_is_up(net, edge, to_edge));
    cr_expect(net_knows(net, edge, device) && net_knows(net, device, edge));
    net_destroy(net);
}

Test(mesh_links, X008_redial_backs_off_with_jitter)
{
    struct net *net = net_create(19);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, "nowhere");
    uint32_t b = net_add(net, "b", WTL_LAYER_DEVICE, "nowhere neither");
    net_start_all(net);
    net_run(net, 10 * 60 * 1000);
    cr_expect_gt(net->nodes[a].dials, 20);
    cr_expect_lt(net->nodes[a].dials, 200, "%u", net->nodes[a].dials);
    cr_expect_gt(net->nodes[b].dials, 40);
    cr_expect_lt(net->nodes[b].dials, 400, "%u", net->nodes[b].dials);
    net_destroy(net);
}
