/* hub.c - links and the core's effects: how the parts of one node's mesh hang together. See hub.h.
 */
#include "mesh/hub_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/pool.h"

enum wtl_status wtl__hub_create(const struct wtl__core_config *config,
                                const struct wtl__hub_port *port, uint64_t now_ms,
                                struct wtl__hub **hub_out)
{
    struct wtl__hub *hub = calloc(1, sizeof *hub);
    if (hub == NULL) {
        return WTL_NO_MEMORY;
    }
    hub->config = *config;
    hub->port = *port;
    hub->now_ms = now_ms;
    hub->doubt_ms = UINT64_MAX;
    wtl__prng_init(&hub->prng, config->seed ^ UINT64_C(0x6875620a));
    wtl__map_init(&hub->peers, WTL__NODES_MAX, wtl__prng_next(&hub->prng));
    wtl__map_init(&hub->inbounds, WTL__NODES_MAX * 2, wtl__prng_next(&hub->prng));
    wtl__list_init(&hub->due);
    wtl__map_init(&hub->ended, ENDED_MAX, wtl__prng_next(&hub->prng));
    enum wtl_status status = wtl__core_create(config, now_ms, &hub->core);
    if (status != WTL_OK) {
        free(hub);
        return status;
    }
    *hub_out = hub;
    wtl__hub_settle(hub);
    return WTL_OK;
}

static void link_free(struct link *link)
{
    wtl__session_deinit(&link->session);
    wtl__pool_give(link->relay);
    free(link->handles);
    free(link);
}

static void free_all(struct wtl__envelope *envelope)
{
    while (envelope != NULL) {
        struct wtl__envelope *next = envelope->next;
        wtl__envelope_free(envelope);
        envelope = next;
    }
}

void wtl__hub_destroy(struct wtl__hub *hub)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    if (hub == NULL) {
        return;
    }
    while (wtl__map_take_any(&hub->peers, &cursor, &entry)) {
        struct peer *peer = entry.value;
        free_all(wtl__sender_give_up(&peer->sender));
        free(peer);
    }
    cursor = 0;
    while (wtl__map_take_any(&hub->inbounds, &cursor, &entry)) {
        struct inbound *inbound = entry.value;
        wtl__receiver_deinit(&inbound->receiver);
        free(inbound);
    }
    for (uint32_t i = 0; i < hub->links_count; i++) {
        if (hub->links[i] != NULL) {
            link_free(hub->links[i]);
        }
    }
    wtl__map_deinit(&hub->peers);
    wtl__map_deinit(&hub->inbounds);
    wtl__map_deinit(&hub->ended);
    free(hub->ended_ring);
    wtl__core_destroy(hub->core);
    free(hub->links);
    free(hub);
}

struct link *wtl__hub_link(const struct wtl__hub *hub, uint32_t number)
{
    return number == 0 || number > hub->links_count ? NULL : hub->links[number - 1];
}

void wtl__hub_wants(struct wtl__hub *hub, struct link *link)
{
    if (!link->wants && !link->told_closed) {
        link->wants = true;
        hub->port.writable(hub->port.context, link->number);
    }
}

/* ---- the core's effects -------------------------------------------------------------------- */

static void effect_on_link(struct wtl__hub *hub, const struct wtl__effect *effect)
{
    struct link *link = wtl__hub_link(hub, effect->link);
    if (link == NULL) {
        return;
    }
    if (effect->kind == WTL__EFFECT_SEND) {
        wtl__session_send(&link->session, effect->frame, effect->size);
    } else {
        wtl__session_close(&link->session, effect->status,
                           effect->text != NULL ? effect->text : wtl_status_text(effect->status));
    }
    wtl__hub_wants(hub, link);
}

static void act(struct wtl__hub *hub, const struct wtl__effect *effect)
{
    const struct wtl__hub_port *port = &hub->port;
    switch (effect->kind) {
    case WTL__EFFECT_DIAL:
        port->dial(port->context, effect->address, effect->name != NULL ? effect->name : "");
        break;
    case WTL__EFFECT_SEND:
    case WTL__EFFECT_CLOSE:
        effect_on_link(hub, effect);
        break;
    case WTL__EFFECT_NODE_UP:
        port->node_up(port->context, effect->node, effect->name, effect->layer);
        break;
    case WTL__EFFECT_NODE_DOWN:
        wtl__hub_forget(hub, effect->node);
        port->node_down(port->context, effect->node, effect->status);
        break;
    case WTL__EFFECT_ROUTES:
        wtl__hub_reroute(hub);
        break;
    case WTL__EFFECT_NAME_ANSWER:
        port->name_answer(port->context, effect->pid, effect->request, effect->status,
                          effect->holder);
        break;
    case WTL__EFFECT_NAME_LOST:
        port->name_lost(port->context, effect->pid, effect->name);
        break;
    }
}

/* The core hears that a link is over, or that a dial has led to none. */
static void tell_core(struct wtl__hub *hub, const struct link *link, enum wtl_status status)
{
    const struct wtl__session_config *session = &link->session.config;
    if (link->was_up) {
        wtl__core_link_down(hub->core, link->number, status, hub->now_ms);
    } else if (session->dialled) {
        bool other =
            session->expected[0] != '\0' && strcmp(session->expected, session->peer.name) != 0;
        wtl__core_dial_refused(hub->core, other ? session->expected : session->peer.name,
                               other ? 0 : wtl_identity_node_bits(&session->peer), status,
                               hub->now_ms);
    }
}

/* A session that has closed: the core and the driver are told, once. */
static bool settle_closed(struct wtl__hub *hub)
{
    bool some = false;
    for (uint32_t i = 0; i < hub->links_count; i++) {
        struct link *link = hub->links[i];
        if (link == NULL || link->session.state != WTL__SESSION_CLOSED || link->told_closed) {
            continue;
        }
        wtl__hub_wants(hub, link); /* for its last words */
        link->told_closed = true;
        some = true;
        wtl__hub_link_gone(hub, link);
        tell_core(hub, link, link->session.status);
        hub->port.close(hub->port.context, link->number, link->session.status, link->session.text);
    }
    return some;
}

void wtl__hub_settle(struct wtl__hub *hub)
{
    struct wtl__effect effect;
    do {
        while (wtl__core_effect(hub->core, &effect)) {
            act(hub, &effect);
        }
    } while (settle_closed(hub));
}

void wtl__hub_pump(struct wtl__hub *hub, uint64_t now_ms)
{
    hub->now_ms = now_ms;
    wtl__hub_settle(hub);
}

struct wtl__core *wtl__hub_core(struct wtl__hub *hub)
{
    return hub->core;
}

/* ---- links --------------------------------------------------------------------------------- */

/* A free place in the table of links; WTL__LINKS_MAX when there is none. */
static uint32_t free_place(struct wtl__hub *hub)
{
    for (uint32_t i = 0; i < hub->links_count; i++) {
        if (hub->links[i] == NULL) {
            return i;
        }
    }
    if (hub->links_count == hub->links_capacity && hub->links_capacity < WTL__LINKS_MAX) {
        uint32_t capacity = hub->links_capacity == 0 ? 16 : hub->links_capacity * 2;
        struct link **larger = realloc(hub->links, capacity * sizeof(struct link *));
        if (larger == NULL) {
            return WTL__LINKS_MAX;
        }
        hub->links = larger;
        hub->links_capacity = capacity;
    }
    if (hub->links_count == hub->links_capacity) {
        return WTL__LINKS_MAX;
    }
    hub->links[hub->links_count] = NULL;
    return hub->links_count++;
}

static uint32_t beat_of(uint8_t link_class)
{
    return link_class == WTL__CLASS_LAN ? 500 : link_class == WTL__CLASS_WAN ? 3000 : 20000;
}

uint32_t wtl__hub_link_open(struct wtl__hub *hub, const struct wtl_identity *identity,
                            const uint8_t binding[32], bool dialled, const char *expected,
                            uint64_t now_ms)
{
    hub->now_ms = now_ms;
    struct link *link = calloc(1, sizeof *link);
    uint32_t place = link != NULL && !hub->left ? free_place(hub) : WTL__LINKS_MAX;
    if (place == WTL__LINKS_MAX) {
        free(link);
        return 0;
    }
    const struct wtl__core_config *config = &hub->config;
    struct wtl__session_config session = {.hello = {.version_min = WTL__PROTOCOL_MIN,
                                                    .version_max = WTL__PROTOCOL_MAX,
                                                    .node = config->node,
                                                    .layer = config->layer,
                                                    .link_class = config->link_class,
                                                    .beat_ms = beat_of(config->link_class)},
                                          .dialled = dialled,
                                          .peer = *identity};
    memcpy(session.hello.name, config->name, sizeof session.hello.name);
    memcpy(session.hello.address, config->address, sizeof session.hello.address);
    memcpy(session.hello.binding, binding, sizeof session.hello.binding);
    if (expected != NULL) {
        (void)snprintf(session.expected, sizeof session.expected, "%s", expected);
    }
    link->number = place + 1;
    link->since_ms = now_ms;
    wtl__list_init(&link->senders);
    hub->links[place] = link;
    wtl__session_init(&link->session, &session, now_ms);
    wtl__hub_wants(hub, link);
    return link->number;
}

struct frame_context {
    struct wtl__hub *hub;
    struct link *link;
};

/* The core hears of a link before it hears a frame of it. */
static void announce(struct wtl__hub *hub, struct link *link)
{
    if (!link->was_up && link->session.state == WTL__SESSION_UP) {
        link->was_up = true;
        wtl__core_link_up(hub->core, link->number, &link->session.peer,
                          link->session.config.dialled, hub->now_ms);
        wtl__hub_settle(hub);
    }
}

static enum wtl_status on_frame(void *context, const struct wtl__frame *frame)
{
    struct frame_context *here = context;
    struct wtl__hub *hub = here->hub;
    struct link *link = here->link;
    announce(hub, link);
    if (link->session.state != WTL__SESSION_UP) {
        return WTL_OK; /* the core has just closed it */
    }
    enum wtl_status status;
    switch (frame->type) {
    case WTL__FRAME_OPEN:
        return wtl__hub_on_open(hub, link, frame);
    case WTL__FRAME_DATA:
        return wtl__hub_on_data(hub, link, frame);
    case WTL__FRAME_ACK:
    case WTL__FRAME_RESET:
    case WTL__FRAME_REOPEN:
        return wtl__hub_on_ack(hub, link, frame);
    default:
        status = wtl__core_frame(hub->core, link->number, frame, hub->now_ms, hub->wall_s);
        wtl__hub_settle(hub);
        return status;
    }
}

void wtl__hub_link_bytes(struct wtl__hub *hub, uint32_t number, const uint8_t *bytes, size_t size,
                         uint64_t now_ms, int64_t wall_s)
{
    struct link *link = wtl__hub_link(hub, number);
    hub->now_ms = now_ms;
    hub->wall_s = wall_s;
    if (link == NULL || link->told_closed) {
        return;
    }
    struct frame_context context = {.hub = hub, .link = link};
    wtl__session_bytes(&link->session, bytes, size, now_ms, on_frame, &context);
    announce(hub, link);
    wtl__hub_acks(hub, false);
    if (link->session.control_size > link->session.control_at) {
        wtl__hub_wants(hub, link);
    }
    wtl__hub_settle(hub);
    wtl__hub_leave_step(hub);
}

void wtl__hub_link_closed(struct wtl__hub *hub, uint32_t number, enum wtl_status why,
                          uint64_t now_ms)
{
    struct link *link = wtl__hub_link(hub, number);
    hub->now_ms = now_ms;
    if (link == NULL) {
        return;
    }
    if (!link->told_closed) {
        link->told_closed = true;
        wtl__hub_link_gone(hub, link);
        tell_core(hub, link, why);
    }
    hub->links[number - 1] = NULL;
    link_free(link);
    wtl__hub_settle(hub);
}

void wtl__hub_dial_failed(struct wtl__hub *hub, const char *address, enum wtl_status why,
                          uint64_t now_ms)
{
    hub->now_ms = now_ms;
    wtl__core_dial_failed(hub->core, address, why, now_ms);
    wtl__hub_settle(hub);
}

/* ---- time, questions ----------------------------------------------------------------------- */

void wtl__hub_tick(struct wtl__hub *hub, uint64_t now_ms, int64_t wall_s)
{
    hub->now_ms = now_ms;
    hub->wall_s = wall_s;
    for (uint32_t i = 0; i < hub->links_count; i++) {
        struct link *link = hub->links[i];
        if (link != NULL && !link->told_closed) {
            wtl__session_tick(&link->session, now_ms);
            if (link->session.control_size > link->session.control_at) {
                wtl__hub_wants(hub, link);
            }
        }
    }
    wtl__hub_acks(hub, false);
    wtl__core_tick(hub->core, now_ms, wall_s);
    wtl__hub_settle(hub);
    if (hub->doubt_ms <= now_ms) {
        wtl__hub_doubts(hub);
    }
    wtl__hub_leave_step(hub);
}

uint64_t wtl__hub_deadline_ms(const struct wtl__hub *hub)
{
    uint64_t deadline = wtl__core_deadline_ms(hub->core);
    uint64_t acks = wtl__hub_acks_due_ms(hub);
    deadline = acks < deadline ? acks : deadline;
    deadline = hub->doubt_ms < deadline ? hub->doubt_ms : deadline;
    if (!hub->left && hub->leave_by_ms != 0 && hub->leave_by_ms < deadline) {
        deadline = hub->leave_by_ms;
    }
    for (uint32_t i = 0; i < hub->links_count; i++) {
        if (hub->links[i] != NULL && !hub->links[i]->told_closed) {
            uint64_t link = wtl__session_deadline_ms(&hub->links[i]->session);
            deadline = link < deadline ? link : deadline;
        }
    }
    return deadline;
}

uint32_t wtl__hub_links(const struct wtl__hub *hub, struct wtl__link_row *rows, uint32_t max)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < hub->links_count; i++) {
        const struct link *link = hub->links[i];
        if (link == NULL) {
            continue;
        }
        if (count < max) {
            const struct wtl__session *session = &link->session;
            rows[count] =
                (struct wtl__link_row){.link = link->number,
                                       .layer = (uint8_t)session->config.peer.layer,
                                       .dialled = session->config.dialled,
                                       .state = (uint8_t)session->state,
                                       .rtt_us = session->rtt_us,
                                       .since_ms = link->since_ms,
                                       .frames_in = session->frames_in,
                                       .frames_out = session->frames_out,
                                       .bytes_in = session->bytes_in,
                                       .bytes_out = session->bytes_out,
                                       .relayed = link->relayed,
                                       .waiting_bytes = link->relay_size - link->relay_at};
            memcpy(rows[count].peer, session->config.peer.name, sizeof rows[count].peer);
        }
        count++;
    }
    return count;
}

const struct wtl__hub_counters *wtl__hub_count(const struct wtl__hub *hub)
{
    return &hub->count;
}
