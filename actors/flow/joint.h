/*
 * joint.h - what every unit of a flow has: its spec, its links in both directions, and the messages
 * that are about them.
 *
 * Thread: the unit's, but for the spec. Owns: nothing; the spec belongs to the host and outlives
 * the unit.
 */
#ifndef WTL_FLOW_JOINT_H
#define WTL_FLOW_JOINT_H

#include "flow/counts.h"
#include "flow/in.h"
#include "flow/out.h"
#include "flow/tally.h"
#include "flow/units.h"

/* Messages that one run of a unit's own work handles before it lets others run. */
#define WTL_UNIT_BATCH 64u

/* What a unit is. Written by its host before the unit starts, and only read then, but for the
 * counts; it survives the restarts of the unit. */
struct wtl_stage_spec {
    struct wtl_actor type;        /* the behaviour that runs; its name is that of the stage */
    const struct wtl_actor *user; /* the stage's own; NULL for outboxes and forks */
    const void *settings;         /* of the user's type */
    struct wtl_pid host;
    uint64_t instance; /* the host's number of it */
    enum wtl_unit_kind kind;
    enum wtl_flow_mode mode;
    char name[WTL_UNIT_NAME_MAX];
    /* Told of each message that the stage drops, and why; NULL: nobody wants to know. */
    void (*dropped)(struct wtl_stage_spec *spec, const struct wtl_key *key, const char *reason);
    struct wtl_flow_counts *counts; /* its own, or in a file: see tally.h */
    struct wtl_flow_counts own_counts;
    struct wtl_tally tally;
};

/* The settings of every unit's type. */
struct wtl_stage_settings {
    struct wtl_stage_spec *spec;
};

/* How many backward messages are remembered, so that none is passed on twice. */
#define WTL_BACK_SEEN 64u

struct wtl_joint {
    struct wtl_stage_spec *spec;
    struct wtl_out out;
    struct wtl_in in;
    bool more;         /* the message to oneself that goes on is under way */
    uint64_t asked_up; /* what was asked for along the arrows, and handed on */
    uint64_t back_number;
    uint32_t back_next;
    struct {
        struct wtl_pid origin;
        uint64_t number;
    } back_seen[WTL_BACK_SEEN];
};

void wtl__joint_init(struct wtl_ctx *x, struct wtl_joint *joint, const void *settings, void *unit,
                     wtl_out_settled settled);

/* Handles the messages about links: open, close, credit, ack, reset, flush, retry, more
 * and wire. True:
 * it was one, and `status_out` says how it went; `gone_out` is the slot of a link that is over, or
 * WTL_IN_NONE. */
bool wtl__joint_handle(struct wtl_ctx *x, struct wtl_joint *joint, const struct wtl_msg *message,
                       enum wtl_status *status_out, uint32_t *gone_out);

/* A monitored actor has ended: as above. */
bool wtl__joint_down(struct wtl_ctx *x, struct wtl_joint *joint, const struct wtl_down *down,
                     uint32_t *gone_out);

/* A message to oneself, behind what waits already. */
void wtl__joint_more(struct wtl_ctx *x, struct wtl_joint *joint);

/* $flow.ask: hands it on backward. `arrow_count`: how many arrows count, from `first`; what is
 * asked for is what each of them has asked for. Returns how many are asked for newly. */
uint64_t wtl__joint_asked(struct wtl_joint *joint, const struct wtl_msg *message, uint32_t first,
                          uint32_t arrow_count);

/* Was that backward message seen before? It is from now on. */
bool wtl__joint_back_seen(struct wtl_joint *joint, const struct wtl_flow_back *back);

/* Sends a backward message to one actor, or to every unit before this one. */
enum wtl_status wtl__joint_back_to(struct wtl_ctx *x, struct wtl_pid to,
                                   const struct wtl_flow_back *back) WTL_MUST_USE;
void wtl__joint_back_all(struct wtl_ctx *x, const struct wtl_joint *joint,
                         const struct wtl_flow_back *back);

/* $flow.back from behind: hands it on backward, if this unit may and has not done so. */
void wtl__joint_relay(struct wtl_ctx *x, struct wtl_joint *joint, const struct wtl_msg *message);

#endif
