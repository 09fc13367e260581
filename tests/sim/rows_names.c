/*
 * rows_names.c - rows of the registry that want a whole mesh and an exact wire: what nodes claim,
 * register anew and drop while others come or are not reached, and what is answered meanwhile.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include <wattle/wattle.h>

#include "model.h"
#include "world.h"

#define NAMES   32u /* each node owns some of them */
#define HELD_MS 100u
/* What a leaf has signed is over by then, whatever clocks differ by. */
#define RECORD_MS 1000000u

static struct world world;
static unsigned registered, found, missed;

/* ---- an actor that holds names, and one that looks for them --------------------------------- */

static void name_of(unsigned number, char name[WTL_NAME_MAX + 1])
{
    (void)snprintf(name, WTL_NAME_MAX + 1, "held.%u", number);
}

static enum wtl_status on_registered(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                     void *context)
{
    (void)x;
    (void)self;
    (void)context;
    registered += answer->status == WTL_OK;
    return WTL_OK;
}

static enum wtl_status holder_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    const struct wtl_call_options options = {.on_answer = on_registered};
    char name[WTL_NAME_MAX + 1];
    (void)self;
    (void)settings;
    (void)args;
    model_born(wtl__ctx_of(x)->runtime->port_self, wtl_self(x));
    for (unsigned i = 0; i < NAMES; i++) {
        name_of(i, name);
        wtl_register(x, name, WTL_GLOBAL, &options);
    }
    return WTL_OK;
}

static enum wtl_status on_found(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                void *context)
{
    (void)x;
    (void)self;
    (void)context;
    found += answer->status == WTL_OK;
    missed += answer->status != WTL_OK;
    return WTL_OK;
}

static enum wtl_status seeker_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    const struct wtl_call_options options = {.on_answer = on_found};
    char name[WTL_NAME_MAX + 1];
    (void)self;
    (void)settings;
    (void)args;
    model_born(wtl__ctx_of(x)->runtime->port_self, wtl_self(x));
    for (unsigned i = 0; i < NAMES; i++) {
        name_of(i, name);
        wtl_whereis(x, name, &options);
    }
    return WTL_OK;
}

/* Whatever it is told, it lets go of all. */
static enum wtl_status handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    char name[WTL_NAME_MAX + 1];
    (void)self;
    (void)message;
    for (unsigned i = 0; i < NAMES; i++) {
        name_of(i, name);
        wtl_unregister(x, name, WTL_GLOBAL);
    }
    return WTL_OK;
}

static const struct wtl_actor holder = {
    .size = sizeof holder, .name = "holder", .init = holder_init, .handle = handle};
static const struct wtl_actor seeker = {
    .size = sizeof seeker, .name = "seeker", .init = seeker_init, .handle = handle};

static struct wtl_pid holder_pid;

static void boot_holder(struct sim_node *node)
{
    holder_pid = wtl__spawn(&node->step.runtime, NULL, &holder, NULL, 0);
}

static void boot_seeker(struct sim_node *node)
{
    (void)wtl__spawn(&node->step.runtime, NULL, &seeker, NULL, 0);
}

static void boot_nobody(struct sim_node *node)
{
    (void)node;
}

/* ---- a mesh --------------------------------------------------------------------------------- */

static struct sim_node *cloud, *edge, *device, *newcomer;

static void setup(void)
{
    static const char *const clouds[] = {"cloud-1", NULL};
    static const char *const edges[] = {"edge-1", NULL};
    memset(&checks, 0, sizeof checks);
    registered = found = missed = 0;
    world_init(&world, 1);
    world.latency_max_ms = 1;
    world.whole_reads = true;
    cloud = world_add(&world, "cloud-1", WTL_LAYER_CLOUD, NULL, boot_nobody);
    edge = world_add(&world, "edge-1", WTL_LAYER_EDGE, clouds, boot_nobody);
    device = world_add(&world, "device-1", WTL_LAYER_DEVICE, edges, boot_holder);
    newcomer = world_add(&world, "edge-2", WTL_LAYER_EDGE, clouds, boot_seeker);
    node_start(cloud);
    node_start(edge);
    node_start(device);
    world_run(&world, 8000);
    cr_assert_eq(registered, NAMES);
}

static void teardown(void)
{
    cr_expect_eq(checks.violations, 0, "%s", checks.text);
    world_deinit(&world);
}

TestSuite(sim_rows_names, .init = setup, .fini = teardown);

/* The connection that `from` has made, once its handshake is over. */
static struct pipe *connection_of(const struct sim_node *from)
{
    for (unsigned i = 0; i < world.pipes_top; i++) {
        struct pipe *pipe = &world.pipes[i];
        if (pipe->used && pipe->ends[0] == from && pipe->links[0] != 0) {
            return pipe;
        }
    }
    return NULL;
}

static uint32_t route(const struct sim_node *from, const struct sim_node *to)
{
    return wtl__core_route(wtl__hub_core(from->hub), to->id);
}

/* ---- G07 ------------------------------------------------------------------------------------ */

/* Who joins hears of a leaf's names over another node, which has not sent it the leaf's record yet:
 * it answers nobody that there is no such name, but wants them claimed again. */
Test(sim_rows_names, G07_claims_that_are_faster_than_the_record_come_again)
{
    struct pipe *pipe = NULL;
    world_cut(&world, edge, newcomer, true);
    world.latency_max_ms = 50;
    node_start(newcomer);
    for (unsigned ms = 0; ms < 500 && pipe == NULL; ms++) {
        world_run(&world, 1);
        pipe = connection_of(newcomer);
    }
    cr_assert_not_null(pipe);
    pipe->due_ms[0] = world.now_ms + HELD_MS;
    pipe->due_ms[1] = world.now_ms;
    world_run(&world, 0); /* the cloud node's hello is there, and a welcome under way to it */
    pipe->due_ms[0] = world.now_ms;
    world_run(&world, 0);
    world.latency_max_ms = 1;
    /* What the cloud node says from its welcome on is under way for long. So the newcomer does not
     * say whom it reaches, and until then nobody sends it records. */
    pipe->due_ms[1] = world.now_ms + 10 * HELD_MS;
    world_run(&world, HELD_MS);
    cr_assert_neq(route(edge, newcomer), 0, "edge-1 has not heard of it, and claims nothing");
    cr_assert_eq(route(newcomer, cloud), 0, "the welcome was not held back");
    cr_assert_eq(found + missed, 0);
    /* Its claims have passed the cloud node; for more edge-1 is out of reach for a while. */
    world_cut(&world, edge, cloud, true);
    pipe->due_ms[1] = world.now_ms;
    world_run(&world, 2 * HELD_MS);
    cr_assert_neq(route(newcomer, cloud), 0);
    cr_assert_gt(found, 0, "what others own is found meanwhile");
    cr_assert_lt(found, NAMES, "it owns none of the names");
    cr_expect_eq(missed, 0, "%u of %u names were not found", missed, NAMES);
    world_cut(&world, edge, cloud, false);
    world_run(&world, 1000);
    cr_expect_eq(missed, 0, "%u of %u names were not found", missed, NAMES);
    cr_expect_eq(found, NAMES);
}

/* A leaf that does not renew its record is one for its uplink only: nobody else takes a claim for
 * it, and who joins does not wait for that. */
Test(sim_rows_names, G07_a_leaf_without_a_record_keeps_nobody_waiting)
{
    device->cannot_sign = true;
    world_run(&world, RECORD_MS);
    cr_assert_eq(route(cloud, device), 0, "its record has not ended");
    cr_assert_neq(route(edge, device), 0, "its link has");
    node_start(newcomer);
    world_run(&world, WTL__CLAIMS_WAIT_MS / 2);
    cr_expect_eq(found + missed, NAMES, "%u of %u questions wait", NAMES - found - missed, NAMES);
}

/* An uplink that has started anew, and is alone: the questions that it has held back wait for what
 * its leaf registers anew, though that has come later. */
Test(sim_rows_names, G07_who_asks_before_a_leaf_is_back_finds_what_it_holds)
{
    node_crash(cloud);
    node_crash(edge);
    edge->boot = boot_seeker;
    node_start(edge);
    world_run(&world, 5000);
    cr_assert_neq(route(edge, device), 0);
    cr_expect_eq(found, NAMES, "%u of %u names were not found", missed, NAMES);
}

/* ---- G03 ------------------------------------------------------------------------------------ */

static void let_go_of_all(void)
{
    struct wtl_writer body;
    (void)wtl__message_open(&body, 16);
    wtl_put_u64(&body, 1);
    struct wtl__envelope *envelope = wtl__message_take(&body, WTL__MESSAGE);
    cr_assert_not_null(envelope);
    envelope->msg.tag = WTL_TAG("go");
    cr_assert_eq(wtl__deliver(&device->step.runtime, NULL, holder_pid, envelope), WTL_OK);
}

/* A leaf lets go of its names while its uplink asks for them again, of owners that it does not
 * reach, and gives up: they are gone all the same. */
Test(sim_rows_names, G03_what_a_leaf_let_go_of_does_not_stay)
{
    char name[WTL_NAME_MAX + 1];
    world_cut(&world, edge, cloud, true);
    world_break(&world, device, edge);
    world_run(&world, 1000); /* the leaf is back, and has registered all anew */
    cr_assert_neq(route(edge, device), 0);
    let_go_of_all();
    world_run(&world, 2500);
    world_cut(&world, edge, cloud, false);
    world_run(&world, 20000);
    cr_assert_neq(route(edge, cloud), 0);
    for (unsigned i = 0; i < NAMES; i++) {
        name_of(i, name);
        cr_expect(wtl_pid_is_none(wtl__core_name_find(wtl__hub_core(cloud->hub), name)),
                  "%s is still there", name);
    }
}
