/* ring.c - see ring.h. A link is the pointer that leads to an envelope: of the one before, or
 * first. */
#include "actor/ring.h"

#include <pthread.h>

#include "actor/key.h"
#include "base/map.h"
#include "base/pool.h"

struct wtl__ring {
    struct wtl__envelope *first;
    struct wtl__envelope **end;    /* the last link */
    struct wtl__envelope **oldest; /* to the oldest message; `end` when there is none */
    struct wtl__envelope **fresh;  /* to the first signal that was not looked at; else `end` */
    struct wtl__envelope **hole; /* where goes back what the actor has out; NULL: nothing is out */
    uint32_t counted;            /* messages in the list */
    uint32_t before;             /* of these in front of the hole */
    uint32_t out;                /* messages that the actor has out */
    uint32_t max;
    uint64_t bytes;
    bool latest;
    const char *field;    /* whose value is the key; NULL: the sender is */
    uint64_t seed;        /* of the keys' hashes */
    struct wtl__map keys; /* of the latest: hash of the key -> link */
};

/* ---- locks --------------------------------------------------------------------------------- */

static struct {
    alignas(WTL_CACHE_LINE) pthread_mutex_t mutex;
} locks[WTL__RING_LOCKS] = {[0 ... WTL__RING_LOCKS - 1] = {PTHREAD_MUTEX_INITIALIZER}};

static void lock(const struct wtl__cell *cell)
{
    (void)pthread_mutex_lock(&locks[cell->slot % WTL__RING_LOCKS].mutex);
}

static void unlock(const struct wtl__cell *cell)
{
    (void)pthread_mutex_unlock(&locks[cell->slot % WTL__RING_LOCKS].mutex);
}

/* ---- the list ------------------------------------------------------------------------------ */

static bool is_counted(const struct wtl__envelope *envelope)
{
    return envelope->msg.kind_ <= WTL__KIND_LAST_COUNTED;
}

static uint64_t weight(const struct wtl__envelope *envelope)
{
    return sizeof *envelope + envelope->msg.size;
}

/* The hash of its key; 0: it has none. A message without a call's number has room for it. */
static uint64_t key_of(const struct wtl__envelope *envelope)
{
    return envelope->msg.kind_ == WTL__MESSAGE ? envelope->msg.request : 0;
}

/* The link to `envelope` was `from` and is `to`. */
static void link_moves(struct wtl__ring *ring, const struct wtl__envelope *envelope,
                       struct wtl__envelope **from, struct wtl__envelope **to)
{
    if (envelope != NULL && key_of(envelope) != 0 &&
        wtl__map_get(&ring->keys, key_of(envelope), 0) == from) {
        wtl__map_replace(&ring->keys, key_of(envelope), 0, to);
    }
    ring->end = ring->end == from ? to : ring->end;
    ring->oldest = ring->oldest == from ? to : ring->oldest;
    ring->fresh = ring->fresh == from ? to : ring->fresh;
    ring->hole = ring->hole == from ? to : ring->hole;
}

static void find_oldest(struct wtl__ring *ring)
{
    while (ring->oldest != ring->end && !is_counted(*ring->oldest)) {
        ring->oldest = &(*ring->oldest)->next;
    }
}

/* A message at that link is in the list from now on. Without memory its key is not known. */
static void note(struct wtl__ring *ring, struct wtl__envelope **link)
{
    ring->counted++;
    ring->bytes += weight(*link);
    if (key_of(*link) != 0) {
        (void)(wtl__map_put(&ring->keys, key_of(*link), 0, link) == WTL_OK);
    }
}

static void forget(struct wtl__ring *ring, struct wtl__envelope **link)
{
    ring->counted--;
    ring->bytes -= weight(*link);
    if (key_of(*link) != 0 && wtl__map_get(&ring->keys, key_of(*link), 0) == link) {
        (void)wtl__map_remove(&ring->keys, key_of(*link), 0);
    }
}

static struct wtl__envelope *take_out(struct wtl__ring *ring, struct wtl__envelope **link)
{
    struct wtl__envelope *envelope = *link;
    if (is_counted(envelope)) {
        forget(ring, link);
    }
    *link = envelope->next;
    link_moves(ring, *link, &envelope->next, link);
    if (ring->oldest == link) {
        find_oldest(ring);
    }
    envelope->next = NULL;
    return envelope;
}

static struct wtl__envelope *drop_oldest(struct wtl__ring *ring)
{
    ring->before -= ring->before > 0;
    return take_out(ring, ring->oldest);
}

static void append(struct wtl__ring *ring, struct wtl__envelope *envelope)
{
    struct wtl__envelope **link = ring->end;
    bool none = ring->oldest == link;
    bool all_seen = ring->fresh == link;
    envelope->next = NULL;
    *link = envelope;
    ring->end = &envelope->next;
    if (is_counted(envelope)) {
        note(ring, link);
        ring->fresh = all_seen ? ring->end : ring->fresh; /* there is nothing to look at */
    } else {
        ring->oldest = none ? ring->end : ring->oldest;
    }
}

/* The message takes the place of an older one of its key, which is the result; NULL: there is none.
 */
static struct wtl__envelope *replace(struct wtl__ring *ring, struct wtl__envelope *envelope)
{
    struct wtl__envelope **link =
        key_of(envelope) != 0 ? wtl__map_get(&ring->keys, key_of(envelope), 0) : NULL;
    if (link == NULL || !wtl_tag_equal((*link)->msg.tag, envelope->msg.tag)) {
        return NULL;
    }
    struct wtl__envelope *older = *link;
    ring->bytes += weight(envelope) - weight(older);
    envelope->next = older->next;
    *link = envelope;
    link_moves(ring, envelope->next, &older->next, &envelope->next);
    return older;
}

static void chain(struct wtl__envelope **list, struct wtl__envelope *envelope)
{
    envelope->next = *list;
    *list = envelope;
}

/* ---- the word ------------------------------------------------------------------------------ */

static uint64_t word_of(const struct wtl__cell *cell)
{
    return atomic_load_explicit(&cell->inbox.word, memory_order_relaxed);
}

/* Relaxed, because the lock orders it; others only look at the count. */
static void set_word(struct wtl__cell *cell, uint64_t word)
{
    atomic_store_explicit(&cell->inbox.word, word, memory_order_relaxed);
}

static void count_less(struct wtl__cell *cell, uint32_t less)
{
    set_word(cell, word_of(cell) - less * WTL__INBOX_COUNT_ONE);
}

/* ---- pushing ------------------------------------------------------------------------------- */

/* Makes room for the message, or is it refused? */
static bool make_room(struct wtl__cell *cell, struct wtl__ring *ring, struct wtl__dropped *dropped)
{
    if (ring->counted + ring->out < ring->max) {
        return true;
    }
    if (ring->latest) {
        return false;
    }
    if (ring->counted > 0) { /* else all are out: wtl__ring_return sees to it */
        chain(&dropped->list, drop_oldest(ring));
        count_less(cell, 1);
    }
    return true;
}

static enum wtl__push push_locked(struct wtl__cell *cell, struct wtl__envelope *envelope,
                                  struct wtl__dropped *dropped)
{
    struct wtl__ring *ring = cell->ring;
    bool counted = is_counted(envelope);
    struct wtl__envelope *older = counted && ring->latest ? replace(ring, envelope) : NULL;
    if (older != NULL) {
        chain(&dropped->list, older);
        dropped->replaced = true;
    } else {
        if (counted && !make_room(cell, ring, dropped)) {
            return WTL__REFUSED_FULL;
        }
        append(ring, envelope);
        set_word(cell, word_of(cell) + counted * WTL__INBOX_COUNT_ONE);
    }
    uint64_t word = word_of(cell);
    set_word(cell, word & ~WTL__INBOX_IDLE);
    return (word & WTL__INBOX_IDLE) != 0 ? WTL__WOKE : WTL__PUSHED;
}

/* Is the ring that of the actor? With the lock held: then it stays so. */
static bool is_here(const struct wtl__cell *cell, uint64_t local)
{
    /* acquire pairs with the release of wtl__cell_open: the ring was made before */
    return atomic_load_explicit(&cell->local, memory_order_acquire) == local && cell->ring != NULL;
}

enum wtl__push wtl__ring_push(struct wtl__cell *cell, uint64_t local,
                              struct wtl__envelope *envelope, struct wtl__dropped *dropped_out)
{
    enum wtl__push pushed = WTL__REFUSED_CLOSED;
    *dropped_out = (struct wtl__dropped){.replaced = false};
    lock(cell);
    if (is_here(cell, local) && cell->ring->latest && envelope->msg.kind_ == WTL__MESSAGE) {
        const char *field = cell->ring->field; /* of the type, which outlives the actor */
        uint64_t seed = cell->ring->seed;
        unlock(cell); /* reading a large body may take its time */
        envelope->msg.request = wtl__key_hash(envelope, field, seed);
        lock(cell);
    }
    if (is_here(cell, local)) {
        pushed = push_locked(cell, envelope, dropped_out);
    }
    unlock(cell);
    return pushed;
}

/* ---- the actor's own ----------------------------------------------------------------------- */

struct wtl__envelope *wtl__ring_take(struct wtl__cell *cell, uint32_t handled)
{
    struct wtl__ring *ring = cell->ring;
    struct wtl__envelope *taken = NULL;
    lock(cell);
    count_less(cell, handled);
    if (ring->fresh != ring->end) {
        for (struct wtl__envelope **link = ring->fresh; link != ring->end; link = &(*link)->next) {
            if (is_counted(*link)) {
                forget(ring, link);
                ring->out++;
            }
        }
        taken = *ring->fresh;
        *ring->fresh = NULL;
        ring->hole = ring->fresh;
        ring->end = ring->fresh;
        ring->oldest = ring->counted == 0 ? ring->end : ring->oldest;
        ring->before = ring->counted;
    }
    unlock(cell);
    return taken;
}

/* Puts a list into the hole, whose last link is `last`. */
static void fill_hole(struct wtl__ring *ring, struct wtl__envelope *list,
                      struct wtl__envelope **last)
{
    struct wtl__envelope **hole = ring->hole;
    struct wtl__envelope *after = *hole;
    bool ahead = ring->before > 0; /* the oldest is in front of it all */
    struct wtl__envelope **oldest = ring->oldest;
    *last = after;
    *hole = list;
    link_moves(ring, after, hole, last);
    ring->oldest = ahead ? oldest : hole;
    for (struct wtl__envelope **link = hole; link != last; link = &(*link)->next) {
        if (is_counted(*link)) {
            note(ring, link);
        }
    }
    find_oldest(ring);
}

/* Takes messages out of a list whose key has come again meanwhile. Returns how many. */
static uint32_t drop_outdated(struct wtl__ring *ring, struct wtl__envelope **list,
                              struct wtl__dropped *dropped)
{
    uint32_t count = 0;
    for (struct wtl__envelope **link = list; *link != NULL;) {
        struct wtl__envelope *envelope = *link;
        if (key_of(envelope) != 0 && wtl__map_get(&ring->keys, key_of(envelope), 0) != NULL) {
            *link = envelope->next;
            chain(&dropped->list, envelope);
            count++;
        } else {
            link = &envelope->next;
        }
    }
    return count;
}

struct wtl__dropped wtl__ring_return(struct wtl__cell *cell, struct wtl__envelope *sorted)
{
    struct wtl__ring *ring = cell->ring;
    struct wtl__dropped dropped = {.replaced = ring->latest};
    lock(cell);
    uint32_t count = ring->latest ? drop_outdated(ring, &sorted, &dropped) : 0;
    struct wtl__envelope **last = &sorted;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    if (sorted != NULL) {
        fill_hole(ring, sorted, last);
    }
    ring->hole = NULL;
    ring->before = 0;
    ring->out = 0;
    for (; !ring->latest && ring->counted > ring->max; count++) {
        chain(&dropped.list, drop_oldest(ring));
    }
    count_less(cell, count);
    unlock(cell);
    return dropped;
}

bool wtl__ring_next(struct wtl__cell *cell)
{
    struct wtl__ring *ring = cell->ring;
    struct wtl__envelope *next = NULL;
    lock(cell);
    if (&ring->first != ring->end && (&ring->first != ring->fresh)) {
        next = take_out(ring, &ring->first);
    }
    unlock(cell);
    if (next == NULL) {
        return false;
    }
    if (key_of(next) != 0) {
        next->msg.request = 0;
    }
    cell->fifo = next;
    cell->fifo_last = next;
    return true;
}

bool wtl__ring_idle(struct wtl__cell *cell, uint32_t handled, bool blocked)
{
    struct wtl__ring *ring = cell->ring;
    lock(cell);
    count_less(cell, handled);
    bool idle = ring->fresh == ring->end && (blocked || ring->first == NULL);
    if (idle) {
        set_word(cell, word_of(cell) | WTL__INBOX_IDLE);
    }
    unlock(cell);
    return idle;
}

uint32_t wtl__ring_flush(struct wtl__cell *cell, enum wtl__kind kind, struct wtl_pid from,
                         uint64_t request)
{
    struct wtl__ring *ring = cell->ring;
    struct wtl__envelope *flushed = NULL;
    lock(cell);
    for (struct wtl__envelope **link = &ring->first; link != ring->fresh;) {
        const struct wtl__envelope *envelope = *link;
        if (envelope->msg.kind_ == kind && envelope->msg.request == request &&
            (kind != WTL__EXIT || wtl_pid_equal(envelope->msg.from, from))) {
            chain(&flushed, take_out(ring, link));
        } else {
            link = &(*link)->next;
        }
    }
    unlock(cell);
    uint32_t found = 0;
    for (; flushed != NULL; found++) {
        struct wtl__envelope *next = flushed->next;
        wtl__envelope_free(flushed);
        flushed = next;
    }
    return found;
}

void wtl__ring_each(struct wtl__cell *cell,
                    void (*visit)(struct wtl__envelope *entry, void *context), void *context)
{
    lock(cell);
    for (struct wtl__envelope **link = &cell->ring->first; link != cell->ring->fresh;
         link = &(*link)->next) {
        visit(*link, context);
    }
    unlock(cell);
}

uint64_t wtl__ring_bytes(struct wtl__cell *cell)
{
    lock(cell);
    uint64_t bytes = cell->ring->bytes;
    unlock(cell);
    return bytes;
}

/* ---- life ---------------------------------------------------------------------------------- */

bool wtl__ring_open(struct wtl__cell *cell)
{
    enum wtl_mailbox_policy policy = cell->type->mailbox_policy;
    if (policy != WTL_MAILBOX_DROP_OLDEST && policy != WTL_MAILBOX_LATEST) {
        return true;
    }
    struct wtl__ring *ring = wtl__pool_take(sizeof *ring);
    if (ring == NULL) {
        return false;
    }
    *ring = (struct wtl__ring){.max = wtl__mailbox_max(cell),
                               .latest = policy == WTL_MAILBOX_LATEST,
                               .field = cell->type->mailbox_key,
                               .seed = (uintptr_t)ring * UINT64_C(0x9e3779b97f4a7c15)};
    ring->end = &ring->first;
    ring->oldest = ring->end;
    ring->fresh = ring->end;
    wtl__map_init(&ring->keys, ring->max, ring->seed);
    cell->ring = ring;
    cell->flags |= WTL__CELL_RING;
    return true;
}

struct wtl__envelope *wtl__ring_close(struct wtl__cell *cell, struct wtl__envelope **fresh_out)
{
    struct wtl__ring *ring = cell->ring;
    lock(cell);
    WTL_ASSERT(ring->hole == NULL);
    set_word(cell, WTL__INBOX_CLOSED);
    cell->ring = NULL;
    unlock(cell);
    *fresh_out = *ring->fresh;
    *ring->fresh = NULL;
    struct wtl__envelope *seen = ring->first;
    wtl__map_deinit(&ring->keys);
    wtl__pool_give(ring);
    return seen;
}
