/* core_kit.c - see core_kit.h. */
#include "core_kit.h"

#include <stdlib.h>

#include "certs/authority.h"
#include "certs/proof.h"

enum event_kind { EVENT_FRAME, EVENT_UP, EVENT_DOWN, EVENT_CONNECT, EVENT_FAILED };

struct net_event {
    struct net_event *next;
    uint64_t at_ms;
    uint64_t order;
    enum event_kind kind;
    uint32_t node;        /* where it happens */
    uint32_t incarnation; /* of that node; another one does not see it */
    uint32_t link;        /* in net->links */
    enum wtl_status status;
    char address[WTL_NAME_MAX + 1];
    char expected[WTL_NAME_MAX + 1];
    size_t size;
    uint8_t bytes[];
};

struct net_link {
    uint32_t ends[2]; /* nodes; the first has dialled */
    uint32_t numbers[2];
    uint32_t incarnations[2];
    uint64_t quiet_ms[2]; /* what is sent to that end comes no earlier */
    bool up[2];
    bool broken;
    bool stranger; /* the first end is no node of the net */
    uint64_t broken_ms;
};

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

static uint64_t next_random(struct net *net)
{
    net->seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = net->seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
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
    while (net->events != NULL) {
        struct net_event *event = net->events;
        net->events = event->next;
        free(event);
    }
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

/* ---- events ------------------------------------------------------------------------------- */

static struct net_event *event_new(struct net *net, enum event_kind kind, uint32_t node,
                                   uint64_t at_ms, size_t size)
{
    struct net_event *event = calloc(1, sizeof *event + size);
    cr_assert_not_null(event);
    event->kind = kind;
    event->node = node;
    event->incarnation = net->nodes[node].incarnation;
    event->at_ms = at_ms;
    event->order = net->order++;
    event->size = size;
    struct net_event **place = &net->events;
    while (*place != NULL && (*place)->at_ms <= at_ms) {
        place = &(*place)->next;
    }
    event->next = *place;
    *place = event;
    return event;
}

static int64_t wall_s(const struct net *net)
{
    return NET_WALL_S + (int64_t)(net->now_ms / 1000);
}

static int find_node(const struct net *net, const char *name)
{
    for (uint32_t i = 0; i < net->count; i++) {
        if (strcmp(net->nodes[i].config.name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static struct net_link *link_at(const struct net *net, uint32_t node, uint32_t number, int *end_out)
{
    for (uint32_t i = net->links_count; i-- > 0;) {
        struct net_link *link = &net->links[i];
        for (int end = link->stranger ? 1 : 0; end < 2; end++) {
            if (link->ends[end] == node && link->numbers[end] == number &&
                link->incarnations[end] == net->nodes[node].incarnation) {
                *end_out = end;
                return link;
            }
        }
    }
    return NULL;
}

static bool is_cut(const struct net *net, const struct net_link *link)
{
    return link->broken ||
           (!link->stranger && net->nodes[link->ends[0]].side != net->nodes[link->ends[1]].side);
}

/* When something sent now gets to that end: later than everything before it. */
static uint64_t arrival(struct net *net, struct net_link *link, int end)
{
    uint64_t at_ms = net->now_ms + 1 + next_random(net) % net->delay_ms;
    at_ms = at_ms < link->quiet_ms[end] ? link->quiet_ms[end] : at_ms;
    link->quiet_ms[end] = at_ms;
    return at_ms;
}

static void link_event(struct net *net, struct net_link *link, int end, enum event_kind kind,
                       enum wtl_status status, uint64_t at_ms)
{
    struct net_event *event = event_new(net, kind, link->ends[end], at_ms, 0);
    event->link = (uint32_t)(link - net->links);
    event->incarnation = link->incarnations[end];
    event->status = status;
}

static void on_close(struct net *net, uint32_t node, uint32_t number, enum wtl_status status)
{
    int end;
    struct net_link *link = link_at(net, node, number, &end);
    net->nodes[node].closes++;
    if (link == NULL || !link->up[end]) {
        return;
    }
    link->up[end] = false;
    if (is_cut(net, link)) {
        link->broken = true; /* its last words do not get there */
    } else if (!link->stranger) {
        link_event(net, link, 1 - end, EVENT_DOWN, status, arrival(net, link, 1 - end));
    }
}

static void on_send(struct net *net, uint32_t node, const struct wtl__effect *effect)
{
    int end;
    struct net_link *link = link_at(net, node, effect->link, &end);
    net->nodes[node].frames++;
    if (link == NULL || !link->up[end] || link->stranger) {
        return;
    }
    if (is_cut(net, link)) {
        link->broken = true; /* a stream has no gaps: after a loss it does not go on */
        return;
    }
    uint64_t at_ms = arrival(net, link, 1 - end);
    struct net_event *event = event_new(net, EVENT_FRAME, link->ends[1 - end], at_ms, effect->size);
    event->link = (uint32_t)(link - net->links);
    event->incarnation = link->incarnations[1 - end];
    memcpy(event->bytes, effect->frame, effect->size);
}

static void log_effect(struct net *net, struct net_node *node, const struct wtl__effect *effect)
{
    if (node->log_count == node->log_capacity) {
        node->log_capacity = node->log_capacity == 0 ? 64 : node->log_capacity * 2;
        node->log = realloc(node->log, node->log_capacity * sizeof *node->log);
        cr_assert_not_null(node->log);
    }
    struct log_entry *entry = &node->log[node->log_count++];
    *entry = (struct log_entry){.kind = effect->kind,
                                .node = effect->node,
                                .status = effect->status,
                                .request = effect->request,
                                .pid = effect->pid,
                                .holder = effect->holder,
                                .at_ms = net->now_ms};
    if (effect->name != NULL) {
        (void)snprintf(entry->name, sizeof entry->name, "%s", effect->name);
    }
}

static void drain(struct net *net, uint32_t index)
{
    struct net_node *node = &net->nodes[index];
    struct wtl__effect effect;
    while (node->core != NULL && wtl__core_effect(node->core, &effect)) {
        switch (effect.kind) {
        case WTL__EFFECT_DIAL: {
            struct net_event *event = event_new(
                net, EVENT_CONNECT, index, net->now_ms + 1 + next_random(net) % net->delay_ms, 0);
            (void)snprintf(event->address, sizeof event->address, "%s", effect.address);
            (void)snprintf(event->expected, sizeof event->expected, "%s", effect.name);
            node->dials++;
            break;
        }
        case WTL__EFFECT_SEND:
            on_send(net, index, &effect);
            break;
        case WTL__EFFECT_CLOSE:
            on_close(net, index, effect.link, effect.status);
            break;
        case WTL__EFFECT_ROUTES:
            break; /* who wants a route asks for it */
        default:
            log_effect(net, node, &effect);
            break;
        }
    }
}

static struct wtl__hello hello_of(const struct net_node *node)
{
    struct wtl__hello hello = {.version_min = 1,
                               .version_max = 1,
                               .node = node->config.node,
                               .layer = node->config.layer,
                               .link_class = node->config.link_class,
                               .beat_ms = 500};
    memcpy(hello.name, node->config.name, sizeof hello.name);
    memcpy(hello.address, node->config.address, sizeof hello.address);
    return hello;
}

static void connect_now(struct net *net, const struct net_event *event)
{
    struct net_node *from = &net->nodes[event->node];
    int to = find_node(net, event->address);
    if (to < 0 || net->nodes[to].core == NULL || net->nodes[to].side != from->side ||
        net->nodes[to].config.layer == WTL_LAYER_DEVICE) {
        struct net_event *failed = event_new(net, EVENT_FAILED, event->node, net->now_ms + 5, 0);
        memcpy(failed->address, event->address, sizeof failed->address);
        return;
    }
    cr_assert_lt(net->links_count, NET_LINKS_MAX);
    struct net_link *link = &net->links[net->links_count++];
    *link = (struct net_link){.ends = {event->node, (uint32_t)to},
                              .incarnations = {from->incarnation, net->nodes[to].incarnation}};
    link->numbers[0] = ++from->links_next;
    link->numbers[1] = ++net->nodes[to].links_next;
    for (int end = 0; end < 2; end++) {
        link_event(net, link, end, EVENT_UP, WTL_OK, arrival(net, link, end));
    }
}

static void link_gone(struct net *net, struct net_link *link, int end, enum wtl_status status)
{
    struct net_node *node = &net->nodes[link->ends[end]];
    if (link->up[end]) {
        link->up[end] = false;
        wtl__core_link_down(node->core, link->numbers[end], status, net->now_ms);
    }
}

static void handle(struct net *net, struct net_event *event)
{
    struct net_node *node = &net->nodes[event->node];
    if (node->core == NULL || event->incarnation != node->incarnation) {
        return;
    }
    struct net_link *link = &net->links[event->link];
    int end = link->stranger || link->ends[1] == event->node ? 1 : 0;
    switch (event->kind) {
    case EVENT_CONNECT:
        connect_now(net, event);
        return;
    case EVENT_FAILED:
        wtl__core_dial_failed(node->core, event->address, WTL_NO_CONNECTION, net->now_ms);
        return;
    case EVENT_UP: {
        struct wtl__hello hello = hello_of(&net->nodes[link->ends[1 - end]]);
        if (link->incarnations[1 - end] != net->nodes[link->ends[1 - end]].incarnation) {
            return;
        }
        link->up[end] = true;
        wtl__core_link_up(node->core, link->numbers[end], &hello, end == 0, net->now_ms);
        return;
    }
    case EVENT_DOWN:
        link_gone(net, link, end, event->status);
        return;
    case EVENT_FRAME:
        break;
    }
    struct wtl__frame frame;
    size_t used = 0;
    cr_assert_eq(wtl__frame_next(event->bytes, event->size, &frame, &used), WTL_OK);
    cr_assert_eq(used, event->size);
    if (!link->up[end]) {
        return;
    }
    enum wtl_status status =
        wtl__core_frame(node->core, link->numbers[end], &frame, net->now_ms, wall_s(net));
    if (status != WTL_OK) {
        node->broke = status;
        link_gone(net, link, end, status);
    }
}

/* A link whose other end is gone, or on another side, is found out after some beats. */
static void find_dead_links(struct net *net)
{
    for (uint32_t i = 0; i < net->links_count; i++) {
        struct net_link *link = &net->links[i];
        bool dead = is_cut(net, link);
        for (int end = 0; end < 2 && !link->stranger; end++) {
            dead = dead || link->incarnations[end] != net->nodes[link->ends[end]].incarnation ||
                   net->nodes[link->ends[end]].core == NULL;
        }
        if (!dead) {
            link->broken_ms = 0;
            continue;
        }
        link->broken_ms = link->broken_ms == 0 ? net->now_ms : link->broken_ms;
        for (int end = link->stranger ? 1 : 0; end < 2; end++) {
            struct net_node *node = &net->nodes[link->ends[end]];
            if (net->now_ms - link->broken_ms >= net->beat_ms && link->up[end] &&
                node->core != NULL && link->incarnations[end] == node->incarnation) {
                link->broken = true;
                link_gone(net, link, end, WTL_TIMEOUT);
                drain(net, link->ends[end]);
            }
        }
    }
}

static void step(struct net *net)
{
    while (net->events != NULL && net->events->at_ms <= net->now_ms) {
        struct net_event *event = net->events;
        uint32_t node = event->node;
        net->events = event->next;
        handle(net, event);
        free(event);
        drain(net, node);
    }
    for (uint32_t i = 0; i < net->count; i++) {
        struct net_node *node = &net->nodes[i];
        drain(net, i); /* of what the test has called */
        for (int again = 0;
             again < 100 && node->core != NULL && wtl__core_deadline_ms(node->core) <= net->now_ms;
             again++) {
            cr_assert_lt(again, 99, "%s is due for ever", node->config.name);
            wtl__core_tick(node->core, net->now_ms, wall_s(net));
            drain(net, i);
        }
    }
    find_dead_links(net);
}

void net_run(struct net *net, uint64_t ms)
{
    for (uint64_t end_ms = net->now_ms + ms; net->now_ms < end_ms;) {
        net->now_ms++;
        step(net);
    }
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
    node->config.seed = next_random(net);
    if (node->hidden) {
        node->config.address[0] = '\0';
    }
    cr_assert_eq(wtl__core_create(&node->config, net->now_ms, &node->core), WTL_OK);
    drain(net, index);
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
            if (tell && !link->stranger && !is_cut(net, link)) {
                link_event(net, link, 1 - end, EVENT_DOWN, WTL_NO_CONNECTION,
                           arrival(net, link, 1 - end));
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
    drain(net, node);
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
            link_event(net, link, end, EVENT_DOWN, WTL_NO_CONNECTION, net->now_ms + 1);
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
                                                         &frame, net->now_ms, wall_s(net));
                drain(net, to);
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
    drain(net, to);
    return link->numbers[1];
}

bool net_link_is_up(const struct net *net, uint32_t node, uint32_t number)
{
    int end;
    const struct net_link *link = link_at(net, node, number, &end);
    return link != NULL && link->up[end];
}

void net_register(struct net *net, uint32_t node, uint64_t local, uint64_t request,
                  const char *name)
{
    wtl__core_name_register(net->nodes[node].core, net_pid(net, node, local), request, name,
                            net->now_ms);
    drain(net, node);
}

void net_whereis(struct net *net, uint32_t node, uint64_t local, uint64_t request, const char *name)
{
    wtl__core_name_whereis(net->nodes[node].core, net_pid(net, node, local), request, name,
                           net->now_ms);
    drain(net, node);
}
