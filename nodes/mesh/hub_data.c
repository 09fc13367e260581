/* hub_data.c - the data lane: associations, relays, acknowledgements. See hub.h. */
#include "mesh/hub_private.h"

#include <stdlib.h>

#include "base/attr.h"
#include "wire/bytes.h"

/* ---- sending ------------------------------------------------------------------------------- */

uint16_t wtl__hub_new_handle(struct link *link)
{
    link->next_handle = (uint16_t)(link->next_handle % (HANDLES_MAX - 1) + 1);
    return link->next_handle;
}

void wtl__hub_tell_waiting(struct wtl__hub *hub, struct peer *peer)
{
    uint64_t waiting = peer->sender.waiting_bytes;
    if (waiting != peer->told_waiting) {
        peer->told_waiting = waiting;
        hub->port.waiting(hub->port.context, peer->node, waiting);
    }
}

static struct peer *peer_of(struct wtl__hub *hub, uint64_t node)
{
    struct peer *peer = wtl__map_get(&hub->peers, node, 0);
    if (peer != NULL) {
        return peer;
    }
    peer = calloc(1, sizeof *peer);
    if (peer == NULL || wtl__map_put(&hub->peers, node, 0, peer) != WTL_OK) {
        free(peer);
        return NULL;
    }
    peer->node = node;
    wtl__sender_init(&peer->sender, hub->config.node, node, wtl__prng_next(&hub->prng) | 1);
    wtl__hub_route(hub, peer, false);
    return peer;
}

/* What comes behind messages that wait for a way waits with them: it may undo what they do. */
static bool is_reachable(const struct wtl__hub *hub, uint64_t node)
{
    uint8_t layer;
    const struct peer *peer = wtl__map_get(&hub->peers, node, 0);
    bool waits = peer != NULL && (peer->sender.unacked != NULL || peer->sender.waiting != NULL);
    return !wtl__core_is_over(hub->core, node) &&
           (waits || wtl__core_node_is_known(hub->core, node, &layer) ||
            wtl__core_route(hub->core, node) != 0);
}

void wtl__hub_send(struct wtl__hub *hub, struct wtl_pid to, struct wtl__envelope *envelope,
                   uint64_t now_ms)
{
    hub->now_ms = now_ms;
    struct peer *peer = is_reachable(hub, to.node) ? peer_of(hub, to.node) : NULL;
    if (peer == NULL) {
        envelope->msg.from.node = hub->config.node;
        hub->port.refuse(hub->port.context, to, envelope);
        wtl__core_inquire(hub->core, to.node);
        wtl__hub_settle(hub);
        return;
    }
    envelope->msg.from.node = to.local;
    wtl__sender_push(&peer->sender, envelope);
    hub->count.sent++;
    struct link *link = wtl__hub_link(hub, peer->link);
    if (link != NULL && wtl__sender_wants(&peer->sender)) {
        wtl__hub_wants(hub, link);
    }
    wtl__hub_tell_waiting(hub, peer);
}

/* Answers everything that was not acknowledged as unreachable. */
static void refuse_all(struct wtl__hub *hub, struct peer *peer)
{
    struct wtl__envelope *envelope = wtl__sender_give_up(&peer->sender);
    while (envelope != NULL) {
        struct wtl__envelope *next = envelope->next;
        struct wtl_pid to = {.node = peer->node, .local = wtl__mail_to(envelope)};
        envelope->msg.from.node = hub->config.node;
        hub->count.gaps++;
        hub->port.refuse(hub->port.context, to, envelope);
        envelope = next;
    }
}

static void inbound_free(struct wtl__hub *hub, struct inbound *inbound)
{
    (void)hub;
    wtl__link_remove(&inbound->due);
    wtl__receiver_deinit(&inbound->receiver);
    free(inbound);
}

/* Remembers that a session has ended. */
static void remember_end(struct wtl__hub *hub, uint64_t source, uint64_t session)
{
    if (hub->ended_ring == NULL) {
        hub->ended_ring = calloc(ENDED_MAX, sizeof *hub->ended_ring);
    }
    if (hub->ended_ring == NULL) {
        return;
    }
    struct ended *place = &hub->ended_ring[hub->ended_next];
    hub->ended_next = (hub->ended_next + 1) % ENDED_MAX;
    if (place->session != 0) {
        (void)wtl__map_remove(&hub->ended, place->source, place->session);
    }
    if (wtl__map_put(&hub->ended, source, session, place) == WTL_OK) {
        *place = (struct ended){.source = source, .session = session};
    } else {
        *place = (struct ended){0};
    }
}

/* Handles that lead to an association which is no more lead nowhere. `ended`: by this side, which
 * its source hears when it goes on. */
static void unhandle(struct wtl__hub *hub, const struct inbound *inbound, bool ended)
{
    for (uint32_t i = 0; i < hub->links_count; i++) {
        struct link *link = hub->links[i];
        for (uint32_t h = 0; link != NULL && h < link->handles_count; h++) {
            if (link->handles[h].inbound == inbound) {
                struct wtl__open open = link->handles[h].open;
                link->handles[h] = (struct handle){.used = ended, .ended = ended, .open = open};
            }
        }
    }
}

static void forget_inbounds(struct wtl__hub *hub, uint64_t node)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&hub->inbounds, &cursor, &entry)) {
        if (entry.high == node) {
            (void)wtl__map_remove(&hub->inbounds, entry.high, entry.low);
            remember_end(hub, entry.high, entry.low);
            unhandle(hub, entry.value, true);
            inbound_free(hub, entry.value);
            cursor = 0; /* the map has moved */
        }
    }
}

void wtl__hub_forget(struct wtl__hub *hub, uint64_t node)
{
    struct peer *peer = wtl__map_remove(&hub->peers, node, 0);
    if (peer != NULL) {
        if (peer->link != 0) {
            wtl__link_remove(&peer->on_link);
        }
        refuse_all(hub, peer);
        wtl__hub_tell_waiting(hub, peer);
        free(peer);
    }
    forget_inbounds(hub, node);
    wtl__hub_reset_to(hub, node);
}

/* ---- handles ------------------------------------------------------------------------------- */

static struct handle *handle_of(struct link *link, uint16_t number, bool make)
{
    if (number >= HANDLES_MAX) {
        return NULL;
    }
    if (number >= link->handles_count) {
        uint32_t count = link->handles_count == 0 ? 16 : link->handles_count;
        if (!make) {
            return NULL;
        }
        while (count <= number) {
            count *= 2;
        }
        struct handle *larger = realloc(link->handles, count * sizeof *larger);
        if (larger == NULL) {
            return NULL;
        }
        memset(larger + link->handles_count, 0, (count - link->handles_count) * sizeof *larger);
        link->handles = larger;
        link->handles_count = count;
    }
    return &link->handles[number];
}

/* Sends a small frame of the data lane towards a node. */
static void send_towards(struct wtl__hub *hub, uint64_t node, enum wtl__frame_type type,
                         const struct wtl__ack *ack)
{
    uint8_t frame[64];
    struct link *link = wtl__hub_link(hub, wtl__core_route(hub->core, node));
    if (link != NULL && link->session.state == WTL__SESSION_UP) {
        size_t size = wtl__put_ack(frame, sizeof frame, type, ack);
        wtl__session_send(&link->session, frame, size);
        wtl__hub_wants(hub, link);
    }
}

static void answer_open(struct wtl__hub *hub, const struct wtl__open *open,
                        enum wtl__frame_type type)
{
    struct wtl__ack ack = {.source = open->source,
                           .destination = open->destination,
                           .session = open->session,
                           .hops_left = WTL__HOPS_MAX};
    send_towards(hub, open->source, type, &ack);
}

/* Passes an association on; a handle without a way out waits for one. */
static void relay_open(struct wtl__hub *hub, struct link *link, struct handle *handle)
{
    uint8_t frame[64];
    uint32_t number = wtl__core_route(hub->core, handle->open.destination);
    struct link *out = wtl__hub_link(hub, number);
    handle->out_link = 0;
    if (wtl__hub_doubt(hub, link, handle)) {
        return;
    }
    if (link->session.config.peer.layer == WTL_LAYER_DEVICE) {
        wtl__core_introduce(hub->core, handle->open.source, handle->open.destination);
    }
    if (handle->open.hops_left == 0) {
        hub->count.hops_exceeded++;
        return;
    }
    if (out == NULL || out == link || out->session.state != WTL__SESSION_UP) {
        return;
    }
    if (out->session.config.peer.layer == WTL_LAYER_DEVICE) {
        if (!wtl__hub_is_up(hub, handle->open.source)) {
            handle->lost = true;
            return;
        }
        wtl__core_introduce(hub->core, handle->open.destination, handle->open.source);
    }
    struct wtl__open open = handle->open;
    open.hops_left--;
    open.handle = wtl__hub_new_handle(out);
    size_t size = wtl__put_open(frame, sizeof frame, &open);
    if (wtl__hub_relay(hub, out, frame, size)) {
        handle->out_link = number;
        handle->out_handle = open.handle;
        handle->lost = false;
    }
}

static enum wtl_status open_here(struct wtl__hub *hub, struct handle *handle)
{
    const struct wtl__open *open = &handle->open;
    struct inbound *inbound = wtl__map_get(&hub->inbounds, open->source, open->session);
    if (inbound == NULL) {
        bool ended = wtl__map_get(&hub->ended, open->source, open->session) != NULL;
        if (open->number != 1 || ended) { /* its begin went to somebody who is no more */
            answer_open(hub, open, WTL__FRAME_RESET);
            hub->count.reset++;
            return WTL_OK;
        }
        inbound = calloc(1, sizeof *inbound);
        if (inbound == NULL ||
            wtl__map_put(&hub->inbounds, open->source, open->session, inbound) != WTL_OK) {
            free(inbound);
            return WTL_NO_MEMORY;
        }
        wtl__receiver_init(&inbound->receiver, open);
        inbound->link = wtl__core_route(hub->core, open->source);
        if (!wtl__core_node_is_known(hub->core, open->source, &inbound->layer)) {
            inbound->layer = WTL_LAYER_DEVICE; /* the least that there is */
        }
    }
    enum wtl_status status = wtl__receiver_open(&inbound->receiver, open);
    if (status != WTL_OK) {
        return status == WTL_STOP ? WTL_OK : status;
    }
    /* what is still under way on another handle comes again on this one */
    unhandle(hub, inbound, false);
    handle->inbound = inbound;
    return WTL_OK;
}

enum wtl_status wtl__hub_on_open(struct wtl__hub *hub, struct link *link,
                                 const struct wtl__frame *frame)
{
    struct wtl__open open;
    if (wtl__get_open(frame, &open) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    enum wtl_status speaks = wtl__core_speaks(hub->core, link->number, open.source);
    if (speaks == WTL_FORGED) {
        hub->count.forged++;
        return WTL_FORGED;
    }
    struct handle *handle = handle_of(link, open.handle, true);
    if (handle == NULL) {
        return WTL_PROTOCOL;
    }
    *handle = (struct handle){
        .used = open.source != hub->config.node, .since_ms = hub->now_ms, .open = open};
    bool here = open.destination == hub->config.node;
    if (speaks != WTL_OK || (here && !wtl__hub_is_up(hub, open.source))) {
        handle->lost = true; /* opened again when more is known, if then it may */
        hub->count.early++;
    } else if (here) {
        return open_here(hub, handle);
    } else {
        relay_open(hub, link, handle);
    }
    return WTL_OK;
}

/* ---- data ---------------------------------------------------------------------------------- */

struct mail_context {
    struct wtl__hub *hub;
    struct inbound *inbound;
};

static void on_mail(void *context, uint64_t to, struct wtl__envelope *envelope)
{
    struct mail_context *here = context;
    struct wtl__hub *hub = here->hub;
    if (!wtl__core_allows(here->inbound->layer, hub->config.layer, envelope->msg.kind_)) {
        hub->count.denied++;
        wtl__envelope_free(envelope);
        return;
    }
    hub->count.delivered++;
    hub->port.deliver(hub->port.context, to, envelope);
}

static enum wtl_status data_here(struct wtl__hub *hub, struct link *link, struct handle *handle,
                                 const struct wtl__frame *frame)
{
    struct inbound *inbound = handle->inbound;
    struct mail_context context = {.hub = hub, .inbound = inbound};
    uint64_t duplicates = inbound->receiver.duplicates;
    enum wtl_status status =
        wtl__receiver_data(&inbound->receiver, frame, hub->now_ms, on_mail, &context);
    hub->count.duplicates += inbound->receiver.duplicates - duplicates;
    if (inbound->receiver.ack_due_ms != 0 && !wtl__link_is_in(&inbound->due)) {
        wtl__list_push_last(&hub->due, &inbound->due);
    }
    if (status == WTL_OK || inbound->receiver.source == link->session.peer.node) {
        return status;
    }
    /* a source behind a relay is at fault: its association ends, the relay's link does not */
    struct wtl__open open = handle->open;
    (void)wtl__map_remove(&hub->inbounds, open.source, open.session);
    remember_end(hub, open.source, open.session);
    unhandle(hub, inbound, false);
    inbound_free(hub, inbound);
    answer_open(hub, &open, WTL__FRAME_RESET);
    hub->count.reset++;
    return WTL_OK;
}

static void data_on(struct wtl__hub *hub, struct handle *handle, const struct wtl__frame *frame)
{
    uint8_t copy[WTL__FRAME_MAX];
    struct link *out = wtl__hub_link(hub, handle->out_link);
    if (out == NULL || out->session.state != WTL__SESSION_UP || handle->lost) {
        handle->lost = true;
        return;
    }
    wtl__frame_head(copy, frame->type, frame->flags, frame->size);
    memcpy(copy + WTL__FRAME_HEAD, frame->payload, frame->size);
    wtl__store_u16(copy + WTL__FRAME_HEAD, handle->out_handle);
    if (wtl__hub_relay(hub, out, copy, WTL__FRAME_HEAD + frame->size)) {
        hub->count.relayed++;
    } else {
        handle->lost = true;
    }
}

enum wtl_status wtl__hub_on_data(struct wtl__hub *hub, struct link *link,
                                 const struct wtl__frame *frame)
{
    if (frame->size < 2) {
        return WTL_PROTOCOL;
    }
    struct handle *handle = handle_of(link, wtl__load_u16(frame->payload), false);
    if (handle == NULL || !handle->used) {
        hub->count.stale_handles++;
        return WTL_OK;
    }
    if (handle->inbound != NULL) {
        return data_here(hub, link, handle, frame);
    }
    if (handle->open.destination != hub->config.node) {
        data_on(hub, handle, frame);
    } else if (handle->ended) {
        hub->count.reset++;
        wtl__hub_end_handle(hub, link, handle, WTL__FRAME_RESET);
    }
    return WTL_OK;
}

/* ---- acknowledgements ---------------------------------------------------------------------- */

static enum wtl_status ack_here(struct wtl__hub *hub, const struct wtl__frame *frame,
                                const struct wtl__ack *ack)
{
    struct peer *peer = wtl__map_get(&hub->peers, ack->destination, 0);
    if (peer == NULL || peer->sender.session != ack->session) {
        return WTL_OK; /* of an association that is over */
    }
    if (frame->type == WTL__FRAME_REOPEN) {
        wtl__hub_route(hub, peer, true);
        return WTL_OK;
    }
    if (frame->type == WTL__FRAME_RESET) {
        refuse_all(hub, peer);
        wtl__sender_init(&peer->sender, hub->config.node, peer->node,
                         wtl__prng_next(&hub->prng) | 1);
        wtl__hub_route(hub, peer, true);
        return WTL_OK;
    }
    enum wtl_status status = wtl__sender_ack(&peer->sender, ack);
    struct link *link = wtl__hub_link(hub, peer->link);
    if (status == WTL_OK && link != NULL && wtl__sender_wants(&peer->sender)) {
        wtl__hub_wants(hub, link);
    }
    wtl__hub_tell_waiting(hub, peer);
    return status;
}

enum wtl_status wtl__hub_on_ack(struct wtl__hub *hub, struct link *link,
                                const struct wtl__frame *frame)
{
    struct wtl__ack ack;
    if (wtl__get_ack(frame, &ack) != WTL_OK) {
        return WTL_PROTOCOL;
    }
    /* a REOPEN comes from a relay on the way, everything else from the destination itself */
    enum wtl_status speaks = frame->type == WTL__FRAME_REOPEN
                                 ? WTL_OK
                                 : wtl__core_speaks(hub->core, link->number, ack.destination);
    if (speaks != WTL_OK) {
        hub->count.forged += speaks == WTL_FORGED ? 1 : 0;
        hub->count.early += speaks == WTL_FORGED ? 0 : 1;
        return speaks == WTL_FORGED ? WTL_FORGED : WTL_OK;
    }
    if (ack.source == hub->config.node) {
        return ack_here(hub, frame, &ack);
    }
    if (ack.hops_left == 0) {
        hub->count.hops_exceeded++;
        return WTL_OK;
    }
    ack.hops_left--;
    if (wtl__core_route(hub->core, ack.source) != link->number) {
        send_towards(hub, ack.source, (enum wtl__frame_type)frame->type, &ack);
    }
    return WTL_OK;
}

void wtl__hub_acks(struct wtl__hub *hub, bool force)
{
    struct wtl__list later;
    wtl__list_init(&later);
    while (!wtl__list_is_empty(&hub->due)) {
        struct wtl__link *first = wtl__list_take_first(&hub->due);
        struct inbound *inbound = WTL_CONTAINER(first, struct inbound, due);
        struct wtl__ack ack;
        if (wtl__receiver_ack(&inbound->receiver, hub->now_ms, force, &ack)) {
            send_towards(hub, ack.source, WTL__FRAME_ACK, &ack);
        } else if (inbound->receiver.ack_due_ms != 0) {
            wtl__list_push_last(&later, first);
        }
    }
    wtl__list_move_all(&hub->due, &later);
}

uint64_t wtl__hub_acks_due_ms(const struct wtl__hub *hub)
{
    uint64_t due = UINT64_MAX;
    if (!wtl__list_is_empty(&hub->due)) {
        /* all wait for the same time, so the first is the earliest, or as good */
        const struct inbound *inbound =
            WTL_CONTAINER(wtl__list_first(&hub->due), struct inbound, due);
        due = inbound->receiver.ack_due_ms;
    }
    return due;
}
