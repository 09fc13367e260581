/* mesh_pair.c - two and three real nodes: messages, calls, ends, names, relays. */
#include <criterion/criterion.h>

#include <unistd.h>

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

TestSuite(mesh_pair, .init = setup, .fini = teardown, .timeout = 120);

Test(mesh_pair, messages_and_calls_cross)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    uint32_t at_p = 0;
    uint32_t at_q = 0;
    kit_tell(p, q->pid, "one");
    struct kit_event event = kit_next(q, &at_q, KIT_MESSAGE, "hello");
    cr_assert_str_eq(event.text, "one");
    cr_assert(wtl_pid_equal(event.from, p->pid));
    kit_call(q, p->pid, "two");
    event = kit_next(p, &at_p, KIT_MESSAGE, "ask");
    cr_assert_str_eq(event.text, "two");
    event = kit_next(q, &at_q, KIT_ANSWER, NULL);
    cr_assert_eq(event.status, WTL_OK);
    cr_assert_str_eq(event.text, "pong");
}

Test(mesh_pair, the_root_is_where_everybody_expects_it)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    uint32_t at = 0;
    /* "ask" is nothing that a root knows */
    struct wtl_pid root = {.node = wtl__node_id(b->node), .local = WTL__ROOT_LOCAL};
    kit_call(p, root, "x");
    cr_assert_eq(kit_next(p, &at, KIT_ANSWER, NULL).status, WTL_UNSUPPORTED);
}

Test(mesh_pair, an_actor_that_never_was_is_noproc)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    uint32_t at = 0;
    struct wtl_pid nobody = {.node = wtl__node_id(b->node), .local = UINT64_C(77) << 26 | 9};
    kit_monitor(p, nobody);
    cr_assert_eq(kit_next(p, &at, KIT_DOWN, NULL).reason.class_, WTL_EXIT_NOPROC);
    kit_call(p, nobody, "x");
    cr_assert_eq(kit_next(p, &at, KIT_ANSWER, NULL).status, WTL_NO_PROCESS);
    struct wtl_pid nowhere = {.node = UINT64_C(0x1234567890000001), .local = UINT64_C(1) << 26};
    kit_monitor(p, nowhere);
    cr_assert_eq(kit_next(p, &at, KIT_DOWN, NULL).reason.class_, WTL_EXIT_NOCONNECTION);
    kit_call(p, nowhere, "x");
    cr_assert_eq(kit_next(p, &at, KIT_ANSWER, NULL).status, WTL_NO_CONNECTION);
}

Test(mesh_pair, an_end_is_seen_with_its_reason)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    uint32_t at = 0;
    kit_monitor(p, q->pid);
    kit_link(p, q->pid);
    struct wtl_writer body;
    (void)wtl_runtime_message(&body, 8);
    wtl_put_nil(&body);
    cr_assert_eq(wtl_runtime_tell(wtl__node_runtime(a->node), q->pid, WTL_TAG("die"), &body),
                 WTL_OK);
    uint32_t at_exit = 0;
    struct kit_event down = kit_next(p, &at, KIT_DOWN, NULL);
    cr_assert_eq(down.reason.class_, WTL_EXIT_ERROR);
    cr_assert(wtl_tag_equal(down.reason.word, WTL_TAG("invalid")));
    cr_assert_eq(kit_next(p, &at_exit, KIT_EXITED, NULL).reason.class_, WTL_EXIT_ERROR);
}

Test(mesh_pair, a_node_that_vanishes_is_noconnection_once)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    struct kit_puppet *p = kit_spawn(a);
    kit_watch_nodes(p);
    kit_wait_linked(a, b);
    struct kit_puppet *q = kit_spawn(b);
    uint32_t at = 0;
    uint32_t at_node = 0;
    uint32_t at_exit = 0;
    kit_monitor(p, q->pid);
    kit_link(p, q->pid);
    kit_call(p, q->pid, "seen"); /* the monitor is there when this is answered */
    cr_assert_eq(kit_next(p, &at, KIT_ANSWER, NULL).status, WTL_OK);
    kit_destroy(b);
    cr_assert_eq(kit_next(p, &at, KIT_DOWN, NULL).reason.class_, WTL_EXIT_NOCONNECTION);
    cr_assert_eq(kit_next(p, &at_exit, KIT_EXITED, NULL).reason.class_, WTL_EXIT_NOCONNECTION);
    cr_assert_str_eq(kit_next(p, &at_node, KIT_MESSAGE, "node_down").text, "cloud-b");
    cr_assert_eq(kit_count(p, KIT_DOWN, NULL), 1);
    cr_assert_eq(kit_count(p, KIT_EXITED, NULL), 1);
}

Test(mesh_pair, names_are_found_from_everywhere)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    uint32_t at_p = 0;
    uint32_t at_q = 0;
    kit_register(p, "store");
    cr_assert_eq(kit_next(p, &at_p, KIT_ANSWER, NULL).status, WTL_OK);
    kit_register(q, "store");
    struct kit_event taken = kit_next(q, &at_q, KIT_ANSWER, NULL);
    cr_assert_eq(taken.status, WTL_EXISTS);
    cr_assert(wtl_pid_equal(taken.pid, p->pid));
    kit_call_name(q, "store", "by-name");
    struct kit_event answer = kit_next(q, &at_q, KIT_ANSWER, NULL);
    cr_assert_eq(answer.status, WTL_OK, "%s", wtl_status_word(answer.status));
    cr_assert_str_eq(kit_next(p, &at_p, KIT_MESSAGE, "ask").text, "by-name");
    kit_whereis(q, "store");
    answer = kit_next(q, &at_q, KIT_ANSWER, NULL);
    cr_assert(wtl_pid_equal(answer.pid, p->pid));
    kit_call_name(q, "nobody", "x");
    cr_assert_eq(kit_next(q, &at_q, KIT_ANSWER, NULL).status, WTL_NOT_FOUND);
}

static bool is_free(void *argument)
{
    struct kit_puppet *q = argument;
    uint32_t at = q->count;
    kit_whereis(q, "store");
    return kit_next(q, &at, KIT_ANSWER, NULL).status == WTL_NOT_FOUND;
}

Test(mesh_pair, a_name_goes_with_its_holder)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    uint32_t at_p = 0;
    uint32_t at_q = 0;
    kit_register(p, "store");
    cr_assert_eq(kit_next(p, &at_p, KIT_ANSWER, NULL).status, WTL_OK);
    kit_monitor(q, p->pid);
    kit_call_name(q, "store", "x");
    cr_assert_eq(kit_next(q, &at_q, KIT_ANSWER, NULL).status, WTL_OK);
    cr_assert_eq(wtl_runtime_tell(wtl__node_runtime(a->node), p->pid, WTL_TAG("die"), NULL),
                 WTL_OK);
    (void)kit_next(q, &at_q, KIT_DOWN, NULL);
    kit_wait_for("the name is free", is_free, q);
}

Test(mesh_pair, a_device_reaches_the_cloud_over_its_edge)
{
    struct kit_node *edge = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *cloud = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, edge);
    struct kit_node *device = kit_start(&kit, "device-c", WTL_LAYER_DEVICE, edge);
    kit_wait_linked(edge, cloud);
    kit_wait_linked(edge, device);
    struct kit_puppet *sensor = kit_spawn(device);
    struct kit_puppet *store = kit_spawn(cloud);
    uint32_t at_sensor = 0;
    uint32_t at_store = 0;
    kit_register(store, "climate.store");
    cr_assert_eq(kit_next(store, &at_store, KIT_ANSWER, NULL).status, WTL_OK);
    kit_call_name(sensor, "climate.store", "reading");
    struct kit_event asked = kit_next(store, &at_store, KIT_MESSAGE, "ask");
    cr_assert_str_eq(asked.text, "reading");
    cr_assert(wtl_pid_equal(asked.from, sensor->pid));
    struct kit_event answer = kit_next(sensor, &at_sensor, KIT_ANSWER, NULL);
    cr_assert_eq(answer.status, WTL_OK, "%s", wtl_status_word(answer.status));
    kit_tell(store, sensor->pid, "back");
    cr_assert_str_eq(kit_next(sensor, &at_sensor, KIT_MESSAGE, "hello").text, "back");
}

static void send_many(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    const struct wtl_pid *to = argument;
    (void)puppet;
    for (unsigned seq = 0; seq < 20000; seq++) {
        wtl_tellf(x, *to, "seq", "seq=%u", seq);
    }
}

static bool got_all(void *argument)
{
    return atomic_load(&((struct kit_puppet *)argument)->got) == 20000;
}

Test(mesh_pair, many_messages_arrive_in_order)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    kit_do(p, send_many, &q->pid);
    kit_wait_for("all have come", got_all, q);
    cr_assert_eq(atomic_load(&q->disorder), 0);
}

/* ---- the net loop ---------------------------------------------------------------------------- */

static _Atomic(unsigned) stuck;
static _Atomic(bool) may_return;

static enum wtl_status hang(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    atomic_fetch_add(&stuck, 1);
    while (!atomic_load(&may_return)) {
        (void)usleep(1000);
    }
    return WTL_OK;
}

static const struct wtl_actor hanging = {
    .size = sizeof(struct wtl_actor), .name = "hanging", .handle = hang};

static bool all_stuck(void *workers)
{
    return atomic_load(&stuck) == *(unsigned *)workers;
}

Test(mesh_pair, a_node_whose_workers_are_all_stuck_serves_its_sockets)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct wtl_runtime *runtime = wtl__node_runtime(a->node);
    unsigned workers = wtl_runtime_workers(runtime);
    for (unsigned i = 0; i < workers; i++) {
        struct wtl_pid pid = wtl_runtime_spawn(runtime, &hanging, NULL);
        cr_assert_eq(wtl_runtime_tell(runtime, pid, WTL_TAG("go"), NULL), WTL_OK);
    }
    kit_wait_for("no worker is left", all_stuck, &workers);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    atomic_store(&may_return, true);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    uint32_t at = 0;
    kit_call(q, p->pid, "x");
    cr_assert_eq(kit_next(q, &at, KIT_ANSWER, NULL).status, WTL_OK, "and goes on afterwards");
}
