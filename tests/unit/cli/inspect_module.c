/* inspect_module.c - module ls and upgrade: who may ask, what is asked of the desk, what is said.
 */
#include <stdlib.h>

#include "inspect_kit.h"
#include "node/desk.h"

static struct ikit kit;

/* The node's side of a desk, which the test is. */
static struct {
    struct wtl__desk desk;
    uint32_t orders;
    uint32_t looks;
    uint32_t ends;
    bool is_silent;
    enum wtl_status status;
    char name[64];
    char path[256];
    uint32_t within_ms;
} test;

static void answer(struct wtl_pid asker, uint64_t request, enum wtl_status status, const char *text)
{
    struct wtl_writer body;
    (void)wtl__message_open(&body, 64);
    wtl_put_strz(&body, text);
    wtl__answer(&kit.step.runtime, NULL, asker, request, status, WTL_PID_NONE,
                wtl__message_take(&body, WTL__ANSWER));
}

static void upgrade(struct wtl__desk *desk, const struct wtl__desk_order *order)
{
    (void)desk;
    test.orders++;
    test.within_ms = order->within_ms;
    (void)snprintf(test.name, sizeof test.name, "%s", order->name);
    (void)snprintf(test.path, sizeof test.path, "%s", order->path);
    if (!test.is_silent) {
        answer(order->asker, order->request, test.status,
               test.status == WTL_OK ? "rain 1 -> 2: 3 actors went over" : "actor rain (4.1): no");
    }
}

static void *look(struct wtl__desk *desk, struct wtl__ctx *x, struct wtl_pid asker,
                  uint64_t request)
{
    (void)desk;
    test.looks++;
    if (!test.is_silent) {
        wtl__answer(&kit.step.runtime, x, asker, request, WTL_OK, WTL_PID_NONE, NULL);
    }
    return &test;
}

static uint32_t put(struct wtl__desk *desk, void *which, struct wtl_writer *rows)
{
    (void)desk;
    cr_assert_eq(which, &test);
    wtl_put_array(rows, 7);
    wtl_put_strz(rows, "rain");
    wtl_put_strz(rows, "1.2.0");
    wtl_put_strz(rows, "runs");
    wtl_put_u64(rows, 12);
    wtl_put_strz(rows, "1.1");
    wtl_put_u64(rows, 2048);
    wtl_put_u64(rows, 61000);
    return 1;
}

static void end(struct wtl__desk *desk, void *which)
{
    (void)desk;
    (void)which;
    test.ends++;
}

static void open_kit(void)
{
    memset(&test, 0, sizeof test);
    test.desk = (struct wtl__desk){.upgrade = upgrade, .look = look, .put = put, .end = end};
    kit.desk = &test.desk;
    ikit_init(&kit);
}

static void close_kit(void)
{
    ikit_deinit(&kit);
    cr_expect_eq(test.ends, test.looks, "each look has an end");
}

TestSuite(cli_inspect_module, .init = open_kit, .fini = close_kit);

static void expect_reply(enum wtl_status status, const char *says)
{
    struct wtl__reply reply = ikit_reply(&kit);
    char *text = ikit_text(&kit, false);
    cr_expect_eq(reply.status, status, "status %s: %s", wtl_status_word(reply.status), text);
    EXPECT_HAS(text, says);
    free(text);
}

Test(cli_inspect_module, X096_an_upgrade_is_asked_for)
{
    ikit_ask_two(&kit, "module.upgrade", "rain", "/tmp/rain.so");
    cr_expect_eq(test.orders, 1);
    cr_expect_str_eq(test.name, "rain");
    cr_expect_str_eq(test.path, "/tmp/rain.so");
    cr_expect_eq(test.within_ms, 3750);
    expect_reply(WTL_OK, "rain 1 -> 2: 3 actors went over");
    test.status = WTL_VERSION;
    ikit_ask_two(&kit, "module.upgrade", "rain", "/tmp/rain.so");
    expect_reply(WTL_VERSION, "actor rain (4.1): no");
    ikit_ask(&kit, 0, "module.upgrade", "rain");
    expect_reply(WTL_INVALID, "wants 2 words");
    cr_expect_eq(test.orders, 2);
}

Test(cli_inspect_module, X096_an_upgrade_that_does_not_end)
{
    test.is_silent = true;
    ikit_ask_two(&kit, "module.upgrade", "rain", "/tmp/rain.so");
    cr_expect_eq(kit.replies, 0);
    wtl__step_advance(&kit.step, 5000);
    cr_expect_eq(kit.replies, 1);
    expect_reply(WTL_TIMEOUT, "not ended in time");
}

/* Code for a node does not come from another one, whatever its layer. */
Test(cli_inspect_module, X096_another_node_upgrades_nothing)
{
    kit.other_layer = WTL_LAYER_CLOUD;
    ikit_ask_two_as_other(&kit, "module.upgrade", "rain", "/tmp/rain.so");
    cr_expect_eq(test.orders, 0);
    expect_reply(WTL_DENIED, "at its own control socket");
}

Test(cli_inspect_module, U03_versions_are_listed)
{
    ikit_ask(&kit, 0, "module.ls", NULL);
    char *text = ikit_text(&kit, false);
    EXPECT_HAS(text, "MODULE  VERSION  STATE  ACTORS  ABI   BYTES  LOADED");
    EXPECT_HAS(text, "rain    1.2.0    runs       12  1.1");
    free(text);
    kit.other_layer = WTL_LAYER_EDGE;
    ikit_ask_as_other(&kit, "module.ls", NULL);
    cr_expect_eq(test.looks, 2);
}

/* An actor that does not answer: what was counted until then. */
Test(cli_inspect_module, U03_not_all_are_counted_in_time)
{
    test.is_silent = true;
    ikit_ask(&kit, 0, "module.ls", NULL);
    cr_expect_eq(kit.replies, 0);
    wtl__step_advance(&kit.step, WTL__INSPECT_PART_MS);
    cr_expect_eq(kit.replies, 1);
    char *text = ikit_text(&kit, false);
    EXPECT_HAS(text, "rain    1.2.0");
    free(text);
}

static void close_modules(void)
{
    ikit_deinit(&kit);
}

static void open_without(void)
{
    kit.desk = NULL;
    ikit_init(&kit);
}

TestSuite(cli_inspect_no_module, .init = open_without, .fini = close_modules);

Test(cli_inspect_no_module, U03_a_node_without_modules)
{
    ikit_ask(&kit, 0, "module.ls", NULL);
    expect_reply(WTL_UNSUPPORTED, "runs no modules");
    ikit_ask_two(&kit, "module.upgrade", "rain", "/tmp/rain.so");
    expect_reply(WTL_UNSUPPORTED, "runs no modules");
}
