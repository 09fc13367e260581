/*
 * units.h - what a flow runs: its stages, and the actors between them that nobody writes.
 *
 *   PRODUCER   a stage that begins a chain and that nothing leads to
 *   OUTBOX     beside each producer: keeps what was accepted until it is acknowledged
 *   STAGE      any other stage: a processor or a consumer
 *   FORK       one for each {a, b}: gives a message to every member, waits for all, passes it on
 *
 * A stage's outputs are those of its unit; what a member of a group emits for a message of the
 * group is thrown away, so that is a matter of the arrow (`member`) and not of the stage.
 *
 * Pure functions. Owns: nothing beyond the struct, which can be copied.
 * Bounds: WTL_UNITS_MAX, WTL_ARROWS_MAX, WTL_UNIT_ARROWS_MAX; beyond them WTL_FULL.
 */
#ifndef WTL_FLOW_UNITS_H
#define WTL_FLOW_UNITS_H

#include "flow/ast.h"

#include <wattle/status.h>

#define WTL_UNITS_MAX       512u
#define WTL_ARROWS_MAX      2048u
#define WTL_UNIT_ARROWS_MAX 63u /* that lead on from one unit; a bit of a word each */

enum wtl_unit_kind {
    WTL_UNIT_PRODUCER = 1,
    WTL_UNIT_OUTBOX,
    WTL_UNIT_STAGE,
    WTL_UNIT_FORK,
};

struct wtl_arrow {
    uint16_t from;
    uint16_t to;
    bool two_way;
    bool member; /* from a fork to a member of its group */
};

struct wtl_unit {
    enum wtl_unit_kind kind;
    enum wtl_flow_mode mode; /* of producers and their outboxes */
    uint16_t stage;  /* of the flow; of an outbox its producer's; of a fork its first member's */
    uint16_t beside; /* a unit on whose nodes it runs; WTL_FLOW_NONE: by its own place */
    uint16_t copies; /* on each of its nodes, at least 1 */
    uint16_t first_arrow; /* those that lead on */
    uint16_t arrow_count;
    bool back;  /* every way that leads here is two-way */
    bool pulls; /* and every producer that leads here pulls */
};

struct wtl_units {
    uint16_t count;
    uint16_t arrow_count;
    struct wtl_unit list[WTL_UNITS_MAX];
    struct wtl_arrow arrows[WTL_ARROWS_MAX]; /* sorted by `from`, members first */
};

/* The units of a checked flow: equal flows give equal units, so every node that has the flow knows
 * them by number. Fails: WTL_UNSUPPORTED for a chain whose input or output are clients; WTL_FULL.
 * `error` may be NULL. */
WTL_MUST_USE enum wtl_status wtl_units_of(const struct wtl_flow_ast *ast,
                                          struct wtl_units *units_out, struct wtl_error *error);

/* The unit's name: its stage's, "co2.outbox", "alarm.fork". Returns `out`. */
#define WTL_UNIT_NAME_MAX (WTL_FLOW_NAME_MAX + 16)
const char *wtl_unit_name(const struct wtl_flow_ast *ast, const struct wtl_unit *unit,
                          char out[WTL_UNIT_NAME_MAX]);

#endif
