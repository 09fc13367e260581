/*
 * names.c - several actors want one name, get it, give it back, and end: each time one has it, and
 * whoever hears of an end finds the name free.
 */
#include "scene.h"

#include <string.h>

enum { RIVALS = 3, ROUNDS = 4 };

static struct {
    struct wtl_pid holder; /* who was told that the name is its, until it gives it back */
    struct wtl_pid rivals[RIVALS];
    bool inside[RIVALS];
    unsigned answers;
    unsigned over; /* rivals that have ended and of whom the judge was told */
} stage;

static enum wtl_status rival_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                    void *context)
{
    uint64_t me = *(uint64_t *)self;
    uint64_t left = *(uint64_t *)context;
    scene_enter(&stage.inside[me]);
    stage.answers++;
    if (answer->status == WTL_OK) {
        TURNS_EXPECT(wtl_pid_is_none(stage.holder), "two have the name");
        stage.holder = wtl_self(x);
        TURNS_EXPECT(wtl_pid_equal(wtl_whereis_local(x, "name"), wtl_self(x)),
                     "the name is not found at its holder");
        stage.holder = WTL_PID_NONE;
        if (left > 0) {
            wtl_unregister(x, "name", WTL_LOCAL);
        }
    } else {
        TURNS_EXPECT(answer->status == WTL_EXISTS, "a registration says %d", answer->status);
        TURNS_EXPECT(!wtl_pid_equal(answer->pid, wtl_self(x)), "it has the name already");
    }
    if (left > 0) {
        (void)scene_send(x, wtl_self(x), WTL_TAG("go"), left - 1);
    }
    scene_leave(&stage.inside[me]);
    return left > 0 ? WTL_OK : WTL_STOP;
}

static enum wtl_status rival_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    uint64_t *number = self;
    (void)x;
    (void)settings;
    *number = scene_number(args);
    return WTL_OK;
}

static enum wtl_status rival_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t me = *(uint64_t *)self;
    uint64_t left = scene_number(m);
    struct wtl_call_options options = {
        .on_answer = rival_answer, .context = &left, .context_size = sizeof left};
    scene_enter(&stage.inside[me]);
    wtl_register(x, "name", WTL_LOCAL, &options);
    scene_leave(&stage.inside[me]);
    return WTL_OK;
}

static WTL_ACTOR(rival, uint64_t, .init = rival_init, .handle = rival_handle);

static enum wtl_status judge_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    (void)m;
    for (unsigned i = 0; i < RIVALS; i++) {
        (void)wtl_monitor(x, stage.rivals[i]);
    }
    return WTL_OK;
}

static enum wtl_status judge_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)self;
    TURNS_EXPECT(!wtl_pid_equal(wtl_whereis_local(x, "name"), down->pid),
                 "an actor that has ended still has its name");
    stage.over++;
    return WTL_OK;
}

static WTL_ACTOR(judge, char, .handle = judge_handle, .down = judge_down);

static void names(void)
{
    memset(&stage, 0, sizeof stage);
    scene_begin(2, 3);
    for (unsigned i = 0; i < RIVALS; i++) {
        stage.rivals[i] = scene_spawn(&rival, i);
    }
    struct wtl_pid pid = scene_spawn(&judge, 0);
    TURNS_EXPECT(scene_tell(pid, WTL_TAG("watch"), 0) == WTL_OK, "not told");
    for (unsigned i = 0; i < RIVALS; i++) {
        TURNS_EXPECT(scene_tell(stage.rivals[i], WTL_TAG("go"), ROUNDS) == WTL_OK, "not told");
    }
    scene_wait(&stage.over, RIVALS, "all ends to be told");
    scene_end();
}

const struct scene scene_names = {.name = "names", .run = names};
