/*
 * outbox.h - keeps what a producer's wtl_emit has accepted until it is acknowledged from the far
 * end. One actor beside each producer instance, under a supervisor of its own, so that a producer
 * that ends, or whose supervisor gives up, loses nothing; only the end of this actor or of its node
 * does, and then WTL_FLOW_LOST says how much at most: what was accepted and is not known to be
 * done.
 *
 * It is the *source* of the messages' keys. Messages are sent in order along each arrow; what comes
 * back as not done is sent again, before anything newer that was not sent yet.
 *
 * How much the producer may emit (the mode of the chain):
 *   push    what there is room for here
 *   demand  what the stages behind can take now: what is under way is never more than their window
 *   pull    what was asked for from the far end
 *
 * Thread: its own. Owns: the messages. Bounds: WTL_FLOW_OUTBOX_MESSAGES, WTL_FLOW_OUTBOX_BYTES.
 */
#ifndef WTL_FLOW_OUTBOX_H
#define WTL_FLOW_OUTBOX_H

#include "flow/joint.h"

struct wtl_entry {
    const struct wtl_msg *message; /* NULL: it is done */
    uint64_t epoch;
    uint64_t sent;  /* along these arrows */
    uint64_t acked; /* from these */
    bool redelivered;
};

struct wtl_outbox {
    struct wtl_joint joint;
    struct wtl_entry *entries; /* WTL_FLOW_OUTBOX_MESSAGES; seq at seq % of them */
    uint64_t base;             /* the oldest seq that is not done */
    uint64_t next;
    uint64_t held;                       /* messages, */
    uint64_t bytes;                      /* and their bytes */
    uint64_t cursor[WTL_OUT_ARROWS_MAX]; /* below it nothing is unsent along this arrow */
    uint64_t accepted;                   /* ever */
    uint64_t accepted_bytes;
    uint64_t asked; /* for, ever */
    struct wtl_pid producer;
    uint64_t link;      /* the producer's number of it */
    uint64_t link_from; /* accepted before this link */
    uint64_t link_from_bytes;
    uint64_t told; /* what the producer was told last, of this link */
    uint64_t told_bytes;
};

#endif
