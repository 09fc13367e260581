/*
 * hub_out.c - what a link sends next: control, what is relayed, then the associations in turn; and
 * what a relay holds for a link.
 *
 * Thread: as the hub. Owns: nothing.
 */
#include "mesh/hub_private.h"

#include "base/pool.h"

bool wtl__hub_relay(struct wtl__hub *hub, struct link *link, const uint8_t *frame, size_t size)
{
    if (link->relay_at > 0 && link->relay_at * 2 >= link->relay_size) {
        memmove(link->relay, link->relay + link->relay_at, link->relay_size - link->relay_at);
        link->relay_size -= link->relay_at;
        link->relay_at = 0;
    }
    size_t need = link->relay_size + size;
    if (need > link->relay_capacity) {
        size_t capacity = link->relay_capacity == 0 ? 16384 : link->relay_capacity;
        while (capacity < need) {
            capacity *= 2;
        }
        uint8_t *larger = capacity <= 2 * WTL__RELAY_MAX ? wtl__pool_take(capacity) : NULL;
        if (larger == NULL) {
            return false;
        }
        if (link->relay != NULL) {
            memcpy(larger, link->relay, link->relay_size);
            wtl__pool_give(link->relay);
        }
        link->relay = larger;
        link->relay_capacity = capacity;
    }
    memcpy(link->relay + link->relay_size, frame, size);
    link->relay_size += size;
    wtl__hub_wants(hub, link);
    return true;
}

static size_t fill_relay(struct link *link, uint8_t *out, size_t capacity)
{
    size_t filled = 0;
    while (link->relay_at < link->relay_size) {
        struct wtl__frame frame;
        size_t used = 0;
        const uint8_t *at = link->relay + link->relay_at;
        if (wtl__frame_next(at, link->relay_size - link->relay_at, &frame, &used) != WTL_OK ||
            used > capacity - filled) {
            break;
        }
        memcpy(out + filled, at, used);
        filled += used;
        link->relay_at += used;
        link->relayed++;
    }
    if (link->relay_at == link->relay_size) {
        wtl__pool_give(link->relay);
        link->relay = NULL;
        link->relay_at = link->relay_size = link->relay_capacity = 0;
    }
    return filled;
}

/* Each association has its turn: who has filled a record goes behind the others. */
static size_t fill_senders(struct wtl__hub *hub, struct link *link, uint8_t *out, size_t capacity)
{
    size_t filled = 0;
    struct wtl__link *first = NULL;
    while (!wtl__list_is_empty(&link->senders)) {
        struct wtl__link *head = wtl__list_first(&link->senders);
        struct peer *peer = WTL_CONTAINER(head, struct peer, on_link);
        if (head == first) {
            break; /* all have had their turn */
        }
        first = first == NULL ? head : first;
        size_t piece =
            wtl__sender_fill(&peer->sender, out + filled, capacity - filled, hub->now_ms);
        filled += piece;
        wtl__hub_tell_waiting(hub, peer);
        wtl__link_remove(head);
        wtl__list_push_last(&link->senders, head);
        if (capacity - filled < WTL__DATA_HEAD + WTL__MAIL_HEAD_MAX) {
            break;
        }
    }
    return filled;
}

size_t wtl__hub_fill(struct wtl__hub *hub, uint32_t number, uint8_t *out, size_t capacity,
                     uint64_t now_ms)
{
    struct link *link = wtl__hub_link(hub, number);
    hub->now_ms = now_ms;
    if (link == NULL) {
        return 0;
    }
    size_t filled = wtl__session_fill(&link->session, out, capacity);
    if (link->session.state == WTL__SESSION_UP) {
        filled += fill_relay(link, out + filled, capacity - filled);
        filled += fill_senders(hub, link, out + filled, capacity - filled);
    }
    if (filled == 0) {
        link->wants = false;
    }
    return filled;
}
