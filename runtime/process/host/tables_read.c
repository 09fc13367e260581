/*
 * tables_read.c - what is read from a table of the node: every value is a copy, and what was
 * borrowed is one that lives until the function has returned. See tables.c.
 */
#include <stdlib.h>

#include "process/host/host.h"
#include "process/table_ask.h"

/* How often a value may have grown while room for it was made. */
#define TAKES_MAX 16u

static struct wtl__tabled *tabled_of(struct wtl_ctx *x)
{
    return &wtl__host_ctx_of(x)->host->tabled;
}

/* ---- one value ------------------------------------------------------------------------------ */

static enum wtl_status ask_key(struct wtl_ctx *x, uint64_t verb, struct wtl_table table,
                               struct wtl_bytes key, uint64_t number)
{
    const struct wtl__table_ask ask = {.table = table, .key = key, .number = number};
    return wtl__host_ask_table(x, verb, &ask);
}

enum wtl_status wtl__host_lookup(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                 struct wtl_writer *into)
{
    enum wtl_status status = ask_key(x, WTL__TABLE_LOOKUP, table, key, 0);
    if (status == WTL_OK && into != NULL) {
        wtl_put_raw(into, tabled_of(x)->bytes, tabled_of(x)->size);
        return into->failed ? WTL_TOO_LARGE : WTL_OK;
    }
    return status;
}

/* The room is made before anything is removed: the node takes what fits, or nothing. */
enum wtl_status wtl__host_take(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                               struct wtl_writer *into)
{
    if (into == NULL) {
        return ask_key(x, WTL__TABLE_REMOVE, table, key, 0);
    }
    for (unsigned i = 0; i < TAKES_MAX; i++) {
        enum wtl_status status = ask_key(x, WTL__TABLE_LOOKUP, table, key, 0);
        if (status != WTL_OK) {
            return status;
        }
        uint32_t size = tabled_of(x)->size;
        if (into->failed || !wtl_room(into, size)) {
            return WTL_TOO_LARGE;
        }
        status = ask_key(x, WTL__TABLE_TAKE, table, key, size);
        if (status == WTL_OK) {
            wtl_put_raw(into, tabled_of(x)->bytes, tabled_of(x)->size);
        }
        if (status != WTL_TOO_LARGE) { /* else it has grown meanwhile */
            return status;
        }
    }
    return WTL_BUSY;
}

enum wtl_status wtl__host_borrow(struct wtl_ctx *x, struct wtl_table table, struct wtl_bytes key,
                                 struct wtl_reader *value_out)
{
    struct wtl__host *host = wtl__host_ctx_of(x)->host;
    enum wtl_status status = ask_key(x, WTL__TABLE_LOOKUP, table, key, 0);
    *value_out = wtl_reader_over(NULL, 0);
    if (status != WTL_OK) {
        return status;
    }
    if (host->borrowed_count == WTL_TABLE_BORROWED_MAX) {
        return WTL_FULL;
    }
    struct wtl__borrowed *borrowed = malloc(sizeof *borrowed + host->tabled.size);
    if (borrowed == NULL) {
        return WTL_NO_MEMORY;
    }
    if (host->tabled.size > 0) {
        memcpy(borrowed->bytes, host->tabled.bytes, host->tabled.size);
    }
    borrowed->next = host->borrowed;
    host->borrowed = borrowed;
    host->borrowed_count++;
    *value_out = wtl_reader_over(borrowed->bytes, host->tabled.size);
    return WTL_OK;
}

void wtl__host_give_back(struct wtl__host *host)
{
    while (host->borrowed != NULL) {
        struct wtl__borrowed *next = host->borrowed->next;
        free(host->borrowed);
        host->borrowed = next;
    }
    host->borrowed_count = 0;
}

/* ---- walking -------------------------------------------------------------------------------- */

enum wtl_status wtl__host_step(struct wtl_ctx *x, struct wtl_table table,
                               struct wtl_table_cursor *cursor, bool backwards)
{
    const struct wtl__table_ask ask = {
        .table = table, .key = wtl_table_cursor_key(cursor), .flags = backwards};
    if (cursor->size > sizeof cursor->key) {
        return WTL_INVALID;
    }
    enum wtl_status status = wtl__host_ask_table(x, WTL__TABLE_STEP, &ask);
    const struct wtl__tabled *tabled = tabled_of(x);
    if (status != WTL_CLOSED && tabled->size <= sizeof cursor->key) {
        cursor->size = tabled->size;
        if (tabled->size > 0) {
            memcpy(cursor->key, tabled->bytes, tabled->size);
        }
    }
    return status;
}

static bool set_cursor(struct wtl_table_cursor *cursor, const void *key, size_t size)
{
    if (size > sizeof cursor->key) {
        return false;
    }
    cursor->size = (uint32_t)size;
    if (size > 0) {
        memcpy(cursor->key, key, size);
    }
    return true;
}

/* One answer of a select while it is shown. */
struct showing {
    struct wtl_reader reader;
    struct wtl_table_cursor *cursor;
    wtl_table_visit visit;
    void *context;
    uint32_t count;
    bool is_enough; /* the actor's function said so */
    bool has_more;  /* the node has stopped for the size of the answer */
};

static bool show(struct wtl_ctx *x, struct showing *showing)
{
    struct wtl_reader *reader = &showing->reader;
    while (wtl_get_bool(reader) && !reader->failed) {
        size_t key_size = 0;
        size_t value_size = 0;
        const void *key = wtl_get_bin(reader, &key_size);
        const void *value = wtl_get_bin(reader, &value_size);
        if (reader->failed) {
            return false;
        }
        showing->count++;
        if (!showing->visit(x, wtl_reader_over(key, key_size), wtl_reader_over(value, value_size),
                            showing->context)) {
            showing->is_enough = true;
            return set_cursor(showing->cursor, key, key_size);
        }
    }
    size_t size = 0;
    const void *key = wtl_get_bin(reader, &size);
    showing->has_more = wtl_get_bool(reader);
    return !reader->failed && set_cursor(showing->cursor, key, size);
}

/* The answer is taken away while it is shown: who sees an entry may ask tables too. */
static enum wtl_status show_answer(struct wtl_ctx *x, struct showing *showing,
                                   enum wtl_status status)
{
    struct wtl__tabled answer = *tabled_of(x);
    tabled_of(x)->bytes = NULL;
    tabled_of(x)->size = 0;
    showing->reader = wtl_reader_over(answer.bytes, answer.size);
    bool is_whole = show(x, showing);
    free(answer.bytes);
    if (!is_whole) {
        return WTL_CLOSED;
    }
    return showing->is_enough ? WTL_MORE : status;
}

/* `limit` bounds what is looked at for each answer, and what is shown by all of them. */
enum wtl_status wtl__host_select(struct wtl_ctx *x, struct wtl_table table,
                                 const struct wtl_table_match *match,
                                 struct wtl_table_cursor *cursor, wtl_table_visit visit,
                                 void *context)
{
    static const struct wtl_table_match all;
    struct wtl_table_cursor start = {.size = 0};
    struct showing showing = {
        .cursor = cursor != NULL ? cursor : &start, .visit = visit, .context = context};
    enum wtl_status status;
    match = match != NULL ? match : &all;
    uint32_t limit = match->limit == 0 ? WTL_TABLE_SELECT_DEFAULT : match->limit;
    if (showing.cursor->size > sizeof showing.cursor->key || limit > WTL_TABLE_SELECT_MAX) {
        return WTL_INVALID;
    }
    do {
        const struct wtl__table_ask ask = {.table = table,
                                           .key = match->prefix,
                                           .value = match->from,
                                           .other = match->below,
                                           .cursor = wtl_table_cursor_key(showing.cursor),
                                           .number = limit - showing.count};
        showing.has_more = false;
        status = wtl__host_ask_table(x, WTL__TABLE_SELECT, &ask);
        if (status == WTL_OK || status == WTL_MORE) {
            status = show_answer(x, &showing, status);
        }
    } while (showing.has_more && !showing.is_enough && showing.count < limit);
    return status;
}
