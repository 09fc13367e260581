/* fds.c - descriptors that guests watch, in this process's own poll. */
#include "process/host/host.h"

static uint32_t find(const struct wtl__host *host, int fd)
{
    uint32_t index = 0;
    while (index < host->watches_count && host->watches[index].fd != fd) {
        index++;
    }
    return index;
}

enum wtl_status wtl__host_fd_watch(struct wtl_ctx *pub, int fd, unsigned events)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__host *host = x->host;
    if (fd < 0 || events == 0 || (events & ~(WTL_FD_READ | WTL_FD_WRITE)) != 0) {
        return WTL_INVALID;
    }
    if (find(host, fd) < host->watches_count) {
        return WTL_EXISTS;
    }
    if (host->watches_count == WTL__HOST_WATCHES) {
        return WTL_FULL;
    }
    host->watches[host->watches_count].fd = fd;
    host->watches[host->watches_count].events = events;
    host->watches[host->watches_count].guest = x->guest;
    host->watches[host->watches_count].told = false;
    host->watches_count++;
    return WTL_OK;
}

static void forget(struct wtl__host *host, uint32_t index)
{
    host->watches[index] = host->watches[--host->watches_count];
}

void wtl__host_fd_unwatch(struct wtl_ctx *pub, int fd)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    uint32_t index = find(x->host, fd);
    if (index == x->host->watches_count || x->host->watches[index].guest != x->guest) {
        return;
    }
    forget(x->host, index);
    (void)wtl__guest_flush(x->guest, WTL__ITEM_OWN, WTL_PID_NONE, (uint64_t)fd);
}

void wtl__host_fd_handled(struct wtl__host *host, int fd)
{
    uint32_t index = find(host, fd);
    if (index < host->watches_count) {
        host->watches[index].told = false;
    }
}

void wtl__host_fds_forget(struct wtl__host *host, const struct wtl__guest *guest)
{
    for (uint32_t i = 0; i < host->watches_count;) {
        if (host->watches[i].guest == guest) {
            forget(host, i);
        } else {
            i++;
        }
    }
}
