/*
 * hub_route.c - what follows for the data lane when routes and nodes change: associations go where
 * their node is reached now, what could not be taken or passed on is asked for again, and what may
 * have been lost on the way back is told again.
 *
 * Thread: as the hub. Owns: nothing.
 */
#include "mesh/hub_private.h"

bool wtl__hub_is_up(const struct wtl__hub *hub, uint64_t node)
{
    uint8_t layer;
    if (hub->config.layer == WTL_LAYER_DEVICE) {
        return !wtl__core_is_over(hub->core, node) && !wtl__core_is_meeting(hub->core, node);
    }
    return wtl__core_node_is_known(hub->core, node, &layer);
}

void wtl__hub_route(struct wtl__hub *hub, struct peer *peer, bool anew)
{
    uint32_t number = wtl__core_route(hub->core, peer->node);
    struct link *link = wtl__hub_link(hub, number);
    if (link != NULL && link->told_closed) {
        link = NULL;
        number = 0;
    }
    if (number == peer->link && !anew) {
        return;
    }
    if (peer->link != 0) {
        wtl__link_remove(&peer->on_link);
        wtl__sender_unroute(&peer->sender);
    }
    peer->link = link != NULL ? number : 0;
    if (link != NULL) {
        wtl__list_push_last(&link->senders, &peer->on_link);
        uint64_t resent = peer->sender.resent;
        wtl__sender_route(&peer->sender, wtl__hub_new_handle(link));
        hub->count.resent += peer->sender.resent - resent;
        if (wtl__sender_wants(&peer->sender)) {
            wtl__hub_wants(hub, link);
        }
    }
}

void wtl__hub_link_gone(struct wtl__hub *hub, struct link *link)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&hub->peers, &cursor, &entry)) {
        struct peer *peer = entry.value;
        if (peer->link == link->number) {
            wtl__link_remove(&peer->on_link);
            wtl__sender_unroute(&peer->sender);
            peer->link = 0;
        }
    }
    for (uint32_t i = 0; i < hub->links_count; i++) {
        struct link *other = hub->links[i];
        for (uint32_t h = 0; other != NULL && h < other->handles_count; h++) {
            if (other->handles[h].out_link == link->number) {
                other->handles[h].out_link = 0;
                other->handles[h].lost = true;
            }
        }
    }
}

void wtl__hub_end_handle(struct wtl__hub *hub, struct link *link, struct handle *handle,
                         enum wtl__frame_type type)
{
    uint8_t frame[64];
    struct wtl__ack ack = {.source = handle->open.source,
                           .destination = handle->open.destination,
                           .session = handle->open.session,
                           .hops_left = WTL__HOPS_MAX};
    handle->used = false;
    if (link->session.state == WTL__SESSION_UP) {
        size_t size = wtl__put_ack(frame, sizeof frame, type, &ack);
        wtl__session_send(&link->session, frame, size);
        wtl__hub_wants(hub, link);
    }
}

/* ---- what leaves send to nodes that are not there ------------------------------------------ */

static bool is_of_leaf(const struct link *link)
{
    return link != NULL && !link->told_closed &&
           link->session.config.peer.layer == WTL_LAYER_DEVICE;
}

/* A core node knows itself who is down. A leaf knows it of core nodes and of some leaves, so that
 * its uplink has to say it for the destination, which cannot. */
bool wtl__hub_doubt(struct wtl__hub *hub, struct link *link, struct handle *handle)
{
    uint64_t to = handle->open.destination;
    uint64_t until_ms = handle->since_ms + WTL__DOWN_WINDOW_LAN_MS;
    if (!is_of_leaf(link) || hub->config.layer == WTL_LAYER_DEVICE || wtl__hub_is_up(hub, to)) {
        return false;
    }
    if (wtl__core_is_gone(hub->core, to) || until_ms <= hub->now_ms) {
        hub->count.reset++;
        wtl__hub_end_handle(hub, link, handle, WTL__FRAME_RESET);
        return true;
    }
    hub->doubt_ms = until_ms < hub->doubt_ms ? until_ms : hub->doubt_ms;
    return false;
}

void wtl__hub_doubts(struct wtl__hub *hub)
{
    hub->doubt_ms = UINT64_MAX;
    for (uint32_t i = 0; i < hub->links_count; i++) {
        struct link *link = hub->links[i];
        for (uint32_t h = 0; is_of_leaf(link) && h < link->handles_count; h++) {
            struct handle *handle = &link->handles[h];
            if (handle->used && handle->inbound == NULL && handle->out_link == 0 &&
                handle->open.destination != hub->config.node) {
                (void)wtl__hub_doubt(hub, link, handle);
            }
        }
    }
}

void wtl__hub_reset_to(struct wtl__hub *hub, uint64_t node)
{
    for (uint32_t i = 0; i < hub->links_count; i++) {
        struct link *link = hub->links[i];
        for (uint32_t h = 0; is_of_leaf(link) && h < link->handles_count; h++) {
            struct handle *handle = &link->handles[h];
            if (handle->used && handle->inbound == NULL && handle->open.destination == node) {
                hub->count.reset++;
                wtl__hub_end_handle(hub, link, handle, WTL__FRAME_RESET);
            }
        }
    }
}

/* ---- new routes ---------------------------------------------------------------------------- */

/* May what came under that handle go on now, while it could not before? */
static bool goes_on(const struct wtl__hub *hub, const struct link *link,
                    const struct handle *handle)
{
    const struct wtl__open *open = &handle->open;
    bool last = open->destination == hub->config.node;
    if (!handle->used || handle->inbound != NULL || (last && !handle->lost)) {
        return false;
    }
    if (!last) {
        uint32_t now = wtl__core_route(hub->core, open->destination);
        const struct link *out = wtl__hub_link(hub, now);
        if (out == NULL || out == link || (!handle->lost && now == handle->out_link)) {
            return false;
        }
        last = out->session.config.peer.layer == WTL_LAYER_DEVICE;
    }
    return (!last || wtl__hub_is_up(hub, open->source)) &&
           wtl__core_may_speak(hub->core, link->number, open->source);
}

/* More is known of nodes and routes: what could not be taken or passed on, and now can, is asked
 * for again. */
static void reopen_all(struct wtl__hub *hub)
{
    for (uint32_t i = 0; i < hub->links_count; i++) {
        struct link *link = hub->links[i];
        for (uint32_t h = 0; link != NULL && !link->told_closed && h < link->handles_count; h++) {
            if (goes_on(hub, link, &link->handles[h])) {
                wtl__hub_end_handle(hub, link, &link->handles[h], WTL__FRAME_REOPEN);
            }
        }
    }
}

/* An acknowledgement may have been lost with the link that it went over: it is told again. */
static void ack_again(struct wtl__hub *hub)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&hub->inbounds, &cursor, &entry)) {
        struct inbound *inbound = entry.value;
        uint32_t link = wtl__core_route(hub->core, inbound->receiver.source);
        if (link == inbound->link) {
            continue;
        }
        inbound->link = link;
        if (link != 0 && inbound->receiver.expected > 1) {
            inbound->receiver.ack_due_ms = hub->now_ms;
            if (!wtl__link_is_in(&inbound->due)) {
                wtl__list_push_last(&hub->due, &inbound->due);
            }
        }
    }
}

void wtl__hub_reroute(struct wtl__hub *hub)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&hub->peers, &cursor, &entry)) {
        wtl__hub_route(hub, entry.value, false);
    }
    ack_again(hub);
    reopen_all(hub);
}
