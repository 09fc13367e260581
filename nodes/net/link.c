/* link.c - the begin of a link, what comes in, and its end. See link.h; link_out.c writes. */
#include "net/link.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/cut.h"
#include "net/uv_status.h"

/* Both ends ask TLS for the same secret under this label; see struct wtl__hello. */
#define BINDING_LABEL "EXPORTER-wattle"

/* ---- the end -------------------------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void leave_admission(struct wtl__net_link *link)
{
    if (link->is_counted) {
        link->is_counted = false;
        wtl__admission_leave(&link->net->admission);
    }
}

void wtl__net_link_tell_hub(struct wtl__net_link *link)
{
    struct wtl__net *net = link->net;
    uint64_t now_ms = wtl__loop_now_ms(net->loop);
    if (link->number != 0) {
        uint32_t number = link->number;
        net->numbers[number - 1] = NULL;
        link->number = 0;
        wtl__hub_link_closed(net->hub, number, link->why, now_ms);
    } else if (link->dialled && !link->is_told) {
        link->is_told = true;
        wtl__hub_dial_failed(net->hub, link->address, link->why, now_ms);
    }
}

void wtl__net_link_abort(struct wtl__net_link *link, enum wtl_status why)
{
    if (link->state == WTL__NET_CLOSED) {
        return;
    }
    if (link->why == WTL_OK) {
        link->why = why;
    }
    leave_admission(link);
    link->state = WTL__NET_CLOSED;
    wtl__loop_timer_clear(link->net->loop, &link->timer);
    wtl__link_remove(&link->on_all);
    wtl__link_remove(&link->on_wants);
    link->net->links_count--;
    wtl__net_link_tell_hub(link);
    wtl_tls_destroy(link->tls);
    link->tls = NULL;
    uv_close((uv_handle_t *)&link->tcp, on_closed);
}

static void on_timer(struct wtl__loop_timer *timer)
{
    struct wtl__net_link *link = WTL_CONTAINER(timer, struct wtl__net_link, timer);
    struct wtl__net *net = link->net;
    if (link->state != WTL__NET_HANDSHAKE) {
        wtl__net_link_abort(link, WTL_TIMEOUT);
        return;
    }
    if (link->heard && wtl__loop_now_ms(net->loop) < link->handshake_by_ms) {
        wtl__loop_timer_set(net->loop, &link->timer, link->handshake_by_ms);
        return;
    }
    uint64_t *counter = link->heard ? &net->admission.count.slow : &net->admission.count.silent;
    *counter += link->dialled ? 0 : 1;
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "handshake_refused",
             WTL__LOG_TEXT("word", link->heard ? "slow" : "silent"),
             WTL__LOG_TEXT("peer", link->where), WTL__LOG_FLAG("dialled", link->dialled));
    wtl__net_link_abort(link, WTL_TIMEOUT);
}

/* ---- in ------------------------------------------------------------------------------------- */

/* TLS has refused the peer, or the peer this side, or the bytes were no TLS. */
static void log_refused(struct wtl__net_link *link, enum wtl_status status)
{
    const char *word = wtl_tls_error_word(link->tls);
    const char *text = wtl_tls_error(link->tls);
    link->net->admission.count.refused += link->dialled ? 0 : 1;
    wtl__log(wtl__log_process(), WTL__LOG_WARN, "handshake_refused",
             WTL__LOG_TEXT("word", word[0] != '\0' ? word : wtl_status_word(status)),
             WTL__LOG_TEXT("reason", text[0] != '\0' ? text : wtl_status_text(status)),
             WTL__LOG_TEXT("peer", link->where), WTL__LOG_FLAG("dialled", link->dialled));
}

/* TLS has ended the stream, in order or not; the alert that says why still goes out. */
static void engine_ended(struct wtl__net_link *link, enum wtl_status status)
{
    if (link->state == WTL__NET_HANDSHAKE) {
        log_refused(link, status);
        wtl__net_link_begin_closing(link, status);
        (void)wtl__net_link_pump(link);
        return;
    }
    if (status == WTL_IDENTITY) {
        log_refused(link, status); /* a dialling side is done before the other one has judged it */
    }
    enum wtl_status alert = wtl__net_link_flush(link);
    (void)alert; /* a socket that does not take it is closed all the same */
    wtl__net_link_abort(link, status);
}

/* The socket has ended. */
static void socket_ended(struct wtl__net_link *link, enum wtl_status status)
{
    if (link->state == WTL__NET_HANDSHAKE) {
        log_refused(link, status);
    }
    wtl__net_link_abort(link, status);
}

static bool remember_number(struct wtl__net *net, struct wtl__net_link *link)
{
    if (link->number > net->numbers_capacity) {
        uint32_t capacity = net->numbers_capacity == 0 ? 16 : net->numbers_capacity;
        while (capacity < link->number) {
            capacity *= 2;
        }
        struct wtl__net_link **larger = realloc(net->numbers, capacity * sizeof(void *));
        if (larger == NULL) {
            return false;
        }
        memset(larger + net->numbers_capacity, 0,
               (capacity - net->numbers_capacity) * sizeof(void *));
        net->numbers = larger;
        net->numbers_capacity = capacity;
    }
    net->numbers[link->number - 1] = link;
    return true;
}

/* The handshake is over and the peer verified: the hub has the link from here on. */
static enum wtl_status opened(struct wtl__net_link *link)
{
    struct wtl__net *net = link->net;
    const struct wtl_identity *peer = wtl_tls_peer(link->tls);
    uint8_t binding[32];
    net->admission.count.succeeded += link->dialled ? 0 : 1;
    leave_admission(link);
    link->state = WTL__NET_OPEN;
    wtl__loop_timer_clear(net->loop, &link->timer);
    enum wtl_status status = wtl_tls_export(link->tls, BINDING_LABEL, binding);
    if (status != WTL_OK) {
        return status;
    }
    link->number = wtl__hub_link_open(net->hub, peer, binding, link->dialled, link->expected,
                                      wtl__loop_now_ms(net->loop));
    if (link->number == 0) {
        return WTL_FULL;
    }
    link->is_told = true;
    if (!remember_number(net, link)) {
        return WTL_NO_MEMORY;
    }
    if (!wtl__link_is_in(&link->on_wants)) {
        wtl__list_push_last(&net->wants, &link->on_wants); /* its hello */
    }
    wtl__cut_later(link);
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "link_open", WTL__LOG_TEXT("peer", peer->name),
             WTL__LOG_TEXT("layer", wtl_layer_name(peer->layer)),
             WTL__LOG_TEXT("address", link->where), WTL__LOG_FLAG("dialled", link->dialled));
    return WTL_OK;
}

/* Decrypts what was fed and gives it to the hub. */
static enum wtl_status read_all(struct wtl__net_link *link)
{
    struct wtl__net *net = link->net;
    for (;;) {
        size_t size = 0;
        enum wtl_status status = wtl_tls_read(link->tls, net->plain, sizeof net->plain, &size);
        if (link->state == WTL__NET_HANDSHAKE && wtl_tls_is_ready(link->tls)) {
            enum wtl_status open = opened(link);
            if (open != WTL_OK) {
                return open;
            }
        }
        if (status != WTL_OK) {
            return status == WTL_LATER ? WTL_OK : status;
        }
        if (link->number != 0 && link->state == WTL__NET_OPEN) {
            wtl__hub_link_bytes(net->hub, link->number, net->plain, size,
                                wtl__loop_now_ms(net->loop), wtl__loop_wall_s());
        }
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct wtl__net_link *link = handle->data;
    (void)suggested;
    *buffer = uv_buf_init((char *)link->net->in, sizeof link->net->in);
}

static void on_read(uv_stream_t *stream, ssize_t got, const uv_buf_t *buffer)
{
    struct wtl__net_link *link = stream->data;
    wtl__loop_awake(link->net->loop);
    if (got == 0 || link->state == WTL__NET_CLOSED) {
        return;
    }
    if (got < 0) {
        socket_ended(link, wtl__uv_status((int)got));
        return;
    }
    if (link->state >= WTL__NET_CLOSING) {
        return; /* it has nothing to say any more */
    }
    link->heard = true;
    enum wtl_status status = wtl_tls_feed(link->tls, (const uint8_t *)buffer->base, (size_t)got);
    enum wtl_status read = read_all(link);
    status = status != WTL_OK ? status : read;
    if (link->state == WTL__NET_CLOSED) {
        return;
    }
    if (status != WTL_OK) {
        engine_ended(link, status);
        return;
    }
    status = wtl__net_link_flush(link); /* the handshake's answer */
    if (status != WTL_OK) {
        wtl__net_link_abort(link, status);
    }
}

/* ---- the begin ------------------------------------------------------------------------------ */

static void set_options(int fd)
{
    int on = 1;
    int lowat = WTL__NOTSENT_LOWAT;
    unsigned timeout = WTL__USER_TIMEOUT_MS;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat, sizeof lowat);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

static enum wtl_status attach(struct wtl__net_link *link, int fd)
{
    int failed = uv_tcp_init(wtl__loop_uv(link->net->loop), &link->tcp);
    if (failed != 0) {
        (void)close(fd);
        return wtl__uv_status(failed);
    }
    link->tcp.data = link;
    link->has_handle = true;
    failed = uv_tcp_open(&link->tcp, fd);
    if (failed != 0) {
        (void)close(fd);
        return wtl__uv_status(failed);
    }
    set_options(fd);
    failed = uv_read_start((uv_stream_t *)&link->tcp, on_alloc, on_read);
    return wtl__uv_status(failed);
}

/* It never began: undoes what was done. */
static enum wtl_status give_up(struct wtl__net_link *link, enum wtl_status status)
{
    leave_admission(link);
    wtl_tls_destroy(link->tls);
    if (link->has_handle) {
        uv_close((uv_handle_t *)&link->tcp, on_closed);
    } else {
        free(link);
    }
    return status;
}

enum wtl_status wtl__net_link_start(struct wtl__net *net, int fd, bool dialled, const char *address,
                                    const char *expected, const char *where)
{
    struct wtl__net_link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        (void)close(fd);
        if (!dialled) {
            wtl__admission_leave(&net->admission);
        }
        return WTL_NO_MEMORY;
    }
    link->net = net;
    link->dialled = dialled;
    link->is_counted = !dialled;
    link->state = WTL__NET_HANDSHAKE;
    link->timer.fire = on_timer;
    (void)snprintf(link->address, sizeof link->address, "%s", address);
    (void)snprintf(link->expected, sizeof link->expected, "%s", expected);
    (void)snprintf(link->where, sizeof link->where, "%s", where);
    enum wtl_status status = attach(link, fd);
    if (status == WTL_OK) {
        status = wtl_tls_create(net->tls, dialled ? WTL_TLS_DIAL : WTL_TLS_ACCEPT,
                                link->expected[0] != '\0' ? link->expected : NULL, &link->tls);
    }
    if (status != WTL_OK) {
        return give_up(link, status);
    }
    wtl__list_push_last(&net->all, &link->on_all);
    net->links_count++;
    uint64_t now_ms = wtl__loop_now_ms(net->loop);
    link->handshake_by_ms = now_ms + WTL__HANDSHAKE_MS;
    wtl__loop_timer_set(net->loop, &link->timer,
                        dialled ? link->handshake_by_ms : now_ms + WTL__FIRST_BYTE_MS);
    if (dialled) {
        size_t size;
        status = wtl_tls_read(link->tls, net->plain, sizeof net->plain, &size);
        if (status != WTL_LATER && status != WTL_OK) {
            engine_ended(link, status);
        } else if (wtl__net_link_flush(link) != WTL_OK) {
            wtl__net_link_abort(link, WTL_CLOSED);
        }
    }
    return WTL_OK;
}
