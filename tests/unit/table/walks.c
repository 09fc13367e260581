/* walks.c - walks and selects: in order, over what is written meanwhile, and with conditions. */
#include "kit.h"

#include <stdio.h>

#include "base/prng.h"

enum { MANY = 2000 };

static enum wtl_status step(struct wtl_table_cursor *cursor, bool backwards)
{
    wtl__table_enter();
    enum wtl_status status = wtl__table_step(kit.table, cursor, backwards);
    wtl__table_leave();
    return status;
}

static int64_t key_at(const struct wtl_table_cursor *cursor)
{
    struct wtl_reader reader = wtl_reader_over(cursor->key, cursor->size);
    return wtl_get_i64(&reader);
}

Test(table_walks, E01_an_ordered_walk_is_in_order)
{
    struct wtl__prng prng;
    static bool is_in[MANY];
    memset(is_in, 0, sizeof is_in);
    wtl__prng_init(&prng, 3);
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_ORDERED});
    cr_assert_str_eq(kit_keys(false), "");
    cr_assert_str_eq(kit_keys(true), "");
    for (int i = 0; i < 20000; i++) {
        int64_t key = (int64_t)wtl__prng_below(&prng, MANY);
        if (wtl__prng_below(&prng, 3) > 0) {
            cr_assert_eq(kit_insert(key, key), WTL_OK);
            is_in[key] = true;
        } else {
            cr_assert_eq(kit_delete(key), is_in[key] ? WTL_OK : WTL_NOT_FOUND);
            is_in[key] = false;
        }
    }
    struct wtl_table_cursor cursor = {.size = 0};
    for (int64_t key = 0; key < MANY; key++) {
        if (is_in[key]) {
            cr_assert_eq(step(&cursor, false), WTL_OK);
            cr_assert_eq(key_at(&cursor), key);
        }
    }
    cr_assert_eq(step(&cursor, false), WTL_NOT_FOUND);
    cursor.size = 0;
    for (int64_t key = MANY - 1; key >= 0; key--) {
        if (is_in[key]) {
            cr_assert_eq(step(&cursor, true), WTL_OK);
            cr_assert_eq(key_at(&cursor), key);
        }
    }
    cr_assert_eq(step(&cursor, true), WTL_NOT_FOUND);
    kit_end();
}

/* What is there all the time is met exactly once, whatever happens to the rest. */
static void walk_over_writes(enum wtl_table_kind kind, uint64_t seed)
{
    static uint8_t met[MANY];
    struct wtl__prng prng;
    struct wtl_table_cursor cursor = {.size = 0};
    memset(met, 0, sizeof met);
    wtl__prng_init(&prng, seed);
    kit_begin((struct wtl_table_options){.kind = kind});
    for (int64_t key = 0; key < MANY; key++) { /* those that stay are even */
        cr_assert_eq(kit_insert(key, 1), WTL_OK);
    }
    while (step(&cursor, false) == WTL_OK) {
        int64_t at = key_at(&cursor);
        cr_assert(at >= 0 && at < 2 * MANY);
        if (at < MANY) {
            met[at]++;
        }
        if (at % 2 == 1) {
            cr_assert_eq(kit_delete(at), WTL_OK); /* the very place where the walk is */
        }
        for (int i = 0; i < 3; i++) {
            int64_t other = (int64_t)wtl__prng_below(&prng, MANY) | 1;
            (void)kit_delete(other);
            cr_assert_eq(kit_insert(MANY + other, 1), WTL_OK);
            cr_assert_eq(kit_insert(other & ~INT64_C(1), 2), WTL_OK); /* replaced */
        }
    }
    for (int64_t key = 0; key < MANY; key++) {
        cr_assert(key % 2 == 1 ? met[key] <= 1 : met[key] == 1, "%ld: %u", (long)key, met[key]);
    }
    kit_end();
}

Test(table_walks, E01_a_walk_survives_writes)
{
    for (uint64_t seed = 1; seed <= 5; seed++) {
        walk_over_writes(WTL_TABLE_SET, seed);
        walk_over_writes(WTL_TABLE_ORDERED, seed);
        walk_over_writes(WTL_TABLE_BAG, seed);
    }
}

/* A hashed table is walked in one order, however large it has grown meanwhile. */
Test(table_walks, E01_a_walk_survives_growth)
{
    static uint8_t met[64];
    struct wtl_table_cursor cursor = {.size = 0};
    memset(met, 0, sizeof met);
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
    for (int64_t key = 0; key < 64; key++) {
        cr_assert_eq(kit_insert(key, 1), WTL_OK);
    }
    for (int i = 0; step(&cursor, false) == WTL_OK; i++) {
        int64_t at = key_at(&cursor);
        if (at < 64) {
            met[at]++;
        }
        if (i == 20) {
            for (int64_t key = 64; key < 20000; key++) {
                cr_assert_eq(kit_insert(key, 1), WTL_OK);
            }
            wtl__table_wait(); /* until it has its new size */
        }
        if (i == 1000) {
            for (int64_t key = 64; key < 20000; key++) {
                (void)kit_delete(key);
            }
            wtl__table_wait();
        }
    }
    for (int key = 0; key < 64; key++) {
        cr_assert_eq(met[key], 1);
    }
    kit_end();
}

Test(table_walks, E01_hashed_tables_have_no_way_back)
{
    struct wtl_table_cursor cursor = {.size = 0};
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
    cr_assert_eq(step(&cursor, true), WTL_UNSUPPORTED);
    kit_end();
}

/* ---- selects ------------------------------------------------------------------------------ */

static char selected[4096];

/* All that matches, as "key=value ..." for numbers and names, by several calls. */
static const char *select_all(struct wtl__select select, uint32_t limit)
{
    struct wtl_table_cursor cursor = {.size = 0};
    enum wtl_status status = WTL_MORE;
    size_t at = 0;
    selected[0] = '\0';
    select.cursor = &cursor;
    while (status == WTL_MORE) {
        select.limit = limit;
        wtl__table_enter();
        status = wtl__table_collect(kit.table, &select, kit.holds);
        wtl__table_leave();
        cr_assert(status == WTL_OK || status == WTL_MORE);
        for (uint32_t i = 0; i < select.count; i++) {
            struct wtl_reader key = wtl__table_key_of(select.entries[i]);
            struct wtl_reader value = wtl__table_value_of(select.entries[i]);
            size_t size = 0;
            if (wtl_peek(&key) == WTL_PACK_STR) {
                const char *text = wtl_get_str(&key, &size);
                at += (size_t)snprintf(selected + at, sizeof selected - at, "%s%.*s=%lld",
                                       at > 0 ? " " : "", (int)size, text,
                                       (long long)wtl_get_i64(&value));
            } else {
                at += (size_t)snprintf(selected + at, sizeof selected - at, "%s%lld=%lld",
                                       at > 0 ? " " : "", (long long)wtl_get_i64(&key),
                                       (long long)wtl_get_i64(&value));
            }
            cr_assert_lt(at, sizeof selected);
            wtl__hold_end(kit.holds, select.bits[i]);
        }
    }
    return selected;
}

static void insert_name(const char *name, int64_t value)
{
    wtl__table_enter();
    cr_assert_eq(wtl__table_insert(kit.table, NAME(name), WTL_BYTES_I64(value), 0, false), WTL_OK);
    wtl__table_leave();
}

static void fill_names(enum wtl_table_kind kind)
{
    static const char *names[] = {"cloud-1",  "device-1", "device-10",
                                  "device-2", "devil",    "edge-1"};
    kit_begin((struct wtl_table_options){.kind = kind});
    for (int i = 0; i < 6; i++) {
        insert_name(names[i], i);
    }
    cr_assert_eq(kit_insert(7, 77), WTL_OK);
}

Test(table_walks, E01_select_by_prefix)
{
    static const uint32_t limits[] = {1, 2, 1000};
    for (unsigned i = 0; i < 3; i++) {
        fill_names(WTL_TABLE_ORDERED);
        cr_assert_str_eq(select_all((struct wtl__select){.prefix = NAME("device-")}, limits[i]),
                         "device-1=1 device-10=2 device-2=3");
        cr_assert_str_eq(select_all((struct wtl__select){.prefix = NAME("devil")}, limits[i]),
                         "devil=4");
        cr_assert_str_eq(select_all((struct wtl__select){.prefix = NAME("dew")}, limits[i]), "");
        cr_assert_str_eq(select_all((struct wtl__select){.prefix = KEY(7)}, limits[i]), "7=77");
        cr_assert_str_eq(select_all((struct wtl__select){0}, limits[i]),
                         "7=77 cloud-1=0 device-1=1 device-10=2 device-2=3 devil=4 edge-1=5");
        kit_end();
    }
}

Test(table_walks, E01_select_by_range)
{
    static const uint32_t limits[] = {1, 3, 1000};
    for (unsigned i = 0; i < 3; i++) {
        fill_names(WTL_TABLE_ORDERED);
        cr_assert_str_eq(
            select_all((struct wtl__select){.from = NAME("device-10"), .below = NAME("devil")},
                       limits[i]),
            "device-10=2 device-2=3");
        cr_assert_str_eq(
            select_all((struct wtl__select){.from = NAME("device-2"), .prefix = NAME("dev")},
                       limits[i]),
            "device-2=3 devil=4");
        cr_assert_str_eq(select_all((struct wtl__select){.below = NAME("a")}, limits[i]), "7=77");
        cr_assert_str_eq(select_all((struct wtl__select){.from = NAME("x")}, limits[i]), "");
        kit_end();
    }
}

/* In a hashed table the same conditions hold, entry by entry. */
Test(table_walks, E01_select_in_a_hashed_table)
{
    fill_names(WTL_TABLE_SET);
    const char *all = select_all((struct wtl__select){.prefix = NAME("device-")}, 2);
    cr_assert_eq(strlen(all), strlen("device-1=1 device-10=2 device-2=3"));
    cr_assert_not_null(strstr(all, "device-1=1"));
    cr_assert_not_null(strstr(all, "device-10=2"));
    cr_assert_not_null(strstr(all, "device-2=3"));
    cr_assert_str_eq(
        select_all((struct wtl__select){.from = NAME("e"), .below = NAME("edge-2")}, 100),
        "edge-1=5");
    kit_end();
}

/* A select looks at so many entries and no more, also where none of them matches. */
Test(table_walks, E01_select_is_bounded)
{
    struct wtl_table_cursor cursor = {.size = 0};
    struct wtl__select select = {.limit = 300, .cursor = &cursor, .from = KEY(5000)};
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
    for (int64_t key = 0; key < 1000; key++) {
        cr_assert_eq(kit_insert(key, key), WTL_OK);
    }
    int calls = 0;
    for (enum wtl_status status = WTL_MORE; status == WTL_MORE && select.limit > 0; calls++) {
        wtl__table_enter();
        status = wtl__table_collect(kit.table, &select, kit.holds);
        wtl__table_leave();
        cr_assert_eq(status, WTL_MORE);
        cr_assert_eq(select.count, 0);
    }
    cr_assert_eq(select.limit, 0);
    cr_assert_gt(calls, 1); /* and sections are shorter still */
    kit_end();
}
