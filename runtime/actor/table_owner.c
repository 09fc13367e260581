/*
 * table_owner.c - what only an owner does: making a table, ending it, naming an heir, giving it
 * away; and how it changes hands. See tables.h.
 *
 * What the new owner will be told was allocated when the heir was named, or when the table was
 * given away, so that a table never gets lost because memory is short.
 */
#include "actor/names.h"
#include "actor/tables.h"
#include "base/pool.h"
#include "table/table.h"

/* ---- changing hands ----------------------------------------------------------------------- */

struct wtl__envelope *wtl__table_notice(const struct wtl__owned *owned, struct wtl_bytes data)
{
    struct wtl_writer body;
    if (wtl__message_open(&body, 64 + (size_t)data.size)) {
        wtl_put_map(&body, data.size > 0 ? 3 : 2);
        WTL_PUT_KEY(&body, "table");
        wtl_put_u64(&body, owned->id);
        WTL_PUT_KEY(&body, "name");
        wtl_put_strz(&body, owned->name);
        if (data.size > 0) {
            WTL_PUT_KEY(&body, "data");
            wtl_put_raw(&body, data.bytes, data.size);
        }
    }
    struct wtl__envelope *notice = wtl__message_take(&body, WTL__LOCAL);
    if (notice != NULL) {
        notice->msg.tag = WTL_TAG("table_transfer");
    }
    return notice;
}

/* Its owner has ended, or it came too late to a new one. */
static void leave(struct wtl__ctx *x, struct wtl__owned *owned, struct wtl_pid owner)
{
    uint64_t heir = atomic_load_explicit(&owned->heir, memory_order_relaxed);
    struct wtl__envelope *notice = owned->notice;
    if (heir == 0 || wtl__cells_find(&owned->runtime->cells, heir) == NULL) {
        wtl__tables_end(owned->runtime->tables, owned);
        return;
    }
    owned->notice = NULL;
    atomic_store_explicit(&owned->heir, 0, memory_order_relaxed);
    wtl__table_send(x, owned, heir, notice, owner);
}

/* The signal has come to the new owner; `cell` is NULL when that has ended. */
static void arrive(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct wtl__owned *owned = WTL_CONTAINER(control, struct wtl__owned, transfer);
    struct wtl__envelope *gift = owned->gift;
    owned->gift = NULL;
    if (cell == NULL) {
        uint64_t owner = atomic_load_explicit(&owned->owner, memory_order_relaxed);
        wtl__envelope_free(gift);
        leave(x, owned, (struct wtl_pid){.node = owned->runtime->node, .local = owner});
        return;
    }
    wtl__ties_add(&cell->ties, WTL__TIE_TABLE, &owned->tie);
    wtl__fifo_append(cell, gift);
    wtl__table_arm_sweep(x, owned);
}

void wtl__table_send(struct wtl__ctx *x, struct wtl__owned *owned, uint64_t to,
                     struct wtl__envelope *gift, struct wtl_pid from)
{
    struct wtl_pid pid = {.node = owned->runtime->node, .local = to};
    gift->msg.from = from;
    owned->gift = gift;
    owned->transfer = (struct wtl__control){.run = arrive, .signal.msg.kind_ = WTL__CONTROL};
    atomic_store_explicit(&owned->owner, to, memory_order_relaxed);
    (void)wtl__deliver(owned->runtime, x, pid, &owned->transfer.signal);
}

void wtl__table_leave_owner(struct wtl__ctx *x, struct wtl__envelope *tie, struct wtl_pid owner)
{
    struct wtl__owned *owned = WTL_CONTAINER(tie, struct wtl__owned, tie);
    wtl__table_stop_sweep(x, owned);
    leave(x, owned, owner);
}

/* ---- what owners call --------------------------------------------------------------------- */

/* Nothing, or one msgpack value: it goes into a message. */
static bool is_data(struct wtl_bytes data)
{
    if (data.size == 0 || data.size > WTL_TABLE_DATA_MAX || data.bytes == NULL) {
        return data.size == 0;
    }
    struct wtl_reader reader = wtl_reader_over(data.bytes, data.size);
    wtl_skip(&reader);
    return !reader.failed && wtl_left(&reader) == 0;
}

/* Names the heir, and makes what it will be told. */
static enum wtl_status name_heir(struct wtl__ctx *x, struct wtl__owned *owned, struct wtl_pid heir,
                                 struct wtl_bytes data)
{
    if (!is_data(data) || (!wtl_pid_is_none(heir) && heir.node != x->runtime->node)) {
        return WTL_INVALID;
    }
    struct wtl__envelope *notice = NULL;
    if (!wtl_pid_is_none(heir)) {
        notice = wtl__table_notice(owned, data);
        if (notice == NULL) {
            return WTL_NO_MEMORY;
        }
    }
    if (owned->notice != NULL) {
        wtl__envelope_free(owned->notice);
    }
    owned->notice = notice;
    atomic_store_explicit(&owned->heir, heir.local, memory_order_relaxed);
    return WTL_OK;
}

/* Makes all of it but its id. */
static enum wtl_status make_owned(struct wtl__ctx *x, const struct wtl_table_options *options,
                                  struct wtl__owned **owned_out)
{
    if ((options->name != NULL && !wtl__name_is_valid(options->name)) ||
        (unsigned)options->access > WTL_TABLE_PRIVATE) {
        return WTL_INVALID;
    }
    struct wtl__owned *owned = wtl__pool_take(sizeof *owned);
    if (owned == NULL) {
        return WTL_NO_MEMORY;
    }
    *owned = (struct wtl__owned){.runtime = x->runtime, .access = options->access};
    atomic_init(&owned->owner, wtl__cell_local(x->cell));
    atomic_init(&owned->sweep_ms, WTL__WHEEL_NEVER);
    if (options->name != NULL) {
        memcpy(owned->name, options->name, strlen(options->name) + 1); /* it is valid, so it fits */
    }
    const uint64_t seed[2] = {wtl__prng_next(&x->prng), wtl__prng_next(&x->prng)};
    enum wtl_status status =
        wtl__table_create(options, wtl__tables_clock(x->runtime->tables), seed, &owned->table);
    if (status != WTL_OK) {
        wtl__pool_give(owned);
        return status;
    }
    *owned_out = owned;
    return WTL_OK;
}

enum wtl_status wtl__owned_create(struct wtl_ctx *pub, const struct wtl_table_options *options,
                                  struct wtl_table *table_out)
{
    static const struct wtl_table_options defaults;
    struct wtl__ctx *x = wtl__ctx_of(pub);
    struct wtl__owned *owned = NULL;
    options = options != NULL ? options : &defaults;
    *table_out = WTL_TABLE_NONE;
    enum wtl_status status = make_owned(x, options, &owned);
    if (status != WTL_OK) {
        return status;
    }
    status = wtl__tables_add(x->runtime->tables, owned);
    if (status != WTL_OK) {
        wtl__table_destroy(owned->table, wtl__pool_give, owned);
        return status;
    }
    status = name_heir(x, owned, options->heir, options->data); /* its notice has the id */
    if (status != WTL_OK) {
        wtl__tables_end(x->runtime->tables, owned);
        return status;
    }
    wtl__ties_add(&x->cell->ties, WTL__TIE_TABLE, &owned->tie);
    table_out->id = owned->id;
    return WTL_OK;
}

/* The table, when it is a tie of the running actor's; NULL, and why. */
static struct wtl__owned *own(struct wtl__ctx *x, struct wtl_table table,
                              enum wtl_status *status_out)
{
    struct wtl__envelope *tie =
        wtl__ties_find(&x->cell->ties, WTL__TIE_TABLE, WTL_PID_NONE, table.id);
    *status_out = WTL_OK;
    if (tie == NULL) {
        wtl__table_enter();
        bool found = wtl__tables_find(x->runtime->tables, table.id) != NULL;
        wtl__table_leave();
        *status_out = found ? WTL_DENIED : WTL_CLOSED;
        return NULL;
    }
    return WTL_CONTAINER(tie, struct wtl__owned, tie);
}

/* The running actor owns it no more. */
static void disown(struct wtl__ctx *x, struct wtl__owned *owned)
{
    (void)wtl__ties_take(&x->cell->ties, WTL__TIE_TABLE, WTL_PID_NONE, owned->id);
    wtl__table_stop_sweep(x, owned);
}

enum wtl_status wtl__owned_destroy(struct wtl_ctx *pub, struct wtl_table table)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    enum wtl_status status;
    struct wtl__owned *owned = own(x, table, &status);
    if (owned != NULL) {
        disown(x, owned);
        wtl__tables_end(x->runtime->tables, owned);
    }
    return status;
}

enum wtl_status wtl__owned_give(struct wtl_ctx *pub, struct wtl_table table, struct wtl_pid to,
                                struct wtl_bytes data)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    enum wtl_status status;
    struct wtl__owned *owned = own(x, table, &status);
    if (owned == NULL) {
        return status;
    }
    struct wtl_pid self = wtl__pid_of(x->runtime, x->cell);
    if (!is_data(data) || to.node != self.node || wtl_pid_equal(to, self)) {
        return WTL_INVALID;
    }
    if (wtl__cells_find(&x->runtime->cells, to.local) == NULL) {
        return WTL_NO_PROCESS;
    }
    struct wtl__envelope *gift = wtl__table_notice(owned, data);
    if (gift == NULL) {
        return WTL_NO_MEMORY;
    }
    disown(x, owned);
    wtl__table_send(x, owned, to.local, gift, self);
    return WTL_OK;
}

enum wtl_status wtl__owned_set_heir(struct wtl_ctx *pub, struct wtl_table table,
                                    struct wtl_pid heir, struct wtl_bytes data)
{
    struct wtl__ctx *x = wtl__ctx_of(pub);
    enum wtl_status status;
    struct wtl__owned *owned = own(x, table, &status);
    return owned != NULL ? name_heir(x, owned, heir, data) : status;
}
