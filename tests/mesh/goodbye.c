/*
 * goodbye.c - nodes that leave in order: everybody hears it at once and why, what they had goes
 * with them, nobody but themselves may say it, and nobody calls after them.
 */
#include "core_kit.h"

#include "mesh/core_private.h"

/* How often that node has heard that the other one is down, and for that reason. */
static uint32_t downs(const struct net *net, uint32_t node, uint64_t of, enum wtl_status why)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->nodes[node].log_count; i++) {
        const struct log_entry *entry = &net->nodes[node].log[i];
        count += entry->kind == WTL__EFFECT_NODE_DOWN && entry->node == of && entry->status == why;
    }
    return count;
}

/* The longest that a word needs over that many links. */
static uint32_t way_ms(const struct net *net, uint32_t links)
{
    return links * (net->delay_ms + 1);
}

/* Heard once, for the right reason, and nothing of it is left. */
static void expect_gone(const struct net *net, uint32_t node, uint64_t id)
{
    const char *name = net->nodes[node].config.name;
    cr_expect_eq(downs(net, node, id, WTL_SHUTDOWN), 1, "%s knows why", name);
    cr_expect_eq(net_logged(net, node, WTL__EFFECT_NODE_DOWN, id), 1, "%s heard it once", name);
    if (net->nodes[node].config.layer != WTL_LAYER_DEVICE) {
        cr_expect_eq(wtl__core_route(net->nodes[node].core, id), 0, "%s", name);
    }
    struct wtl__name_row rows[64];
    uint32_t count = wtl__core_names(net->nodes[node].core, rows, 64);
    for (uint32_t i = 0; i < count && i < 64; i++) {
        cr_expect_neq(rows[i].pid.node, id, "%s has %s", name, rows[i].name);
    }
}

Test(mesh_goodbye, D04_goodbye_is_heard_behind_relays)
{
    struct net *net = net_line(200, 5);
    uint64_t id = net_id(net, 4);
    net_register(net, 4, 7, 1, "printer");
    net_until(net, 1000, !wtl_pid_is_none(net_find(net, 0, "printer")));
    net_stop(net, 4);
    net_run(net, way_ms(net, 4));
    for (uint32_t i = 0; i < 4; i++) {
        expect_gone(net, i, id);
    }
    net_run(net, 60000);
    for (uint32_t i = 0; i < 4; i++) {
        expect_gone(net, i, id);
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_UP, id), 1, "hearsay does not revive");
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, 0), 1, "nobody else went down");
    }
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_of_a_relay_takes_only_itself_down)
{
    struct net *net = net_create(201);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_CLOUD, "a b");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "b a");
    net_start_all(net);
    net_until(net, 3000, net_is_whole(net) && net_links_between(net, b, c) == 1);
    net_register(net, device, 3, 1, "pump");
    net_until(net, 1000, !wtl_pid_is_none(net_find(net, c, "pump")));
    uint64_t id = net_id(net, b);
    net_stop(net, b);
    net_run(net, way_ms(net, 1));
    expect_gone(net, a, id);
    expect_gone(net, c, id);
    expect_gone(net, device, id);
    net_until(net, 2000, net_links_between(net, device, a) == 1);
    net_run(net, 20000);
    cr_expect(wtl_pid_equal(net_find(net, c, "pump"), net_pid(net, device, 3)));
    cr_expect_eq(net_logged(net, c, WTL__EFFECT_NODE_DOWN, 0), 1);
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_of_a_leaf_is_passed_on_by_its_uplink)
{
    struct net *net = net_create(202);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t pump = net_add(net, "pump", WTL_LAYER_DEVICE, "edge");
    uint32_t panel = net_add(net, "panel", WTL_LAYER_DEVICE, "cloud");
    uint32_t idle = net_add(net, "idle", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 100);
    net_register(net, pump, 3, 1, "pump");
    net_until(net, 1000, !wtl_pid_is_none(net_find(net, cloud, "pump")));
    wtl__core_name_whereis(net->nodes[panel].core, net_pid(net, panel, 5), 2, "pump", net->now_ms);
    net_until(net, 1000, net_knows(net, panel, pump));
    uint64_t id = net_id(net, pump);
    net_stop(net, pump);
    net_run(net, way_ms(net, 3));
    expect_gone(net, edge, id);
    expect_gone(net, cloud, id);
    expect_gone(net, panel, id);
    cr_expect_eq(net_logged(net, idle, WTL__EFFECT_NODE_DOWN, 0), 0, "it has not known it");
    net_run(net, 30000);
    expect_gone(net, cloud, id);
    /* and it may come back */
    net_start(net, pump);
    net_until(net, 3000, net_knows(net, cloud, pump));
    net_register(net, pump, 3, 1, "pump");
    net_until(net, 4000, wtl_pid_equal(net_find(net, cloud, "pump"), net_pid(net, pump, 3)));
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_is_not_a_link_that_breaks)
{
    struct net *net = net_line(203, 3);
    uint64_t id = net_id(net, 2);
    net_kill(net, 2, true);
    net_run(net, WTL__DOWN_WINDOW_LAN_MS - 100);
    for (uint32_t i = 0; i < 2; i++) {
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, id), 0, "it may come back");
    }
    net_run(net, 1000);
    for (uint32_t i = 0; i < 2; i++) {
        cr_expect_eq(downs(net, i, id, WTL_NO_CONNECTION), 1);
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, id), 1);
    }
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_ends_redial_until_it_says_hello_again)
{
    struct net *net = net_create(204);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_CLOUD, "a");
    uint32_t joined = net_add(net, "joined", WTL_LAYER_EDGE, "b");
    net_start_all(net);
    net_until(net, 3000,
              net_is_whole(net) && net_links_between(net, b, c) == 1 &&
                  net_links_between(net, a, joined) == 1);
    net_run(net, 3000);
    uint64_t id = net_id(net, b);
    uint32_t before[4];
    for (uint32_t i = 0; i < 4; i++) {
        before[i] = net->nodes[i].dials;
    }
    net_stop(net, b);
    net_run(net, 5 * 60 * 1000);
    cr_expect_eq(net->nodes[a].dials, before[a], "a knows b by hearsay only");
    cr_expect_eq(net->nodes[c].dials, before[c]);
    uint32_t tries = net->nodes[joined].dials - before[joined];
    cr_expect(tries > 0 && tries < 60, "who joins by it tries calmly: %u", (unsigned)tries);
    net_start(net, b);
    net_until(net, 5000, net_is_whole(net));
    net_run(net, 3000);
    for (uint32_t i = 0; i < 4; i++) {
        for (uint32_t k = 0; k < 4; k++) {
            cr_expect_eq(net_links_between(net, i, k), i == k ? 0 : 1, "all are linked again");
        }
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, id), i == b ? 0 : 1);
    }
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_of_one_of_two_links_ends_both)
{
    struct net *net = net_create(205);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    uint64_t id = net_id(net, b);
    /* it dials anew while its old link is not found dead yet, and leaves over the new one */
    uint32_t link = net_link_stranger(net, a, "b", id, WTL_LAYER_EDGE, false);
    cr_expect_eq(wtl__core_route(net->nodes[a].core, id), link);
    wtl__core_link_down(net->nodes[a].core, link, WTL_SHUTDOWN, net->now_ms);
    net_run(net, 1);
    cr_expect_eq(downs(net, a, id, WTL_SHUTDOWN), 1);
    cr_expect_eq(wtl__core_route(net->nodes[a].core, id), 0);
    net_run(net, 5);
    cr_expect_eq(net_links_between(net, a, b), 0);
    net_destroy(net);
}

/* ---- who may say it ------------------------------------------------------------------------ */

/* `from` tells `to`, in the name of `source`, that `who` leaves. */
static enum wtl_status say(struct net *net, uint32_t from, uint32_t to, uint64_t source,
                           uint64_t who, uint64_t number)
{
    uint8_t bytes[512];
    struct wtl__names_frame farewell = {.source = source,
                                        .destination = net_id(net, to),
                                        .hops_left = WTL__HOPS_MAX,
                                        .verb = WTL__NAMES_FAREWELL,
                                        .epoch = number,
                                        .pid = {.node = who, .local = 0}};
    return net_inject(net, from, to, bytes, wtl__put_names(bytes, sizeof bytes, &farewell));
}

Test(mesh_goodbye, D04_goodbye_is_said_by_the_node_itself_only)
{
    struct net *net = net_line(206, 4);
    uint64_t far = net_id(net, 3);
    uint64_t near = net_id(net, 1);
    /* a neighbour's word about somebody behind it, and about somebody who is linked here */
    cr_expect_eq(say(net, 1, 0, near, far, 0), WTL_OK);
    cr_expect_eq(say(net, 1, 2, near, far, 0), WTL_OK);
    cr_expect_eq(say(net, 1, 2, far, far, 0), WTL_OK, "its own link says nothing of it");
    cr_expect_eq(say(net, 1, 0, net_id(net, 0), net_id(net, 0), 0), WTL_FORGED);
    /* of incarnations that are not here */
    cr_expect_eq(say(net, 1, 0, far - 1, far - 1, 0), WTL_OK);
    cr_expect_eq(say(net, 1, 0, far - 1, far, 0), WTL_OK);
    cr_expect_eq(say(net, 1, 0, far, far - 1, 0), WTL_OK);
    cr_expect_eq(say(net, 1, 0, UINT64_C(7) << 24, UINT64_C(7) << 24, 0), WTL_OK);
    net_run(net, 1000);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, 0), 0);
        cr_expect(net_is_whole(net));
    }
    /* and its own word, over the relays that lead to it, counts */
    cr_expect_eq(say(net, 1, 0, far, far, 0), WTL_OK);
    cr_expect_eq(downs(net, 0, far, WTL_SHUTDOWN), 1);
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_of_a_leaf_is_said_by_where_its_record_says)
{
    struct net *net = net_create(207);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t c = net_add(net, "c", WTL_LAYER_CLOUD, "a b");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "a b");
    uint32_t other = net_add(net, "other", WTL_LAYER_DEVICE, "c");
    net_start_all(net);
    net_until(net, 3000, net_is_whole(net) && net_links_between(net, b, c) == 1);
    net_run(net, 100);
    uint64_t leaf = net_id(net, device);
    const struct wtl__core_node *at_c = wtl__core_node_find(net->nodes[c].core, leaf);
    uint64_t number = at_c->number;
    cr_assert_eq(at_c->uplink, net_id(net, a));
    /* not by another device, by another core node, or by itself over the mesh */
    cr_expect_eq(say(net, other, c, net_id(net, other), leaf, number), WTL_DENIED);
    cr_expect_eq(say(net, other, c, net_id(net, other), net_id(net, other), 0), WTL_DENIED);
    cr_expect_eq(say(net, b, c, net_id(net, b), leaf, number), WTL_OK);
    cr_expect_eq(say(net, b, c, leaf, leaf, number), WTL_DENIED);
    /* nor by its uplink of a record that is not the last one */
    cr_expect_eq(say(net, a, c, net_id(net, a), leaf, number - 1), WTL_OK);
    cr_expect_eq(say(net, a, c, net_id(net, a), leaf - 1, number), WTL_OK);
    net_run(net, 100);
    cr_expect(net_knows(net, c, device));
    /* it moves: its old uplink's goodbye comes too late */
    net_cut(net, device, a);
    net_until(net, 3000, net_links_between(net, device, b) == 1 && at_c->uplink == net_id(net, b));
    cr_expect_eq(say(net, a, c, net_id(net, a), leaf, number), WTL_OK);
    cr_expect_eq(say(net, a, c, net_id(net, a), leaf, at_c->number), WTL_OK);
    cr_expect(net_knows(net, c, device));
    cr_expect_eq(net_logged(net, c, WTL__EFFECT_NODE_DOWN, 0), 0);
    cr_expect_eq(say(net, b, c, net_id(net, b), leaf, at_c->number), WTL_OK);
    cr_expect_eq(downs(net, c, leaf, WTL_SHUTDOWN), 1);
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_to_a_leaf_comes_from_its_uplink)
{
    struct net *net = net_create(208);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net) && net_knows(net, device, cloud));
    net_run(net, 100);
    cr_expect_eq(say(net, edge, device, net_id(net, cloud), net_id(net, cloud), 0), WTL_OK);
    cr_expect_eq(say(net, edge, device, net_id(net, edge), net_id(net, edge), 0), WTL_OK);
    cr_expect(net_knows(net, device, cloud) && net_knows(net, device, edge));
    cr_expect_eq(say(net, edge, device, net_id(net, edge), net_id(net, cloud), 0), WTL_OK);
    cr_expect_eq(downs(net, device, net_id(net, cloud), WTL_SHUTDOWN), 1);
    /* an uplink that has not heard it yet does not bring it back */
    uint8_t bytes[512];
    struct wtl__roster roster = {.count = 2};
    for (uint32_t i = 0; i < 2; i++) {
        const struct wtl__core_config *config = &net->nodes[i == 0 ? edge : cloud].config;
        roster.entries[i] = (struct wtl__roster_entry){.node = config->node,
                                                       .layer = (uint8_t)(config->layer | i << 4)};
        (void)snprintf(roster.entries[i].name, WTL_NAME_MAX, "%s", config->name);
    }
    size_t size = wtl__put_roster(bytes, sizeof bytes, &roster);
    cr_expect_eq(net_inject(net, edge, device, bytes, size), WTL_OK);
    cr_expect_not(net_knows(net, device, cloud));
    roster.entries[1].node++;
    size = wtl__put_roster(bytes, sizeof bytes, &roster);
    cr_expect_eq(net_inject(net, edge, device, bytes, size), WTL_OK);
    cr_expect_eq(net_logged(net, device, WTL__EFFECT_NODE_UP, net_id(net, cloud) + 1), 1,
                 "but it may come back");
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_of_a_leaf_outlives_its_record)
{
    struct net *net = net_create(209);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    uint8_t bytes[WTL__FRAME_MAX];
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 100);
    const struct wtl__core_node *leaf =
        wtl__core_node_find(net->nodes[cloud].core, net_id(net, device));
    /* it has renewed its record just before, and that takes its time on the way */
    uint8_t proof[WTL__ATTACH_PROOF_MAX];
    struct wtl__attach attach = {.leaf = leaf->id,
                                 .uplink = leaf->uplink,
                                 .number = leaf->number + 1,
                                 .expiry_s = leaf->expiry_s + 1,
                                 .layer = leaf->layer,
                                 .proof = proof};
    (void)snprintf(attach.name, sizeof attach.name, "device");
    const struct wtl__core_config *config = &net->nodes[device].config;
    attach.proof_size = (uint32_t)config->sign(config->context, &attach, proof);
    size_t size = wtl__put_attach(bytes, sizeof bytes, &attach);
    net_stop(net, device);
    net_run(net, way_ms(net, 2));
    cr_expect_eq(downs(net, cloud, net_id(net, device), WTL_SHUTDOWN), 1);
    cr_expect_eq(net_inject(net, edge, cloud, bytes, size), WTL_OK, "it is true, and too late");
    cr_expect_not(net_knows(net, cloud, device));
    net_destroy(net);
}

Test(mesh_goodbye, D04_goodbye_takes_the_names_of_that_incarnation_for_good)
{
    struct net *net = net_line(210, 3);
    uint8_t bytes[512];
    struct wtl_pid old = net_pid(net, 2, 3);
    net_stop(net, 2);
    net_run(net, 10);
    net_start(net, 2);
    net_until(net, 5000, net_knows(net, 0, 2));
    /* somebody with another view still tells of it */
    struct wtl__names_frame state = {.source = net_id(net, 1),
                                     .destination = net_id(net, 0),
                                     .hops_left = 7,
                                     .verb = WTL__NAMES_STATE,
                                     .epoch = 9,
                                     .pid = old,
                                     .name = "store"};
    size_t size = wtl__put_names(bytes, sizeof bytes, &state);
    cr_expect_eq(net_inject(net, 1, 0, bytes, size), WTL_OK);
    cr_expect(wtl_pid_is_none(net_find(net, 0, "store")));
    state.pid = net_pid(net, 2, 3);
    size = wtl__put_names(bytes, sizeof bytes, &state);
    cr_expect_eq(net_inject(net, 1, 0, bytes, size), WTL_OK);
    cr_expect(wtl_pid_equal(net_find(net, 0, "store"), state.pid));
    net_destroy(net);
}
