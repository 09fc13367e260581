/*
 * claims.c - what an owner knows when it says that it knows all: every core node has claimed of it
 * what is its own, also what came at the wrong moment.
 */
#include "core_kit.h"

#include "mesh/core_private.h"

static bool has_settled(const struct net *net, uint32_t node, uint32_t count)
{
    const struct wtl__core *core = net->nodes[node].core;
    return core->settled && core->view.count == count;
}

/* How many names that `owner` owns and `holder` has, out of key0 to key<count - 1>, it knows. */
static uint32_t known(const struct net *net, uint32_t owner, uint32_t holder, uint32_t count,
                      uint32_t *owned_out)
{
    const struct wtl__core *core = net->nodes[owner].core;
    uint32_t found = 0;
    char name[16];
    *owned_out = 0;
    for (uint32_t k = 0; k < count; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        if (wtl__core_owner_in(&core->view, wtl__core_hash(name, 0)) == net_id(net, owner)) {
            (*owned_out)++;
            found += net_find(net, owner, name).node == net_id(net, holder) ? 1 : 0;
        }
    }
    return found;
}

static void register_keys(struct net *net, uint32_t node, uint32_t count)
{
    char name[16];
    for (uint32_t k = 0; k < count; k++) {
        (void)snprintf(name, sizeof name, "key%u", (unsigned)k);
        net_register(net, node, 1 + k, 100 + k, name);
        net_run(net, k % 50 == 49 ? 20 : 0);
    }
    net_run(net, 200);
}

static void expect_all_known(const struct net *net, uint32_t owner, uint32_t holder, uint32_t count)
{
    uint32_t owned;
    uint32_t found = known(net, owner, holder, count, &owned);
    cr_expect_gt(owned, 0);
    cr_expect_eq(found, owned, "%s owns %u and knows %u", net->nodes[owner].config.name,
                 (unsigned)owned, (unsigned)found);
}

Test(mesh_claims, G07_names_of_a_leaf_come_behind_its_record)
{
    struct net *net = net_create(240);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    net_start(net, edge);
    net_start(net, device);
    net_until(net, 2000, net_knows(net, edge, device));
    register_keys(net, device, 40);
    net_start(net, cloud);
    net_until(net, 1000, has_settled(net, cloud, 2));
    expect_all_known(net, cloud, device, 40);
    net_destroy(net);
}

Test(mesh_claims, G07_names_of_a_leaf_that_was_parted_are_heard)
{
    struct net *net = net_create(241);
    uint32_t edge = net_add(net, "edge", WTL_LAYER_EDGE, "cloud");
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    uint32_t cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, NULL);
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net->delay_ms = 30;
    net->nodes[cloud].side = 1;
    net_until(net, 20000, !net_knows(net, cloud, device) && !net_knows(net, edge, cloud));
    register_keys(net, device, 40);
    net->nodes[cloud].side = 0;
    net_until(net, WTL__REDIAL_MAX_MS + 5000, has_settled(net, cloud, 2));
    expect_all_known(net, cloud, device, 40);
    net_destroy(net);
}

/* Claims go out in portions; meanwhile their sender may have settled itself. */
Test(mesh_claims, G07_claims_in_portions_are_all_of_them)
{
    struct net *net = net_create(242);
    char name[16];
    for (uint32_t i = 0; i < 4; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)net_add(net, name, WTL_LAYER_EDGE, i == 0 ? NULL : "n0");
    }
    net_start_all(net);
    net_until(net, 5000, net_is_whole(net));
    net_run(net, 3000);
    register_keys(net, 0, 3000);
    /* who will own them has not heard of them: claims are all that they will know them by */
    for (uint32_t i = 1; i < 3; i++) {
        struct wtl__core *core = net->nodes[i].core;
        for (uint32_t k = core->names_count; k-- > 0;) {
            if (wtl__core_owner(core, core->names[k]) == net_id(net, 3)) {
                wtl__core_name_remove(core, core->names[k]);
            }
        }
    }
    net_stop(net, 3);
    net_until(net, 1000, has_settled(net, 1, 3));
    expect_all_known(net, 1, 0, 3000);
    net_until(net, 1000, has_settled(net, 2, 3));
    expect_all_known(net, 2, 0, 3000);
    net_destroy(net);
}

/* A frame of n0's to n1, in the view that n0 has. */
static void say(struct net *net, struct wtl__names_frame frame)
{
    uint8_t bytes[512];
    frame.source = net_id(net, 0);
    frame.destination = net_id(net, 1);
    frame.hops_left = WTL__HOPS_MAX;
    frame.view = net->nodes[0].core->view.hash;
    cr_assert_eq(net_inject(net, 0, 1, bytes, wtl__put_names(bytes, sizeof bytes, &frame)), WTL_OK);
}

Test(mesh_claims, G07_a_claim_that_came_before_its_view_is_asked_for_again)
{
    struct net *net = net_line(243, 2);
    struct wtl__core *core = net->nodes[1].core;
    struct wtl__core_node *source = wtl__core_node_find(core, net_id(net, 0));
    struct wtl__names_frame claim = {.verb = WTL__NAMES_CLAIM,
                                     .request = core->epoch + 1,
                                     .epoch = core->epoch + 1,
                                     .pid = net_pid(net, 0, 5),
                                     .name = "key0"};
    struct wtl__names_frame claimed = {.verb = WTL__NAMES_CLAIMED};
    for (uint32_t k = 0;
         wtl__core_owner_in(&core->view, wtl__core_hash(claim.name, 0)) != net_id(net, 1); k++) {
        (void)snprintf(claim.name, sizeof claim.name, "key%u", (unsigned)k);
    }
    core->view.hash ^= 1; /* it has not heard yet who is there */
    say(net, claim);
    core->view.hash ^= 1;
    source->claimed = 0;
    say(net, claimed);
    cr_expect_eq(source->claimed, 0, "something is missing");
    say(net, claim);
    say(net, claimed);
    cr_expect_eq(source->claimed, core->view.hash);
    cr_expect(wtl_pid_equal(net_find(net, 1, claim.name), claim.pid));
    /* of a view that is over by now, nothing is missing in this one */
    core->view.hash ^= 1;
    say(net, claim);
    core->view.hash ^= 3;
    source->claimed = 0;
    net->nodes[0].core->view.hash ^= 2;
    say(net, claimed);
    cr_expect_eq(source->claimed, core->view.hash);
    core->view.hash ^= 2;
    net->nodes[0].core->view.hash ^= 2;
    wtl__core_name_remove(core, wtl__core_name_get(core, claim.name));
    net_destroy(net);
}

/* What an owner says of a pid whose registration waits for an answer waits for it, too: it may
 * never come, and then nobody has the name. */
Test(mesh_claims, X110_what_was_given_up_is_not_held)
{
    struct net *net = net_line(245, 2);
    struct wtl__core *core = net->nodes[0].core;
    uint8_t bytes[512];
    struct wtl__names_frame state = {.source = net_id(net, 1),
                                     .destination = net_id(net, 0),
                                     .hops_left = WTL__HOPS_MAX,
                                     .verb = WTL__NAMES_STATE,
                                     .view = core->view.hash,
                                     .request = core->epoch + 1,
                                     .epoch = core->epoch + 1};
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "n0");
    net_start(net, device);
    net_until(net, 1000, net_knows(net, device, 0));
    net_run(net, 100);
    for (uint32_t k = 0;
         k == 0 || wtl__core_owner_in(&core->view, wtl__core_hash(state.name, 0)) != net_id(net, 1);
         k++) {
        (void)snprintf(state.name, sizeof state.name, "key%u", (unsigned)k);
    }
    const uint32_t nodes[] = {0, device};
    for (uint32_t i = 0; i < 2; i++) {
        net->nodes[1].core->view.hash ^= 1; /* it grants nothing */
        net_register(net, nodes[i], 5, 1, state.name);
        net_run(net, 20);
        state.pid = net_pid(net, nodes[i], 5);
        size_t size = wtl__put_names(bytes, sizeof bytes, &state);
        cr_expect_eq(net_inject(net, 1, 0, bytes, size), WTL_OK);
        net_until(net, WTL__ASK_MS + 100, net_answer(net, nodes[i], 1) != NULL);
        cr_expect_eq(net_answer(net, nodes[i], 1)->status, WTL_NO_CONNECTION);
        net->nodes[1].core->view.hash ^= 1;
        net_run(net, 1000);
        cr_expect(wtl_pid_is_none(net_find(net, 0, state.name)));
        cr_expect(wtl_pid_is_none(net_find(net, 1, state.name)));
    }
    net_destroy(net);
}

/* A leaf that has a new uplink drops there what it let go of; what it asks for meanwhile, maybe the
 * same name, it wants. */
Test(mesh_claims, X111_a_drop_of_before_does_not_end_what_is_asked_for_now)
{
    struct net *net = net_line(246, 2);
    struct wtl__core *core = net->nodes[0].core;
    uint8_t bytes[512];
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "n0");
    net_start(net, device);
    net_until(net, 1000, net_knows(net, device, 0));
    net_run(net, 100);
    struct wtl__names_frame frame = {.source = net_id(net, device),
                                     .destination = net_id(net, 0),
                                     .hops_left = WTL__HOPS_MAX,
                                     .verb = WTL__NAMES_DROP,
                                     .pid = net_pid(net, device, 5)};
    for (uint32_t k = 0;
         k == 0 || wtl__core_owner_in(&core->view, wtl__core_hash(frame.name, 0)) != net_id(net, 1);
         k++) {
        (void)snprintf(frame.name, sizeof frame.name, "key%u", (unsigned)k);
    }
    net->nodes[1].core->view.hash ^= 1; /* the registration waits */
    net_register(net, device, 5, 1, frame.name);
    net_run(net, 20);
    size_t size = wtl__put_names(bytes, sizeof bytes, &frame);
    cr_expect_eq(net_inject(net, device, 0, bytes, size), WTL_OK);
    net_run(net, WTL__ASK_RETRY_MS); /* and the leaf asks again */
    net->nodes[1].core->view.hash ^= 1;
    net_run(net, WTL__ASK_RETRY_MS);
    cr_assert_not_null(net_answer(net, device, 1));
    cr_expect_eq(net_answer(net, device, 1)->status, WTL_OK);
    cr_expect(wtl_pid_equal(net_find(net, 0, frame.name), frame.pid));
    cr_expect(wtl_pid_equal(net_find(net, 1, frame.name), frame.pid));
    net_destroy(net);
}

/* The owner of the view in which it was asked has given it out, and there is another one by now. */
Test(mesh_claims, G07_what_an_owner_of_before_gave_out_is_claimed_of_the_one_of_now)
{
    struct net *net = net_line(244, 3);
    struct wtl__core *core = net->nodes[0].core;
    uint8_t bytes[512];
    struct wtl__names_frame result = {.source = net_id(net, 2),
                                      .destination = net_id(net, 0),
                                      .hops_left = WTL__HOPS_MAX,
                                      .verb = WTL__NAMES_RESULT,
                                      .view = core->view.hash ^ 1,
                                      .epoch = core->epoch + 1,
                                      .pid = net_pid(net, 0, 5)};
    for (uint32_t k = 0;
         k == 0 ||
         wtl__core_owner_in(&core->view, wtl__core_hash(result.name, 0)) != net_id(net, 1);
         k++) {
        (void)snprintf(result.name, sizeof result.name, "key%u", (unsigned)k);
    }
    net->nodes[1].core->view.hash ^= 1; /* it grants nothing */
    net_register(net, 0, 5, 1, result.name);
    net_run(net, 10);
    cr_assert_null(net_answer(net, 0, 1));
    net->nodes[1].core->view.hash ^= 1;
    result.request = core->serial;
    size_t size = wtl__put_names(bytes, sizeof bytes, &result);
    cr_expect_eq(net_inject(net, 1, 0, bytes, size), WTL_OK);
    cr_assert_not_null(net_answer(net, 0, 1));
    cr_expect_eq(net_answer(net, 0, 1)->status, WTL_OK);
    net_run(net, 10);
    cr_expect(wtl_pid_equal(net_find(net, 1, result.name), result.pid));
    net_destroy(net);
}
