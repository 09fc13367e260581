/*
 * control.c - real nodes on loopback, asked by the command through their control sockets, of
 * themselves and of each other: U03, U05, U07, T01, T10, L18.
 */
#include <poll.h>

#include "places.h"

static const struct wtl_actor idle = {.size = sizeof(struct wtl_actor), .name = "idle"};

static struct wtl_pid spawn_idle(struct place *place, const char *name)
{
    struct wtl_spawn_options options = {.name = name};
    return wtl_runtime_spawn(wtl__node_runtime(place->node), &idle, &options);
}

TestSuite(scenario_control, .init = places_open, .fini = places_close, .timeout = 120);

Test(scenario_control, U07_nodes_see_each_other_and_answer_for_each_other)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct place *cloud = place_start("cloud-1", "cloud", edge);
    struct place *device = place_start("dev-1", "device", edge);
    place_wait_up(edge, "cloud-1");
    place_wait_up(cloud, "edge-1");
    place_wait_up(edge, "dev-1");
    place_wait_up(cloud, "dev-1");
    place_wait_up(device, "cloud-1");
    /* every node tells its own part; a device lives on one link */
    struct run run = place_ask_until(edge, "mesh", "nodes",
                                     "\"node\":\"dev-1\",\"layer\":\"device\","
                                     "\"state\":\"up\",\"peers\":1,\"actors\":2");
    EXPECT_HAS(run.out, "\"node\":\"cloud-1\",\"layer\":\"cloud\",\"state\":\"up\",\"peers\":1");
    EXPECT_HAS(run.out, "\"via\":\"direct\"");
    run_free(&run);
    run = place_ask_until(cloud, "mesh", "nodes", "\"via\":\"edge-1\"");
    run_free(&run);
    run = place_ask_until(edge, "mesh", "links", "\"peer\":\"dev-1\"");
    EXPECT_HAS(run.out, "\"dir\":\"in\"");
    EXPECT_HAS(run.out, "\"frames_in\":");
    run_free(&run);
    expect_run(run_wattle("actor", "ls", "--node", "cloud-1", "--control", edge->socket, NULL),
               WTL__END_OK, "<cloud-1:0.1>");
    expect_run(run_wattle("actor", "ls", "--node", "dev-1", "--control", cloud->socket, NULL),
               WTL__END_OK, "<dev-1:0.1>");
    expect_run(run_wattle("mesh", "nodes", "--node", "edge-1", "--control", edge->socket, NULL),
               WTL__END_OK, "edge-1");
    expect_run(run_wattle("actor", "ls", "--node", "nobody", "--control", edge->socket, NULL),
               WTL__END_NO, "node edge-1 knows no node \"nobody\"");
}

Test(scenario_control, T10_a_device_inspects_nothing_elsewhere)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct place *device = place_start("dev-1", "device", edge);
    struct wtl_pid victim = spawn_idle(edge, "victim");
    char pid[64];
    (void)snprintf(pid, sizeof pid, "<edge-1:%llu.%llu>",
                   (unsigned long long)(victim.local & WTL_PID_SLOT_MAX),
                   (unsigned long long)(victim.local >> WTL_PID_SLOT_BITS));
    place_wait_up(device, "edge-1");
    expect_run(run_wattle("actor", "kill", pid, "--control", device->socket, NULL), WTL__END_DENIED,
               "error[E0303]: node edge-1 answers edge and cloud nodes; dev-1 is a "
               "device");
    expect_run(run_wattle("actor", "ls", "--node", "edge-1", "--control", device->socket, NULL),
               WTL__END_DENIED, "edge-1, through ");
    cr_expect_eq(wtl_runtime_whereis(wtl__node_runtime(edge->node), "victim").local, victim.local);
    /* of itself it tells all */
    expect_run(run_wattle("actor", "ls", "--control", device->socket, NULL), WTL__END_OK, "$node");
}

Test(scenario_control, T10_a_core_node_kills_an_actor_of_another)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct place *cloud = place_start("cloud-1", "cloud", edge);
    struct wtl_pid victim = spawn_idle(cloud, "victim");
    char pid[64];
    (void)snprintf(pid, sizeof pid, "<cloud-1:%llu.%llu>",
                   (unsigned long long)(victim.local & WTL_PID_SLOT_MAX),
                   (unsigned long long)(victim.local >> WTL_PID_SLOT_BITS));
    place_wait_up(edge, "cloud-1");
    expect_run(run_wattle("actor", "show", pid, "--control", edge->socket, NULL), WTL__END_OK,
               "NAME           victim\n");
    expect_run(run_wattle("actor", "kill", pid, "--control", edge->socket, NULL), WTL__END_OK,
               "killed <cloud-1:");
    wtl_runtime_join(wtl__node_runtime(cloud->node), victim);
    expect_run(run_wattle("actor", "show", pid, "--control", edge->socket, NULL), WTL__END_NO,
               "has ended, or never was");
}

Test(scenario_control, U05_a_node_that_went_down_is_unreachable)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct place *cloud = place_start("cloud-1", "cloud", edge);
    place_wait_up(edge, "cloud-1");
    place_close(cloud);
    struct run run = place_ask_until(edge, "mesh", "nodes", "\"state\":\"down\"");
    run_free(&run);
    expect_run(run_wattle("actor", "ls", "--node", "cloud-1", "--control", edge->socket, NULL),
               WTL__END_UNREACHABLE, "error[E0305]: node cloud-1 is down, as edge-1 sees it");
}

/* An actor that does not return: the node tells so, and goes on. */
static _Atomic(bool) may_return;

static enum wtl_status hang(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    (void)x;
    (void)self;
    (void)message;
    while (!may_return) {
        (void)poll(NULL, 0, 1);
    }
    return WTL_OK;
}

static const struct wtl_actor hanging = {
    .size = sizeof(struct wtl_actor), .name = "hanging", .handle = hang};

Test(scenario_control, T01_a_stuck_actor_does_not_hold_up_the_answer)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct wtl_runtime *runtime = wtl__node_runtime(edge->node);
    struct wtl_spawn_options options = {.name = "stuck"};
    struct wtl_pid stuck = wtl_runtime_spawn(runtime, &hanging, &options);
    may_return = false;
    cr_assert_eq(wtl_runtime_tell(runtime, stuck, WTL_TAG("go"), NULL), WTL_OK);
    struct run run = place_ask_until(edge, "actor", "ls", "\"state\":\"busy\"");
    EXPECT_HAS(run.out, "\"name\":\"$node\"");
    run_free(&run);
    expect_run(
        run_wattle("actor", "show", "stuck", "--control", edge->socket, "--timeout", "400ms", NULL),
        WTL__END_TIMEOUT, "error[E0302]");
    expect_run(run_wattle("actor", "kill", "stuck", "--control", edge->socket, NULL),
               WTL__END_TIMEOUT, "ends when its function returns");
    may_return = true;
    wtl_runtime_join(runtime, stuck);
}

/* ---- one actor, held and looked into ----------------------------------------------------------
 */

static enum wtl_status count_up(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    uint64_t *count = self;
    (void)x;
    (void)message;
    ++*count;
    return WTL_OK;
}

static void show_count(struct wtl_ctx *x, const void *self, struct wtl_writer *out)
{
    (void)x;
    wtl_put_map(out, 1);
    WTL_PUT_KEY(out, "count");
    wtl_put_u64(out, *(const uint64_t *)self);
}

static enum wtl_status take_count(struct wtl_ctx *x, void *self, const struct wtl_msg *state)
{
    (void)x;
    return wtl_getf(state, "count=%ju", (uint64_t *)self);
}

static const struct wtl_actor counter = {.size = sizeof(struct wtl_actor),
                                         .name = "counter",
                                         .state_size = sizeof(uint64_t),
                                         .handle = count_up,
                                         .show = show_count,
                                         .replace = take_count};

static void tell_counter(struct place *place, struct wtl_pid pid, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        cr_assert_eq(wtl_runtime_tell(wtl__node_runtime(place->node), pid, WTL_TAG("up"), NULL),
                     WTL_OK);
    }
}

/* Asks for the state of `counter` until it is that. */
static void expect_count(const struct place *place, unsigned count)
{
    char part[64];
    (void)snprintf(part, sizeof part, "\"state\":{\"count\":%u}", count);
    for (int waited = 0; waited < PLACE_WAIT_MS; waited += 20) {
        struct run run =
            run_wattle("actor", "state", "counter", "--json", "--control", place->socket, NULL);
        bool is_there = run.end == WTL__END_OK && strstr(run.out, part) != NULL;
        run_free(&run);
        if (is_there) {
            return;
        }
        (void)poll(NULL, 0, 20);
    }
    cr_assert_fail("the count was never %u", count);
}

Test(scenario_control, L18_an_actor_of_a_running_node_is_held_and_changed)
{
    struct place *edge = place_start("edge-1", "edge", NULL);
    struct wtl_runtime *runtime = wtl__node_runtime(edge->node);
    struct wtl_spawn_options options = {.name = "counter"};
    struct wtl_pid pid = wtl_runtime_spawn(runtime, &counter, &options);
    tell_counter(edge, pid, 3);
    expect_count(edge, 3);
    expect_run(run_wattle("actor", "suspend", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "suspended <edge-1:");
    tell_counter(edge, pid, 4);
    expect_run(run_wattle("actor", "stats", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "MAILBOX        4\n");
    expect_run(run_wattle("actor", "state", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "STATE  {\"count\":3}\n");
    expect_run(run_wattle("actor", "replace", "counter", "{\"count\": 100}", "--control",
                          edge->socket, NULL),
               WTL__END_OK, "replaced the state of <edge-1:");
    expect_run(run_wattle("actor", "replace", "counter", "{\"count\": \"many\"}", "--control",
                          edge->socket, NULL),
               WTL__END_USAGE, "does not take that state: ");
    expect_run(run_wattle("actor", "resume", "counter", "--control", edge->socket, NULL),
               WTL__END_OK, "resumed <edge-1:");
    expect_count(edge, 104);
    expect_run(run_wattle("actor", "suspend", "$node", "--control", edge->socket, NULL),
               WTL__END_DENIED, "error[E0303]");
}
