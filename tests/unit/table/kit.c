/* kit.c - see kit.h. */
#include "kit.h"

#include <stdio.h>

#include "base/pool.h"

struct kit kit;

static bool is_freed;

static void freed(void *context)
{
    (void)context;
    is_freed = true;
}

void kit_begin(struct wtl_table_options options)
{
    const uint64_t seed[2] = {1, 2};
    kit = (struct kit){.used_bytes = wtl__pool_stats().used_bytes};
    wtl__clock_manual_init(&kit.clock, 1000 * WTL__NS_PER_S, 0);
    kit.holds = wtl__holds_take();
    cr_assert_not_null(kit.holds);
    cr_assert_eq(wtl__table_create(&options, &kit.clock.clock, seed, &kit.table), WTL_OK);
}

void kit_give_up(void)
{
    is_freed = false;
    wtl__holds_empty(kit.holds);
    wtl__holds_give(kit.holds);
    wtl__table_destroy(kit.table, freed, NULL);
}

void kit_is_given_up(void)
{
    wtl__table_wait();
    cr_assert(is_freed);
    /* what came back is taken in by turns */
    for (int i = 0; i < 100000 && wtl__pool_stats().used_bytes != kit.used_bytes; i++) {
        wtl__pool_flush();
    }
    cr_assert_eq(wtl__pool_stats().used_bytes, kit.used_bytes, "bytes were left behind");
}

void kit_end(void)
{
    kit_give_up();
    kit_is_given_up();
}

void kit_pass(uint64_t ms)
{
    wtl__clock_manual_advance(&kit.clock, ms * WTL__NS_PER_MS);
}

struct wtl__key kit_key(struct wtl_bytes bytes)
{
    static uint8_t rooms[4][WTL_TABLE_KEY_MAX];
    static unsigned next;
    struct wtl__key key;
    uint8_t *room = rooms[next++ % 4];
    cr_assert_eq(wtl__key_read(bytes, room, &key), WTL_OK);
    memmove(room, key.bytes, key.size); /* what was given may be gone when the key is used */
    return (struct wtl__key){room, key.size};
}

/* Each call is in a section of its own, as an actor's is. */
#define IN_SECTION(call)                                                                           \
    __extension__({                                                                                \
        wtl__table_enter();                                                                        \
        enum wtl_status status_ = (call);                                                          \
        wtl__table_leave();                                                                        \
        status_;                                                                                   \
    })

enum wtl_status kit_insert(int64_t key, int64_t value)
{
    return IN_SECTION(wtl__table_insert(kit.table, KEY(key), WTL_BYTES_I64(value), 0, false));
}

enum wtl_status kit_insert_new(int64_t key, int64_t value)
{
    return IN_SECTION(wtl__table_insert(kit.table, KEY(key), WTL_BYTES_I64(value), 0, true));
}

enum wtl_status kit_insert_for(int64_t key, int64_t value, uint64_t ttl_ms)
{
    return IN_SECTION(wtl__table_insert(kit.table, KEY(key), WTL_BYTES_I64(value), ttl_ms, false));
}

enum wtl_status kit_add(int64_t key, int64_t delta, int64_t *sum_out)
{
    return IN_SECTION(wtl__table_add(kit.table, KEY(key), delta, 0, sum_out));
}

enum wtl_status kit_swap(int64_t key, int64_t expected, int64_t value)
{
    return IN_SECTION(
        wtl__table_swap(kit.table, KEY(key), WTL_BYTES_I64(expected), WTL_BYTES_I64(value)));
}

enum wtl_status kit_delete(int64_t key)
{
    return IN_SECTION(wtl__table_remove(kit.table, KEY(key)));
}

enum wtl_status kit_delete_value(int64_t key, int64_t value)
{
    return IN_SECTION(wtl__table_remove_value(kit.table, KEY(key), WTL_BYTES_I64(value)));
}

static int64_t number_of(enum wtl_status status, const struct wtl_writer *writer)
{
    if (status == WTL_NOT_FOUND) {
        return NONE;
    }
    cr_assert_eq(status, WTL_OK);
    struct wtl_reader reader = wtl_reader_over(writer->begin, wtl_written(writer));
    int64_t number = wtl_get_i64(&reader);
    cr_assert(!reader.failed && wtl_left(&reader) == 0);
    return number;
}

int64_t kit_get(int64_t key)
{
    uint8_t room[16];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    return number_of(IN_SECTION(wtl__table_lookup(kit.table, KEY(key), &writer)), &writer);
}

int64_t kit_take(int64_t key)
{
    uint8_t room[16];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    return number_of(IN_SECTION(wtl__table_take(kit.table, KEY(key), &writer)), &writer);
}

const char *kit_bag(int64_t key)
{
    static char text[512];
    uint8_t room[512];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    if (IN_SECTION(wtl__table_lookup(kit.table, KEY(key), &writer)) == WTL_NOT_FOUND) {
        return "none";
    }
    struct wtl_reader reader = wtl_reader_over(room, wtl_written(&writer));
    size_t at = 0;
    for (uint32_t left = wtl_get_array(&reader); left > 0; left--) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld", at > 0 ? " " : "[",
                               (long long)wtl_get_i64(&reader));
    }
    cr_assert(!reader.failed && wtl_left(&reader) == 0);
    (void)snprintf(text + at, sizeof text - at, "]");
    return text;
}

struct wtl_table_info kit_info(void)
{
    struct wtl_table_info info = {0};
    wtl__table_info(kit.table, &info);
    return info;
}

uint64_t kit_entries(void)
{
    return kit_info().entries;
}

const char *kit_keys(bool backwards)
{
    static char text[4096];
    struct wtl_table_cursor cursor = {.size = 0};
    size_t at = 0;
    text[0] = '\0';
    while (IN_SECTION(wtl__table_step(kit.table, &cursor, backwards)) == WTL_OK) {
        struct wtl_reader reader = wtl_reader_over(cursor.key, cursor.size);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld", at > 0 ? " " : "",
                               (long long)wtl_get_i64(&reader));
        cr_assert_lt(at, sizeof text);
    }
    return text;
}
