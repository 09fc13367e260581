/*
 * review_create.c - a runtime that cannot be made leaves nothing behind, and a descriptor that is
 * no longer watched tells nothing more.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <unistd.h>

#include <wattle/runtime.h>
#include <wattle/wattle.h>

static int open_files(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) >= 0;
    }
    return count;
}

/* Each event loop needs descriptors: with few of them left, a later worker cannot be made. */
Test(review_create, without_descriptors, .timeout = 60)
{
    struct rlimit limit;
    struct wtl_runtime_options one = {.workers = 1, .seed = 1};
    struct wtl_runtime *first = NULL;
    struct wtl_error none = {0};
    cr_assert_eq(wtl_runtime_create(&one, &first, &none), WTL_OK);
    wtl_runtime_destroy(first); /* libuv keeps descriptors of its own from now on */
    int before = open_files();
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    for (unsigned more = 1; more < 16; more++) {
        struct rlimit narrow = {.rlim_cur = (rlim_t)before + more, .rlim_max = limit.rlim_max};
        struct wtl_runtime_options options = {.workers = 8, .seed = 1};
        struct wtl_runtime *runtime = NULL;
        struct wtl_error error = {0};
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &narrow), 0);
        enum wtl_status status = wtl_runtime_create(&options, &runtime, &error);
        cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
        cr_assert_eq(status, WTL_SYSTEM);
        cr_assert_null(runtime);
        /* a loop that could not be made keeps a descriptor: that one is libuv's, ours are closed */
        int left = open_files() - before;
        cr_assert_leq(left, 1, "%d left open", left);
        before += left;
    }
}

/* ---- readiness that is not wanted any more -----------------------------------------------------
 */

struct settings {
    int64_t fd;
};

struct state {
    int fd;
    bool busy; /* readiness was told, and waits behind messages */
};

static _Atomic(uint32_t) stale;
static _Atomic(bool) finished;

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    struct state *state = self;
    (void)args;
    state->fd = (int)((const struct settings *)settings)->fd;
    wtl_tell(x, wtl_self(x), WTL_TAG("fill"), NULL);
    return wtl_fd_watch(x, state->fd, WTL_FD_READ);
}

/* Keeps messages in its queue until the readiness is queued as well, then ends the watch. */
static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct state *state = self;
    if (wtl_is(m, "fd")) {
        if (state->busy) {
            atomic_fetch_add(&stale, 1);
        }
        return WTL_OK;
    }
    if (wtl_is(m, "fill")) {
        for (unsigned i = 0; i < 3000; i++) {
            wtl_tell(x, wtl_self(x), WTL_TAG("one"), NULL);
        }
        wtl_tell(x, wtl_self(x), WTL_TAG("unwatch"), NULL);
    } else if (wtl_is(m, "unwatch")) {
        state->busy = true;
        wtl_fd_unwatch(x, state->fd);
        wtl_tell(x, wtl_self(x), WTL_TAG("end"), NULL);
    } else if (wtl_is(m, "end")) {
        atomic_store(&finished, true);
        return WTL_STOP;
    }
    return WTL_OK;
}

static const struct wtl_actor watcher = {.size = sizeof(struct wtl_actor),
                                         .name = "watcher",
                                         .state_size = sizeof(struct state),
                                         .settings_size = sizeof(struct settings),
                                         .init = init,
                                         .handle = handle};

Test(review_create, nothing_is_told_after_unwatch, .timeout = 60)
{
    struct wtl_runtime_options options = {.workers = 1, .seed = 1};
    struct wtl_runtime *runtime = NULL;
    struct wtl_error error = {0};
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "x", 1), 1);
    cr_assert_eq(wtl_runtime_create(&options, &runtime, &error), WTL_OK);
    for (unsigned i = 0; i < 50; i++) {
        struct settings settings = {.fd = ends[0]};
        struct wtl_spawn_options spawn = {.settings = &settings};
        struct wtl_pid pid = wtl_runtime_spawn(runtime, &watcher, &spawn);
        wtl_runtime_join(runtime, pid);
    }
    wtl_runtime_destroy(runtime);
    cr_assert(atomic_load(&finished));
    cr_assert_eq(atomic_load(&stale), 0);
    (void)close(ends[0]);
    (void)close(ends[1]);
}
