/*
 * calls.c - questions with deadlines, some of which hold their caller, to servers that answer now,
 * later or never, and end: each question has one answer, and a held caller handles nothing else.
 * Several of them as a collection: each is answered once, before the one end of all; and never
 * after the rest was given up.
 */
#include "scene.h"

#include <string.h>

enum { CALLERS = 3, SERVERS = 2, CALLS = 5, GATHERED = 4, GATHERS = 2 };

/* A collection of one caller. */
struct gathering {
    struct caller *caller;
    struct wtl_requests *requests;
    unsigned answered; /* a bit each */
    unsigned asked;
    unsigned enough; /* after so many answers the rest is given up */
    bool over;
};

struct caller {
    struct gathering gatherings[GATHERS];
    unsigned gathers;
    unsigned asked;
    unsigned answered; /* a bit each */
    bool holds;        /* until it is answered, no message is to be handled */
    bool inside;
};

static struct {
    struct caller callers[CALLERS];
    struct wtl_pid servers[SERVERS];
    bool inside[SERVERS];
    struct wtl_from owed[SERVERS]; /* a question that is answered with the next one */
    bool owes[SERVERS];
    unsigned over;     /* questions that were answered */
    unsigned gathered; /* collections that have ended, or were given up */
} stage;

static enum wtl_status actor_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    uint64_t *number = self;
    (void)x;
    (void)settings;
    *number = scene_number(args);
    return WTL_OK;
}

static enum wtl_status server_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t me = *(uint64_t *)self;
    bool ends = false;
    scene_enter(&stage.inside[me]);
    if (m->request != 0) {
        if (stage.owes[me]) {
            stage.owes[me] = false;
            wtl_reply_to(x, stage.owed[me], NULL);
        }
        switch (turns_draw(4)) {
        case 0:
            stage.owed[me] = wtl_defer(x, m);
            stage.owes[me] = true;
            break;
        case 1:
            ends = turns_draw(4) == 0;
            break;
        default:
            wtl_reply(x, m, NULL);
            break;
        }
    }
    scene_leave(&stage.inside[me]);
    return ends ? WTL_STOP : WTL_OK;
}

static WTL_ACTOR(server, uint64_t, .init = actor_init, .handle = server_handle);

static enum wtl_status caller_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                     void *context)
{
    struct caller *me = &stage.callers[*(uint64_t *)self];
    unsigned which = *(unsigned *)context;
    (void)x;
    scene_enter(&me->inside);
    TURNS_EXPECT((me->answered & 1u << which) == 0, "a question is answered twice");
    TURNS_EXPECT(answer->status == WTL_OK || answer->status == WTL_TIMEOUT ||
                     answer->status == WTL_CLOSED || answer->status == WTL_NO_PROCESS,
                 "an answer says %d", answer->status);
    me->answered |= 1u << which;
    me->holds = false;
    stage.over++;
    scene_leave(&me->inside);
    return WTL_OK;
}

static enum wtl_status gathers_one(struct wtl_ctx *x, void *self, uint64_t label,
                                   const struct wtl_answer *answer, void *context)
{
    struct gathering *own = *(struct gathering **)context;
    (void)self;
    (void)answer;
    scene_enter(&own->caller->inside);
    TURNS_EXPECT(!own->over, "a collection goes on after its end");
    TURNS_EXPECT((own->answered & 1u << label) == 0, "a request is answered twice");
    own->answered |= 1u << label;
    if ((unsigned)__builtin_popcount(own->answered) == own->enough) {
        own->over = true;
        stage.gathered++;
        wtl_requests_cancel(x, own->requests);
    }
    scene_leave(&own->caller->inside);
    return WTL_OK;
}

static enum wtl_status gathered_all(struct wtl_ctx *x, void *self,
                                    const struct wtl_request *requests, void *context)
{
    struct gathering *own = *(struct gathering **)context;
    unsigned count = 0;
    (void)x;
    (void)self;
    for (; requests != NULL; requests = requests->next) {
        TURNS_EXPECT((own->answered & 1u << requests->label) != 0, "an answer was not told");
        count++;
    }
    TURNS_EXPECT(!own->over, "a collection ends twice");
    TURNS_EXPECT(count == own->asked, "a collection of %u ends with %u", own->asked, count);
    own->over = true;
    stage.gathered++;
    return WTL_OK;
}

static void gather(struct wtl_ctx *x, struct caller *me)
{
    struct gathering *own = &me->gatherings[me->gathers++];
    own->caller = me;
    own->enough = (unsigned)turns_draw(2 * GATHERED);
    own->requests = wtl_requests_create(
        x, &(struct wtl_requests_options){.deadline_ms = 1 + (uint32_t)turns_draw(3),
                                          .on_answer = gathers_one,
                                          .on_done = gathered_all,
                                          .context = &own,
                                          .context_size = sizeof own});
    for (unsigned i = 0; i < GATHERED; i++) {
        enum wtl_status status = wtl_requests_call(
            x, own->requests, i, stage.servers[turns_draw(SERVERS)], WTL_TAG("ask"), NULL);
        TURNS_EXPECT(status == WTL_OK || status == WTL_TIMEOUT, "not asked: %d", status);
        own->asked += status == WTL_OK;
    }
}

static enum wtl_status caller_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct caller *me = &stage.callers[*(uint64_t *)self];
    scene_enter(&me->inside);
    TURNS_EXPECT(!me->holds, "a held caller handles a message");
    if (wtl_is(m, "ask")) {
        unsigned which = me->asked++;
        struct wtl_call_options options = {.deadline_ms = 1 + (uint32_t)turns_draw(3),
                                           .hold = turns_draw(2) == 0,
                                           .on_answer = caller_answer,
                                           .context = &which,
                                           .context_size = sizeof which};
        me->holds = options.hold;
        (void)wtl_call(x, stage.servers[turns_draw(SERVERS)], WTL_TAG("ask"), NULL, &options);
    } else if (wtl_is(m, "gather")) {
        gather(x, me);
    }
    scene_leave(&me->inside);
    return WTL_OK;
}

static WTL_ACTOR(caller, uint64_t, .init = actor_init, .handle = caller_handle);

static void calls(void)
{
    struct wtl_pid callers[CALLERS];
    memset(&stage, 0, sizeof stage);
    scene_begin(1, 3);
    for (unsigned i = 0; i < SERVERS; i++) {
        stage.servers[i] = scene_spawn(&server, i);
    }
    for (unsigned i = 0; i < CALLERS; i++) {
        callers[i] = scene_spawn(&caller, i);
    }
    for (unsigned i = 0; i < CALLERS * CALLS; i++) {
        TURNS_EXPECT(scene_tell(callers[i % CALLERS], WTL_TAG("ask"), 0) == WTL_OK, "not told");
        (void)scene_tell(callers[i % CALLERS], WTL_TAG("noise"), 0);
        (void)scene_tell(callers[turns_draw(CALLERS)], WTL_TAG("noise"), 0);
        turns_wait(NULL, turns_now_ns() + turns_draw(300000), "a while");
    }
    for (unsigned i = 0; i < CALLERS * GATHERS; i++) {
        TURNS_EXPECT(scene_tell(callers[i % CALLERS], WTL_TAG("gather"), 0) == WTL_OK, "not told");
        (void)scene_tell(callers[turns_draw(CALLERS)], WTL_TAG("noise"), 0);
        turns_wait(NULL, turns_now_ns() + turns_draw(300000), "a while");
    }
    scene_wait(&stage.over, CALLERS * CALLS, "all answers");
    scene_wait(&stage.gathered, CALLERS * GATHERS, "all collections");
    scene_end();
}

const struct scene scene_calls = {.name = "calls", .run = calls};
