/*
 * pipe_values.h - what more than one body between a node and a module's process holds: pids and
 * names.
 *
 * Thread: any. Owns: nothing. Fails: as wtl_get_*, what is not there or too long fails the reader.
 */
#ifndef WTL_PROCESS_PIPE_VALUES_H
#define WTL_PROCESS_PIPE_VALUES_H

#include <wattle/actor.h>
#include <wattle/pack.h>

static inline void wtl__pipe_put_pid(struct wtl_writer *writer, struct wtl_pid pid)
{
    wtl_put_u64(writer, pid.node);
    wtl_put_u64(writer, pid.local);
}

static inline struct wtl_pid wtl__pipe_get_pid(struct wtl_reader *reader)
{
    uint64_t node = wtl_get_u64(reader);
    return (struct wtl_pid){.node = node, .local = wtl_get_u64(reader)};
}

/* A text of WTL_NAME_MAX bytes at most, without a zero in it; name_out is left as it is otherwise.
 */
static inline void wtl__pipe_get_name(struct wtl_reader *reader, char name_out[WTL_NAME_MAX + 1])
{
    size_t size = 0;
    const char *text = wtl_get_str(reader, &size);
    if (text == NULL || size > WTL_NAME_MAX || memchr(text, '\0', size) != NULL) {
        wtl_reader_fail(reader);
        return;
    }
    memcpy(name_out, text, size);
    name_out[size] = '\0';
}

#endif
