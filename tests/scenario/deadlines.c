/* deadlines.c - three nodes: how long a caller waits travels with its call, and with what is asked
 * for that. Times are compared with each other, never with a clock: what is left only gets less. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "kit.h"
#include "sched/system.h"

/* Long against the way of a call; what it is does not matter to any assertion. */
#define WAITS_MS 8000u
/* What each call would have if nobody had said. */
#define OWN_MS 60000u
/* Of a call that shall be over: short, because the test waits for that. */
#define SHORT_MS 50u

static struct kit kit;

static void setup(void)
{
    kit_init(&kit);
}

static void teardown(void)
{
    kit_deinit(&kit);
}

TestSuite(deadlines, .init = setup, .fini = teardown, .timeout = 120);

/* An actor on the way of a call: notes what is left when it handles one, and asks the next, when
 * there is one. A gate that is shut holds it in its handler. */
struct stage {
    struct wtl_pid pid;
    struct wtl_pid next; /* none: it is the last one */
    _Atomic(uint32_t) handled;
    _Atomic(uint32_t) left_ms;     /* at its last call */
    _Atomic(uint32_t) answered_ms; /* left when the next one had answered */
    _Atomic(bool) shut;
    _Atomic(bool) at_the_gate;
};

struct state {
    struct stage *stage;
    struct wtl_from from;
};

static enum wtl_status stage_init(struct wtl_ctx *x, void *self, const void *settings,
                                  const struct wtl_msg *args)
{
    (void)x;
    (void)args;
    ((struct state *)self)->stage = *(struct stage *const *)settings;
    return WTL_OK;
}

static enum wtl_status on_next(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                               void *context)
{
    struct state *state = self;
    (void)context;
    atomic_store(&state->stage->answered_ms, wtl_deadline_left_ms(x));
    wtl_reply_error_to(x, state->from, answer->status, NULL);
    return WTL_OK;
}

static bool is_open(void *stage)
{
    return !atomic_load(&((struct stage *)stage)->shut);
}

static enum wtl_status stage_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct state *state = self;
    struct stage *stage = state->stage;
    if (wtl_is(message, "gate")) {
        atomic_store(&stage->at_the_gate, true);
        kit_wait_for("the gate opens", is_open, stage);
        return WTL_OK;
    }
    atomic_store(&stage->left_ms, wtl_deadline_left_ms(x));
    atomic_fetch_add(&stage->handled, 1);
    if (wtl_pid_is_none(stage->next)) {
        wtl_reply(x, message, NULL);
    } else {
        state->from = wtl_defer(x, message);
        (void)wtl_call(x, stage->next, message->tag, NULL,
                       &(struct wtl_call_options){.on_answer = on_next, .deadline_ms = OWN_MS});
    }
    return WTL_OK;
}

static const struct wtl_actor stage_type = {.size = sizeof(struct wtl_actor),
                                            .name = "stage",
                                            .state_size = sizeof(struct state),
                                            .settings_size = sizeof(struct stage *),
                                            .init = stage_init,
                                            .handle = stage_handle};

static void stage_spawn(struct stage *stage, struct kit_node *node)
{
    stage->pid = wtl_runtime_spawn(wtl__node_runtime(node->node), &stage_type,
                                   &(struct wtl_spawn_options){.settings = &stage});
    cr_assert(!wtl_pid_is_none(stage->pid));
}

/* The first one: a puppet that says how long it waits for what it asks. */
struct first {
    struct wtl_pid to;
    uint32_t waits_ms;
    uint32_t left_ms; /* as it sees it itself when it asks */
};

static void ask(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    struct first *first = argument;
    (void)puppet;
    wtl_deadline_set_ms(x, first->waits_ms);
    first->left_ms = wtl_deadline_left_ms(x);
    bool forever = first->waits_ms == WTL_CALL_FOREVER;
    (void)wtl_call(x, first->to, WTL_TAG("ask"), NULL,
                   &(struct wtl_call_options){.on_answer = kit_on_answer,
                                              .deadline_ms = forever ? WTL_CALL_FOREVER : OWN_MS});
}

/* From a device over its edge to the cloud, and on to another edge: three machines, three links. */
struct scene {
    struct kit_node *edge;
    struct kit_node *cloud;
    struct kit_puppet *caller;
    struct stage middle;
    struct stage last;
};

static void open_scene(struct scene *scene)
{
    scene->edge = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    scene->cloud = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, scene->edge);
    struct kit_node *device = kit_start(&kit, "device-c", WTL_LAYER_DEVICE, scene->edge);
    kit_wait_linked(scene->edge, scene->cloud);
    kit_wait_linked(scene->edge, device);
    scene->caller = kit_spawn(device);
    stage_spawn(&scene->last, scene->edge);
    scene->middle.next = scene->last.pid;
    stage_spawn(&scene->middle, scene->cloud);
}

Test(deadlines, L13_what_is_left_gets_less_from_node_to_node)
{
    struct scene scene = {0};
    open_scene(&scene);
    for (uint32_t i = 0; i < 20; i++) {
        struct first first = {.to = scene.middle.pid, .waits_ms = WAITS_MS};
        uint32_t at = scene.caller->count;
        kit_do(scene.caller, ask, &first);
        cr_assert_eq(kit_next(scene.caller, &at, KIT_ANSWER, NULL).status, WTL_OK);
        uint32_t middle_ms = atomic_load(&scene.middle.left_ms);
        uint32_t last_ms = atomic_load(&scene.last.left_ms);
        uint32_t answered_ms = atomic_load(&scene.middle.answered_ms);
        cr_assert_leq(middle_ms, first.left_ms);
        cr_assert_leq(last_ms, middle_ms, "%u ms of %u", last_ms, middle_ms);
        cr_assert_leq(answered_ms, last_ms, "back in the middle, %u ms of %u", answered_ms,
                      last_ms);
        cr_assert_gt(answered_ms, 0);
    }
}

Test(deadlines, L13_without_a_deadline_none_arrives)
{
    struct scene scene = {0};
    uint32_t at = 0;
    open_scene(&scene);
    struct first first = {.to = scene.middle.pid, .waits_ms = WTL_CALL_FOREVER};
    kit_do(scene.caller, ask, &first);
    cr_assert_eq(first.left_ms, WTL_CALL_FOREVER);
    cr_assert_eq(kit_next(scene.caller, &at, KIT_ANSWER, NULL).status, WTL_OK);
    cr_assert_eq(atomic_load(&scene.middle.left_ms), WTL_CALL_FOREVER);
    cr_assert_lt(atomic_load(&scene.last.left_ms), WTL_CALL_FOREVER, "the middle has said");
}

/* ---- too late ------------------------------------------------------------------------------- */

static bool has_passed(void *until_ms)
{
    /* by the clock that calls are judged by, which is behind the exact one */
    return wtl__clock_past_ns() / WTL__NS_PER_MS > *(const uint64_t *)until_ms;
}

static bool is_at_the_gate(void *stage)
{
    return atomic_load(&((struct stage *)stage)->at_the_gate);
}

static uint64_t expired(struct kit_node *node)
{
    return wtl__counted(wtl__runtime_of(wtl__node_runtime(node->node)), WTL__COUNT_EXPIRED);
}

/* The last one is busy until the time of its caller is over: what comes out of its mailbox then is
 * dropped, though its own node has never seen the caller's clock. */
Test(deadlines, L13_a_call_whose_time_is_over_is_not_handled)
{
    struct scene scene = {.last.shut = true};
    uint32_t at = 0;
    open_scene(&scene);
    struct kit_puppet *beside = kit_spawn(scene.edge);
    uint32_t at_beside = 0;
    cr_assert_eq(wtl_runtime_tell(wtl__node_runtime(scene.edge->node), scene.last.pid,
                                  WTL_TAG("gate"), NULL),
                 WTL_OK);
    kit_wait_for("the last one is busy", is_at_the_gate, &scene.last);
    struct first first = {.to = scene.last.pid, .waits_ms = SHORT_MS};
    kit_do(scene.caller, ask, &first);
    cr_assert_eq(kit_next(scene.caller, &at, KIT_ANSWER, NULL).status, WTL_TIMEOUT);
    /* what was sent behind the call is there, so the call is: it has at most its time left */
    kit_tell(scene.caller, beside->pid, "behind");
    (void)kit_next(beside, &at_beside, KIT_MESSAGE, "hello");
    uint64_t over_ms = wtl__clock_now_ms(wtl__clock_system()) + first.left_ms;
    kit_wait_for("its time is over", has_passed, &over_ms);
    cr_assert_eq(expired(scene.edge), 0);
    atomic_store(&scene.last.shut, false);
    kit_call(scene.caller, scene.last.pid, "in time");
    cr_assert_eq(kit_next(scene.caller, &at, KIT_ANSWER, NULL).status, WTL_OK);
    cr_assert_eq(atomic_load(&scene.last.handled), 1, "the one in time alone");
    cr_assert_eq(expired(scene.edge), 1);
}

/* Nothing is asked any more when the time is over: the next one never hears of it. */
Test(deadlines, L13_the_middle_asks_nobody_when_it_is_too_late)
{
    struct scene scene = {0};
    uint32_t at = 0;
    open_scene(&scene);
    struct first first = {.to = scene.middle.pid, .waits_ms = 0};
    kit_do(scene.caller, ask, &first);
    cr_assert_eq(first.left_ms, 0);
    cr_assert_eq(kit_next(scene.caller, &at, KIT_ANSWER, NULL).status, WTL_TIMEOUT);
    kit_call(scene.caller, scene.middle.pid, "in time");
    cr_assert_eq(kit_next(scene.caller, &at, KIT_ANSWER, NULL).status, WTL_OK);
    cr_assert_eq(atomic_load(&scene.middle.handled), 1);
    cr_assert_eq(atomic_load(&scene.last.handled), 1);
}
