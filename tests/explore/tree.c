/*
 * tree.c - a supervisor whose children crash at any moment, on several workers: so many restarts as
 * it allows, and not one more.
 */
#include "scene.h"

#include <string.h>

enum { CHILDREN = 2, INTENSITY_MAX = 3 };

static struct {
    struct wtl_pid children[CHILDREN];
    unsigned starts[CHILDREN];
    unsigned started; /* all of them together */
    bool inside[CHILDREN];
    unsigned top_down;
    struct wtl_pid top;
    enum wtl_strategy strategy;
} stage;

struct child_settings {
    int64_t number;
};

static const struct wtl_field child_fields[] = {
    WTL_FIELD(struct child_settings, number, I64, "0", NULL, "which child it is"), {0}};

static enum wtl_status child_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    int64_t *number = self;
    (void)args;
    *number = ((const struct child_settings *)settings)->number;
    stage.children[*number] = wtl_self(x);
    stage.starts[*number]++;
    stage.started++;
    return WTL_OK;
}

static enum wtl_status child_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    bool *inside = &stage.inside[*(int64_t *)self];
    (void)x;
    scene_enter(inside);
    scene_leave(inside);
    return wtl_is(m, "crash") ? WTL_INVALID : WTL_OK;
}

static WTL_ACTOR(child, int64_t, .init = child_init, .handle = child_handle, .fields = child_fields,
                 .settings_size = sizeof(struct child_settings));

/* ---- who watches the top -------------------------------------------------------------------- */

static uint32_t intensity;

static enum wtl_status owner_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    struct wtl_child children[CHILDREN];
    static const char *const ids[CHILDREN] = {"a", "b"};
    static const struct child_settings values[CHILDREN] = {{0}, {1}};
    (void)self;
    (void)settings;
    (void)args;
    for (unsigned i = 0; i < CHILDREN; i++) {
        children[i] = (struct wtl_child){
            .id = ids[i], .type = &child, .settings = &values[i], .restart = WTL_PERMANENT};
    }
    struct wtl_tree tree = {.strategy = stage.strategy,
                            .intensity = intensity,
                            .period_ms = 3600000,
                            .children = children,
                            .children_count = CHILDREN};
    struct wtl_spawn_options options = {.monitor = true};
    stage.top = wtl_supervise(x, &tree, &options);
    return WTL_OK;
}

static enum wtl_status owner_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    (void)x;
    (void)self;
    TURNS_EXPECT(down->reason.class_ == WTL_EXIT_SHUTDOWN, "the top has not ended as shutdown");
    stage.top_down++;
    return WTL_OK;
}

static WTL_ACTOR(owner, char, .init = owner_init, .down = owner_down);

/* ---- the scene ------------------------------------------------------------------------------ */

/* Crashes one child, and waits for what follows. */
static void crash(unsigned round)
{
    unsigned victim = (unsigned)turns_draw(CHILDREN);
    unsigned before = stage.started;
    unsigned come = stage.strategy == WTL_ONE_FOR_ALL                   ? CHILDREN
                    : stage.strategy == WTL_REST_FOR_ONE && victim == 0 ? CHILDREN
                                                                        : 1;
    (void)scene_tell(stage.children[1 - victim], WTL_TAG("work"), 0);
    TURNS_EXPECT(scene_tell(stage.children[victim], WTL_TAG("crash"), 0) == WTL_OK, "not told");
    if (round < intensity) {
        scene_wait(&stage.started, before + come, "a restart");
        TURNS_EXPECT(stage.top_down == 0, "it gives up after %u restarts of %u", round, intensity);
        TURNS_EXPECT(stage.started == before + come, "%u were started", stage.started - before);
    } else {
        scene_wait(&stage.top_down, 1, "the supervisor to give up");
        TURNS_EXPECT(stage.started == before, "one more is started");
    }
}

static void tree(void)
{
    memset(&stage, 0, sizeof stage);
    stage.strategy = (enum wtl_strategy)turns_draw(3);
    intensity = 1 + (uint32_t)turns_draw(INTENSITY_MAX);
    scene_begin(1, 3);
    (void)scene_spawn(&owner, 0);
    scene_wait(&stage.started, CHILDREN, "the first start");
    for (unsigned round = 0; round <= intensity; round++) {
        crash(round);
    }
    scene_end();
}

const struct scene scene_tree = {.name = "tree", .run = tree};
