/*
 * tables.c - the tables of the node, for a module in a process of its own: each call is asked of
 * the node, as the actor that runs, and the process waits for the answer. Nothing of a table is
 * here. What is read from one is in tables_read.c.
 */
#include <stdlib.h>

#include "process/host/host.h"
#include "process/table_ask.h"

static bool is_tabled(const struct wtl__host *host, uint64_t request)
{
    return host->tabled.request == request;
}

void wtl__host_tabled(struct wtl__host *host, const struct wtl__pipe_frame *frame)
{
    free(host->tabled.bytes);
    host->tabled = (struct wtl__tabled){
        .request = frame->request, .status = frame->status, .size = frame->size};
    if (frame->size > 0) {
        host->tabled.bytes = malloc(frame->size);
        if (host->tabled.bytes == NULL) {
            abort(); /* the failed allocation is on the board */
        }
        memcpy(host->tabled.bytes, frame->body, frame->size);
    }
}

/* Could all of them be packed? What they are is the node's to check. */
static bool are_packed(const struct wtl__table_ask *ask, size_t *size_out)
{
    const struct wtl_bytes all[] = {ask->key, ask->value, ask->other, ask->cursor};
    *size_out = WTL__TABLE_ASK_BYTES;
    for (size_t i = 0; i < WTL_COUNT(all); i++) {
        if (all[i].size == WTL_BYTES_BAD) {
            return false;
        }
        *size_out += all[i].size;
    }
    return true;
}

enum wtl_status wtl__host_ask_table(struct wtl_ctx *pub, uint64_t verb,
                                    const struct wtl__table_ask *ask)
{
    struct wtl__host_ctx *x = wtl__host_ctx_of(pub);
    struct wtl__pipe_frame frame = {.kind = WTL__PIPE_TABLE, .pid = x->guest->self, .count = verb};
    size_t size = 0;
    if (!are_packed(ask, &size)) {
        return WTL_INVALID;
    }
    if (size > WTL_BODY_MAX) {
        return WTL_TOO_LARGE;
    }
    uint8_t *bytes = malloc(size);
    if (bytes == NULL) {
        return WTL_NO_MEMORY;
    }
    struct wtl_writer writer = wtl_writer_over(bytes, size);
    wtl__table_ask_put(&writer, ask);
    WTL_ASSERT(!writer.failed);
    frame.request = wtl__host_ref(x->host);
    frame.body = bytes;
    frame.size = (uint32_t)wtl_written(&writer);
    (void)wtl__host_put(x->host, &frame);
    free(bytes);
    /* the node answers at once, or this function is out of time */
    return wtl__host_await(x->host, is_tabled, frame.request, x->host->orders.budget_ms * 2)
               ? x->host->tabled.status
               : WTL_CLOSED;
}

static bool never(const struct wtl__host *host, uint64_t what)
{
    (void)host;
    (void)what;
    return false;
}

/* As above, when a pid is asked about that this process may have spawned a moment ago: the node
 * says busy until it has done that. Fails: WTL_BUSY when it cannot for a quarter of the budget,
 * because something before it waits for a mailbox that is full. */
static enum wtl_status ask_of_pid(struct wtl_ctx *pub, uint64_t verb,
                                  const struct wtl__table_ask *ask)
{
    struct wtl__host *host = wtl__host_ctx_of(pub)->host;
    enum wtl_status status = wtl__host_ask_table(pub, verb, ask);
    for (uint32_t ms = 0; status == WTL_BUSY && ms < host->orders.budget_ms / 4; ms++) {
        (void)wtl__host_await(host, never, 0, 1);
        status = wtl__host_ask_table(pub, verb, ask);
    }
    return status;
}

/* The one number of an answer; false when it is none. */
static bool get_number(struct wtl_ctx *x, uint64_t *number_out)
{
    const struct wtl__tabled *tabled = &wtl__host_ctx_of(x)->host->tabled;
    struct wtl_reader reader = wtl_reader_over(tabled->bytes, tabled->size);
    *number_out = wtl_get_u64(&reader);
    return !reader.failed;
}

static bool put_name(struct wtl__table_ask *ask, const char *name)
{
    size_t size = name != NULL ? strlen(name) : 0;
    if (size > WTL_NAME_MAX) {
        return false;
    }
    memcpy(ask->name, name != NULL ? name : "", size + 1);
    return true;
}

/* ---- what there is -------------------------------------------------------------------------- */

static enum wtl_status create(struct wtl_ctx *x, const struct wtl_table_options *options,
                              struct wtl_table *table_out)
{
    static const struct wtl_table_options defaults;
    options = options != NULL ? options : &defaults;
    struct wtl__table_ask ask = {.flags = (uint64_t)options->kind |
                                          (uint64_t)options->access << WTL__TABLE_ACCESS_SHIFT |
                                          (uint64_t)options->full << WTL__TABLE_FULL_SHIFT,
                                 .number = options->bytes_max,
                                 .ttl_ms = options->ttl_ms,
                                 .pid = options->heir,
                                 .value = options->data};
    *table_out = WTL_TABLE_NONE;
    if (!put_name(&ask, options->name) || (options->name != NULL && options->name[0] == '\0')) {
        return WTL_INVALID;
    }
    enum wtl_status status = ask_of_pid(x, WTL__TABLE_CREATE, &ask);
    if (status == WTL_OK && !get_number(x, &table_out->id)) {
        return WTL_CLOSED;
    }
    return status;
}

static enum wtl_status destroy(struct wtl_ctx *x, struct wtl_table table)
{
    return wtl__host_ask_table(x, WTL__TABLE_DESTROY, &(struct wtl__table_ask){.table = table});
}

static struct wtl_table find(struct wtl_ctx *x, const char *name)
{
    struct wtl__table_ask ask = {.flags = 0};
    struct wtl_table table = WTL_TABLE_NONE;
    if (name == NULL || !put_name(&ask, name) ||
        wtl__host_ask_table(x, WTL__TABLE_FIND, &ask) != WTL_OK || !get_number(x, &table.id)) {
        return WTL_TABLE_NONE;
    }
    return table;
}

static enum wtl_status give(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid to,
                            struct wtl_bytes data)
{
    const struct wtl__table_ask ask = {.table = table, .pid = to, .value = data};
    return ask_of_pid(x, WTL__TABLE_GIVE, &ask);
}

static enum wtl_status set_heir(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid heir,
                                struct wtl_bytes data)
{
    const struct wtl__table_ask ask = {.table = table, .pid = heir, .value = data};
    return ask_of_pid(x, WTL__TABLE_HEIR, &ask);
}

static enum wtl_status info(struct wtl_ctx *x, struct wtl_table table,
                            struct wtl_table_info *info_out)
{
    const struct wtl__tabled *tabled = &wtl__host_ctx_of(x)->host->tabled;
    enum wtl_status status =
        wtl__host_ask_table(x, WTL__TABLE_INFO, &(struct wtl__table_ask){.table = table});
    struct wtl_reader reader = wtl_reader_over(tabled->bytes, tabled->size);
    if (status == WTL_OK && !wtl__table_info_get(&reader, info_out)) {
        return WTL_CLOSED;
    }
    return status;
}

/* ---- writing -------------------------------------------------------------------------------- */

static enum wtl_status insert(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                              struct wtl_bytes value, uint64_t ttl_ms, bool only_new)
{
    const struct wtl__table_ask ask = {
        .table = table, .key = key, .value = value, .ttl_ms = ttl_ms, .flags = only_new};
    return wtl__host_ask_table(x, WTL__TABLE_INSERT, &ask);
}

static enum wtl_status remove_key(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key)
{
    const struct wtl__table_ask ask = {.table = table, .key = key};
    return wtl__host_ask_table(x, WTL__TABLE_REMOVE, &ask);
}

static enum wtl_status remove_value(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                    struct wtl_bytes value)
{
    const struct wtl__table_ask ask = {.table = table, .key = key, .value = value};
    return wtl__host_ask_table(x, WTL__TABLE_REMOVE_VALUE, &ask);
}

static enum wtl_status clear(struct wtl_ctx *x, struct wtl_table table)
{
    return wtl__host_ask_table(x, WTL__TABLE_CLEAR, &(struct wtl__table_ask){.table = table});
}

static enum wtl_status add(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                           int64_t delta, int64_t initial, int64_t *value_out)
{
    const struct wtl__tabled *tabled = &wtl__host_ctx_of(x)->host->tabled;
    const struct wtl__table_ask ask = {
        .table = table, .key = key, .delta = delta, .initial = initial};
    enum wtl_status status = wtl__host_ask_table(x, WTL__TABLE_ADD, &ask);
    struct wtl_reader reader = wtl_reader_over(tabled->bytes, tabled->size);
    if (status == WTL_OK && value_out != NULL) {
        *value_out = wtl_get_i64(&reader);
        return reader.failed ? WTL_CLOSED : WTL_OK;
    }
    return status;
}

static enum wtl_status swap(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                            struct wtl_bytes expected, struct wtl_bytes value)
{
    const struct wtl__table_ask ask = {
        .table = table, .key = key, .other = expected, .value = value};
    return wtl__host_ask_table(x, WTL__TABLE_SWAP, &ask);
}

const struct wtl_table_api wtl__host_tables = {
    .size = sizeof(struct wtl_table_api),
    .create = create,
    .destroy = destroy,
    .find = find,
    .give = give,
    .set_heir = set_heir,
    .info = info,
    .insert = insert,
    .remove = remove_key,
    .remove_value = remove_value,
    .clear = clear,
    .add = add,
    .swap = swap,
    .lookup = wtl__host_lookup,
    .take = wtl__host_take,
    .borrow = wtl__host_borrow,
    .step = wtl__host_step,
    .select = wtl__host_select,
};
