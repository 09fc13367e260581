/*
 * ends.c - who is told of whose end: monitors that are taken back while their actor ends, links
 * that are undone, on several workers at once.
 *
 * Each monitor gives one down, or none when it was taken back, whatever was under way then. After
 * an unlink no exit comes. A link that stands when its actor ends gives one exit.
 */
#include "scene.h"

#include <string.h>

enum { WATCHERS = 2, TARGETS = 3, ACTS = 10, REFS = 16 };

struct watcher {
    uint64_t refs[REFS];
    unsigned count;
    unsigned downs[REFS];
    bool is_back[REFS];   /* taken back */
    bool linked[TARGETS]; /* since its last unlink; an exit that waits does not undo a new link */
    bool waits[TARGETS];  /* for an exit, which must come */
    bool inside;
    bool deaf; /* all downs that are to come have come */
};

static struct {
    struct watcher watchers[WATCHERS];
    struct wtl_pid targets[TARGETS];
    bool inside[TARGETS];
    unsigned acted;   /* what watchers have done, all together */
    unsigned counted; /* watchers that have heard of all ends */
    bool links;
} stage;

static enum wtl_status target_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    bool *inside = &stage.inside[scene_number(m)];
    (void)x;
    (void)self;
    scene_enter(inside);
    scene_leave(inside);
    return wtl_is(m, "end") ? WTL_STOP : WTL_OK;
}

static WTL_ACTOR(target, char, .handle = target_handle);

/* ---- those who watch ------------------------------------------------------------------------ */

static struct watcher *watcher_of(const void *self)
{
    return &stage.watchers[*(const uint64_t *)self];
}

static unsigned index_of(struct wtl_pid pid)
{
    for (unsigned i = 0; i < TARGETS; i++) {
        if (wtl_pid_equal(stage.targets[i], pid)) {
            return i;
        }
    }
    turns_fail("the end of somebody else");
}

static enum wtl_status watcher_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    uint64_t *number = self;
    (void)settings;
    *number = scene_number(args);
    wtl_trap_exits(x, true);
    return WTL_OK;
}

static void act_on_monitors(struct wtl_ctx *x, struct watcher *me, struct wtl_pid pid)
{
    unsigned old = me->count > 0 ? (unsigned)turns_draw(me->count) : 0;
    if (me->count < REFS && turns_draw(2) == 0) {
        me->refs[me->count++] = wtl_monitor(x, pid);
    } else if (me->count > 0 && !me->is_back[old]) {
        bool was_there = wtl_demonitor(x, me->refs[old]);
        TURNS_EXPECT(was_there == (me->downs[old] == 0) || !was_there,
                     "a monitor that has told is taken back");
        me->is_back[old] = true;
    }
}

static void act_on_links(struct wtl_ctx *x, struct watcher *me, unsigned to)
{
    if (turns_draw(2) == 0) {
        wtl_link(x, stage.targets[to]);
        me->linked[to] = true;
        me->waits[to] = true;
    } else {
        wtl_unlink(x, stage.targets[to]);
        me->linked[to] = false;
        me->waits[to] = false;
    }
}

/* Has it heard of every end that it must hear of? */
static void look(struct watcher *me)
{
    for (unsigned i = 0; i < me->count; i++) {
        if (!me->is_back[i] && me->downs[i] == 0) {
            return;
        }
    }
    for (unsigned i = 0; i < TARGETS; i++) {
        if (me->waits[i]) {
            return;
        }
    }
    if (stage.acted == WATCHERS * ACTS && !me->deaf) {
        me->deaf = true;
        stage.counted++;
    }
}

static enum wtl_status watcher_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct watcher *me = watcher_of(self);
    scene_enter(&me->inside);
    if (wtl_is(m, "go")) {
        unsigned to = (unsigned)turns_draw(TARGETS);
        if (stage.links) {
            act_on_links(x, me, to);
        } else {
            act_on_monitors(x, me, stage.targets[to]);
        }
        stage.acted++;
    }
    look(me);
    scene_leave(&me->inside);
    return WTL_OK;
}

static enum wtl_status watcher_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct watcher *me = watcher_of(self);
    (void)x;
    scene_enter(&me->inside);
    for (unsigned i = 0; i < me->count; i++) {
        if (me->refs[i] == down->ref) {
            TURNS_EXPECT(!me->is_back[i], "a down of a monitor that was taken back");
            TURNS_EXPECT(++me->downs[i] == 1, "two downs of one monitor");
        }
    }
    look(me);
    scene_leave(&me->inside);
    return WTL_OK;
}

static enum wtl_status watcher_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct watcher *me = watcher_of(self);
    unsigned from = index_of(exit->from);
    (void)x;
    scene_enter(&me->inside);
    TURNS_EXPECT(me->linked[from], "an exit after the unlink");
    me->waits[from] = false;
    look(me);
    scene_leave(&me->inside);
    return WTL_OK;
}

static WTL_ACTOR(watcher, uint64_t, .init = watcher_init, .handle = watcher_handle,
                 .down = watcher_down, .exited = watcher_exited);

/* ---- the scene ------------------------------------------------------------------------------ */

static void play(bool links)
{
    struct wtl_pid watchers[WATCHERS];
    unsigned ended = 0;
    memset(&stage, 0, sizeof stage);
    stage.links = links;
    scene_begin(2, 3);
    for (unsigned i = 0; i < TARGETS; i++) {
        stage.targets[i] = scene_spawn(&target, i);
    }
    for (unsigned i = 0; i < WATCHERS; i++) {
        watchers[i] = scene_spawn(&watcher, i);
    }
    for (unsigned i = 0; i < ACTS; i++) {
        for (unsigned j = 0; j < WATCHERS; j++) {
            TURNS_EXPECT(scene_tell(watchers[j], WTL_TAG("go"), 0) == WTL_OK, "not told");
        }
        if (ended < TARGETS && (turns_draw(2) == 0 || ended + ACTS < i + 1 + TARGETS)) {
            TURNS_EXPECT(scene_tell(stage.targets[ended], WTL_TAG("end"), ended) == WTL_OK,
                         "not told");
            ended++;
        }
    }
    scene_wait(&stage.acted, WATCHERS * ACTS, "all watchers to act");
    for (unsigned i = 0; i < WATCHERS; i++) { /* who had nothing to wait for looks now */
        TURNS_EXPECT(scene_tell(watchers[i], WTL_TAG("look"), 0) == WTL_OK, "not told");
    }
    scene_wait(&stage.counted, WATCHERS, "all ends to be told");
    scene_end();
}

static void ends(void)
{
    play(false);
}

static void links(void)
{
    play(true);
}

const struct scene scene_ends = {.name = "ends", .run = ends};
const struct scene scene_links = {.name = "links", .run = links};
