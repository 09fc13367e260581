/* kinds.c - what each kind of table does with keys and values (OTP stdlib, ets). */
#include "kit.h"

static const enum wtl_table_kind single[] = {WTL_TABLE_SET, WTL_TABLE_ORDERED};
static const enum wtl_table_kind bags[] = {WTL_TABLE_BAG, WTL_TABLE_DUPLICATE_BAG};

static void begin(enum wtl_table_kind kind)
{
    kit_begin((struct wtl_table_options){.kind = kind});
}

/* ---- one value for each key --------------------------------------------------------------- */

Test(table_kinds, OW08_a_set_has_one_value_for_each_key)
{
    for (unsigned i = 0; i < 2; i++) {
        begin(single[i]);
        cr_assert_eq(kit_get(1), NONE);
        cr_assert_eq(kit_insert(1, 10), WTL_OK);
        cr_assert_eq(kit_insert(2, 20), WTL_OK);
        cr_assert_eq(kit_insert(1, 11), WTL_OK);
        cr_assert_eq(kit_get(1), 11);
        cr_assert_eq(kit_get(2), 20);
        cr_assert_eq(kit_entries(), 2);
        cr_assert_eq(kit_delete(1), WTL_OK);
        cr_assert_eq(kit_delete(1), WTL_NOT_FOUND);
        cr_assert_eq(kit_get(1), NONE);
        cr_assert_eq(kit_entries(), 1);
        cr_assert_eq(kit_delete_value(2, 21), WTL_NOT_FOUND);
        cr_assert_eq(kit_get(2), 20);
        cr_assert_eq(kit_delete_value(2, 20), WTL_OK);
        cr_assert_eq(kit_info().bytes, 0);
        kit_end();
    }
}

Test(table_kinds, OW08_insert_new_is_for_the_first)
{
    for (unsigned i = 0; i < 2; i++) {
        begin(single[i]);
        cr_assert_eq(kit_insert_new(1, 10), WTL_OK);
        cr_assert_eq(kit_insert_new(1, 11), WTL_EXISTS);
        cr_assert_eq(kit_get(1), 10);
        cr_assert_eq(kit_delete(1), WTL_OK);
        cr_assert_eq(kit_insert_new(1, 12), WTL_OK);
        cr_assert_eq(kit_get(1), 12);
        kit_end();
    }
}

Test(table_kinds, OW08_take_gives_and_removes)
{
    for (unsigned i = 0; i < 2; i++) {
        begin(single[i]);
        cr_assert_eq(kit_take(1), NONE);
        cr_assert_eq(kit_insert(1, 10), WTL_OK);
        cr_assert_eq(kit_take(1), 10);
        cr_assert_eq(kit_take(1), NONE);
        cr_assert_eq(kit_entries(), 0);
        kit_end();
    }
}

/* A writer without room: the value stays. */
Test(table_kinds, OW08_what_has_no_room_is_not_taken)
{
    uint8_t room[8];
    begin(WTL_TABLE_SET);
    cr_assert_eq(kit_insert(1, INT64_MAX), WTL_OK); /* 9 bytes */
    wtl__table_enter();
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    cr_assert_eq(wtl__table_lookup(kit.table, KEY(1), &writer), WTL_TOO_LARGE);
    writer = wtl_writer_over(room, sizeof room);
    cr_assert_eq(wtl__table_take(kit.table, KEY(1), &writer), WTL_TOO_LARGE);
    wtl__table_leave();
    cr_assert_eq(kit_get(1), INT64_MAX);
    kit_end();
}

Test(table_kinds, E01_counters)
{
    for (unsigned i = 0; i < 2; i++) {
        int64_t sum = 0;
        begin(single[i]);
        cr_assert_eq(kit_add(1, 5, &sum), WTL_OK); /* begins with 0 */
        cr_assert_eq(sum, 5);
        cr_assert_eq(kit_add(1, -7, &sum), WTL_OK);
        cr_assert_eq(sum, -2);
        cr_assert_eq(kit_get(1), -2);
        cr_assert_eq(kit_add(1, 1, NULL), WTL_OK);
        cr_assert_eq(kit_insert(2, INT64_MAX), WTL_OK);
        cr_assert_eq(kit_add(2, 1, &sum), WTL_TOO_LARGE);
        cr_assert_eq(kit_get(2), INT64_MAX);
        cr_assert_eq(kit_insert(3, INT64_MIN), WTL_OK);
        cr_assert_eq(kit_add(3, -1, &sum), WTL_TOO_LARGE);
        wtl__table_enter();
        cr_assert_eq(wtl__table_insert(kit.table, KEY(4), WTL_BYTES_STR("x"), 0, false), WTL_OK);
        cr_assert_eq(wtl__table_add(kit.table, KEY(4), 1, 0, &sum), WTL_BAD_PAYLOAD);
        cr_assert_eq(wtl__table_insert(kit.table, KEY(4), wtl_bytes_over("\x01\x02", 2), 0, false),
                     WTL_OK);
        cr_assert_eq(wtl__table_add(kit.table, KEY(4), 1, 0, &sum), WTL_BAD_PAYLOAD);
        cr_assert_eq(wtl__table_add(kit.table, KEY(5), 1, 41, &sum), WTL_OK);
        wtl__table_leave();
        cr_assert_eq(sum, 42);
        kit_end();
    }
}

Test(table_kinds, E01_compare_and_swap)
{
    for (unsigned i = 0; i < 2; i++) {
        begin(single[i]);
        cr_assert_eq(kit_swap(1, 10, 11), WTL_NOT_FOUND);
        cr_assert_eq(kit_insert(1, 10), WTL_OK);
        cr_assert_eq(kit_swap(1, 9, 11), WTL_EXISTS);
        cr_assert_eq(kit_get(1), 10);
        cr_assert_eq(kit_swap(1, 10, 11), WTL_OK);
        cr_assert_eq(kit_get(1), 11);
        kit_end();
    }
}

/* OTP: a set matches keys, an ordered_set compares them. */
Test(table_kinds, OW08_one_and_one_point_zero)
{
    static const char *one_point_zero = "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00";
    for (unsigned i = 0; i < 2; i++) {
        begin(single[i]);
        cr_assert_eq(kit_insert(1, 10), WTL_OK);
        wtl__table_enter();
        struct wtl__key key = kit_key(wtl_bytes_over(one_point_zero, 9));
        cr_assert_eq(wtl__table_lookup(kit.table, key, NULL),
                     single[i] == WTL_TABLE_SET ? WTL_NOT_FOUND : WTL_OK);
        cr_assert_eq(wtl__table_insert(kit.table, key, WTL_BYTES_I64(11), 0, false), WTL_OK);
        wtl__table_leave();
        cr_assert_eq(kit_get(1), single[i] == WTL_TABLE_SET ? 10 : 11);
        cr_assert_eq(kit_entries(), single[i] == WTL_TABLE_SET ? 2 : 1);
        kit_end();
    }
}

/* ---- bags --------------------------------------------------------------------------------- */

Test(table_kinds, OW08_a_bag_has_no_two_alike)
{
    begin(WTL_TABLE_BAG);
    cr_assert_str_eq(kit_bag(1), "none");
    cr_assert_eq(kit_insert(1, 30), WTL_OK);
    cr_assert_eq(kit_insert(1, 10), WTL_OK);
    cr_assert_eq(kit_insert(1, 20), WTL_OK);
    cr_assert_eq(kit_insert(1, 10), WTL_OK);
    cr_assert_str_eq(kit_bag(1), "[30 10 20]"); /* in the order of time */
    cr_assert_eq(kit_insert(2, 10), WTL_OK);
    cr_assert_eq(kit_entries(), 2);
    cr_assert_eq(kit_delete_value(1, 10), WTL_OK);
    cr_assert_str_eq(kit_bag(1), "[30 20]");
    cr_assert_eq(kit_delete_value(1, 10), WTL_NOT_FOUND);
    cr_assert_eq(kit_delete_value(1, 30), WTL_OK);
    cr_assert_eq(kit_delete_value(1, 20), WTL_OK);
    cr_assert_str_eq(kit_bag(1), "none"); /* and not an empty bag */
    cr_assert_eq(kit_entries(), 1);
    kit_end();
}

Test(table_kinds, OW08_a_duplicate_bag_has)
{
    begin(WTL_TABLE_DUPLICATE_BAG);
    cr_assert_eq(kit_insert(1, 10), WTL_OK);
    cr_assert_eq(kit_insert(1, 20), WTL_OK);
    cr_assert_eq(kit_insert(1, 10), WTL_OK);
    cr_assert_str_eq(kit_bag(1), "[10 20 10]");
    cr_assert_eq(kit_delete_value(1, 10), WTL_OK); /* OTP: all that are it */
    cr_assert_str_eq(kit_bag(1), "[20]");
    kit_end();
}

Test(table_kinds, OW08_bags_take_delete_and_insert_new)
{
    for (unsigned i = 0; i < 2; i++) {
        uint8_t room[32];
        struct wtl_writer writer = wtl_writer_over(room, sizeof room);
        begin(bags[i]);
        cr_assert_eq(kit_insert_new(1, 10), WTL_OK);
        cr_assert_eq(kit_insert_new(1, 20), WTL_EXISTS);
        cr_assert_eq(kit_insert(1, 20), WTL_OK);
        wtl__table_enter();
        cr_assert_eq(wtl__table_take(kit.table, KEY(1), &writer), WTL_OK);
        wtl__table_leave();
        cr_assert_eq(wtl_written(&writer), 3);
        cr_assert_eq(memcmp(room, "\x92\x0a\x14", 3), 0);
        cr_assert_str_eq(kit_bag(1), "none");
        cr_assert_eq(kit_insert(1, 30), WTL_OK);
        cr_assert_eq(kit_delete(1), WTL_OK);
        cr_assert_eq(kit_delete(1), WTL_NOT_FOUND);
        cr_assert_eq(kit_entries(), 0);
        kit_end();
    }
}

Test(table_kinds, OW08_bags_refuse_what_they_cannot)
{
    for (unsigned i = 0; i < 2; i++) {
        int64_t sum;
        begin(bags[i]);
        cr_assert_eq(kit_add(1, 1, &sum), WTL_UNSUPPORTED);
        cr_assert_eq(kit_swap(1, 1, 2), WTL_UNSUPPORTED);
        wtl__table_enter();
        cr_assert_eq(wtl__table_insert(kit.table, KEY(1), WTL_BYTES_NONE, 0, false), WTL_INVALID);
        cr_assert_eq(wtl__table_insert(kit.table, KEY(1), wtl_bytes_over("\x01\x02", 2), 0, false),
                     WTL_INVALID); /* two values in one */
        cr_assert_eq(wtl__table_insert(kit.table, KEY(1), wtl_bytes_over("\xa5x", 2), 0, false),
                     WTL_INVALID); /* not even one */
        wtl__table_leave();
        cr_assert_eq(kit_entries(), 0);
        kit_end();
    }
}

/* The head of an array grows from one byte to three at 16 values, and shrinks again. */
Test(table_kinds, OW08_bags_grow_and_are_bounded)
{
    begin(WTL_TABLE_BAG);
    for (int64_t i = 0; i < WTL_TABLE_VALUES_MAX; i++) {
        cr_assert_eq(kit_insert(1, i), WTL_OK);
    }
    cr_assert_eq(kit_insert(1, 0), WTL_OK); /* there already */
    cr_assert_eq(kit_insert(1, WTL_TABLE_VALUES_MAX), WTL_FULL);
    for (int64_t i = 20; i < WTL_TABLE_VALUES_MAX; i++) {
        cr_assert_eq(kit_delete_value(1, i), WTL_OK);
    }
    cr_assert_str_eq(kit_bag(1), "[0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19]");
    for (int64_t i = 0; i < 10; i++) {
        cr_assert_eq(kit_delete_value(1, i), WTL_OK);
    }
    cr_assert_str_eq(kit_bag(1), "[10 11 12 13 14 15 16 17 18 19]");
    kit_end();
}

/* ---- all kinds ---------------------------------------------------------------------------- */

Test(table_kinds, OW08_values_are_any_bytes_and_bounded)
{
    begin(WTL_TABLE_SET);
    wtl__table_enter();
    cr_assert_eq(wtl__table_insert(kit.table, KEY(1), WTL_BYTES_NONE, 0, false), WTL_OK);
    cr_assert_eq(wtl__table_lookup(kit.table, KEY(1), NULL), WTL_OK);
    cr_assert_eq(wtl__table_swap(kit.table, KEY(1), WTL_BYTES_NONE, WTL_BYTES_I64(3)), WTL_OK);
    cr_assert_eq(wtl__table_insert(kit.table, KEY(2), wtl_bytes_over("x", WTL_BYTES_BAD), 0, false),
                 WTL_INVALID);
    cr_assert_eq(wtl__table_insert(kit.table, KEY(2), wtl_bytes_over(NULL, 3), 0, false),
                 WTL_INVALID);
    size_t size = WTL_TABLE_VALUE_MAX + 1;
    uint8_t *large = calloc(1, size);
    cr_assert_not_null(large);
    cr_assert_eq(wtl__table_insert(kit.table, KEY(2), wtl_bytes_over(large, size), 0, false),
                 WTL_TOO_LARGE);
    cr_assert_eq(wtl__table_insert(kit.table, KEY(2), wtl_bytes_over(large, size - 1), 0, false),
                 WTL_OK);
    wtl__table_leave();
    free(large);
    cr_assert_eq(kit_get(1), 3);
    cr_assert_eq(kit_delete(2), WTL_OK);
    kit_end();
}

/* A million, as many as there are, while the table grows under them and shrinks again. */
Test(table_kinds, OW07_a_million_entries, .timeout = 120)
{
    enum { MANY = WTL_SANITIZED ? 100000 : 1000000 };
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET, .bytes_max = UINT64_C(1) << 32});
    for (int64_t i = 0; i < MANY; i++) {
        cr_assert_eq(kit_insert(i, i + 1), WTL_OK);
    }
    cr_assert_eq(kit_entries(), MANY);
    for (int64_t i = 0; i < MANY; i++) {
        cr_assert_eq(kit_get(i), i + 1);
    }
    cr_assert_eq(kit_get(MANY), NONE);
    for (int64_t i = 0; i < MANY; i++) {
        enum wtl_status status;
        while ((status = kit_delete(i)) == WTL_BUSY) {
            wtl__table_wait();
        }
        cr_assert_eq(status, WTL_OK);
    }
    cr_assert_eq(kit_info().bytes, 0);
    kit_end();
}

Test(table_kinds, OW08_clear_leaves_nothing)
{
    for (int kind = WTL_TABLE_SET; kind <= WTL_TABLE_DUPLICATE_BAG; kind++) {
        begin((enum wtl_table_kind)kind);
        for (int64_t i = 0; i < 1000; i++) {
            cr_assert_eq(kit_insert(i, i), WTL_OK);
        }
        wtl__table_enter();
        cr_assert_eq(wtl__table_clear(kit.table), WTL_OK);
        wtl__table_leave();
        cr_assert_eq(kit_entries(), 0);
        cr_assert_eq(kit_info().bytes, 0);
        cr_assert_eq(kit_get(5), NONE);
        cr_assert_str_eq(kit_keys(false), "");
        cr_assert_eq(kit_insert(5, 6), WTL_OK);
        cr_assert_eq(kit_entries(), 1);
        kit_end();
    }
}

/* Whoever has found the table before it was given up: its bytes are counted once all the same, or
 * nothing could be cleared any more in the end. */
Test(table_kinds, OW08_clear_of_a_table_that_is_given_up)
{
    static const uint8_t large[1 << 20];
    const struct wtl_bytes value = {large, sizeof large};
    for (int i = 0; i < 300; i++) {
        kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
        wtl__table_enter();
        cr_assert_eq(wtl__table_insert(kit.table, kit_key(WTL_BYTES_I64(1)), value, 0, false),
                     WTL_OK);
        kit_give_up();
        cr_assert_eq(wtl__table_clear(kit.table), WTL_OK, "%d", i);
        wtl__table_leave();
        kit_is_given_up();
    }
}

Test(table_kinds, OW08_options_are_checked)
{
    struct wtl__table *table = NULL;
    const uint64_t seed[2] = {0, 0};
    struct wtl_table_options options = {.kind = (enum wtl_table_kind)9};
    cr_assert_eq(wtl__table_create(&options, wtl__clock_system(), seed, &table), WTL_INVALID);
    options = (struct wtl_table_options){.full = (enum wtl_table_full)9};
    cr_assert_eq(wtl__table_create(&options, wtl__clock_system(), seed, &table), WTL_INVALID);
}
