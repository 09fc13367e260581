/*
 * messages_race.c - rings, fan-in with blocking mailboxes and forwarded bodies on several workers,
 * for the thread sanitizer. Exit code 0: every message came, those of one sender in order.
 */
#include "program.h"

enum { RING = 50, TOKENS = 20, HOPS = 2000, PRODUCERS = 20, MESSAGES = 2000, READERS = 8 };

/* ---- rings --------------------------------------------------------------------------------- */

static struct wtl_pid ring[RING];

struct member {
    uint64_t index;
};

static enum wtl_status member_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct member *member = self;
    (void)x;
    (void)settings;
    member->index = program_number(args);
    return WTL_OK;
}

static enum wtl_status member_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct member *member = self;
    uint64_t left = program_number(m);
    if (left == 0) {
        program_count();
        return WTL_OK;
    }
    WTL_ASSERT(program_send(x, ring[(member->index + 1) % RING], m->tag, left - 1) == WTL_OK);
    return WTL_OK;
}

static WTL_ACTOR(member, struct member, .init = member_init, .handle = member_handle);

static void rings(void)
{
    program_begin(3, false);
    for (uint64_t i = 0; i < RING; i++) {
        struct wtl_writer args;
        (void)wtl_runtime_message(&args, 16);
        wtl_put_u64(&args, i);
        ring[i] = program_spawn(&member, &args);
    }
    for (uint64_t i = 0; i < TOKENS; i++) {
        WTL_ASSERT(program_tell(ring[i], WTL_TAG("token"), HOPS) == WTL_OK);
    }
    program_wait(TOKENS);
    program_end("tokens around the ring");
}

/* ---- fan-in -------------------------------------------------------------------------------- */

static struct wtl_pid sink_pid;
static struct wtl_pid producers[PRODUCERS];

struct sink {
    uint64_t last[PRODUCERS];
};

static uint64_t index_of(struct wtl_pid pid)
{
    for (uint64_t i = 0; i < PRODUCERS; i++) {
        if (wtl_pid_equal(producers[i], pid)) {
            return i;
        }
    }
    WTL_ASSERT(false);
    return 0;
}

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct sink *sink = self;
    uint64_t number = program_number(m);
    uint64_t *last = &sink->last[index_of(m->from)];
    (void)x;
    WTL_ASSERT(*last == 0 || number == *last - 1);
    *last = number;
    program_count();
    return WTL_OK;
}

static WTL_ACTOR(sink, struct sink, .mailbox_policy = WTL_MAILBOX_BLOCK, .mailbox_max = 64,
                 .handle = sink_handle);

static enum wtl_status producer_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t *left = self;
    if (wtl_is(m, "go")) {
        *left = MESSAGES;
    }
    while (*left > 0) {
        enum wtl_status status = program_send(x, sink_pid, WTL_TAG("inc"), (*left)--);
        if (status == WTL_BUSY) {
            wtl_continue(x, WTL_TAG("more"), NULL);
            return WTL_OK;
        }
        WTL_ASSERT(status == WTL_OK);
    }
    return WTL_OK;
}

static WTL_ACTOR(producer, uint64_t, .handle = producer_handle);

static void fan_in(void)
{
    program_begin(3, false);
    sink_pid = program_spawn(&sink, NULL);
    for (uint64_t i = 0; i < PRODUCERS; i++) {
        producers[i] = program_spawn(&producer, NULL);
    }
    for (uint64_t i = 0; i < PRODUCERS; i++) {
        WTL_ASSERT(program_tell(producers[i], WTL_TAG("go"), 0) == WTL_OK);
    }
    program_wait((uint64_t)PRODUCERS * MESSAGES);
    program_end("messages into one actor that blocks");
}

/* ---- one body for many ----------------------------------------------------------------------- */

static struct wtl_pid readers[READERS];

static enum wtl_status reader_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    const struct wtl_msg **kept = self;
    WTL_ASSERT(program_number(m) < MESSAGES);
    if (*kept != NULL) {
        WTL_ASSERT(program_number(*kept) < MESSAGES);
        wtl_release(x, *kept);
    }
    *kept = wtl_keep(x, m);
    program_count();
    return WTL_OK;
}

static WTL_ACTOR(reader, const struct wtl_msg *, .mailbox_max = WTL_MAILBOX_LIMIT,
                 .handle = reader_handle);

static enum wtl_status fan_out_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    for (int i = 0; i < READERS; i++) {
        WTL_ASSERT(wtl_forward(x, readers[i], m->tag, m) == WTL_OK);
    }
    return WTL_OK;
}

static WTL_ACTOR(fan_out, char, .mailbox_max = WTL_MAILBOX_LIMIT, .handle = fan_out_handle);

static void shared_bodies(void)
{
    program_begin(3, false);
    for (int i = 0; i < READERS; i++) {
        readers[i] = program_spawn(&reader, NULL);
    }
    struct wtl_pid to = program_spawn(&fan_out, NULL);
    for (uint64_t i = 0; i < MESSAGES; i++) {
        WTL_ASSERT(program_tell(to, WTL_TAG("one"), i) == WTL_OK);
    }
    program_wait((uint64_t)READERS * MESSAGES);
    program_end("messages that share bodies");
}

int main(void)
{
    rings();
    fan_in();
    shared_bodies();
    return 0;
}
