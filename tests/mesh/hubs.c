/*
 * hubs.c - whole hubs: mail against the words that a node is up or down, a goodbye after the last
 * message, and frames of honest nodes that come at the wrong time.
 */
#include "hub_kit.h"

#include <stdio.h>

#include "wire/bytes.h"

/* Two nodes that are linked with a third one only. */
static uint32_t relay, left, right;

static struct hub_net *pair_behind_relay(void)
{
    struct hub_net *net = hub_net_create();
    relay = hub_net_add(net, "relay", WTL_LAYER_CLOUD, NULL, true);
    left = hub_net_add(net, "left", WTL_LAYER_EDGE, "relay", true);
    right = hub_net_add(net, "right", WTL_LAYER_EDGE, "relay", true);
    for (uint32_t i = relay; i <= right; i++) {
        hub_net_start(net, i);
    }
    hub_net_until(net, 1000, hub_net_knows(net, left, right) && hub_net_knows(net, right, left));
    hub_net_run(net, 100);
    return net;
}

Test(mesh_hubs, D04_goodbye_comes_after_the_last_message)
{
    struct hub_net *net = pair_behind_relay();
    uint64_t id = hub_net_id(net, left);
    uint32_t dials = net->nodes[left].dials;
    for (uint64_t i = 1; i <= 200; i++) {
        hub_net_mail(net, left, right, i);
        hub_net_mail(net, left, relay, i);
    }
    wtl__hub_leave(net->nodes[left].hub, net->now_ms);
    wtl__hub_leave(net->nodes[left].hub, net->now_ms);
    hub_net_until(net, 100, hub_net_said(net, right, SAID_DOWN, id) == 1);
    hub_net_run(net, 10000);
    for (uint32_t i = relay; i <= right; i += right - relay) {
        cr_expect_eq(hub_net_said(net, i, SAID_MAIL, id), 200);
        cr_expect_eq(hub_net_said(net, i, SAID_DOWN, id), 1);
        uint32_t down = hub_net_first(net, i, SAID_DOWN, id);
        cr_expect_gt(down, hub_net_last(net, i, SAID_MAIL, id), "down after the last one");
        cr_expect_eq(net->nodes[i].said[down].why, WTL_SHUTDOWN);
        cr_expect_eq(hub_net_said(net, i, SAID_DOWN, 0), 1, "and nobody else");
    }
    cr_expect_eq(wtl__hub_links(net->nodes[left].hub, NULL, 0), 0, "all its links are closed");
    cr_expect_eq(net->nodes[left].dials, dials, "and it dials nobody");
    cr_expect_eq(hub_net_said(net, left, SAID_REFUSED, 0), 0, "all was acknowledged");
    hub_net_destroy(net);
}

Test(mesh_hubs, D04_goodbye_acknowledges_what_has_come)
{
    struct hub_net *net = pair_behind_relay();
    uint64_t id = hub_net_id(net, left);
    hub_net_mail(net, right, left, 1);
    hub_net_until(net, 100, hub_net_said(net, left, SAID_MAIL, 0) == 1);
    wtl__hub_leave(net->nodes[left].hub, net->now_ms);
    hub_net_until(net, 100, hub_net_said(net, right, SAID_DOWN, id) == 1);
    cr_expect_eq(hub_net_said(net, right, SAID_REFUSED, id), 0, "it was delivered");
    /* what is sent from now on is not */
    hub_net_mail(net, right, left, 2);
    cr_expect_eq(hub_net_said(net, right, SAID_REFUSED, id), 1);
    hub_net_destroy(net);
}

Test(mesh_hubs, D04_goodbye_waits_for_nobody_for_ever)
{
    struct hub_net *net = pair_behind_relay();
    uint64_t id = hub_net_id(net, left);
    hub_net_stick(net, right, relay, true); /* its acknowledgements do not come */
    hub_net_mail(net, left, right, 1);
    wtl__hub_leave(net->nodes[left].hub, net->now_ms);
    hub_net_run(net, 100);
    cr_expect_eq(hub_net_said(net, relay, SAID_DOWN, id), 0, "it waits");
    hub_net_until(net, WTL__LEAVE_MS, hub_net_said(net, relay, SAID_DOWN, id) == 1);
    hub_net_until(net, 10, hub_net_said(net, right, SAID_DOWN, id) == 1);
    cr_expect_eq(net->nodes[right].said[hub_net_first(net, right, SAID_DOWN, id)].why,
                 WTL_SHUTDOWN);
    hub_net_destroy(net);
}

/* ---- up before the first message ----------------------------------------------------------- */

static void say_open(struct hub_net *net, uint32_t puppet, uint32_t to, uint64_t source,
                     uint64_t destination)
{
    static uint64_t session;
    uint8_t frame[64];
    struct wtl__open open = {.handle = 1,
                             .hops_left = 5,
                             .source = source,
                             .destination = destination,
                             .session = ++session,
                             .number = 1,
                             .route = 1};
    hub_net_say(net, puppet, to, frame, wtl__put_open(frame, sizeof frame, &open));
    hub_net_run(net, 10);
}

/* A message with a number in it, on the handle that say_open has opened. */
static void say_mail(struct hub_net *net, uint32_t puppet, uint32_t to, uint8_t number)
{
    uint8_t frame[128];
    struct wtl__mail mail = {
        .kind = WTL__MESSAGE, .to = 5, .from = 6, .tag = WTL_TAG("number"), .body_size = 1};
    size_t size = wtl__put_mail(frame + WTL__DATA_HEAD, &mail);
    frame[WTL__DATA_HEAD + size++] = number;
    wtl__frame_head(frame, WTL__FRAME_DATA, WTL__FRAME_FIRST | WTL__FRAME_LAST, 2 + size);
    wtl__store_u16(frame + WTL__FRAME_HEAD, 1);
    hub_net_say(net, puppet, to, frame, WTL__DATA_HEAD + size);
    hub_net_run(net, 10);
}

Test(mesh_hubs, D04_node_up_comes_before_the_first_message)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, true);
    hub_net_start(net, edge);
    uint32_t core = hub_net_puppet(net, "core", WTL_LAYER_EDGE, 1, edge);
    uint64_t self = hub_net_id(net, edge);
    /* mail of a node behind it is faster than the news of that node */
    struct wtl__roster roster = {.count = 2};
    uint32_t far = hub_net_add(net, "far", WTL_LAYER_CLOUD, NULL, true);
    uint64_t id = ++net->nodes[far].config.node;
    for (uint32_t i = 0; i < 2; i++) {
        const struct wtl__core_config *config = &net->nodes[i == 0 ? core : far].config;
        roster.entries[i] = (struct wtl__roster_entry){.node = config->node,
                                                       .layer = (uint8_t)(config->layer | i << 4)};
        (void)snprintf(roster.entries[i].name, WTL_NAME_MAX, "%s", config->name);
    }
    say_open(net, core, edge, id, self);
    say_mail(net, core, edge, 1);
    cr_expect_eq(hub_net_said(net, edge, SAID_MAIL, 0), 0);
    cr_expect_eq(wtl__hub_count(net->nodes[edge].hub)->early, 1);
    cr_expect_eq(net->nodes[core].puppet->state, WTL__SESSION_UP, "it is no liar");
    uint8_t frame[512];
    hub_net_say(net, core, edge, frame, wtl__put_roster(frame, sizeof frame, &roster));
    hub_net_until(net, 100, hub_net_knows(net, edge, far));
    hub_net_run(net, 10);
    cr_expect_eq(net->nodes[core].heard[WTL__FRAME_REOPEN], 1, "it is asked to send it again");
    say_open(net, core, edge, id, self);
    say_mail(net, core, edge, 1);
    cr_expect_eq(hub_net_said(net, edge, SAID_MAIL, id), 1);
    cr_expect_lt(hub_net_first(net, edge, SAID_UP, id), hub_net_first(net, edge, SAID_MAIL, id));
    /* and none after it has left, from whatever session */
    uint8_t said[512];
    struct wtl__names_frame farewell = {.source = id,
                                        .destination = self,
                                        .hops_left = 7,
                                        .verb = WTL__NAMES_FAREWELL,
                                        .pid = {.node = id, .local = 0}};
    hub_net_say(net, core, edge, said, wtl__put_names(said, sizeof said, &farewell));
    say_mail(net, core, edge, 2);
    say_open(net, core, edge, id, self);
    say_mail(net, core, edge, 1);
    cr_expect_eq(hub_net_said(net, edge, SAID_DOWN, id), 1);
    cr_expect_eq(hub_net_said(net, edge, SAID_MAIL, id), 1);
    hub_net_destroy(net);
}

Test(mesh_hubs, D04_a_leaf_hears_of_a_leaf_before_its_first_message)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, false);
    uint32_t one = hub_net_add(net, "one", WTL_LAYER_DEVICE, "edge", false);
    uint32_t two = hub_net_add(net, "two", WTL_LAYER_DEVICE, "edge", false);
    for (uint32_t i = edge; i <= two; i++) {
        hub_net_start(net, i);
    }
    hub_net_until(net, 1000, hub_net_knows(net, one, edge) && hub_net_knows(net, edge, two));
    hub_net_run(net, 50);
    uint64_t id = hub_net_id(net, one);
    hub_net_mail(net, one, two, 1);
    hub_net_until(net, 100, hub_net_said(net, two, SAID_MAIL, id) == 1);
    cr_expect_lt(hub_net_first(net, two, SAID_UP, id), hub_net_first(net, two, SAID_MAIL, id));
    hub_net_run(net, 50); /* it is acknowledged */
    /* it is away for longer than its window, and back as the same incarnation */
    hub_net_cut(net, one, edge, true);
    hub_net_until(net, 20000, hub_net_said(net, two, SAID_DOWN, id) == 1);
    hub_net_cut(net, one, edge, false);
    hub_net_until(net, 60000, hub_net_knows(net, edge, one));
    hub_net_mail(net, one, two, 2); /* who is down for it, until it has asked again */
    cr_expect_eq(hub_net_said(net, one, SAID_REFUSED, 0), 1);
    hub_net_until(net, 100, hub_net_knows(net, one, two));
    hub_net_mail(net, one, two, 3);
    hub_net_until(net, 100, hub_net_said(net, two, SAID_MAIL, id) == 2);
    cr_expect_eq(hub_net_said(net, two, SAID_UP, id), 2);
    cr_expect_lt(hub_net_last(net, two, SAID_UP, id), hub_net_last(net, two, SAID_MAIL, id));
    wtl__hub_leave(net->nodes[one].hub, net->now_ms);
    hub_net_until(net, 100, hub_net_said(net, two, SAID_DOWN, id) == 2);
    cr_expect_eq(net->nodes[two].said[hub_net_last(net, two, SAID_DOWN, id)].why, WTL_SHUTDOWN);
    hub_net_destroy(net);
}

/* ---- frames at the wrong time -------------------------------------------------------------- */

Test(mesh_hubs, X018_only_a_liar_loses_its_link)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, false);
    uint32_t pump = hub_net_add(net, "pump", WTL_LAYER_DEVICE, "edge", false);
    hub_net_start(net, edge);
    hub_net_start(net, pump);
    hub_net_until(net, 1000, hub_net_knows(net, edge, pump));
    uint32_t core = hub_net_puppet(net, "core", WTL_LAYER_EDGE, 1, edge);
    uint32_t device = hub_net_puppet(net, "device", WTL_LAYER_DEVICE, 1, edge);
    uint64_t self = hub_net_id(net, edge);
    /* the edge's own association has gone round; a leaf has come here, and its mail by the old way
     * comes later; a node of which the news are on their way */
    say_open(net, core, edge, self, UINT64_C(5) << 24);
    say_open(net, core, edge, hub_net_id(net, pump), self);
    say_open(net, core, edge, UINT64_C(6) << 24, self);
    cr_expect_eq(net->nodes[core].puppet->state, WTL__SESSION_UP);
    cr_expect_eq(wtl__hub_count(net->nodes[edge].hub)->forged, 0);
    cr_expect_eq(wtl__hub_count(net->nodes[edge].hub)->early, 3);
    cr_expect_eq(hub_net_said(net, edge, SAID_MAIL, 0), 0);
    cr_expect_eq(net->nodes[core].heard[WTL__FRAME_REOPEN], 0);
    /* a device has nobody to speak for */
    say_open(net, device, edge, hub_net_id(net, core), self);
    cr_expect_eq(net->nodes[device].puppet->state, WTL__SESSION_CLOSED);
    cr_expect_eq(net->nodes[device].puppet->status, WTL_FORGED);
    cr_expect_eq(wtl__hub_count(net->nodes[edge].hub)->forged, 1);
    hub_net_destroy(net);
}

Test(mesh_hubs, D03_mail_of_a_new_incarnation_waits_until_it_is_let_in)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, true);
    uint32_t old = hub_net_add(net, "cloud", WTL_LAYER_CLOUD, "edge", true);
    hub_net_start(net, edge);
    hub_net_start(net, old);
    hub_net_until(net, 1000, hub_net_knows(net, edge, old));
    hub_net_run(net, 1000);
    hub_net_stick(net, old, edge, true); /* it hangs */
    uint32_t again = hub_net_puppet(net, "cloud", WTL_LAYER_CLOUD, 9, edge);
    say_open(net, again, edge, hub_net_id(net, again), hub_net_id(net, edge));
    cr_expect_eq(net->nodes[again].puppet->state, WTL__SESSION_UP, "it is no liar");
    cr_expect_not(hub_net_knows(net, edge, again));
    hub_net_until(net, WTL__PROBE_MS + 100, hub_net_knows(net, edge, again));
    hub_net_run(net, 10);
    cr_expect_eq(net->nodes[again].heard[WTL__FRAME_REOPEN], 1, "it is asked to send it again");
    hub_net_destroy(net);
}

Test(mesh_hubs, X008_a_dial_that_ends_before_the_hello_is_made_again)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, false);
    uint32_t device = hub_net_add(net, "device", WTL_LAYER_DEVICE, "edge", false);
    hub_net_start(net, edge);
    hub_net_start(net, device);
    hub_net_until(net, 100, wtl__hub_links(net->nodes[device].hub, NULL, 0) == 1);
    cr_assert_not(hub_net_knows(net, device, edge));
    hub_net_kill(net, edge);
    hub_net_start(net, edge);
    hub_net_until(net, 5000, hub_net_knows(net, device, edge));
    hub_net_destroy(net);
}

Test(mesh_hubs, D17_an_acknowledgement_that_was_lost_is_told_again)
{
    struct hub_net *net = hub_net_create();
    uint32_t r1 = hub_net_add(net, "r1", WTL_LAYER_CLOUD, NULL, true);
    uint32_t r2 = hub_net_add(net, "r2", WTL_LAYER_CLOUD, NULL, true);
    left = hub_net_add(net, "left", WTL_LAYER_EDGE, "r1 r2", true);
    right = hub_net_add(net, "right", WTL_LAYER_EDGE, "r2 r1", true);
    for (uint32_t i = r1; i <= right; i++) {
        hub_net_start(net, i);
    }
    hub_net_until(net, 2000, hub_net_knows(net, left, right) && hub_net_knows(net, right, left));
    hub_net_run(net, 200);
    uint64_t id = hub_net_id(net, right);
    hub_net_stick(net, r2, left, true);
    hub_net_mail(net, left, right, 1);
    hub_net_until(net, 100, hub_net_said(net, right, SAID_MAIL, 0) == 1);
    hub_net_run(net, 50); /* it was acknowledged, over the other relay */
    hub_net_kill(net, r2);
    hub_net_run(net, 500);
    hub_net_kill(net, right);
    hub_net_until(net, 10000, hub_net_said(net, left, SAID_DOWN, id) == 1);
    cr_expect_eq(hub_net_said(net, left, SAID_REFUSED, id), 0, "it was delivered");
    hub_net_destroy(net);
}

/* One message to a node that will not take it; how long until it is given back. */
static void expect_given_back(struct hub_net *net, uint32_t from, uint32_t to, uint32_t ms)
{
    uint32_t before = hub_net_said(net, from, SAID_REFUSED, hub_net_id(net, to));
    hub_net_mail(net, from, to, 9);
    hub_net_until(net, ms, hub_net_said(net, from, SAID_REFUSED, hub_net_id(net, to)) > before);
}

Test(mesh_hubs, D17_mail_of_a_leaf_to_nobody_is_given_back)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, false);
    uint32_t cloud = hub_net_add(net, "cloud", WTL_LAYER_CLOUD, "edge", false);
    uint32_t one = hub_net_add(net, "one", WTL_LAYER_DEVICE, "edge", false);
    uint32_t two = hub_net_add(net, "two", WTL_LAYER_DEVICE, "cloud", false);
    uint32_t ghost = hub_net_add(net, "ghost", WTL_LAYER_DEVICE, "edge", false);
    for (uint32_t i = edge; i <= two; i++) {
        hub_net_start(net, i);
    }
    hub_net_until(net, 2000, hub_net_knows(net, one, cloud) && hub_net_knows(net, edge, two));
    hub_net_run(net, 100);
    /* of one that nobody has ever seen, it is not known at once that it does not come */
    expect_given_back(net, one, ghost, WTL__DOWN_WINDOW_LAN_MS + 100);
    /* one that was there: it is known who it is, also without being asked for */
    hub_net_mail(net, one, two, 1);
    hub_net_until(net, 100, hub_net_said(net, two, SAID_MAIL, 0) == 1);
    cr_expect(hub_net_knows(net, one, two));
    hub_net_run(net, 50); /* it is acknowledged */
    hub_net_kill(net, two);
    hub_net_until(net, WTL__DOWN_WINDOW_LAN_MS + 100,
                  hub_net_said(net, one, SAID_DOWN, hub_net_id(net, two)) == 1);
    cr_expect_eq(hub_net_said(net, one, SAID_REFUSED, hub_net_id(net, two)), 0, "it was delivered");
    expect_given_back(net, one, two, WTL__DOWN_WINDOW_LAN_MS + 100);
    /* an incarnation that is over */
    hub_net_kill(net, cloud);
    hub_net_start(net, cloud);
    hub_net_until(net, 5000, hub_net_knows(net, one, cloud));
    net->nodes[cloud].config.node--;
    expect_given_back(net, one, cloud, 1);
    net->nodes[cloud].config.node++;
    hub_net_mail(net, one, cloud, 2);
    hub_net_until(net, 100, hub_net_said(net, cloud, SAID_MAIL, 0) == 1);
    hub_net_destroy(net);
}

Test(mesh_hubs, D17_mail_of_a_leaf_under_way_to_a_leaf_that_dies_is_given_back)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, false);
    uint32_t one = hub_net_add(net, "one", WTL_LAYER_DEVICE, "edge", false);
    uint32_t two = hub_net_add(net, "two", WTL_LAYER_DEVICE, "edge", false);
    for (uint32_t i = edge; i <= two; i++) {
        hub_net_start(net, i);
    }
    hub_net_until(net, 1000, hub_net_knows(net, one, edge) && hub_net_knows(net, edge, two));
    hub_net_stick(net, two, edge, true);
    hub_net_mail(net, one, two, 1);
    hub_net_run(net, 10);
    hub_net_kill(net, two);
    hub_net_until(net, WTL__DOWN_WINDOW_LAN_MS + 100, hub_net_said(net, one, SAID_REFUSED, 0) == 1);
    hub_net_run(net, 10000);
    cr_expect_eq(hub_net_said(net, one, SAID_REFUSED, 0), 1, "once");
    hub_net_destroy(net);
}

Test(mesh_hubs, D17_what_comes_behind_waiting_mail_waits_with_it)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, false);
    uint32_t one = hub_net_add(net, "one", WTL_LAYER_DEVICE, "edge", false);
    uint32_t two = hub_net_add(net, "two", WTL_LAYER_DEVICE, "edge", false);
    for (uint32_t i = edge; i <= two; i++) {
        hub_net_start(net, i);
    }
    hub_net_until(net, 1000, hub_net_knows(net, one, edge) && hub_net_knows(net, edge, two));
    /* the first has not left when the uplink is gone; what it undid must not overtake it */
    hub_net_stick(net, one, edge, true);
    hub_net_mail(net, one, two, 1);
    hub_net_run(net, 10);
    hub_net_kill(net, edge);
    hub_net_mail(net, one, two, 2);
    cr_expect_eq(hub_net_said(net, one, SAID_REFUSED, 0), 0);
    hub_net_start(net, edge);
    hub_net_until(net, 20000, hub_net_said(net, two, SAID_MAIL, 0) == 2);
    cr_expect_eq(hub_net_said(net, one, SAID_REFUSED, 0), 0);
    hub_net_destroy(net);
}

Test(mesh_hubs, D17_who_goes_on_with_what_was_ended_hears_of_it)
{
    struct hub_net *net = hub_net_create();
    uint32_t edge = hub_net_add(net, "edge", WTL_LAYER_EDGE, NULL, true);
    hub_net_start(net, edge);
    uint32_t core = hub_net_puppet(net, "core", WTL_LAYER_EDGE, 1, edge);
    uint64_t id = hub_net_id(net, core);
    uint64_t self = hub_net_id(net, edge);
    hub_net_run(net, 100);
    say_open(net, core, edge, id, self);
    say_mail(net, core, edge, 1);
    cr_expect_eq(hub_net_said(net, edge, SAID_MAIL, id), 1);
    /* it has given the edge up, and the edge follows; what it sent before that is over */
    uint8_t frame[512];
    struct wtl__names_frame parted = {
        .source = id, .destination = self, .hops_left = 8, .verb = WTL__NAMES_PARTED, .request = 1};
    hub_net_say(net, core, edge, frame, wtl__put_names(frame, sizeof frame, &parted));
    hub_net_run(net, 10);
    cr_expect_eq(hub_net_said(net, edge, SAID_DOWN, id), 1);
    cr_expect_eq(hub_net_said(net, edge, SAID_UP, id), 2);
    say_mail(net, core, edge, 2);
    cr_expect_eq(hub_net_said(net, edge, SAID_MAIL, id), 1);
    cr_expect_eq(net->nodes[core].heard[WTL__FRAME_RESET], 1);
    say_open(net, core, edge, id, self);
    say_mail(net, core, edge, 3);
    cr_expect_eq(hub_net_said(net, edge, SAID_MAIL, id), 2);
    hub_net_destroy(net);
}
