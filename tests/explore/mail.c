/*
 * mail.c - many senders, few receivers: what was accepted is handled once and in order, by one
 * worker at a time. With a list for a mailbox, and with a ring (see actor/ring.h).
 */
#include "scene.h"

#include <string.h>

enum { SENDERS = 4, OUTSIDE = 2, RECEIVERS = 2, MESSAGES = 8, BURST = 3, SMALL = 3 };

/* Of one sender and one receiver. */
struct pair {
    unsigned sent;     /* so many were tried, */
    unsigned accepted; /* and these are going to be handled */
    unsigned handled;
    uint64_t last; /* number of the last one handled */
};

static struct {
    struct wtl_pid receivers[RECEIVERS];
    struct wtl_pid senders[SENDERS];
    struct pair pairs[SENDERS + OUTSIDE][RECEIVERS];
    bool inside[SENDERS + RECEIVERS];
    unsigned done;           /* senders that have sent all */
    bool flushed[RECEIVERS]; /* it has handled what was sent behind all else */
    enum wtl_mailbox_policy policy;
} stage;

/* A number says who sends to whom, and the how manieth it is. */
static uint64_t number_of(unsigned sender, unsigned receiver, unsigned sequence)
{
    return sender + receiver * 16 + (uint64_t)sequence * 256;
}

static void note_sent(struct pair *pair, enum wtl_status status)
{
    bool taken = status == WTL_OK || status == WTL_BUSY;
    TURNS_EXPECT(taken || status == WTL_FULL, "a send says %d", status);
    pair->accepted += taken;
}

static enum wtl_status sender_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    unsigned me = (unsigned)scene_number(m);
    bool more = false;
    (void)self;
    if (wtl_is(m, "thanks")) {
        return WTL_OK;
    }
    scene_enter(&stage.inside[me]);
    for (unsigned i = 0; i < BURST * RECEIVERS; i++) {
        unsigned to = (unsigned)turns_draw(RECEIVERS);
        struct pair *pair = &stage.pairs[me][to];
        if (pair->sent < MESSAGES) {
            uint64_t number = number_of(me, to, ++pair->sent);
            note_sent(pair, scene_send(x, stage.receivers[to], WTL_TAG("item"), number));
        }
    }
    for (unsigned to = 0; to < RECEIVERS; to++) {
        more = more || stage.pairs[me][to].sent < MESSAGES;
    }
    if (more) {
        (void)scene_send(x, wtl_self(x), WTL_TAG("go"), me);
    } else {
        stage.done++;
    }
    scene_leave(&stage.inside[me]);
    return WTL_OK;
}

static WTL_ACTOR(sender, char, .handle = sender_handle);

static void *outside(void *argument)
{
    unsigned me = (unsigned)(uintptr_t)argument;
    for (unsigned i = 0; i < MESSAGES * RECEIVERS; i++) {
        unsigned to = i % RECEIVERS;
        struct pair *pair = &stage.pairs[me][to];
        uint64_t number = number_of(me, to, ++pair->sent);
        note_sent(pair, scene_tell(stage.receivers[to], WTL_TAG("item"), number));
    }
    stage.done++;
    return NULL;
}

static enum wtl_status receiver_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t number = scene_number(m);
    unsigned to = (unsigned)(number / 16 % 16);
    struct pair *pair = &stage.pairs[number % 16][to];
    (void)self;
    scene_enter(&stage.inside[SENDERS + to]);
    if (number % 16 < SENDERS) { /* so that those wait for room who have something in their queue */
        (void)scene_send(x, stage.senders[number % 16], WTL_TAG("thanks"), 0);
    }
    if (wtl_is(m, "end")) {
        stage.flushed[to] = true;
    } else {
        TURNS_EXPECT(number / 256 > pair->last, "message %lu after %lu",
                     (unsigned long)(number / 256), (unsigned long)pair->last);
        pair->last = number / 256;
        pair->handled++;
    }
    scene_leave(&stage.inside[SENDERS + to]);
    return WTL_OK;
}

static WTL_ACTOR(rejects, char, .handle = receiver_handle, .mailbox_max = SMALL);
static WTL_ACTOR(drops_newest, char, .handle = receiver_handle, .mailbox_max = SMALL,
                 .mailbox_policy = WTL_MAILBOX_DROP_NEWEST);
static WTL_ACTOR(blocks, char, .handle = receiver_handle, .mailbox_max = SMALL,
                 .mailbox_policy = WTL_MAILBOX_BLOCK);
static WTL_ACTOR(drops_oldest, char, .handle = receiver_handle, .mailbox_max = SMALL,
                 .mailbox_policy = WTL_MAILBOX_DROP_OLDEST);
static WTL_ACTOR(keeps_latest, char, .handle = receiver_handle, .mailbox_max = SMALL * SENDERS,
                 .mailbox_policy = WTL_MAILBOX_LATEST);

/* What each pair must have come to. A drop of the newest is told as accepted. */
static void settle(void)
{
    for (unsigned i = 0; i < (SENDERS + OUTSIDE) * RECEIVERS; i++) {
        const struct pair *pair = &stage.pairs[i / RECEIVERS][i % RECEIVERS];
        TURNS_EXPECT(pair->handled <= pair->accepted, "%u handled of %u", pair->handled,
                     pair->accepted);
        if (stage.policy == WTL_MAILBOX_REJECT || stage.policy == WTL_MAILBOX_BLOCK) {
            TURNS_EXPECT(pair->handled == pair->accepted, "%u handled of %u accepted",
                         pair->handled, pair->accepted);
        }
        if (stage.policy == WTL_MAILBOX_LATEST && i / RECEIVERS < SENDERS) {
            TURNS_EXPECT(pair->last == MESSAGES, "the latest of a key is not the last sent");
        }
    }
}

static void play(enum wtl_mailbox_policy policy)
{
    static const struct wtl_actor *const types[] = {&rejects, &drops_newest, &blocks, &drops_oldest,
                                                    &keeps_latest};
    unsigned threads[OUTSIDE];
    memset(&stage, 0, sizeof stage);
    stage.policy = policy;
    scene_begin(1, 3);
    for (unsigned i = 0; i < RECEIVERS; i++) {
        stage.receivers[i] = scene_spawn(types[policy], i);
    }
    for (uintptr_t i = 0; i < OUTSIDE; i++) {
        turns_thread(&threads[i], outside, (void *)(SENDERS + i));
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        stage.senders[i] = scene_spawn(&sender, i);
        TURNS_EXPECT(scene_tell(stage.senders[i], WTL_TAG("go"), i) == WTL_OK, "not told");
    }
    for (unsigned i = 0; i < OUTSIDE; i++) {
        turns_join(threads[i]);
    }
    scene_wait(&stage.done, SENDERS + OUTSIDE, "all senders");
    for (unsigned i = 0; i < RECEIVERS; i++) {
        while (!stage.flushed[i]) { /* a full mailbox may not take it at once */
            (void)scene_tell(stage.receivers[i], WTL_TAG("end"), number_of(0, i, 0));
            turns_wait(NULL, turns_now_ns() + 1000, "room in a mailbox");
        }
    }
    settle();
    scene_end();
}

static void mail(void)
{
    play((enum wtl_mailbox_policy)turns_draw(3));
}

static void rings(void)
{
    play(turns_draw(2) == 0 ? WTL_MAILBOX_DROP_OLDEST : WTL_MAILBOX_LATEST);
}

const struct scene scene_mail = {.name = "mail", .run = mail};
const struct scene scene_rings = {.name = "rings", .run = rings};
