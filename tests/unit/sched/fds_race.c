/*
 * fds_race.c - pipes that turn readable while their actors are busy, stop watching, or end, for the
 * thread sanitizer. Exit code 0: every byte was seen, and no watch is left.
 */
#include "program.h"

#include <fcntl.h>

enum { PIPES = 8, BYTES = 300, LIVES = 200, BUSY = 300 };

struct pump {
    int read_fd;
    uint32_t bytes;
};

static enum wtl_status pump_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    struct pump *pump = self;
    (void)settings;
    pump->read_fd = (int)program_number(args);
    WTL_ASSERT(wtl_fd_watch(x, pump->read_fd, WTL_FD_READ) == WTL_OK);
    WTL_ASSERT(wtl_fd_watch(x, pump->read_fd, WTL_FD_READ) == WTL_EXISTS);
    return WTL_OK;
}

/* Reads one byte a message, and now and then watches anew. */
static enum wtl_status pump_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct pump *pump = self;
    char byte;
    if (!wtl_is(m, "fd")) {
        return WTL_OK;
    }
    WTL_ASSERT(m->request == 0);
    if (read(pump->read_fd, &byte, 1) != 1) {
        return WTL_OK;
    }
    program_count();
    pump->bytes++;
    if (pump->bytes % 16 == 0) {
        wtl_fd_unwatch(x, pump->read_fd);
        WTL_ASSERT(wtl_fd_watch(x, pump->read_fd, WTL_FD_READ) == WTL_OK);
    }
    if (pump->bytes == BYTES) {
        wtl_fd_unwatch(x, pump->read_fd);
        wtl_fd_unwatch(x, pump->read_fd);
        return WTL_STOP;
    }
    return WTL_OK;
}

static WTL_ACTOR(pump, struct pump, .init = pump_init, .handle = pump_handle);

static struct wtl_pid spawn_pump(int fd)
{
    struct wtl_writer args;
    (void)wtl_runtime_message(&args, 16);
    wtl_put_u64(&args, (uint64_t)fd);
    return program_spawn(&pump, &args);
}

static void write_byte(int fd)
{
    WTL_ASSERT(write(fd, "x", 1) == 1);
}

static void pipes(void)
{
    int fds[PIPES][2];
    program_begin(3, false);
    for (int i = 0; i < PIPES; i++) {
        WTL_ASSERT(pipe2(fds[i], O_CLOEXEC) == 0);
        (void)spawn_pump(fds[i][0]);
    }
    for (int i = 0; i < BYTES; i++) {
        for (int j = 0; j < PIPES; j++) {
            write_byte(fds[j][1]);
        }
        if (i % 50 == 0) {
            program_wait((uint64_t)(i + 1) * PIPES);
        }
    }
    program_wait((uint64_t)BYTES * PIPES);
    program_end("bytes through pipes");
    for (int i = 0; i < PIPES; i++) {
        (void)close(fds[i][0]);
        (void)close(fds[i][1]);
    }
}

/* ---- the end of an actor whose fd is ready --------------------------------------------------- */

static enum wtl_status dies_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)x;
    (void)self;
    return wtl_is(m, "die") ? WTL_STOP : WTL_OK; /* a message "fd" leaves it ready */
}

static WTL_ACTOR(dies, struct pump, .init = pump_init, .handle = dies_handle);

static void ends(void)
{
    int fds[2];
    WTL_ASSERT(pipe2(fds, O_CLOEXEC) == 0);
    write_byte(fds[1]); /* ready from the beginning, for ever */
    program_begin(3, false);
    for (uint64_t i = 0; i < LIVES; i++) {
        struct wtl_writer args;
        (void)wtl_runtime_message(&args, 16);
        /* each has a descriptor of its own: epoll takes one watch of each */
        int own = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
        WTL_ASSERT(own >= 0);
        wtl_put_u64(&args, (uint64_t)own);
        struct wtl_pid pid = program_spawn(&dies, &args);
        for (uint64_t yields = i % 20; yields > 0; yields--) { /* ready by then, or not */
            (void)sched_yield();
        }
        WTL_ASSERT(program_tell(pid, WTL_TAG("die"), 0) == WTL_OK);
        wtl_runtime_join(program_runtime, pid);
        program_count();
        while (i % 16 == 0 && wtl_runtime_live(program_runtime) > 0) {
            (void)sched_yield();
        }
        /* the runtime lets go of the descriptor before the actor's end is known */
        (void)close(own);
    }
    program_end("actors that ended while their fd was ready");
    (void)close(fds[0]);
    (void)close(fds[1]);
}

/* ---- among actors that never rest -------------------------------------------------------------
 */

static _Atomic(bool) rest;

static enum wtl_status busy_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (!atomic_load_explicit(&rest, memory_order_relaxed)) {
        wtl_tell(x, wtl_self(x), m->tag, NULL);
    }
    return WTL_OK;
}

static WTL_ACTOR(busy, char, .handle = busy_handle);

static void among_busy(void)
{
    int fds[2];
    WTL_ASSERT(pipe2(fds, O_CLOEXEC) == 0);
    atomic_store(&rest, false);
    program_begin(1, false);
    (void)spawn_pump(fds[0]);
    for (int i = 0; i < BUSY; i++) {
        WTL_ASSERT(program_tell(program_spawn(&busy, NULL), WTL_TAG("spin"), 0) == WTL_OK);
    }
    for (int i = 0; i < 20; i++) { /* one by one: each needs its actor to be run */
        write_byte(fds[1]);
        program_wait((uint64_t)i + 1);
    }
    atomic_store(&rest, true);
    program_end("bytes seen among actors that never rest");
    (void)close(fds[0]);
    (void)close(fds[1]);
}

int main(void)
{
    pipes();
    ends();
    among_busy();
    return 0;
}
