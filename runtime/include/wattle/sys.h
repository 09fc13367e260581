/*
 * sys.h - looking into an actor, and holding it, while it runs (OTP sys).
 *
 * What is asked acts on the actor as a signal, between two of its messages, also while it is
 * suspended, held back or waiting for a reply; so nobody sees half of what a handler does. While it
 * is held for an upgrade, `state` and `replace` wait until that is decided. The answer comes like
 * that of a call: WTL_NO_PROCESS from an actor that has ended, WTL_CLOSED from one that ends,
 * WTL_BUSY to `state` and `replace` from one whose init is not over, WTL_UNSUPPORTED from an actor
 * of another node (its operator asks there: wattle actor ... --node), and to an actor whose code
 * runs in a process of its own; looked into are those like any others.
 *
 * Thread: as with the calls of actor.h. Fails: each returns the request; 0: no memory, the actor is
 * failing.
 */
#ifndef WATTLE_SYS_H
#define WATTLE_SYS_H

#include <wattle/actor.h>

/* What wtl_api.sys takes; see the functions below. */
enum wtl_sys_verb {
    WTL_SYS_SUSPEND = 1,
    WTL_SYS_RESUME,
    WTL_SYS_STATE,
    WTL_SYS_REPLACE,
    WTL_SYS_STATISTICS,
    WTL_SYS_TRACE,
};

/* It handles no message until it is resumed. Its mail, timers, links and monitors stay; signals act
 * on it, so it can be ended. Twice is once. */
static inline uint64_t wtl_sys_suspend(struct wtl_ctx *x, struct wtl_pid to,
                                       const struct wtl_call_options *options)
{
    return x->api->sys(x, to, WTL_SYS_SUSPEND, NULL, options);
}

static inline uint64_t wtl_sys_resume(struct wtl_ctx *x, struct wtl_pid to,
                                      const struct wtl_call_options *options)
{
    return x->api->sys(x, to, WTL_SYS_RESUME, NULL, options);
}

/* The answer has what the type's `show` puts; WTL_UNSUPPORTED when it has none, WTL_TOO_LARGE and
 * WTL_BAD_PAYLOAD when that is more than a message may have, or more than one value. */
static inline uint64_t wtl_sys_state(struct wtl_ctx *x, struct wtl_pid to,
                                     const struct wtl_call_options *options)
{
    return x->api->sys(x, to, WTL_SYS_STATE, NULL, options);
}

/* Gives it to the type's `replace`, and answers what that returns. Owns: takes the body. */
static inline uint64_t wtl_sys_replace(struct wtl_ctx *x, struct wtl_pid to,
                                       struct wtl_writer *state,
                                       const struct wtl_call_options *options)
{
    return x->api->sys(x, to, WTL_SYS_REPLACE, state, options);
}

/* The answer is a map: what it has handled in all (messages, calls and what it had asked for: its
 * timers, answers, exits, downs, readiness), what it has sent since somebody first asked
 * this, what waits in its mailbox, the bytes of its own memory, and what was handled and sent in
 * the since_ms since somebody asked before (0: for the first time): {handled, sent, waiting,
 * memory_bytes, since_ms, handled_since, sent_since}, each a %ju. */
static inline uint64_t wtl_sys_statistics(struct wtl_ctx *x, struct wtl_pid to,
                                          const struct wtl_call_options *options)
{
    return x->api->sys(x, to, WTL_SYS_STATISTICS, NULL, options);
}

/* ---- trace ----------------------------------------------------------------------------------- */

#define WTL_TRACE_MAX 10000u
#define WTL_TAG_TRACE WTL_TAG("$trace")

/* Of the next `count` messages that it handles, or sends while it handles one, this actor is told
 * by a message each, see wtl_trace_read; WTL_TRACE_OVER is the last. A count of 0 ends it before.
 * WTL_EXISTS: another actor traces it. WTL_INVALID: nobody traces itself.
 * Bounds: at most WTL_TRACE_MAX. An actor that nobody traces pays nothing. */
static inline uint64_t wtl_sys_trace(struct wtl_ctx *x, struct wtl_pid to, uint64_t count,
                                     const struct wtl_call_options *options)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, count);
    return x->api->sys(x, to, WTL_SYS_TRACE, &body, options);
}

enum wtl_trace_what { WTL_TRACE_IN = 1, WTL_TRACE_OUT, WTL_TRACE_OVER };

enum wtl_trace_kind {
    WTL_TRACE_MESSAGE = 1, /* also one of the runtime's: node_up, fd, ... */
    WTL_TRACE_CALL,
    WTL_TRACE_REPLY, /* or another answer */
    WTL_TRACE_EXIT,
    WTL_TRACE_DOWN,
    WTL_TRACE_TIMER, /* a tick of a periodic one */
};

/* One message of the traced actor, without its body. */
struct wtl_trace_event {
    enum wtl_trace_what what; /* OVER: the rest is empty */
    enum wtl_trace_kind kind;
    struct wtl_pid actor; /* the one that is traced */
    struct wtl_pid peer;  /* from whom, or to whom */
    struct wtl_tag tag;   /* of an exit or a down, the reason's word */
    uint64_t at_ns;       /* of the node's clock, as wtl_now_ns */
    uint64_t request;     /* of a call and its reply; the ref of a down */
    uint64_t size;        /* of the body */
};

#define WTL_TRACE_FIELDS 9u

/* False: the message is no event of a trace. */
static inline bool wtl_trace_read(const struct wtl_msg *message, struct wtl_trace_event *event_out)
{
    struct wtl_reader reader = wtl_read(message);
    if (!wtl_tag_equal(message->tag, WTL_TAG_TRACE) || message->request != 0 ||
        wtl_get_array(&reader) != WTL_TRACE_FIELDS) {
        return false;
    }
    event_out->actor = message->from;
    event_out->what = (enum wtl_trace_what)wtl_get_u64(&reader);
    event_out->kind = (enum wtl_trace_kind)wtl_get_u64(&reader);
    event_out->at_ns = wtl_get_u64(&reader);
    event_out->tag.word[0] = wtl_get_u64(&reader);
    event_out->tag.word[1] = wtl_get_u64(&reader);
    event_out->peer.node = wtl_get_u64(&reader);
    event_out->peer.local = wtl_get_u64(&reader);
    event_out->request = wtl_get_u64(&reader);
    event_out->size = wtl_get_u64(&reader);
    return !reader.failed;
}

#endif
