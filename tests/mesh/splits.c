/* splits.c - splits and what comes after: clashes, drops, claims. */
#include "core_kit.h"

#include <stdlib.h>

#include "mesh/core_private.h"

static bool all_see(const struct net *net, const char *name, struct wtl_pid pid)
{
    for (uint32_t i = 0; i < net->count; i++) {
        if (net->nodes[i].core != NULL && !wtl_pid_equal(net_find(net, i, name), pid)) {
            return false;
        }
    }
    return true;
}

static struct net *mesh(uint64_t seed, uint32_t count)
{
    struct net *net = net_create(seed);
    char name[8];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)net_add(net, name, WTL_LAYER_EDGE, i == 0 ? "n1" : "n0");
    }
    net_start_all(net);
    net_until(net, 5000, net_is_whole(net));
    net_run(net, 1000);
    return net;
}

/* The upper half of the nodes on the other side, until all have noticed. */
static void split(struct net *net)
{
    for (uint32_t i = net->count / 2; i < net->count; i++) {
        net->nodes[i].side = 1;
    }
    net_run(net, net->beat_ms + WTL__DOWN_WINDOW_LAN_MS + WTL__CLAIMS_WAIT_MS + 500);
}

static void heal(struct net *net)
{
    for (uint32_t i = 0; i < net->count; i++) {
        net->nodes[i].side = 0;
    }
    net_until(net, WTL__REDIAL_MAX_MS + 5000, net_is_whole(net));
    net_run(net, 20000);
}

/* The number of key0, key1, ... */
static uint32_t number_of(const char *key)
{
    return (uint32_t)strtoul(key + strlen("key"), NULL, 10);
}

Test(mesh_splits, X109_the_same_name_on_both_sides_has_one_holder_after)
{
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct net *net = mesh(40 + seed, 4);
        char name[16];
        split(net);
        for (uint32_t k = 0; k < 20; k++) {
            (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
            net_register(net, k % 2, 1 + k, 100 + k, name);
            net_register(net, 2 + k % 2, 1 + k, 100 + k, name);
        }
        net_run(net, 200);
        uint64_t before[20] = {0};
        for (uint32_t i = 0; i < 4; i++) {
            struct wtl__name_row rows[32];
            uint32_t count = wtl__core_names(net->nodes[i].core, rows, 32);
            cr_assert_eq(count, 20, "each side serves its own");
            for (uint32_t k = 0; k < count; k++) {
                uint64_t *of_key = &before[number_of(rows[k].name)];
                *of_key = rows[k].epoch > *of_key ? rows[k].epoch : *of_key;
            }
        }
        heal(net);
        cr_expect(net_names_agree(net), "seed %u", (unsigned)seed);
        struct wtl__name_row rows[32];
        cr_expect_eq(wtl__core_names(net->nodes[0].core, rows, 32), 20);
        for (uint32_t k = 0; k < 20; k++) {
            cr_expect_gt(rows[k].epoch, before[number_of(rows[k].name)],
                         "the winner's epoch is above both");
            (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
            uint32_t lost = 0;
            for (uint32_t i = 0; i < 4; i++) {
                lost += net_lost(net, i, name);
            }
            cr_expect_eq(lost, 1, "%s: the loser is told, once (%u)", name, (unsigned)lost);
            struct wtl_pid holder = net_find(net, 0, name);
            cr_expect(wtl_pid_equal(holder, net_pid(net, k % 2, 1 + k)) ||
                      wtl_pid_equal(holder, net_pid(net, 2 + k % 2, 1 + k)));
        }
        net_destroy(net);
    }
}

Test(mesh_splits, X109_the_older_one_keeps_it)
{
    struct net *net = mesh(50, 4);
    net_register(net, 0, 1, 1, "leader");
    net_register(net, 3, 2, 2, "follower");
    net_until(net, 200, all_see(net, "leader", net_pid(net, 0, 1)));
    split(net);
    cr_expect(wtl_pid_is_none(net_find(net, 3, "leader")), "its node is down over there");
    net_register(net, 3, 9, 3, "leader");
    net_register(net, 1, 8, 4, "follower");
    net_run(net, 200);
    cr_expect_eq(net_answer(net, 3, 3)->status, WTL_OK);
    cr_expect_eq(net_answer(net, 1, 4)->status, WTL_OK);
    heal(net);
    cr_expect(all_see(net, "leader", net_pid(net, 0, 1)));
    cr_expect(all_see(net, "follower", net_pid(net, 3, 2)));
    cr_expect_eq(net_lost(net, 3, "leader"), 1);
    cr_expect_eq(net_lost(net, 1, "follower"), 1);
    cr_expect_eq(net_lost(net, 0, "leader"), 0);
    net_destroy(net);
}

Test(mesh_splits, X109_splits_and_heals_again_and_again)
{
    struct net *net = mesh(51, 4);
    char name[16];
    for (uint32_t round = 0; round < 4; round++) {
        split(net);
        for (uint32_t k = 0; k < 10; k++) {
            (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
            net_register(net, k % 4, 100 * (round + 1) + k, 1000 * (round + 1) + k, name);
            net_register(net, (k + 2) % 4, 100 * (round + 1) + k, 1000 * (round + 1) + 50 + k,
                         name);
        }
        net_run(net, 100 * round);
        heal(net);
        cr_assert(net_names_agree(net), "round %u", (unsigned)round);
        cr_assert_eq(wtl__core_names(net->nodes[0].core, NULL, 0), 10);
    }
    net_destroy(net);
}

Test(mesh_splits, X111_a_name_that_was_dropped_does_not_come_back)
{
    struct net *net = mesh(52, 4);
    net_register(net, 0, 1, 1, "gone");
    net_register(net, 0, 2, 2, "kept");
    net_register(net, 3, 3, 3, "away");
    net_until(net, 200,
              all_see(net, "away", net_pid(net, 3, 3)) && all_see(net, "gone", net_pid(net, 0, 1)));
    split(net);
    wtl__core_name_unregister(net->nodes[0].core, net_pid(net, 0, 1), "gone", net->now_ms);
    wtl__core_names_drop(net->nodes[3].core, net_pid(net, 3, 3), net->now_ms);
    net_run(net, 100);
    heal(net);
    cr_expect(all_see(net, "gone", WTL_PID_NONE));
    cr_expect(all_see(net, "away", WTL_PID_NONE));
    cr_expect(all_see(net, "kept", net_pid(net, 0, 2)));
    cr_expect(net_names_agree(net));
    net_destroy(net);
}

Test(mesh_splits, X111_a_drop_that_is_lost_is_made_good)
{
    /* too short for anybody to be down: what is said is lost, and nothing else happens */
    struct net *net = mesh(53, 4);
    char name[16];
    for (uint32_t k = 0; k < 30; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, k % 4, 1 + k, 100 + k, name);
    }
    net_run(net, 500);
    for (uint32_t i = 2; i < 4; i++) {
        net->nodes[i].side = 1;
    }
    for (uint32_t k = 0; k < 30; k += 2) {
        wtl__core_names_drop(net->nodes[k % 4].core, net_pid(net, k % 4, 1 + k), net->now_ms);
    }
    net_run(net, 500);
    for (uint32_t i = 2; i < 4; i++) {
        net->nodes[i].side = 0;
    }
    net_run(net, 2 * WTL__DIGEST_MS + 5000);
    cr_expect(net_names_agree(net));
    cr_expect_eq(wtl__core_names(net->nodes[1].core, NULL, 0), 15);
    for (uint32_t i = 0; i < 4; i++) {
        cr_expect_eq(net_logged(net, i, WTL__EFFECT_NODE_DOWN, 0), 0);
    }
    net_destroy(net);
}

Test(mesh_splits, X116_many_names_of_a_node_that_dies)
{
    struct net *net = mesh(54, 3);
    char name[16];
    for (uint32_t k = 0; k < 3000; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, 2, 1 + k, 100 + k, name);
        net_run(net, k % 100 == 0 ? 10 : 0);
    }
    net_run(net, 1000);
    cr_expect_eq(wtl__core_names(net->nodes[0].core, NULL, 0), 3000);
    net_stop(net, 2);
    net_run(net, 100);
    cr_expect_eq(wtl__core_names(net->nodes[0].core, NULL, 0), 0);
    cr_expect_eq(wtl__core_names(net->nodes[1].core, NULL, 0), 0);
    net_destroy(net);
}

Test(mesh_splits, X109_a_node_that_starts_takes_no_name_from_those_that_have_it)
{
    struct net *net = mesh(55, 3);
    char name[16];
    for (uint32_t k = 0; k < 50; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, k % 3, 1 + k, 100 + k, name);
    }
    net_run(net, 500);
    /* it wants them all, before it has a link and while it gets its links */
    uint32_t late = net_add(net, "late", WTL_LAYER_CLOUD, "n0");
    net_start(net, late);
    for (uint32_t k = 0; k < 50; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, late, 1 + k, 100 + k, name);
        net_run(net, 1);
    }
    net_run(net, 10000);
    for (uint32_t k = 0; k < 50; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        cr_expect_eq(net_answer(net, late, 100 + k)->status, WTL_EXISTS, "%s", name);
        cr_expect(all_see(net, name, net_pid(net, k % 3, 1 + k)));
        cr_expect_eq(net_lost(net, late, name), 0);
    }
    /* and one that was alone for long, on purpose, loses what others had before */
    uint32_t hermit = net_add(net, "hermit", WTL_LAYER_CLOUD, "n0");
    net->nodes[hermit].side = 2;
    net_start(net, hermit);
    net_run(net, 60000);
    for (uint32_t k = 30; k < 50; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, hermit, k, 100 + k, name);
    }
    net_run(net, 100);
    heal(net);
    for (uint32_t k = 30; k < 50; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        cr_expect_eq(net_answer(net, hermit, 100 + k)->status, WTL_OK);
        cr_expect(all_see(net, name, net_pid(net, k % 3, 1 + k)));
        cr_expect_eq(net_lost(net, hermit, name), 1);
    }
    net_destroy(net);
}

Test(mesh_splits, X111_a_claim_that_crosses_its_own_drop_revives_nothing)
{
    for (uint64_t seed = 60; seed < 70; seed++) {
        struct net *net = mesh(seed, 4);
        char name[16];
        net->delay_ms = 60;
        for (uint32_t k = 0; k < 40; k++) {
            (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
            net_register(net, k % 3, 1 + k, 100 + k, name);
        }
        net_run(net, 1000);
        net_kill(net, 3, true); /* claims go out for what it has owned, and drops behind them */
        for (uint32_t k = 0; k < 40; k++) {
            net_run(net, 120);
            wtl__core_names_drop(net->nodes[k % 3].core, net_pid(net, k % 3, 1 + k), net->now_ms);
            if (k == 20) {
                net_start(net, 3);
            }
        }
        net_run(net, 20000);
        for (uint32_t i = 0; i < 4; i++) {
            cr_expect_eq(wtl__core_names(net->nodes[i].core, NULL, 0), 0);
        }
        net_destroy(net);
    }
}

/* One of many things that go wrong, or right again, drawn with the dice. */
static void strike(struct net *net, uint32_t dice, uint32_t step)
{
    uint32_t node = dice / 16 % 6;
    char name[16];
    (void)snprintf(name, sizeof name, "key%u", (unsigned)(dice / 128 % 12));
    switch (dice % 16) {
    case 0:
        net->nodes[node].side = 1 - net->nodes[node].side;
        break;
    case 1:
        net_cut(net, node, (node + 1) % 6);
        break;
    case 2:
        if (net->nodes[node].core != NULL) {
            net_kill(net, node, dice / 4096 % 2 == 0);
        }
        break;
    case 3:
    case 4:
        if (net->nodes[node].core == NULL) {
            net_start(net, node);
        }
        break;
    case 5:
    case 6:
        if (net->nodes[node].core != NULL) {
            wtl__core_names_drop(net->nodes[node].core, net_pid(net, node, 1 + dice % 12),
                                 net->now_ms);
        }
        break;
    default:
        if (net->nodes[node].core != NULL) {
            net_register(net, node, 1 + dice % 12, 1000 + step, name);
        }
        break;
    }
}

/* Faults of all kinds, drawn from a seed; then quiet, and all must agree. */
static void storm(uint64_t seed)
{
    struct net *net = mesh(seed, 5);
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "n0 n1 n2");
    net_start(net, device);
    uint64_t draw = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    for (uint32_t step = 0; step < 150; step++) {
        draw = draw * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        uint32_t dice = (uint32_t)(draw >> 33);
        strike(net, dice, step);
        net_run(net, dice / 4096 % 700);
    }
    net_start_all(net);
    heal(net);
    net_run(net, 2 * WTL__DIGEST_MS + 5000);
    cr_expect(net_is_whole(net), "seed %u: all know all", (unsigned)seed);
    cr_expect(net_names_agree(net), "seed %u: the tables are the same", (unsigned)seed);
    /* each name is one that its own node believes in as well */
    struct wtl__name_row rows[32];
    uint32_t count = wtl__core_names(net->nodes[0].core, rows, 32);
    for (uint32_t k = 0; k < count && k < 32; k++) {
        for (uint32_t i = 0; i < 6; i++) {
            cr_expect(rows[k].pid.node != net_id(net, i) ||
                          wtl_pid_equal(net_find(net, i, rows[k].name), rows[k].pid),
                      "seed %u: %s", (unsigned)seed, rows[k].name);
        }
    }
    net_destroy(net);
}

Test(mesh_splits, X109_X110_X111_storms_end_in_agreement)
{
    for (uint64_t seed = 100; seed < 125; seed++) {
        storm(seed);
    }
}
