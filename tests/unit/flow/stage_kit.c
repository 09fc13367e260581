/* stage_kit.c - running the nodes, and asking their actors; see stage_kit.h. */
#include "stage_kit.h"

#include "flow/check.h"
#include "flow/pack.h"
#include "flow/parse.h"

struct net_answer net_answer;

/* ---- the boss of a node: a first actor that does what the test wants ------------------------- */

struct question {
    struct wtl_pid to;
    struct wtl_tag tag;
    const void *bytes;
    size_t size;
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    (void)x;
    (void)self;
    (void)context;
    net_answer.came = true;
    net_answer.status = answer->status;
    net_answer.pid = answer->pid;
    cr_assert_leq(answer->message.size, sizeof net_answer.bytes);
    net_answer.size = answer->message.size;
    if (answer->message.size > 0) {
        memcpy(net_answer.bytes, answer->message.bytes, answer->message.size);
    }
    return WTL_OK;
}

static enum wtl_status boss_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct question question;
    struct wtl_writer body;
    struct wtl_call_options options = {.on_answer = on_answer};
    size_t size = 0;
    (void)self;
    if (!wtl_is(message, "ask")) {
        return WTL_OK;
    }
    struct wtl_reader reader = wtl_read(message);
    const void *bytes = wtl_get_bin(&reader, &size);
    cr_assert_eq(size, sizeof question);
    memcpy(&question, bytes, size);
    (void)wtl_message_open(x, &body, question.size);
    wtl_put_raw(&body, question.bytes, question.size);
    (void)wtl_call(x, question.to, question.tag, &body, &options);
    return WTL_OK;
}

const struct wtl_actor net_boss = {
    .size = sizeof(struct wtl_actor), .name = "boss", .handle = boss_handle};

/* ---- running ----------------------------------------------------------------------------------
 */

static void deliver(struct net_queue *queue, uint32_t to)
{
    struct net_letter letter = queue->letters[queue->first];
    queue->first = (queue->first + 1) % NET_QUEUE_MAX;
    queue->count--;
    (void)wtl__deliver(&net.nodes[to].step.runtime, NULL, letter.to, letter.envelope);
}

/* One actor runs, or one letter arrives; the seed says which. */
static bool one_step(void)
{
    uint32_t all = net.count + net.count * net.count;
    uint32_t begin = (uint32_t)wtl__prng_below(&net.choice, all);
    for (uint32_t i = 0; i < all; i++) {
        uint32_t at = (begin + i) % all;
        if (at < net.count) {
            if (net.nodes[at].up && wtl__step_one(&net.nodes[at].step)) {
                return true;
            }
            continue;
        }
        at -= net.count;
        struct net_queue *queue = &net.queues[at / net.count][at % net.count];
        if (queue->count > 0) {
            deliver(queue, at % net.count);
            return true;
        }
    }
    return false;
}

bool net_steps(uint32_t count)
{
    while (count > 0 && one_step()) {
        count--;
    }
    return count == 0;
}

void net_settle(void)
{
    cr_assert_not(net_steps(20000000), "it never comes to rest");
}

uint64_t net_now_ms(void)
{
    return net.nodes[0].step.now_ns / WTL__NS_PER_MS;
}

static uint64_t next_deadline(void)
{
    uint64_t next = WTL__WHEEL_NEVER;
    for (uint32_t i = 0; i < net.count; i++) {
        uint64_t own = net.nodes[i].up ? wtl__step_deadline(&net.nodes[i].step) : next;
        next = own < next ? own : next;
    }
    return next;
}

void net_advance(uint64_t ms)
{
    uint64_t end = net_now_ms() + ms;
    net_settle();
    for (;;) {
        uint64_t next = next_deadline();
        bool over = next == WTL__WHEEL_NEVER || next > end;
        uint64_t now = net_now_ms();
        uint64_t to = over ? end : next > now ? next : now;
        for (uint32_t i = 0; i < net.count; i++) {
            if (net.nodes[i].up) {
                wtl__step_advance(&net.nodes[i].step, to - now);
            } else {
                net.nodes[i].step.now_ns += (to - now) * WTL__NS_PER_MS;
            }
        }
        net_settle();
        if (over) {
            return;
        }
    }
}

/* ---- asking -----------------------------------------------------------------------------------
 */

bool net_lives(struct wtl_pid pid)
{
    uint32_t index = net_index(pid.node);
    return index != UINT32_MAX &&
           wtl__cells_find(&net.nodes[index].step.runtime.cells, pid.local) != NULL;
}

struct wtl_pid net_actor(uint32_t node, const char *type)
{
    struct wtl__cells *cells = &net.nodes[node].step.runtime.cells;
    for (uint32_t slot = 0; net.nodes[node].up && slot < atomic_load(&cells->used); slot++) {
        const struct wtl__cell *cell = wtl__cells_at(cells, slot);
        uint64_t local = atomic_load(&cell->local);
        if (local != 0 && strcmp(cell->type->name, type) == 0) {
            return (struct wtl_pid){.node = net_id(node), .local = local};
        }
    }
    return WTL_PID_NONE;
}

void net_exit(struct wtl_pid pid, struct wtl_reason reason)
{
    struct wtl__envelope *signal = wtl__envelope_new(WTL__EXIT_SEND);
    wtl__set_reason(signal, reason);
    (void)wtl__deliver(&net.nodes[net_index(pid.node)].step.runtime, NULL, pid, signal);
}

void net_tell(struct wtl_pid pid, struct wtl_tag tag)
{
    struct wtl__envelope *envelope = wtl__envelope_new(WTL__LOCAL);
    envelope->msg.tag = tag;
    (void)wtl__deliver(&net.nodes[net_index(pid.node)].step.runtime, NULL, pid, envelope);
}

static void post(uint32_t node, struct wtl_pid to, struct wtl_tag tag, const void *bytes,
                 size_t size)
{
    struct question question = {.to = to, .tag = tag, .bytes = bytes, .size = size};
    struct wtl_writer body;
    net_answer.came = false;
    (void)wtl__message_open(&body, sizeof question + 8);
    wtl_put_bin(&body, &question, sizeof question);
    struct wtl__envelope *envelope = wtl__message_take(&body, WTL__LOCAL);
    envelope->msg.tag = WTL_TAG("ask");
    (void)wtl__deliver(&net.nodes[node].step.runtime, NULL, net.nodes[node].boss, envelope);
}

void net_call(uint32_t node, struct wtl_pid to, struct wtl_tag tag, const void *bytes, size_t size)
{
    post(node, to, tag, bytes, size);
    net_settle();
}

void net_begin(uint32_t node, const char *source)
{
    static struct wtl_flow_ast ast;
    static struct wtl_flow_diags diags;
    static uint8_t packed[65536];
    static uint8_t bytes[2 * 65536];
    struct wtl_writer inner = wtl_writer_over(packed, sizeof packed);
    struct wtl_writer body = wtl_writer_over(bytes, sizeof bytes);
    wtl_flow_diags_init(&diags);
    cr_assert_eq(wtl_flow_parse(&ast, source, strlen(source), "t", &diags), WTL_OK);
    cr_assert_eq(wtl_flow_check(&ast, NULL, &diags), WTL_OK, "%s", diags.list[0].text);
    cr_assert_eq(wtl_flow_to_pack(&ast, &inner), WTL_OK);
    wtl_put_map(&body, 2);
    WTL_PUT_KEY(&body, "packed");
    wtl_put_bin(&body, packed, wtl_written(&inner));
    WTL_PUT_KEY(&body, "source");
    wtl_put_strz(&body, source);
    post(node, wtl_flow_host_pid(net_id(node)), WTL_TAG("flow.start"), bytes, wtl_written(&body));
}

enum wtl_status net_start(uint32_t node, const char *source)
{
    net_begin(node, source);
    net_settle();
    cr_assert(net_answer.came);
    return net_answer.status;
}

enum wtl_status net_stop(uint32_t node, const char *name)
{
    uint8_t bytes[128];
    struct wtl_writer body = wtl_writer_over(bytes, sizeof bytes);
    wtl_putf(&body, "name=%s", name);
    net_call(node, wtl_flow_host_pid(net_id(node)), WTL_TAG("flow.stop"), bytes,
             wtl_written(&body));
    cr_assert(net_answer.came);
    return net_answer.status;
}
