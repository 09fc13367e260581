/* wrap_loop.c - see wrap_loop.h. */
#include "wrap_loop.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum what { NOTHING, ACCEPT, MAKING };

static _Thread_local struct {
    enum what what;
    uint64_t from;
    uint64_t times;
    uint64_t calls;
    int code;
} wrap;

static void at(enum what what, uint64_t n, uint64_t times, int code)
{
    wrap.what = what;
    wrap.from = n;
    wrap.times = times;
    wrap.calls = 0;
    wrap.code = code;
}

void wrap_accept_at(uint64_t n, uint64_t times, int code)
{
    at(ACCEPT, n, times, code);
}

void wrap_making_at(uint64_t n, uint64_t times, int code)
{
    at(MAKING, n, times, code);
}

uint64_t wrap_loop_stop(void)
{
    wrap.what = NOTHING;
    return wrap.calls;
}

static bool fails(enum what what)
{
    if (wrap.what != what) {
        return false;
    }
    wrap.calls++;
    if (wrap.calls < wrap.from || wrap.calls - wrap.from >= wrap.times) {
        return false;
    }
    errno = wrap.code;
    return true;
}

/* The call of that name, with these parameters; what comes behind is in the C library. */
#define WRAPPED(kind, name, parameters, arguments)                                                 \
    __attribute__((visibility("default"))) int name parameters                                     \
    {                                                                                              \
        static int(*next) parameters;                                                              \
        if (fails(kind)) {                                                                         \
            return -1;                                                                             \
        }                                                                                          \
        if (next == NULL) {                                                                        \
            *(void **)&next = dlsym(RTLD_NEXT, #name);                                             \
        }                                                                                          \
        return next arguments;                                                                     \
    }

WRAPPED(ACCEPT, accept4, (int fd, struct sockaddr *from, socklen_t *size, int flags),
        (fd, from, size, flags))
WRAPPED(MAKING, socket, (int family, int type, int protocol), (family, type, protocol))
WRAPPED(MAKING, bind, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
WRAPPED(MAKING, listen, (int fd, int backlog), (fd, backlog))
WRAPPED(MAKING, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
WRAPPED(MAKING, epoll_create1, (int flags), (flags))
WRAPPED(MAKING, eventfd, (unsigned count, int flags), (count, flags))
WRAPPED(MAKING, pipe2, (int ends[2], int flags), (ends, flags))

/* What was added can be taken out: libuv aborts when that fails. */
__attribute__((visibility("default"))) int epoll_ctl(int epoll, int op, int fd,
                                                     struct epoll_event *event)
{
    static int (*next)(int epoll, int op, int fd, struct epoll_event *event);
    if (op == EPOLL_CTL_ADD && fails(MAKING)) {
        return -1;
    }
    if (next == NULL) {
        *(void **)&next = dlsym(RTLD_NEXT, "epoll_ctl");
    }
    return next(epoll, op, fd, event);
}
