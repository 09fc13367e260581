/* story_tables.c - what a teller does with tables of the node. See story.h. */
#include "story.h"

#include <stdio.h>

#include <wattle/table.h>

static void note_status(struct teller *teller, enum wtl_status status)
{
    note(teller, "%s", wtl_status_word(status));
}

static struct wtl_table make(struct wtl_ctx *x, struct teller *teller,
                             const struct wtl_table_options *options)
{
    struct wtl_table table;
    note_status(teller, wtl_table_create(x, options, &table));
    return table;
}

/* Values: put, read, changed, taken. */
void tell_of_tables(struct wtl_ctx *x, struct teller *teller)
{
    static const struct wtl_table_options named = {.name = "story.table"};
    uint8_t room[64];
    struct wtl_writer into = wtl_writer_over(room, sizeof room);
    struct wtl_writer small = wtl_writer_over(room, 2);
    struct wtl_reader value;
    int64_t sum = 0;
    struct wtl_table table = make(x, teller, &named);
    (void)make(x, teller, &named); /* its name is taken */
    note(teller, "%d", wtl_table_find(x, "story.table").id == table.id);
    note_status(teller, wtl_table_insert(x, table, WTL_BYTES_STR("key"), WTL_BYTES_STR("value")));
    note_status(teller, wtl_table_insert_new(x, table, WTL_BYTES_STR("key"), WTL_BYTES_U64(1), 0));
    note_status(teller, wtl_table_insert(x, table, (struct wtl_bytes){NULL, WTL_BYTES_BAD},
                                         WTL_BYTES_U64(1)));
    note_status(teller, wtl_table_lookup(x, table, WTL_BYTES_STR("key"), &into));
    note(teller, "%zu", wtl_written(&into));
    note_status(teller, wtl_table_lookup(x, table, WTL_BYTES_STR("none"), NULL));
    note_status(teller, wtl_table_swap(x, table, WTL_BYTES_STR("key"), WTL_BYTES_STR("other"),
                                       WTL_BYTES_U64(2)));
    note_status(teller, wtl_table_swap(x, table, WTL_BYTES_STR("key"), WTL_BYTES_STR("value"),
                                       WTL_BYTES_U64(70000)));
    note_status(teller, wtl_table_borrow(x, table, WTL_BYTES_STR("key"), &value));
    note_status(teller, wtl_table_add(x, table, WTL_BYTES_STR("key"), -1, 0, &sum));
    note(teller, "%lu %ld", (unsigned long)wtl_get_u64(&value), (long)sum);
    note_status(teller, wtl_table_take(x, table, WTL_BYTES_STR("key"), &small));
    note_status(teller, wtl_table_take(x, table, WTL_BYTES_STR("key"), &into));
    note_status(teller, wtl_table_delete(x, table, WTL_BYTES_STR("key")));
    note_status(teller, wtl_table_destroy(x, table));
    note_status(teller, wtl_table_insert(x, table, WTL_BYTES_STR("key"), WTL_BYTES_U64(1)));
}

struct walk {
    struct wtl_table table;
    unsigned seen;
    unsigned most;
    uint64_t sum;
};

/* It may ask the table that it sees. */
static bool on_entry(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                     void *context)
{
    struct walk *walk = context;
    (void)value;
    uint64_t number = wtl_get_u64(&key);
    if (wtl_table_lookup(x, walk->table, WTL_BYTES_U64(number), NULL) == WTL_OK) {
        walk->sum += number;
    }
    return ++walk->seen < walk->most;
}

/* More than one answer can hold: 100 values of 4000 bytes. */
void tell_of_walks(struct wtl_ctx *x, struct teller *teller)
{
    static const struct wtl_table_options ordered = {.kind = WTL_TABLE_ORDERED};
    static const char bytes[4000];
    uint8_t room[sizeof bytes + 8];
    struct wtl_writer value = wtl_writer_over(room, sizeof room);
    struct wtl_table_cursor cursor = {.size = 0};
    struct wtl_table_info info;
    struct walk walk = {.table = make(x, teller, &ordered), .most = 1000};
    wtl_put_bin(&value, bytes, sizeof bytes);
    unsigned put = 0;
    for (uint64_t i = 0; i < 100; i++) {
        put += wtl_table_insert(x, walk.table, WTL_BYTES_U64(i), wtl_bytes_of(&value)) == WTL_OK;
    }
    note(teller, "%u", put);
    note_status(teller, wtl_table_select(x, walk.table, NULL, NULL, on_entry, &walk));
    note(teller, "%u %lu", walk.seen, (unsigned long)walk.sum);
    walk = (struct walk){.table = walk.table, .most = 3};
    const struct wtl_table_match match = {.from = WTL_BYTES_U64(40), .below = WTL_BYTES_U64(90)};
    note_status(teller, wtl_table_select(x, walk.table, &match, &cursor, on_entry, &walk));
    walk.most = 1000; /* on from where it has stopped */
    note_status(teller, wtl_table_select(x, walk.table, &match, &cursor, on_entry, &walk));
    note(teller, "%u %lu", walk.seen, (unsigned long)walk.sum);
    cursor.size = 0;
    note_status(teller, wtl_table_prev(x, walk.table, &cursor));
    struct wtl_reader key = wtl_reader_over(cursor.key, cursor.size);
    note(teller, "%lu", (unsigned long)wtl_get_u64(&key));
    note_status(teller, wtl_table_info(x, walk.table, &info));
    note(teller, "%lu %d %d", (unsigned long)info.entries, info.kind == WTL_TABLE_ORDERED,
         wtl_pid_equal(info.owner, wtl_self(x)));
    note_status(teller, wtl_table_clear(x, walk.table));
    note_status(teller, wtl_table_next(x, walk.table, &cursor));
}

/* A table of somebody else, and back again when that one ends. */
void tell_of_owners(struct wtl_ctx *x, struct teller *teller)
{
    struct wtl_table table = make(x, teller, NULL);
    note_status(teller, wtl_table_set_heir(x, table, wtl_self(x), WTL_BYTES_U64(7)));
    struct wtl_pid other = bear(x, teller, 0, false); /* given to it at once */
    note_status(teller, wtl_table_give(x, table, other, WTL_BYTES_NONE));
    note_status(teller, wtl_table_insert(x, table, WTL_BYTES_U64(1), WTL_BYTES_U64(1)));
    note_status(teller, wtl_table_lookup(x, table, WTL_BYTES_U64(1), NULL));
    teller->timer = table.id;
    wtl_tell(x, other, WTL_TAG("end"), NULL);
}

/* The name of a table, for whoever comes behind this one. */
void tell_of_ends(struct wtl_ctx *x, struct teller *teller)
{
    static const struct wtl_table_options named = {.name = "story.end"};
    note(teller, "%d", wtl_table_find(x, "story.end").id != 0);
    (void)make(x, teller, &named);
}
