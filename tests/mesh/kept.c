/*
 * kept.c - names that are kept though words about them were lost, and names of nodes that will not
 * come back, which nobody would ever let go of.
 */
#include "core_kit.h"

#include "mesh/core_private.h"

static void key_of(uint32_t k, char out[16])
{
    (void)snprintf(out, 16, "key%u", (unsigned)k);
}

/* How many of the first `count` keys that node sees held by that node's actors. */
static uint32_t held(const struct net *net, uint32_t node, uint32_t by, uint32_t count)
{
    uint32_t found = 0;
    char name[16];
    for (uint32_t k = 0; k < count; k++) {
        key_of(k, name);
        found += wtl_pid_equal(net_find(net, node, name), net_pid(net, by, 1 + k)) ? 1 : 0;
    }
    return found;
}

static void register_keys(struct net *net, uint32_t node, uint32_t count)
{
    char name[16];
    for (uint32_t k = 0; k < count; k++) {
        key_of(k, name);
        net_register(net, node, 1 + k, 100 + k, name);
    }
    net_until(net, 4000, net->nodes[node].core->asks_count == 0);
}

Test(mesh_kept, X110_a_leaf_keeps_its_names_while_its_new_uplink_cannot_ask)
{
    struct net *net = net_create(300);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, NULL);
    uint32_t old = net_add(net, "old", WTL_LAYER_EDGE, "cloud");
    uint32_t young = net_add(net, "young", WTL_LAYER_EDGE, "cloud");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "old young");
    net_start(net, cloud);
    net_start(net, old);
    net_start(net, device);
    net_until(net, 2000, net_knows(net, cloud, old) && net_knows(net, cloud, device));
    net_run(net, 3000);
    register_keys(net, device, 16);
    net_until(net, 1000, held(net, cloud, device, 16) == 16);
    /* the cloud counts on the old uplink for some seconds, and the young one never saw it: they
     * do not agree on who owns what, for longer than the uplink asks */
    net_kill(net, old, true);
    net_start(net, young);
    for (uint32_t ms = 0; ms < 10000; ms++) {
        net_run(net, 1);
        cr_assert_eq(held(net, cloud, device, 16), 16, "after %u ms", (unsigned)ms);
    }
    net_run(net, 10000);
    cr_expect_eq(held(net, young, device, 16), 16);
    cr_expect(net_names_agree(net));
    for (uint32_t i = 0; i < net->nodes[device].log_count; i++) {
        cr_expect_neq(net->nodes[device].log[i].kind, WTL__EFFECT_NAME_LOST);
    }
    cr_expect_eq(net->nodes[device].core->asks_count, 0, "it has its answers");
    net_destroy(net);
}

Test(mesh_kept, X110_a_leaf_whose_uplink_was_silent_for_long_has_its_names_after)
{
    struct net *net = net_create(301);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 3000);
    register_keys(net, device, 16);
    net_until(net, 1000, held(net, cloud, device, 16) == 16);
    /* away for so long that all have buried them; back while the cloud does not answer the edge */
    net->nodes[device].side = 1;
    net_until(net, 20000, held(net, cloud, device, 16) == 0 && held(net, edge, device, 16) == 0);
    net->nodes[device].side = 0;
    net_until(net, 30000, net_links_between(net, device, edge) == 1);
    net->nodes[cloud].side = 2;
    net_run(net, 2 * WTL__ASK_MS);
    net->nodes[cloud].side = 0;
    net_until(net, 40000, held(net, cloud, device, 16) == 16 && held(net, edge, device, 16) == 16);
    cr_expect_eq(net->nodes[device].core->asks_count, 0);
    net_destroy(net);
}

/* An edge starts anew while the cloud still counts on the device that was there, and is told of
 * those of its names that the cloud owns; then the cloud and the device are no more. */
static struct net *net_with_orphans(uint64_t seed)
{
    struct net *net = net_create(seed);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, "cloud");
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, NULL);
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 3000);
    register_keys(net, device, 8);
    net_until(net, 1000, held(net, cloud, device, 8) == 8);
    net_kill(net, device, true);
    net_kill(net, edge, true);
    net_start(net, edge);
    net_until(net, WTL__DOWN_WINDOW_LAN_MS - 500, held(net, edge, device, 8) > 0);
    cr_assert_not(net_knows(net, edge, device));
    net_kill(net, cloud, true);
    return net;
}

Test(mesh_kept, X113_names_of_an_incarnation_go_with_it_though_it_was_never_up_here)
{
    struct net *net = net_with_orphans(302);
    net_run(net, WTL__DOWN_WINDOW_LAN_MS + 500); /* the edge owns all names, and waits for nobody */
    cr_assert_gt(wtl__core_names(net->nodes[0].core, NULL, 0), 0);
    net_start(net, 2);
    register_keys(net, 2, 8);
    cr_expect_eq(held(net, 0, 2, 8), 8);
    net_destroy(net);
}

Test(mesh_kept, X116_names_of_a_node_that_never_comes_up_are_free_after_a_while)
{
    struct net *net = net_with_orphans(303);
    net_run(net, WTL__ORPHAN_MS + 100);
    cr_expect_eq(wtl__core_names(net->nodes[0].core, NULL, 0), 0);
    register_keys(net, 0, 8);
    net_run(net, 100);
    cr_expect_eq(held(net, 0, 0, 8), 8);
    net_destroy(net);
}

Test(mesh_kept, X109_a_name_that_nobody_dropped_is_not_lost_by_its_node_being_away)
{
    struct net *net = net_create(304);
    char name[16];
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 3000);
    register_keys(net, b, 8);
    net_until(net, 500, held(net, a, b, 8) == 8);
    /* a clash was decided for b, and the word of it did not get there before the two were parted */
    for (uint32_t k = 0; k < 8; k++) {
        key_of(k, name);
        struct wtl__core_name *entry = wtl__core_name_get(net->nodes[a].core, name);
        entry->epoch = wtl__core_epoch_next(net->nodes[a].core);
    }
    net->nodes[b].side = 1;
    net_until(net, 20000, held(net, a, b, 8) == 0);
    net->nodes[b].side = 0;
    net_until(net, 40000, net_is_whole(net));
    net_run(net, 2 * WTL__DIGEST_MS);
    cr_expect_eq(held(net, a, b, 8), 8);
    cr_expect_eq(held(net, b, b, 8), 8);
    for (uint32_t i = 0; i < net->nodes[b].log_count; i++) {
        cr_expect_neq(net->nodes[b].log[i].kind, WTL__EFFECT_NAME_LOST);
    }
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_kept, X116_a_leaf_with_as_many_names_as_it_may_have_changes_its_uplink)
{
    struct net *net = net_create(305);
    uint32_t a = net_add(net, "a", WTL_LAYER_EDGE, NULL);
    uint32_t b = net_add(net, "b", WTL_LAYER_EDGE, "a");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "a b");
    char name[16];
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 3000);
    for (uint32_t k = 0; k < WTL__LEAF_NAMES_MAX; k++) {
        key_of(k, name);
        net_register(net, device, 1 + k, 100 + k, name);
        net_run(net, k % 64 == 0 ? 20 : 0);
    }
    net_until(net, 2000, held(net, b, device, WTL__LEAF_NAMES_MAX) == WTL__LEAF_NAMES_MAX);
    net_cut(net, device, a);
    net_until(net, 3000, net_links_between(net, device, b) == 1);
    net_until(net, 5000, net->nodes[device].core->asks_count == 0);
    cr_expect_eq(held(net, a, device, WTL__LEAF_NAMES_MAX), WTL__LEAF_NAMES_MAX);
    net_register(net, device, 5, 9, "one.too.many");
    net_until(net, 1000, net_answer(net, device, 9) != NULL);
    cr_expect_eq(net_answer(net, device, 9)->status, WTL_FULL);
    net_destroy(net);
}

Test(mesh_kept, X116_what_a_leaf_holds_is_asked_for_whatever_else_it_asks)
{
    struct net *net = net_create(308);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    char name[16];
    net_start_all(net);
    net_until(net, 1000, net_knows(net, edge, device));
    net_run(net, 3000);
    register_keys(net, device, 16);
    net->delay_ms = 1;
    net_cut(net, device, edge);
    net_until(net, 10, net_links_between(net, device, edge) == 0);
    for (uint32_t k = 0; k < WTL__ASKS_MAX + 10; k++) {
        (void)snprintf(name, sizeof name, "wish%u", (unsigned)k);
        net_register(net, device, 99, 1000 + k, name);
    }
    net_until(net, 100, net_answer(net, device, 1000 + WTL__ASKS_MAX) != NULL);
    cr_expect_eq(net_answer(net, device, 1000 + WTL__ASKS_MAX)->status, WTL_FULL);
    net_until(net, WTL__ASK_MS - 500, net->nodes[device].core->asks_quiet == 16);
    net_until(net, 5000, net->nodes[device].core->asks_count == 0);
    cr_expect_eq(held(net, edge, device, 16), 16);
    net_destroy(net);
}

Test(mesh_kept, X116_a_leaf_leaves_places_for_the_questions_of_others)
{
    struct net *net = net_create(306);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, "nowhere");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 1000, net_knows(net, edge, device));
    net_run(net, 10);
    /* the edge waits for those that it joins, so that nobody has an answer yet */
    for (uint32_t k = 0; k < WTL__ASKS_MAX + 10; k++) {
        uint8_t bytes[512];
        struct wtl__names_frame ask = {.source = net_id(net, device),
                                       .destination = net_id(net, edge),
                                       .hops_left = WTL__HOPS_MAX,
                                       .verb = WTL__NAMES_REGISTER,
                                       .request = 1 + k,
                                       .pid = net_pid(net, device, 1)};
        key_of(k, ask.name);
        cr_assert_eq(
            net_inject(net, device, edge, bytes, wtl__put_names(bytes, sizeof bytes, &ask)),
            WTL_OK);
    }
    net_register(net, edge, 3, 7, "store");
    net_until(net, 4000, net_answer(net, edge, 7) != NULL);
    cr_expect_eq(net_answer(net, edge, 7)->status, WTL_OK);
    cr_expect_eq(wtl__core_names(net->nodes[edge].core, NULL, 0), WTL__LEAF_ASKS_MAX + 1);
    net_destroy(net);
}

Test(mesh_kept, X018_a_leaf_hears_of_its_names_from_its_uplink_only)
{
    struct net *net = net_create(307);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    uint8_t bytes[512];
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net) && net_knows(net, device, cloud));
    net_register(net, device, 3, 1, "pump");
    net_until(net, 3000,
              net_answer(net, device, 1) != NULL && !wtl_pid_is_none(net_find(net, cloud, "pump")));
    struct wtl__names_frame lost = {.source = net_id(net, cloud),
                                    .destination = net_id(net, device),
                                    .hops_left = 7,
                                    .verb = WTL__NAMES_STATE,
                                    .status = WTL_EXISTS,
                                    .epoch = 9,
                                    .pid = net_pid(net, device, 3),
                                    .name = "pump"};
    size_t size = wtl__put_names(bytes, sizeof bytes, &lost);
    cr_expect_eq(net_inject(net, edge, device, bytes, size), WTL_OK);
    cr_expect_eq(net_lost(net, device, "pump"), 0);
    lost.source = net_id(net, edge);
    size = wtl__put_names(bytes, sizeof bytes, &lost);
    cr_expect_eq(net_inject(net, edge, device, bytes, size), WTL_OK);
    cr_expect_eq(net_lost(net, device, "pump"), 1);
    net_destroy(net);
}

Test(mesh_kept, X109_a_grant_that_did_not_know_takes_nothing_from_ours)
{
    struct net *net = net_create(309);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    char name[16];
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 3000);
    register_keys(net, edge, 8);
    net_run(net, 200);
    uint32_t tried = 0;
    for (uint32_t k = 0; k < 8; k++) {
        key_of(k, name);
        struct wtl__core_name *entry = wtl__core_name_get(net->nodes[cloud].core, name);
        if (wtl__core_owner(net->nodes[cloud].core, entry) != net_id(net, cloud)) {
            continue;
        }
        /* the cloud owns it, has just come to own it, and has not heard the edge's claim */
        wtl__core_name_remove(net->nodes[cloud].core, entry);
        net_register(net, device, 50, 500 + k, name);
        net_until(net, 3000, net_answer(net, device, 500 + k) != NULL);
        cr_expect_eq(net_answer(net, device, 500 + k)->status, WTL_EXISTS);
        cr_expect_eq(net_lost(net, edge, name), 0);
        tried++;
    }
    cr_assert_gt(tried, 0);
    net_run(net, 2 * WTL__DIGEST_MS);
    cr_expect_eq(held(net, edge, edge, 8), 8);
    cr_expect_eq(held(net, cloud, edge, 8), 8);
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_kept, X110_a_leaf_believes_of_its_own_only_what_it_was_given)
{
    struct net *net = net_create(310);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, "nowhere");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    uint8_t bytes[512];
    net_start_all(net);
    net_until(net, 1000, net_knows(net, edge, device));
    net_run(net, 10);
    net_register(net, device, 3, 1, "pump"); /* has no answer for two seconds */
    wtl__core_name_whereis(net->nodes[device].core, net_pid(net, device, 4), 2, "pump",
                           net->now_ms);
    const struct wtl__core *core = net->nodes[device].core;
    cr_assert_eq(core->asks_count, 2);
    struct wtl__names_frame found = {.source = net_id(net, edge),
                                     .destination = net_id(net, device),
                                     .hops_left = 8,
                                     .verb = WTL__NAMES_RESULT,
                                     .request = core->asks[1]->serial,
                                     .epoch = 9,
                                     .pid = net_pid(net, device, 3),
                                     .name = "pump"};
    size_t size = wtl__put_names(bytes, sizeof bytes, &found);
    cr_expect_eq(net_inject(net, edge, device, bytes, size), WTL_OK);
    cr_expect(wtl_pid_is_none(net_find(net, device, "pump")), "of a time before");
    cr_expect_null(net_answer(net, device, 2));
    net_until(net, 4000, net_answer(net, device, 1) != NULL && net_answer(net, device, 2) != NULL);
    cr_expect(wtl_pid_equal(net_find(net, device, "pump"), net_pid(net, device, 3)));
    net_destroy(net);
}

Test(mesh_kept, X111_a_name_that_is_wanted_again_at_once_is_held)
{
    struct net *net = net_create(311);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, "nowhere");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    net_start_all(net);
    net_until(net, 1000, net_knows(net, edge, device));
    net_run(net, 10);
    for (uint32_t i = edge; i <= device; i++) {
        const char *name = i == edge ? "here" : "there";
        net_register(net, i, 3, 1, name);
        wtl__core_name_unregister(net->nodes[i].core, net_pid(net, i, 3), name, net->now_ms);
        net_register(net, i, 3, 2, name);
        net_run(net, 100);
    }
    net_run(net, 3000);
    cr_expect_eq(net_answer(net, device, 2)->status, WTL_OK);
    cr_expect(wtl_pid_equal(net_find(net, device, "there"), net_pid(net, device, 3)));
    cr_expect(wtl_pid_equal(net_find(net, edge, "there"), net_pid(net, device, 3)));
    cr_expect(wtl_pid_equal(net_find(net, edge, "here"), net_pid(net, edge, 3)));
    net_destroy(net);
}
