/*
 * actor_calls.h - the calls that an actor makes, one inline function each; included by actor.h.
 *
 * Whatever takes a `struct wtl_writer *body` consumes it, also when it fails: the message is gone.
 * NULL is an empty body. See actor.h for threads.
 */
#ifndef WATTLE_ACTOR_CALLS_H
#define WATTLE_ACTOR_CALLS_H

#include <wattle/actor.h>

/* ---- about oneself ------------------------------------------------------------------------ */

static inline struct wtl_pid wtl_self(struct wtl_ctx *x)
{
    return x->api->self(x);
}

/* Who spawned this actor; none when it was not an actor. */
static inline struct wtl_pid wtl_parent(struct wtl_ctx *x)
{
    return x->api->parent(x);
}

/* Monotonic time in nanoseconds; never jumps with the wall clock. Virtual in tests. */
static inline uint64_t wtl_now_ns(struct wtl_ctx *x)
{
    return x->api->now_ns(x);
}

/* A random number, not for secrets; from the seed in tests. */
static inline uint64_t wtl_random(struct wtl_ctx *x)
{
    return x->api->random(x);
}

enum wtl_log_level { WTL_LOG_DEBUG, WTL_LOG_INFO, WTL_LOG_WARN, WTL_LOG_ERROR };

/* One line in the node's log, with the actor's name. Bounds: cut at 400 bytes; control characters
 * are escaped. */
static inline void wtl_log(struct wtl_ctx *x, enum wtl_log_level level, const char *text)
{
    x->api->log(x, (int)level, text);
}

/* ---- messages ----------------------------------------------------------------------------- */

/* Opens a message with room for `size` bytes of body (it grows when more is put) and a writer over
 * it. Owns: the message belongs to the writer until something consumes it, or wtl_message_drop.
 * One that is still open when the function returns is for this actor's functions alone: its stop
 * drops it, and it goes with an actor that ends without one: killed, by a fault, before its init
 * is over.
 * Fails: false when memory is exhausted or `size` is over WTL_BODY_MAX; the writer is then
 * `failed`, and may be passed on as if nothing had happened: what consumes it reports WTL_NO_MEMORY
 * or WTL_TOO_LARGE. */
static inline bool wtl_message_open(struct wtl_ctx *x, struct wtl_writer *writer, size_t size)
{
    return x->api->message_open(x, writer, size);
}

static inline void wtl_message_drop(struct wtl_ctx *x, struct wtl_writer *writer)
{
    x->api->message_drop(x, writer);
}

/* Sends, and tells how it went. WTL_OK: this node has accepted it. WTL_BUSY: accepted, but the
 * receiver blocks senders: return soon, this actor runs again when there is room. WTL_FULL: refused
 * by the receiver's mailbox. WTL_NO_PROCESS: nobody is there (only ever known for actors of this
 * node). WTL_NO_CONNECTION, WTL_NO_MEMORY, WTL_TOO_LARGE (over WTL_BODY_MAX), WTL_DENIED. */
static inline enum wtl_status WTL_MUST_USE wtl_try_tell(struct wtl_ctx *x, struct wtl_pid to,
                                                        struct wtl_tag tag, struct wtl_writer *body)
{
    return x->api->tell(x, to, tag, body);
}

/* Sends. What is refused is counted, and the command shows it. */
static inline void wtl_tell(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                            struct wtl_writer *body)
{
    (void)x->api->tell(x, to, tag, body);
}

/* Sends to whoever holds the name: a local one first, then a global one. WTL_NOT_FOUND when this
 * node knows no such name; otherwise as wtl_try_tell. */
static inline enum wtl_status WTL_MUST_USE wtl_tell_name(struct wtl_ctx *x, const char *name,
                                                         struct wtl_tag tag,
                                                         struct wtl_writer *body)
{
    return x->api->tell_name(x, name, tag, body);
}

/* Sends the same body on, under another tag perhaps, without a copy. Status as wtl_try_tell. */
static inline enum wtl_status WTL_MUST_USE wtl_forward(struct wtl_ctx *x, struct wtl_pid to,
                                                       struct wtl_tag tag,
                                                       const struct wtl_msg *message)
{
    return x->api->forward(x, to, tag, message);
}

/* Makes the message last beyond this function; the result is the same message, to be given to
 * wtl_release. What is still kept when the actor ends is released then. Keeping keeps a call
 * unanswered, too. Fails: NULL for a message that was not handed to this very handler run, and for
 * a call when memory is exhausted. */
static inline const struct wtl_msg *wtl_keep(struct wtl_ctx *x, const struct wtl_msg *message)
{
    return x->api->keep(x, message);
}

static inline void wtl_release(struct wtl_ctx *x, const struct wtl_msg *message)
{
    x->api->release(x, message);
}

/* ---- calls -------------------------------------------------------------------------------- */

/* Asks `to` and returns the request's number. The answer comes by options->on_answer, once: with
 * the reply, or with how it failed. A late reply never reaches the actor. NULL options: 5 s, and
 * the answer is dropped. Never fails by itself: what goes wrong is the answer's status. An actor
 * that calls itself and holds is answered WTL_INVALID. Also without a deadline a call is answered:
 * by the callee, by its end, or by the end of the connection to its node. */
static inline uint64_t wtl_call(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag,
                                struct wtl_writer *body, const struct wtl_call_options *options)
{
    return x->api->call(x, to, tag, body, options);
}

static inline uint64_t wtl_call_name(struct wtl_ctx *x, const char *name, struct wtl_tag tag,
                                     struct wtl_writer *body,
                                     const struct wtl_call_options *options)
{
    return x->api->call_name(x, name, tag, body, options);
}

/* Gives up a call: its answer will not come. False when it was answered already. */
static inline bool wtl_call_cancel(struct wtl_ctx *x, uint64_t request)
{
    return x->api->call_cancel(x, request);
}

/* What is needed to reply later, or to let another actor reply: one of this node or of the
 * caller's, because a reply to a pid is taken from no other node. The caller is told when this
 * actor ends without a reply. */
static inline struct wtl_from wtl_defer(struct wtl_ctx *x, const struct wtl_msg *message)
{
    return (struct wtl_from){
        .caller = message->from, .request = message->request, .callee = wtl_self(x)};
}

/* Replies, at once or later, as the callee or for it. A message that is no call (request 0) has its
 * reply dropped, so that one function can serve tells and calls. Status as wtl_try_tell. */
static inline void wtl_reply_to(struct wtl_ctx *x, struct wtl_from from, struct wtl_writer *body)
{
    (void)x->api->reply(x, from, WTL_OK, body);
}

static inline void wtl_reply(struct wtl_ctx *x, const struct wtl_msg *message,
                             struct wtl_writer *body)
{
    (void)x->api->reply(x, wtl_defer(x, message), WTL_OK, body);
}

/* Replies that it failed: the caller's answer has `status`, and the body if there is one. */
static inline void wtl_reply_error(struct wtl_ctx *x, const struct wtl_msg *message,
                                   enum wtl_status status, struct wtl_writer *body)
{
    (void)x->api->reply(x, wtl_defer(x, message), status, body);
}

static inline void wtl_reply_error_to(struct wtl_ctx *x, struct wtl_from from,
                                      enum wtl_status status, struct wtl_writer *body)
{
    (void)x->api->reply(x, from, status, body);
}

/* How long what this function does is waited for, in milliseconds: what is left of the deadline of
 * the call that it handles, or for which it has asked what is now answered. What it asks in turn
 * has that as its bound, on other nodes too. 0: it is over, and whatever is asked is answered
 * WTL_TIMEOUT and not sent. WTL_CALL_FOREVER: nobody has said. It ends with the call's reply, and
 * is not passed on by messages, timers and wtl_continue: whoever answers a deferred call from there
 * sets it. */
static inline uint32_t wtl_deadline_left_ms(struct wtl_ctx *x)
{
    return x->api->deadline_left_ms(x);
}

/* Says so: for the rest of this function, and for the answers to what it asks. WTL_CALL_FOREVER:
 * what it asks from now on has its own deadlines alone. */
static inline void wtl_deadline_set_ms(struct wtl_ctx *x, uint32_t ms)
{
    x->api->deadline_set_ms(x, ms);
}

/* ---- life --------------------------------------------------------------------------------- */

/* Starts an actor on this node and returns its pid at once. When it cannot be started (no memory,
 * name taken, init fails) it ends with that reason, which links and monitors see; without memory
 * for the link or monitor itself it is the spawner that ends, `no_memory`, as with wtl_link. NULL
 * options: neither. */
static inline struct wtl_pid wtl_spawn(struct wtl_ctx *x, const struct wtl_actor *type,
                                       const struct wtl_spawn_options *options)
{
    return x->api->spawn(x, type, options);
}

/* Sends an exit signal (OTP exit/2): WTL_EXIT_KILL cannot be trapped; WTL_EXIT_NORMAL from another
 * actor is ignored unless it traps exits; anything else ends it or, trapped, comes as `exited`. */
static inline void wtl_exit(struct wtl_ctx *x, struct wtl_pid to, struct wtl_reason reason)
{
    x->api->exit(x, to, reason);
}

/* Ends this actor with that reason when its running function returns. */
static inline void wtl_stop(struct wtl_ctx *x, struct wtl_reason reason)
{
    x->api->stop(x, reason);
}

/* From now on exit signals of linked actors come as `exited`. */
static inline void wtl_trap_exits(struct wtl_ctx *x, bool on)
{
    x->api->trap_exits(x, on);
}

/* Links both ways; at most one link per pair. To an actor that is not there: an exit signal
 * `noproc` comes back. */
static inline void wtl_link(struct wtl_ctx *x, struct wtl_pid to)
{
    x->api->link(x, to);
}

/* After this, no exit signal of that link is seen, not even one that is under way. */
static inline void wtl_unlink(struct wtl_ctx *x, struct wtl_pid to)
{
    x->api->unlink(x, to);
}

/* Watches an actor; exactly one `down` comes for each call of this. Monitors stack. */
static inline uint64_t wtl_monitor(struct wtl_ctx *x, struct wtl_pid to)
{
    return x->api->monitor(x, to);
}

/* Watches whoever holds the name now, a local one first, then a global one. Nobody: the `down` is
 * that of a pid that is none, `noproc`, or `noconnection` when this node cannot know. Who holds the
 * name afterwards is not watched. */
static inline uint64_t wtl_monitor_name(struct wtl_ctx *x, const char *name)
{
    return x->api->monitor_name(x, name);
}

/* Ends a monitor and takes back its `down` if it waits in the mailbox: after this, none comes.
 * False when there was no such monitor any more. */
static inline bool wtl_demonitor(struct wtl_ctx *x, uint64_t ref)
{
    return x->api->demonitor(x, ref);
}

/* Ends what init, stop or upgrade have begun with WTL_LATER. */
static inline void wtl_done(struct wtl_ctx *x, enum wtl_status status)
{
    x->api->done(x, status);
}

/* ---- names -------------------------------------------------------------------------------- */

/* Registers this actor. The answer: WTL_OK, or WTL_EXISTS with the pid that holds the name. The
 * name is freed before anybody hears of the actor's end. */
static inline void wtl_register(struct wtl_ctx *x, const char *name, enum wtl_scope scope,
                                const struct wtl_call_options *options)
{
    x->api->register_(x, name, scope, options);
}

static inline void wtl_unregister(struct wtl_ctx *x, const char *name, enum wtl_scope scope)
{
    x->api->unregister(x, name, scope);
}

/* The holder of a local name, at once; none when there is none. */
static inline struct wtl_pid wtl_whereis_local(struct wtl_ctx *x, const char *name)
{
    return x->api->whereis_local(x, name);
}

/* The holder of a name, local first, then global, as answer->pid; WTL_NOT_FOUND when nobody holds
 * it, WTL_NO_CONNECTION when this node cannot know. */
static inline void wtl_whereis(struct wtl_ctx *x, const char *name,
                               const struct wtl_call_options *options)
{
    x->api->whereis(x, name, options);
}

/* ---- time --------------------------------------------------------------------------------- */

/* A message to oneself after at least `after_ms`; never early. Returns the timer, 0 when memory is
 * exhausted. It ends with the actor. */
static inline uint64_t wtl_after(struct wtl_ctx *x, uint64_t after_ms, struct wtl_tag tag,
                                 struct wtl_writer *body)
{
    return x->api->timer(x, wtl_self(x), NULL, after_ms, 0, tag, body);
}

/* The same again and again; a period that was missed is skipped, not made up for: while one message
 * of the timer waits in the mailbox, there is no second. */
static inline uint64_t wtl_every(struct wtl_ctx *x, uint64_t period_ms, struct wtl_tag tag)
{
    return x->api->timer(x, wtl_self(x), NULL, period_ms, period_ms, tag, NULL);
}

/* A message to another actor of this node. The timer is this actor's, and ends with it (OTP: with
 * the other one); when it is due and the other one has ended, the message goes to nobody. */
static inline uint64_t wtl_tell_after(struct wtl_ctx *x, struct wtl_pid to, uint64_t after_ms,
                                      struct wtl_tag tag, struct wtl_writer *body)
{
    return x->api->timer(x, to, NULL, after_ms, 0, tag, body);
}

/* A message to whoever holds the local name when the time has come. */
static inline uint64_t wtl_tell_name_after(struct wtl_ctx *x, const char *name, uint64_t after_ms,
                                           struct wtl_tag tag, struct wtl_writer *body)
{
    return x->api->timer(x, WTL_PID_NONE, name, after_ms, 0, tag, body);
}

/* Stops a timer that this actor started. Returns the milliseconds that were left, or -1 when it has
 * fired or never was. */
static inline int64_t wtl_timer_cancel(struct wtl_ctx *x, uint64_t timer)
{
    return x->api->timer_cancel(x, timer);
}

/* A message to oneself that is handled next, before anything in the mailbox. */
static inline void wtl_continue(struct wtl_ctx *x, struct wtl_tag tag, struct wtl_writer *body)
{
    x->api->continue_(x, tag, body);
}

/* ---- memory, files, work ------------------------------------------------------------------ */

/* Memory that belongs to this actor and goes when it ends; NULL when there is none, or when the
 * actor would be over its cap: it is killed when its function returns. 16-byte aligned, zeroed. */
static inline void *wtl_alloc(struct wtl_ctx *x, size_t size)
{
    return x->api->alloc(x, size);
}

static inline void wtl_free(struct wtl_ctx *x, void *memory)
{
    x->api->free(x, memory);
}

/* Turns readiness of `fd` into messages with tag "fd" and body {fd, events}, until wtl_fd_unwatch.
 * One message is under way at a time: the next comes after it was handled. The actor stays on its
 * worker from then on. The fd stays the caller's, who unwatches it before closing it.
 * Fails: WTL_INVALID for what cannot be watched (no descriptor, a file, one that is watched);
 * WTL_NO_MEMORY, of the kernel too. */
static inline enum wtl_status WTL_MUST_USE wtl_fd_watch(struct wtl_ctx *x, int fd, unsigned events)
{
    return x->api->fd_watch(x, fd, events);
}

static inline void wtl_fd_unwatch(struct wtl_ctx *x, int fd)
{
    x->api->fd_unwatch(x, fd);
}

/* Runs `fn` on the work pool with a copy of `size` bytes of `argument`; the answer comes like that
 * of a call. Work that was begun is finished even when the actor ends. */
static inline uint64_t wtl_work(struct wtl_ctx *x, wtl_work_fn fn, const void *argument,
                                size_t size, const struct wtl_call_options *options)
{
    return x->api->work(x, fn, argument, size, options);
}

/* From now on: a message "node_up" before the first message of a node, "node_down" after its last;
 * body {node, name, layer, reason}. */
static inline void wtl_watch_nodes(struct wtl_ctx *x, bool on)
{
    x->api->watch_nodes(x, on);
}

/* ---- shaped sends ------------------------------------------------------------------------- */

/* wtl_tellf(x, to, "reading", "seq=%u celsius=%lf", seq, celsius): see pack_shape.h. */
#define wtl_tellf(x, to, tag_literal, ...)                                                         \
    do {                                                                                           \
        struct wtl_writer wtl_writer_;                                                             \
        (void)wtl_message_open((x), &wtl_writer_, 64);                                             \
        wtl_putf(&wtl_writer_, __VA_ARGS__);                                                       \
        wtl_tell((x), (to), WTL_TAG(tag_literal), &wtl_writer_);                                   \
    } while (0)

#define wtl_replyf(x, message, ...)                                                                \
    do {                                                                                           \
        struct wtl_writer wtl_writer_;                                                             \
        (void)wtl_message_open((x), &wtl_writer_, 64);                                             \
        wtl_putf(&wtl_writer_, __VA_ARGS__);                                                       \
        wtl_reply((x), (message), &wtl_writer_);                                                   \
    } while (0)

#define wtl_callf(x, to, tag_literal, options, ...)                                                \
    __extension__({                                                                                \
        struct wtl_writer wtl_writer_;                                                             \
        (void)wtl_message_open((x), &wtl_writer_, 64);                                             \
        wtl_putf(&wtl_writer_, __VA_ARGS__);                                                       \
        wtl_call((x), (to), WTL_TAG(tag_literal), &wtl_writer_, (options));                        \
    })

#endif
