/*
 * parted.c - nodes that were parted: what only one of two has seen, links that meet again, and what
 * a leaf makes of an uplink that knows nobody yet.
 */
#include "core_kit.h"

#include "mesh/core_private.h"

static struct net *net;
static uint32_t a, b;

static void set_up(void)
{
    net = net_create(400);
    a = net_add(net, "a", WTL_LAYER_EDGE, "b");
    b = net_add(net, "b", WTL_LAYER_CLOUD, "a");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 3000);
}

static void tear_down(void)
{
    net_destroy(net);
}

TestSuite(mesh_parted, .init = set_up, .fini = tear_down);

static uint32_t ups(uint32_t node, uint32_t of)
{
    return net_logged(net, node, WTL__EFFECT_NODE_UP, net_id(net, of));
}

static uint32_t downs(uint32_t node, uint32_t of)
{
    return net_logged(net, node, WTL__EFFECT_NODE_DOWN, net_id(net, of));
}

/* That node gives the other one up, as it does when its window has passed, and finds it again. */
static void give_up(uint32_t node, uint32_t other)
{
    struct wtl__core *core = net->nodes[node].core;
    struct wtl__core_node *entry = wtl__core_node_find(core, net_id(net, other));
    wtl__core_node_down(core, entry, WTL_NO_CONNECTION);
    wtl__core_node_check(core, entry);
}

Test(mesh_parted, D15_what_one_side_gives_up_the_other_one_gives_up)
{
    give_up(b, a);
    net_run(net, 1);
    cr_expect_not(net_knows(net, b, a), "not before the other one has heard of it");
    net_until(net, 50, net_knows(net, b, a));
    cr_expect_eq(downs(a, b), 1);
    cr_expect_eq(ups(a, b), 2);
    cr_expect_eq(downs(b, a), 1);
    cr_expect_eq(ups(b, a), 2);
    cr_expect(net_knows(net, a, b));
    /* and so each time, but not once more */
    give_up(a, b);
    net_until(net, 50, net_knows(net, a, b));
    net_run(net, 20000);
    cr_expect_eq(downs(a, b), 2);
    cr_expect_eq(downs(b, a), 2);
    cr_expect_eq(ups(a, b), 3);
    cr_expect_eq(ups(b, a), 3);
}

Test(mesh_parted, D15_what_both_have_seen_is_seen_once)
{
    net->nodes[b].side = 1;
    net_until(net, 20000, downs(a, b) == 1 && downs(b, a) == 1);
    net->nodes[b].side = 0;
    net_until(net, WTL__REDIAL_MAX_MS + 5000, net_knows(net, a, b) && net_knows(net, b, a));
    net_run(net, 20000);
    cr_expect_eq(downs(a, b), 1);
    cr_expect_eq(downs(b, a), 1);
    cr_expect_eq(ups(a, b), 2);
    cr_expect_eq(ups(b, a), 2);
}

Test(mesh_parted, D15_who_has_come_up_since_has_nothing_to_give_up)
{
    uint8_t bytes[512];
    struct wtl__names_frame parted = {.source = net_id(net, b),
                                      .destination = net_id(net, a),
                                      .hops_left = 8,
                                      .verb = WTL__NAMES_PARTED,
                                      .request = 1,
                                      .epoch = 60000}; /* a minute ago: a was not up then */
    size_t size = wtl__put_names(bytes, sizeof bytes, &parted);
    cr_expect_eq(net_inject(net, b, a, bytes, size), WTL_OK);
    cr_expect_eq(downs(a, b), 0);
    /* said to somebody else, or to another incarnation of this node, it is nothing */
    parted.request = 2;
    parted.epoch = 0;
    parted.destination = net_id(net, a) - 1;
    size = wtl__put_names(bytes, sizeof bytes, &parted);
    cr_expect_eq(net_inject(net, b, a, bytes, size), WTL_OK);
    cr_expect_eq(downs(a, b), 0);
    parted.destination = net_id(net, a);
    size = wtl__put_names(bytes, sizeof bytes, &parted);
    cr_expect_eq(net_inject(net, b, a, bytes, size), WTL_OK);
    cr_expect_eq(downs(a, b), 1);
    cr_expect_eq(net_inject(net, b, a, bytes, size), WTL_OK);
    cr_expect_eq(downs(a, b), 1, "it counts only more");
}

Test(mesh_parted, D15_who_does_not_answer_is_up_after_a_while)
{
    uint64_t id = UINT64_C(0x77) << 24 | 1;
    uint32_t link = net_link_stranger(net, a, "mute", id, WTL_LAYER_EDGE, false);
    struct wtl__core *core = net->nodes[a].core;
    cr_assert_eq(wtl__core_route(core, id), link);
    wtl__core_node_down(core, wtl__core_node_find(core, id), WTL_NO_CONNECTION);
    wtl__core_node_check(core, wtl__core_node_find(core, id));
    net_run(net, WTL__PROBE_MS - 100);
    uint8_t layer;
    cr_expect_not(wtl__core_node_is_known(core, id, &layer));
    net_run(net, 200);
    cr_expect(wtl__core_node_is_known(core, id, &layer));
}

Test(mesh_parted, X044_of_links_that_cross_after_a_split_one_survives)
{
    net->delay_ms = 40;
    for (uint32_t round = 0; round < 60; round++) {
        net->nodes[b].side = 1;
        net_until(net, 20000, downs(a, b) == round + 1 && downs(b, a) == round + 1);
        /* both dial at once */
        net_run(net, 2000);
        for (uint32_t i = 0; i < 2; i++) {
            struct wtl__core *core = net->nodes[i].core;
            for (uint32_t k = 0; k < core->targets_count; k++) {
                core->targets[k].due_ms = net->now_ms + 50;
                core->targets[k].dialling = false;
            }
            wtl__core_wake(core, WTL__DUE_DIAL, net->now_ms + 50);
        }
        net->nodes[b].side = 0;
        net_until(net, WTL__REDIAL_MAX_MS + 5000, net_knows(net, a, b) && net_knows(net, b, a));
        net_run(net, 500);
        cr_assert_eq(net_links_between(net, a, b), 1, "round %u", (unsigned)round);
        cr_assert_eq(net_links_between(net, b, a), 1);
        net->links_count = net->links_count > NET_LINKS_MAX / 2 ? 0 : net->links_count;
    }
}

Test(mesh_parted, D15_a_new_uplink_that_knows_nobody_yet_takes_nobody_down)
{
    uint32_t young = net_add(net, "young", WTL_LAYER_EDGE, "a b");
    uint32_t other = net_add(net, "other", WTL_LAYER_EDGE, "young");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "a young");
    net_start(net, device);
    net_until(net, 2000, net_knows(net, device, a) && net_knows(net, device, b));
    net_run(net, 100);
    net_kill(net, a, true);
    net->nodes[b].side = 1; /* the young one does not find it at once */
    net_start(net, young);
    net_until(net, 2000, net_links_between(net, device, young) == 1);
    net_start(net, other); /* who makes that the roster is told again */
    net_until(net, 2000, net_knows(net, device, other));
    cr_expect_eq(downs(device, b), 0);
    net->nodes[b].side = 0;
    net_until(net, WTL__DOWN_WINDOW_LAN_MS - 100, net_knows(net, young, b));
    net_run(net, 20000);
    cr_expect_eq(downs(device, b), 0);
    cr_expect_eq(downs(device, a), 1, "who does not appear is down");
}

Test(mesh_parted, D15_leaves_come_up_with_their_uplink)
{
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "nowhere");
    net_start(net, device);
    uint64_t id = UINT64_C(0x77) << 24 | 1;
    (void)net_link_stranger(net, a, "mute", id, WTL_LAYER_EDGE, false);
    struct wtl__core *core = net->nodes[a].core;
    wtl__core_node_down(core, wtl__core_node_find(core, id), WTL_NO_CONNECTION);
    wtl__core_node_check(core, wtl__core_node_find(core, id));
    /* the record of a leaf that is attached to it comes before it is up */
    uint8_t proof[WTL__ATTACH_PROOF_MAX];
    uint8_t bytes[WTL__FRAME_MAX];
    struct wtl__attach attach = {.leaf = net_id(net, device),
                                 .uplink = id,
                                 .number = 1,
                                 .expiry_s = NET_WALL_S + 300,
                                 .layer = WTL_LAYER_DEVICE,
                                 .proof = proof};
    (void)snprintf(attach.name, sizeof attach.name, "device");
    const struct wtl__core_config *config = &net->nodes[device].config;
    attach.proof_size = (uint32_t)config->sign(config->context, &attach, proof);
    size_t size = wtl__put_attach(bytes, sizeof bytes, &attach);
    cr_expect_eq(net_inject(net, b, a, bytes, size), WTL_OK);
    cr_expect_not(net_knows(net, a, device));
    net_until(net, WTL__PROBE_MS + 100, net_knows(net, a, device));
}
