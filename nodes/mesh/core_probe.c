/*
 * core_probe.c - two incarnations of one name: who answers?
 *
 * A node is probed with a LOOKUP without a name, which every node answers, over whatever route
 * leads to that incarnation. A newcomer waits for the answer of the one that is up; two that are
 * linked at different core nodes are each probed by theirs.
 *
 * Thread: as the core. Owns: nothing.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

void wtl__core_probe(struct wtl__core *core, struct wtl__core_link *link, uint64_t node)
{
    struct wtl__names_frame frame = {
        .destination = node, .verb = WTL__NAMES_LOOKUP, .request = ++core->serial};
    link->probe = frame.request;
    link->answered = false;
    (void)wtl__core_names_send(core, &frame);
}

void wtl__core_probe_answered(struct wtl__core *core, uint64_t node, uint64_t number)
{
    for (uint32_t i = core->links_count; i-- > 0;) {
        struct wtl__core_link *link = i < core->links_count ? core->links[i] : NULL;
        if (link == NULL || link->probe != number ||
            WTL__NODE_BITS(link->node) != WTL__NODE_BITS(node)) {
            continue;
        }
        if (link->state == WTL__LINK_NEWCOMER) {
            wtl__core_link_close(core, link, WTL_DUPLICATE,
                                 "a node of that name is up and answers");
        } else {
            link->answered = true;
        }
    }
}

void wtl__core_link_contest(struct wtl__core *core, struct wtl__core_link *link, uint64_t rival)
{
    if (link->rival == 0) {
        link->rival = rival;
        link->until_ms = core->now_ms + WTL__PROBE_MS;
        wtl__core_wake(core, WTL__DUE_LINK, link->until_ms);
        wtl__core_probe(core, link, link->node);
    }
}

void wtl__core_link_contest_leaf(struct wtl__core *core, struct wtl__core_link *link,
                                 uint64_t rival, const struct wtl__core_link *from,
                                 const struct wtl__frame *record)
{
    bool first = link->rival == 0;
    link->held_size = 0; /* the latest record is the one that counts */
    if (wtl__core_link_hold(core, link, record) != WTL_OK) {
        return;
    }
    link->rival_from = from->number;
    wtl__core_link_contest(core, link, rival);
    link->rival = first ? link->rival : rival;
}

/* Does some other core node still say that it reaches the rival? */
static bool rival_is_near(const struct wtl__core *core, uint64_t rival)
{
    uint8_t hops;
    for (uint32_t i = 0; i < core->links_count; i++) {
        const struct wtl__core_link *link = core->links[i];
        if (link->state == WTL__LINK_ON && link->layer != WTL_LAYER_DEVICE &&
            wtl__core_reaches(link, rival, &hops)) {
            return true;
        }
    }
    return false;
}

/* Two incarnations are linked at different nodes. A silent one goes; if both answer, the side of
 * the lower id keeps it, and the other side, which sees the same two, closes its own. */
static void decide_contest(struct wtl__core *core, struct wtl__core_link *link)
{
    uint64_t rival = link->rival;
    link->rival = 0;
    if (link->held == NULL && !rival_is_near(core, rival)) {
        return;
    }
    if (!link->answered) {
        wtl__core_link_close(core, link, WTL_CLOSED, "silent, and its name is up elsewhere");
    } else if (rival < link->node) {
        wtl__core_link_close(core, link, WTL_DUPLICATE, "a node of that name is up elsewhere");
    } else {
        free(link->held);
        link->held = NULL;
        link->held_size = 0;
    }
}

void wtl__core_link_rival_in(struct wtl__core *core, struct wtl__core_link *link)
{
    struct wtl__core_link *from = wtl__core_link_find(core, link->rival_from);
    struct wtl__frame record;
    size_t used = 0;
    if (link->held != NULL && from != NULL && from->state == WTL__LINK_ON &&
        wtl__frame_next(link->held, link->held_size, &record, &used) == WTL_OK) {
        /* it was good when it came: what is wrong with it now is no fault of that link */
        enum wtl_status status = wtl__core_attach_frame(core, from, &record);
        (void)status;
    }
}

/* The old incarnation has not answered, or has no route any more. */
static void let_in(struct wtl__core *core, struct wtl__core_link *link)
{
    struct wtl__core_node *node = wtl__core_node_named(core, link->node);
    struct wtl__core_link *old = node == NULL ? NULL : wtl__core_link_find(core, node->link);
    if (old != NULL) {
        wtl__core_link_close(core, old, WTL_CLOSED, "silent, and a new incarnation is here");
    }
    if (link->state == WTL__LINK_NEWCOMER) {
        wtl__core_link_let_in(core, link->node);
    }
}

void wtl__core_links_tick(struct wtl__core *core)
{
    for (uint32_t i = core->links_count; i-- > 0;) {
        struct wtl__core_link *link = i < core->links_count ? core->links[i] : NULL;
        if (link == NULL || (link->state == WTL__LINK_ON && link->rival == 0)) {
            continue;
        }
        if (link->until_ms > core->now_ms) {
            wtl__core_wake(core, WTL__DUE_LINK, link->until_ms);
        } else if (link->state == WTL__LINK_NEWCOMER) {
            let_in(core, link);
        } else if (link->state == WTL__LINK_OLDER) {
            wtl__core_link_close(core, link, WTL_CLOSED, "the node has dialled again");
        } else {
            decide_contest(core, link);
        }
    }
}
