/* refused.c - frames that no honest node sends: refused with a status, and nothing has changed. */
#include "core_kit.h"

#include "certs/proof.h"
#include "mesh/core_private.h"

static struct net *net;
static uint32_t edge, cloud, device, other;
static uint32_t names_before, nodes_before, log_before;

static void set_up(void)
{
    net = net_create(60);
    edge = net_add(net, "edge", WTL_LAYER_EDGE, NULL);
    cloud = net_add(net, "cloud", WTL_LAYER_CLOUD, "edge");
    device = net_add(net, "device", WTL_LAYER_DEVICE, "edge");
    other = net_add(net, "other", WTL_LAYER_DEVICE, "cloud");
    net_start_all(net);
    net_until(net, 2000, net_is_whole(net));
    net_run(net, 500);
    net_register(net, cloud, 1, 1, "store");
    net_run(net, 100);
    names_before = wtl__core_names(net->nodes[edge].core, NULL, 0);
    nodes_before = wtl__core_nodes(net->nodes[edge].core, NULL, 0);
    log_before = net->nodes[edge].log_count;
}

/* Nothing of what was refused has had an effect. */
static void tear_down(void)
{
    net_run(net, 200);
    cr_expect_eq(wtl__core_names(net->nodes[edge].core, NULL, 0), names_before);
    cr_expect_eq(wtl__core_nodes(net->nodes[edge].core, NULL, 0), nodes_before);
    cr_expect_eq(net->nodes[edge].log_count, log_before);
    cr_expect(wtl_pid_equal(net_find(net, edge, "store"), net_pid(net, cloud, 1)));
    cr_expect(net_knows(net, edge, device) && net_knows(net, edge, other));
    net_destroy(net);
}

TestSuite(mesh_refused, .init = set_up, .fini = tear_down);

static struct wtl__names_frame names_frame(uint32_t from, uint8_t verb)
{
    return (struct wtl__names_frame){.source = net_id(net, from),
                                     .destination = net_id(net, edge),
                                     .hops_left = WTL__HOPS_MAX,
                                     .verb = verb,
                                     .request = 1,
                                     .epoch = 2,
                                     .pid = net_pid(net, from, 9),
                                     .name = "evil"};
}

static enum wtl_status send_names(uint32_t from, const struct wtl__names_frame *names)
{
    uint8_t frame[512];
    return net_inject(net, from, edge, frame, wtl__put_names(frame, sizeof frame, names));
}

static enum wtl_status send_roster(uint32_t from, const struct wtl__roster_entry *entry)
{
    uint8_t frame[1024];
    struct wtl__roster roster = {.count = 1, .entries = {*entry}};
    return net_inject(net, from, edge, frame, wtl__put_roster(frame, sizeof frame, &roster));
}

Test(mesh_refused, X018_a_device_speaks_for_nobody_else)
{
    struct wtl__core *core = net->nodes[edge].core;
    uint32_t to_device = wtl__core_route(core, net_id(net, device));
    uint32_t to_cloud = wtl__core_route(core, net_id(net, cloud));
    cr_expect(wtl__core_may_speak(core, to_device, net_id(net, device)));
    cr_expect_not(wtl__core_may_speak(core, to_device, net_id(net, cloud)));
    cr_expect_not(wtl__core_may_speak(core, to_device, net_id(net, other)));
    cr_expect_not(wtl__core_may_speak(core, to_device, net_id(net, edge)));
    cr_expect_not(wtl__core_may_speak(core, to_device, net_id(net, device) + 1));
    /* the cloud speaks for itself and for the leaf that has signed, not for this node's */
    cr_expect(wtl__core_may_speak(core, to_cloud, net_id(net, other)));
    cr_expect_not(wtl__core_may_speak(core, to_cloud, net_id(net, device)));
    cr_expect_not(wtl__core_may_speak(core, to_cloud, net_id(net, edge)));
    cr_expect_not(wtl__core_may_speak(core, to_cloud, UINT64_C(12345) << 24));
    cr_expect_not(wtl__core_may_speak(core, 9999, net_id(net, cloud)));

    struct wtl__names_frame forged = names_frame(cloud, WTL__NAMES_REGISTER);
    cr_expect_eq(send_names(device, &forged), WTL_FORGED);
    forged = names_frame(device, WTL__NAMES_REGISTER);
    cr_expect_eq(send_names(cloud, &forged), WTL_FORGED);
    forged = names_frame(edge, WTL__NAMES_REGISTER);
    cr_expect_eq(send_names(cloud, &forged), WTL_FORGED);
    forged = names_frame(device, WTL__NAMES_DROP);
    forged.pid = net_pid(net, cloud, 1);
    (void)snprintf(forged.name, sizeof forged.name, "%s", "store");
    cr_expect_eq(send_names(device, &forged), WTL_FORGED);
    /* an answer about a name is its uplink's to give, and so is one about claims */
    forged = names_frame(device, WTL__NAMES_RESULT);
    forged.pid = net_pid(net, edge, 1);
    cr_expect_eq(send_names(device, &forged), WTL_DENIED);
    forged.name[0] = '\0';
    cr_expect_eq(send_names(device, &forged), WTL_PROTOCOL, "an actor without a name");
    forged.pid = WTL_PID_NONE;
    cr_expect_eq(send_names(device, &forged), WTL_DENIED);
    forged.epoch = 0;
    cr_expect_eq(send_names(device, &forged), WTL_OK, "a sign of life is anybody's");
}

Test(mesh_refused, X018_a_device_does_nothing_that_is_of_core_nodes)
{
    const uint8_t verbs[] = {WTL__NAMES_STATE, WTL__NAMES_CLAIM, WTL__NAMES_CLAIMED};
    for (size_t i = 0; i < sizeof verbs; i++) {
        struct wtl__names_frame names = names_frame(device, verbs[i]);
        cr_expect_eq(send_names(device, &names), WTL_DENIED);
    }
    struct wtl__names_frame relayed = names_frame(device, WTL__NAMES_REGISTER);
    relayed.destination = net_id(net, cloud);
    cr_expect_eq(send_names(device, &relayed), WTL_DENIED);
    struct wtl__roster_entry entry = {
        .node = UINT64_C(77) << 24 | 1, .layer = WTL_LAYER_EDGE, .name = "fake"};
    cr_expect_eq(send_roster(device, &entry), WTL_DENIED);
    uint8_t frame[64];
    struct wtl__detach detach = {
        .leaf = net_id(net, other), .uplink = net_id(net, cloud), .number = 99};
    cr_expect_eq(
        net_inject(net, device, edge, frame, wtl__put_detach(frame, sizeof frame, &detach)),
        WTL_DENIED);
}

/* A frame of that verb whose fields are all as they should be. */
static struct wtl__names_frame whole(uint32_t from, uint8_t verb)
{
    struct wtl__names_frame names = names_frame(from, verb);
    bool word = verb == WTL__NAMES_FAREWELL || verb == WTL__NAMES_PARTED;
    if (word) {
        names.name[0] = '\0';
        names.pid = WTL_PID_NONE;
        names.pid.node = verb == WTL__NAMES_FAREWELL ? net_id(net, from) : 0;
    }
    return names;
}

Test(mesh_refused, X018_who_may_say_which_verb)
{
    /* of a device itself; of another device, over the core node that it is attached to */
    static const enum wtl_status said[][2] = {
        [WTL__NAMES_REGISTER] = {WTL_OK, WTL_DENIED},
        [WTL__NAMES_DROP] = {WTL_OK, WTL_DENIED},
        [WTL__NAMES_RESULT] = {WTL_DENIED, WTL_DENIED},
        [WTL__NAMES_STATE] = {WTL_DENIED, WTL_DENIED},
        [WTL__NAMES_CLAIM] = {WTL_DENIED, WTL_DENIED},
        [WTL__NAMES_CLAIMED] = {WTL_DENIED, WTL_DENIED},
        [WTL__NAMES_LOOKUP] = {WTL_OK, WTL_DENIED},
        [WTL__NAMES_FAREWELL] = {WTL_DENIED, WTL_DENIED},
        [WTL__NAMES_PARTED] = {WTL_OK, WTL_OK},
    };
    for (unsigned verb = WTL__NAMES_REGISTER; verb <= WTL__NAMES_PARTED; verb++) {
        struct wtl__names_frame names = whole(device, (uint8_t)verb);
        names.status = WTL_MORE; /* an answer to PARTED, and no effect */
        names.epoch = UINT32_MAX;
        names.request = verb == WTL__NAMES_PARTED ? 0 : 1;
        cr_expect_eq(send_names(device, &names), said[verb][0], "verb %u of a device", verb);
        /* nobody speaks for a device that is linked here, and what is due to it is no gap */
        bool of_itself = verb == WTL__NAMES_PARTED;
        cr_expect_eq(send_names(cloud, &names), of_itself ? WTL_OK : WTL_FORGED, "verb %u", verb);
        names.source = net_id(net, other);
        cr_expect_eq(send_names(cloud, &names), said[verb][1], "verb %u over the core", verb);
        cr_expect_eq(send_names(device, &names), WTL_FORGED, "verb %u of another device", verb);
        names.source = net_id(net, edge);
        cr_expect_eq(send_names(cloud, &names), WTL_FORGED, "verb %u of this node", verb);
    }
}

Test(mesh_refused, X017_words_that_make_no_sense)
{
    uint8_t frame[512];
    const uint8_t verbs[] = {WTL__NAMES_FAREWELL, WTL__NAMES_PARTED};
    for (size_t i = 0; i < sizeof verbs; i++) {
        struct wtl__names_frame names = whole(cloud, verbs[i]);
        (void)snprintf(names.name, sizeof names.name, "%s", "store");
        cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "a name where none belongs");
        names = whole(cloud, verbs[i]);
        names.pid = net_pid(net, cloud, 1);
        cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "an actor where none belongs");
    }
    struct wtl__names_frame names = whole(cloud, WTL__NAMES_FAREWELL);
    names.pid = WTL_PID_NONE;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "nobody leaves");
    names = whole(cloud, WTL__NAMES_PARTED);
    names.request = UINT64_C(1) << 32;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "a count that nobody comes to");
    const uint8_t unknown[] = {0, WTL__NAMES_PARTED + 1, 255};
    for (size_t i = 0; i < sizeof unknown; i++) {
        names = names_frame(cloud, unknown[i]);
        size_t size = wtl__put_names(frame, sizeof frame, &names);
        cr_expect_eq(net_inject(net, cloud, edge, frame, size), WTL_PROTOCOL);
    }
}

Test(mesh_refused, X017_names_that_make_no_sense)
{
    struct wtl__names_frame names = names_frame(cloud, WTL__NAMES_REGISTER);
    names.hops_left = WTL__HOPS_MAX + 1;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "hops that nobody gives");
    names = names_frame(cloud, WTL__NAMES_REGISTER);
    names.hops_left = 0;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL);
    names = names_frame(cloud, WTL__NAMES_REGISTER);
    (void)snprintf(names.name, sizeof names.name, "%s", "../etc");
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL);
    names = names_frame(cloud, WTL__NAMES_STATE);
    names.name[0] = '\0';
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL);
    names = names_frame(cloud, WTL__NAMES_STATE);
    names.pid.local = 0;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "half a pid");
    names = names_frame(cloud, WTL__NAMES_STATE);
    names.epoch = UINT64_MAX;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "an epoch that leaves no room");
    names.verb = WTL__NAMES_RESULT;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "in an answer as well");
    names = names_frame(cloud, WTL__NAMES_CLAIM);
    names.request = 3;
    cr_expect_eq(send_names(cloud, &names), WTL_PROTOCOL, "born after its epoch");
    /* a pid of this node that is nobody's, and one of a leaf that is elsewhere */
    names = names_frame(cloud, WTL__NAMES_STATE);
    names.pid = net_pid(net, edge, 3);
    cr_expect_eq(send_names(cloud, &names), WTL_OK);
    names = names_frame(cloud, WTL__NAMES_REGISTER);
    names.pid = net_pid(net, device, 3);
    cr_expect_eq(send_names(cloud, &names), WTL_OK, "answered, not granted");
    names = names_frame(cloud, WTL__NAMES_CLAIM);
    names.pid = net_pid(net, device, 3);
    cr_expect_eq(send_names(cloud, &names), WTL_OK);
}

/* A name that the edge owns, in a frame that it would heed. */
static struct wtl__names_frame heeded(uint32_t from, uint8_t verb)
{
    const struct wtl__core *core = net->nodes[edge].core;
    struct wtl__names_frame names = names_frame(from, verb);
    names.view = core->view.hash;
    names.epoch = core->epoch + 1;
    names.request = names.epoch;
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(names.name, sizeof names.name, "evil%u", i);
        if (wtl__core_owner_in(&core->view, wtl__core_hash(names.name, 0)) == core->config.node) {
            break;
        }
    }
    return names;
}

Test(mesh_refused, X118_pids_that_the_sender_does_not_speak_for)
{
    uint32_t others[] = {device, edge};
    for (size_t i = 0; i < 2; i++) {
        struct wtl__names_frame names = heeded(cloud, WTL__NAMES_REGISTER);
        names.pid = net_pid(net, others[i], 3);
        cr_expect_eq(send_names(cloud, &names), WTL_OK, "answered, not granted");
        names.verb = WTL__NAMES_CLAIM;
        cr_expect_eq(send_names(cloud, &names), WTL_OK);
    }
    /* a state of what this node owns itself, and a drop of what is another's */
    struct wtl__names_frame names = heeded(cloud, WTL__NAMES_STATE);
    cr_expect_eq(send_names(cloud, &names), WTL_OK);
    net_register(net, edge, 5, 5, names.name);
    names.verb = WTL__NAMES_DROP;
    names.pid = net_pid(net, edge, 5);
    cr_expect_eq(send_names(cloud, &names), WTL_OK);
    cr_expect(wtl_pid_equal(net_find(net, edge, names.name), net_pid(net, edge, 5)));
    wtl__core_names_drop(net->nodes[edge].core, net_pid(net, edge, 5), net->now_ms);
    net_run(net, 50);
    log_before = net->nodes[edge].log_count;
}

Test(mesh_refused, X111_a_claim_of_what_was_dropped)
{
    struct wtl__names_frame names = heeded(cloud, WTL__NAMES_CLAIM);
    net_register(net, cloud, 9, 9, names.name);
    net_run(net, 50);
    names.pid = net_pid(net, cloud, 9);
    names.epoch = names.request = wtl__core_name_get(net->nodes[edge].core, names.name)->epoch;
    wtl__core_names_drop(net->nodes[cloud].core, names.pid, net->now_ms);
    net_run(net, 50);
    cr_expect(wtl_pid_is_none(net_find(net, edge, names.name)));
    cr_expect_eq(send_names(cloud, &names), WTL_OK);
    cr_expect(wtl_pid_is_none(net_find(net, edge, names.name)), "late, and of no effect");
    net_run(net, 50);
    cr_expect(wtl_pid_is_none(net_find(net, cloud, names.name)));
}

Test(mesh_refused, X017_rosters_that_make_no_sense)
{
    struct wtl__roster_entry good = {
        .node = net_id(net, cloud), .layer = WTL_LAYER_CLOUD, .name = "cloud"};
    struct wtl__roster_entry entry = good;
    entry.layer = 7;
    cr_expect_eq(send_roster(cloud, &entry), WTL_PROTOCOL);
    entry = good;
    (void)snprintf(entry.name, sizeof entry.name, "%s", "Cloud 9");
    cr_expect_eq(send_roster(cloud, &entry), WTL_PROTOCOL);
    entry = good;
    (void)snprintf(entry.name, sizeof entry.name, "%s", "cirrus");
    cr_expect_eq(send_roster(cloud, &entry), WTL_PROTOCOL, "that id has another name");
    entry = good;
    entry.node = UINT64_C(77) << 24;
    (void)snprintf(entry.name, sizeof entry.name, "%s", "fake");
    cr_expect_eq(send_roster(cloud, &entry), WTL_PROTOCOL, "as if it were the sender");
    entry.layer = WTL_LAYER_DEVICE | 1 << 4;
    cr_expect_eq(send_roster(cloud, &entry), WTL_PROTOCOL, "devices are not in it");
}

/* A record of `leaf` as it would sign it, with what the test wants wrong. */
static enum wtl_status send_attach(uint32_t from, uint32_t signer, struct wtl__attach attach,
                                   uint64_t signed_uplink)
{
    uint8_t proof[WTL__ATTACH_PROOF_MAX];
    uint8_t frame[WTL__FRAME_MAX];
    size_t size = 0;
    struct wtl__proof_claim claim = {.leaf = net_id(net, signer),
                                     .uplink = signed_uplink,
                                     .number = attach.number,
                                     .expiry_s = attach.expiry_s,
                                     .layer = WTL_LAYER_DEVICE};
    (void)snprintf(claim.name, sizeof claim.name, "%s", net->nodes[signer].config.name);
    cr_assert_eq(
        wtl__proof_sign(&net->nodes[signer].bundle, &claim, proof, sizeof proof, &size, NULL),
        WTL_OK);
    attach.proof = proof;
    attach.proof_size = (uint32_t)size;
    return net_inject(net, from, edge, frame, wtl__put_attach(frame, sizeof frame, &attach));
}

static struct wtl__attach attach_of(uint32_t leaf, uint32_t uplink)
{
    struct wtl__attach attach = {.leaf = net_id(net, leaf),
                                 .uplink = net_id(net, uplink),
                                 .number = 50,
                                 .expiry_s = NET_WALL_S + 300,
                                 .layer = WTL_LAYER_DEVICE};
    (void)snprintf(attach.name, sizeof attach.name, "%s", net->nodes[leaf].config.name);
    return attach;
}

Test(mesh_refused, X018_records_that_the_leaf_has_not_signed)
{
    /* a device for another one, or for itself but somewhere else */
    cr_expect_eq(send_attach(device, other, attach_of(other, edge), net_id(net, edge)), WTL_FORGED);
    cr_expect_eq(send_attach(device, device, attach_of(device, cloud), net_id(net, cloud)),
                 WTL_FORGED);
    /* a core node with a record that another leaf has signed, or one that was changed */
    cr_expect_eq(send_attach(cloud, other, attach_of(device, cloud), net_id(net, cloud)),
                 WTL_FORGED);
    cr_expect_eq(send_attach(cloud, device, attach_of(device, cloud), net_id(net, edge)),
                 WTL_FORGED);
    /* what is no leaf has no record */
    struct wtl__attach attach = attach_of(other, cloud);
    attach.layer = WTL_LAYER_EDGE;
    cr_expect_eq(send_attach(cloud, other, attach, net_id(net, cloud)), WTL_PROTOCOL);
    /* old ones do nothing */
    attach = attach_of(other, cloud);
    attach.expiry_s = NET_WALL_S - 86400;
    cr_expect_eq(send_attach(cloud, other, attach, net_id(net, cloud)), WTL_OK);
    attach = attach_of(other, cloud);
    attach.number = 0;
    cr_expect_eq(send_attach(cloud, other, attach, net_id(net, cloud)), WTL_OK);
}

Test(mesh_refused, X019_a_detach_of_what_is_elsewhere_does_nothing)
{
    uint8_t frame[64];
    struct wtl__detach detach = {
        .leaf = net_id(net, device), .uplink = net_id(net, edge), .number = 99};
    cr_expect_eq(net_inject(net, cloud, edge, frame, wtl__put_detach(frame, sizeof frame, &detach)),
                 WTL_OK);
    detach =
        (struct wtl__detach){.leaf = net_id(net, other), .uplink = net_id(net, cloud), .number = 0};
    cr_expect_eq(net_inject(net, cloud, edge, frame, wtl__put_detach(frame, sizeof frame, &detach)),
                 WTL_OK, "an old one");
}
