/*
 * process_take.c - frames from a child: the keeper gives them, and the actor that they are for is
 * rung once and takes them. See process.h.
 */
#include "base/pool.h"
#include "process/process_private.h"

void wtl__process_ring(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat)
{
    if (seat->rung) {
        return;
    }
    struct wtl__envelope *bell = wtl__envelope_new(WTL__BACK);
    if (bell == NULL) { /* the keeper's clock does when there is memory, or the next frame */
        process->unrung = true;
        return;
    }
    seat->rung = true;
    struct wtl_pid to = {.node = process->runtime->node, .local = seat->local};
    (void)wtl__deliver(process->runtime, x, to, bell);
}

/* So many bytes of the child's are off its account. With the lock. */
static void pay(struct wtl__process *process, size_t size)
{
    struct wtl__pipe_frame credit = {.kind = WTL__PIPE_CREDIT};
    process->paid += size;
    if (process->paid >= WTL__PIPE_CREDIT_BYTES) {
        credit.count = process->paid;
        process->paid = 0;
        wtl__process_put(process, &credit, false);
    }
}

void wtl__process_ring_again(struct wtl__process *process, struct wtl__ctx *x)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    wtl__process_lock(process);
    bool some = process->unrung;
    process->unrung = false;
    while (some && wtl__map_next(&process->seats, &cursor, &entry)) {
        wtl__process_ring(process, x, entry.value);
    }
    wtl__process_unlock(process);
}

void wtl__chunks_free(struct wtl__process *process, struct wtl__chunk *chunk)
{
    while (chunk != NULL) {
        struct wtl__chunk *next = chunk->next;
        process->stored -= chunk->size;
        pay(process, chunk->size);
        wtl__pool_give(chunk);
        chunk = next;
    }
}

/* One that has just ended still says what it did. With the lock. */
static void give_nobody(struct wtl__process *process, struct wtl__ctx *x, const uint8_t *bytes,
                        size_t size)
{
    wtl__spares_return(process, x, bytes, size);
    pay(process, size);
}

bool wtl__process_give(struct wtl__process *process, struct wtl__ctx *x, uint64_t local,
                       const uint8_t *bytes, size_t size)
{
    struct wtl__chunk *chunk = wtl__pool_take(sizeof *chunk + size);
    if (chunk == NULL) {
        return false;
    }
    *chunk = (struct wtl__chunk){.size = (uint32_t)size};
    memcpy(chunk->bytes, bytes, size);
    wtl__process_lock(process);
    struct wtl__seat *seat = wtl__map_get(&process->seats, 0, local);
    bool fits = process->stored + size <= WTL__PIPE_PROCESS_BYTES + WTL__PIPE_FRAME_MAX;
    if (seat == NULL || !fits) {
        if (seat == NULL) {
            give_nobody(process, x, bytes, size);
        }
        wtl__process_unlock_tell(process, x);
        wtl__process_reserve(process, x);
        wtl__pool_give(chunk);
        return fits;
    }
    process->stored += size;
    seat->given += size;
    if (seat->first == NULL) {
        seat->first = chunk;
    } else {
        seat->last->next = chunk;
    }
    seat->last = chunk;
    wtl__process_ring(process, x, seat);
    wtl__process_unlock(process);
    return true;
}

struct wtl__chunk *wtl__process_take(struct wtl__process *process, struct wtl__seat *seat)
{
    wtl__process_lock(process);
    struct wtl__chunk *chunk = seat->first;
    if (chunk != NULL) {
        seat->first = chunk->next;
        chunk->next = NULL;
    } else {
        seat->rung = false;
        if (process->deferred > 0 && !process->blocked && !process->dead) {
            wtl__process_flush(process); /* the frame that was to follow may not come now */
        }
    }
    wtl__process_unlock(process);
    return chunk;
}

void wtl__process_done(struct wtl__process *process, struct wtl__ctx *x, struct wtl__chunk *chunk)
{
    wtl__process_lock(process);
    wtl__chunks_free(process, chunk);
    wtl__process_unlock_tell(process, x);
}

void wtl__process_ran(struct wtl__process *process)
{
    wtl__process_lock(process);
    process->over++;
    wtl__process_unlock(process);
}
