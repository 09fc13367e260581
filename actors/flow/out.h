/*
 * out.h - the links that lead on from a unit: opening them, credit, what is under way, and what
 * becomes of it.
 *
 * An *arrow* of the flow is one stage behind this one; its *links* are that stage's instances,
 * among which a message chooses by its sequence number, so that it always takes the same way. What
 * was sent is remembered by number and cookie until it is acknowledged, or its link is lost or
 * reset; then `settled` is called, once. Bodies are not kept here.
 *
 *   DEAD     nobody is known, or it has ended: the next wire says where it leads
 *   LOST     it could not be reached: opened again after WTL_OUT_RETRY_MS
 *   OPENING  open was sent
 *   OPEN     credit has come
 *
 * Thread: the unit's. Owns: arrays of the actor's memory. Bounds: WTL_OUT_LINKS_MAX; what is under
 * way, by the credit of the far end.
 */
#ifndef WTL_FLOW_OUT_H
#define WTL_FLOW_OUT_H

#include "flow/counts.h"
#include "flow/protocol.h"

#define WTL_OUT_LINKS_MAX  4096u
#define WTL_OUT_ARROWS_MAX 64u
#define WTL_OUT_WINDOW_MAX 65536u
#define WTL_OUT_RETRY_MS   1000u

enum wtl_out_state { WTL_OUT_DEAD = 0, WTL_OUT_LOST, WTL_OUT_OPENING, WTL_OUT_OPEN };

struct wtl_out_sent {
    uint64_t cookie;
    uint32_t size;
    bool done;
};

struct wtl_out_link {
    struct wtl_pid pid;
    uint64_t id;      /* ours */
    uint64_t theirs;  /* the far end's number of it */
    uint64_t monitor; /* 0: none */
    enum wtl_out_state state;
    uint16_t arrow;
    uint64_t base;   /* the oldest n that is under way */
    uint64_t next;   /* the n of the next one */
    uint64_t bytes;  /* under way */
    uint64_t window; /* credit */
    uint64_t window_bytes;
    struct wtl_out_sent *ring; /* ring_size of them, a power of two; n at n & (ring_size - 1) */
    uint32_t ring_size;
};

struct wtl_out_arrow {
    char name[64];
    bool member;
    uint32_t first; /* of links */
    uint32_t count;
    uint64_t asked; /* messages that were asked for along it, ever */
};

/* One that was sent is done, or (ok is false) is not and never will be by this link. It must not
 * send; what follows is done by the unit when the call that it comes from is over. */
typedef void (*wtl_out_settled)(struct wtl_ctx *x, void *unit, uint16_t arrow, uint64_t cookie,
                                bool ok);

struct wtl_out {
    struct wtl_flow_counts *counts; /* of the unit; read */
    void *unit;
    wtl_out_settled settled;
    struct wtl_out_arrow *arrows;
    struct wtl_out_link *links;
    uint32_t arrow_count;
    uint32_t link_count;
    uint64_t serial;
    uint64_t epoch; /* of the flow */
    uint64_t under_way;
    bool wired;
    bool back;
    bool pulls;
    bool retrying;
};

/* Takes a $flow.wire message; links to the same actors stay, the others are closed, new ones
 * opened. Fails: WTL_BAD_PAYLOAD; WTL_INVALID when the arrows are not those of before: the unit
 * then has to start anew; WTL_NO_MEMORY. */
enum wtl_status wtl__out_wire(struct wtl_ctx *x, struct wtl_out *out,
                              const struct wtl_msg *message) WTL_MUST_USE;

/* May one more be sent along that arrow now? */
bool wtl__out_ready(const struct wtl_out *out, uint32_t arrow, uint64_t seq);

/* How many may be sent along that arrow now, over all its links. */
uint64_t wtl__out_room(const struct wtl_out *out, uint32_t arrow);

/* Sends, with link and n filled in here. False: it is not under way, and not settled either. */
bool wtl__out_send(struct wtl_ctx *x, struct wtl_out *out, uint32_t arrow,
                   struct wtl_flow_data *data, uint64_t cookie);

/* $flow.credit, $flow.ack, $flow.reset, $flow.ask and $flow.retry. What does not fit any link is
 * ignored: it is of one that is no more, or made up. ask returns the arrow, or UINT32_MAX. */
void wtl__out_credit(struct wtl_out *out, const struct wtl_msg *message);
void wtl__out_ack(struct wtl_ctx *x, struct wtl_out *out, const struct wtl_msg *message);
void wtl__out_reset(struct wtl_ctx *x, struct wtl_out *out, const struct wtl_msg *message);
uint32_t wtl__out_ask(struct wtl_out *out, const struct wtl_msg *message);
void wtl__out_retry(struct wtl_ctx *x, struct wtl_out *out);

/* A monitored actor has ended. False: it was none of these links'. */
bool wtl__out_down(struct wtl_ctx *x, struct wtl_out *out, const struct wtl_down *down);

#endif
