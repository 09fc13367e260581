/* bounds.c - time to live, in virtual time; the bound on bytes, and who goes when it is reached;
 * and what is borrowed. */
#include "kit.h"

#include "table/retire.h"
#include "table/table_private.h"

static const enum wtl_table_kind kinds[] = {WTL_TABLE_SET, WTL_TABLE_ORDERED};

static uint64_t sweep(void)
{
    wtl__table_enter();
    uint64_t next_ms = wtl__table_sweep(kit.table);
    wtl__table_leave();
    return next_ms;
}

/* ---- time to live ------------------------------------------------------------------------- */

Test(table_bounds, E02_an_entry_ends_when_its_time_has_come)
{
    for (unsigned i = 0; i < 2; i++) {
        kit_begin((struct wtl_table_options){.kind = kinds[i]});
        cr_assert_eq(kit_insert_for(1, 10, 500), WTL_OK);
        cr_assert_eq(kit_insert(2, 20), WTL_OK);
        kit_pass(499);
        cr_assert_eq(kit_get(1), 10, "never early");
        cr_assert_str_eq(i == 1 ? kit_keys(false) : "1 2", "1 2");
        kit_pass(1);
        cr_assert_eq(kit_get(1), NONE);
        cr_assert_str_eq(kit_keys(false), "2");
        cr_assert_eq(kit_delete(1), WTL_NOT_FOUND);
        cr_assert_eq(kit_take(1), NONE);
        cr_assert_eq(kit_swap(1, 10, 11), WTL_NOT_FOUND);
        cr_assert_eq(kit_get(2), 20);
        cr_assert_eq(kit_insert_new(1, 12), WTL_OK); /* as if it were not there */
        cr_assert_eq(kit_get(1), 12);
        kit_end();
    }
}

Test(table_bounds, E02_a_table_has_a_time_of_its_own)
{
    kit_begin((struct wtl_table_options){.ttl_ms = 1000});
    cr_assert_eq(kit_insert(1, 10), WTL_OK);
    cr_assert_eq(kit_insert_for(2, 20, 3000), WTL_OK);
    kit_pass(900);
    cr_assert_eq(kit_insert(3, 30), WTL_OK);
    kit_pass(100);
    cr_assert_eq(kit_get(1), NONE);
    cr_assert_eq(kit_get(2), 20);
    cr_assert_eq(kit_get(3), 30);
    kit_pass(2000);
    cr_assert_eq(kit_get(2), NONE);
    kit_end();
}

/* An insert begins the time anew; a counter and a swap do not. */
Test(table_bounds, E02_what_begins_the_time_anew)
{
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
    for (int64_t key = 1; key <= 3; key++) {
        cr_assert_eq(kit_insert_for(key, 0, 1000), WTL_OK);
    }
    kit_pass(600);
    cr_assert_eq(kit_insert_for(1, 1, 1000), WTL_OK);
    cr_assert_eq(kit_add(2, 1, NULL), WTL_OK);
    cr_assert_eq(kit_swap(3, 0, 1), WTL_OK);
    kit_pass(600);
    cr_assert_eq(kit_get(1), 1);
    cr_assert_eq(kit_get(2), NONE);
    cr_assert_eq(kit_get(3), NONE);
    int64_t sum = 0;
    cr_assert_eq(kit_add(2, 5, &sum), WTL_OK);
    cr_assert_eq(sum, 5, "an expired counter begins anew");
    cr_assert_eq(kit_insert(1, 2), WTL_OK); /* from now on for ever */
    kit_pass(100000);
    cr_assert_eq(kit_get(1), 2);
    kit_end();
}

Test(table_bounds, E02_what_has_expired_is_swept)
{
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
    cr_assert_eq(sweep(), WTL__WHEEL_NEVER);
    for (int64_t key = 0; key < 1000; key++) {
        cr_assert_eq(kit_insert_for(key, key, 100 + (uint64_t)key), WTL_OK);
    }
    kit_pass(50);
    cr_assert_neq(sweep(), WTL__WHEEL_NEVER);
    cr_assert_eq(kit_entries(), 1000);
    kit_pass(550);
    for (int i = 0; i < 100 && kit_entries() > 499; i++) {
        (void)sweep();
    }
    cr_assert_eq(kit_entries(), 499, "no more and no less");
    cr_assert_eq(kit_info().expired, 501);
    kit_pass(1000);
    for (int i = 0; i < 100 && sweep() != WTL__WHEEL_NEVER; i++) {
    }
    cr_assert_eq(kit_entries(), 0);
    cr_assert_eq(kit_info().bytes, 0);
    kit_end();
}

/* What was replaced or removed in time is not swept. */
Test(table_bounds, E02_only_what_has_expired_is_swept)
{
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_ORDERED});
    cr_assert_eq(kit_insert_for(1, 1, 100), WTL_OK);
    cr_assert_eq(kit_insert_for(2, 2, 100), WTL_OK);
    cr_assert_eq(kit_insert(1, 3), WTL_OK);
    cr_assert_eq(kit_delete(2), WTL_OK);
    cr_assert_eq(kit_insert_for(2, 4, 500), WTL_OK);
    kit_pass(200);
    for (int i = 0; i < 10; i++) {
        (void)sweep();
    }
    cr_assert_eq(kit_get(1), 3);
    cr_assert_eq(kit_get(2), 4);
    cr_assert_eq(kit_info().expired, 0);
    kit_end();
}

/* ---- the bound on bytes ------------------------------------------------------------------- */

Test(table_bounds, E02_a_full_table_refuses)
{
    for (unsigned i = 0; i < 2; i++) {
        kit_begin((struct wtl_table_options){.kind = kinds[i], .bytes_max = 10000});
        int64_t fits = 0;
        while (kit_insert(fits, fits) == WTL_OK) {
            fits++;
            cr_assert_leq(kit_info().bytes, 10000);
        }
        cr_assert_gt(fits, 100);
        cr_assert_eq(kit_insert(fits, 0), WTL_FULL);
        cr_assert_eq(kit_info().refused, 2);
        cr_assert_eq(kit_entries(), (uint64_t)fits);
        cr_assert_eq(kit_insert(5, 6), WTL_OK, "in place of another one");
        cr_assert_eq(kit_add(5, 1, NULL), WTL_OK);
        cr_assert_eq(kit_delete(0), WTL_OK);
        cr_assert_eq(kit_insert(fits, 0), WTL_OK);
        kit_end();
    }
}

/* As between the two halves of what writers do: each has made room in the place of what it is going
 * to replace, and none has done so. */
Test(table_bounds, E02_a_full_table_takes_replacements_at_the_same_time)
{
    kit_begin((struct wtl_table_options){.bytes_max = 10000});
    for (int64_t key = 0; kit_insert(key, 1) == WTL_OK; key++) {
    }
    wtl__table_enter();
    struct wtl__store *store = wtl__table_store(kit.table);
    uint64_t bytes = kit_info().bytes;
    uint64_t one = bytes / kit_entries();
    cr_assert_eq(wtl__table_reserve(kit.table, store, one, one), WTL_OK);
    cr_assert_eq(wtl__table_reserve(kit.table, store, one, one), WTL_OK, "another writer");
    cr_assert_eq(wtl__table_reserve(kit.table, store, one - 8, one), WTL_OK, "with less");
    cr_assert_eq(wtl__table_reserve(kit.table, store, one + one, one), WTL_FULL, "with more");
    cr_assert_eq(kit_info().bytes, bytes);
    wtl__table_leave();
    cr_assert_eq(kit_insert(5, 1000000), WTL_OK, "a little more, which there is");
    cr_assert_eq(kit_insert(5, 1), WTL_OK);
    cr_assert_eq(kit_info().bytes, bytes, "and back");
    kit_end();
}

Test(table_bounds, E02_larger_than_all_of_it)
{
    uint8_t large[600] = {0};
    kit_begin((struct wtl_table_options){.bytes_max = 600, .full = WTL_TABLE_EVICT});
    cr_assert_eq(kit_insert(1, 1), WTL_OK);
    wtl__table_enter();
    cr_assert_eq(
        wtl__table_insert(kit.table, KEY(2), wtl_bytes_over(large, sizeof large), 0, false),
        WTL_TOO_LARGE);
    wtl__table_leave();
    cr_assert_eq(kit_get(1), 1, "nothing went for it");
    kit_end();
}

/* What has expired makes room before anything is refused or evicted. */
Test(table_bounds, E02_the_expired_go_first)
{
    kit_begin((struct wtl_table_options){.bytes_max = 10000, .full = WTL_TABLE_EVICT});
    cr_assert_eq(kit_insert(1, 1), WTL_OK);
    int64_t key = 2;
    while (kit_info().evicted == 0 && kit_info().bytes < 9700) {
        cr_assert_eq(kit_insert_for(key++, 1, 100), WTL_OK);
    }
    cr_assert_eq(kit_info().evicted, 0);
    kit_pass(100);
    for (int i = 0; i < 50; i++) {
        cr_assert_eq(kit_insert(key++, 1), WTL_OK);
    }
    cr_assert_eq(kit_info().evicted, 0);
    cr_assert_gt(kit_info().expired, 0);
    cr_assert_eq(kit_get(1), 1);
    kit_end();
}

/* Entries that are read stay; those that are not go, oldest first. */
Test(table_bounds, E02_what_is_not_used_is_evicted)
{
    for (unsigned i = 0; i < 2; i++) {
        kit_begin((struct wtl_table_options){
            .kind = kinds[i], .bytes_max = 20000, .full = WTL_TABLE_EVICT});
        for (int64_t key = 0; key < 5000; key++) {
            cr_assert_eq(kit_insert(key, key), WTL_OK);
            cr_assert_eq(kit_get(0), 0, "a favourite");
            cr_assert_leq(kit_info().bytes, 20000);
        }
        cr_assert_gt(kit_info().evicted, 4000);
        cr_assert_eq(kit_info().refused, 0);
        cr_assert_eq(kit_get(1), NONE);
        cr_assert_eq(kit_get(4999), 4999);
        cr_assert_eq(kit_entries(), 5000 - kit_info().evicted);
        kit_end();
    }
}

/* One large entry may have to push out more than one call does. */
Test(table_bounds, E02_much_to_evict_takes_more_than_one_call)
{
    static uint8_t large[60000];
    enum wtl_status status = WTL_BUSY;
    kit_begin((struct wtl_table_options){.bytes_max = 70000, .full = WTL_TABLE_EVICT});
    for (int64_t key = 0; key < 600; key++) {
        cr_assert_eq(kit_insert(key, key), WTL_OK);
    }
    int calls = 0;
    for (; status == WTL_BUSY && calls < 10; calls++) {
        wtl__table_enter();
        status =
            wtl__table_insert(kit.table, KEY(1000), wtl_bytes_over(large, sizeof large), 0, false);
        wtl__table_leave();
    }
    cr_assert_eq(status, WTL_OK);
    cr_assert_gt(calls, 1);
    cr_assert_leq(kit_info().bytes, 70000);
    kit_end();
}

/* ---- what waits to be freed --------------------------------------------------------------- */

/* A reader that does not leave holds up the freeing, not the writers, until there is too much. */
Test(table_bounds, E03_what_waits_to_be_freed_is_bounded)
{
    static uint8_t large[1 << 20];
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
    wtl__table_enter(); /* a reader that stays */
    unsigned written = 0;
    enum wtl_status status;
    while ((status = wtl__table_insert(kit.table, KEY(1), wtl_bytes_over(large, sizeof large), 0,
                                       false)) == WTL_OK) {
        written++;
        cr_assert_leq(written, WTL__RETIRED_MAX / sizeof large + 2);
    }
    cr_assert_eq(status, WTL_BUSY);
    cr_assert_geq(written, WTL__RETIRED_MAX / sizeof large);
    cr_assert_eq(wtl__table_lookup(kit.table, KEY(1), NULL), WTL_OK, "readers go on");
    wtl__table_leave();
    wtl__table_wait();
    cr_assert_eq(kit_insert(1, 2), WTL_OK);
    kit_end();
}

/* ---- borrowing ---------------------------------------------------------------------------- */

Test(table_bounds, E03_what_is_borrowed_stays)
{
    static uint8_t bytes[100000];
    struct wtl_reader value;
    uint32_t bit;
    for (unsigned i = 0; i < 2; i++) {
        memset(bytes, 0x11, sizeof bytes);
        kit_begin((struct wtl_table_options){.kind = kinds[i]});
        wtl__table_enter();
        cr_assert_eq(
            wtl__table_insert(kit.table, KEY(1), wtl_bytes_over(bytes, sizeof bytes), 0, false),
            WTL_OK);
        cr_assert_eq(wtl__table_borrow(kit.table, KEY(2), kit.holds, &value, &bit), WTL_NOT_FOUND);
        cr_assert_eq(wtl__table_borrow(kit.table, KEY(1), kit.holds, &value, &bit), WTL_OK);
        wtl__table_leave();
        cr_assert_eq(wtl_left(&value), sizeof bytes);
        memset(bytes, 0x22, sizeof bytes);
        for (int round = 0; round < 3; round++) {
            wtl__table_enter();
            cr_assert_eq(
                wtl__table_insert(kit.table, KEY(1), wtl_bytes_over(bytes, sizeof bytes), 0, false),
                WTL_OK);
            wtl__table_leave();
            wtl__table_wait();
        }
        cr_assert_eq(kit_delete(1), WTL_OK);
        wtl__table_wait(); /* all but the borrowed one is freed now */
        memset(bytes, 0x11, sizeof bytes);
        cr_assert_eq(memcmp(value.at, bytes, sizeof bytes), 0);
        wtl__hold_end(kit.holds, bit);
        kit_end(); /* nothing is left, so that one was freed as well */
    }
}

Test(table_bounds, E03_slots_are_bounded)
{
    struct wtl_reader value;
    uint32_t bit;
    kit_begin((struct wtl_table_options){.kind = WTL_TABLE_SET});
    cr_assert_eq(kit_insert(1, 1), WTL_OK);
    wtl__table_enter();
    for (unsigned i = 0; i < WTL__HOLDS; i++) {
        cr_assert_eq(wtl__table_borrow(kit.table, KEY(1), kit.holds, &value, &bit), WTL_OK);
        cr_assert_eq(bit, 1u << i);
    }
    cr_assert_eq(wtl__table_borrow(kit.table, KEY(1), kit.holds, &value, &bit), WTL_FULL);
    wtl__hold_end(kit.holds, 1u << 7);
    cr_assert_eq(wtl__table_borrow(kit.table, KEY(1), kit.holds, &value, &bit), WTL_OK);
    cr_assert_eq(bit, 1u << 7);
    wtl__table_leave();
    kit_end();
}
