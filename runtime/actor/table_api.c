/*
 * table_api.c - what actors call: finds the table, checks who may do what and what came for a key,
 * and does it. See table_calls.h for what each promises.
 *
 * Thread: the holder of the running cell's token.
 */
#include "actor/tables.h"
#include "table/table.h"

_Static_assert(WTL_TABLE_BORROWED_MAX + WTL__TABLE_CHUNK <= WTL__HOLDS,
               "who has borrowed all can still select");

enum need { TO_READ, TO_WRITE };

/* One call while it runs: in a section, with the table found. */
struct call {
    struct wtl__ctx *x;
    struct wtl__owned *owned;
    struct wtl__table *table;
    struct wtl__key key;
    uint8_t room[WTL_TABLE_KEY_MAX];
};

static uint64_t self_of(const struct wtl__ctx *x)
{
    return wtl__cell_local(x->cell);
}

static enum wtl_status check_access(const struct wtl__ctx *x, const struct wtl__owned *owned,
                                    enum need need)
{
    bool free = owned->access == WTL_TABLE_PUBLIC ||
                (owned->access == WTL_TABLE_PROTECTED && need == TO_READ);
    return free || atomic_load_explicit(&owned->owner, memory_order_relaxed) == self_of(x)
               ? WTL_OK
               : WTL_DENIED;
}

/* Enters a section. The caller leaves it by end(), whatever came. */
static enum wtl_status begin(struct call *call, struct wtl_ctx *pub, struct wtl_table table,
                             enum need need)
{
    call->x = wtl__ctx_of(pub);
    wtl__table_enter();
    call->owned = wtl__tables_find(call->x->runtime->tables, table.id);
    if (WTL_UNLIKELY(call->owned == NULL)) {
        return WTL_CLOSED;
    }
    call->table = call->owned->table;
    return check_access(call->x, call->owned, need);
}

static enum wtl_status begin_key(struct call *call, struct wtl_ctx *pub, struct wtl_table table,
                                 struct wtl_bytes key, enum need need)
{
    enum wtl_status status = begin(call, pub, table, need);
    return WTL_LIKELY(status == WTL_OK) ? wtl__key_read(key, call->room, &call->key) : status;
}

static enum wtl_status end(const struct call *call, enum wtl_status status)
{
    (void)call;
    wtl__table_leave();
    return status;
}

/* As end, of a call that may have brought something that expires. */
static enum wtl_status end_written(const struct call *call, enum wtl_status status)
{
    if (status == WTL_OK) {
        wtl__table_arrange_sweep(call->x, call->owned);
    }
    return end(call, status);
}

/* ---- what there is ------------------------------------------------------------------------ */

static struct wtl_table api_find(struct wtl_ctx *pub, const char *name)
{
    return (struct wtl_table){wtl__tables_named(wtl__ctx_of(pub)->runtime->tables, name)};
}

static struct wtl_pid pid_of_local(const struct wtl__ctx *x, uint64_t local)
{
    return local != 0 ? (struct wtl_pid){.node = x->runtime->node, .local = local} : WTL_PID_NONE;
}

static enum wtl_status api_info(struct wtl_ctx *pub, struct wtl_table table,
                                struct wtl_table_info *info_out)
{
    struct call call;
    enum wtl_status status = begin(&call, pub, table, TO_READ);
    if (call.owned != NULL) {
        const struct wtl__owned *owned = call.owned;
        *info_out = (struct wtl_table_info){.access = owned->access};
        info_out->owner =
            pid_of_local(call.x, atomic_load_explicit(&owned->owner, memory_order_relaxed));
        info_out->heir =
            pid_of_local(call.x, atomic_load_explicit(&owned->heir, memory_order_relaxed));
        memcpy(info_out->name, owned->name, sizeof info_out->name);
        wtl__table_info(call.table, info_out);
        status = WTL_OK;
    }
    return end(&call, status);
}

/* ---- writing ------------------------------------------------------------------------------ */

static enum wtl_status api_insert(struct wtl_ctx *pub, struct wtl_table table, struct wtl_bytes key,
                                  struct wtl_bytes value, uint64_t ttl_ms, bool only_new)
{
    struct call call;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_WRITE);
    if (status == WTL_OK) {
        status = wtl__table_insert(call.table, call.key, value, ttl_ms, only_new);
    }
    return end_written(&call, status);
}

static enum wtl_status api_remove(struct wtl_ctx *pub, struct wtl_table table, struct wtl_bytes key)
{
    struct call call;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_WRITE);
    return end(&call, status == WTL_OK ? wtl__table_remove(call.table, call.key) : status);
}

static enum wtl_status api_remove_value(struct wtl_ctx *pub, struct wtl_table table,
                                        struct wtl_bytes key, struct wtl_bytes value)
{
    struct call call;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_WRITE);
    if (status == WTL_OK) {
        status = wtl__table_remove_value(call.table, call.key, value);
    }
    return end_written(&call, status);
}

static enum wtl_status api_clear(struct wtl_ctx *pub, struct wtl_table table)
{
    struct call call;
    enum wtl_status status = begin(&call, pub, table, TO_WRITE);
    return end(&call, status == WTL_OK ? wtl__table_clear(call.table) : status);
}

static enum wtl_status api_add(struct wtl_ctx *pub, struct wtl_table table, struct wtl_bytes key,
                               int64_t delta, int64_t initial, int64_t *value_out)
{
    struct call call;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_WRITE);
    if (status == WTL_OK) {
        status = wtl__table_add(call.table, call.key, delta, initial, value_out);
    }
    return end_written(&call, status);
}

static enum wtl_status api_swap(struct wtl_ctx *pub, struct wtl_table table, struct wtl_bytes key,
                                struct wtl_bytes expected, struct wtl_bytes value)
{
    struct call call;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_WRITE);
    if (status == WTL_OK) {
        status = wtl__table_swap(call.table, call.key, expected, value);
    }
    return end_written(&call, status);
}

/* ---- reading ------------------------------------------------------------------------------ */

static enum wtl_status api_lookup(struct wtl_ctx *pub, struct wtl_table table, struct wtl_bytes key,
                                  struct wtl_writer *into)
{
    struct call call;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_READ);
    return end(&call, status == WTL_OK ? wtl__table_lookup(call.table, call.key, into) : status);
}

static enum wtl_status api_take(struct wtl_ctx *pub, struct wtl_table table, struct wtl_bytes key,
                                struct wtl_writer *into)
{
    struct call call;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_WRITE);
    if (status == WTL_OK) {
        status = into != NULL ? wtl__table_take(call.table, call.key, into)
                              : wtl__table_remove(call.table, call.key);
    }
    return end(&call, status);
}

/* The slots of this thread. */
static struct wtl__holds *holds_of(struct wtl__ctx *x)
{
    if (WTL_UNLIKELY(x->holds == NULL)) {
        x->holds = wtl__holds_take();
    }
    return x->holds;
}

void wtl__tables_return(struct wtl__ctx *x)
{
    x->borrowed = 0;
    if (x->holds != NULL) {
        wtl__holds_empty(x->holds);
    }
}

static enum wtl_status api_borrow(struct wtl_ctx *pub, struct wtl_table table, struct wtl_bytes key,
                                  struct wtl_reader *value_out)
{
    struct call call;
    uint32_t bit;
    enum wtl_status status = begin_key(&call, pub, table, key, TO_READ);
    struct wtl__holds *holds = holds_of(call.x);
    *value_out = wtl_reader_over(NULL, 0);
    if (status == WTL_OK && holds == NULL) {
        status = WTL_NO_MEMORY;
    } else if (status == WTL_OK && call.x->borrowed == WTL_TABLE_BORROWED_MAX) {
        status = WTL_FULL;
    } else if (status == WTL_OK) {
        status = wtl__table_borrow(call.table, call.key, holds, value_out, &bit);
        call.x->borrowed += status == WTL_OK;
    }
    return end(&call, status);
}

/* ---- walking ------------------------------------------------------------------------------ */

/* The key of a cursor was the user's to change: what is none is refused like any other. */
static enum wtl_status check_cursor(struct wtl_table_cursor *cursor)
{
    struct wtl__key key;
    uint8_t room[WTL_TABLE_KEY_MAX];
    if (cursor->size == 0) {
        return WTL_OK;
    }
    if (cursor->size > WTL_TABLE_KEY_MAX) {
        return WTL_INVALID;
    }
    enum wtl_status status = wtl__key_read(wtl_table_cursor_key(cursor), room, &key);
    if (status == WTL_OK && key.bytes == room) {
        memcpy(cursor->key, room, key.size);
        cursor->size = key.size;
    }
    return status;
}

static enum wtl_status api_step(struct wtl_ctx *pub, struct wtl_table table,
                                struct wtl_table_cursor *cursor, bool backwards)
{
    struct call call;
    enum wtl_status status = check_cursor(cursor);
    if (status != WTL_OK) {
        return status;
    }
    status = begin(&call, pub, table, TO_READ);
    return end(&call, status == WTL_OK ? wtl__table_step(call.table, cursor, backwards) : status);
}

/* The keys of a match in their shortest form. */
struct conditions {
    uint8_t prefix[WTL_TABLE_KEY_MAX];
    uint8_t from[WTL_TABLE_KEY_MAX];
    uint8_t below[WTL_TABLE_KEY_MAX];
};

static enum wtl_status read_condition(struct wtl_bytes given, uint8_t room[WTL_TABLE_KEY_MAX],
                                      struct wtl__key *key_out)
{
    return given.size > 0 ? wtl__key_read(given, room, key_out) : WTL_OK;
}

static enum wtl_status read_match(const struct wtl_table_match *match, struct conditions *room,
                                  struct wtl__select *select)
{
    select->limit = match->limit == 0 ? WTL_TABLE_SELECT_DEFAULT : match->limit;
    if (select->limit > WTL_TABLE_SELECT_MAX) {
        return WTL_INVALID;
    }
    enum wtl_status status = read_condition(match->prefix, room->prefix, &select->prefix);
    if (status == WTL_OK) {
        status = read_condition(match->from, room->from, &select->from);
    }
    if (status == WTL_OK) {
        status = read_condition(match->below, room->below, &select->below);
    }
    return status;
}

/* Shows what was collected, outside of any section. False: that is enough. */
static bool show(struct wtl__ctx *x, struct wtl__select *select, wtl_table_visit visit,
                 void *context)
{
    bool more = true;
    for (uint32_t i = 0; i < select->count; i++) {
        const struct wtl__entry *entry = select->entries[i];
        if (more &&
            !visit(&x->pub, wtl__table_key_of(entry), wtl__table_value_of(entry), context)) {
            struct wtl_reader key = wtl__table_key_of(entry);
            select->cursor->size = (uint32_t)wtl_left(&key);
            memcpy(select->cursor->key, key.at, select->cursor->size);
            more = false;
        }
        wtl__hold_end(x->holds, select->bits[i]);
    }
    return more;
}

static enum wtl_status api_select(struct wtl_ctx *pub, struct wtl_table table,
                                  const struct wtl_table_match *match,
                                  struct wtl_table_cursor *cursor, wtl_table_visit visit,
                                  void *context)
{
    static const struct wtl_table_match all;
    struct wtl_table_cursor start = {.size = 0};
    struct wtl__select select = {.cursor = cursor != NULL ? cursor : &start};
    struct conditions room;
    struct wtl__ctx *x = wtl__ctx_of(pub);
    enum wtl_status status = check_cursor(select.cursor);
    if (status == WTL_OK) {
        status = read_match(match != NULL ? match : &all, &room, &select);
    }
    if (status == WTL_OK && holds_of(x) == NULL) {
        status = WTL_NO_MEMORY;
    }
    if (status != WTL_OK) {
        return status;
    }
    do {
        struct call call;
        select.count = 0;
        status = begin(&call, pub, table, TO_READ);
        status = end(&call,
                     status == WTL_OK ? wtl__table_collect(call.table, &select, x->holds) : status);
        if (!show(x, &select, visit, context)) {
            return WTL_MORE;
        }
    } while (status == WTL_MORE && select.limit > 0);
    return status;
}

const struct wtl_table_api wtl__table_api = {
    .size = sizeof(struct wtl_table_api),
    .create = wtl__owned_create,
    .destroy = wtl__owned_destroy,
    .find = api_find,
    .give = wtl__owned_give,
    .set_heir = wtl__owned_set_heir,
    .info = api_info,
    .insert = api_insert,
    .remove = api_remove,
    .remove_value = api_remove_value,
    .clear = api_clear,
    .add = api_add,
    .swap = api_swap,
    .lookup = api_lookup,
    .take = api_take,
    .borrow = api_borrow,
    .step = api_step,
    .select = api_select,
};
