/*
 * process.c - see process.h. Whoever takes the lock delivers nothing but bells and controls while
 * holding it: those only push into inboxes.
 */
#include "process/process.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/pool.h"
#include "process/isolated.h"
#include "process/proxy.h"

/* Frames of one actor that wait for those that follow. */
#define DEFER_MAX 16u
/* An empty buffer that is larger than this is given back. */
#define KEEP_BYTES (1u << 20)

static void lock(struct wtl__process *process)
{
    (void)pthread_mutex_lock(&process->lock);
}

static void unlock(struct wtl__process *process)
{
    (void)pthread_mutex_unlock(&process->lock);
}

/* ---- life ---------------------------------------------------------------------------------- */

enum wtl_status wtl__process_open(struct wtl__runtime *runtime, struct wtl__isolated *module,
                                  struct wtl__process **process_out, struct wtl_error *error)
{
    struct wtl__process *process = calloc(1, sizeof *process);
    if (process == NULL || pthread_mutex_init(&process->lock, NULL) != 0) {
        free(process);
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for a module's process");
    }
    enum wtl_status status = wtl__child_open(&process->child, error);
    if (status != WTL_OK) {
        (void)pthread_mutex_destroy(&process->lock);
        free(process);
        return status;
    }
    process->runtime = runtime;
    process->module = module;
    process->holders = 1;
    process->watched = true; /* the keeper begins with its clock running */
    wtl__map_init(&process->seats, WTL__PIPE_ACTORS_MAX, (uint64_t)(uintptr_t)process);
    wtl__map_init(&process->spares, WTL__PIPE_ACTORS_MAX, (uint64_t)(uintptr_t)process);
    wtl__map_init(&process->born, WTL__PIPE_ACTORS_MAX, (uint64_t)(uintptr_t)process);
    /* relaxed: the numbers are ours alone, whatever else is seen */
    process->refs = atomic_fetch_add_explicit(&runtime->refs, WTL__PIPE_REFS, memory_order_relaxed);
    *process_out = process;
    return WTL_OK;
}

void wtl__process_hold(struct wtl__process *process)
{
    lock(process);
    process->holders++;
    unlock(process);
}

void wtl__process_let_go(struct wtl__process *process)
{
    lock(process);
    bool last = --process->holders == 0;
    unlock(process);
    if (!last) {
        return;
    }
    WTL_ASSERT(process->seats.count == 0 && process->spares.count == 0);
    wtl__child_close(&process->child);
    wtl__map_deinit(&process->seats);
    wtl__map_deinit(&process->spares);
    wtl__map_deinit(&process->born);
    (void)pthread_mutex_destroy(&process->lock);
    free(process->out);
    free(process);
}

/* ---- telling ------------------------------------------------------------------------------- */

static void tell_keeper(struct wtl__process *process, struct wtl__ctx *x, struct wtl_tag tag)
{
    struct wtl__envelope *envelope = wtl__envelope_new(WTL__LOCAL);
    if (envelope != NULL) {
        envelope->msg.tag = tag;
        (void)wtl__deliver(process->runtime, x, process->keeper, envelope);
    }
}

/* Something waits for the actor. With the lock. */
static void ring(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat)
{
    if (seat->rung) {
        return;
    }
    struct wtl__envelope *bell = wtl__envelope_new(WTL__BACK);
    if (bell == NULL) { /* the next frame rings */
        return;
    }
    seat->rung = true;
    struct wtl_pid to = {.node = process->runtime->node, .local = seat->local};
    (void)wtl__deliver(process->runtime, x, to, bell);
}

/* ---- sending ------------------------------------------------------------------------------- */

static size_t unsent(const struct wtl__process *process)
{
    return process->out_end - process->out_begin;
}

/* Room for `size` more bytes behind out_end. */
static bool make_room(struct wtl__process *process, size_t size)
{
    size_t used = unsent(process);
    if (process->out_capacity - process->out_end >= size) {
        return true;
    }
    if (process->out_begin > 0) {
        memmove(process->out, process->out + process->out_begin, used);
        process->out_begin = 0;
        process->out_end = used;
    }
    if (process->out_capacity - used >= size) {
        return true;
    }
    size_t capacity = (used + size) * 2 < 4096 ? 4096 : (used + size) * 2;
    uint8_t *larger = realloc(process->out, capacity);
    if (larger == NULL) {
        return false;
    }
    process->out = larger;
    process->out_capacity = capacity;
    return true;
}

static void append(struct wtl__process *process, const uint8_t *bytes, size_t size)
{
    if (size > 0) {
        memcpy(process->out + process->out_end, bytes, size);
        process->out_end += size;
    }
}

/* Sends what it can. A child that is gone is found by whoever reads. */
static void flush(struct wtl__process *process)
{
    process->deferred = 0;
    while (unsent(process) > 0) {
        ssize_t sent = send(process->child.socket, process->out + process->out_begin,
                            unsent(process), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                process->out_begin = process->out_end;
            }
            break;
        }
        process->out_begin += (size_t)sent;
    }
    if (unsent(process) == 0) {
        process->out_begin = 0;
        process->out_end = 0;
        if (process->out_capacity > KEEP_BYTES) {
            free(process->out);
            process->out = NULL;
            process->out_capacity = 0;
        }
    }
}

/* The frame goes out, or waits. False: there is no memory for it. */
static bool put(struct wtl__process *process, const struct wtl__pipe_frame *frame, bool more)
{
    uint8_t fields[WTL__PIPE_FIELDS_MAX];
    size_t size = wtl__pipe_put(frame, fields);
    if (!make_room(process, size + frame->size)) {
        return false;
    }
    append(process, fields, size);
    append(process, frame->body, frame->size);
    if (!process->blocked && (!more || ++process->deferred >= DEFER_MAX)) {
        flush(process);
    }
    return true;
}

/* Sends the frame, with the lock. What is to be told to the keeper afterwards is in `tag_out`. */
static void put_and_see(struct wtl__process *process, const struct wtl__pipe_frame *frame,
                        bool more, struct wtl_tag *tag_out)
{
    if (process->dead || process->broken != NULL) {
        return;
    }
    if (!put(process, frame, more)) {
        process->broken = "cannot be sent anything: memory is exhausted";
        *tag_out = WTL__KEEPER_BROKEN;
    } else if (!process->blocked && unsent(process) > 0 && process->deferred == 0) {
        process->blocked = true;
        *tag_out = WTL__KEEPER_WRITE;
    } else if (!process->watched) {
        process->watched = true;
        *tag_out = WTL__KEEPER_WATCH;
    }
}

bool wtl__process_send(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat,
                       const struct wtl__pipe_frame *frame, bool more)
{
    struct wtl_tag tag = {{0, 0}};
    lock(process);
    put_and_see(process, frame, more, &tag);
    process->begun += frame->kind == WTL__PIPE_RUN;
    bool choked = unsent(process) > WTL__PROCESS_OUT_BYTES && !process->dead;
    if (seat != NULL && choked) {
        seat->choked = true;
    }
    unlock(process);
    if (tag.word[1] != 0) {
        tell_keeper(process, x, tag);
    }
    return choked;
}

bool wtl__process_drain(struct wtl__process *process, struct wtl__ctx *x)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    lock(process);
    flush(process);
    bool all = unsent(process) == 0;
    process->blocked = !all;
    while (unsent(process) < WTL__PROCESS_OUT_BYTES / 2 &&
           wtl__map_next(&process->seats, &cursor, &entry)) {
        struct wtl__seat *seat = entry.value;
        if (seat->choked) {
            seat->choked = false;
            ring(process, x, seat);
        }
    }
    unlock(process);
    return all;
}

/* ---- seats --------------------------------------------------------------------------------- */

bool wtl__process_sit(struct wtl__process *process, struct wtl__seat *seat,
                      struct wtl_reason *reason_out)
{
    *reason_out = wtl_reason_of(WTL_NO_MEMORY);
    lock(process);
    bool sits = !process->dead;
    if (!sits) {
        *reason_out = process->reason;
    } else if (wtl__map_put(&process->seats, 0, seat->local, seat) != WTL_OK) {
        sits = false;
    }
    process->holders += sits;
    unlock(process);
    return sits;
}

static void free_chunks(struct wtl__process *process, struct wtl__chunk *chunk)
{
    while (chunk != NULL) {
        struct wtl__chunk *next = chunk->next;
        process->stored -= chunk->size;
        wtl__pool_give(chunk);
        chunk = next;
    }
}

void wtl__process_stand(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat)
{
    struct wtl__pipe_frame gone = {.kind = WTL__PIPE_GONE, .local = seat->local};
    struct wtl_tag tag = {{0, 0}};
    lock(process);
    void *was = wtl__map_remove(&process->seats, 0, seat->local);
    WTL_ASSERT(was == seat);
    free_chunks(process, seat->first);
    seat->first = NULL;
    process->over += seat->away;
    put_and_see(process, &gone, false, &tag);
    if (process->closing && process->seats.count == 0) {
        tag = WTL__KEEPER_EMPTY;
    }
    unlock(process);
    if (tag.word[1] != 0) {
        tell_keeper(process, x, tag);
    }
    wtl__process_let_go(process);
}

/* ---- what has come ------------------------------------------------------------------------- */

bool wtl__process_give(struct wtl__process *process, struct wtl__ctx *x, uint64_t local,
                       const uint8_t *bytes, size_t size)
{
    struct wtl__chunk *chunk = wtl__pool_take(sizeof *chunk + size);
    if (chunk == NULL) {
        return false;
    }
    *chunk = (struct wtl__chunk){.size = (uint32_t)size};
    memcpy(chunk->bytes, bytes, size);
    lock(process);
    struct wtl__seat *seat = wtl__map_get(&process->seats, 0, local);
    bool fits = process->stored + size <= WTL__PIPE_PROCESS_BYTES + WTL__PIPE_FRAME_MAX;
    if (seat == NULL || !fits) { /* one that has just ended still says what it did */
        unlock(process);
        wtl__pool_give(chunk);
        return fits;
    }
    process->stored += size;
    if (seat->first == NULL) {
        seat->first = chunk;
    } else {
        seat->last->next = chunk;
    }
    seat->last = chunk;
    ring(process, x, seat);
    unlock(process);
    return true;
}

struct wtl__chunk *wtl__process_take(struct wtl__process *process, struct wtl__seat *seat)
{
    lock(process);
    struct wtl__chunk *chunk = seat->first;
    if (chunk != NULL) {
        seat->first = chunk->next;
        chunk->next = NULL;
    } else {
        seat->rung = false;
        if (process->deferred > 0 && !process->blocked && !process->dead) {
            flush(process); /* the frame that was to follow may not come now */
        }
    }
    unlock(process);
    return chunk;
}

void wtl__process_done(struct wtl__process *process, struct wtl__chunk *chunk)
{
    lock(process);
    free_chunks(process, chunk);
    unlock(process);
}

void wtl__process_ran(struct wtl__process *process)
{
    lock(process);
    process->over++;
    unlock(process);
}

void wtl__process_broken(struct wtl__process *process, struct wtl__ctx *x, const char *what)
{
    lock(process);
    bool first = process->broken == NULL && !process->dead;
    if (first) {
        process->broken = what;
    }
    unlock(process);
    if (first) {
        tell_keeper(process, x, WTL__KEEPER_BROKEN);
    }
}

bool wtl__process_is_dead(struct wtl__process *process, struct wtl_reason *reason_out)
{
    lock(process);
    bool dead = process->dead;
    *reason_out = process->reason;
    unlock(process);
    return dead;
}

/* ---- cells in reserve ---------------------------------------------------------------------- */

struct wtl__cell *wtl__process_spend(struct wtl__process *process, uint64_t local)
{
    lock(process);
    struct wtl__cell *cell = wtl__map_remove(&process->spares, 0, local);
    unlock(process);
    return cell;
}

struct wtl__cell *wtl__process_bear(struct wtl__process *process, uint64_t local)
{
    lock(process);
    struct wtl__cell *cell = wtl__map_remove(&process->spares, 0, local);
    if (cell != NULL && wtl__map_put(&process->born, 0, local, cell) != WTL_OK) {
        /* it was the child's to use, and so it cannot go back: kept until the end */
        (void)!wtl__map_put(&process->spares, 0, local, cell);
        cell = NULL;
    }
    unlock(process);
    return cell;
}

bool wtl__process_is_born(struct wtl__process *process, uint64_t local)
{
    lock(process);
    bool born = wtl__map_remove(&process->born, 0, local) != NULL;
    unlock(process);
    return born;
}

void wtl__process_reserve(struct wtl__process *process, struct wtl__ctx *x, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct wtl__cell *cell = wtl__cells_take(&process->runtime->cells, &x->free_cells);
        if (cell == NULL) {
            return;
        }
        struct wtl__pipe_frame frame = {.kind = WTL__PIPE_RESERVE, .local = wtl__cell_local(cell)};
        lock(process);
        bool kept = !process->dead &&
                    wtl__map_put(&process->spares, 0, wtl__cell_local(cell), cell) == WTL_OK;
        unlock(process);
        if (!kept) {
            wtl__cells_give(&process->runtime->cells, &x->free_cells, cell);
            return;
        }
        (void)wtl__process_send(process, x, NULL, &frame, i + 1 < count);
    }
}

void wtl__process_unreserve(struct wtl__process *process, struct wtl__ctx *x)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    lock(process);
    while (wtl__map_take_any(&process->spares, &cursor, &entry)) {
        wtl__cells_give(&process->runtime->cells, &x->free_cells, entry.value);
    }
    unlock(process);
}

/* ---- the end ------------------------------------------------------------------------------- */

void wtl__process_die(struct wtl__process *process, struct wtl__ctx *x, struct wtl_reason reason)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    lock(process);
    if (process->dead) {
        unlock(process);
        return;
    }
    process->dead = true;
    process->reason = reason;
    process->out_begin = process->out_end;
    while (wtl__map_next(&process->seats, &cursor, &entry)) {
        struct wtl__seat *seat = entry.value;
        struct wtl__control *doom = seat->doom;
        struct wtl_pid to = {.node = process->runtime->node, .local = seat->local};
        seat->doom = NULL;
        (void)wtl__deliver(process->runtime, x, to, &doom->signal);
    }
    unlock(process);
}

struct wtl__process_state wtl__process_look(struct wtl__process *process)
{
    lock(process);
    struct wtl__process_state state = {.begun = process->begun,
                                       .over = process->over,
                                       .seats = process->seats.count,
                                       .closing = process->closing,
                                       .broken = process->broken};
    unlock(process);
    return state;
}

uint32_t wtl__process_number(struct wtl__process *process)
{
    lock(process);
    uint32_t number = process->number;
    unlock(process);
    return number;
}

void wtl__process_started(struct wtl__process *process)
{
    lock(process);
    process->number = (uint32_t)process->child.pid;
    unlock(process);
}

const char *wtl__process_type(struct wtl__process *process, uint64_t local)
{
    lock(process);
    const struct wtl__seat *seat = wtl__map_get(&process->seats, 0, local);
    const char *type = seat != NULL ? seat->proxy->type->actor.name : "";
    unlock(process);
    return type;
}

bool wtl__process_rest(struct wtl__process *process)
{
    lock(process);
    process->watched = process->begun != process->over;
    bool rests = !process->watched;
    unlock(process);
    return rests;
}

void wtl__process_wake(struct wtl__process *process)
{
    lock(process);
    process->watched = true;
    unlock(process);
}

bool wtl__process_close(struct wtl__process *process)
{
    lock(process);
    process->closing = true;
    bool empty = process->seats.count == 0;
    unlock(process);
    return empty;
}
