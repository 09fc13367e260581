/* acceptor.c - see acceptor.h. */
#include "net/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* ---- without file descriptors ---------------------------------------------------------------- */

static int open_reserve(void)
{
    return open("/", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
}

/* Gives up the reserve to take one connection, closes it, and takes the reserve back. False when
 * that did not help. */
static bool shed(struct wtl__acceptor *acceptor)
{
    if (acceptor->reserve < 0) {
        acceptor->reserve = open_reserve();
        return acceptor->reserve >= 0;
    }
    (void)close(acceptor->reserve);
    int fd = accept4(acceptor->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) {
        (void)close(fd);
        ++*acceptor->no_fds;
    }
    acceptor->reserve = open_reserve();
    return fd >= 0 && acceptor->reserve >= 0;
}

/* ---- accepting ------------------------------------------------------------------------------- */

/* What to do with an error of accept. */
enum verdict { GO_ON, ENOUGH, REST };

static enum verdict judge(struct wtl__acceptor *acceptor, int code)
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
                 WTL__LOG_NUMBER("refused", *acceptor->no_fds + 1));
        return shed(acceptor) ? GO_ON : REST;
    default:
        wtl__log(wtl__log_process(), WTL__LOG_WARN, "accept_failed",
                 WTL__LOG_TEXT("reason", strerror(code)));
        return REST;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events);

static void on_pause_over(struct wtl__loop_timer *timer)
{
    struct wtl__acceptor *acceptor = WTL_CONTAINER(timer, struct wtl__acceptor, pause);
    if (acceptor->fd >= 0) {
        (void)uv_poll_start(&acceptor->poll, UV_READABLE, on_readable);
    }
}

static void rest(struct wtl__acceptor *acceptor)
{
    (void)uv_poll_stop(&acceptor->poll);
    wtl__loop_timer_set(acceptor->loop, &acceptor->pause,
                        wtl__loop_now_ms(acceptor->loop) + WTL__ACCEPT_PAUSE_MS);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct wtl__acceptor *acceptor = poll->data;
    (void)events;
    wtl__loop_awake(acceptor->loop);
    if (status < 0) {
        rest(acceptor);
        return;
    }
    for (unsigned i = 0; i < WTL__ACCEPTS_PER_TURN && acceptor->fd >= 0; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof from;
        int fd =
            accept4(acceptor->fd, (struct sockaddr *)&from, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0) {
            acceptor->on_accept(acceptor->context, fd, (struct sockaddr *)&from);
            continue;
        }
        enum verdict verdict = judge(acceptor, errno);
        if (verdict == ENOUGH) {
            return;
        }
        if (verdict == REST) {
            rest(acceptor);
            return;
        }
    }
}

/* ---- life ------------------------------------------------------------------------------------ */

int wtl__acceptor_open(struct wtl__acceptor *acceptor, struct wtl__loop *loop, int fd,
                       wtl__on_accept on_accept, void *context, uint64_t *no_fds)
{
    *acceptor = (struct wtl__acceptor){.loop = loop,
                                       .on_accept = on_accept,
                                       .context = context,
                                       .pause.fire = on_pause_over,
                                       .no_fds = no_fds,
                                       .fd = -1,
                                       .reserve = -1};
    int failed = uv_poll_init(wtl__loop_uv(loop), &acceptor->poll, fd);
    if (failed != 0) {
        (void)close(fd);
        return -failed;
    }
    acceptor->fd = fd;
    acceptor->reserve = open_reserve();
    acceptor->poll.data = acceptor;
    (void)uv_poll_start(&acceptor->poll, UV_READABLE, on_readable);
    return 0;
}

void wtl__acceptor_close(struct wtl__acceptor *acceptor)
{
    if (acceptor->fd < 0) {
        return;
    }
    wtl__loop_timer_clear(acceptor->loop, &acceptor->pause);
    (void)uv_poll_stop(&acceptor->poll);
    uv_close((uv_handle_t *)&acceptor->poll, NULL);
    (void)close(acceptor->fd);
    acceptor->fd = -1;
    if (acceptor->reserve >= 0) {
        (void)close(acceptor->reserve);
        acceptor->reserve = -1;
    }
}
