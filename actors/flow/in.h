/*
 * in.h - the links that lead to a unit: who may send how much, and what has to be acknowledged.
 *
 * Every link that is opened gets a share of the unit's window, in messages and in bytes; a share is
 * used until the message is acknowledged, so a slow unit holds back those before it, and they hold
 * back theirs. Acknowledgements are collected while the mailbox is worked off and go out together:
 * a message to oneself, behind what waits already, sends them. There is no timer.
 *
 * Thread: the unit's. Owns: memory of the actor's. Bounds: WTL_IN_LINKS_MAX links; the window for
 * all of them together, but at least one message each.
 */
#ifndef WTL_FLOW_IN_H
#define WTL_FLOW_IN_H

#include "flow/protocol.h"

#define WTL_IN_LINKS_MAX    4096u
#define WTL_IN_WINDOW       1024u              /* messages under way to one unit, */
#define WTL_IN_WINDOW_BYTES (4u * 1024 * 1024) /* and bytes of their bodies */
#define WTL_IN_SETTLED_MAX  256u               /* acknowledgements collected before they are sent */
#define WTL_IN_CARRIED_MAX  16u
#define WTL_IN_NONE         UINT32_MAX

struct wtl_in_link {
    struct wtl_pid pid; /* none: a free slot */
    uint64_t id;        /* ours: serial << 16 | slot */
    uint64_t theirs;
    uint64_t monitor;
    uint64_t next;   /* the n that comes next */
    uint64_t window; /* the largest that was granted */
    uint32_t open;   /* messages of it that are not settled */
    bool member;     /* from the fork of a group */
    bool broken;     /* something of it cannot be done: it will be reset */
    uint64_t asked;  /* asked for along it, and not come yet */
};

struct wtl_in_settled {
    uint64_t link;
    uint64_t n;
    bool sent;
};

struct wtl_in {
    struct wtl_in_link *links;
    uint32_t capacity; /* slots */
    uint32_t used;     /* slots ever used */
    uint32_t count;    /* links that are open */
    uint32_t share;    /* what each was told; 0: nothing yet */
    uint32_t turn;     /* who is asked next */
    uint32_t settled_count;
    bool flushing; /* the message to oneself is under way */
    bool broken;   /* one of the links is */
    uint64_t serial;
    uint64_t to_ask; /* messages to ask for, when there is somebody */
    uint32_t carried_next;
    struct { /* what was asked for by links that were reset: their senders remember it */
        struct wtl_pid pid;
        uint64_t asked;
    } carried[WTL_IN_CARRIED_MAX];
    struct wtl_in_settled settled[WTL_IN_SETTLED_MAX];
};

/* $flow.open and $flow.close. close returns the slot that is free now, as down does. */
void wtl__in_open(struct wtl_ctx *x, struct wtl_in *in, const struct wtl_msg *message);
uint32_t wtl__in_close(struct wtl_ctx *x, struct wtl_in *in, const struct wtl_msg *message);

/* A monitored actor has ended. The slot of its link, which is free now, or WTL_IN_NONE. */
uint32_t wtl__in_down(struct wtl_ctx *x, struct wtl_in *in, const struct wtl_down *down);

/* A $flow.data message: the slot of its link, or WTL_IN_NONE when it is to be ignored. When
 * something was lost before it, the link is broken. */
uint32_t wtl__in_data(struct wtl_in *in, const struct wtl_msg *message,
                      struct wtl_flow_data *data_out);

/* One message is done. `link` is the link's id, which may be over. */
void wtl__in_settle(struct wtl_ctx *x, struct wtl_in *in, uint64_t link, uint64_t n);

/* A message of that link will not be done here: the link is reset by the next wtl__in_reset. */
void wtl__in_break(struct wtl_in *in, uint64_t link);

/* Resets one broken link: its sender opens a new one, and sends again what is not acknowledged. The
 * slot, of which everything is to be forgotten; WTL_IN_NONE when no link is broken. Not while a
 * message of it is being handled. */
uint32_t wtl__in_reset(struct wtl_ctx *x, struct wtl_in *in);

/* $flow.flush: sends what was collected. */
void wtl__in_flush(struct wtl_ctx *x, struct wtl_in *in);

/* Asks those before this unit, in turn, for `count` more messages. */
void wtl__in_ask(struct wtl_ctx *x, struct wtl_in *in, uint64_t count);

#endif
