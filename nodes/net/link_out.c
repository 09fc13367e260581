/* link_out.c - what goes out of a link: records from the hub, and its last words. See link.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "net/link.h"
#include "net/uv_status.h"

/* A write that the socket did not take at once. */
struct write {
    uv_write_t request;
    size_t size;
    uint8_t bytes[];
};

static void on_written(uv_write_t *request, int status)
{
    struct write *write = WTL_CONTAINER(request, struct write, request);
    struct wtl__net_link *link = request->handle->data;
    link->writes--;
    link->unsent -= write->size;
    free(write);
    if (link->state == WTL__NET_CLOSED) {
        return;
    }
    if (status < 0) {
        wtl__net_link_abort(link, wtl__uv_status(status));
        return;
    }
    wtl__loop_awake(link->net->loop);
    if (wtl__net_link_pump(link) && !wtl__link_is_in(&link->on_wants)) {
        wtl__list_push_last(&link->net->wants, &link->on_wants);
    }
}

/* Gives libuv a copy of what the socket did not take. */
static enum wtl_status write_later(struct wtl__net_link *link, const uint8_t *bytes, size_t size)
{
    struct write *write = malloc(sizeof *write + size);
    if (write == NULL) {
        return WTL_NO_MEMORY;
    }
    write->size = size;
    memcpy(write->bytes, bytes, size);
    uv_buf_t buffer = uv_buf_init((char *)write->bytes, (unsigned)size);
    int failed = uv_write(&write->request, (uv_stream_t *)&link->tcp, &buffer, 1, on_written);
    if (failed != 0) {
        free(write);
        return wtl__uv_status(failed);
    }
    link->writes++;
    link->unsent += size;
    return WTL_OK;
}

enum wtl_status wtl__net_link_flush(struct wtl__net_link *link)
{
    const uint8_t *bytes;
    size_t size = wtl_tls_output(link->tls, &bytes);
    if (size == 0) {
        return WTL_OK;
    }
    size_t took = 0;
    if (link->writes == 0) {
        uv_buf_t buffer = uv_buf_init((char *)(uintptr_t)bytes, (unsigned)size);
        int done = uv_try_write((uv_stream_t *)&link->tcp, &buffer, 1);
        if (done < 0 && done != UV_EAGAIN && done != UV_ENOBUFS && done != UV_EINTR) {
            return wtl__uv_status(done);
        }
        took = done > 0 ? (size_t)done : 0;
    }
    enum wtl_status status = WTL_OK;
    if (took < size) {
        status = write_later(link, bytes + took, size - took);
    }
    if (status == WTL_OK) {
        wtl_tls_output_taken(link->tls, size);
    }
    return status;
}

static void on_shut(uv_shutdown_t *request, int status)
{
    (void)status; /* a socket that cannot be shut down is closed by the timer */
    free(request);
}

/* Nothing more comes from the hub: says so, and leaves the peer time to read it. Closing a socket
 * at once would make the kernel throw away what the peer has not read, if bytes of its own wait
 * here. */
static void linger(struct wtl__net_link *link)
{
    link->state = WTL__NET_LINGERING;
    wtl__net_link_tell_hub(link);
    wtl_tls_close(link->tls);
    uv_shutdown_t *request = malloc(sizeof *request);
    if (wtl__net_link_flush(link) != WTL_OK || request == NULL ||
        uv_shutdown(request, (uv_stream_t *)&link->tcp, on_shut) != 0) {
        free(request);
        wtl__net_link_abort(link, link->why);
    }
}

/* Gives the socket what waits; false when the link has ended by that, or on_written goes on. */
static bool flush(struct wtl__net_link *link)
{
    enum wtl_status status = wtl__net_link_flush(link);
    if (status != WTL_OK) {
        wtl__net_link_abort(link, status);
        return false;
    }
    return link->writes == 0;
}

/* Seals a record of what the hub has; false when it has nothing, or the link has ended. */
static bool seal(struct wtl__net_link *link)
{
    struct wtl__net *net = link->net;
    if (link->number == 0) {
        return false;
    }
    size_t size = wtl__hub_fill(net->hub, link->number, net->record, sizeof net->record,
                                wtl__loop_now_ms(net->loop));
    if (size == 0) {
        return false;
    }
    enum wtl_status status = wtl_tls_write(link->tls, net->record, size);
    if (status != WTL_OK) {
        wtl__net_link_abort(link, status);
        return false;
    }
    return true;
}

bool wtl__net_link_pump(struct wtl__net_link *link)
{
    const uint8_t *waiting;
    for (unsigned i = 0; i < WTL__RECORDS_PER_TURN; i++) {
        if (link->state == WTL__NET_CLOSED || link->state == WTL__NET_LINGERING) {
            return false;
        }
        bool is_full = wtl_tls_output(link->tls, &waiting) >= WTL__WRITE_MIN;
        if ((is_full || link->writes > 0) && !flush(link)) {
            return false;
        }
        if (!seal(link)) {
            if (link->state != WTL__NET_CLOSED && flush(link) && link->state == WTL__NET_CLOSING) {
                linger(link);
            }
            return false;
        }
    }
    return flush(link);
}

void wtl__net_link_begin_closing(struct wtl__net_link *link, enum wtl_status why)
{
    if (link->state < WTL__NET_CLOSING) {
        link->state = WTL__NET_CLOSING;
        link->why = why;
        wtl__loop_timer_set(link->net->loop, &link->timer,
                            wtl__loop_now_ms(link->net->loop) + WTL__LINK_CLOSE_MS);
    }
}

static void log_closing(const struct wtl__net_link *link, enum wtl__log_level level,
                        enum wtl_status why, const char *text)
{
    wtl__log(wtl__log_process(), level, "link_closing",
             WTL__LOG_TEXT("peer", wtl_tls_peer(link->tls)->name),
             WTL__LOG_TEXT("reason", wtl_status_word(why)), WTL__LOG_TEXT("text", text),
             WTL__LOG_TEXT("address", link->where));
}

void wtl__net_link_close(struct wtl__net_link *link, enum wtl_status why, const char *text)
{
    log_closing(link, WTL__LOG_INFO, why, text);
    wtl__net_link_begin_closing(link, why);
}

void wtl__net_link_cut(struct wtl__net_link *link, enum wtl_status why, const char *text)
{
    struct wtl__net *net = link->net;
    struct wtl__refuse refuse = {
        .status = why, .version_min = WTL__PROTOCOL_MIN, .version_max = WTL__PROTOCOL_MAX};
    log_closing(link, WTL__LOG_WARN, why, text);
    (void)snprintf(refuse.text, sizeof refuse.text, "%.120s", text);
    size_t size = wtl__put_refuse(net->record, sizeof net->record, &refuse);
    wtl__net_link_begin_closing(link, why);
    if (wtl_tls_write(link->tls, net->record, size) == WTL_OK) {
        linger(link);
    } else {
        wtl__net_link_abort(link, why);
    }
}
