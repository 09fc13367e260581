/*
 * hub_leave.c - this node leaves in order: what it has received is acknowledged, what it has sent
 * is waited for, then everybody is told and every link is closed.
 *
 * The goodbye travels on the control lane, which overtakes data, and over other links than the data
 * may have taken. So that no message of this node comes after the word that it is down, it is said
 * when all has been acknowledged from the far ends, or WTL__LEAVE_MS later: what was not
 * acknowledged by then is reported to nobody, because its senders are gone.
 *
 * Thread: as the hub. Owns: nothing.
 */
#include "mesh/hub_private.h"

bool wtl__hub_is_awaited(const struct wtl__hub *hub)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    while (wtl__map_next(&hub->peers, &cursor, &entry)) {
        const struct peer *peer = entry.value;
        if (peer->link != 0 && (peer->sender.unacked != NULL || peer->sender.waiting != NULL)) {
            return true;
        }
    }
    return false;
}

void wtl__hub_leave_step(struct wtl__hub *hub)
{
    if (hub->leave_by_ms == 0 || hub->left ||
        (hub->now_ms < hub->leave_by_ms && wtl__hub_is_awaited(hub))) {
        return;
    }
    hub->left = true;
    wtl__hub_acks(hub, true);
    wtl__core_leave(hub->core, hub->now_ms);
    wtl__hub_settle(hub);
    for (uint32_t i = 0; i < hub->links_count; i++) {
        if (hub->links[i] != NULL) { /* one that the core has not heard of yet */
            wtl__session_close(&hub->links[i]->session, WTL_SHUTDOWN, "this node is stopping");
        }
    }
    wtl__hub_settle(hub);
}

void wtl__hub_leave(struct wtl__hub *hub, uint64_t now_ms)
{
    hub->now_ms = now_ms;
    if (hub->leave_by_ms == 0) {
        hub->leave_by_ms = now_ms + WTL__LEAVE_MS;
        wtl__hub_acks(hub, true);
        wtl__hub_leave_step(hub);
    }
}
