/*
 * tables.c - the tables of a node are memory of the node, read without waiting: a module in a
 * process of its own has none. Each call says so; a table belongs into an actor of the node, which
 * this one asks by message.
 */
#include <wattle/table.h>

#include "process/host/host.h"

#define UNUSED(...) ((void)(const void *[]){__VA_ARGS__})

static enum wtl_status create(struct wtl_ctx *x, const struct wtl_table_options *options,
                              struct wtl_table *table_out)
{
    UNUSED(options);
    *table_out = WTL_TABLE_NONE;
    wtl_log(x, WTL_LOG_ERROR,
            "wtl_table_create: a module in a process of its own has no tables; keep it in an actor "
            "of another module, and ask that");
    return WTL_UNSUPPORTED;
}

static enum wtl_status destroy(struct wtl_ctx *x, struct wtl_table table)
{
    UNUSED(x, &table);
    return WTL_UNSUPPORTED;
}

static struct wtl_table find(struct wtl_ctx *x, const char *name)
{
    UNUSED(x, name);
    return WTL_TABLE_NONE;
}

static enum wtl_status give(struct wtl_ctx *x, struct wtl_table table, struct wtl_pid to,
                            struct wtl_bytes data)
{
    UNUSED(x, &table, &to, &data);
    return WTL_UNSUPPORTED;
}

static enum wtl_status info(struct wtl_ctx *x, struct wtl_table table,
                            struct wtl_table_info *info_out)
{
    UNUSED(x, &table);
    *info_out = (struct wtl_table_info){.entries = 0};
    return WTL_UNSUPPORTED;
}

static enum wtl_status insert(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                              struct wtl_bytes value, uint64_t ttl_ms, bool only_new)
{
    UNUSED(x, &table, &key, &value, &ttl_ms, &only_new);
    return WTL_UNSUPPORTED;
}

static enum wtl_status remove_key(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key)
{
    UNUSED(x, &table, &key);
    return WTL_UNSUPPORTED;
}

static enum wtl_status two_bytes(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                 struct wtl_bytes value)
{
    UNUSED(x, &table, &key, &value);
    return WTL_UNSUPPORTED;
}

static enum wtl_status add(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                           int64_t delta, int64_t initial, int64_t *value_out)
{
    UNUSED(x, &table, &key, &delta, &initial, value_out);
    return WTL_UNSUPPORTED;
}

static enum wtl_status swap(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                            struct wtl_bytes expected, struct wtl_bytes value)
{
    UNUSED(&expected);
    return two_bytes(x, table, key, value);
}

static enum wtl_status lookup(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                              struct wtl_writer *into)
{
    UNUSED(x, &table, &key, into);
    return WTL_UNSUPPORTED;
}

static enum wtl_status borrow(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                              struct wtl_reader *value_out)
{
    UNUSED(x, &table, &key);
    *value_out = wtl_reader_over("", 0);
    return WTL_UNSUPPORTED;
}

static enum wtl_status step(struct wtl_ctx *x, struct wtl_table table,
                            struct wtl_table_cursor *cursor, bool backwards)
{
    UNUSED(x, &table, cursor, &backwards);
    return WTL_UNSUPPORTED;
}

static enum wtl_status select_all(struct wtl_ctx *x, struct wtl_table table,
                                  const struct wtl_table_match *match,
                                  struct wtl_table_cursor *cursor, wtl_table_visit visit,
                                  void *context)
{
    UNUSED(x, &table, match, cursor, &visit, context);
    return WTL_UNSUPPORTED;
}

const struct wtl_table_api wtl__host_tables = {
    .size = sizeof(struct wtl_table_api),
    .create = create,
    .destroy = destroy,
    .find = find,
    .give = give,
    .set_heir = give,
    .info = info,
    .insert = insert,
    .remove = remove_key,
    .remove_value = two_bytes,
    .clear = destroy,
    .add = add,
    .swap = swap,
    .lookup = lookup,
    .take = lookup,
    .borrow = borrow,
    .step = step,
    .select = select_all,
};
