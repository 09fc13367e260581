/*
 * rings_race.c - mailboxes that drop the oldest or keep the latest, on several workers, for the
 * thread sanitizer: producers send to an actor that ends again and again, so that what they send
 * races with its end and with the next life of its cell. Exit code 0: every call was answered once,
 * what came from one producer came in order, and nothing is left.
 */
#include "program.h"

enum { PRODUCERS = 6, MESSAGES = 6000, CALL_EACH = 16, LIFE = 400 };

static struct wtl_pid nest_pid;
static struct wtl_pid producers[PRODUCERS];
static const struct wtl_actor *sink_type;

/* ---- who receives -------------------------------------------------------------------------------
 */

struct sink {
    uint64_t last[PRODUCERS];
    uint64_t handled;
};

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct sink *sink = self;
    unsigned long number = 0;
    unsigned long local = 0;
    WTL_ASSERT(wtl_getf(m, "number=%lu local=%lu", &number, &local) == WTL_OK);
    WTL_ASSERT(local == wtl_self(x).local); /* it was sent to this one */
    uint64_t *last = &sink->last[number % PRODUCERS];
    if (m->request != 0) {
        wtl_reply(x, m, NULL);
    } else {
        WTL_ASSERT(number > *last);
        *last = number;
    }
    return ++sink->handled < LIFE ? WTL_OK : WTL_STOP;
}

static WTL_ACTOR(oldest, struct sink, .mailbox_policy = WTL_MAILBOX_DROP_OLDEST, .mailbox_max = 32,
                 .handle = sink_handle);
static WTL_ACTOR(latest, struct sink, .mailbox_policy = WTL_MAILBOX_LATEST, .mailbox_max = 32,
                 .handle = sink_handle);

/* ---- who starts it again ------------------------------------------------------------------------
 */

static void hatch(struct wtl_ctx *x)
{
    struct wtl_pid pid = wtl_spawn(x, sink_type, NULL);
    (void)wtl_monitor(x, pid);
    for (int i = 0; i < PRODUCERS; i++) {
        wtl_tellf(x, producers[i], "sink", "node=%lu local=%lu", (unsigned long)pid.node,
                  (unsigned long)pid.local);
    }
}

static enum wtl_status nest_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    (void)m;
    hatch(x);
    return WTL_OK;
}

static enum wtl_status nest_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)self;
    (void)down;
    hatch(x);
    return WTL_OK;
}

static WTL_ACTOR(nest, char, .handle = nest_handle, .down = nest_down);

/* ---- who sends ----------------------------------------------------------------------------------
 */

struct producer {
    uint64_t index;
    uint64_t sent;
    struct wtl_pid to;
    bool is_on;
};

static enum wtl_status producer_init(struct wtl_ctx *x, void *self, const void *settings,
                                     const struct wtl_msg *args)
{
    struct producer *producer = self;
    (void)x;
    (void)settings;
    producer->index = program_number(args);
    return WTL_OK;
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)x;
    (void)self;
    (void)answer;
    (void)context;
    program_count();
    return WTL_OK;
}

static void send_one(struct wtl_ctx *x, struct producer *producer)
{
    static const struct wtl_call_options options = {.deadline_ms = WTL_CALL_FOREVER,
                                                    .on_answer = on_answer};
    uint64_t number = ++producer->sent * PRODUCERS + producer->index;
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 40);
    wtl_putf(&body, "number=%lu local=%lu", (unsigned long)number,
             (unsigned long)producer->to.local);
    if (producer->sent % CALL_EACH == 0) {
        (void)wtl_call(x, producer->to, WTL_TAG("ask"), &body, &options);
    } else {
        wtl_tell(x, producer->to, WTL_TAG("number"), &body);
    }
}

static enum wtl_status producer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct producer *producer = self;
    if (wtl_is(m, "sink")) {
        unsigned long node = 0;
        unsigned long local = 0;
        WTL_ASSERT(wtl_getf(m, "node=%lu local=%lu", &node, &local) == WTL_OK);
        producer->to = (struct wtl_pid){.node = node, .local = local};
        if (producer->is_on) {
            return WTL_OK; /* it sends already */
        }
        producer->is_on = true;
    }
    for (int i = 0; i < 20 && producer->sent < MESSAGES; i++) {
        send_one(x, producer);
    }
    if (producer->sent < MESSAGES) {
        wtl_tell(x, wtl_self(x), WTL_TAG("more"), NULL); /* others have their turn */
    }
    return WTL_OK;
}

static WTL_ACTOR(producer, struct producer, .init = producer_init, .handle = producer_handle);

static void race(const struct wtl_actor *type, const char *what)
{
    program_begin(3, false);
    sink_type = type;
    for (uint64_t i = 0; i < PRODUCERS; i++) {
        struct wtl_writer args;
        (void)wtl_runtime_message(&args, 16);
        wtl_put_u64(&args, i);
        producers[i] = program_spawn(&producer, &args);
    }
    nest_pid = program_spawn(&nest, NULL);
    WTL_ASSERT(program_tell(nest_pid, WTL_TAG("go"), 0) == WTL_OK);
    program_wait((uint64_t)PRODUCERS * (MESSAGES / CALL_EACH));
    program_end(what);
}

int main(void)
{
    race(&oldest, "calls to who drops the oldest");
    race(&latest, "calls to who keeps the latest");
    return 0;
}
