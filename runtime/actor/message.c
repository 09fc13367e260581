/* message.c - making, sharing and freeing envelopes and bodies. See message.h. */
#include "actor/message.h"

#include "base/cap.h"
#include "base/pool_hot.h"

/* Where a body starts behind its envelope. */
#define BODY_AT    sizeof(struct wtl__envelope)
#define BLOCK_HEAD (BODY_AT + sizeof(struct wtl__body))
/* The smallest body that is worth a block: it makes short messages grow without a copy. */
#define CAPACITY_MIN 48u

_Static_assert(sizeof(struct wtl__body) == 8, "a body's head is one word");

static struct wtl__envelope *block_of(struct wtl__body *body)
{
    return (struct wtl__envelope *)(void *)((char *)body - BODY_AT);
}

static struct wtl__draft *draft_of(struct wtl__envelope *envelope)
{
    return (struct wtl__draft *)(void *)envelope;
}

static struct wtl__body *inline_body(struct wtl__envelope *envelope)
{
    return (struct wtl__body *)(void *)((char *)envelope + BODY_AT);
}

/* The long way, when the short one has found nothing. */
static void *take_for(enum wtl__need need, size_t size)
{
    enum wtl__need before = wtl__cap_enter(need);
    void *block = wtl__pool_take(size);
    wtl__cap_leave(before);
    return block;
}

struct wtl__envelope *wtl__envelope_new(enum wtl__kind kind)
{
    struct wtl__envelope *envelope = wtl__pool_take_hot(sizeof *envelope);
    if (WTL_UNLIKELY(envelope == NULL)) {
        envelope = take_for(kind <= WTL__KIND_LAST_COUNTED ? WTL__NEED_MESSAGE : WTL__NEED_RUNTIME,
                            sizeof *envelope);
    }
    if (envelope != NULL) {
        *envelope = (struct wtl__envelope){.msg = {.kind_ = (uint8_t)kind}};
    }
    return envelope;
}

static void body_init(struct wtl__envelope *envelope)
{
    atomic_init(&inline_body(envelope)->count, 1);
}

struct wtl__envelope *wtl__call_new(void)
{
    struct wtl__envelope *envelope = wtl__pool_take_hot(BLOCK_HEAD);
    if (WTL_UNLIKELY(envelope == NULL)) {
        envelope = take_for(WTL__NEED_MESSAGE, BLOCK_HEAD);
    }
    if (envelope != NULL) {
        *envelope = (struct wtl__envelope){.msg = {.kind_ = WTL__CALL}};
        body_init(envelope);
    }
    return envelope;
}

static struct wtl__envelope *block_new(size_t capacity)
{
    struct wtl__envelope *envelope = take_for(WTL__NEED_MESSAGE, BLOCK_HEAD + capacity);
    if (envelope != NULL) {
        body_init(envelope);
    }
    return envelope;
}

static inline void draft_join(struct wtl__envelope *envelope, struct wtl__draft **list)
{
    struct wtl__draft *draft = draft_of(envelope);
    draft->slot = list;
    if (list == NULL) {
        return;
    }
    struct wtl__draft *next = *list;
    draft->next = next;
    *list = draft;
    if (WTL_UNLIKELY(next != NULL)) {
        next->slot = &draft->next;
    }
}

void wtl__drafts_move(struct wtl__draft **to, struct wtl__draft **from)
{
    struct wtl__draft **last = from;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = *to;
    if (*to != NULL) {
        (*to)->slot = last;
    }
    *to = *from;
    *from = NULL;
    if (*to != NULL) {
        (*to)->slot = to;
    }
}

void wtl__drafts_forget(struct wtl__draft **list)
{
    for (struct wtl__draft *draft = *list; draft != NULL; draft = draft->next) {
        draft->slot = NULL;
    }
    *list = NULL;
}

void wtl__drafts_free(struct wtl__draft **list)
{
    struct wtl__draft *draft = *list;
    *list = NULL;
    while (draft != NULL) {
        struct wtl__draft *next = draft->next;
        wtl__pool_give(draft);
        draft = next;
    }
}

/* Marks a writer whose body would be over the bound: it grows no more. */
static bool too_large(struct wtl_writer *writer, size_t need)
{
    (void)writer;
    (void)need;
    return false;
}

/* The message goes on in a larger block: that one takes the other's place in its list. */
static void draft_moves(struct wtl__envelope *envelope, struct wtl__envelope *larger)
{
    struct wtl__draft *draft = draft_of(larger);
    *draft = *draft_of(envelope);
    if (draft->slot != NULL) {
        *draft->slot = draft;
        if (draft->next != NULL) {
            draft->next->slot = &draft->next;
        }
    }
}

static bool grow(struct wtl_writer *writer, size_t need)
{
    size_t used = wtl_written(writer);
    if (need > WTL_BODY_MAX - used) {
        writer->grow = too_large;
        return false;
    }
    size_t capacity = (used + need) * 2;
    capacity = capacity > WTL_BODY_MAX ? WTL_BODY_MAX : capacity;
    struct wtl__envelope *larger = block_new(capacity);
    if (larger == NULL) {
        return false;
    }
    struct wtl__body *body = inline_body(larger);
    memcpy(body->bytes, writer->begin, used);
    draft_moves(writer->owner, larger);
    wtl__pool_give(writer->owner);
    writer->owner = larger;
    writer->begin = body->bytes;
    writer->at = body->bytes + used;
    writer->end = body->bytes + capacity;
    return true;
}

static inline void writer_begin(struct wtl_writer *writer, struct wtl__envelope *envelope,
                                size_t capacity)
{
    uint8_t *bytes = inline_body(envelope)->bytes;
    writer->at = bytes;
    writer->begin = bytes;
    writer->end = bytes + capacity;
    writer->failed = false;
    writer->grow = grow;
    writer->owner = envelope;
}

/* Where the pool has to look for memory, or there is too little of it. */
static __attribute__((noinline)) bool open_slow(struct wtl__draft **list, struct wtl_writer *writer,
                                                size_t capacity)
{
    struct wtl__envelope *envelope = capacity <= WTL_BODY_MAX ? block_new(capacity) : NULL;
    if (envelope == NULL) {
        *writer =
            (struct wtl_writer){.failed = true, .grow = capacity > WTL_BODY_MAX ? too_large : NULL};
        return false;
    }
    draft_join(envelope, list);
    writer_begin(writer, envelope, capacity);
    return true;
}

bool wtl__message_open_in(struct wtl__draft **list, struct wtl_writer *writer, size_t capacity)
{
    capacity = capacity < CAPACITY_MIN ? CAPACITY_MIN : capacity;
    struct wtl__envelope *envelope = NULL;
    if (WTL_LIKELY(capacity <= WTL__POOL_BLOCK_MAX - BLOCK_HEAD)) {
        envelope = wtl__pool_take_hot(BLOCK_HEAD + capacity);
    }
    if (WTL_UNLIKELY(envelope == NULL)) {
        return open_slow(list, writer, capacity);
    }
    body_init(envelope);
    draft_join(envelope, list);
    writer_begin(writer, envelope, capacity);
    return true;
}

bool wtl__message_open(struct wtl_writer *writer, size_t capacity)
{
    return wtl__message_open_in(NULL, writer, capacity);
}

struct wtl__envelope *wtl__message_take(struct wtl_writer *writer, enum wtl__kind kind)
{
    if (writer == NULL) {
        return wtl__envelope_new(kind);
    }
    if (WTL_UNLIKELY(writer->failed)) {
        wtl__message_drop(writer);
        return NULL;
    }
    struct wtl__envelope *envelope = writer->owner;
    uint32_t size = (uint32_t)wtl_written(writer);
    wtl__draft_leave(envelope);
    *envelope = (struct wtl__envelope){
        .msg = {.bytes = size > 0 ? writer->begin : NULL, .size = size, .kind_ = (uint8_t)kind}};
    writer->owner = NULL;
    return envelope;
}

enum wtl_status wtl__message_fault(const struct wtl_writer *writer)
{
    return writer != NULL && writer->grow == too_large ? WTL_TOO_LARGE : WTL_NO_MEMORY;
}

void wtl__message_drop(struct wtl_writer *writer)
{
    if (writer != NULL && writer->owner != NULL) {
        wtl__draft_leave(writer->owner);
        wtl__pool_give(writer->owner);
        writer->owner = NULL;
    }
}

struct wtl__envelope *wtl__message_share(const struct wtl_msg *message)
{
    struct wtl__envelope *envelope = wtl__envelope_new(WTL__MESSAGE);
    if (envelope != NULL && message->bytes != NULL) {
        envelope->msg.bytes = message->bytes;
        envelope->msg.size = message->size;
        envelope->msg.flags_ =
            message->flags_ & WTL__FLAG_NATIVE; /* of the bytes, not of the sender */
        /* relaxed: the count cannot fall to 0 while `message` holds one of it */
        atomic_fetch_add_explicit(&wtl__body_of(envelope)->count, 1, memory_order_relaxed);
    }
    return envelope;
}

/* Gives up one count; true when it was the last. */
static bool last_count(struct wtl__body *body)
{
    /* acquire pairs with the release below: whoever frees sees all reads of the others as done */
    if (atomic_load_explicit(&body->count, memory_order_acquire) == 1) {
        return true;
    }
    return atomic_fetch_sub_explicit(&body->count, 1, memory_order_acq_rel) == 1;
}

/* Its body is in another block, or shared with others. */
static __attribute__((noinline)) void free_shared(struct wtl__envelope *envelope)
{
    struct wtl__body *body = wtl__body_of(envelope);
    struct wtl__envelope *block = block_of(body);
    if (block != envelope) {
        wtl__pool_give(envelope);
    }
    if (last_count(body)) {
        wtl__pool_give(block);
    }
}

void wtl__envelope_free(struct wtl__envelope *envelope)
{
    if (envelope->msg.bytes != NULL) {
        struct wtl__body *body = wtl__body_of(envelope);
        /* acquire: as in last_count */
        if (WTL_UNLIKELY(block_of(body) != envelope ||
                         atomic_load_explicit(&body->count, memory_order_acquire) != 1)) {
            free_shared(envelope);
            return;
        }
    }
    if (WTL_UNLIKELY(!wtl__pool_give_hot(envelope))) {
        wtl__pool_give(envelope);
    }
}

void wtl__body_release(struct wtl__envelope *envelope)
{
    if (envelope->msg.bytes == NULL) {
        return;
    }
    struct wtl__body *body = wtl__body_of(envelope);
    struct wtl__envelope *block = block_of(body);
    envelope->msg.size = 0;
    /* A body in the envelope's own block may be shared by others, who forwarded it: the envelope
     * keeps its count, and with it `bytes`, until it is freed. */
    if (block != envelope) {
        envelope->msg.bytes = NULL;
        if (last_count(body)) {
            wtl__pool_give(block);
        }
    }
}
