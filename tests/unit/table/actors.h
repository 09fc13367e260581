/* actors.h - what the tests of tables and actors share; kit.h of ../actor is what they stand on. */
#ifndef WTL_TESTS_TABLE_ACTORS_H
#define WTL_TESTS_TABLE_ACTORS_H

#include <wattle/table.h>

#include "../actor/kit.h"

/* The integer under a name. */
static inline enum wtl_status actors_get(struct wtl_ctx *x, struct wtl_table table,
                                         const char *name, int64_t *number_out)
{
    uint8_t room[16];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    enum wtl_status status = wtl_table_lookup(x, table, WTL_BYTES_STR(name), &writer);
    if (status == WTL_OK) {
        struct wtl_reader reader = wtl_reader_over(room, wtl_written(&writer));
        *number_out = wtl_get_i64(&reader);
        cr_assert(!reader.failed);
    }
    return status;
}

#endif
