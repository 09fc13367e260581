/*
 * process_send.c - frames to a child: what its socket does not take waits, and whoever would let
 * too much of it wait is held back. See process.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "process/process_private.h"

/* Frames of one actor that wait for those that follow. */
#define DEFER_MAX 16u
/* An empty buffer that is larger than this is given back. */
#define KEEP_BYTES (1u << 20)

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

void wtl__process_flush(struct wtl__process *process)
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
        process->sent += (uint64_t)sent;
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
        wtl__process_flush(process);
    }
    return true;
}

/* A child waits for one such answer at a time, and reads meanwhile; one that only asks is not to
 * fill the node's memory. */
static void count_answer(struct wtl__process *process, const struct wtl__pipe_frame *frame)
{
    if (frame->kind != WTL__PIPE_FOUND && frame->kind != WTL__PIPE_TABLED) {
        return;
    }
    process->answers = process->sent >= process->answered ? 0 : process->answers;
    process->answers += WTL__PIPE_FIELDS_MAX + frame->size;
    process->answered = process->sent + unsent(process);
    if (process->answers > WTL__PROCESS_OUT_BYTES) {
        process->broken = "asks, and does not read what is answered";
        process->orders |= WTL__KEEPER_BROKEN;
    }
}

void wtl__process_put(struct wtl__process *process, const struct wtl__pipe_frame *frame, bool more)
{
    if (process->dead || process->broken != NULL) {
        return;
    }
    if (!put(process, frame, more)) {
        process->broken = "cannot be sent anything: memory is exhausted";
        process->orders |= WTL__KEEPER_BROKEN;
        return;
    }
    count_answer(process, frame);
    if (!process->blocked && unsent(process) > 0 && process->deferred == 0) {
        process->blocked = true;
        process->orders |= WTL__KEEPER_WRITE;
    } else if (!process->watched) {
        process->watched = true;
        process->orders |= WTL__KEEPER_WATCH;
    }
}

bool wtl__process_send(struct wtl__process *process, struct wtl__ctx *x, struct wtl__seat *seat,
                       const struct wtl__pipe_frame *frame, bool more)
{
    wtl__process_lock(process);
    wtl__process_put(process, frame, more);
    process->begun += frame->kind == WTL__PIPE_RUN;
    bool choked = unsent(process) > WTL__PROCESS_OUT_BYTES && !process->dead;
    if (seat != NULL && choked) {
        seat->choked = true;
    }
    wtl__process_unlock_tell(process, x);
    return choked;
}

bool wtl__process_drain(struct wtl__process *process, struct wtl__ctx *x)
{
    struct wtl__map_entry entry;
    uint32_t cursor = 0;
    wtl__process_lock(process);
    wtl__process_flush(process);
    bool all = unsent(process) == 0;
    process->blocked = !all;
    while (unsent(process) < WTL__PROCESS_OUT_BYTES / 2 &&
           wtl__map_next(&process->seats, &cursor, &entry)) {
        struct wtl__seat *seat = entry.value;
        if (seat->choked) {
            seat->choked = false;
            seat->rung = false; /* it waits for this one, whatever rang before */
            wtl__process_ring(process, x, seat);
        }
    }
    wtl__process_unlock(process);
    return all;
}
