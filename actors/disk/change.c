/* change.c - see change.h. */
#include "change.h"

/* What stands before the bytes of one change. */
struct head {
    uint64_t ends_ms;
    uint64_t due_ms;
    uint32_t kind;
    uint32_t key_size;
    uint32_t value_size;
    uint32_t old_size;
};

bool change_put(struct wtl_writer *writer, const struct change *change)
{
    struct wtl_writer before = *writer;
    struct head head = {.ends_ms = change->ends_ms,
                        .due_ms = change->due_ms,
                        .kind = change->kind,
                        .key_size = change->key.size,
                        .value_size = change->value.size,
                        .old_size = change->old.size};
    if (!wtl_room(writer, sizeof head + change->key.size + change->value.size + change->old.size)) {
        *writer = before; /* what grows has left it as it was */
        return false;
    }
    wtl_put_raw(writer, &head, sizeof head);
    wtl_put_raw(writer, change->key.bytes, change->key.size);
    wtl_put_raw(writer, change->value.bytes, change->value.size);
    wtl_put_raw(writer, change->old.bytes, change->old.size);
    return true;
}

static struct wtl_bytes take(struct wtl_reader *reader, uint32_t size)
{
    struct wtl_bytes bytes = wtl_bytes_over(reader->at, size);
    reader->at += size;
    return bytes;
}

bool change_next(struct wtl_reader *reader, struct change *change_out)
{
    struct head head;
    if (wtl_left(reader) < sizeof head) {
        return false;
    }
    memcpy(&head, reader->at, sizeof head);
    reader->at += sizeof head;
    if (wtl_left(reader) < (size_t)head.key_size + head.value_size + head.old_size) {
        return false;
    }
    *change_out = (struct change){.kind = (enum change_kind)head.kind,
                                  .key = take(reader, head.key_size),
                                  .value = take(reader, head.value_size),
                                  .old = take(reader, head.old_size),
                                  .ends_ms = head.ends_ms,
                                  .due_ms = head.due_ms};
    return true;
}
