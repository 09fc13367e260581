/* table_ask.c - see table_ask.h. */
#include "process/table_ask.h"

#include "process/pipe_values.h"

static void put_bytes(struct wtl_writer *writer, struct wtl_bytes bytes)
{
    wtl_put_bin(writer, bytes.bytes, bytes.size);
}

static struct wtl_bytes get_bytes(struct wtl_reader *reader)
{
    size_t size = 0;
    const void *bytes = wtl_get_bin(reader, &size);
    return bytes != NULL ? wtl_bytes_over(bytes, size) : WTL_BYTES_NONE;
}

void wtl__table_ask_put(struct wtl_writer *writer, const struct wtl__table_ask *ask)
{
    wtl_put_u64(writer, ask->table.id);
    wtl_put_u64(writer, ask->flags);
    wtl_put_u64(writer, ask->number);
    wtl_put_u64(writer, ask->ttl_ms);
    wtl_put_i64(writer, ask->delta);
    wtl_put_i64(writer, ask->initial);
    wtl__pipe_put_pid(writer, ask->pid);
    wtl_put_strz(writer, ask->name);
    put_bytes(writer, ask->key);
    put_bytes(writer, ask->value);
    put_bytes(writer, ask->other);
    put_bytes(writer, ask->cursor);
}

bool wtl__table_ask_get(struct wtl_reader *reader, struct wtl__table_ask *ask_out)
{
    *ask_out = (struct wtl__table_ask){.table = {wtl_get_u64(reader)}};
    ask_out->flags = wtl_get_u64(reader);
    ask_out->number = wtl_get_u64(reader);
    ask_out->ttl_ms = wtl_get_u64(reader);
    ask_out->delta = wtl_get_i64(reader);
    ask_out->initial = wtl_get_i64(reader);
    ask_out->pid = wtl__pipe_get_pid(reader);
    wtl__pipe_get_name(reader, ask_out->name);
    ask_out->key = get_bytes(reader);
    ask_out->value = get_bytes(reader);
    ask_out->other = get_bytes(reader);
    ask_out->cursor = get_bytes(reader);
    return !reader->failed && wtl_left(reader) == 0;
}

void wtl__table_info_put(struct wtl_writer *writer, const struct wtl_table_info *info)
{
    wtl_put_u64(writer, (uint64_t)info->kind);
    wtl_put_u64(writer, (uint64_t)info->access);
    wtl__pipe_put_pid(writer, info->owner);
    wtl__pipe_put_pid(writer, info->heir);
    wtl_put_u64(writer, info->entries);
    wtl_put_u64(writer, info->bytes);
    wtl_put_u64(writer, info->bytes_max);
    wtl_put_u64(writer, info->evicted);
    wtl_put_u64(writer, info->expired);
    wtl_put_u64(writer, info->refused);
    wtl_put_strz(writer, info->name);
}

bool wtl__table_info_get(struct wtl_reader *reader, struct wtl_table_info *info_out)
{
    *info_out = (struct wtl_table_info){.kind = (enum wtl_table_kind)wtl_get_u64(reader)};
    info_out->access = (enum wtl_table_access)wtl_get_u64(reader);
    info_out->owner = wtl__pipe_get_pid(reader);
    info_out->heir = wtl__pipe_get_pid(reader);
    info_out->entries = wtl_get_u64(reader);
    info_out->bytes = wtl_get_u64(reader);
    info_out->bytes_max = wtl_get_u64(reader);
    info_out->evicted = wtl_get_u64(reader);
    info_out->expired = wtl_get_u64(reader);
    info_out->refused = wtl_get_u64(reader);
    wtl__pipe_get_name(reader, info_out->name);
    return !reader->failed;
}
