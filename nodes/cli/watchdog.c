/* watchdog.c - see watchdog.h. */
#include "cli/watchdog.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/prng.h"

struct watch {
    pid_t node;
    int words; /* the end of a pipe on which the node says what it has come to */
    bool was_up;
    bool has_stopped; /* in order, and has said so */
    bool stopping;
    unsigned in_a_row; /* ends without a stable time between them */
    uint64_t restarts;
    uint64_t begun_ns;
    sigset_t signals; /* that the watchdog waits for */
    sigset_t former;
    struct wtl__prng prng;
};

/* What the node says on the pipe, a byte each. An exit code says less: any code in the process can
 * end it with 0. */
#define IS_UP       'u'
#define HAS_STOPPED 's'

/* The node's end of the pipe; -1: there is no watchdog. */
static int words_write = -1;

static void say(char word)
{
    if (words_write >= 0) {
        ssize_t written = write(words_write, &word, 1);
        (void)written; /* a watchdog that is gone has sent SIGTERM */
    }
}

void wtl__watchdog_up(void)
{
    say(IS_UP);
}

void wtl__watchdog_stopped(void)
{
    say(HAS_STOPPED);
}

static uint64_t now_ns(void)
{
    return wtl__clock_now_ns(wtl__clock_system());
}

/* ---- starting ------------------------------------------------------------------------------ */

/* What the child does before it goes on as the node. A terminal's Ctrl-C is for the watchdog, which
 * passes it on: twice would end the node at once. */
static void become_node(const struct watch *watch, pid_t parent)
{
    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) { /* it was killed before that was said */
        _exit(0);
    }
    (void)sigprocmask(SIG_SETMASK, &watch->former, NULL);
}

/* Forks. False: this is the child, or there is none (watch->node is -1 then). */
static bool start(struct watch *watch)
{
    int ends[2];
    pid_t parent = getpid();
    (void)fflush(NULL); /* what is in a buffer now would be written by both */
    watch->node = -1;
    watch->begun_ns = now_ns();
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return false;
    }
    watch->node = fork();
    if (watch->node == 0) {
        (void)close(ends[0]);
        words_write = ends[1];
        become_node(watch, parent);
        return false;
    }
    (void)close(ends[1]);
    watch->words = ends[0];
    if (watch->node < 0) {
        (void)close(ends[0]);
        return false;
    }
    return true;
}

/* ---- waiting ------------------------------------------------------------------------------- */

static int code_of(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* What the node has said before it ended. */
static void hear(struct watch *watch)
{
    char word;
    watch->has_stopped = false;
    while (read(watch->words, &word, 1) == 1) {
        watch->was_up |= word == IS_UP;
        watch->has_stopped |= word == HAS_STOPPED;
    }
    (void)close(watch->words);
}

/* Until the node has ended; its status. */
static int wait_for_end(struct watch *watch)
{
    int status = 0;
    while (waitpid(watch->node, &status, WNOHANG) != watch->node) {
        int signal = sigwaitinfo(&watch->signals, NULL);
        if (signal > 0 && signal != SIGCHLD) {
            watch->stopping = true;
            (void)kill(watch->node, SIGTERM);
        }
    }
    hear(watch);
    return status;
}

/* The pause before the next one. False: it was asked to stop meanwhile. */
static bool pause_for(const struct watch *watch, uint32_t ms)
{
    uint64_t end_ns = now_ns() + ms * WTL__NS_PER_MS;
    for (uint64_t now = now_ns(); now < end_ns; now = now_ns()) {
        const struct timespec left = {.tv_sec = (time_t)((end_ns - now) / WTL__NS_PER_S),
                                      .tv_nsec = (long)((end_ns - now) % WTL__NS_PER_S)};
        int signal = sigtimedwait(&watch->signals, NULL, &left);
        if (signal > 0 && signal != SIGCHLD) {
            return false;
        }
    }
    return true;
}

static uint32_t pause_ms(struct watch *watch)
{
    uint32_t ms = WTL__WATCHDOG_FIRST_MS;
    for (unsigned i = 0; i < watch->in_a_row && ms < WTL__WATCHDOG_MAX_MS; i++) {
        ms *= 2;
    }
    ms = ms < WTL__WATCHDOG_MAX_MS ? ms : WTL__WATCHDOG_MAX_MS;
    return ms / 2 + (uint32_t)(wtl__prng_next(&watch->prng) % (ms / 2 + 1));
}

static void say_ended(const struct watch *watch, int status, uint64_t ran_ms, uint32_t again_ms)
{
    char how[32];
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;
    if (WIFSIGNALED(status)) {
        (void)snprintf(how, sizeof how, "signal SIG%s", name != NULL ? name : "?");
    } else {
        (void)snprintf(how, sizeof how, "exit code %d", WEXITSTATUS(status));
    }
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "node_ended",
             WTL__LOG_NUMBER("process", (uint64_t)watch->node), WTL__LOG_TEXT("how", how),
             WTL__LOG_NUMBER("ran_ms", ran_ms), WTL__LOG_NUMBER("restarts", watch->restarts),
             WTL__LOG_NUMBER("again_in_ms", again_ms));
}

/* Is it over with this end of the node? Code 0 alone is nothing: no refused start ends with it, and
 * a stop in order says that it is one. A second signal, which cuts that short, ends it by itself.
 */
static bool is_last(const struct watch *watch, int status)
{
    bool cut_short =
        WIFSIGNALED(status) && (WTERMSIG(status) == SIGTERM || WTERMSIG(status) == SIGINT);
    bool failed = WIFEXITED(status) && WEXITSTATUS(status) != 0;
    bool in_order = WIFEXITED(status) && watch->has_stopped;
    return watch->stopping || cut_short || in_order || (failed && !watch->was_up);
}

bool wtl__watchdog_forks(int *code_out)
{
    static const int signals[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    struct watch watch = {.node = -1};
    *code_out = 1;
    (void)sigemptyset(&watch.signals);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
        (void)sigaddset(&watch.signals, signals[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &watch.signals, &watch.former);
    wtl__prng_init(&watch.prng, now_ns() ^ (uint64_t)getpid());
    while (start(&watch)) {
        int status = wait_for_end(&watch);
        *code_out = code_of(status);
        if (is_last(&watch, status)) {
            return false;
        }
        uint64_t ran_ms = (now_ns() - watch.begun_ns) / WTL__NS_PER_MS;
        watch.in_a_row = ran_ms < WTL__WATCHDOG_STABLE_MS ? watch.in_a_row : 0;
        uint32_t again_ms = pause_ms(&watch);
        watch.in_a_row++;
        watch.restarts++;
        say_ended(&watch, status, ran_ms, again_ms);
        if (!pause_for(&watch, again_ms)) {
            return false;
        }
    }
    if (watch.node < 0) {
        (void)fprintf(stderr, "wattle: the watchdog cannot start a node: %s\n", strerror(errno));
        return false;
    }
    return true;
}
