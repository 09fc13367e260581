/*
 * lookups.c - names that a node has not heard of yet: their owner is asked, once for all who want
 * to know, and in time.
 */
#include "core_kit.h"

#include "mesh/core_private.h"

static void whereis(struct net *net, uint32_t node, uint64_t request, const char *name)
{
    net_whereis(net, node, 9, request, name);
}

static const struct wtl__core_view *view(const struct net *net, uint32_t node)
{
    return &net->nodes[node].core->view;
}

/* A name that this node owns, as `at` sees it. */
static void name_of(const struct net *net, uint32_t at, uint32_t owner, char name[16])
{
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, 16, "key%u", i);
        if (wtl__core_owner_in(view(net, at), wtl__core_hash(name, 0)) == net_id(net, owner)) {
            return;
        }
    }
    cr_assert_fail("no such name");
}

/* Its table has not heard of that name, whoever has told it. */
static void unhear(struct net *net, uint32_t node, const char *text)
{
    struct wtl__core *core = net->nodes[node].core;
    struct wtl__core_name *name = wtl__core_name_get(core, text);
    if (name != NULL) {
        wtl__core_name_remove(core, name);
    }
}

static void expect_found(const struct net *net, uint32_t node, uint64_t request, struct wtl_pid pid)
{
    const struct log_entry *answer = net_answer(net, node, request);
    cr_assert_not_null(answer, "%s, %u", net->nodes[node].config.name, (unsigned)request);
    cr_expect_eq(answer->status, WTL_OK, "%s was answered %s at %u ms",
                 net->nodes[node].config.name, wtl_status_word(answer->status),
                 (unsigned)answer->at_ms);
    cr_expect(wtl_pid_equal(answer->holder, pid));
}

static void expect_not_found(const struct net *net, uint32_t node, uint64_t request)
{
    const struct log_entry *answer = net_answer(net, node, request);
    cr_assert_not_null(answer);
    cr_expect_eq(answer->status, WTL_NOT_FOUND, "%s", wtl_status_word(answer->status));
}

/* ---- found --------------------------------------------------------------------------------- */

Test(mesh_lookups, G05_what_was_registered_is_found_from_everywhere_at_once)
{
    struct net *net = net_line(220, 5);
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "n4");
    char name[16];
    net_start(net, device);
    net_until(net, 1000, net_knows(net, device, 0));
    net_run(net, 100);
    for (uint32_t owner = 0; owner < 5; owner++) {
        uint64_t request = 100 * (owner + 1);
        name_of(net, 0, owner, name);
        net_register(net, 0, 1 + owner, request, name);
        net_until(net, 100, net_answer(net, 0, request) != NULL);
        cr_assert_eq(net_answer(net, 0, request)->status, WTL_OK);
        uint32_t unheard = 0;
        for (uint32_t i = 0; i < net->count; i++) {
            unheard += wtl_pid_is_none(net_find(net, i, name)) ? 1 : 0;
            whereis(net, i, request + 1, name);
        }
        cr_expect_gt(unheard, 0, "the word of it cannot be everywhere yet");
        net_run(net, 50);
        for (uint32_t i = 0; i < net->count; i++) {
            expect_found(net, i, request + 1, net_pid(net, 0, 1 + owner));
        }
    }
    net_destroy(net);
}

Test(mesh_lookups, G02_a_miss_of_what_this_node_owns_is_answered_here)
{
    struct net *net = net_line(221, 3);
    char name[16];
    name_of(net, 0, 0, name);
    uint32_t sent = net->nodes[0].frames;
    whereis(net, 0, 1, name);
    expect_not_found(net, 0, 1);
    cr_expect_eq(net->nodes[0].frames, sent);
    net_destroy(net);
}

/* ---- one question for all ------------------------------------------------------------------ */

Test(mesh_lookups, G05_one_question_is_under_way_for_all_who_wait)
{
    struct net *net = net_line(222, 2);
    char name[16];
    name_of(net, 0, 1, name);
    uint32_t sent = net->nodes[0].frames;
    for (uint64_t request = 1; request <= 1000; request++) {
        whereis(net, 0, request, name);
    }
    net_until(net, 50, net_answer(net, 0, 1) != NULL);
    cr_expect_eq(net->nodes[0].frames, sent + 2, "one, and one for those who came behind it");
    cr_expect_null(net_answer(net, 0, 2));
    net_run(net, 50);
    cr_expect_eq(net->nodes[0].frames, sent + 2);
    for (uint64_t request = 1; request <= 1000; request++) {
        expect_not_found(net, 0, request);
    }
    cr_expect_eq(net->nodes[0].core->asks_count, 0);
    cr_expect_eq(net->nodes[0].core->lookups.count, 0);
    net_destroy(net);
}

/* The answer to an older question is none to a newer one: who asks now may know from its holder
 * that the name is there. */
Test(mesh_lookups, G05_who_joins_is_not_answered_by_the_past)
{
    struct net *net = net_line(223, 4);
    char name[16];
    name_of(net, 0, 3, name);
    uint32_t said = net->nodes[3].frames;
    whereis(net, 0, 1, name);
    net_until(net, 50, net->nodes[3].frames > said);
    cr_assert_null(net_answer(net, 0, 1), "not_found is on its way");
    net_register(net, 3, 5, 2, name);
    cr_assert_eq(net_answer(net, 3, 2)->status, WTL_OK);
    whereis(net, 0, 3, name);
    net_run(net, 100);
    expect_not_found(net, 0, 1);
    expect_found(net, 0, 3, net_pid(net, 3, 5));
    net_destroy(net);
}

Test(mesh_lookups, G05_there_are_so_many_questions_at_most)
{
    struct net *net = net_line(224, 2);
    struct wtl__core *core = net->nodes[0].core;
    char name[16];
    net->nodes[1].side = 1; /* nobody answers */
    for (uint64_t i = 0; i <= WTL__LOOKUPS_MAX; i++) {
        (void)snprintf(name, sizeof name, "name%u", (unsigned)i);
        if (wtl__core_owner_in(&core->view, wtl__core_hash(name, 0)) == net_id(net, 1)) {
            whereis(net, 0, 1 + i, name);
        }
    }
    uint32_t asked = core->asks_count;
    name_of(net, 0, 1, name);
    for (uint64_t i = 0; i < WTL__LOOKUPS_MAX; i++) {
        whereis(net, 0, 10000 + i, name);
    }
    net_run(net, 1);
    cr_expect_eq(core->asks_count, WTL__LOOKUPS_MAX);
    cr_expect_eq(net_answer(net, 0, 10000 + WTL__LOOKUPS_MAX - 1)->status, WTL_FULL);
    cr_expect_null(net_answer(net, 0, 10000 + WTL__LOOKUPS_MAX - asked - 1));
    net_register(net, 0, 3, 9999, name);
    net_run(net, 1);
    cr_expect_null(net_answer(net, 0, 9999), "but for registrations there is room");
    net_run(net, WTL__LOOKUP_MS);
    expect_not_found(net, 0, 10000);
    cr_expect_eq(core->lookups.count, 0);
    net->nodes[1].side = 0;
    net_destroy(net);
}

/* ---- who does not answer, and who may not -------------------------------------------------- */

Test(mesh_lookups, G05_an_owner_out_of_reach_leaves_it_at_what_is_known)
{
    struct net *net = net_line(225, 2);
    char name[16];
    name_of(net, 0, 1, name);
    net->nodes[1].side = 1; /* nobody has noticed yet */
    net_register(net, 1, 5, 1, name);
    uint32_t sent = net->nodes[0].frames;
    whereis(net, 0, 2, name);
    net_run(net, 100);
    cr_expect_null(net_answer(net, 0, 2));
    net_until(net, WTL__LOOKUP_MS, net_answer(net, 0, 2) != NULL);
    expect_not_found(net, 0, 2);
    cr_expect_leq(net->nodes[0].frames, sent + 2 + WTL__LOOKUP_MS / WTL__ASK_RETRY_MS);
    /* and when there is no way to it, at once */
    net_until(net, 5000, wtl__core_route(net->nodes[0].core, net_id(net, 1)) == 0);
    cr_expect(net_knows(net, 0, 1));
    whereis(net, 0, 3, name);
    expect_not_found(net, 0, 3);
    net->nodes[1].side = 0;
    net_until(net, WTL__REDIAL_MAX_MS, net_links_between(net, 0, 1) == 1);
    whereis(net, 0, 4, name);
    net_run(net, 500);
    expect_found(net, 0, 4, net_pid(net, 1, 5));
    net_destroy(net);
}

/* An answer from `from` about that name, to the question under way at n0. */
static enum wtl_status answer(struct net *net, uint32_t from, enum wtl_status status,
                              const char *name)
{
    uint8_t bytes[512];
    struct wtl__names_frame result = {.source = net_id(net, from),
                                      .destination = net_id(net, 0),
                                      .hops_left = WTL__HOPS_MAX,
                                      .verb = WTL__NAMES_RESULT,
                                      .status = status,
                                      .request = net->nodes[0].core->serial,
                                      .view = view(net, 1)->hash};
    (void)snprintf(result.name, sizeof result.name, "%s", name);
    return net_inject(net, 1, 0, bytes, wtl__put_names(bytes, sizeof bytes, &result));
}

Test(mesh_lookups, G05_only_the_owner_of_the_same_view_says_that_there_is_none)
{
    struct net *net = net_line(226, 3);
    char name[16];
    name_of(net, 0, 2, name);
    net_register(net, 2, 5, 1, name);
    whereis(net, 0, 2, name);
    cr_expect_eq(answer(net, 1, WTL_NOT_FOUND, name), WTL_OK, "it is not the owner");
    cr_expect_eq(answer(net, 2, WTL_WRONG_VIEW, name), WTL_OK);
    net->nodes[0].core->view.hash ^= 1; /* it has another one by now */
    cr_expect_eq(answer(net, 2, WTL_NOT_FOUND, name), WTL_OK);
    net->nodes[0].core->view.hash ^= 1;
    cr_expect_eq(answer(net, 2, WTL_NOT_FOUND, "other"), WTL_OK, "another name");
    cr_expect_null(net_answer(net, 0, 2));
    net_run(net, 100);
    expect_found(net, 0, 2, net_pid(net, 2, 5));
    /* an answer that comes late, or was never asked for, is none */
    uint32_t said = net->nodes[0].log_count;
    cr_expect_eq(answer(net, 2, WTL_NOT_FOUND, name), WTL_OK);
    cr_expect_eq(net->nodes[0].log_count, said);
    net_destroy(net);
}

Test(mesh_lookups, G05_an_owner_with_another_view_is_asked_again)
{
    struct net *net = net_line(227, 2);
    char name[16];
    name_of(net, 0, 1, name);
    struct wtl__core_view *other = &net->nodes[1].core->view;
    uint64_t hash = other->hash;
    other->hash ^= 1; /* it has heard of somebody, or lost somebody */
    whereis(net, 0, 1, name);
    uint32_t sent = net->nodes[0].frames;
    net_run(net, 300);
    cr_expect_null(net_answer(net, 0, 1));
    cr_expect_geq(net->nodes[0].frames, sent + 4, "soon");
    net_register(net, 1, 5, 2, name);
    other->hash = hash;
    net_run(net, 100 + WTL__ASK_RETRY_MS);
    expect_found(net, 0, 1, net_pid(net, 1, 5));
    net_destroy(net);
}

/* ---- owners change ------------------------------------------------------------------------- */

/* Every node asks for the name at every moment; none but the owner has heard the word of it. */
static uint64_t ask_all(struct net *net, uint32_t ms, const char *name, uint64_t request)
{
    for (uint32_t at = 0; at < ms; at++, request++) {
        for (uint32_t i = 1; i < net->count; i++) {
            bool owner = net->nodes[i].core != NULL &&
                         wtl__core_owner_in(view(net, i), wtl__core_hash(name, 0)) ==
                             net->nodes[i].config.node;
            if (net->nodes[i].core == NULL || view(net, i)->count < 3) {
                continue; /* it has just started, and reaches nobody */
            }
            if (!owner) {
                unhear(net, i, name);
            }
            whereis(net, i, request, name);
        }
        net_run(net, 1);
    }
    return request;
}

static void expect_all_found(const struct net *net, uint64_t from, uint64_t to, struct wtl_pid pid)
{
    for (uint32_t i = 1; i < net->count; i++) {
        for (uint64_t request = from; request < to; request++) {
            if (net->nodes[i].core != NULL && net_answer(net, i, request) != NULL) {
                expect_found(net, i, request, pid);
            }
        }
    }
}

Test(mesh_lookups, G05_found_at_every_moment_while_an_owner_comes)
{
    struct net *net = net_create(228);
    char name[16];
    for (uint32_t i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)net_add(net, name, WTL_LAYER_EDGE, i == 0 ? NULL : "n0");
    }
    for (uint32_t i = 0; i < 4; i++) {
        net_start(net, i);
    }
    net_until(net, 5000, net_is_whole(net));
    net_run(net, 3000);
    /* a name that the one who comes will own */
    struct wtl__core_view later = *view(net, 0);
    uint64_t id = wtl_identity_node_bits(&net->nodes[4].bundle.identity) << 24 | 1;
    later.nodes[later.count++] = id;
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(name, sizeof name, "key%u", i);
        if (wtl__core_owner_in(&later, wtl__core_hash(name, 0)) == id) {
            break;
        }
    }
    net_register(net, 0, 5, 1, name);
    net_run(net, 100);
    net_start(net, 4);
    cr_assert_eq(net_id(net, 4), id);
    uint64_t last = ask_all(net, 600, name, 1000);
    cr_expect_eq(wtl__core_owner_in(view(net, 1), wtl__core_hash(name, 0)), net_id(net, 4));
    net_run(net, WTL__ASK_MS);
    expect_all_found(net, 1000, last, net_pid(net, 0, 5));
    net_destroy(net);
}

Test(mesh_lookups, G05_found_at_every_moment_while_an_owner_leaves)
{
    struct net *net = net_create(229);
    char name[16];
    for (uint32_t i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)net_add(net, name, WTL_LAYER_EDGE, i == 0 ? NULL : "n0");
    }
    net_start_all(net);
    net_until(net, 5000, net_is_whole(net));
    net_run(net, 3000);
    name_of(net, 0, 4, name);
    net_register(net, 0, 5, 1, name);
    net_run(net, 100);
    /* who owns it next has not heard of it: it is its holder's node that tells it */
    for (uint32_t i = 1; i < 4; i++) {
        unhear(net, i, name);
    }
    uint64_t last = ask_all(net, 20, name, 1000);
    net_stop(net, 4);
    last = ask_all(net, 400, name, last);
    net_run(net, WTL__ASK_MS);
    expect_all_found(net, 1000, last, net_pid(net, 0, 5));
    net_destroy(net);
}

/* ---- who asks and goes --------------------------------------------------------------------- */

Test(mesh_lookups, G03_who_has_gone_is_not_answered)
{
    struct net *net = net_line(230, 2);
    struct wtl__core *core = net->nodes[0].core;
    char name[16];
    name_of(net, 0, 1, name);
    whereis(net, 0, 1, name);
    wtl__core_name_whereis(core, net_pid(net, 0, 8), 2, name, net->now_ms);
    wtl__core_names_drop(core, net_pid(net, 0, 9), net->now_ms);
    cr_expect_eq(core->lookups.count, 1, "another one waits");
    net_run(net, 50);
    cr_expect_null(net_answer(net, 0, 1));
    expect_not_found(net, 0, 2);
    whereis(net, 0, 3, name);
    wtl__core_names_drop(core, net_pid(net, 0, 9), net->now_ms);
    cr_expect_eq(core->lookups.count, 0);
    net_run(net, 50);
    cr_expect_null(net_answer(net, 0, 3));
    net_destroy(net);
}

Test(mesh_lookups, D09_questions_of_leaves)
{
    struct net *net = net_line(231, 2);
    struct wtl__core *core = net->nodes[0].core;
    uint8_t bytes[512];
    char name[16];
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "n0");
    net_start(net, device);
    net_until(net, 1000, net_knows(net, device, 0));
    net_run(net, 100);
    name_of(net, 0, 1, name);
    net->nodes[1].side = 1; /* nobody answers the uplink */
    /* the same question again is the same one; others have a bound */
    struct wtl__names_frame ask = {.source = net_id(net, device),
                                   .destination = net_id(net, 0),
                                   .hops_left = WTL__HOPS_MAX,
                                   .verb = WTL__NAMES_LOOKUP};
    (void)snprintf(ask.name, sizeof ask.name, "%s", name);
    for (uint64_t i = 0; i < 2 * WTL__LEAF_ASKS_MAX; i++) {
        ask.request = 1000 + i / 2;
        size_t size = wtl__put_names(bytes, sizeof bytes, &ask);
        cr_assert_eq(net_inject(net, device, 0, bytes, size), WTL_OK);
        cr_assert_eq(core->asks_count, 1 + i / 2);
    }
    cr_expect_eq(core->lookups.count, 1);
    ask.request = 77;
    uint32_t sent = net->nodes[0].frames;
    cr_expect_eq(net_inject(net, device, 0, bytes, wtl__put_names(bytes, sizeof bytes, &ask)),
                 WTL_OK);
    net_run(net, 0);
    cr_expect_eq(core->asks_count, WTL__LEAF_ASKS_MAX);
    cr_expect_eq(net->nodes[0].frames, sent + 1, "it is told that it asks too much");
    /* what it asked goes with it */
    net_kill(net, device, true);
    net_until(net, WTL__DOWN_WINDOW_LAN_MS + 100, !net_knows(net, 0, device));
    cr_expect_eq(core->asks_count, 0);
    cr_expect_eq(core->lookups.count, 0);
    net->nodes[1].side = 0;
    net_destroy(net);
}

/* Its uplink answers before the leaf gives up. */
Test(mesh_lookups, D09_a_leaf_hears_what_its_uplink_could_not_find_out)
{
    struct net *net = net_line(232, 2);
    char name[16];
    uint32_t device = net_add(net, "device", WTL_LAYER_DEVICE, "n0");
    net_start(net, device);
    net_until(net, 1000, net_knows(net, device, 0));
    net_run(net, 100);
    name_of(net, 0, 1, name);
    net->nodes[1].core->view.hash ^= 1; /* it says that its view is another one */
    whereis(net, device, 1, name);
    net_run(net, WTL__ASK_MS);
    expect_not_found(net, device, 1);
    net->nodes[1].core->view.hash ^= 1;
    net_destroy(net);
}
