/*
 * supervisor_member.c - one child of a supervisor: its start, its stop, its exit.
 *
 * A child is linked, so that it ends with its supervisor. It is watched besides while it starts or
 * stops, so that one that unlinks itself cannot hang its supervisor. Of the exit signal and the
 * `down` the first one counts: by the second its pid is known no more.
 *
 * Thread: the holder of the run token.
 */
#include "actor/supervisor_private.h"

#include "actor/ask.h"

#define SHUTDOWN_ACTOR_MS 5000u

static void change_free(struct wtl_ctx *x, struct wtl__member *member)
{
    wtl_free(x, member->change);
    member->change = NULL;
}

static bool change_make(struct wtl_ctx *x, struct wtl__member *member)
{
    if (member->change == NULL) {
        member->change = wtl_alloc(x, sizeof *member->change);
        if (member->change != NULL) {
            *member->change = (struct wtl__change){0};
        }
    }
    return member->change != NULL;
}

/* ---- those who asked for it ---------------------------------------------------------------- */

bool wtl__member_ask(struct wtl_ctx *x, struct wtl__member *member, struct wtl_from from)
{
    if (from.request == 0) {
        return true;
    }
    struct wtl__asker *asker = wtl_alloc(x, sizeof *asker);
    if (asker == NULL || !change_make(x, member)) {
        wtl_free(x, asker);
        wtl_reply_error_to(x, from, WTL_NO_MEMORY, NULL);
        return false;
    }
    *asker = (struct wtl__asker){.caller = from.caller, .request = from.request};
    wtl__fifo_push(&member->change->askers, &asker->link);
    return true;
}

void wtl__member_answer(struct wtl_ctx *x, struct wtl__member *member, enum wtl_status status,
                        struct wtl_pid pid)
{
    struct wtl__fifo_link *link;
    while (member->change != NULL && (link = wtl__fifo_take(&member->change->askers)) != NULL) {
        struct wtl__asker *asker = WTL_CONTAINER(link, struct wtl__asker, link);
        struct wtl_from from = {
            .caller = asker->caller, .request = asker->request, .callee = wtl_self(x)};
        (void)wtl__reply_about(x, from, status, pid, NULL);
        wtl_free(x, asker);
    }
}

enum wtl_status wtl__status_of_reason(struct wtl_reason reason)
{
    char word[16];
    (void)wtl_tag_text(reason.word, word);
    switch (reason.class_) {
    case WTL_EXIT_NORMAL:
        return WTL_STOP;
    case WTL_EXIT_SHUTDOWN:
        return WTL_SHUTDOWN;
    case WTL_EXIT_FAULT:
        return WTL_FAULT;
    case WTL_EXIT_NOPROC:
        return WTL_NO_PROCESS;
    case WTL_EXIT_ERROR:
#define STATUS_OF_WORD(name, value, status_word, text)                                             \
    if (WTL_##name != WTL_OK && strcmp(word, status_word) == 0) {                                  \
        return WTL_##name;                                                                         \
    }
        WTL_STATUS_MAP(STATUS_OF_WORD)
#undef STATUS_OF_WORD
        return WTL_CLOSED;
    default:
        return WTL_CLOSED;
    }
}

/* ---- start --------------------------------------------------------------------------------- */

static struct wtl_pid pid_of(struct wtl_ctx *x, const struct wtl__member *member)
{
    return (struct wtl_pid){.node = wtl__ctx_of(x)->runtime->node, .local = member->local};
}

/* After `ms`, or at once without memory for a timer, wtl__member_timer; unless by then it is in
 * another state: a timer that has fired may be behind the word of that in the mailbox. */
static void timer_arm(struct wtl_ctx *x, struct wtl__member *member, uint32_t ms)
{
    struct wtl_writer body;
    if (change_make(x, member)) {
        (void)wtl_message_open(x, &body, 16);
        wtl_put_u64(&body, member->local);
        wtl_put_u64(&body, member->state);
        member->change->timer = wtl_after(x, ms, WTL__TAG_TIMER, &body);
    }
    if (member->change == NULL || member->change->timer == 0) {
        wtl__member_timer(x, member);
    }
}

static void timer_stop(struct wtl_ctx *x, struct wtl__member *member)
{
    if (member->change != NULL && member->change->timer != 0) {
        (void)wtl_timer_cancel(x, member->change->timer);
        member->change->timer = 0;
    }
}

static struct wtl_pid spawn(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                            struct wtl__member *member)
{
    struct wtl__ctx *inner = wtl__ctx_of(x);
    const struct wtl_child *spec = wtl__member_spec(sup, member);
    bool has_settings = sup->pool != NULL && member->own.settings != NULL;
    struct wtl_spawn_options options = {
        .name = spec->name,
        .settings = has_settings ? member->own.settings : spec->settings,
        .link = true,
        .monitor = true,
        .ack = true,
        .ref_out = &member->change->ref,
    };
    if (spec->tree != NULL) {
        return wtl__supervisor_spawn(inner->runtime, inner, spec->tree, &options);
    }
    return wtl__spawn(inner->runtime, inner, spec->type, &options, 0);
}

static void start_failed(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                         struct wtl_reason reason)
{
    wtl__member_set_reason(member, reason);
    member->state = WTL__MEMBER_DOWN;
    wtl__member_answer(x, member, wtl__status_of_reason(reason), WTL_PID_NONE);
    change_free(x, member);
    if (sup->pool != NULL) {
        wtl__pool_failed(x, sup, member);
    } else {
        wtl__task_failed(x, sup, member);
    }
}

void wtl__member_start(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    struct wtl_pid pid = WTL_PID_NONE;
    wtl__member_down(member);
    member->flags &= WTL__MEMBER_FRESH;
    if (wtl__member_room(x, sup) && change_make(x, member)) {
        member->change->ref = 0;
        pid = spawn(x, sup, member);
    }
    /* without the monitor its end might never be told: then it is on its way out already */
    if (wtl_pid_is_none(pid) || member->change->ref == 0) {
        start_failed(x, sup, member, wtl_reason_of(WTL_NO_MEMORY));
        return;
    }
    member->local = pid.local;
    member->state = WTL__MEMBER_STARTING;
    wtl__member_at_pid(sup, member);
    wtl__watch_begin(x, sup, member);
    uint32_t start_ms = wtl__member_spec(sup, member)->start_ms;
    if (start_ms != 0) {
        timer_arm(x, member, start_ms);
    }
}

void wtl__member_started(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    if (member->state != WTL__MEMBER_STARTING || (member->flags & WTL__MEMBER_LATE) != 0) {
        return;
    }
    timer_stop(x, member);
    (void)wtl_demonitor(x, member->change->ref);
    struct wtl__care *care = wtl__member_care(sup, member);
    if (care != NULL) {
        care->ready_ms = wtl_now_ns(x) / 1000000;
    }
    member->state = WTL__MEMBER_RUNNING;
    member->flags = 0;
    wtl__progress_report(x, sup, member);
    wtl__member_answer(x, member, WTL_OK, pid_of(x, member));
    change_free(x, member);
    if (sup->pool == NULL) {
        wtl__task_started(sup, member);
    }
}

/* ---- stop ---------------------------------------------------------------------------------- */

void wtl__member_kill(struct wtl_ctx *x, struct wtl__member *member)
{
    member->flags |= WTL__MEMBER_KILLED;
    wtl_exit(x, pid_of(x, member), WTL_REASON(WTL_EXIT_KILL, "kill"));
}

/* An exit signal that the actor cannot trap, but that lets it stop in order. A supervisor gets an
 * ordinary one, which it takes for an order by its sender, and may still have to end its start. */
static void order_stop(struct wtl_ctx *pub, const struct wtl__supervisor *sup,
                       const struct wtl__member *member)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__envelope *order = wtl__envelope_new(WTL__EXIT_SEND);
    if (order == NULL) {
        wtl_stop(pub, wtl_reason_of(WTL_NO_MEMORY));
        return;
    }
    if (wtl__member_spec(sup, member)->tree == NULL) {
        order->msg.flags_ |= WTL__FLAG_STOP;
    }
    order->msg.from = wtl_self(pub);
    wtl__set_reason(order, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    (void)wtl__deliver(x->runtime, x, pid_of(pub, member), order);
}

/* How long its actor may take to stop; a supervisor as long as it needs, unless it says so itself:
 * killed, it would leave what has unlinked itself behind. */
uint32_t wtl__shutdown_ms(const struct wtl_child *spec)
{
    if (spec->shutdown_ms != WTL_SHUTDOWN_DEFAULT) {
        return spec->shutdown_ms;
    }
    return spec->tree != NULL ? WTL_SHUTDOWN_INFINITY : SHUTDOWN_ACTOR_MS;
}

void wtl__member_stop(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                      struct wtl__member *member, bool timed)
{
    uint32_t ms = wtl__shutdown_ms(wtl__member_spec(sup, member));
    if (member->state == WTL__MEMBER_STARTING) {
        /* is it the supervisor that ends, or this child alone? */
        bool all = sup->task.kind == WTL__TASK_END;
        wtl__member_answer(x, member, WTL_SHUTDOWN, all ? wtl_self(x) : WTL_PID_NONE);
        timer_stop(x, member);
    } else {
        (void)wtl_monitor(x, pid_of(x, member));
    }
    member->state = WTL__MEMBER_STOPPING;
    if (ms == WTL_SHUTDOWN_BRUTAL) {
        wtl__member_kill(x, member);
        return;
    }
    order_stop(x, sup, member);
    if (timed && ms != WTL_SHUTDOWN_INFINITY) {
        timer_arm(x, member, ms);
    }
}

void wtl__member_stop_again(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                            struct wtl__member *member)
{
    if (member->state == WTL__MEMBER_STOPPING) {
        if ((member->flags & WTL__MEMBER_KILLED) != 0) {
            wtl__member_kill(x, member);
        } else {
            order_stop(x, sup, member);
        }
    }
}

void wtl__member_timer(struct wtl_ctx *x, struct wtl__member *member)
{
    if (member->state == WTL__MEMBER_STARTING) {
        member->flags |= WTL__MEMBER_LATE;
    }
    if (member->change != NULL) {
        member->change->timer = 0;
    }
    wtl__member_kill(x, member);
}

/* ---- exit ---------------------------------------------------------------------------------- */

/* Did a child that was told to stop end as it was told? One that is not permanent may as well have
 * ended quietly for a reason of its own. */
static bool end_was_meant(const struct wtl_child *spec, struct wtl_reason reason)
{
    if (wtl_reason_is_quiet(reason) && spec->restart != WTL_PERMANENT) {
        return true;
    }
    return spec->shutdown_ms == WTL_SHUTDOWN_BRUTAL
               ? reason.class_ == WTL_EXIT_KILLED
               : reason.class_ == WTL_EXIT_SHUTDOWN &&
                     wtl_tag_equal(reason.word, WTL_TAG("shutdown"));
}

static void report_stop(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                        const struct wtl__member *member)
{
    struct wtl_reason reason = wtl__member_reason(member);
    char text[40];
    if (!end_was_meant(wtl__member_spec(sup, member), reason)) {
        wtl__supervisor_report(x, sup, "shutdown_error", member, wtl_reason_text(reason, text));
    }
}

static void stopped(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member)
{
    wtl__member_down(member);
    report_stop(x, sup, member);
    wtl__member_answer(x, member, WTL_OK, wtl_self(x));
    change_free(x, member);
    if (sup->pool != NULL) {
        wtl__member_free(x, sup, member);
    }
}

static void not_started(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                        struct wtl_reason reason)
{
    bool ignored =
        reason.class_ == WTL_EXIT_NORMAL && wtl_tag_equal(reason.word, WTL_TAG("ignore"));
    if ((member->flags & WTL__MEMBER_LATE) != 0) {
        reason = wtl_reason_of(WTL_TIMEOUT);
    } else if (ignored) {
        member->state = WTL__MEMBER_DOWN;
        member->flags = 0;
        wtl__member_answer(x, member, WTL_OK, WTL_PID_NONE);
        change_free(x, member);
        if (sup->pool != NULL) {
            wtl__member_free(x, sup, member);
        } else {
            wtl__task_ignored(x, sup, member);
        }
        return;
    }
    start_failed(x, sup, member, reason);
}

void wtl__member_ended_meanwhile(struct wtl_ctx *x, const struct wtl__supervisor *sup,
                                 struct wtl__member *member)
{
    report_stop(x, sup, member);
    wtl__member_down(member);
}

void wtl__member_exited(struct wtl_ctx *x, struct wtl__supervisor *sup, struct wtl__member *member,
                        struct wtl_reason reason)
{
    if (member->state != WTL__MEMBER_STARTING) {
        member->was = member->local;
    }
    if ((member->flags & WTL__MEMBER_HUNG) != 0 && reason.class_ == WTL_EXIT_KILLED) {
        reason.word = WTL_TAG("hung");
    }
    wtl__member_off_pid(sup, member);
    timer_stop(x, member);
    wtl__member_set_reason(member, reason);
    switch ((enum wtl__member_state)member->state) {
    case WTL__MEMBER_STARTING:
        not_started(x, sup, member, reason);
        return;
    case WTL__MEMBER_STOPPING:
        stopped(x, sup, member);
        return;
    case WTL__MEMBER_RUNNING:
        member->state = WTL__MEMBER_ENDED;
        wtl__task_wait(sup, member);
        return;
    case WTL__MEMBER_DOWN:
    case WTL__MEMBER_ENDED:
    case WTL__MEMBER_RESTARTING:
        break;
    }
    bool had_an_actor = false;
    WTL_ASSERT(had_an_actor);
}
