/* stop.c - starting badly, stopping in order, and coming back. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
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

TestSuite(stop, .init = setup, .fini = teardown, .timeout = 120);

/* ---- errors --------------------------------------------------------------------------------- */

static void expect_failure(const struct wtl__node_config *config, enum wtl_status status,
                           const char *says)
{
    struct wtl__node *node = NULL;
    struct wtl_error error = {0};
    enum wtl_status got = wtl__node_create(config, &node, &error);
    cr_assert_null(node);
    cr_assert_eq(got, status, "%s: %s", wtl_status_word(got), error.text);
    cr_assert_not_null(strstr(error.text, says), "\"%s\" says not \"%s\"", error.text, says);
}

Test(stop, what_cannot_start_says_why)
{
    char path[128];
    char device[128];
    (void)kit_issue(&kit, "ca", "edge-x", WTL_LAYER_EDGE, path);
    (void)kit_issue(&kit, "ca", "device-x", WTL_LAYER_DEVICE, device);
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    expect_failure(&(struct wtl__node_config){0}, WTL_CONFIG, "--id FILE");
    expect_failure(&(struct wtl__node_config){.bundle = "/nowhere/x.id"}, WTL_SYSTEM,
                   "/nowhere/x.id");
    expect_failure(&(struct wtl__node_config){.bundle = path, .listen = wtl__node_address(a->node)},
                   WTL_EXISTS, "another program listens there");
    expect_failure(&(struct wtl__node_config){.bundle = path, .listen = "edge-1:4600"}, WTL_CONFIG,
                   "in digits");
    expect_failure(&(struct wtl__node_config){.bundle = path, .listen = "203.0.113.7:0"},
                   WTL_INVALID, "no such address");
    const char *bad[] = {"10.0.0.1:4600", "10.0.0.1:port"};
    expect_failure(&(struct wtl__node_config){.bundle = path, .joins = bad, .joins_count = 2},
                   WTL_CONFIG, "got \"10.0.0.1:port\"");
    expect_failure(&(struct wtl__node_config){.bundle = device, .listen = "127.0.0.1:0"},
                   WTL_CONFIG, "a device does not listen");
}

/* ---- incarnations --------------------------------------------------------------------------- */

static struct kit_node *start_in(const char *bundle, const char *state, const struct kit_node *join)
{
    const char *joins[] = {wtl__node_address(join->node)};
    struct wtl__node_config config = {.bundle = bundle,
                                      .listen = "127.0.0.1:0",
                                      .joins = joins,
                                      .joins_count = 1,
                                      .state = state};
    return kit_start_with(&kit, &config);
}

Test(stop, a_node_that_comes_back_is_another_one)
{
    char path[128];
    char state[96];
    (void)kit_issue(&kit, "ca", "cloud-b", WTL_LAYER_CLOUD, path);
    (void)snprintf(state, sizeof state, "%s/state", kit.folder);
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_puppet *p = kit_spawn(a);
    kit_watch_nodes(p);
    struct kit_node *b = start_in(path, state, a);
    expect_failure(&(struct wtl__node_config){.bundle = path, .state = state}, WTL_EXISTS,
                   "another node runs with the state folder");
    kit_wait_linked(a, b);
    struct wtl_pid before = kit_spawn(b)->pid;
    cr_assert_eq(before.node & 0xffffff, 1);
    kit_destroy(b);
    struct kit_node *again = start_in(path, state, a);
    cr_assert_eq(wtl__node_id(again->node), before.node + 1);
    uint32_t at = 0;
    cr_assert_str_eq(kit_next(p, &at, KIT_MESSAGE, "node_up").text, "cloud-b");
    cr_assert_str_eq(kit_next(p, &at, KIT_MESSAGE, "node_down").text, "cloud-b");
    cr_assert_str_eq(kit_next(p, &at, KIT_MESSAGE, "node_up").text, "cloud-b");
    kit_call(p, before, "x");
    enum wtl_status status = kit_next(p, &at, KIT_ANSWER, NULL).status;
    cr_assert_eq(status, WTL_NO_CONNECTION, "%s", wtl_status_word(status));
}

/* ---- in order ------------------------------------------------------------------------------- */

struct runner {
    struct wtl__node *node;
    enum wtl_status status;
    struct wtl_error error;
};

static void *run(void *argument)
{
    struct runner *runner = argument;
    runner->status = wtl__node_run(runner->node, &runner->error);
    return NULL;
}

static void send_some(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    const struct wtl_pid *to = argument;
    (void)puppet;
    for (unsigned seq = 0; seq < 5000; seq++) {
        wtl_tellf(x, *to, "seq", "seq=%u", seq);
    }
}

static bool has_some(void *argument)
{
    return atomic_load(&((struct kit_puppet *)argument)->got) > 0;
}

static bool is_run(void *argument)
{
    struct sigaction now;
    (void)argument;
    return sigaction(SIGTERM, NULL, &now) == 0 && now.sa_handler != SIG_DFL;
}

Test(stop, X131_sigterm_drains)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    kit_watch_nodes(p);
    kit_wait_linked(a, b);
    uint32_t at_q = 0;
    uint32_t at_p = 0;
    kit_register(q, "store");
    cr_assert_eq(kit_next(q, &at_q, KIT_ANSWER, NULL).status, WTL_OK);
    kit_monitor(p, q->pid);
    kit_call(p, q->pid, "x"); /* answered: the monitor is there */
    cr_assert_eq(kit_next(p, &at_p, KIT_ANSWER, NULL).status, WTL_OK);
    struct runner runner = {.node = b->node};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, run, &runner), 0);
    kit_wait_for("the node is run", is_run, NULL);
    kit_do(q, send_some, &p->pid);
    kit_wait_for("some have come", has_some, p);
    cr_assert_eq(kill(getpid(), SIGTERM), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(runner.status, WTL_OK);
    /* what was sent before has come, in order; then the end, with its own reason */
    struct kit_event down = kit_next(p, &at_p, KIT_DOWN, NULL);
    cr_assert_eq(down.reason.class_, WTL_EXIT_SHUTDOWN);
    cr_assert_eq(atomic_load(&p->got), 5000);
    cr_assert_eq(atomic_load(&p->disorder), 0);
    cr_assert_str_eq(kit_next(p, &at_p, KIT_MESSAGE, "node_down").text, "cloud-b");
    kit_whereis(p, "store");
    cr_assert_eq(kit_next(p, &at_p, KIT_ANSWER, NULL).status, WTL_NOT_FOUND);
}

/* Ends by the first message. */
static enum wtl_status brittle_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    return WTL_INVALID;
}

static const struct wtl_actor brittle = {
    .size = sizeof(struct wtl_actor), .name = "brittle", .handle = brittle_handle};

Test(stop, X107_a_node_ends_with_what_it_depends_on)
{
    char path[128];
    struct wtl_error error = {0};
    struct wtl__node_config config = {
        .bundle = kit_issue(&kit, "ca", "edge-x", WTL_LAYER_EDGE, path), .workers = 2};
    struct wtl__node *node = NULL;
    cr_assert_eq(wtl__node_create(&config, &node, &error), WTL_OK, "%s", error.text);
    struct wtl_pid vital = wtl_runtime_spawn(wtl__node_runtime(node), &brittle, NULL);
    cr_assert_eq(wtl__node_depend(node, vital, "brittle"), WTL_OK);
    cr_assert_eq(wtl__node_start(node, &error), WTL_OK, "%s", error.text);
    struct runner runner = {.node = node};
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, run, &runner), 0);
    cr_assert_eq(wtl_runtime_tell(wtl__node_runtime(node), vital, WTL_TAG("x"), NULL), WTL_OK);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(runner.status, WTL_NO_PROCESS);
    cr_assert(strstr(runner.error.text, "brittle has ended, ") != NULL, "%s", runner.error.text);
    wtl__node_destroy(node);
}

/* ---- holding senders back ------------------------------------------------------------------- */

struct burst {
    struct wtl_pid to;
    unsigned messages;
    unsigned busy;
};

static void send_large(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    struct burst *burst = argument;
    static uint8_t block[16000];
    (void)puppet;
    for (unsigned seq = 0; seq < burst->messages; seq++) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, sizeof block + 32);
        wtl_put_map(&body, 2);
        WTL_PUT_KEY(&body, "seq");
        wtl_put_u64(&body, seq);
        WTL_PUT_KEY(&body, "block");
        wtl_put_bin(&body, block, sizeof block);
        enum wtl_status status = wtl_try_tell(x, burst->to, WTL_TAG("seq"), &body);
        cr_assert(status == WTL_OK || status == WTL_BUSY, "%s", wtl_status_word(status));
        burst->busy += status == WTL_BUSY;
    }
}

static void nothing(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    (void)x;
    (void)puppet;
    (void)argument;
}

static bool has_1500(void *argument)
{
    return atomic_load(&((struct kit_puppet *)argument)->got) == 1500;
}

Test(stop, who_sends_too_much_waits_and_goes_on)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    struct burst burst = {.to = q->pid, .messages = 1500}; /* 24 MB */
    kit_do(p, send_large, &burst);
    cr_assert_gt(burst.busy, 0, "24 MB went out without a word");
    kit_do(p, nothing, NULL); /* runs when it may go on */
    kit_wait_for("all have come", has_1500, q);
    cr_assert_eq(atomic_load(&q->disorder), 0);
}
