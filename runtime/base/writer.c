/*
 * writer.c - the cold halves of the wtl_put_* cursors: no room, or little.
 *
 * Not here: where memory comes from; that is the writer's `grow`. Any thread, owns nothing.
 */
#include <wattle/pack.h>

bool wtl_writer_make_room(struct wtl_writer *writer, size_t need)
{
    if (writer->failed) {
        writer->end = writer->at;
        return need == 0;
    }
    if (writer->grow == NULL || !writer->grow(writer, need) ||
        (size_t)(writer->end - writer->at) < need) {
        wtl_writer_fail(writer);
        return false;
    }
    return true;
}

void wtl__put_near_end(struct wtl_writer *writer, uint8_t head, uint64_t tail, size_t size)
{
    if (wtl_room(writer, size)) {
        writer->at[0] = head;
        memcpy(writer->at + 1, &tail, size - 1);
        writer->at += size;
    }
}

void wtl__put_size(struct wtl_writer *writer, uint8_t head8, size_t size)
{
    if (size > UINT32_MAX) {
        wtl_writer_fail(writer);
        return;
    }
    unsigned power = (unsigned)(size > 0xff) + (size > 0xffff);
    unsigned bytes = 1u << power;
    wtl__put_head(writer, (uint8_t)(head8 + power), wtl__wire64((uint64_t)size << (64 - 8 * bytes)),
                  1 + (size_t)bytes);
}
