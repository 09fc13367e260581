/* forever.c - calls without a deadline, by pid and by global name: each is answered, also when whom
 * it waits for is gone with its node, and while the name goes from one to another. */
#include <criterion/criterion.h>

#include "kit.h"

static struct kit kit;

static void setup(void)
{
    kit_init(&kit);
}

static void teardown(void)
{
    kit_deinit(&kit);
}

TestSuite(forever, .init = setup, .fini = teardown, .timeout = 120);

/* What a puppet asks: by name, or, without one, by pid. It answers all but "keep". */
struct question {
    const char *name;
    struct wtl_pid pid;
    struct wtl_tag tag;
};

static void ask(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    static const struct wtl_call_options forever = {.on_answer = kit_on_answer,
                                                    .deadline_ms = WTL_CALL_FOREVER};
    const struct question *question = argument;
    (void)puppet;
    if (question->name != NULL) {
        (void)wtl_call_name(x, question->name, question->tag, NULL, &forever);
    } else {
        (void)wtl_call(x, question->pid, question->tag, NULL, &forever);
    }
}

/* `caller` has a call by name and one by pid under way at `holder`, who keeps both. */
static void keep_two(struct kit_puppet *caller, struct kit_puppet *holder)
{
    uint32_t at = 0;
    kit_do(caller, ask, &(struct question){.name = "store", .tag = WTL_TAG("keep")});
    (void)kit_next(holder, &at, KIT_MESSAGE, "keep");
    kit_do(caller, ask, &(struct question){.pid = holder->pid, .tag = WTL_TAG("keep")});
    (void)kit_next(holder, &at, KIT_MESSAGE, "keep");
    kit_wait_acknowledged(caller->node);
    cr_assert_eq(kit_count(caller, KIT_ANSWER, NULL), 0);
}

static void take_name(struct kit_puppet *puppet)
{
    uint32_t at = puppet->count;
    kit_register(puppet, "store");
    struct kit_event answer = kit_next(puppet, &at, KIT_ANSWER, NULL);
    cr_assert_eq(answer.status, WTL_OK, "%s", wtl_status_word(answer.status));
}

static void both_are_noconnection(struct kit_puppet *caller)
{
    uint32_t at = 0;
    for (unsigned i = 0; i < 2; i++) {
        struct kit_event answer = kit_next(caller, &at, KIT_ANSWER, NULL);
        cr_assert_eq(answer.status, WTL_NO_CONNECTION, "%s", wtl_status_word(answer.status));
    }
}

Test(forever, L06_the_node_of_the_holder_goes)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *caller = kit_spawn(a);
    struct kit_puppet *holder = kit_spawn(b);
    take_name(holder);
    keep_two(caller, holder);
    kit_destroy(b);
    both_are_noconnection(caller);
}

/* Over a relay: the holder's node ends, or the only way to it does. */
static void from_a_device(bool way_ends)
{
    struct kit_node *edge = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *cloud = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, edge);
    struct kit_node *device = kit_start(&kit, "device-c", WTL_LAYER_DEVICE, edge);
    kit_wait_linked(edge, cloud);
    kit_wait_linked(edge, device);
    struct kit_puppet *caller = kit_spawn(device);
    struct kit_puppet *holder = kit_spawn(cloud);
    take_name(holder);
    keep_two(caller, holder);
    kit_destroy(way_ends ? edge : cloud);
    both_are_noconnection(caller);
}

Test(forever, L06_the_node_of_the_holder_goes_behind_a_relay)
{
    from_a_device(false);
}

Test(forever, L06_the_relay_goes)
{
    from_a_device(true);
}

static void leave_name(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)puppet;
    (void)argument;
    wtl_unregister(x, "store", WTL_GLOBAL);
}

static bool is_free(void *argument)
{
    struct kit_puppet *puppet = argument;
    uint32_t at = puppet->count;
    kit_whereis(puppet, "store");
    return kit_next(puppet, &at, KIT_ANSWER, NULL).status == WTL_NOT_FOUND;
}

/* What is under way stays with whom it reached: that one's end answers it, not the name's. */
Test(forever, L13_the_name_moves_while_a_call_is_under_way)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *caller = kit_spawn(a);
    struct kit_puppet *first = kit_spawn(b);
    struct kit_puppet *second = kit_spawn(b);
    take_name(first);
    keep_two(caller, first);
    kit_do(first, leave_name, NULL);
    kit_wait_for("the name is free", is_free, first);
    take_name(second);
    cr_assert_eq(kit_count(caller, KIT_ANSWER, NULL), 0);
    uint32_t at = 0;
    cr_assert_eq(wtl_runtime_tell(wtl__node_runtime(b->node), first->pid, WTL_TAG("die"), NULL),
                 WTL_OK);
    for (unsigned i = 0; i < 2; i++) {
        struct kit_event answer = kit_next(caller, &at, KIT_ANSWER, NULL);
        cr_assert_eq(answer.status, WTL_CLOSED, "%s", wtl_status_word(answer.status));
        cr_assert(wtl_tag_equal(answer.reason.word, WTL_TAG("invalid")));
    }
    /* nothing is left of them: the next ones are the second's, until its node goes */
    kit_do(caller, ask, &(struct question){.name = "store", .tag = WTL_TAG("ask")});
    cr_assert_eq(kit_next(caller, &at, KIT_ANSWER, NULL).status, WTL_OK);
    kit_do(caller, ask, &(struct question){.name = "store", .tag = WTL_TAG("keep")});
    uint32_t at_second = 0;
    (void)kit_next(second, &at_second, KIT_MESSAGE, "keep");
    kit_wait_acknowledged(a);
    kit_destroy(b);
    cr_assert_eq(kit_next(caller, &at, KIT_ANSWER, NULL).status, WTL_NO_CONNECTION);
}

/* Calls go out all the time while the name goes to and fro between two nodes, and one of them ends:
 * each is answered, once. */
Test(forever, L13_calls_meet_a_name_that_moves_at_every_moment)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *caller = kit_spawn(a);
    struct kit_puppet *holders[] = {kit_spawn(b), kit_spawn(a)};
    struct question question = {.name = "store", .tag = WTL_TAG("ask")};
    uint32_t calls = 0;
    for (unsigned turn = 0; turn < 9; turn++) {
        struct kit_puppet *holder = holders[turn % 2];
        uint32_t at = holder->count;
        kit_register(holder, "store");
        for (unsigned i = 0; i < 20; i++, calls++) {
            kit_do(caller, ask, &question);
        }
        cr_assert_eq(kit_next(holder, &at, KIT_ANSWER, NULL).status, WTL_OK);
        for (unsigned i = 0; i < 20; i++, calls++) {
            kit_do(caller, ask, &question);
        }
        if (turn < 8) {
            kit_do(holder, leave_name, NULL);
            kit_wait_for("the name is free", is_free, holder);
        }
    }
    kit_destroy(b);
    uint32_t at = 0;
    for (uint32_t i = 0; i < calls; i++) {
        enum wtl_status status = kit_next(caller, &at, KIT_ANSWER, NULL).status;
        cr_assert(status == WTL_OK || status == WTL_NOT_FOUND || status == WTL_NO_CONNECTION, "%s",
                  wtl_status_word(status));
    }
    cr_assert_eq(kit_count(caller, KIT_ANSWER, NULL), calls);
}
