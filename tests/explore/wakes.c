/*
 * wakes.c - workers that sleep and are woken: by threads from outside that tell one at a time, and
 * by actors that hold their worker until who they have woken has run elsewhere.
 */
#include "scene.h"

#include <string.h>

enum { TELLERS = 2, ROUNDS = 4, MEETINGS = 1, RANKS = 3 };

static struct {
    unsigned seen[TELLERS];
    unsigned rounds[MEETINGS];
    struct wtl_pid second[MEETINGS];
    unsigned arrived[MEETINGS];
    bool inside[TELLERS + 2 * MEETINGS];
} stage;

static enum wtl_status echo_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t teller = scene_number(m);
    (void)x;
    (void)self;
    scene_enter(&stage.inside[teller]);
    stage.seen[teller]++;
    scene_leave(&stage.inside[teller]);
    return WTL_OK;
}

static WTL_ACTOR(echo, char, .handle = echo_handle);
static WTL_ACTOR(echo_low, char, .handle = echo_handle, .priority = WTL_PRIORITY_LOW);
static WTL_ACTOR(echo_high, char, .handle = echo_handle, .priority = WTL_PRIORITY_HIGH);

/* Tells only when the last was seen, at once or after a while. */
static void *teller(void *argument)
{
    static const struct wtl_actor *const types[RANKS] = {&echo, &echo_low, &echo_high};
    uint64_t number = (uint64_t)(uintptr_t)argument;
    struct wtl_pid to = scene_spawn(types[turns_draw(2) == 0 ? 0 : turns_draw(RANKS)], 0);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        enum wtl_status status = scene_tell(to, WTL_TAG("one"), number);
        TURNS_EXPECT(status == WTL_OK, "a tell says %d", status);
        scene_wait(&stage.seen[number], i, "its message to be handled");
        if (turns_draw(2) == 0) {
            turns_wait(NULL, turns_now_ns() + turns_draw(100000), "a while");
        }
    }
    return NULL;
}

static bool both_are_there(void *context)
{
    const unsigned *arrived = context;
    return *arrived % 2 == 0;
}

static enum wtl_status meets_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t meeting = scene_number(m);
    bool first = wtl_is(m, "wake_and_meet");
    bool *inside = &stage.inside[TELLERS + 2 * meeting + first];
    (void)self;
    scene_enter(inside);
    if (first) {
        TURNS_EXPECT(scene_send(x, stage.second[meeting], WTL_TAG("meet"), meeting) == WTL_OK,
                     "a send is refused");
    }
    if (++stage.arrived[meeting] % 2 != 0) {
        scene_block(both_are_there, &stage.arrived[meeting]);
    }
    stage.rounds[meeting]++;
    scene_leave(inside);
    return WTL_OK;
}

static WTL_ACTOR(meets, char, .handle = meets_handle);

static void *meeter(void *argument)
{
    uint64_t meeting = (uint64_t)(uintptr_t)argument;
    struct wtl_pid first = scene_spawn(&meets, 0);
    stage.second[meeting] = scene_spawn(&meets, 0);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        TURNS_EXPECT(scene_tell(first, WTL_TAG("wake_and_meet"), meeting) == WTL_OK,
                     "a tell is refused");
        scene_wait(&stage.rounds[meeting], 2 * i, "two actors to meet");
    }
    return NULL;
}

static void wakes(void)
{
    unsigned threads[TELLERS + 1];
    bool meet = turns_draw(3) == 0;
    memset(&stage, 0, sizeof stage);
    scene_begin(meet ? 2 : 1, 3);
    for (uintptr_t i = 0; i < TELLERS; i++) {
        turns_thread(&threads[i], teller, (void *)i);
    }
    if (meet) {
        turns_thread(&threads[TELLERS], meeter, (void *)0);
    }
    for (unsigned i = 0; i < TELLERS + (unsigned)meet; i++) {
        turns_join(threads[i]);
    }
    scene_end();
}

const struct scene scene_wakes = {.name = "wakes", .run = wakes};
