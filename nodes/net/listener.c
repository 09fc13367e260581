/* listener.c - see listener.h. */
#include "net/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/uv_status.h"

/* What to do with an error of accept. */
enum verdict { GO_ON, ENOUGH, REST };

static enum verdict judge(struct wtl__listener *listener, int code)
{
    switch (code) {
    case EAGAIN:
        return ENOUGH;
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENETDOWN:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EPERM: /* a firewall's verdict on this one connection */
        return GO_ON;
    case EMFILE:
    case ENFILE:
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "accept_refused",
                 WTL__LOG_TEXT("reason", "no_file_descriptors"),
                 WTL__LOG_NUMBER("refused", listener->admission->count.no_fds + 1));
        return wtl__admission_shed(listener->admission, listener->fd) ? GO_ON : REST;
    default:
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "accept_failed",
                 WTL__LOG_TEXT("reason", strerror(code)));
        return REST;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(struct wtl__loop_timer *timer)
{
    struct wtl__listener *listener = WTL_CONTAINER(timer, struct wtl__listener, pause);
    if (listener->fd >= 0) {
        (void)uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    }
}

static void rest(struct wtl__listener *listener)
{
    (void)uv_poll_stop(&listener->poll);
    wtl__loop_timer_set(listener->loop, &listener->pause,
                        wtl__loop_now_ms(listener->loop) + WTL__ACCEPT_PAUSE_MS);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct wtl__listener *listener = poll->data;
    (void)events;
    wtl__loop_awake(listener->loop);
    if (status < 0) {
        rest(listener);
        return;
    }
    for (unsigned i = 0; i < WTL__ACCEPTS_PER_TURN && listener->fd >= 0; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int fd =
            accept4(listener->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            if (wtl__admission_enter(listener->admission)) {
                listener->on_accept(listener->context, fd, (struct sockaddr *)&from);
            } else {
                (void)close(fd);
            }
            continue;
        }
        enum verdict verdict = judge(listener, errno);
        if (verdict == ENOUGH) {
            return;
        }
        if (verdict == REST) {
            rest(listener);
            return;
        }
    }
}

static enum wtl_status bind_failed(const char *address, int code, struct wtl_error *error)
{
    enum wtl_status status = wtl__uv_status(code);
    const char *advice = "";
    if (code == EADDRINUSE) {
        advice = ": another program listens there; stop it, or choose another port with "
                 "--listen HOST:PORT";
    } else if (code == EADDRNOTAVAIL) {
        advice = ": this machine has no such address; `ip address` lists those it has";
    } else if (code == EDESTADDRREQ) {
        return wtl_fail(error, WTL_CONFIG,
                        "cannot listen on %s: expected an address of this machine in digits, such "
                        "as 0.0.0.0:%u for all of them",
                        address, WTL__PORT_DEFAULT);
    } else if (code == EACCES) {
        advice = ": ports below 1024 are for root; choose another port with --listen HOST:PORT";
    }
    return wtl_fail(error, status, "cannot listen on %s: %s%s", address, strerror(code), advice);
}

/* A socket that listens there, or -1 with errno set. */
static int listen_on(const struct wtl__address *address)
{
    struct sockaddr_storage where;
    socklen_t size = 0;
    int on = 1;
    int off = 0;
    if (!wtl__address_is_numeric(address, &where, &size)) {
        errno = EDESTADDRREQ;
        return -1;
    }
    int fd = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (where.ss_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    }
    if (bind(fd, (struct sockaddr *)&where, size) != 0 || listen(fd, WTL__LISTEN_BACKLOG) != 0) {
        int code = errno;
        (void)close(fd);
        errno = code;
        return -1;
    }
    return fd;
}

enum wtl_status wtl__listener_open(struct wtl__listener *listener, struct wtl__loop *loop,
                                   const char *address, struct wtl__admission *admission,
                                   wtl__on_accept on_accept, void *context,
                                   char bound_out[WTL__ADDRESS_TEXT], struct wtl_error *error)
{
    struct wtl__address parsed;
    *listener = (struct wtl__listener){.loop = loop,
                                       .admission = admission,
                                       .on_accept = on_accept,
                                       .context = context,
                                       .pause.fire = on_pause_over,
                                       .fd = -1};
    enum wtl_status status = wtl__address_parse(address, true, &parsed, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "listen");
    }
    if (parsed.host[0] == '\0') {
        (void)snprintf(parsed.host, sizeof parsed.host, "::");
    } else if (strcmp(parsed.host, "localhost") == 0) {
        (void)snprintf(parsed.host, sizeof parsed.host, "127.0.0.1");
    }
    int fd = listen_on(&parsed);
    if (fd < 0 && errno == EAFNOSUPPORT && strcmp(parsed.host, "::") == 0) {
        (void)snprintf(parsed.host, sizeof parsed.host, "0.0.0.0"); /* no IPv6 on this machine */
        fd = listen_on(&parsed);
    }
    if (fd < 0) {
        return bind_failed(address, errno, error);
    }
    struct sockaddr_storage bound = {0};
    socklen_t size = sizeof bound;
    (void)getsockname(fd, (struct sockaddr *)&bound, &size);
    (void)wtl__address_text((struct sockaddr *)&bound, bound_out);
    int failed = uv_poll_init(wtl__loop_uv(loop), &listener->poll, fd);
    if (failed != 0) {
        (void)close(fd);
        return bind_failed(address, -failed, error);
    }
    listener->fd = fd;
    listener->poll.data = listener;
    (void)uv_poll_start(&listener->poll, UV_READABLE, on_readable);
    return WTL_OK;
}

void wtl__listener_close(struct wtl__listener *listener)
{
    if (listener->fd >= 0) {
        wtl__loop_timer_clear(listener->loop, &listener->pause);
        (void)uv_poll_stop(&listener->poll);
        uv_close((uv_handle_t *)&listener->poll, NULL);
        (void)close(listener->fd);
        listener->fd = -1;
    }
}
