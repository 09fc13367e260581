/*
 * assoc.h - associations: the ordered, acknowledged stream of messages from one node to another,
 * whatever links it travels over. Sans-I/O.
 *
 * The sending half numbers messages and keeps them until the destination has acknowledged them; on
 * a new route it sends again what was not. The receiving half delivers each number once, in order,
 * puts pieces together, and grants credit. A hop in between knows handles only.
 *
 * A message is numbered when its last piece goes: between the pieces of a large one small ones go
 * whole, so that they do not wait for its end. Those to the same receiver do.
 *
 * Thread: one, the loop that holds the links. Owns: a sender owns its envelopes until they are
 * acknowledged or given up; a receiver owns the message it puts together.
 */
#ifndef WTL_MESH_ASSOC_H
#define WTL_MESH_ASSOC_H

#include "actor/message.h"
#include "wire/frame.h"

/* Bytes of messages that may be under way in one association. */
#define WTL__WINDOW (4u * 1024 * 1024)
/* The receiver acknowledges after so many bytes or messages, or WTL__ACK_MS. */
#define WTL__ACK_BYTES    (64u * 1024)
#define WTL__ACK_MESSAGES 64u
#define WTL__ACK_MS       5u

/* ---- sending ------------------------------------------------------------------------------ */

struct wtl__sender {
    uint64_t source, destination; /* node ids */
    uint64_t session;
    uint64_t next;       /* number of the next message that leaves `waiting`; the first is 1 */
    uint64_t acked;      /* every one before it is acknowledged */
    uint64_t sent_bytes; /* of messages that have left `waiting`, since the session began */
    uint64_t credit;     /* how far sent_bytes may go */
    struct wtl__envelope *unacked, *unacked_last; /* oldest first: numbers acked .. next-1 */
    struct wtl__envelope *out; /* the one of them whose pieces go next; NULL: all have gone */
    uint64_t out_number;
    uint32_t out_at;                              /* how much of it has gone on this route */
    bool out_is_new;                              /* it never went: others may go before its end */
    struct wtl__envelope *before_out;             /* the unacknowledged one before it, or NULL */
    struct wtl__envelope *waiting, *waiting_last; /* not yet sent */
    uint32_t waiting_count;
    uint64_t waiting_bytes;
    uint64_t resent;
    uint32_t route; /* counts the routes that it had */
    bool routed;    /* there is a route, under `handle` */
    bool opened;    /* OPEN was written on it */
    uint16_t handle;
};

/* An envelope in a sender has its destination's local id in msg.from.node (its own node is the
 * association's source). */
static inline uint64_t wtl__mail_to(const struct wtl__envelope *envelope)
{
    return envelope->msg.from.node;
}

void wtl__sender_init(struct wtl__sender *sender, uint64_t source, uint64_t destination,
                      uint64_t session);
/* Owns: takes the envelope. */
void wtl__sender_push(struct wtl__sender *sender, struct wtl__envelope *envelope);
/* There is a new route: everything unacknowledged goes again, under that handle. */
void wtl__sender_route(struct wtl__sender *sender, uint16_t handle);
/* There is none any more: everything waits. */
void wtl__sender_unroute(struct wtl__sender *sender);
/* Has it anything to write now, with its credit? */
bool wtl__sender_wants(const struct wtl__sender *sender);
/* Writes whole frames (OPEN first, where needed) straight into `out`; returns their bytes. Until
 * when a call is waited for goes as what is left of that at `now_ms`, the clock of the runtime. */
size_t wtl__sender_fill(struct wtl__sender *sender, uint8_t *out, size_t capacity, uint64_t now_ms);
/* WTL_PROTOCOL for a number that was never sent, or less credit than before. Frees what is done. */
enum wtl_status wtl__sender_ack(struct wtl__sender *sender,
                                const struct wtl__ack *ack) WTL_MUST_USE;
/* Takes everything that is not acknowledged, oldest first: the destination is gone. */
struct wtl__envelope *wtl__sender_give_up(struct wtl__sender *sender);

/* ---- receiving ---------------------------------------------------------------------------- */

/* A message that is being put together. */
struct wtl__incoming {
    struct wtl_writer building; /* its body */
    struct wtl__mail mail;
    uint64_t started_ms; /* when its first piece came */
};

struct wtl__receiver {
    uint64_t source, destination;
    uint64_t session;
    uint64_t expected;                  /* the number of the next message to be delivered */
    uint64_t number;                    /* of the message that the present handle brings next */
    uint64_t bytes;                     /* of messages delivered */
    uint64_t acked_bytes, acked_number; /* as last told */
    uint64_t ack_due_ms;                /* 0: none is due */
    struct wtl__incoming incoming;
    uint32_t route; /* of the OPEN that counts */
    bool in_message;
    bool skipping; /* a message that was delivered before */
    uint64_t duplicates;
};

/* Delivers a message; `envelope` is of mail->kind with everything but `to` set. Owns: takes it. */
typedef void (*wtl__on_mail)(void *context, uint64_t to, struct wtl__envelope *envelope);

void wtl__receiver_init(struct wtl__receiver *receiver, const struct wtl__open *open);
void wtl__receiver_deinit(struct wtl__receiver *receiver);
/* A new OPEN of the same session: from now on only its handle counts. WTL_STOP when it is of an
 * older route than the last one, and comes too late; WTL_PROTOCOL when its number is after what is
 * expected. */
enum wtl_status wtl__receiver_open(struct wtl__receiver *receiver,
                                   const struct wtl__open *open) WTL_MUST_USE;
/* One DATA frame. WTL_PROTOCOL, WTL_NO_MEMORY: the association cannot go on on this link.
 * WTL_BAD_PAYLOAD: the message was dropped, and counts as delivered; the rest goes on. */
enum wtl_status wtl__receiver_data(struct wtl__receiver *receiver, const struct wtl__frame *frame,
                                   uint64_t now_ms, wtl__on_mail on_mail,
                                   void *context) WTL_MUST_USE;
/* Is an ack due now? Then it is in *ack_out, and counts as told. */
bool wtl__receiver_ack(struct wtl__receiver *receiver, uint64_t now_ms, bool force,
                       struct wtl__ack *ack_out);

#endif
