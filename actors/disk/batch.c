/* batch.c - what a batch does to the table: judged before it is written, done when it is
 * committed. See table.h. */
#include "table.h"

/* What an entry costs beyond its value and twice its key, at most; see table.h of the runtime. */
#define ENTRY_BYTES 320u

/* A batch goes to the file in one message; what goes over DISK_BATCH_BYTES is one swap at most. */
_Static_assert(DISK_BATCH_BYTES + 2 * DISK_VALUE_MAX + WTL_TABLE_KEY_MAX + 1024 <= WTL_BODY_MAX,
               "every batch fits into a message");

/* ---- the memory of a batch ----------------------------------------------------------------- */

static bool grow(struct wtl_writer *writer, size_t need)
{
    struct wtl_ctx *x = writer->owner;
    size_t written = wtl_written(writer);
    size_t size = 2 * (size_t)(writer->end - writer->begin);
    size = size > written + need ? size : written + need;
    size = size > 4096 ? size : 4096;
    uint8_t *memory = wtl_alloc(x, size);
    if (memory == NULL) {
        return false;
    }
    if (written > 0) {
        memcpy(memory, writer->begin, written);
    }
    wtl_free(x, writer->begin);
    writer->begin = memory;
    writer->at = memory + written;
    writer->end = memory + size;
    return true;
}

static void batch_open(struct wtl_ctx *x, struct batch *batch)
{
    batch->changes.grow = grow;
    batch->changes.owner = x;
}

static void batch_shut(struct batch *batch)
{
    batch->changes.grow = NULL;
    batch->changes.owner = NULL;
}

static struct wtl_reader changes_from(const struct batch *batch, size_t offset)
{
    size_t size = wtl_written(&batch->changes) - offset;
    return size > 0 ? wtl_reader_over(batch->changes.begin + offset, size) : wtl_reader_over("", 0);
}

/* ---- judging ------------------------------------------------------------------------------- */

/* The last change of that key in this batch. */
static bool overlaid(struct wtl_ctx *x, struct state *state, struct wtl_bytes key,
                     struct change *change_out)
{
    uint8_t room[9];
    struct wtl_writer number = wtl_writer_over(room, sizeof room);
    if (!state->batch.overlaid || wtl_table_lookup(x, state->overlay, key, &number) != WTL_OK) {
        return false;
    }
    struct wtl_reader reader = wtl_reader_over(room, wtl_written(&number));
    struct wtl_reader changes = changes_from(&state->batch, (size_t)wtl_get_u64(&reader));
    return change_next(&changes, change_out);
}

/* What is under the key once all before this request is done, as wtl_table_lookup. */
static enum wtl_status look(struct wtl_ctx *x, struct state *state, struct wtl_bytes key,
                            struct wtl_writer *into)
{
    struct change change;
    if (!overlaid(x, state, key, &change)) {
        return wtl_table_lookup(x, state->table, key, into);
    }
    if (change.kind == CHANGE_REMOVE) {
        return WTL_NOT_FOUND;
    }
    if (into != NULL) {
        wtl_put_raw(into, change.value.bytes, change.value.size);
    }
    return into != NULL && into->failed ? WTL_TOO_LARGE : WTL_OK;
}

/* What goes when the key is written anew, at least. WTL_MORE: not to be known in this batch. */
static enum wtl_status credit_of(struct wtl_ctx *x, struct state *state, struct wtl_bytes key,
                                 uint64_t *credit_out)
{
    struct change change;
    struct wtl_reader value;
    *credit_out = 0;
    if (overlaid(x, state, key, &change)) {
        *credit_out = change.kind == CHANGE_REMOVE ? 0 : change.key.size + change.value.size;
        return WTL_OK;
    }
    enum wtl_status status = wtl_table_borrow(x, state->table, key, &value);
    if (status == WTL_OK) {
        *credit_out = key.size + wtl_left(&value);
    }
    return status == WTL_FULL ? WTL_MORE : WTL_OK;
}

/* Is there room? Told before it is written, because what is committed has to fit. A table that
 * evicts makes the room itself. */
static enum wtl_status reserve(struct wtl_ctx *x, struct state *state, const struct change *change)
{
    uint64_t bytes_max = (uint64_t)state->settings->bytes_max;
    uint64_t cost = ENTRY_BYTES + 2 * (uint64_t)change->key.size + change->value.size;
    uint64_t credit = 0;
    if (cost > bytes_max) {
        state->refused++;
        return WTL_TOO_LARGE;
    }
    if (state->evicts) {
        return WTL_OK;
    }
    if (state->batch.bytes + cost > bytes_max) {
        if (credit_of(x, state, change->key, &credit) == WTL_MORE) {
            return WTL_MORE;
        }
        if (state->batch.bytes + cost > bytes_max + credit) {
            state->refused++;
            return WTL_FULL;
        }
    }
    state->batch.bytes += cost - (credit < cost ? credit : cost);
    return WTL_OK;
}

/* Adds a change to the batch; `last`: nothing comes behind it that could look for it. */
static enum wtl_status record(struct wtl_ctx *x, struct state *state, const struct change *change,
                              bool last)
{
    struct batch *batch = &state->batch;
    size_t offset = wtl_written(&batch->changes);
    if (change->kind != CHANGE_REMOVE) {
        enum wtl_status status = reserve(x, state, change);
        if (status != WTL_OK) {
            return status;
        }
    }
    if (!change_put(&batch->changes, change)) {
        return WTL_NO_MEMORY;
    }
    if (last) {
        return WTL_OK;
    }
    enum wtl_status status =
        wtl_table_insert(x, state->overlay, change->key, WTL_BYTES_U64(offset));
    if (status != WTL_OK) {
        batch->changes.at = batch->changes.begin + offset;
        return status;
    }
    batch->overlaid = true;
    return WTL_OK;
}

static void set_end(struct wtl_ctx *x, const struct state *state, uint64_t ttl_ms,
                    struct change *change)
{
    ttl_ms = ttl_ms != 0 ? ttl_ms : (uint64_t)state->settings->ttl_ms;
    ttl_ms = ttl_ms < DISK_TTL_MS_MAX ? ttl_ms : DISK_TTL_MS_MAX;
    if (ttl_ms != 0) {
        change->ends_ms = wall_ms() + ttl_ms;
        change->due_ms = now_ms(x) + ttl_ms;
    }
}

static enum wtl_status add(struct wtl_ctx *x, struct state *state, const struct request *request,
                           struct asked *asked, bool last)
{
    uint8_t old[9];
    uint8_t sum[9];
    struct wtl_writer there = wtl_writer_over(old, sizeof old);
    struct wtl_writer writer = wtl_writer_over(sum, sizeof sum);
    struct change change = {.kind = CHANGE_VALUE, .key = request->key};
    int64_t number = request->initial;
    enum wtl_status status = look(x, state, request->key, &there);
    if (status == WTL_NOT_FOUND) {
        change.kind = CHANGE_PUT;
        set_end(x, state, 0, &change);
    } else if (status == WTL_OK) {
        struct wtl_reader reader = wtl_reader_over(old, wtl_written(&there));
        number = wtl_get_i64(&reader);
        if (reader.failed || wtl_left(&reader) > 0) {
            return WTL_BAD_PAYLOAD;
        }
        change.old = wtl_bytes_of(&there);
    } else { /* what is larger than these nine bytes is no number */
        return status == WTL_TOO_LARGE ? WTL_BAD_PAYLOAD : status;
    }
    if (__builtin_add_overflow(number, request->delta, &number)) {
        return WTL_TOO_LARGE;
    }
    wtl_put_i64(&writer, number);
    change.value = wtl_bytes_of(&writer);
    asked->sum = number;
    return record(x, state, &change, last);
}

static enum wtl_status swap(struct wtl_ctx *x, struct state *state, const struct request *request,
                            bool last)
{
    uint32_t size = request->expected.size;
    uint8_t *old = wtl_alloc(x, size);
    if (old == NULL) {
        return WTL_NO_MEMORY;
    }
    struct wtl_writer there = wtl_writer_over(old, size);
    enum wtl_status status = look(x, state, request->key, &there);
    if (status == WTL_TOO_LARGE ||
        (status == WTL_OK &&
         (wtl_written(&there) != size || memcmp(old, request->expected.bytes, size) != 0))) {
        status = WTL_EXISTS;
    }
    if (status == WTL_OK) {
        status = record(x, state,
                        &(struct change){.kind = CHANGE_VALUE,
                                         .key = request->key,
                                         .value = request->value,
                                         .old = request->expected},
                        last);
    }
    wtl_free(x, old);
    return status;
}

/* How the request ends, once the batch is committed. WTL_MORE: it has to wait for the next one. */
static enum wtl_status judge(struct wtl_ctx *x, struct state *state, struct asked *asked, bool last)
{
    struct request request;
    struct change change = {.kind = CHANGE_PUT};
    if (!request_read(asked, &request)) {
        return WTL_BAD_PAYLOAD;
    }
    change.key = request.key;
    change.value = request.value;
    enum wtl_status status = WTL_OK;
    switch (asked->verb) {
    case INSERT_NEW:
    case REMOVE:
        status = look(x, state, request.key, NULL);
        if (asked->verb == REMOVE) {
            change.kind = CHANGE_REMOVE;
            return status == WTL_OK ? record(x, state, &change, last) : status;
        }
        if (status != WTL_NOT_FOUND) {
            return status == WTL_OK ? WTL_EXISTS : status;
        }
        set_end(x, state, request.ttl_ms, &change);
        return record(x, state, &change, last);
    case INSERT:
        status = look(x, state, request.key, NULL); /* is it a key at all? */
        if (status != WTL_OK && status != WTL_NOT_FOUND) {
            return status;
        }
        set_end(x, state, request.ttl_ms, &change);
        return record(x, state, &change, last);
    case ADD:
        return add(x, state, &request, asked, last);
    case SWAP:
        return swap(x, state, &request, last);
    case FLUSH:
    case VERBS:
        break;
    }
    state->batch.flush = true;
    return WTL_OK;
}

/* What the file has and the table does not. */
static void begin_with_suspects(struct wtl_ctx *x, struct state *state)
{
    struct wtl_reader reader = wtl_reader_over(state->found, state->found_size);
    struct change change;
    while (change_next(&reader, &change)) {
        if (wtl_table_lookup(x, state->table, change.key, NULL) == WTL_NOT_FOUND &&
            change_put(&state->batch.changes, &change)) {
            state->batch.removed++;
        }
    }
    wtl_free(x, state->found);
    state->found = NULL;
    state->found_size = 0;
}

void batch_begin(struct wtl_ctx *x, struct state *state)
{
    struct batch *batch = &state->batch;
    struct asks *asks = &state->asks;
    struct wtl_table_info info = {.bytes = 0};
    enum wtl_status status = wtl_table_info(x, state->table, &info);
    batch_open(x, batch);
    batch->bytes = status == WTL_OK ? info.bytes : 0;
    begin_with_suspects(x, state);
    while (asks->taken < asks->count && wtl_written(&batch->changes) < DISK_BATCH_BYTES) {
        struct asked *asked = &asks->items[asks->taken];
        asked->status = judge(x, state, asked, asks->taken + 1 == asks->count);
        if (asked->status == WTL_MORE) {
            break;
        }
        asks->taken++;
    }
    batch_shut(batch);
}

/* ---- doing --------------------------------------------------------------------------------- */

/* How long it still stays; 0: for ever; -1: it is over. What comes from the file has its end by the
 * wall clock alone. */
static int64_t time_left(const struct change *change, uint64_t time_ms, uint64_t wall)
{
    uint64_t end = change->due_ms != 0 ? change->due_ms : change->ends_ms;
    uint64_t now = change->due_ms != 0 ? time_ms : wall;
    if (end == 0) {
        return 0;
    }
    return end <= now                    ? -1
           : end - now < DISK_TTL_MS_MAX ? (int64_t)(end - now)
                                         : (int64_t)DISK_TTL_MS_MAX;
}

static enum wtl_status apply(struct wtl_ctx *x, struct state *state, const struct change *change,
                             int64_t left_ms)
{
    enum wtl_status status = WTL_OK;
    if (change->kind == CHANGE_VALUE) {
        status = wtl_table_swap(x, state->table, change->key, change->old, change->value);
    } else if (change->kind == CHANGE_REMOVE || left_ms < 0) {
        status = wtl_table_delete(x, state->table, change->key);
    } else {
        status =
            wtl_table_insert_for(x, state->table, change->key, change->value, (uint64_t)left_ms);
    }
    /* it may have expired, or given way to another one, since it was judged */
    return status == WTL_NOT_FOUND ? WTL_OK : status;
}

enum wtl_status batch_apply(struct wtl_ctx *x, struct state *state, struct wtl_reader changes,
                            size_t *applied)
{
    const uint8_t *begin = changes.at;
    uint64_t time_ms = now_ms(x);
    uint64_t wall = wall_ms();
    struct change change;
    changes.at += *applied;
    while (change_next(&changes, &change)) {
        enum wtl_status status = apply(x, state, &change, time_left(&change, time_ms, wall));
        if (status != WTL_OK) {
            return status == WTL_NO_MEMORY ? WTL_BUSY : status;
        }
        *applied = (size_t)(changes.at - begin);
    }
    return WTL_OK;
}

void batch_end(struct wtl_ctx *x, struct state *state)
{
    struct batch *batch = &state->batch;
    struct wtl_reader changes = changes_from(batch, 0);
    struct change change;
    while (batch->overlaid && change_next(&changes, &change)) {
        enum wtl_status ignored = wtl_table_delete(x, state->overlay, change.key);
        (void)ignored;
    }
    batch->changes.at = batch->changes.begin;
    if ((size_t)(batch->changes.end - batch->changes.begin) > 2 * (size_t)DISK_BATCH_BYTES) {
        wtl_free(x, batch->changes.begin);
        batch->changes = (struct wtl_writer){0};
    }
    batch->applied = 0;
    batch->removed = 0;
    batch->overlaid = false;
    batch->flush = false;
}
