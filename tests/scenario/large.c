/* large.c - messages of megabytes between real nodes, and small ones beside them. */
#include <criterion/criterion.h>

#include <stdlib.h>

#include "kit.h"

#define FLOOD      12u
#define FLOOD_SIZE (4u * 1024 * 1024)

static struct kit kit;

static void setup(void)
{
    kit_init(&kit);
}

static void teardown(void)
{
    kit_deinit(&kit);
}

TestSuite(large, .init = setup, .fini = teardown, .timeout = 120);

static enum wtl_status send_large(struct wtl_ctx *x, struct wtl_pid to, uint64_t seq, size_t size)
{
    struct wtl_writer body;
    void *data = calloc(1, size);
    cr_assert_not_null(data);
    (void)wtl_message_open(x, &body, size + 32);
    wtl_put_map(&body, 2);
    WTL_PUT_KEY(&body, "seq");
    wtl_put_u64(&body, seq);
    WTL_PUT_KEY(&body, "data");
    wtl_put_bin(&body, data, size);
    free(data);
    return wtl_try_tell(x, to, WTL_TAG("seq"), &body);
}

static void send_flood(struct wtl_ctx *x, struct kit_puppet *puppet, void *to)
{
    (void)puppet;
    for (unsigned seq = 0; seq < FLOOD; seq++) {
        enum wtl_status status = send_large(x, *(struct wtl_pid *)to, seq, FLOOD_SIZE);
        cr_assert(status == WTL_OK || status == WTL_BUSY, "%s", wtl_status_word(status));
    }
}

static bool has_begun(void *puppet)
{
    return atomic_load(&((struct kit_puppet *)puppet)->got) > 0;
}

static bool has_flood(void *puppet)
{
    return atomic_load(&((struct kit_puppet *)puppet)->got) == FLOOD;
}

Test(large, D05_small_messages_pass_large_ones_of_another_node)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    struct kit_node *c = kit_start(&kit, "device-c", WTL_LAYER_DEVICE, a);
    kit_wait_linked(a, b);
    kit_wait_linked(b, c);
    struct kit_puppet *small = kit_spawn(a);
    struct kit_puppet *flood = kit_spawn(c);
    struct kit_puppet *sink = kit_spawn(b);
    struct kit_puppet *other = kit_spawn(b);
    uint32_t at = 0;
    kit_do(flood, send_flood, &sink->pid);
    kit_wait_for("the flood has begun", has_begun, sink);
    kit_call(small, other->pid, "x"); /* over the link on which the flood is relayed */
    cr_assert_eq(kit_next(small, &at, KIT_ANSWER, NULL).status, WTL_OK);
    cr_assert_lt(atomic_load(&sink->got), FLOOD, "it waited for all of the flood");
    kit_wait_for("the flood is over", has_flood, sink);
    cr_assert_eq(atomic_load(&sink->disorder), 0);
}

struct refusal {
    struct wtl_pid to;
    enum wtl_status status;
};

static void send_oversized(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    struct refusal *refusal = argument;
    (void)puppet;
    refusal->status = send_large(x, refusal->to, 0, WTL_BODY_MAX);
}

static void send_largest(struct wtl_ctx *x, struct kit_puppet *puppet, void *argument)
{
    struct refusal *refusal = argument;
    (void)puppet;
    refusal->status = send_large(x, refusal->to, 0, WTL_BODY_MAX - 64);
}

Test(large, X021_an_oversized_message_is_its_senders_error_and_the_link_stays)
{
    struct kit_node *a = kit_start(&kit, "edge-a", WTL_LAYER_EDGE, NULL);
    struct kit_node *b = kit_start(&kit, "cloud-b", WTL_LAYER_CLOUD, a);
    kit_wait_linked(a, b);
    struct kit_puppet *p = kit_spawn(a);
    struct kit_puppet *q = kit_spawn(b);
    uint32_t at = 0;
    kit_watch_nodes(p);
    struct refusal refusal = {.to = q->pid};
    kit_do(p, send_oversized, &refusal);
    cr_assert_eq(refusal.status, WTL_TOO_LARGE);
    kit_do(p, send_largest, &refusal);
    cr_assert(refusal.status == WTL_OK || refusal.status == WTL_BUSY);
    kit_wait_for("the largest has come", has_begun, q);
    kit_call(p, q->pid, "x");
    cr_assert_eq(kit_next(p, &at, KIT_ANSWER, NULL).status, WTL_OK);
    cr_assert_eq(kit_count(p, KIT_MESSAGE, "node_down"), 0);
    cr_assert_eq(atomic_load(&q->got), 1, "the oversized one has not come");
}
