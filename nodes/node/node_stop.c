/* node_stop.c - a node's ordered end, and running until somebody asks for it. See node.h. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "node/node_private.h"

/* How often an ordered stop looks whether everything has gone. */
#define STOP_LOOK_US 2000
/* How much longer than its time it may take, in seconds, and the exit code when it does: as that of
 * `wattle node start` when not all have ended in time. */
#define OVERDUE_S    5u
#define OVERDUE_CODE 75

static void stop_listening(void *argument)
{
    wtl__net_stop_listening(argument);
}

static void say_goodbye(void *argument)
{
    wtl__net_goodbye(argument, WTL_SHUTDOWN);
}

struct left {
    struct wtl__node *node;
    bool unsent;
    uint32_t sockets;
};

static void look_what_is_left(void *argument)
{
    struct left *left = argument;
    struct wtl__net *net = left->node->net;
    left->unsent = wtl__net_unsent(net) > 0 || wtl__hub_is_awaited(wtl__net_hub(net)) ||
                   !wtl__outboxes_are_empty(left->node->port.outboxes);
    left->sockets = wtl__net_sockets(net);
}

/* Waits until nothing waits to be sent to nodes that can be reached (or, `sockets`, until all are
 * closed). */
static bool wait_gone(struct wtl__node *node, bool sockets, uint64_t deadline_ms)
{
    for (;;) {
        struct left left = {.node = node};
        wtl__loop_call(node->loop, look_what_is_left, &left);
        bool gone = sockets ? left.sockets == 0 : !left.unsent;
        if (gone || wtl__loop_now_ms(node->loop) >= deadline_ms) {
            return gone;
        }
        (void)usleep(STOP_LOOK_US);
    }
}

static uint32_t until(struct wtl__node *node, uint64_t deadline_ms)
{
    uint64_t now_ms = wtl__loop_now_ms(node->loop);
    return deadline_ms > now_ms ? (uint32_t)(deadline_ms - now_ms) : 0;
}

enum wtl_status wtl__node_stop(struct wtl__node *node)
{
    if (node->is_stopped || !node->is_started) {
        return WTL_OK;
    }
    node->is_stopped = true;
    uint64_t begin_ms = wtl__loop_now_ms(node->loop);
    uint64_t deadline_ms = begin_ms + node->stop_ms;
    /* a fifth of the time is kept for the links: what actors say last is worth nothing if it does
     * not leave */
    uint64_t actors_by_ms = begin_ms + node->stop_ms - node->stop_ms / 5;
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "node_stopping",
             WTL__LOG_TEXT("node", node->bundle.identity.name),
             WTL__LOG_NUMBER("within_ms", node->stop_ms));
    wtl__loop_call(node->loop, stop_listening, node->net);
    wtl_runtime_stop(node->runtime, until(node, actors_by_ms));
    bool in_time = wtl__loop_now_ms(node->loop) <= actors_by_ms;
    bool sent = wait_gone(node, false, deadline_ms);
    wtl__port_close(&node->port);
    wtl__loop_call(node->loop, say_goodbye, node->net);
    bool closed = wait_gone(node, true, deadline_ms + WTL__LINK_CLOSE_MS);
    wtl__loop_stop(node->loop);
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "node_stopped",
             WTL__LOG_TEXT("node", node->bundle.identity.name),
             WTL__LOG_NUMBER("undelivered_bytes", wtl__outboxes_bytes(node->port.outboxes)),
             WTL__LOG_FLAG("in_time", in_time && sent && closed));
    return in_time && sent && closed ? WTL_OK : WTL_TIMEOUT;
}

void wtl__node_ask_stop(const struct wtl__node *node, char why)
{
    int code = errno;
    ssize_t written = write(node->stop_write, &why, 1);
    (void)written; /* a full pipe has been asked often enough */
    errno = code;
}

void wtl__node_request_stop(struct wtl__node *node)
{
    wtl__node_ask_stop(node, WTL__STOP_ASKED);
}

/* The write end of the node that is run, for the signal handler; -1: none. */
static volatile sig_atomic_t signal_fd = -1;

static void on_signal(int number)
{
    int code = errno;
    (void)number;
    if (signal_fd >= 0) {
        const char why = WTL__STOP_ASKED;
        ssize_t written = write((int)signal_fd, &why, 1);
        (void)written;
    }
    errno = code;
}

/* An actor's function blocks, and with it the end of its worker: nothing can be taken down. */
static void on_overdue(int number)
{
    static const char text[] =
        "error[E0302]: the node was stopped, and an actor's function has not returned in time\n"
        "  = help: a function blocks: wtl_work is for what does, or a process of its own\n";
    ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    (void)number;
    (void)written;
    _exit(OVERDUE_CODE);
}

/* From now on a second signal ends the process at once, and so does a stop that takes too long. */
static void limit_stop(const struct wtl__node *node)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    action.sa_handler = on_overdue;
    (void)sigaction(SIGALRM, &action, NULL);
    (void)alarm((unsigned)(node->stop_ms / 1000) + OVERDUE_S);
}

enum wtl_status wtl__node_run(struct wtl__node *node, struct wtl_error *error)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction old_term;
    struct sigaction old_int;
    if (!node->is_started) {
        enum wtl_status status = wtl__node_start(node, error);
        if (status != WTL_OK) {
            return status;
        }
    }
    signal_fd = node->stop_write;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGTERM, &action, &old_term);
    (void)sigaction(SIGINT, &action, &old_int);
    struct pollfd asked = {.fd = node->stop_read, .events = POLLIN};
    char why = WTL__STOP_ASKED;
    while (poll(&asked, 1, -1) < 0 && errno == EINTR) {
    }
    ssize_t got = read(node->stop_read, &why, 1); /* the first one is the reason */
    (void)got;
    limit_stop(node);
    enum wtl_status status = wtl__node_stop(node);
    (void)alarm(0);
    (void)sigaction(SIGTERM, &old_term, NULL);
    (void)sigaction(SIGINT, &old_int, NULL);
    signal_fd = -1;
    if (why == WTL__STOP_FAILED) {
        return wtl_fail(error, WTL_NO_PROCESS,
                        "the node could not go on: %s; the log says what came before, start it "
                        "again",
                        node->failed);
    }
    return status;
}
