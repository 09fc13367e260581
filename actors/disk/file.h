/*
 * file.h - what disk.table asks of its disk.file, one at a time, and how that is answered.
 *
 *     tag      body                        answer
 *     "open"   none                        [rows, next_ms]
 *     "read"   none                        [changes]; empty ones: that was all
 *     "write"  [flush, suspects, changes]  [rows, next_ms, flushed, changes]
 *     "close"  none                        none, and it ends
 *
 * Changes are a bin of change.h; those of a "write"'s answer are removals that the table may want.
 * `flushed` is the status of the flush alone. A failure is answered by its status with {code,
 * text}, and then nothing has changed.
 */
#ifndef DISK_FILE_H
#define DISK_FILE_H

#include "disk.h"

/* Writes the head of a bin whose size is not known yet; file_bin_end then says it. */
static inline size_t file_bin_begin(struct wtl_writer *writer)
{
    wtl_put_raw(writer, "\xc6\0\0\0", 5);
    return wtl_written(writer);
}

static inline void file_bin_end(struct wtl_writer *writer, size_t begin)
{
    if (!writer->failed) {
        uint32_t size = (uint32_t)(wtl_written(writer) - begin);
        uint8_t head[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                           (uint8_t)size};
        memcpy(writer->begin + begin - sizeof head, head, sizeof head);
    }
}

#endif
