/* inspect.c - T01, T02, T10, U10: questions about actors, who may ask them, and their bounds. */
#include <stdlib.h>
#include <string.h>

#include "actor/names.h"
#include "actor/supervisor.h"
#include "base/cap.h"
#include "base/pool.h"
#include "inspect_kit.h"

static struct ikit kit;

static void open_kit(void)
{
    ikit_init(&kit);
}

static void close_kit(void)
{
    ikit_deinit(&kit);
}

TestSuite(cli_inspect, .init = open_kit, .fini = close_kit);

static void expect_refused(enum wtl_status status, const char *says)
{
    struct wtl__reply reply = ikit_reply(&kit);
    char *text = ikit_text(&kit, false);
    cr_expect_eq(reply.status, status, "status %s: %s", wtl_status_word(reply.status), text);
    EXPECT_HAS(text, says);
    free(text);
}

static char *pid_arg(struct wtl_pid pid, char text[64])
{
    (void)snprintf(text, 64, "%llu.%llu", (unsigned long long)(pid.local & WTL_PID_SLOT_MAX),
                   (unsigned long long)(pid.local >> WTL_PID_SLOT_BITS));
    return text;
}

Test(cli_inspect, T01_ls_shows_each_actor_once)
{
    (void)ikit_spawn(&kit, "worker");
    (void)ikit_spawn(&kit, NULL);
    ikit_ask(&kit, 0, "actor.ls", NULL);
    cr_expect_eq(kit.replies, 1);
    struct wtl__reply reply = ikit_reply(&kit);
    cr_expect_eq(reply.rows, wtl__step_live(&kit.step));
    char *text = ikit_text(&kit, false);
    EXPECT_HAS(text, "PID           NAME      TYPE     STATE  MAILBOX  HANDLED  MEMORY  LINKS  "
                     "RESTARTS\n");
    EXPECT_HAS(text, "worker    idle     live");
    EXPECT_HAS(text, "<edge-1:0.1>  $node     root     live");
    EXPECT_HAS(text, "4 in all");
    free(text);
}

Test(cli_inspect, T01_mailbox_and_handled_are_counted)
{
    struct wtl_pid worker = ikit_spawn(&kit, "worker");
    for (int i = 0; i < 5; i++) {
        struct wtl__envelope *message = wtl__envelope_new(WTL__MESSAGE);
        (void)wtl__deliver(&kit.step.runtime, NULL, worker, message);
    }
    wtl__step_settle(&kit.step);
    ikit_ask(&kit, 0, "actor.show", "worker");
    char *text = ikit_text(&kit, true);
    EXPECT_HAS(text, "\"name\":\"worker\"");
    EXPECT_HAS(text, "\"handled\":5");
    EXPECT_HAS(text, "\"mailbox\":0");
    EXPECT_HAS(text, "\"mailbox_max\":4096");
    free(text);
}

/* A supervisor of one worker that crashes when it is told anything. */
static enum wtl_status crash(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    return WTL_INVALID;
}

static const struct wtl_actor crasher = {
    .size = sizeof(struct wtl_actor), .name = "crasher", .handle = crash};

static struct wtl_pid supervise(void)
{
    static const struct wtl_child inner[] = {{.id = "leaf", .type = &ikit_idle}};
    static const struct wtl_tree below = {.children = inner, .children_count = 1};
    static const struct wtl_child children[] = {
        {.id = "first", .type = &crasher, .name = "first"},
        {.id = "below", .tree = &below},
    };
    static const struct wtl_tree tree = {
        .strategy = WTL_REST_FOR_ONE, .children = children, .children_count = 2};
    struct wtl_spawn_options options = {.name = "top"};
    struct wtl_pid top = wtl__supervisor_spawn(&kit.step.runtime, NULL, &tree, &options);
    wtl__step_settle(&kit.step);
    return top;
}

static void crash_first(void)
{
    struct wtl__envelope *message = wtl__envelope_new(WTL__MESSAGE);
    struct wtl_pid first = wtl__name_find(&kit.step.runtime, "first");
    (void)wtl__deliver(&kit.step.runtime, NULL, first, message);
    wtl__step_settle(&kit.step);
}

Test(cli_inspect, T02_tree_has_strategies_and_restarts)
{
    (void)supervise();
    crash_first();
    ikit_ask(&kit, 0, "actor.tree", NULL);
    char *text = ikit_text(&kit, true);
    EXPECT_HAS(text, "{\"depth\":0,\"actor\":\"top\",");
    EXPECT_HAS(text, "\"strategy\":\"rest_for_one\"");
    EXPECT_HAS(text, "{\"depth\":1,\"actor\":\"first\",");
    EXPECT_HAS(text, "\"type\":\"crasher\",\"state\":\"live\",\"restarts\":1,");
    EXPECT_HAS(text, "{\"depth\":1,\"actor\":\"below\",");
    EXPECT_HAS(text, "{\"depth\":2,\"actor\":\"leaf\",");
    /* in the order of start, each below its supervisor */
    const char *first = strstr(text, "\"first\"");
    const char *below = strstr(text, "\"below\"");
    const char *leaf = strstr(text, "\"leaf\"");
    cr_expect(first < below && below < leaf, "%s", text);
    free(text);
}

Test(cli_inspect, T01_ls_knows_the_restarts_that_supervisors_know)
{
    (void)supervise();
    crash_first();
    crash_first();
    ikit_ask(&kit, 0, "actor.ls", NULL);
    char *text = ikit_text(&kit, true);
    const char *first = strstr(text, "\"name\":\"first\"");
    cr_assert(first != NULL);
    cr_expect(strncmp(strstr(first, "\"restarts\":"), "\"restarts\":2", 12) == 0, "%s", text);
    const char *top = strstr(text, "\"name\":\"top\"");
    cr_assert(top != NULL);
    cr_expect(strncmp(strstr(top, "\"restarts\":"), "\"restarts\":null", 15) == 0, "%s", text);
    free(text);
}

Test(cli_inspect, T02_show_of_a_supervisor_has_its_last_restarts)
{
    (void)supervise();
    crash_first();
    wtl__step_advance(&kit.step, 2500);
    ikit_ask(&kit, 0, "actor.show", "top");
    char *text = ikit_text(&kit, false);
    EXPECT_HAS(text, "STRATEGY       rest_for_one\n");
    EXPECT_HAS(text, "INTENSITY      5 restarts in 5000ms\n");
    EXPECT_HAS(text, "CHILDREN       2\n");
    EXPECT_HAS(text, "LAST-RESTARTS  first error:invalid 2.5s ago\n");
    EXPECT_HAS(text, "LINKS          <edge-1:");
    free(text);
    ikit_ask(&kit, 0, "actor.show", "first");
    text = ikit_text(&kit, true);
    EXPECT_HAS(text, "\"restarts\":1,");
    free(text);
}

Test(cli_inspect, U05_an_actor_that_is_not_there)
{
    static const char *const words[] = {"nobody",
                                        "77.3",
                                        "0.99",
                                        "0",
                                        "1.",
                                        ".1",
                                        "-1.1",
                                        "1.1x",
                                        "99999999999.1",
                                        "1.99999999999999999999",
                                        "",
                                        "../x"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        ikit_ask(&kit, 0, "actor.show", words[i]);
        cr_expect_eq(ikit_reply(&kit).status, WTL_NOT_FOUND, "\"%s\"", words[i]);
    }
    struct wtl_pid gone = ikit_spawn(&kit, "gone");
    char text[64];
    ikit_ask(&kit, 0, "actor.kill", pid_arg(gone, text));
    ikit_ask(&kit, 0, "actor.show", text);
    expect_refused(WTL_NOT_FOUND, "has ended, or never was");
}

Test(cli_inspect, T10_kill_ends_an_actor_and_its_supervisor_decides)
{
    (void)supervise();
    struct wtl_pid before = wtl__name_find(&kit.step.runtime, "first");
    ikit_ask(&kit, 0, "actor.kill", "first");
    char *text = ikit_text(&kit, false);
    EXPECT_HAS(text, "killed <edge-1:");
    free(text);
    struct wtl_pid after = wtl__name_find(&kit.step.runtime, "first");
    cr_expect(!wtl_pid_is_none(after) && after.local != before.local, "it was started again");
    cr_expect_null(wtl__cells_find(&kit.step.runtime.cells, before.local));
}

Test(cli_inspect, T10_the_nodes_own_actors_are_not_killed)
{
    char text[64];
    ikit_ask(&kit, 0, "actor.kill", "$node");
    expect_refused(WTL_DENIED, "the node's own");
    ikit_ask(&kit, 0, "actor.kill", pid_arg(kit.inspect, text));
    expect_refused(WTL_DENIED, "the node's own");
    cr_expect_eq(wtl__step_live(&kit.step), 2);
    (void)ikit_spawn(&kit, "flow.host"); /* no supervisor starts that one again */
    ikit_ask(&kit, 0, "actor.kill", "flow.host");
    expect_refused(WTL_DENIED, "the node's own");
    cr_expect_eq(wtl__step_live(&kit.step), 3);
}

Test(cli_inspect, T10_a_core_node_may_ask_and_a_device_may_not)
{
    (void)ikit_spawn(&kit, "victim");
    kit.other_layer = WTL_LAYER_EDGE;
    ikit_ask_as_other(&kit, "actor.ls", NULL);
    cr_assert(kit.has_status);
    cr_expect_eq(kit.sent_request, 1234, "the answer is one to the question");
    cr_expect_eq(ikit_reply(&kit).status, WTL_OK);
    cr_expect_eq(ikit_reply(&kit).rows, 3);
    static const enum wtl_layer others[] = {WTL_LAYER_DEVICE, 0};
    for (size_t i = 0; i < 2; i++) {
        kit.other_layer = others[i];
        ikit_ask_as_other(&kit, "actor.kill", "victim");
        expect_refused(WTL_DENIED, i == 0 ? "other-1 is a device" : "not known");
        ikit_ask_as_other(&kit, "mesh.brief", NULL);
        cr_expect_eq(ikit_reply(&kit).status, WTL_DENIED);
    }
    cr_expect_eq(wtl__step_live(&kit.step), 3, "nothing was killed");
    kit.other_layer = WTL_LAYER_CLOUD;
    ikit_ask_as_other(&kit, "actor.kill", "victim");
    cr_expect_eq(ikit_reply(&kit).status, WTL_OK);
    cr_expect_eq(wtl__step_live(&kit.step), 2);
}

/* A message that only looks like one of the control socket. */
Test(cli_inspect, T10_another_node_cannot_pose_as_the_control_socket)
{
    struct wtl__request request = {.verb = "actor.ls", .timeout_ms = 5000};
    static const enum wtl__kind kinds[] = {WTL__MESSAGE, WTL__CALL};
    for (size_t i = 0; i < 2; i++) {
        struct wtl__envelope *forged = wtl__inspect_question(7, 0, &request);
        forged->msg.kind_ = (uint8_t)kinds[i];
        forged->msg.from = (struct wtl_pid){.node = KIT_OTHER, .local = 99};
        forged->msg.request = kinds[i] == WTL__CALL ? 5 : 0;
        (void)wtl__deliver(&kit.step.runtime, NULL, kit.inspect, forged);
        wtl__step_settle(&kit.step);
    }
    /* nor as `$node` of this node, which hands on what others ask */
    struct wtl_writer body;
    (void)wtl__message_open(&body, 256);
    for (uint64_t i = 0; i < 5; i++) {
        wtl_put_u64(&body, i == 0 ? KIT_OTHER : 77);
    }
    wtl__request_put(&body, &request);
    struct wtl__envelope *handed = wtl__message_take(&body, WTL__MESSAGE);
    handed->msg.tag = WTL_TAG("$handed");
    handed->msg.from = (struct wtl_pid){.node = KIT_OTHER, .local = kit.root.local};
    (void)wtl__deliver(&kit.step.runtime, NULL, kit.inspect, handed);
    wtl__step_settle(&kit.step);
    cr_expect_eq(kit.asked, 0);
    cr_expect_eq(kit.replies, 1, "only the forged call is answered");
    cr_expect_eq(kit.status, WTL_UNSUPPORTED);
}

Test(cli_inspect, T10_questions_that_are_none)
{
    ikit_ask(&kit, 0, "actor.dance", NULL);
    expect_refused(WTL_UNSUPPORTED, "does not know the question \"actor.dance\"");
    ikit_ask(&kit, 0, "actor.kill", NULL);
    expect_refused(WTL_INVALID, "actor.kill wants 1 words, and 0 came");
    ikit_ask(&kit, 0, "flow.ls", NULL);
    expect_refused(WTL_UNSUPPORTED, "runs no flows");
    ikit_ask(&kit, 0, "flow.show", "climate");
    expect_refused(WTL_NOT_FOUND, "no flow \"climate\" runs");
}

Test(cli_inspect, U05_another_node_that_does_not_answer)
{
    ikit_ask(&kit, KIT_OTHER, "actor.ls", NULL);
    cr_expect_eq(kit.sent, 1);
    cr_expect_eq(kit.sent_to.node, KIT_OTHER);
    cr_expect_eq(kit.sent_to.local, UINT64_C(1) << WTL_PID_SLOT_BITS, "$node has slot 0");
    cr_expect_eq(kit.replies, 0);
    wtl__step_advance(&kit.step, 5000);
    cr_expect_eq(kit.replies, 1);
    expect_refused(WTL_TIMEOUT, "has not answered in 5000 ms");
}

/* A net loop that says nothing must not leave anything behind. */
Test(cli_inspect, U05_a_net_loop_that_does_not_answer)
{
    kit.mesh_is_silent = true;
    ikit_ask(&kit, 0, "mesh.nodes", NULL);
    ikit_ask(&kit, 0, "mesh.links", NULL);
    cr_expect_eq(kit.replies, 0);
    wtl__step_advance(&kit.step, 5000);
    cr_expect_eq(kit.replies, 2);
    cr_expect_eq(ikit_reply(&kit).status, WTL_TIMEOUT);
}

Test(cli_inspect, T10_questions_are_bounded)
{
    kit.mesh_is_silent = true;
    for (uint32_t i = 0; i < WTL__INSPECT_JOBS_MAX; i++) {
        ikit_ask(&kit, 0, "mesh.links", NULL);
    }
    cr_expect_eq(kit.replies, 0);
    ikit_ask(&kit, 0, "mesh.links", NULL);
    cr_expect_eq(kit.replies, 1);
    expect_refused(WTL_BUSY, "answers 64 questions already");
    wtl__step_advance(&kit.step, 5000);
    cr_expect_eq(kit.replies, 1 + WTL__INSPECT_JOBS_MAX);
    kit.mesh_is_silent = false;
    ikit_ask(&kit, 0, "actor.ls", NULL);
    cr_expect_eq(ikit_reply(&kit).status, WTL_OK);
}

Test(cli_inspect, U07_nodes_are_asked_about_themselves)
{
    static const char *const rows[][5] = {{"edge-1", "edge", "up", "self"},
                                          {"other-1", "cloud", "up", "direct"},
                                          {"far", "device", "down", NULL}};
    static const uint64_t ids[] = {KIT_NODE, KIT_OTHER, 5};
    wtl_put_array(&kit.mesh, 2);
    wtl_put_u64(&kit.mesh, 3);
    wtl_put_array(&kit.mesh, 3);
    for (size_t i = 0; i < 3; i++) {
        wtl_put_array(&kit.mesh, 7);
        wtl_put_u64(&kit.mesh, ids[i]);
        for (size_t j = 0; j < 4; j++) {
            if (rows[i][j] == NULL) {
                wtl_put_nil(&kit.mesh);
            } else {
                wtl_put_str(&kit.mesh, rows[i][j], strlen(rows[i][j]));
            }
        }
        wtl_put_u64(&kit.mesh, i == 1 ? 1500 : 0);
        wtl_put_u64(&kit.mesh, 60000);
    }
    ikit_ask(&kit, 0, "mesh.nodes", NULL);
    cr_expect_eq(kit.replies, 0, "it waits for the other node");
    cr_expect_eq(kit.sent, 1, "the one that is down is not asked");
    wtl__step_advance(&kit.step, WTL__INSPECT_PART_MS);
    cr_expect_eq(kit.replies, 1, "and answers without it");
    char *text = ikit_text(&kit, false);
    EXPECT_HAS(text, "NODE      LAYER   STATE  PEERS  ACTORS  VIA       RTT  SINCE  CERT\n");
    EXPECT_HAS(text, "other-1   cloud   up         -       -  direct  1.5ms     1m     -\n");
    EXPECT_HAS(text, "far       device  down       -       -  -           -     1m     -\n");
    free(text);
}

/* A handler that does not return: the actor is told as busy, and can be killed all the same. */
Test(cli_inspect, T01_an_actor_that_does_not_answer_is_busy)
{
    struct wtl_pid worker = ikit_spawn(&kit, "worker");
    struct wtl__cell *cell = wtl__cells_find(&kit.step.runtime.cells, worker.local);
    struct wtl__envelope *message = wtl__envelope_new(WTL__MESSAGE);
    /* the test takes its run token, as a handler that does not return does */
    (void)wtl__deliver(&kit.step.runtime, NULL, worker, message);
    cr_assert_eq(kit.step.ready_count, 1);
    kit.step.ready_count = 0;
    ikit_ask(&kit, 0, "actor.ls", NULL);
    cr_expect_eq(kit.replies, 0);
    wtl__step_advance(&kit.step, WTL__INSPECT_PART_MS);
    cr_expect_eq(kit.replies, 1);
    char *text = ikit_text(&kit, false);
    EXPECT_HAS(text, "-         -        busy");
    free(text);
    ikit_ask(&kit, 0, "actor.tree", NULL);
    ikit_ask(&kit, 0, "actor.show", "worker");
    wtl__step_advance(&kit.step, WTL__INSPECT_PART_MS);
    expect_refused(WTL_TIMEOUT, "one of its handlers has not returned");
    ikit_ask(&kit, 0, "actor.kill", "worker");
    wtl__step_advance(&kit.step, 2 * WTL__INSPECT_PART_MS);
    expect_refused(WTL_TIMEOUT, "ends when its function returns, which it has not");
    /* it returns, and all that waited for it comes late */
    kit.step.ready[kit.step.ready_count++] = cell;
    wtl__step_settle(&kit.step);
    cr_expect_null(wtl__cells_find(&kit.step.runtime.cells, worker.local));
    cr_expect_eq(kit.replies, 4);
}

Test(cli_inspect, X077_a_node_shows_its_memory_and_what_it_turned_away)
{
    wtl__cap_set(UINT64_C(1) << 40);
    ikit_ask(&kit, 0, "node.show", NULL);
    char *text = ikit_text(&kit, true);
    EXPECT_HAS(text, "\"memory_max_bytes\":1099511627776");
    EXPECT_HAS(text, "\"memory_state\":\"ok\"");
    EXPECT_HAS(text, "\"shed\":0");
    free(text);
    /* over 98 %, where the runtime's own goes on, and has some room */
    void *ballast = wtl__pool_take(4u << 20);
    struct wtl__cap_stats before = wtl__cap_stats();
    wtl__cap_set(before.held_bytes + before.held_bytes / 64);
    cr_assert_not(wtl__cap_admits(1));
    enum wtl__need need = wtl__cap_enter(WTL__NEED_MESSAGE);
    cr_assert_not(wtl__cap_admits(1));
    (void)wtl__cap_enter(WTL__NEED_RUNTIME);
    ikit_ask(&kit, 0, "node.show", NULL);
    wtl__cap_leave(need);
    text = ikit_text(&kit, true);
    EXPECT_HAS(text, "\"memory_state\":\"refuses\"");
    EXPECT_HAS(text, "\"shed\":1");
    EXPECT_HAS(text, "\"refused\":1");
    free(text);
    wtl__cap_set(0);
    wtl__pool_give(ballast);
    ikit_ask(&kit, 0, "node.show", NULL);
    text = ikit_text(&kit, false);
    EXPECT_HAS(text, "no cap");
    free(text);
}
