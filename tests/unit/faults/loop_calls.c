/*
 * loop_calls.c - X079, of sockets and loops: each call that makes one fails in turn, and each way
 * in which accept can fail; libuv's own calls are among them. What was to be made is refused with a
 * status, and leaves nothing; a listener goes on, and serves again; a loop never spins on it.
 */
#include <criterion/criterion.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wattle/runtime.h>
#include <wattle/wattle.h>

#include "base/log.h"
#include "net/dialer.h"
#include "net/listener.h"
#include "net/loop_private.h"
#include "wrap_loop.h"

enum { TURNS = 10000 };

static void no_line(void *state, const char *line, size_t length)
{
    (void)state;
    (void)line;
    (void)length;
}

/* The first loop of a process makes what every later one shares. */
static void begin(void)
{
    struct wtl__loop *loop;
    struct wtl_error error = {0};
    wtl__log_set_sink(wtl__log_process(), no_line, NULL);
    cr_assert_eq(wtl__loop_create(&loop, &error), WTL_OK, "%s", error.text);
    wtl__loop_destroy(loop);
}

TestSuite(loop_calls, .init = begin);

static unsigned count_fds(void)
{
    unsigned count = 0;
    DIR *open = opendir("/proc/self/fd");
    while (readdir(open) != NULL) {
        count++;
    }
    (void)closedir(open);
    return count;
}

/* ---- a listener that the test runs ----------------------------------------------------------- */

static struct wtl__loop *loop;
static struct wtl__admission admission;
static struct wtl__listener listener;
static char where[WTL__ADDRESS_TEXT];
static unsigned accepted;
static unsigned ticks;
static struct wtl__loop_timer ticker;

static void on_accept(void *context, int fd, const struct sockaddr *from)
{
    (void)context;
    (void)from;
    accepted++;
    wtl__admission_leave(&admission);
    (void)close(fd);
}

static void on_tick(struct wtl__loop_timer *timer)
{
    ticks++;
    wtl__loop_timer_set(loop, timer, wtl__loop_now_ms(loop) + 1);
}

static void open_loop(void)
{
    struct wtl_error error = {0};
    cr_assert_eq(wtl__loop_create(&loop, &error), WTL_OK, "%s", error.text);
    ticker = (struct wtl__loop_timer){.fire = on_tick};
    on_tick(&ticker);
    ticks = 0;
}

static enum wtl_status listen_here(struct wtl_error *error)
{
    return wtl__listener_open(&listener, loop, "127.0.0.1:0", &admission, on_accept, NULL, where,
                              error);
}

static void open_listener(void)
{
    struct wtl_error error = {0};
    open_loop();
    wtl__admission_init(&admission, 1);
    accepted = 0;
    cr_assert_eq(listen_here(&error), WTL_OK, "%s", error.text);
}

static void close_loop(void)
{
    wtl__loop_timer_clear(loop, &ticker);
    wtl__loop_destroy(loop);
}

static void close_listener(void)
{
    wtl__listener_close(&listener);
    close_loop();
    wtl__admission_deinit(&admission);
}

static void turn(void)
{
    (void)wtl__loop_turn(loop);
    wtl__loop_wait(loop, 1);
}

/* A client that has connected: the kernel does that, whoever accepts. */
static int client(void)
{
    struct wtl__address address;
    struct sockaddr_storage to;
    socklen_t size = 0;
    cr_assert_eq(wtl__address_parse(where, false, &address, NULL), WTL_OK);
    cr_assert(wtl__address_is_numeric(&address, &to, &size));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(connect(fd, (struct sockaddr *)&to, size), 0);
    return fd;
}

/* Was it let go? Both who was served and who was shed see the end. */
static bool has_ended(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN};
    return poll(&look, 1, 0) == 1;
}

static void turn_until_ended(int fd, int code)
{
    for (unsigned i = 0; i < TURNS && !has_ended(fd); i++) {
        turn();
    }
    cr_assert(has_ended(fd), "%s: nobody takes the connection", strerror(code));
    (void)close(fd);
}

/* ---- accept ---------------------------------------------------------------------------------- */

static const int codes[] = {EINTR,  ECONNABORTED, EPROTO,  EPERM,  ENETDOWN, EHOSTUNREACH,
                            EMFILE, ENFILE,       ENOBUFS, ENOMEM, EIO,      EAGAIN};

Test(loop_calls, X079_accept_fails_and_the_listener_goes_on)
{
    unsigned fds = count_fds();
    for (size_t i = 0; i < WTL_COUNT(codes); i++) {
        open_listener();
        for (uint64_t times = 1; times <= 3; times++) {
            wrap_accept_at(1, times, codes[i]);
            turn_until_ended(client(), codes[i]);
            (void)wrap_loop_stop();
            accepted = 0;
            turn_until_ended(client(), codes[i]);
            cr_assert_eq(accepted, 1, "%s, %zu times: not served again", strerror(codes[i]), times);
        }
        close_listener();
        cr_assert_eq(count_fds(), fds, "%s", strerror(codes[i]));
    }
}

/* As long as it fails, all else on the loop goes on, and accept is not called more often than its
 * bound. */
Test(loop_calls, X074_accept_fails_for_ever_and_the_loop_does_not_spin)
{
    for (size_t i = 0; i < WTL_COUNT(codes); i++) {
        open_listener();
        int fd = client();
        wrap_accept_at(1, UINT64_MAX, codes[i]);
        unsigned turns = 0;
        for (ticks = 0; ticks < 5; turns++) { /* or the test is ended */
            turn();
        }
        uint64_t calls = wrap_loop_stop();
        cr_assert_geq(calls, 1);
        cr_assert_leq(calls, turns * WTL__ACCEPTS_PER_TURN, "%s: %zu calls", strerror(codes[i]),
                      calls);
        cr_assert_eq(accepted, 0);
        turn_until_ended(fd, codes[i]);
        cr_assert_eq(accepted, 1);
        close_listener();
    }
}

/* Somebody else has got the descriptor that was kept in reserve. */
Test(loop_calls, X074_the_reserve_is_lost_and_comes_back)
{
    open_listener();
    (void)close(listener.acceptor.reserve);
    listener.acceptor.reserve = -1;
    wrap_accept_at(1, 5, EMFILE);
    turn_until_ended(client(), EMFILE);
    (void)wrap_loop_stop();
    cr_assert_geq(listener.acceptor.reserve, 0);
    close_listener();
}

/* ---- what is made, or refused -----------------------------------------------------------------
 */

static const int none[] = {EMFILE, ENFILE, ENOMEM, ENOSPC, ENOBUFS};

/* How many calls there were while it was made: what undoes it may poll, and libuv aborts the
 * process when epoll_ctl fails then. */
static uint64_t calls;

/* Each call in turn fails with each code. `make` returns whether it was made, and has undone it;
 * otherwise so many descriptors may be left, of libuv: a loop that could not be made keeps its
 * epoll there. */
static void sweep(bool (*make)(void), unsigned kept)
{
    wrap_making_at(UINT64_MAX, 1, 0);
    cr_assert(make());
    uint64_t all = calls;
    cr_assert(all > 0 && all < 100, "%zu calls", all);
    for (size_t i = 0; i < WTL_COUNT(none); i++) {
        for (uint64_t n = 1; n <= all; n++) {
            unsigned fds = count_fds();
            wrap_making_at(n, 1, none[i]);
            cr_assert_not(make(), "call %zu of %zu, %s", n, all, strerror(none[i]));
            cr_assert_leq(count_fds(), fds + kept, "call %zu of %zu, %s: descriptors are left", n,
                          all, strerror(none[i]));
        }
    }
}

static void is_told(enum wtl_status status, const struct wtl_error *error)
{
    cr_assert(status == WTL_SYSTEM || status == WTL_FULL || status == WTL_NO_MEMORY, "%s",
              wtl_status_word(status));
    cr_assert_gt(strlen(error->text), 0);
}

static bool make_loop(void)
{
    struct wtl__loop *made;
    struct wtl_error error = {0};
    enum wtl_status status = wtl__loop_create(&made, &error);
    calls = wrap_loop_stop();
    if (status != WTL_OK) {
        is_told(status, &error);
        return false;
    }
    wtl__loop_destroy(made);
    return true;
}

Test(loop_calls, X079_a_net_loop_is_made_or_refused)
{
    sweep(make_loop, 1);
}

static bool make_runtime(void)
{
    struct wtl_runtime *made;
    struct wtl_error error = {0};
    const struct wtl_runtime_options options = {.workers = 3};
    enum wtl_status status = wtl_runtime_create(&options, &made, &error);
    calls = wrap_loop_stop();
    if (status != WTL_OK) {
        is_told(status, &error);
        return false;
    }
    wtl_runtime_destroy(made);
    return true;
}

Test(loop_calls, X079_a_runtime_is_made_or_refused)
{
    sweep(make_runtime, 1);
}

static bool make_listener(void)
{
    struct wtl_error error = {0};
    enum wtl_status status = listen_here(&error);
    calls = wrap_loop_stop();
    if (status != WTL_OK) {
        is_told(status, &error);
        return false;
    }
    wtl__listener_close(&listener);
    (void)uv_run(wtl__loop_uv(loop), UV_RUN_NOWAIT); /* its handle's memory is used again */
    return true;
}

Test(loop_calls, X079_a_listener_is_opened_or_refused)
{
    open_loop();
    wtl__admission_init(&admission, 1);
    sweep(make_listener, 0);
    wtl__admission_deinit(&admission);
    close_loop();
}

/* ---- dialling ---------------------------------------------------------------------------------
 */

static struct {
    bool is_done;
    int fd;
    enum wtl_status status;
} dialled;

static void on_dialled(void *context, struct wtl__dial *dial, int fd, enum wtl_status status,
                       const char *text)
{
    (void)context;
    (void)dial;
    cr_assert_not(dialled.is_done, "told twice");
    cr_assert_eq(fd >= 0, status == WTL_OK);
    cr_assert_eq(text[0] != '\0', status != WTL_OK);
    dialled.is_done = true;
    dialled.fd = fd;
    dialled.status = status;
}

/* Begins to connect; libuv polls only behind that. */
static void start_dial(void)
{
    struct wtl__address address;
    dialled.is_done = false;
    cr_assert_eq(wtl__address_parse(where, false, &address, NULL), WTL_OK);
    cr_assert_not_null(wtl__dial_start(loop, &address, on_dialled, NULL));
    (void)wtl__loop_turn(loop);
    calls = wrap_loop_stop();
}

static void turn_until_dialled(void)
{
    for (unsigned turns = 0; turns < TURNS && !dialled.is_done; turns++) {
        turn();
    }
    cr_assert(dialled.is_done);
    if (dialled.fd >= 0) {
        (void)close(dialled.fd);
    }
}

Test(loop_calls, X079_a_dial_is_told_how_it_went)
{
    for (size_t i = 0; i < WTL_COUNT(none); i++) {
        open_listener();
        turn(); /* the listener is in the poll */
        unsigned fds = count_fds();
        uint64_t n = 0;
        do {
            wrap_making_at(++n, 1, none[i]);
            start_dial();
            turn_until_dialled();
            cr_assert_eq(dialled.status == WTL_OK, n > calls, "call %zu of %zu, %s: %s", n, calls,
                         strerror(none[i]), wtl_status_word(dialled.status));
        } while (n <= calls);
        cr_assert_gt(n, 3);
        turn();
        cr_assert_eq(count_fds(), fds, "%s: descriptors are left", strerror(none[i]));
        close_listener();
    }
}

/* ---- readiness --------------------------------------------------------------------------------
 */

static int ends[2];

/* Watches its pipe once with each code, and once more. */
static enum wtl_status watcher_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    if (wtl_is(message, "fd")) {
        wtl_fd_unwatch(x, ends[0]);
        return WTL_STOP;
    }
    for (size_t i = 0; i < WTL_COUNT(none); i++) {
        wrap_making_at(1, 1, none[i]);
        enum wtl_status status = wtl_fd_watch(x, ends[0], WTL_FD_READ);
        (void)wrap_loop_stop();
        cr_assert_eq(status, WTL_NO_MEMORY, "%s: %s", strerror(none[i]), wtl_status_word(status));
    }
    wrap_making_at(1, 1, EPERM); /* of a file */
    cr_assert_eq(wtl_fd_watch(x, ends[0], WTL_FD_READ), WTL_INVALID);
    (void)wrap_loop_stop();
    return wtl_fd_watch(x, ends[0], WTL_FD_READ);
}

static WTL_ACTOR(watcher_type, char, .handle = watcher_handle);

Test(loop_calls, X079_a_watch_that_the_system_refuses)
{
    struct wtl_runtime *runtime;
    struct wtl_error error = {0};
    const struct wtl_runtime_options options = {.workers = 2};
    unsigned fds = count_fds();
    cr_assert_eq(wtl_runtime_create(&options, &runtime, &error), WTL_OK, "%s", error.text);
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    cr_assert_eq(write(ends[1], "", 1), 1);
    struct wtl_pid pid = wtl_runtime_spawn(runtime, &watcher_type, NULL);
    cr_assert_eq(wtl_runtime_tell(runtime, pid, WTL_TAG("watch"), NULL), WTL_OK);
    wtl_runtime_join(runtime, pid);
    wtl_runtime_destroy(runtime);
    (void)close(ends[0]);
    (void)close(ends[1]);
    cr_assert_eq(count_fds(), fds);
}
