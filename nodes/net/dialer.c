/*
 * dialer.c - see dialer.h.
 *
 *   RESOLVING   the name is being looked up (or, for a number, the first turn is awaited)
 *   CONNECTING  address `at` is being tried
 *   OVER        done was called, or it was cancelled; freed when the look-up has answered and the
 *               handle is closed
 */
#include "net/dialer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/uv_status.h"

enum dial_state { RESOLVING = 1, CONNECTING, OVER };

struct wtl__dial {
    struct wtl__loop *loop;
    struct wtl__address address;
    wtl__on_dialled done;
    void *context;
    enum dial_state state;
    struct wtl__loop_timer timer;
    uv_getaddrinfo_t resolve;
    bool is_resolving; /* libuv will call on_resolved */
    uv_poll_t poll;
    bool has_poll; /* until on_poll_closed */
    int fd;        /* of the address that is tried; -1: none */
    struct sockaddr_storage addresses[WTL__DIAL_ADDRESSES];
    socklen_t sizes[WTL__DIAL_ADDRESSES];
    unsigned count;
    unsigned at;
    enum wtl_status status; /* of the last address that failed */
    char text[128];
};

static void try_next(struct wtl__dial *dial);

static void free_if_over(struct wtl__dial *dial)
{
    if (dial->state == OVER && !dial->is_resolving && !dial->has_poll) {
        free(dial);
    }
}

static void on_poll_closed(uv_handle_t *handle)
{
    struct wtl__dial *dial = handle->data;
    dial->has_poll = false;
    if (dial->state == CONNECTING) {
        try_next(dial);
    } else {
        free_if_over(dial);
    }
}

/* Ends the attempt at the present address. Returns its file descriptor, which the caller owns. */
static int leave_address(struct wtl__dial *dial)
{
    int fd = dial->fd;
    dial->fd = -1;
    wtl__loop_timer_clear(dial->loop, &dial->timer);
    if (dial->has_poll && !uv_is_closing((uv_handle_t *)&dial->poll)) {
        (void)uv_poll_stop(&dial->poll);
        uv_close((uv_handle_t *)&dial->poll, on_poll_closed);
    }
    return fd;
}

static void finish(struct wtl__dial *dial, int fd, enum wtl_status status)
{
    dial->state = OVER;
    wtl__loop_timer_clear(dial->loop, &dial->timer);
    dial->done(dial->context, dial, fd, status, dial->text);
    free_if_over(dial);
}

/* This address has failed: the next one is tried when libuv has let go of the socket. */
static void failed(struct wtl__dial *dial, int code)
{
    char where[WTL__ADDRESS_TEXT];
    dial->status = wtl__uv_status(code);
    (void)wtl__address_text((struct sockaddr *)&dial->addresses[dial->at - 1], where);
    (void)snprintf(dial->text, sizeof dial->text, "%s: %s", where, wtl__uv_text(code));
    int fd = leave_address(dial);
    if (fd >= 0) {
        (void)close(fd);
    }
    if (!dial->has_poll) {
        try_next(dial);
    }
}

static void on_connected(uv_poll_t *poll, int status, int events)
{
    struct wtl__dial *dial = poll->data;
    int code = 0;
    socklen_t size = sizeof code;
    (void)events;
    wtl__loop_awake(dial->loop);
    if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &code, &size) != 0) {
        code = errno;
    }
    if (code == 0 && status < 0) {
        code = -status;
    }
    if (code != 0) {
        failed(dial, code);
        return;
    }
    finish(dial, leave_address(dial), WTL_OK);
}

/* Begins with address `at`. Returns an errno, 0 when the connection is under way. */
static int begin_connect(struct wtl__dial *dial)
{
    const struct sockaddr_storage *where = &dial->addresses[dial->at];
    dial->fd = socket(where->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (dial->fd < 0) {
        return errno;
    }
    int done = connect(dial->fd, (const struct sockaddr *)where, dial->sizes[dial->at]);
    if (done != 0 && errno != EINPROGRESS && errno != EINTR) {
        return errno;
    }
    int code = uv_poll_init(wtl__loop_uv(dial->loop), &dial->poll, dial->fd);
    if (code == 0) {
        dial->has_poll = true;
        dial->poll.data = dial;
        code = uv_poll_start(&dial->poll, UV_WRITABLE, on_connected);
    }
    return -code;
}

static void try_next(struct wtl__dial *dial)
{
    if (dial->at == dial->count) {
        finish(dial, -1, dial->status);
        return;
    }
    int code = begin_connect(dial);
    dial->at++;
    if (code != 0) {
        failed(dial, code);
        return;
    }
    wtl__loop_timer_set(dial->loop, &dial->timer, wtl__loop_now_ms(dial->loop) + WTL__CONNECT_MS);
}

static void on_resolved(uv_getaddrinfo_t *request, int status, struct addrinfo *list)
{
    struct wtl__dial *dial = request->data;
    dial->is_resolving = false;
    for (struct addrinfo *one = list; one != NULL && dial->count < WTL__DIAL_ADDRESSES;
         one = one->ai_next) {
        if (one->ai_addrlen <= sizeof dial->addresses[0]) {
            memcpy(&dial->addresses[dial->count], one->ai_addr, one->ai_addrlen);
            dial->sizes[dial->count++] = one->ai_addrlen;
        }
    }
    uv_freeaddrinfo(list);
    if (dial->state == OVER) {
        free_if_over(dial);
        return;
    }
    if (status != 0) {
        dial->status = wtl__uv_status(status);
        (void)snprintf(dial->text, sizeof dial->text, "cannot look up %.60s: %s",
                       dial->address.host, wtl__uv_text(status));
    }
    dial->state = CONNECTING;
    try_next(dial);
}

static void on_deadline(struct wtl__loop_timer *timer)
{
    struct wtl__dial *dial = WTL_CONTAINER(timer, struct wtl__dial, timer);
    if (dial->state == CONNECTING) {
        failed(dial, ETIMEDOUT);
    } else if (dial->is_resolving) {
        (void)uv_cancel((uv_req_t *)&dial->resolve);
        (void)snprintf(dial->text, sizeof dial->text, "no answer to looking up %.60s",
                       dial->address.host);
        finish(dial, -1, WTL_TIMEOUT);
    } else {
        dial->state = CONNECTING; /* a number: there was nothing to look up */
        try_next(dial);
    }
}

struct wtl__dial *wtl__dial_start(struct wtl__loop *loop, const struct wtl__address *address,
                                  wtl__on_dialled done, void *context)
{
    struct wtl__dial *dial = calloc(1, sizeof *dial);
    if (dial == NULL) {
        return NULL;
    }
    dial->loop = loop;
    dial->address = *address;
    dial->done = done;
    dial->context = context;
    dial->state = RESOLVING;
    dial->timer.fire = on_deadline;
    dial->fd = -1;
    dial->status = WTL_NOT_FOUND;
    uint64_t now_ms = wtl__loop_now_ms(loop);
    if (wtl__address_is_numeric(address, &dial->addresses[0], &dial->sizes[0])) {
        dial->count = 1;
        wtl__loop_timer_set(loop, &dial->timer, now_ms);
        return dial;
    }
    char port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
    (void)snprintf(port, sizeof port, "%u", address->port);
    dial->resolve.data = dial;
    int code = uv_getaddrinfo(wtl__loop_uv(loop), &dial->resolve, on_resolved, address->host, port,
                              &hints);
    dial->is_resolving = code == 0;
    if (code != 0) {
        dial->status = wtl__uv_status(code);
        (void)snprintf(dial->text, sizeof dial->text, "cannot look up %.60s: %s", address->host,
                       wtl__uv_text(code));
    }
    wtl__loop_timer_set(loop, &dial->timer, code == 0 ? now_ms + WTL__RESOLVE_MS : now_ms);
    return dial;
}

void wtl__dial_cancel(struct wtl__dial *dial)
{
    if (dial->is_resolving) {
        (void)uv_cancel((uv_req_t *)&dial->resolve);
    }
    dial->state = OVER;
    int fd = leave_address(dial);
    if (fd >= 0) {
        (void)close(fd);
    }
    free_if_over(dial);
}
