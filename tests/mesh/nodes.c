/* nodes.c - membership: joins, leaves and their uplinks, routes, up and down. */
#include "core_kit.h"

Test(mesh_nodes, D09_leaf_dials_out_only_and_is_reached_over_its_uplink)
{
    struct net *net = net_create(1);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, NULL);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, "cloud");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge cloud");
    net_start_all(net);
    net_until(net, 1000, net_is_whole(net));
    net_run(net, 500);
    cr_expect_eq(net_links_between(net, device, edge), 1);
    cr_expect_eq(net_links_between(net, device, cloud), 0, "the second uplink stands by");
    cr_expect_eq(net->nodes[device].dials, 1);
    /* the cloud reaches it over the edge, by the record that it has signed */
    uint32_t to_edge = wtl__core_route(net->nodes[cloud].core, net_id(net, edge));
    cr_expect_neq(to_edge, 0);
    cr_expect_eq(wtl__core_route(net->nodes[cloud].core, net_id(net, device)), to_edge);
    cr_expect(wtl__core_may_speak(net->nodes[cloud].core, to_edge, net_id(net, device)));
    /* a device is in nobody's roster: nobody has dialled it */
    cr_expect(net_knows(net, device, cloud) && net_knows(net, device, edge));
    net_destroy(net);
}

Test(mesh_nodes, D09_leaves_hear_of_each_other_only_when_asked)
{
    struct net *net = net_create(2);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t one = net_add(net, "one", WTL_LAYER_DEVICE, "edge");
    uint32_t two = net_add(net, "two", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 1000, net_is_whole(net));
    net_run(net, 200);
    cr_expect_not(net_knows(net, one, two));
    net_register(net, two, 7, 1, "thermometer");
    net_until(net, 500, net_answer(net, two, 1) != NULL);
    wtl__core_name_whereis(net->nodes[one].core, net_pid(net, one, 5), 2, "thermometer",
                           net->now_ms);
    net_until(net, 500, net_answer(net, one, 2) != NULL);
    const struct log_entry *answer = net_answer(net, one, 2);
    cr_expect_eq(answer->status, WTL_OK);
    cr_expect(wtl_pid_equal(answer->holder, net_pid(net, two, 7)));
    cr_assert(net_knows(net, one, two), "up before its pid is told");
    /* and that it is gone */
    net_stop(net, two);
    net_until(net, 500, !net_knows(net, one, two));
    cr_expect(wtl_pid_is_none(net_find(net, one, "thermometer")));
    cr_expect_not(net_knows(net, edge, two));
    net_destroy(net);
}

Test(mesh_nodes, D09_leaf_goes_over_to_its_second_uplink)
{
    struct net *net = net_create(3);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_CLOUD, "a b");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "a b");
    net_start_all(net);
    net_until(net, 1000, net_is_whole(net));
    net_run(net, 100);
    net_register(net, device, 9, 1, "pump");
    net_until(net, 1000, !wtl_pid_is_none(net_find(net, c, "pump")));
    net_kill(net, a, true);
    net_until(net, 2000, net_links_between(net, device, b) == 1);
    net_run(net, 200);
    cr_expect_eq(wtl__core_route(net->nodes[c].core, net_id(net, device)),
                 wtl__core_route(net->nodes[c].core, net_id(net, b)));
    net_run(net, 20000);
    cr_expect_eq(net_logged(net, c, WTL__EFFECT_NODE_DOWN, net_id(net, device)), 0,
                 "within the window nothing is seen");
    cr_expect_eq(net_logged(net, c, WTL__EFFECT_NODE_DOWN, net_id(net, a)), 1);
    cr_expect(wtl_pid_equal(net_find(net, c, "pump"), net_pid(net, device, 9)));
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_nodes, D09_leaf_renews_its_record)
{
    struct net *net = net_create(4);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 1000, net_is_whole(net));
    net_run(net, 30 * 60 * 1000);
    cr_expect(net_knows(net, cloud, device), "half an hour is three lives of a record");
    cr_expect_eq(net_logged(net, cloud, WTL__EFFECT_NODE_DOWN, 0), 0);
    cr_expect_eq(net_logged(net, edge, WTL__EFFECT_NODE_DOWN, 0), 0);
    net_destroy(net);
}

Test(mesh_nodes, one_broken_link_disconnects_nobody)
{
    struct net *net = net_create(5);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    (void)net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_EDGE, "a");
    net_start_all(net);
    net_until(net, 3000, net_is_whole(net) && net_links_between(net, a, c) == 1);
    net_run(net, 100);
    uint32_t before = wtl__core_route(net->nodes[a].core, net_id(net, c));
    net_cut(net, a, c);
    net_run(net, 5);
    uint32_t around = wtl__core_route(net->nodes[a].core, net_id(net, c));
    cr_expect(around != 0 && around != before, "the way around is there at once");
    cr_expect(wtl__core_may_speak(net->nodes[a].core, around, net_id(net, c)));
    net_until(net, 3000, net_links_between(net, a, c) == 1);
    net_run(net, 10000);
    for (uint32_t i = 0; i < 3; i++) {
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, 0), 0);
    }
    net_destroy(net);
}

/* Nodes that tell no address: they are linked as they join, and not otherwise. */
static struct net *line(uint64_t seed, uint32_t count)
{
    struct net *net = net_create(seed);
    char name[8];
    char join[8];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)snprintf(join, sizeof join, "n%u", (unsigned)i - 1);
        uint32_t node = net_add(net, name, WTL_LAYER_EDGE, i == 0 ? NULL : join);
        net->nodes[node].hidden = true;
    }
    net_start_all(net);
    return net;
}

Test(mesh_nodes, a_line_has_routes_from_end_to_end_and_no_loops)
{
    struct net *net = line(6, 6);
    net_until(net, 3000, net_is_whole(net));
    net_run(net, 500);
    struct wtl__node_row rows[8];
    cr_expect_eq(wtl__core_nodes(net->nodes[0].core, rows, 8), 6);
    for (uint32_t i = 1; i < 6; i++) {
        uint32_t distance = (uint32_t)(rows[i].name[1] - '0');
        cr_expect_eq(rows[i].hops, distance, "%s is %u hops away", rows[i].name, rows[i].hops);
        cr_expect_str_eq(rows[i].via, distance == 1 ? "" : "n1");
    }
    /* names work over all of them */
    net_register(net, 0, 3, 1, "left");
    net_register(net, 5, 4, 2, "right");
    net_until(net, 3000,
              !wtl_pid_is_none(net_find(net, 5, "left")) &&
                  !wtl_pid_is_none(net_find(net, 0, "right")));
    /* the end dies: no count to infinity keeps it alive */
    uint64_t dead = net_id(net, 5);
    net_kill(net, 5, true);
    net_until(net, 6000, net_logged(net, 0, WTL__EFFECT_NODE_DOWN, dead) == 1);
    cr_expect(wtl_pid_is_none(net_find(net, 0, "right")));
    net_destroy(net);
}

Test(mesh_nodes, G11_goodbye_takes_a_node_down_at_once)
{
    struct net *net = net_create(7);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_CLOUD, "a");
    net_start_all(net);
    net_until(net, 3000, net_is_whole(net) && net_links_between(net, b, c) == 1);
    uint64_t stopped = net_id(net, b);
    net_stop(net, b);
    net_run(net, 200);
    cr_expect_eq(net_logged(net, a, WTL__EFFECT_NODE_DOWN, stopped), 1);
    cr_expect_eq(net_logged(net, c, WTL__EFFECT_NODE_DOWN, stopped), 1);
    cr_expect_eq(net->nodes[a].log[net->nodes[a].log_count - 1].status, WTL_SHUTDOWN);
    net_run(net, 10000);
    cr_expect_eq(net_logged(net, a, WTL__EFFECT_NODE_UP, stopped), 1, "hearsay does not revive");
    cr_expect_eq(net_logged(net, a, WTL__EFFECT_NODE_DOWN, 0), 1, "nobody else goes down");
    net_destroy(net);
}

Test(mesh_nodes, a_node_is_down_when_its_window_has_passed_and_up_again_after)
{
    struct net *net = net_create(8);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    net_start_all(net);
    net_until(net, 1000, net_is_whole(net));
    net_cut(net, a, b);
    net_until(net, 3000, net_links_between(net, a, b) == 1);
    cr_expect_eq(net_logged(net, a, WTL__EFFECT_NODE_DOWN, 0), 0, "link down is not node down");
    net->nodes[b].side = 1;
    net_run(net, net->beat_ms + WTL__DOWN_WINDOW_LAN_MS + 100);
    cr_expect_eq(net_logged(net, a, WTL__EFFECT_NODE_DOWN, net_id(net, b)), 1);
    cr_expect_eq(net_logged(net, b, WTL__EFFECT_NODE_DOWN, net_id(net, a)), 1);
    net->nodes[b].side = 0;
    net_until(net, WTL__REDIAL_MAX_MS + 2000, net_is_whole(net));
    cr_expect_eq(net_logged(net, a, WTL__EFFECT_NODE_UP, net_id(net, b)), 2);
    net_destroy(net);
}

Test(mesh_nodes, X114_thirty_two_nodes_join_at_once)
{
    struct net *net = net_create(9);
    char name[8];
    for (uint32_t i = 0; i < 32; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)net_add(net, name, i % 2 == 0 ? WTL_LAYER_EDGE : WTL_LAYER_CLOUD,
                      i == 0 ? NULL : "n0");
    }
    net_start_all(net);
    for (uint32_t i = 0; i < 32; i++) {
        (void)snprintf(name, sizeof name, "svc%u", (unsigned)i);
        net_register(net, i, 1, 1, name); /* names in the midst of it */
    }
    net_until(net, 10000, net_is_whole(net));
    net_run(net, 15000);
    cr_expect(net_names_agree(net));
    cr_expect_eq(wtl__core_names(net->nodes[5].core, NULL, 0), 32);
    for (uint32_t i = 0; i < 32; i++) {
        cr_assert_not_null(net_answer(net, i, 1));
        cr_expect_eq(net_answer(net, i, 1)->status, WTL_OK);
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, 0), 0);
        for (uint32_t k = 0; k < 32; k++) {
            cr_expect_eq(net_links_between(net, i, k), i == k ? 0 : 1);
        }
    }
    net_destroy(net);
}
