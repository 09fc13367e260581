/*
 * main.c - wattle-module-host from its start to its end. See host.h.
 *
 * It limits itself before any code of the module runs, and once more when all of that is loaded.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "module/describe.h"
#include "process/child.h"
#include "process/host/host.h"
#include "process/manifest.h"

#define ENTRY "wtl_module_entry"

static struct wtl__host host;

/* ---- what the node wants -------------------------------------------------------------------- */

static bool read_orders(void)
{
    void *memory = mmap(NULL, sizeof(struct wtl__board), PROT_READ | PROT_WRITE, MAP_SHARED,
                        WTL__CHILD_BOARD, 0);
    if (memory == MAP_FAILED) {
        return false;
    }
    (void)close(WTL__CHILD_BOARD);
    host.board = memory;
    host.orders = host.board->orders;
    return host.orders.version == WTL__PIPE_VERSION;
}

static bool begin(void)
{
    struct wtl_tag none = {{0, 0}};
    wtl__map_init(&host.guests, WTL__PIPE_ACTORS_MAX, host.orders.seed);
    wtl__prng_init(&host.prng, host.orders.seed);
    wtl__wheel_init(&host.wheel, wtl__clock_now_ns(wtl__clock_system()) / WTL__NS_PER_MS);
    host.x.pub.api = &wtl__host_api;
    host.x.host = &host;
    wtl__board_begin(host.board, WTL__IN_LOADING, 0, none);
    return wtl__host_work_start(&host);
}

/* ---- the module ----------------------------------------------------------------------------- */

static void say_failed(enum wtl_status status, const char *text)
{
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_FAILED,
                                    .status = status,
                                    .body = (const uint8_t *)text,
                                    .size = (uint32_t)strlen(text)};
    (void)wtl__host_put(&host, &frame);
    wtl__host_flush(&host);
}

static bool load(void)
{
    char sealed[32];
    struct wtl_error error = {0};
    const struct wtl_module *(*entry)(void) = NULL;
    (void)snprintf(sealed, sizeof sealed, "/proc/self/fd/%d", WTL__CHILD_IMAGE);
    const char *path = host.orders.module_path[0] != '\0' ? host.orders.module_path : sealed;
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = handle != NULL ? dlsym(handle, ENTRY) : NULL;
    if (symbol == NULL) {
        const char *said = dlerror();
        (void)snprintf(error.text, sizeof error.text, "cannot be loaded: %.300s",
                       said != NULL ? said : "no reason given");
        say_failed(WTL_SYSTEM, error.text);
        return false;
    }
    wtl__host_note_module(symbol);
    memcpy(&entry, &symbol, sizeof entry);
    host.module = entry();
    enum wtl_status status = wtl__module_check(host.module, &error);
    if (status != WTL_OK) {
        say_failed(status, error.text);
        return false;
    }
    (void)close(WTL__CHILD_IMAGE);
    return true;
}

static bool say_hello(void)
{
    size_t size = WTL__MANIFEST_MAX;
    uint8_t *bytes = malloc(size);
    struct wtl_writer writer = wtl_writer_over(bytes, bytes != NULL ? size : 0);
    wtl__manifest_put(&writer, host.module);
    if (writer.failed) {
        say_failed(WTL_TOO_LARGE, "says more of itself than a node reads");
        free(bytes);
        return false;
    }
    struct wtl__pipe_frame frame = {
        .kind = WTL__PIPE_HELLO, .body = bytes, .size = (uint32_t)wtl_written(&writer)};
    (void)wtl__host_put(&host, &frame);
    wtl__host_flush(&host);
    free(bytes);
    return true;
}

/* ---- the loop ------------------------------------------------------------------------------ */

static int wait_ms(void)
{
    uint64_t next_ms = wtl__wheel_next_ms(&host.wheel);
    uint64_t now_ms = wtl__clock_now_ns(wtl__clock_system()) / WTL__NS_PER_MS;
    if (next_ms == WTL__WHEEL_NEVER) {
        return -1;
    }
    if (next_ms <= now_ms) {
        return 0;
    }
    return next_ms - now_ms < 1000000 ? (int)(next_ms - now_ms) : 1000000;
}

/* Something of its own is to be run after a rest: the node must know, or it would not look how long
 * that takes. */
static void say_awake(void)
{
    static const struct wtl__pipe_frame awake = {.kind = WTL__PIPE_AWAKE};
    uint64_t rest_ns = host.orders.budget_ms * WTL__NS_PER_MS / 8;
    if (wtl__clock_now_ns(wtl__clock_system()) - host.sent_ns >= rest_ns) {
        (void)wtl__host_put(&host, &awake);
        wtl__host_flush(&host);
    }
}

static void on_watched(const struct pollfd *ready)
{
    for (uint32_t i = 0; i < host.watches_count; i++) {
        unsigned events =
            ((ready[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0 ? WTL_FD_READ : 0u) |
            ((ready[i].revents & POLLOUT) != 0 ? WTL_FD_WRITE : 0u);
        if (ready[i].revents == 0 || host.watches[i].told) {
            continue;
        }
        uint8_t bytes[32];
        struct wtl_writer body = wtl_writer_over(bytes, sizeof bytes);
        wtl_put_map(&body, 2);
        WTL_PUT_KEY(&body, "fd");
        wtl_put_i64(&body, host.watches[i].fd);
        WTL_PUT_KEY(&body, "events");
        wtl_put_u64(&body, events);
        struct wtl__item *item = wtl__item_new(WTL__ITEM_OWN, bytes, (uint32_t)wtl_written(&body));
        if (item != NULL) {
            item->msg.tag = WTL_TAG("fd");
            item->fd = host.watches[i].fd;
            host.watches[i].told = true;
            wtl__guest_push(&host, host.watches[i].guest, item, false);
        }
    }
}

/* Waits for the node, for a timer, for work that is done, for what guests watch. */
static void wait(int ms)
{
    struct pollfd ready[2 + WTL__HOST_WATCHES] = {
        {.fd = WTL__CHILD_SOCKET, .events = POLLIN},
        {.fd = wtl__host_work_fd(), .events = POLLIN},
    };
    for (uint32_t i = 0; i < host.watches_count; i++) {
        ready[2 + i].fd = host.watches[i].told ? -1 : host.watches[i].fd;
        ready[2 + i].events = (short)(((host.watches[i].events & WTL_FD_READ) != 0 ? POLLIN : 0) |
                                      ((host.watches[i].events & WTL_FD_WRITE) != 0 ? POLLOUT : 0));
    }
    if (poll(ready, 2 + host.watches_count, ms) < 0) {
        return;
    }
    on_watched(ready + 2); /* before the node says that some of them are gone */
    if (ready[0].revents != 0) {
        (void)wtl__host_read(&host);
    } else {
        say_awake();
    }
    if (ready[1].revents != 0) {
        wtl__host_work_done(&host);
    }
}

static void loop(void)
{
    bool more = false;
    while (!host.closed) {
        if (!more) {
            wtl__host_flush(&host);
            wait(wait_ms());
        } else if (host.watches_count > 0 || wtl__host_works()) {
            wait(0);
        } else {
            (void)wtl__host_read(&host);
        }
        wtl__host_expire(&host);
        more = wtl__host_run(&host);
    }
}

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    if (!read_orders()) {
        (void)fprintf(stderr, "wattle-module-host: is started by a node, and by no one else\n");
        return WTL__CHILD_EXIT_ORDERS;
    }
    wtl__host_catch_faults(host.board);
    if (!wtl__host_limit(&host.orders) || !begin() || !wtl__host_filter_loading(&host.orders)) {
        (void)fprintf(stderr, "wattle-module-host: cannot limit itself\n");
        return WTL__CHILD_EXIT_LIMITS;
    }
    wtl__host_watch_memory(host.board);
    if (!load() || !say_hello()) {
        return 1;
    }
    if (!wtl__host_filter_running(&host.orders)) {
        say_failed(WTL_SYSTEM, "cannot be limited");
        return WTL__CHILD_EXIT_LIMITS;
    }
    wtl__board_end(host.board);
    loop();
    return 0;
}
