/*
 * calls_race.c - calls whose replies race with their deadlines, timers that are cancelled while
 * they fire, work on the pool, on several workers, for the thread sanitizer. Exit code 0: each was
 * answered exactly once.
 */
#include "program.h"

enum { CALLERS = 10, CALLS = 400, TICKERS = 10, TICKS = 300, WORKERS = 4, JOBS = 100 };

static struct wtl_pid servers[2];

/* ---- calls ----------------------------------------------------------------------------------- */

struct owed {
    struct wtl_from from;
    bool there;
};

/* Replies at once, when the next call comes, through the other server, or never. */
static enum wtl_status server_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct owed *owed = self;
    if (m->request == 0) {
        struct wtl_reader reader = wtl_read(m);
        struct wtl_from from;
        from.caller = (struct wtl_pid){.node = wtl_self(x).node, .local = wtl_get_u64(&reader)};
        from.request = wtl_get_u64(&reader);
        from.callee = m->from;
        wtl_reply_to(x, from, NULL);
        return WTL_OK;
    }
    if (owed->there) {
        owed->there = false;
        wtl_reply_to(x, owed->from, NULL);
    }
    switch (wtl_random(x) % 4) {
    case 0:
        wtl_reply(x, m, NULL);
        break;
    case 1:
        *owed = (struct owed){.from = wtl_defer(x, m), .there = true};
        break;
    case 2: {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 32);
        wtl_put_u64(&body, m->from.local);
        wtl_put_u64(&body, m->request);
        wtl_tell(x, servers[wtl_pid_equal(wtl_self(x), servers[0])], WTL_TAG("yours"), &body);
        break;
    }
    default:
        break;
    }
    return WTL_OK;
}

static WTL_ACTOR(server, struct owed, .mailbox_max = 8, .handle = server_handle);

struct caller {
    uint32_t asked;
    uint64_t request;
};

static void ask(struct wtl_ctx *x, struct caller *caller);

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct caller *caller = self;
    (void)context;
    WTL_ASSERT(answer->request == caller->request);
    WTL_ASSERT(answer->status == WTL_OK || answer->status == WTL_TIMEOUT ||
               answer->status == WTL_BUSY);
    program_count();
    ask(x, caller);
    return WTL_OK;
}

static void ask(struct wtl_ctx *x, struct caller *caller)
{
    struct wtl_call_options options = {.on_answer = on_answer, .deadline_ms = 1, .hold = true};
    options.hold = wtl_random(x) % 2 == 0;
    if (caller->asked++ < CALLS) {
        caller->request = wtl_call(x, servers[wtl_random(x) % 2], WTL_TAG("ask"), NULL, &options);
    }
}

static enum wtl_status caller_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)m;
    ask(x, self);
    return WTL_OK;
}

static WTL_ACTOR(caller, struct caller, .handle = caller_handle);

static void calls(void)
{
    program_begin(3, false);
    servers[0] = program_spawn(&server, NULL);
    servers[1] = program_spawn(&server, NULL);
    for (int i = 0; i < CALLERS; i++) {
        WTL_ASSERT(program_tell(program_spawn(&caller, NULL), WTL_TAG("go"), 0) == WTL_OK);
    }
    program_wait((uint64_t)CALLERS * CALLS);
    program_end("calls with a deadline of a millisecond");
}

/* ---- timers ------------------------------------------------------------------------------------
 */

struct ticker {
    uint64_t timers[8];
    uint32_t ticks;
};

/* Arms eight and cancels some; one that says it was cancelled must not come. */
static enum wtl_status ticker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct ticker *ticker = self;
    for (unsigned i = 0; i < WTL_COUNT(ticker->timers); i++) {
        if (ticker->timers[i] != 0) {
            (void)wtl_timer_cancel(x, ticker->timers[i]);
        }
        ticker->timers[i] = wtl_random(x) % 4 == 0
                                ? wtl_every(x, 1 + wtl_random(x) % 3, WTL_TAG("tick"))
                                : wtl_after(x, wtl_random(x) % 3, WTL_TAG("tick"), NULL);
        WTL_ASSERT(ticker->timers[i] != 0);
    }
    if (wtl_is(m, "tick")) {
        program_count();
        return ++ticker->ticks == TICKS ? WTL_STOP : WTL_OK;
    }
    return WTL_OK;
}

static WTL_ACTOR(ticker, struct ticker, .handle = ticker_handle);

static void timers(void)
{
    program_begin(3, false);
    for (int i = 0; i < TICKERS; i++) {
        WTL_ASSERT(program_tell(program_spawn(&ticker, NULL), WTL_TAG("go"), 0) == WTL_OK);
    }
    program_wait((uint64_t)TICKERS * TICKS);
    program_end("ticks among cancelled timers");
}

/* ---- work --------------------------------------------------------------------------------------
 */

static enum wtl_status square(void *argument, struct wtl_writer *result)
{
    uint64_t number;
    memcpy(&number, argument, sizeof number);
    wtl_put_u64(result, number * number);
    return WTL_OK;
}

static enum wtl_status on_square(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    uint64_t number;
    (void)self;
    memcpy(&number, context, sizeof number);
    WTL_ASSERT(answer->status == WTL_OK && program_number(&answer->message) == number * number);
    program_count();
    if (number + 1 < JOBS) {
        struct wtl_call_options options = {
            .on_answer = on_square, .context = &number, .context_size = sizeof number};
        number++;
        (void)wtl_work(x, square, &number, sizeof number, &options);
        return WTL_OK;
    }
    /* what is under way when the actor ends is finished, and dropped */
    (void)wtl_work(x, square, &number, sizeof number, NULL);
    return WTL_STOP;
}

static enum wtl_status user_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t number = 0;
    struct wtl_call_options options = {
        .on_answer = on_square, .context = &number, .context_size = sizeof number};
    (void)self;
    (void)m;
    (void)wtl_work(x, square, &number, sizeof number, &options);
    return WTL_OK;
}

static WTL_ACTOR(user, char, .handle = user_handle);

static void work(void)
{
    program_begin(3, false);
    for (int i = 0; i < WORKERS; i++) {
        WTL_ASSERT(program_tell(program_spawn(&user, NULL), WTL_TAG("go"), 0) == WTL_OK);
    }
    program_wait((uint64_t)WORKERS * JOBS);
    program_end("pieces of work");
}

int main(void)
{
    calls();
    timers();
    work();
    return 0;
}
