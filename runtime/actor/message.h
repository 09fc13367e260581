/*
 * message.h - envelopes and bodies: what is delivered, and what it carries.
 *
 * An envelope is one delivery: 64 bytes with the queue link, sender, tag and request. A body is the
 * bytes, immutable once sent, with a count of the envelopes that share it. A unicast has both in
 * one block; forwarding and fan-out make envelopes that point at a body in another block, whose own
 * envelope part is then unused. Signals are envelopes without a body: their exit reason is the tag
 * and three bits of flags.
 *
 * Thread: an envelope belongs to whoever holds it, one at a time. Bodies are read by any.
 * Owns: an envelope owns one count of its body. Memory comes from the pools (base/pool.h).
 */
#ifndef WTL_ACTOR_MESSAGE_H
#define WTL_ACTOR_MESSAGE_H

#include <stdatomic.h>

#include <wattle/pack.h>
#include <wattle/types.h>

#include "base/attr.h"

/* What an envelope is. Up to WTL__KIND_LAST_COUNTED it counts against the mailbox's bound. Kinds
 * marked (wire) travel between nodes, under the same number. */
enum wtl__kind {
    WTL__MESSAGE = 1, /* (wire) an ordinary message */
    WTL__CALL = 2,    /* (wire) a message that wants a reply: request != 0 */
    WTL__KIND_LAST_COUNTED = WTL__CALL,
    WTL__REPLY = 3,      /* (wire) request; status in the reason's place, see reply_status */
    WTL__EXIT = 4,       /* (wire) a linked actor has ended: from, reason */
    WTL__EXIT_SEND = 5,  /* (wire) wtl_exit: from, reason */
    WTL__DOWN = 6,       /* (wire) a monitored actor has ended: from, request = ref, reason */
    WTL__LINK = 7,       /* (wire) from */
    WTL__UNLINK = 8,     /* (wire) from, request = id */
    WTL__UNLINK_ACK = 9, /* (wire) from, request = id */
    WTL__MONITOR = 10,   /* (wire) from, request = ref */
    WTL__DEMONITOR = 11, /* (wire) from, request = ref */
    WTL__CANCEL = 12,    /* (wire) the caller does not want request answered any more */
    WTL__KIND_LAST_WIRE = WTL__CANCEL,
    WTL__ALARM = 13,     /* a timer is due; request = its number */
    WTL__ANSWER = 14,    /* an answer made on this node (work, names); as REPLY, any payload */
    WTL__WAIT = 15,      /* a blocked sender waits for room: from */
    WTL__RESUME = 16,    /* there is room again; the same envelope, sent back */
    WTL__NODE_DOWN = 17, /* from.node cannot be reached any more */
    WTL__DONE = 18,      /* wtl_done of a deferred init or stop */
    WTL__CONTROL = 19,   /* run a function on the actor: inspection, suspend, resume */
    WTL__LOCAL = 20,     /* a message that the runtime made for this actor: not counted */
    WTL__FD = 21,        /* a watched file descriptor is ready; as a message: {fd, events} */
    WTL__TICK = 22,      /* of a periodic timer, in its own actor's queue; request = the timer */
    WTL__BOUND = 23,     /* a call by name has gone to `from`; request */
    WTL__BACK = 24,      /* something has come back from where the actor's code runs */
    WTL__KIND_COUNT
};

/* flags_: the low bits are flags, bits 4..6 an exit class. */
#define WTL__FLAG_REDELIVERED 1u
#define WTL__FLAG_NATIVE      2u /* the body holds pointers of this process; never from the wire */
#define WTL__FLAG_STOP        4u /* of EXIT_SEND: its supervisor's order; never from the wire */
#define WTL__FLAG_LEAVES      8u /* kept, and released by an upgrade that is not decided yet */
#define WTL__CLASS_SHIFT      4u
#define WTL__FLAG_UNTIL       128u /* of a call: it says until when its caller waits */

struct wtl__envelope {
    struct wtl__envelope *next;
    struct wtl_msg msg;
};

_Static_assert(sizeof(struct wtl__envelope) <= 64, "an envelope is one cache line");

struct wtl__body {
    _Atomic(uint32_t) count; /* envelopes that share it */
    uint32_t until_ms;       /* of the envelope before it, see wtl__until */
    uint8_t bytes[];
};

/* While a message is being written nothing of its envelope is used yet but this: a link in a list
 * of messages that are open, so that those can be found whose writers are lost. `slot` is what
 * points here; NULL: it is in no list. */
struct wtl__draft {
    struct wtl__draft *next;
    struct wtl__draft **slot;
};

_Static_assert(sizeof(struct wtl__draft) <= sizeof(struct wtl__envelope), "it lies over one");

static inline struct wtl__envelope *wtl__envelope_of(const struct wtl_msg *message)
{
    return WTL_CONTAINER(message, struct wtl__envelope, msg);
}

static inline struct wtl__body *wtl__body_of(const struct wtl__envelope *envelope)
{
    return WTL_CONTAINER(envelope->msg.bytes, struct wtl__body, bytes);
}

static inline void wtl__set_reason(struct wtl__envelope *envelope, struct wtl_reason reason)
{
    envelope->msg.tag = reason.word;
    envelope->msg.flags_ =
        (uint8_t)((envelope->msg.flags_ & 0x0fu) | ((unsigned)reason.class_ << WTL__CLASS_SHIFT));
}

static inline struct wtl_reason wtl__get_reason(const struct wtl__envelope *envelope)
{
    unsigned class_ = (envelope->msg.flags_ & ~WTL__FLAG_UNTIL) >> WTL__CLASS_SHIFT;
    return (struct wtl_reason){.class_ = (enum wtl_exit_class)class_, .word = envelope->msg.tag};
}

/* A reply's status travels in the first word of its tag. */
static inline void wtl__set_status(struct wtl__envelope *envelope, enum wtl_status status)
{
    envelope->msg.tag = (struct wtl_tag){{(uint64_t)status, 0}};
}

static inline enum wtl_status wtl__get_status(const struct wtl__envelope *envelope)
{
    return (enum wtl_status)envelope->msg.tag.word[0];
}

/* A bare envelope, zeroed but for its kind. NULL when memory is exhausted. */
struct wtl__envelope *wtl__envelope_new(enum wtl__kind kind);

/* A call without a body: its block has a body's head all the same, because that is where a call
 * says until when. NULL when memory is exhausted. */
struct wtl__envelope *wtl__call_new(void);

/* Deadlines that are further away do not travel: until when is 32 bits of milliseconds. */
#define WTL__UNTIL_MAX_MS ((uint32_t)INT32_MAX)

/* Says in a call until when its caller waits: in the head of the body in its own block, so that no
 * message is larger for it. Of what wtl__call_new or a writer has made. */
static inline void wtl__until_put(struct wtl__envelope *call, uint64_t until_ms)
{
    ((struct wtl__body *)(void *)(call + 1))->until_ms = (uint32_t)until_ms;
    call->msg.flags_ |= WTL__FLAG_UNTIL;
}

/* Does it? Then that is when, of all moments the nearest to now. */
static inline bool wtl__has_until(const struct wtl__envelope *call)
{
    return (call->msg.flags_ & WTL__FLAG_UNTIL) != 0;
}

static inline uint64_t wtl__until(const struct wtl__envelope *call, uint64_t now_ms)
{
    uint32_t until_ms = ((const struct wtl__body *)(const void *)(call + 1))->until_ms;
    return now_ms + (uint64_t)(int64_t)(int32_t)(until_ms - (uint32_t)now_ms);
}

/* Takes the message out of the list that it may be in. */
static inline void wtl__draft_leave(struct wtl__envelope *envelope)
{
    struct wtl__draft *draft = (struct wtl__draft *)(void *)envelope;
    if (draft->slot != NULL) {
        *draft->slot = draft->next;
        if (WTL_UNLIKELY(draft->next != NULL)) {
            draft->next->slot = draft->slot;
        }
    }
}

/* Puts all of one list in front of another. */
void wtl__drafts_move(struct wtl__draft **to, struct wtl__draft **from);

/* Empties the list: the messages stay with their writers. */
void wtl__drafts_forget(struct wtl__draft **list);

/* Frees the messages of the list, whose writers are no more. */
void wtl__drafts_free(struct wtl__draft **list);

/* An envelope with a body of `capacity` bytes in one block, and a growing writer over the body.
 * False when memory is exhausted or capacity is over WTL_BODY_MAX: the writer is then failed. */
bool wtl__message_open(struct wtl_writer *writer, size_t capacity);

/* The same, and the message is in a list until it is taken or dropped. */
bool wtl__message_open_in(struct wtl__draft **list, struct wtl_writer *writer, size_t capacity);

/* Takes the envelope out of its writer: NULL when the writer has failed, and nothing is left. A
 * NULL writer gives a bare envelope. */
struct wtl__envelope *wtl__message_take(struct wtl_writer *writer, enum wtl__kind kind);

/* The same for an actor's message, whose writer is there and has not failed; each field is written
 * once, but for the two that wtl__deliver writes. */
static inline struct wtl__envelope *wtl__message_seal(struct wtl_writer *writer,
                                                      enum wtl__kind kind, struct wtl_tag tag,
                                                      struct wtl_pid from)
{
    struct wtl__envelope *envelope = writer->owner;
    wtl__draft_leave(envelope);
    uint32_t size = (uint32_t)wtl_written(writer);
    writer->owner = NULL;
    envelope->msg.tag = tag;
    envelope->msg.from = from;
    envelope->msg.request = 0;
    envelope->msg.bytes = size > 0 ? writer->begin : NULL;
    envelope->msg.size = size;
    envelope->msg.kind_ = (uint8_t)kind;
    envelope->msg.flags_ = 0;
    return envelope;
}

/* Why wtl__message_take of this writer gave NULL: WTL_TOO_LARGE or WTL_NO_MEMORY. */
enum wtl_status wtl__message_fault(const struct wtl_writer *writer);

/* Drops what a writer holds; a failed or NULL writer is fine. */
void wtl__message_drop(struct wtl_writer *writer);

/* An envelope of its own for the same body. NULL when memory is exhausted. */
struct wtl__envelope *wtl__message_share(const struct wtl_msg *message);

/* Frees the envelope, and its body when no other envelope shares it. */
void wtl__envelope_free(struct wtl__envelope *envelope);

/* Lets go of a body that lives in another block. A body in the envelope's own block stays with it,
 * unread: its size is 0 afterwards, whatever `bytes` is. */
void wtl__body_release(struct wtl__envelope *envelope);

#endif
