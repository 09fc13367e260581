/*
 * timers.c - timers that are cancelled while they fire, also late ones on the wheel of a worker
 * that is busy: each message comes once, never early, and not after its cancel.
 */
#include "scene.h"

#include <string.h>

enum { OWNERS = 3, ROUNDS = 3, TIMERS = 12 /* four a round */ };

struct alarm {
    uint64_t timer;
    uint64_t due_ns;
    bool is_back; /* cancelled in time */
    bool fired;
};

static struct {
    struct alarm alarms[OWNERS][TIMERS];
    bool inside[OWNERS];
    unsigned over; /* alarms that have fired or were cancelled */
} stage;

static enum wtl_status owner_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    uint64_t *number = self;
    (void)x;
    (void)settings;
    *number = scene_number(args);
    return WTL_OK;
}

static void arm(struct wtl_ctx *x, uint64_t me, uint64_t which)
{
    struct alarm *alarm = &stage.alarms[me][which];
    uint64_t after_ms = turns_draw(2);
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 16);
    wtl_put_u64(&body, which);
    alarm->due_ns = wtl_now_ns(x) + after_ms * 1000000;
    alarm->timer = wtl_after(x, after_ms, WTL_TAG("ring"), &body);
}

static void cancel(struct wtl_ctx *x, uint64_t me)
{
    struct alarm *alarm = &stage.alarms[me][turns_draw(TIMERS)];
    if (alarm->timer == 0 || alarm->is_back) {
        return;
    }
    if (wtl_timer_cancel(x, alarm->timer) >= 0) {
        TURNS_EXPECT(!alarm->fired, "a timer that has fired is cancelled");
        alarm->is_back = true;
        stage.over++;
    }
}

static enum wtl_status owner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t me = *(uint64_t *)self;
    uint64_t which = scene_number(m);
    scene_enter(&stage.inside[me]);
    if (wtl_is(m, "arm")) {
        for (uint64_t i = which; i < TIMERS; i += ROUNDS) {
            arm(x, me, i);
        }
        cancel(x, me);
    } else if (wtl_is(m, "ring")) {
        struct alarm *alarm = &stage.alarms[me][which];
        TURNS_EXPECT(!alarm->is_back, "a timer fires after its cancel");
        TURNS_EXPECT(!alarm->fired, "a timer fires twice");
        TURNS_EXPECT(wtl_now_ns(x) >= alarm->due_ns, "a timer fires early");
        alarm->fired = true;
        stage.over++;
        cancel(x, me);
    }
    scene_leave(&stage.inside[me]);
    return WTL_OK;
}

static WTL_ACTOR(owner, uint64_t, .init = owner_init, .handle = owner_handle);

static void timers(void)
{
    struct wtl_pid owners[OWNERS];
    memset(&stage, 0, sizeof stage);
    scene_begin(1, 3);
    for (unsigned i = 0; i < OWNERS; i++) {
        owners[i] = scene_spawn(&owner, i);
    }
    for (unsigned i = 0; i < OWNERS * ROUNDS; i++) {
        turns_wait(NULL, turns_now_ns() + turns_draw(500000), "a while");
        TURNS_EXPECT(scene_tell(owners[i % OWNERS], WTL_TAG("arm"), i / OWNERS) == WTL_OK,
                     "not told");
    }
    scene_wait(&stage.over, OWNERS * TIMERS, "all timers");
    scene_end();
}

const struct scene scene_timers = {.name = "timers", .run = timers};
