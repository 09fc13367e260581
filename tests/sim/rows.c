/*
 * rows.c - rows of the fault table that want a whole mesh and an exact wire: what is read at once,
 * and what belongs to a connection that is over.
 */
#include <criterion/criterion.h>

#include <wattle/wattle.h>

#include "base/attr.h"
#include "model.h"
#include "wire/bytes.h"
#include "world.h"

#define FRAMES 1000u

static struct world world;

/* ---- an actor that notes what it is told ---------------------------------------------------- */

struct note {
    const struct sim_node *node; /* where it was heard */
    struct wtl_pid from;
    uint64_t number;
};

static struct note notes[4 * FRAMES];
static unsigned notes_count;

static enum wtl_status ear_init(struct wtl_ctx *x, void *self, const void *settings,
                                const struct wtl_msg *args)
{
    struct sim_node *node = wtl__ctx_of(x)->runtime->port_self;
    (void)self;
    (void)settings;
    (void)args;
    model_born(node, wtl_self(x));
    return WTL_OK;
}

static enum wtl_status ear_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    (void)self;
    if (notes_count < WTL_COUNT(notes)) {
        notes[notes_count++] = (struct note){.node = wtl__ctx_of(x)->runtime->port_self,
                                             .from = message->from,
                                             .number = wtl_get_u64(&reader)};
    }
    return WTL_OK;
}

static const struct wtl_actor ear = {.size = sizeof ear,
                                     .name = "ear",
                                     .mailbox_max = WTL_MAILBOX_LIMIT,
                                     .init = ear_init,
                                     .handle = ear_handle};

static struct wtl_pid ears[NODES_MAX];

static void boot_ear(struct sim_node *node)
{
    ears[world_index(node)] = wtl__spawn(&node->step.runtime, NULL, &ear, NULL, 0);
}

static struct wtl_pid ear_of(const struct sim_node *node)
{
    return ears[world_index(node)];
}

/* `from` tells the actor of `to` that number. */
static void tell(struct sim_node *from, const struct sim_node *to, uint64_t number)
{
    struct wtl_writer body;
    (void)wtl__message_open(&body, 16);
    wtl_put_u64(&body, number);
    struct wtl__envelope *envelope = wtl__message_take(&body, WTL__MESSAGE);
    cr_assert_not_null(envelope);
    envelope->msg.from = ear_of(from);
    envelope->msg.tag = WTL_TAG("number");
    cr_assert_eq(wtl__deliver(&from->step.runtime, NULL, ear_of(to), envelope), WTL_OK);
}

/* What `to` has heard of `from` is 1, 2, ... `last`, in that order. */
static void assert_heard(const struct sim_node *to, const struct sim_node *from, uint64_t last)
{
    uint64_t heard = 0;
    for (unsigned i = 0; i < notes_count; i++) {
        if (notes[i].node == to && wtl_pid_equal(notes[i].from, ear_of(from))) {
            cr_assert_eq(notes[i].number, ++heard, "%s heard %lu of %s, and not %lu", to->name,
                         (unsigned long)notes[i].number, from->name, (unsigned long)heard);
        }
    }
    cr_assert_eq(heard, last, "%s heard %lu of %s, and not %lu", to->name, (unsigned long)heard,
                 from->name, (unsigned long)last);
}

/* ---- a mesh --------------------------------------------------------------------------------- */

static struct sim_node *cloud, *edge, *other, *device;

static void setup(void)
{
    static const char *const clouds[] = {"cloud-1", NULL};
    static const char *const edges[] = {"edge-1", NULL};
    memset(&checks, 0, sizeof checks);
    notes_count = 0;
    world_init(&world, 1);
    world.latency_max_ms = 1;
    cloud = world_add(&world, "cloud-1", WTL_LAYER_CLOUD, NULL, boot_ear);
    edge = world_add(&world, "edge-1", WTL_LAYER_EDGE, clouds, boot_ear);
    other = world_add(&world, "edge-2", WTL_LAYER_EDGE, clouds, boot_ear);
    device = world_add(&world, "device-1", WTL_LAYER_DEVICE, edges, boot_ear);
    for (unsigned i = 0; i < world.nodes_count; i++) {
        node_start(&world.nodes[i]);
    }
    world_run(&world, 8000);
}

static void teardown(void)
{
    cr_expect_eq(checks.violations, 0, "%s", checks.text);
    world_deinit(&world);
}

static struct pipe *pipe_between(const struct sim_node *a, const struct sim_node *b,
                                 unsigned *side_of_a_out)
{
    for (unsigned i = 0; i < world.pipes_top; i++) {
        struct pipe *pipe = &world.pipes[i];
        for (unsigned side = 0; pipe->used && side < 2; side++) {
            if (pipe->ends[side] == a && pipe->ends[1 - side] == b) {
                *side_of_a_out = side;
                return pipe;
            }
        }
    }
    cr_assert_fail("there is no connection between %s and %s", a->name, b->name);
    return NULL;
}

TestSuite(sim_rows, .init = setup, .fini = teardown);

/* ---- X005 ----------------------------------------------------------------------------------- */

Test(sim_rows, X005_a_thousand_frames_in_one_read)
{
    unsigned side;
    world.whole_reads = true;
    world_cut(&world, edge, cloud, true);
    for (uint64_t i = 1; i <= FRAMES; i++) {
        tell(edge, cloud, i);
    }
    world_run(&world, 100);
    cr_assert_eq(notes_count, 0);
    const struct pipe *pipe = pipe_between(edge, cloud, &side);
    size_t under_way = pipe->size[side];
    cr_assert_geq(under_way, FRAMES * WTL__DATA_HEAD);
    world.read_max = 0;
    world_cut(&world, edge, cloud, false);
    world_run(&world, 100);
    cr_assert_geq(world.read_max, under_way, "it was not one read, but of %zu bytes at most",
                  world.read_max);
    assert_heard(cloud, edge, FRAMES);
}

/* One link, two associations: the one with a thousand messages has a record's turn, no more. */
Test(sim_rows, X005_a_turn_yields_to_others_on_the_link)
{
    world.whole_reads = true;
    for (uint64_t i = 1; i <= FRAMES; i++) {
        tell(device, cloud, i);
    }
    tell(device, edge, 1);
    world_run(&world, 1000);
    assert_heard(cloud, device, FRAMES);
    assert_heard(edge, device, 1);
    unsigned before = 0;
    while (before < notes_count && notes[before].node != edge) {
        before++;
    }
    cr_assert_lt(before, FRAMES / 2, "%u messages for another node went first", before);
}

/* Other links do not wait for the one that has much to send: each has one record at a time. */
Test(sim_rows, X005_a_turn_yields_to_other_links)
{
    uint8_t record[WTL__FRAME_MAX];
    unsigned side;
    for (uint64_t i = 1; i <= FRAMES; i++) {
        tell(cloud, edge, i);
    }
    tell(cloud, other, 1);
    /* the messages are in the hub, and no wire has asked for them yet */
    for (uint32_t i = 0; i < cloud->outbox_count; i++) {
        model_sent(cloud, cloud->outbox[i].to, cloud->outbox[i].envelope);
        wtl__hub_send(cloud->hub, cloud->outbox[i].to, cloud->outbox[i].envelope, world.now_ms);
    }
    cloud->outbox_count = 0;
    const struct pipe *busy = pipe_between(cloud, edge, &side);
    size_t first =
        wtl__hub_fill(cloud->hub, busy->links[side], record, sizeof record, world.now_ms);
    cr_assert_gt(first, 0);
    cr_assert_leq(first, WTL__FRAME_MAX);
    cr_assert_gt(cloud->waiting[world_index(edge)], 0, "one turn has taken all");
    const struct pipe *idle = pipe_between(cloud, other, &side);
    size_t second =
        wtl__hub_fill(cloud->hub, idle->links[side], record, sizeof record, world.now_ms);
    cr_assert_gt(second, 0);
    cr_assert_eq(cloud->waiting[world_index(other)], 0);
    /* those two records were taken off the wire: the nodes go over to new connections */
    world_break(&world, cloud, edge);
    world_break(&world, cloud, other);
    world_run(&world, 5000);
    assert_heard(edge, cloud, FRAMES);
    assert_heard(other, cloud, 1);
}

/* ---- X020 ----------------------------------------------------------------------------------- */

/* A DATA frame of a message for `to`, under that handle of a link. */
static size_t put_data(uint8_t *out, uint16_t handle, struct wtl_pid to, struct wtl_pid from)
{
    struct wtl__mail mail = {.kind = WTL__MESSAGE,
                             .to = to.local,
                             .from = from.local,
                             .tag = WTL_TAG("number"),
                             .body_size = 1};
    size_t size = 2 + wtl__put_mail(out + WTL__DATA_HEAD, &mail);
    out[WTL__FRAME_HEAD + size++] = 0x7f; /* the number 127 */
    wtl__frame_head(out, WTL__FRAME_DATA, WTL__FRAME_FIRST | WTL__FRAME_LAST, size);
    wtl__store_u16(out + WTL__FRAME_HEAD, handle);
    return WTL__FRAME_HEAD + size;
}

static void bytes_to(struct sim_node *node, uint32_t link, const uint8_t *bytes, size_t size)
{
    wtl__hub_link_bytes(node->hub, link, bytes, size, world.now_ms, world_wall(&world));
}

static void assert_link_works(uint64_t from)
{
    tell(edge, cloud, from);
    tell(edge, cloud, from + 1);
    world_run(&world, 1000);
    assert_heard(cloud, edge, from + 1);
    unsigned side;
    const struct pipe *pipe = pipe_between(edge, cloud, &side);
    cr_assert_eq(wire_state(pipe, side), WTL__SESSION_UP);
    cr_assert_eq(wire_state(pipe, 1 - side), WTL__SESSION_UP);
}

/* A handle that was bound on the last connection means nothing on this one. */
Test(sim_rows, X020_a_handle_of_the_last_connection_is_dropped)
{
    uint8_t frame[128];
    unsigned side;
    tell(edge, cloud, 1);
    world_run(&world, 1000);
    uint64_t generation = pipe_between(edge, cloud, &side)->generation;
    world_break(&world, edge, cloud);
    world_run(&world, 3000);
    const struct pipe *pipe = pipe_between(edge, cloud, &side);
    cr_assert_gt(pipe->generation, generation);
    tell(edge, cloud, 2); /* now there are handles on this one, too */
    world_run(&world, 1000);
    uint64_t stale = wtl__hub_count(cloud->hub)->stale_handles;
    uint64_t delivered = wtl__hub_count(cloud->hub)->delivered;
    for (uint16_t handle = 6; handle < 16; handle++) {
        bytes_to(cloud, pipe->links[1 - side], frame,
                 put_data(frame, handle, ear_of(cloud), ear_of(edge)));
    }
    cr_assert_eq(wtl__hub_count(cloud->hub)->stale_handles, stale + 10);
    cr_assert_eq(wtl__hub_count(cloud->hub)->delivered, delivered);
    assert_link_works(3);
}

/* Bytes of a connection that was closed here, and were under way, change nothing. */
Test(sim_rows, X020_bytes_of_a_closed_connection_change_nothing)
{
    static const uint8_t impossible[] = {0xff, 0xff, 0xff, 0xff, 0, 0};
    uint8_t frame[128];
    unsigned side;
    const struct pipe *pipe = pipe_between(other, cloud, &side);
    uint32_t link = pipe->links[1 - side];
    bytes_to(cloud, link, impossible, sizeof impossible); /* cloud-1 closes it for that */
    cr_assert(pipe->dead[1 - side]);
    uint64_t before = model_state(cloud);
    for (uint16_t handle = 1; handle < 10; handle++) {
        bytes_to(cloud, link, frame, put_data(frame, handle, ear_of(cloud), ear_of(other)));
    }
    cr_assert_eq(model_state(cloud), before);
    assert_link_works(1);
}

/* An OPEN of a route that its source has left comes too late: the present one goes on. */
Test(sim_rows, X020_an_open_of_an_older_route_is_dropped)
{
    uint8_t frame[128];
    unsigned side;
    tell(edge, cloud, 1);
    world_run(&world, 1000);
    const struct pipe *pipe = pipe_between(edge, cloud, &side);
    struct wtl__open open = {.handle = 200,
                             .hops_left = 8,
                             .source = edge->id,
                             .destination = cloud->id,
                             .session = 4711,
                             .number = 1,
                             .route = 5};
    uint32_t link = pipe->links[1 - side];
    uint64_t delivered = wtl__hub_count(cloud->hub)->delivered;
    bytes_to(cloud, link, frame, wtl__put_open(frame, sizeof frame, &open));
    open.handle = 201;
    open.route = 4;
    bytes_to(cloud, link, frame, wtl__put_open(frame, sizeof frame, &open));
    bytes_to(cloud, link, frame, put_data(frame, 201, ear_of(cloud), ear_of(edge)));
    cr_assert_eq(wtl__hub_count(cloud->hub)->delivered, delivered);
    assert_link_works(2);
}
