/*
 * core_rights.c - the constant table of layer and verb: what a node of one layer may do to an actor
 * of another. What is not in the table is denied.
 *
 * Edge and cloud may do everything that travels as mail. A device may talk, call, link and monitor;
 * it may end no actor elsewhere. Spawning, loading and inspecting are no mail, and have no entry.
 *
 * Thread: any. Owns: nothing.
 */
#include "mesh/core.h"

#include "actor/message.h"
#include "base/attr.h"

#define TO_DEVICE (1u << WTL_LAYER_DEVICE)
#define TO_EDGE   (1u << WTL_LAYER_EDGE)
#define TO_CLOUD  (1u << WTL_LAYER_CLOUD)
#define TO_ALL    (TO_DEVICE | TO_EDGE | TO_CLOUD)
#define TO_NONE   0u

#define EVERYTHING                                                                                 \
    {                                                                                              \
        [WTL__MESSAGE] = TO_ALL, [WTL__CALL] = TO_ALL, [WTL__REPLY] = TO_ALL,                      \
        [WTL__EXIT] = TO_ALL, [WTL__EXIT_SEND] = TO_ALL, [WTL__DOWN] = TO_ALL,                     \
        [WTL__LINK] = TO_ALL, [WTL__UNLINK] = TO_ALL, [WTL__UNLINK_ACK] = TO_ALL,                  \
        [WTL__MONITOR] = TO_ALL, [WTL__DEMONITOR] = TO_ALL, [WTL__CANCEL] = TO_ALL,                \
    }

static const uint8_t rights[WTL_LAYER_CLOUD + 1][WTL__KIND_LAST_WIRE + 1] = {
    [WTL_LAYER_DEVICE] =
        {
            [WTL__MESSAGE] = TO_ALL,
            [WTL__CALL] = TO_ALL,
            [WTL__REPLY] = TO_ALL,
            [WTL__EXIT] = TO_ALL, /* of a linked actor: who is not linked does not heed it */
            [WTL__EXIT_SEND] = TO_NONE,
            [WTL__DOWN] = TO_ALL,
            [WTL__LINK] = TO_ALL,
            [WTL__UNLINK] = TO_ALL,
            [WTL__UNLINK_ACK] = TO_ALL,
            [WTL__MONITOR] = TO_ALL,
            [WTL__DEMONITOR] = TO_ALL,
            [WTL__CANCEL] = TO_ALL,
        },
    [WTL_LAYER_EDGE] = EVERYTHING,
    [WTL_LAYER_CLOUD] = EVERYTHING,
};

bool wtl__core_allows(uint8_t layer_from, uint8_t layer_to, uint8_t mail_kind)
{
    if (layer_from >= WTL_COUNT(rights) || mail_kind > WTL__KIND_LAST_WIRE ||
        layer_to < WTL_LAYER_DEVICE || layer_to > WTL_LAYER_CLOUD) {
        return false;
    }
    return ((unsigned)rights[layer_from][mail_kind] >> layer_to & 1u) != 0;
}
