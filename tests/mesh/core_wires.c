/* core_wires.c - see core_wires.h. */
#include "core_wires.h"

#include <stdlib.h>

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

uint64_t net_random(struct net *net)
{
    net->seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = net->seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

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

void net_events_free(struct net *net)
{
    while (net->events != NULL) {
        struct net_event *event = net->events;
        net->events = event->next;
        free(event);
    }
}

int64_t net_wall_s(const struct net *net)
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

struct net_link *net_link_at(const struct net *net, uint32_t node, uint32_t number, int *end_out)
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

bool net_link_is_cut(const struct net *net, const struct net_link *link)
{
    return link->broken ||
           (!link->stranger && net->nodes[link->ends[0]].side != net->nodes[link->ends[1]].side);
}

uint64_t net_arrival(struct net *net, struct net_link *link, int end)
{
    uint64_t at_ms = net->now_ms + 1 + net_random(net) % net->delay_ms;
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

void net_link_ends(struct net *net, struct net_link *link, int end, uint64_t at_ms)
{
    link_event(net, link, end, EVENT_DOWN, WTL_NO_CONNECTION, at_ms);
}

static void on_close(struct net *net, uint32_t node, uint32_t number, enum wtl_status status)
{
    int end;
    struct net_link *link = net_link_at(net, node, number, &end);
    net->nodes[node].closes++;
    if (link == NULL || !link->up[end]) {
        return;
    }
    link->up[end] = false;
    if (net_link_is_cut(net, link)) {
        link->broken = true; /* its last words do not get there */
    } else if (!link->stranger) {
        link_event(net, link, 1 - end, EVENT_DOWN, status, net_arrival(net, link, 1 - end));
    }
}

static void on_send(struct net *net, uint32_t node, const struct wtl__effect *effect)
{
    int end;
    struct net_link *link = net_link_at(net, node, effect->link, &end);
    net->nodes[node].frames++;
    if (link == NULL || !link->up[end] || link->stranger) {
        return;
    }
    if (net_link_is_cut(net, link)) {
        link->broken = true; /* a stream has no gaps: after a loss it does not go on */
        return;
    }
    uint64_t at_ms = net_arrival(net, link, 1 - end);
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

void net_drain(struct net *net, uint32_t index)
{
    struct net_node *node = &net->nodes[index];
    struct wtl__effect effect;
    while (node->core != NULL && wtl__core_effect(node->core, &effect)) {
        switch (effect.kind) {
        case WTL__EFFECT_DIAL: {
            struct net_event *event = event_new(
                net, EVENT_CONNECT, index, net->now_ms + 1 + net_random(net) % net->delay_ms, 0);
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
        link_event(net, link, end, EVENT_UP, WTL_OK, net_arrival(net, link, end));
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
        wtl__core_frame(node->core, link->numbers[end], &frame, net->now_ms, net_wall_s(net));
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
        bool dead = net_link_is_cut(net, link);
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
                net_drain(net, link->ends[end]);
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
        net_drain(net, node);
    }
    for (uint32_t i = 0; i < net->count; i++) {
        struct net_node *node = &net->nodes[i];
        net_drain(net, i); /* of what the test has called */
        for (int again = 0;
             again < 100 && node->core != NULL && wtl__core_deadline_ms(node->core) <= net->now_ms;
             again++) {
            cr_assert_lt(again, 99, "%s is due for ever", node->config.name);
            wtl__core_tick(node->core, net->now_ms, net_wall_s(net));
            net_drain(net, i);
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
