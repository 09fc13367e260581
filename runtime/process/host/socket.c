/* socket.c - frames to the node and from it. See host.h. A node that is gone ends this process. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "process/child.h"
#include "process/host/host.h"

#define IN_BYTES 65536u

static uint64_t now_ns(void)
{
    return wtl__clock_now_ns(wtl__clock_system());
}

/* There is nobody to tell. */
static void give_up(void)
{
    _exit(WTL__CHILD_EXIT_SOCKET);
}

/* ---- out ----------------------------------------------------------------------------------- */

static bool reserve(uint8_t **bytes, size_t used, size_t *capacity, size_t size)
{
    if (*capacity - used >= size) {
        return true;
    }
    size_t larger =
        (used + size) * 2 < WTL__HOST_OUT_BYTES ? WTL__HOST_OUT_BYTES : (used + size) * 2;
    uint8_t *moved = realloc(*bytes, larger);
    if (moved == NULL) {
        return false;
    }
    *bytes = moved;
    *capacity = larger;
    return true;
}

static void send_all(const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(WTL__CHILD_SOCKET, bytes, size, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            give_up();
        }
        bytes += sent;
        size -= (size_t)sent;
    }
}

void wtl__host_flush(struct wtl__host *host)
{
    if (host->out_used > 0) {
        send_all(host->out, host->out_used);
        host->out_used = 0;
        host->sent_ns = now_ns();
    }
}

size_t wtl__host_put(struct wtl__host *host, const struct wtl__pipe_frame *frame)
{
    uint8_t fields[WTL__PIPE_FIELDS_MAX];
    size_t size = wtl__pipe_put(frame, fields);
    if (!reserve(&host->out, host->out_used, &host->out_capacity, size)) {
        wtl__host_flush(host);
        send_all(fields, size);
    } else {
        host->out_since_ns = host->out_used == 0 ? now_ns() : host->out_since_ns;
        memcpy(host->out + host->out_used, fields, size);
        host->out_used += size;
    }
    if (host->out_used + frame->size > WTL__HOST_OUT_BYTES ||
        !reserve(&host->out, host->out_used, &host->out_capacity, frame->size)) {
        wtl__host_flush(host); /* large bodies go out as they are */
        send_all(frame->body, frame->size);
    } else if (frame->size > 0) {
        memcpy(host->out + host->out_used, frame->body, frame->size);
        host->out_used += frame->size;
    }
    return size + frame->size;
}

/* ---- in ------------------------------------------------------------------------------------ */

/* The size of the frame at the begin of the bytes; 0 while its head is not there. */
static size_t frame_size(const uint8_t *bytes, size_t size)
{
    struct wtl__pipe_head head;
    if (size < sizeof head) {
        return 0;
    }
    memcpy(&head, bytes, sizeof head);
    size_t whole = wtl__pipe_size(&head, WTL__PIPE_FROM_NODE);
    if (whole == 0) {
        give_up();
    }
    return whole;
}

static void take_frames(struct wtl__host *host)
{
    size_t at = 0;
    for (;;) {
        size_t whole = frame_size(host->in + at, host->in_used - at);
        struct wtl__pipe_frame frame;
        if (whole == 0 || whole > host->in_used - at) {
            break;
        }
        if (!wtl__pipe_get(host->in + at, whole, WTL__PIPE_FROM_NODE, &frame)) {
            give_up();
        }
        wtl__host_dispatch(host, &frame);
        at += whole;
    }
    memmove(host->in, host->in + at, host->in_used - at);
    host->in_used -= at;
}

bool wtl__host_read(struct wtl__host *host)
{
    size_t need = host->in_used > 0 ? frame_size(host->in, host->in_used) : 0;
    need = need > IN_BYTES ? need : IN_BYTES;
    if (host->in_capacity < need) {
        uint8_t *larger = realloc(host->in, need);
        if (larger == NULL) {
            abort(); /* the failed allocation is on the board */
        }
        host->in = larger;
        host->in_capacity = need;
    }
    ssize_t got = recv(WTL__CHILD_SOCKET, host->in + host->in_used,
                       host->in_capacity - host->in_used, MSG_DONTWAIT);
    if (got < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            give_up();
        }
        return false;
    }
    if (got == 0) {
        host->closed = true;
        return false;
    }
    host->in_used += (size_t)got;
    take_frames(host);
    return true;
}

bool wtl__host_await(struct wtl__host *host,
                     bool (*done)(const struct wtl__host *host, uint64_t what), uint64_t what,
                     uint32_t ms)
{
    if (done(host, what)) {
        return true;
    }
    uint64_t end_ns = now_ns() + ms * WTL__NS_PER_MS;
    wtl__host_flush(host);
    while (!done(host, what) && !host->closed) {
        uint64_t now = now_ns();
        struct pollfd ready = {.fd = WTL__CHILD_SOCKET, .events = POLLIN};
        if (now >= end_ns) {
            return false;
        }
        (void)poll(&ready, 1, (int)((end_ns - now) / WTL__NS_PER_MS) + 1);
        (void)wtl__host_read(host);
    }
    return done(host, what);
}
