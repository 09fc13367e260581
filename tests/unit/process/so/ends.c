/*
 * ends.c - actors that end in the middle of something: by wtl_stop in any of their functions, by an
 * error, by a signal that overtakes what they do, by wtl_done. What they have seen of it they tell
 * the holder of the name "sink", as numbers (ends.h).
 *
 * One whose stop function has returned is no more: whatever of it runs then ends the process.
 */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <wattle/module.h>
#include <wattle/wattle.h>

#include "ends.h"

#define SEND_MAX (1u << 20)

struct ender {
    uint64_t how; /* enum ends_how */
    bool stopped;
    int fd;
    uint64_t ready;
};

static const struct wtl_reason normal = {.class_ = WTL_EXIT_NORMAL};

static uint64_t number_of(const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    return wtl_peek(&reader) == WTL_PACK_INT ? wtl_get_u64(&reader) : 0;
}

static void tell_sink(struct wtl_ctx *x, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, number);
    (void)!wtl_tell_name(x, "sink", WTL_TAG("came"), &body);
}

/* Nothing that comes meanwhile is read. */
static void spin(struct wtl_ctx *x)
{
    uint64_t until = wtl_now_ns(x) + UINT64_C(100) * 1000000;
    while (wtl_now_ns(x) < until) {
    }
}

/* Is told by a signal to end, and goes on until that is here, too. */
static void overtaken(struct wtl_ctx *x)
{
    uint64_t until = wtl_now_ns(x) + UINT64_C(100) * 1000000;
    wtl_exit(x, wtl_self(x), WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    while (wtl_now_ns(x) < until) {
        (void)wtl_whereis_local(x, "gate"); /* what has come meanwhile is read, not handled */
    }
}

static void wait_for_gate(struct wtl_ctx *x)
{
    while (wtl_pid_is_none(wtl_whereis_local(x, "gate"))) {
    }
}

/* ---- one that ends -------------------------------------------------------------------------- */

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)self;
    (void)context;
    tell_sink(x, answer->status == WTL_OK ? ENDS_ANSWERED : ENDS_REFUSED);
    return WTL_OK;
}

static const struct wtl_call_options told = {.on_answer = on_answer};

/* An answer that is there at once, and something that was begun before it. */
static void hold(struct wtl_ctx *x)
{
    const struct wtl_call_options held = {.on_answer = on_answer, .hold = true};
    (void)wtl_call_name(x, "no.such.name", WTL_TAG("ask"), NULL, &held);
    while (wtl_pid_is_none(wtl_whereis_local(x, "gate"))) {
    }
    wtl_continue(x, WTL_TAG("went_on"), NULL);
}

static enum wtl_status nothing(void *argument, struct wtl_writer *result)
{
    (void)argument;
    (void)result;
    return WTL_OK;
}

static void watch(struct wtl_ctx *x, struct ender *ender, const struct wtl_msg *message)
{
    ender->fd = eventfd((unsigned)number_of(message), EFD_CLOEXEC | EFD_NONBLOCK);
    (void)!wtl_fd_watch(x, ender->fd, WTL_FD_READ);
    wtl_replyf(x, message, "%u", (unsigned)ender->fd);
}

static void on_ready(struct wtl_ctx *x, struct ender *ender)
{
    uint64_t count = 0;
    (void)!read(ender->fd, &count, sizeof count);
    ender->ready++;
    tell_sink(x, ENDS_READY);
}

static enum wtl_status tell_much(struct wtl_ctx *x, struct wtl_pid to, uint64_t size)
{
    static const uint8_t some[SEND_MAX];
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, SEND_MAX);
    wtl_put_bin(&body, some, size < SEND_MAX ? size : SEND_MAX);
    return wtl_try_tell(x, to, WTL_TAG("came"), &body);
}

/* Another one, called "first", ends at the same moment as what it watches gets ready. */
static void end_first(struct wtl_ctx *x, int fd)
{
    const uint64_t one = 1;
    struct wtl_pid sink = wtl_whereis_local(x, "sink");
    wtl_exit(x, wtl_whereis_local(x, "first"), WTL_REASON(WTL_EXIT_KILL, "kill"));
    (void)tell_much(x, sink,
                    SEND_MAX / 2); /* which does not wait for more: the exit is on its way now */
    (void)!write(fd, &one, sizeof one);
    spin(x);
}

static void send(struct wtl_ctx *x, const struct wtl_msg *message)
{
    wtl_replyf(x, message, "%u",
               (unsigned)tell_much(x, wtl_whereis_local(x, "sink"), number_of(message)));
}

/* The same when it is gone, and has not returned yet. */
static void send_when_gone(struct wtl_ctx *x, const struct wtl_msg *message)
{
    wtl_exit(x, wtl_self(x), WTL_REASON(WTL_EXIT_KILL, "kill"));
    while (wtl_pid_equal(wtl_whereis_local(x, "it"), wtl_self(x))) {
    }
    send(x, message);
}

/* What it does when a signal has overtaken it. */
static enum wtl_status when_overtaken(struct wtl_ctx *x, const struct wtl_msg *message)
{
    if (wtl_is(message, "gate_signal")) {
        wait_for_gate(x);
    }
    overtaken(x);
    if (wtl_is(message, "signal_stop")) {
        wtl_stop(x, normal);
    } else if (wtl_is(message, "signal_fail")) {
        return WTL_DENIED;
    } else if (wtl_is(message, "signal_done")) {
        wtl_done(x, WTL_OK);
    } else if (wtl_is(message, "signal_hold")) {
        (void)wtl_call_name(
            x, "gate", WTL_TAG("ask"), NULL,
            &(struct wtl_call_options){.hold = true, .deadline_ms = WTL_CALL_FOREVER});
    }
    return WTL_OK;
}

static bool is_overtaken(const struct wtl_msg *message)
{
    return wtl_is(message, "signal") || wtl_is(message, "gate_signal") ||
           wtl_is(message, "signal_stop") || wtl_is(message, "signal_fail") ||
           wtl_is(message, "signal_done") || wtl_is(message, "signal_hold");
}

static enum wtl_status ender_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct ender *ender = self;
    if (ender->stopped) {
        abort();
    }
    if (wtl_is(message, "get")) {
        wtl_replyf(x, message, "%lu", (unsigned long)ender->ready);
    } else if (wtl_is(message, "process")) {
        wtl_replyf(x, message, "%u", (unsigned)getpid());
    } else if (wtl_is(message, "how")) {
        ender->how = number_of(message);
    } else if (wtl_is(message, "note")) {
        tell_sink(x, ENDS_NOTE);
    } else if (is_overtaken(message)) {
        return when_overtaken(x, message);
    } else if (wtl_is(message, "stop_fail")) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
        return WTL_DENIED;
    } else if (wtl_is(message, "stop_twice")) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
        wtl_stop(x, normal);
    } else if (wtl_is(message, "stop_reply")) {
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
        wtl_replyf(x, message, "%u", 41u);
        tell_sink(x, ENDS_NOTE);
    } else if (wtl_is(message, "done")) {
        wtl_done(x, WTL_OK);
    } else if (wtl_is(message, "done_slowly")) {
        ender->stopped = true;
        wtl_done(x, WTL_OK);
        spin(x);
    } else if (wtl_is(message, "done_reply")) {
        wtl_done(x, WTL_OK);
        wtl_replyf(x, message, "%u", 41u);
        tell_sink(x, ENDS_NOTE);
    } else if (wtl_is(message, "hold")) {
        hold(x);
    } else if (wtl_is(message, "went_on")) {
        tell_sink(x, ENDS_NOTE);
    } else if (wtl_is(message, "go")) {
        wtl_continue(x, WTL_TAG("go"), NULL); /* until it is told to stop */
    } else if (wtl_is(message, "work")) {
        (void)wtl_work(x, nothing, NULL, 0, &told);
    } else if (wtl_is(message, "watch")) {
        watch(x, ender, message);
    } else if (wtl_is(message, "fd")) {
        on_ready(x, ender);
    } else if (wtl_is(message, "end_first")) {
        end_first(x, (int)number_of(message));
    } else if (wtl_is(message, "send")) {
        send(x, message);
    } else if (wtl_is(message, "send_gone")) {
        send_when_gone(x, message);
    }
    return WTL_OK;
}

static enum wtl_status ender_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct ender *ender = self;
    char text[40];
    if (ender->fd != 0) {
        wtl_fd_unwatch(x, ender->fd);
        (void)close(ender->fd);
    }
    tell_sink(x, strcmp(wtl_reason_text(reason, text), "error:told_to") == 0 ? ENDS_STOPS_TOLD
                                                                             : ENDS_STOPS);
    if (ender->how == ENDS_DONE_IN_STOP) {
        wtl_done(x, WTL_OK);
        tell_sink(x, ENDS_NOTE);
        return WTL_LATER;
    }
    ender->stopped = ender->how != ENDS_LINGERS;
    return ender->how == ENDS_LINGERS ? WTL_LATER : WTL_OK;
}

static void ender_show(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    const struct ender *ender = self;
    (void)x;
    if (ender->stopped) {
        abort();
    }
    wtl_put_u64(out, ender->ready);
}

static WTL_ACTOR(ender, struct ender, .handle = ender_handle, .stop = ender_stop,
                 .show = ender_show);

/* Has no stop function. */
static WTL_ACTOR(plain, struct ender, .handle = ender_handle);

/* ---- one whose init is over in a way of its own --------------------------------------------- */

static enum wtl_status beginner_init(struct wtl_ctx *x, void *self, const void *settings,
                                     const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    switch (number_of(args)) {
    case ENDS_INIT_STOPS:
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
        tell_sink(x, ENDS_NOTE);
        return WTL_OK;
    case ENDS_INIT_STOPS_LATER:
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
        return WTL_LATER;
    case ENDS_INIT_STOPS_FAILS:
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "told_to"));
        return WTL_DENIED;
    case ENDS_INIT_DONE_FAILS:
        wtl_done(x, WTL_OK);
        return WTL_DENIED;
    default:
        wtl_done(x, WTL_OK);
        return WTL_LATER;
    }
}

static WTL_ACTOR(beginner, struct ender, .init = beginner_init, .handle = ender_handle,
                 .stop = ender_stop);

/* ---- one that spawns ------------------------------------------------------------------------ */

struct heavy {
    uint8_t bytes[60000];
};

static WTL_ACTOR(heavy, struct heavy, .init = NULL);

static void bear_beginner(struct wtl_ctx *x, uint64_t how)
{
    struct wtl_writer args;
    (void)wtl_message_open(x, &args, 16);
    wtl_put_u64(&args, how);
    (void)wtl_spawn(
        x, &beginner,
        &(struct wtl_spawn_options){.args = &args, .monitor = true, .ack = true, .name = "child"});
}

/* It is gone, and has not returned yet. */
static void bear_when_gone(struct wtl_ctx *x)
{
    wtl_exit(x, wtl_self(x), WTL_REASON(WTL_EXIT_KILL, "kill"));
    while (wtl_pid_equal(wtl_whereis_local(x, "it"), wtl_self(x))) {
    }
    (void)wtl_spawn(x, &heavy, NULL);
}

static enum wtl_status parent_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)self;
    if (wtl_is(message, "bear")) {
        bear_beginner(x, number_of(message));
    } else if (wtl_is(message, "started")) {
        tell_sink(x, ENDS_STARTED);
    } else if (wtl_is(message, "not_started")) {
        tell_sink(x, ENDS_NOT_STARTED);
    } else if (wtl_is(message, "bear_gone")) {
        bear_when_gone(x);
    } else if (wtl_is(message, "bear_again")) { /* the name is its own */
        for (uint64_t i = 0; i < number_of(message); i++) {
            (void)wtl_spawn(x, &heavy, &(struct wtl_spawn_options){.name = "it"});
        }
        wtl_reply(x, message, NULL);
    } else if (wtl_is(message, "get")) {
        struct wtl_pid pid = wtl_spawn(x, &plain, NULL);
        wtl_exit(x, pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
        wtl_replyf(x, message, "%u", (unsigned)!wtl_pid_is_none(pid));
    } else if (wtl_is(message, "process")) {
        wtl_replyf(x, message, "%u", (unsigned)getpid());
    }
    return WTL_OK;
}

static enum wtl_status parent_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    char text[40];
    (void)self;
    tell_sink(x, strcmp(wtl_reason_text(down->reason, text), "error:told_to") == 0 ? ENDS_DOWN_TOLD
                                                                                   : ENDS_DOWN);
    return WTL_OK;
}

static WTL_ACTOR(parent, struct ender, .handle = parent_handle, .down = parent_down);

WTL_MODULE("ends", "0.1.0", "Ends in the middle of something.", &ender, &plain, &beginner, &heavy,
           &parent);
