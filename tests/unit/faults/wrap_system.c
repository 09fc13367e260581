/* wrap_system.c - see wrap_system.h. */
#include "wrap_system.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t __real_read(int fd, void *bytes, size_t size);
ssize_t __real_write(int fd, const void *bytes, size_t size);
ssize_t __real_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __real_send(int fd, const void *bytes, size_t size, int flags);
int __real_poll(struct pollfd *fds, nfds_t count, int ms);
int __real_fsync(int fd);
int __real_rename(const char *from, const char *to);
ssize_t __wrap_read(int fd, void *bytes, size_t size);
ssize_t __wrap_write(int fd, const void *bytes, size_t size);
ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags);
int __wrap_poll(struct pollfd *fds, nfds_t count, int ms);
int __wrap_fsync(int fd);
int __wrap_rename(const char *from, const char *to);

static _Thread_local struct {
    bool on;
    uint64_t at;
    uint64_t calls;
    enum wrap_fault fault;
} wrap;

void wrap_system_at(uint64_t n, enum wrap_fault fault)
{
    wrap.on = true;
    wrap.at = n;
    wrap.calls = 0;
    wrap.fault = fault;
}

uint64_t wrap_system_stop(void)
{
    wrap.on = false;
    return wrap.calls;
}

static bool is_now(void)
{
    return wrap.on && ++wrap.calls == wrap.at;
}

/* Of a call that moves bytes: -1 with errno, or how many bytes it may move. */
static ssize_t part(size_t size, bool is_socket)
{
    if (!is_now()) {
        return (ssize_t)size;
    }
    switch (wrap.fault) {
    case WRAP_INTERRUPTED:
        errno = EINTR;
        return -1;
    case WRAP_AGAIN:
        errno = EAGAIN;
        return is_socket ? -1 : (ssize_t)size;
    case WRAP_SHORT:
        return size > 0 ? 1 : 0;
    case WRAP_FAILS:
        break;
    }
    errno = is_socket ? ENOBUFS : EIO;
    return -1;
}

ssize_t __wrap_read(int fd, void *bytes, size_t size)
{
    ssize_t may = part(size, false);
    return may < 0 ? -1 : __real_read(fd, bytes, (size_t)may);
}

ssize_t __wrap_write(int fd, const void *bytes, size_t size)
{
    ssize_t may = part(size, false);
    return may < 0 ? -1 : __real_write(fd, bytes, (size_t)may);
}

ssize_t __wrap_recv(int fd, void *bytes, size_t size, int flags)
{
    ssize_t may = part(size, true);
    return may < 0 ? -1 : __real_recv(fd, bytes, (size_t)may, flags);
}

ssize_t __wrap_send(int fd, const void *bytes, size_t size, int flags)
{
    ssize_t may = part(size, true);
    return may < 0 ? -1 : __real_send(fd, bytes, (size_t)may, flags);
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int ms)
{
    if (is_now()) {
        switch (wrap.fault) {
        case WRAP_INTERRUPTED:
            errno = EINTR;
            return -1;
        case WRAP_SHORT:
            return 0;
        case WRAP_FAILS:
            errno = ENOMEM;
            return -1;
        case WRAP_AGAIN:
            break;
        }
    }
    return __real_poll(fds, count, ms);
}

int __wrap_fsync(int fd)
{
    if (is_now() && wrap.fault == WRAP_FAILS) {
        errno = EIO;
        return -1;
    }
    return __real_fsync(fd);
}

int __wrap_rename(const char *from, const char *to)
{
    if (is_now() && wrap.fault == WRAP_FAILS) {
        errno = ENOSPC;
        return -1;
    }
    return __real_rename(from, to);
}
