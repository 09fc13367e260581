/* host_run.c - what managers ask a host for. See host_private.h for the messages. */
#include "flow/host_private.h"
#include "flow/pack.h"

/* The flow that a body's array names first; the reader stands behind the name. */
static const char *read_name(struct wtl_reader *reader, uint32_t count, size_t *size_out)
{
    *size_out = 0;
    if (wtl_get_array(reader) != count) {
        wtl_reader_fail(reader);
    }
    return wtl_get_str(reader, size_out);
}

/* The flow of a body that is [flow]; NULL: there is none, or it is another body. */
static struct wtl_host_flow *named_flow(struct wtl_host *host, const struct wtl_msg *message)
{
    size_t size;
    struct wtl_reader reader = wtl_read(message);
    const char *name = read_name(&reader, 1, &size);
    return reader.failed ? NULL : wtl__host_flow(host, name, size);
}

static uint64_t hash_of(const uint8_t *bytes, size_t size)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void put_instance(struct wtl_writer *body, const struct wtl_hosted *hosted)
{
    wtl_put_u64(body, hosted->unit);
    wtl_put_u64(body, hosted->copy);
    wtl_put_u64(body, hosted->pid.node);
    wtl_put_u64(body, hosted->pid.local);
}

/* The next unit of the flow in the list, from `hosted` on. */
static struct wtl_hosted *next_unit(struct wtl_hosted *hosted, const struct wtl_host_flow *flow)
{
    while (hosted != NULL && (flow == NULL || hosted->flow != flow || hosted->manager)) {
        hosted = hosted->next;
    }
    return hosted;
}

static uint32_t count_units(const struct wtl_host *host, const struct wtl_host_flow *flow)
{
    uint32_t count = 0;
    for (struct wtl_hosted *h = next_unit(host->hosted, flow); h != NULL;
         h = next_unit(h->next, flow)) {
        count++;
    }
    return count;
}

void wtl__host_state(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    const struct wtl_host_flow *flow = named_flow(host, message);
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 256);
    wtl_put_array(&body, 2);
    wtl_put_u64(&body, flow != NULL ? flow->epoch : 0);
    wtl_put_array(&body, count_units(host, flow));
    for (struct wtl_hosted *h = next_unit(host->hosted, flow); h != NULL;
         h = next_unit(h->next, flow)) {
        wtl_put_array(&body, 4);
        put_instance(&body, h);
    }
    wtl_reply(x, message, &body);
}

void wtl__host_stats(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    const struct wtl_host_flow *flow = named_flow(host, message);
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 1024);
    wtl_put_array(&body, count_units(host, flow));
    for (struct wtl_hosted *h = next_unit(host->hosted, flow); h != NULL;
         h = next_unit(h->next, flow)) {
        wtl_put_array(&body, 5 + WTL_FLOW_COUNTS);
        put_instance(&body, h);
        wtl_put_strz(&body, wtl__hosted_word(h));
        for (int i = 0; i < WTL_FLOW_COUNTS; i++) {
            wtl_put_u64(&body, h->spec == NULL
                                   ? 0
                                   : wtl__count_get(h->spec->counts, (enum wtl_flow_count)i));
        }
    }
    wtl_reply(x, message, &body);
}

/* ---- running exactly what a manager says ---------------------------------------------------- */

struct order {
    struct wtl_host_flow *flow;
    const uint8_t *packed;
    size_t packed_size;
    struct wtl_reader instances; /* stands at their array */
    struct wtl_flow_ast *ast;
    struct wtl_units *units;
};

static struct wtl_hosted *find_unit(struct wtl_host *host, const struct wtl_host_flow *flow,
                                    uint64_t unit, uint64_t copy)
{
    struct wtl_hosted *h = next_unit(host->hosted, flow);
    while (h != NULL && (h->unit != unit || h->copy != copy || h->state == WTL_HOSTED_STOPPING)) {
        h = next_unit(h->next, flow);
    }
    return h;
}

/* Starts what is wanted and not there. False: the list is not what it should be. */
static bool start_wanted(struct wtl_ctx *x, struct wtl_host *host, struct order *order)
{
    uint32_t left = wtl_get_array(&order->instances);
    for (; left >= 2 && !order->instances.failed; left -= 2) {
        uint64_t unit = wtl_get_u64(&order->instances);
        uint64_t copy = wtl_get_u64(&order->instances);
        if (unit >= order->units->count || copy >= order->units->list[unit].copies) {
            return false;
        }
        struct wtl_hosted *hosted = find_unit(host, order->flow, unit, copy);
        if (hosted != NULL) {
            hosted->wanted = true;
            continue;
        }
        hosted = wtl__hosted_new(x, host, order->flow);
        if (hosted == NULL) {
            return true;
        }
        hosted->unit = (uint16_t)unit;
        hosted->copy = (uint16_t)copy;
        wtl__hosted_make(x, host, hosted, order->ast, &order->units->list[unit]);
        if (hosted->state != WTL_HOSTED_BROKEN) {
            wtl__hosted_start(x, hosted);
        }
    }
    return left == 0 && !order->instances.failed;
}

/* `all`: also what is wanted, because it belongs to another version of the flow. */
static void stop_unwanted(struct wtl_ctx *x, struct wtl_host *host,
                          const struct wtl_host_flow *flow, bool all)
{
    for (struct wtl_hosted *h = next_unit(host->hosted, flow); h != NULL;) {
        struct wtl_hosted *next = next_unit(h->next, flow);
        if ((all || !h->wanted) && h->state != WTL_HOSTED_STOPPING) {
            wtl__hosted_stop(x, h);
        }
        h = next;
    }
}

void wtl__host_clear(struct wtl_ctx *x, struct wtl_host *host, struct wtl_host_flow *flow)
{
    stop_unwanted(x, host, flow, true);
    wtl__host_flow_end(x, host, flow);
}

static void carry_out(struct wtl_ctx *x, struct wtl_host *host, struct order *order,
                      const struct wtl_msg *message)
{
    struct wtl_error error = {.text = "the list of instances is not valid"};
    struct wtl_reader packed = wtl_reader_over(order->packed, order->packed_size);
    uint64_t hash = hash_of(order->packed, order->packed_size);
    if (wtl_flow_from_pack(order->ast, &packed, &error) != WTL_OK ||
        wtl_units_of(order->ast, order->units, &error) != WTL_OK) {
        wtl__host_refuse(x, message, WTL_INVALID, error.text);
        return;
    }
    if (order->flow->packed_hash != 0 && order->flow->packed_hash != hash) {
        stop_unwanted(x, host, order->flow, true);
    }
    order->flow->packed_hash = hash;
    for (struct wtl_hosted *h = next_unit(host->hosted, order->flow); h != NULL;
         h = next_unit(h->next, order->flow)) {
        h->wanted = false;
    }
    if (!start_wanted(x, host, order)) {
        wtl__host_refuse(x, message, WTL_INVALID, error.text);
        return;
    }
    stop_unwanted(x, host, order->flow, false);
    for (struct wtl_hosted *h = next_unit(host->hosted, order->flow); h != NULL;
         h = next_unit(h->next, order->flow)) {
        if (!wtl_pid_is_none(h->pid) && h->state == WTL_HOSTED_RUNNING) {
            wtl__host_tell_up(x, h); /* a new manager does not know it */
        }
    }
    wtl_reply(x, message, NULL);
    wtl__host_flow_end(x, host, order->flow);
}

/* Is the manager that speaks the newest one? Else it is told which epoch is. */
static bool is_newest(struct wtl_ctx *x, const struct wtl_host_flow *flow,
                      const struct wtl_msg *message, uint64_t epoch)
{
    struct wtl_writer body;
    bool known = wtl_pid_equal(flow->manager, message->from);
    if (epoch > flow->epoch || (epoch == flow->epoch && known)) {
        return true;
    }
    (void)wtl_message_open(x, &body, 16);
    wtl_put_array(&body, 1);
    wtl_put_u64(&body, flow->epoch);
    wtl_reply_error(x, message, WTL_VERSION, &body);
    return false;
}

void wtl__host_run(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    size_t size;
    struct order order = {0};
    struct wtl_reader reader = wtl_read(message);
    const char *name = read_name(&reader, 4, &size);
    uint64_t epoch = wtl_get_u64(&reader);
    order.packed = wtl_get_bin(&reader, &order.packed_size);
    order.instances = reader;
    if (reader.failed) {
        wtl__host_refuse(x, message, WTL_BAD_PAYLOAD,
                         "expected [flow, epoch, packed flow, instances]");
        return;
    }
    order.flow = wtl__host_flow(host, name, size);
    if (order.flow == NULL) {
        order.flow = wtl__host_flow_new(x, host, name, size);
    }
    if (order.flow == NULL) {
        wtl__host_refuse(x, message, WTL_FULL, "no room for one more flow on this node");
        return;
    }
    if (!is_newest(x, order.flow, message, epoch)) {
        return;
    }
    order.flow->epoch = epoch;
    order.flow->manager = message->from;
    order.ast = wtl_alloc(x, sizeof *order.ast);
    order.units = wtl_alloc(x, sizeof *order.units);
    if (order.ast != NULL && order.units != NULL) {
        carry_out(x, host, &order, message);
    } else {
        wtl__host_refuse(x, message, WTL_NO_MEMORY, "no memory to read the flow");
    }
    wtl_free(x, order.ast);
    wtl_free(x, order.units);
}

/* ---- wires ---------------------------------------------------------------------------------- */

void wtl__host_wires(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    size_t size;
    struct wtl_reader reader = wtl_read(message);
    const char *name = read_name(&reader, 4, &size);
    uint64_t unit = wtl_get_u64(&reader);
    uint64_t copy = wtl_get_u64(&reader);
    const uint8_t *wire = reader.at;
    wtl_skip(&reader);
    if (reader.failed) {
        return;
    }
    const struct wtl_host_flow *flow = wtl__host_flow(host, name, size);
    struct wtl_hosted *hosted = flow != NULL ? find_unit(host, flow, unit, copy) : NULL;
    if (hosted == NULL || !wtl_pid_equal(flow->manager, message->from)) {
        return;
    }
    uint32_t wire_size = (uint32_t)(reader.at - wire);
    uint8_t *bytes = wtl_alloc(x, wire_size);
    if (bytes == NULL) {
        wtl_log(x, WTL_LOG_ERROR, "flow: no memory to join a stage");
        return;
    }
    memcpy(bytes, wire, wire_size);
    wtl_free(x, hosted->wire);
    hosted->wire = bytes;
    hosted->wire_size = wire_size;
    wtl__hosted_wire(x, hosted);
}

void wtl__host_tell_up(struct wtl_ctx *x, const struct wtl_hosted *hosted)
{
    struct wtl_writer body;
    if (wtl_pid_is_none(hosted->flow->manager)) {
        return;
    }
    (void)wtl_message_open(x, &body, 128);
    wtl_put_array(&body, 5);
    wtl_put_strz(&body, hosted->flow->name);
    put_instance(&body, hosted);
    wtl_tell(x, hosted->flow->manager, WTL_HOST_TAG_UP, &body);
}
