/* core_kit.c - the nodes of core_kit.h; what lies between them is in core_wires.c. */
#include "core_wires.h"

#include <stdlib.h>

#include "certs/authority.h"
#include "certs/proof.h"

static struct wtl__authority root;
static struct wtl__authority issuing;
static bool has_authority;

static void authority_init(void)
{
    struct wtl_error error = {0};
    if (has_authority) {
        return;
    }
    has_authority = true;
    cr_assert_eq(wtl__authority_make_root("net", NET_WALL_S - 86400, &root, &error), WTL_OK, "%s",
                 error.text);
    cr_assert_eq(wtl__authority_make_issuing(&root, NET_WALL_S - 86400, &issuing, &error), WTL_OK,
                 "%s", error.text);
}

struct net *net_create(uint64_t seed)
{
    struct net *net = calloc(1, sizeof *net);
    cr_assert_not_null(net);
    net->links = calloc(NET_LINKS_MAX, sizeof *net->links);
    cr_assert_not_null(net->links);
    net->seed = seed;
    net->beat_ms = 2000;
    net->delay_ms = 3;
    net->now_ms = 1000;
    authority_init();
    return net;
}

void net_destroy(struct net *net)
{
    for (uint32_t i = 0; i < net->count; i++) {
        struct net_node *node = &net->nodes[i];
        cr_expect_eq(node->broke, WTL_OK, "%s said of a frame: %s", node->config.name,
                     wtl_status_word(node->broke));
        wtl__core_destroy(node->core);
        wtl_bundle_deinit(&node->bundle);
        free(node->log);
    }
    net_events_free(net);
    free(net->links);
    free(net);
    wtl__authority_deinit(&root);
    wtl__authority_deinit(&issuing);
    has_authority = false;
}

/* ---- records ------------------------------------------------------------------------------ */

static struct wtl__proof_claim claim_of(const struct wtl__attach *attach)
{
    struct wtl__proof_claim claim = {.leaf = attach->leaf,
                                     .uplink = attach->uplink,
                                     .number = attach->number,
                                     .expiry_s = attach->expiry_s,
                                     .layer = attach->layer};
    memcpy(claim.name, attach->name, sizeof claim.name);
    return claim;
}

static size_t sign(void *context, const struct wtl__attach *attach, uint8_t *proof_out)
{
    struct net_node *node = context;
    struct wtl__proof_claim claim = claim_of(attach);
    struct wtl_error error = {0};
    size_t size = 0;
    enum wtl_status status =
        wtl__proof_sign(&node->bundle, &claim, proof_out, WTL__ATTACH_PROOF_MAX, &size, &error);
    cr_assert_eq(status, WTL_OK, "%s", error.text);
    return size;
}

static bool check(void *context, const struct wtl__attach *attach, int64_t wall_s)
{
    struct wtl__proof_claim claim = claim_of(attach);
    struct wtl_identity leaf;
    (void)context;
    return wtl__proof_check(&claim, attach->proof, attach->proof_size, &root.cert, 1, "net", wall_s,
                            &leaf, NULL) == WTL_OK;
}

/* ---- nodes -------------------------------------------------------------------------------- */

uint32_t net_add(struct net *net, const char *name, enum wtl_layer layer, const char *joins)
{
    cr_assert_lt(net->count, NET_NODES_MAX);
    struct net_node *node = &net->nodes[net->count];
    struct wtl_id_request request = {.name = name, .layer = layer};
    struct wtl_error error = {0};
    bool clamped;
    cr_assert_eq(wtl__authority_issue(&root, &issuing, &request, NET_WALL_S, &node->bundle,
                                      &clamped, &error),
                 WTL_OK, "%s", error.text);
    struct wtl__core_config *config = &node->config;
    config->layer = (uint8_t)layer;
    config->link_class = WTL__CLASS_LAN;
    (void)snprintf(config->name, sizeof config->name, "%s", name);
    if (layer != WTL_LAYER_DEVICE) {
        (void)snprintf(config->address, sizeof config->address, "%s", name);
    }
    while (joins != NULL && *joins != '\0') {
        size_t size = strcspn(joins, " ");
        (void)snprintf(config->joins[config->joins_count++], WTL_NAME_MAX, "%.*s", (int)size,
                       joins);
        joins += size + (joins[size] == ' ' ? 1 : 0);
    }
    config->sign = sign;
    config->check = check;
    config->context = node;
    return net->count++;
}

void net_start(struct net *net, uint32_t index)
{
    struct net_node *node = &net->nodes[index];
    node->incarnation++;
    node->config.node = wtl_identity_node_bits(&node->bundle.identity) << 24 | node->incarnation;
    node->config.seed = net_random(net);
    if (node->hidden) {
        node->config.address[0] = '\0';
    }
    cr_assert_eq(wtl__core_create(&node->config, net->now_ms, &node->core), WTL_OK);
    net_drain(net, index);
}

void net_start_all(struct net *net)
{
    for (uint32_t i = 0; i < net->count; i++) {
        if (net->nodes[i].core == NULL) {
            net_start(net, i);
        }
    }
}

struct net *net_line(uint64_t seed, uint32_t count)
{
    struct net *net = net_create(seed);
    char name[16];
    char join[16];
    for (uint32_t i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "n%u", (unsigned)i);
        (void)snprintf(join, sizeof join, "n%u", (unsigned)i - 1);
        uint32_t node = net_add(net, name, WTL_LAYER_EDGE, i == 0 ? NULL : join);
        net->nodes[node].hidden = true;
    }
    net_start_all(net);
    net_until(net, 5000, net_is_whole(net));
    net_run(net, 3000);
    return net;
}

static void end_node(struct net *net, uint32_t index, bool tell)
{
    struct net_node *node = &net->nodes[index];
    for (uint32_t i = 0; i < net->links_count; i++) {
        struct net_link *link = &net->links[i];
        for (int end = link->stranger ? 1 : 0; end < 2; end++) {
            if (link->ends[end] != index || link->incarnations[end] != node->incarnation ||
                !link->up[end]) {
                continue;
            }
            link->up[end] = false;
            if (tell && !link->stranger && !net_link_is_cut(net, link)) {
                net_link_ends(net, link, 1 - end, net_arrival(net, link, 1 - end));
            }
        }
    }
    wtl__core_destroy(node->core);
    node->core = NULL;
}

void net_kill(struct net *net, uint32_t node, bool reset)
{
    end_node(net, node, reset);
}

void net_stop(struct net *net, uint32_t node)
{
    wtl__core_leave(net->nodes[node].core, net->now_ms);
    net_drain(net, node);
    end_node(net, node, false);
}

/* ---- links -------------------------------------------------------------------------------- */

uint32_t net_links_between(const struct net *net, uint32_t a, uint32_t b)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < net->links_count; i++) {
        const struct net_link *link = &net->links[i];
        for (int end = 0; end < 2 && !link->stranger; end++) {
            count += link->ends[end] == a && link->ends[1 - end] == b && link->up[end] &&
                             link->incarnations[end] == net->nodes[a].incarnation
                         ? 1
                         : 0;
        }
    }
    return count;
}

void net_cut(struct net *net, uint32_t a, uint32_t b)
{
    for (uint32_t i = 0; i < net->links_count; i++) {
        struct net_link *link = &net->links[i];
        bool theirs = (link->ends[0] == a && link->ends[1] == b) ||
                      (link->ends[0] == b && link->ends[1] == a);
        if (!theirs || link->stranger || link->broken || (!link->up[0] && !link->up[1])) {
            continue;
        }
        link->broken = true;
        for (int end = 0; end < 2; end++) {
            net_link_ends(net, link, end, net->now_ms + 1);
        }
    }
}

enum wtl_status net_inject(struct net *net, uint32_t from, uint32_t to, const uint8_t *bytes,
                           size_t size)
{
    struct wtl__frame frame;
    size_t used = 0;
    cr_assert_eq(wtl__frame_next(bytes, size, &frame, &used), WTL_OK);
    for (uint32_t i = 0; i < net->links_count; i++) {
        struct net_link *link = &net->links[i];
        for (int end = 0; end < 2; end++) {
            if (link->ends[end] == to && link->ends[1 - end] == from && link->up[end] &&
                link->incarnations[end] == net->nodes[to].incarnation) {
                enum wtl_status status = wtl__core_frame(net->nodes[to].core, link->numbers[end],
                                                         &frame, net->now_ms, net_wall_s(net));
                net_drain(net, to);
                return status;
            }
        }
    }
    cr_assert_fail("there is no link");
    return WTL_OK;
}

uint32_t net_link_stranger(struct net *net, uint32_t to, const char *name, uint64_t id,
                           enum wtl_layer layer, bool dialled)
{
    struct net_node *node = &net->nodes[to];
    struct wtl__hello hello = {.version_min = 1,
                               .version_max = 1,
                               .node = id,
                               .layer = (uint8_t)layer,
                               .link_class = WTL__CLASS_LAN,
                               .beat_ms = 500};
    (void)snprintf(hello.name, sizeof hello.name, "%s", name);
    struct net_link *link = &net->links[net->links_count++];
    *link = (struct net_link){
        .ends = {UINT32_MAX, to}, .incarnations = {0, node->incarnation}, .stranger = true};
    link->numbers[1] = ++node->links_next;
    link->up[1] = true;
    wtl__core_link_up(node->core, link->numbers[1], &hello, dialled, net->now_ms);
    net_drain(net, to);
    return link->numbers[1];
}

bool net_link_is_up(const struct net *net, uint32_t node, uint32_t number)
{
    int end;
    const struct net_link *link = net_link_at(net, node, number, &end);
    return link != NULL && link->up[end];
}

void net_register(struct net *net, uint32_t node, uint64_t local, uint64_t request,
                  const char *name)
{
    wtl__core_name_register(net->nodes[node].core, net_pid(net, node, local), request, name,
                            net->now_ms);
    net_drain(net, node);
}

void net_whereis(struct net *net, uint32_t node, uint64_t local, uint64_t request, const char *name)
{
    wtl__core_name_whereis(net->nodes[node].core, net_pid(net, node, local), request, name,
                           net->now_ms);
    net_drain(net, node);
}
