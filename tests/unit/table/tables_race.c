/*
 * tables_race.c - tables of all kinds under everything at once on several workers: made, used,
 * given away, inherited and ended, while others write, read, borrow, walk and select. For the
 * thread sanitizer. Exit code 0: what was counted is right, and nothing is left.
 */
#include <wattle/table.h>

#include "../sched/program.h"

enum { USERS = 24, OWNERS = 6, TURNS = 150, CALLS = 20, KEYS = 64, BAG_KEYS = 4 };

static const struct wtl_table_options kinds[] = {
    {.kind = WTL_TABLE_SET, .access = WTL_TABLE_PUBLIC},
    {.kind = WTL_TABLE_ORDERED, .access = WTL_TABLE_PUBLIC},
    {.kind = WTL_TABLE_BAG, .access = WTL_TABLE_PUBLIC},
    {.kind = WTL_TABLE_DUPLICATE_BAG, .access = WTL_TABLE_PUBLIC},
    {.kind = WTL_TABLE_SET, .access = WTL_TABLE_PUBLIC, .full = WTL_TABLE_EVICT, .bytes_max = 4000},
    {.kind = WTL_TABLE_ORDERED,
     .access = WTL_TABLE_PUBLIC,
     .full = WTL_TABLE_EVICT,
     .bytes_max = 4000,
     .ttl_ms = 5},
    {.kind = WTL_TABLE_SET, .access = WTL_TABLE_PUBLIC, .ttl_ms = 2},
};

/* Tables that may be there: everybody looks. */
static _Atomic(uint64_t) known[16];
/* One that stays, for what is counted. */
static _Atomic(uint64_t) counts;

static struct wtl_table some(struct wtl_ctx *x)
{
    return (struct wtl_table){atomic_load(&known[wtl_random(x) % WTL_COUNT(known)])};
}

/* ---- users -------------------------------------------------------------------------------- */

/* Anything but a broken promise. */
static void expect(enum wtl_status status)
{
    WTL_ASSERT(status == WTL_OK || status == WTL_CLOSED || status == WTL_NOT_FOUND ||
               status == WTL_EXISTS || status == WTL_FULL || status == WTL_UNSUPPORTED ||
               status == WTL_BUSY || status == WTL_MORE || status == WTL_BAD_PAYLOAD ||
               status == WTL_DENIED);
}

/* Each value says the key that it is under. */
static bool on_entry(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                     void *context)
{
    uint64_t *seen = context;
    uint64_t number = wtl_get_u64(&key);
    WTL_ASSERT(!key.failed && number < KEYS);
    if (wtl_peek(&value) == WTL_PACK_ARRAY) {
        (void)wtl_get_array(&value);
    }
    WTL_ASSERT(wtl_get_u64(&value) == number);
    (*seen)++;
    return wtl_random(x) % 50 != 0;
}

static void read_some(struct wtl_ctx *x, struct wtl_table table, uint64_t key)
{
    struct wtl_table_cursor cursor = {.size = 0};
    struct wtl_table_match match = {.from = WTL_BYTES_U64(key), .limit = 40};
    struct wtl_reader value;
    uint8_t room[512];
    struct wtl_writer writer = wtl_writer_over(room, sizeof room);
    uint64_t seen = 0;
    switch (wtl_random(x) % 5) {
    case 0:
        expect(wtl_table_lookup(x, table, WTL_BYTES_U64(key), NULL));
        break;
    case 1:
        if (wtl_table_borrow(x, table, WTL_BYTES_U64(key), &value) == WTL_OK) {
            if (wtl_peek(&value) == WTL_PACK_ARRAY) {
                (void)wtl_get_array(&value);
            }
            WTL_ASSERT(wtl_get_u64(&value) == key);
        }
        break;
    case 2:
        expect(wtl_table_select(x, table, &match, &cursor, on_entry, &seen));
        break;
    case 3:
        for (int i = 0; i < 10 && wtl_table_next(x, table, &cursor) == WTL_OK; i++) {
        }
        expect(wtl_table_prev(x, table, &cursor));
        break;
    default:
        expect(wtl_table_lookup(x, table, WTL_BYTES_U64(key), &writer));
        break;
    }
}

static void write_some(struct wtl_ctx *x, struct wtl_table table, uint64_t key)
{
    switch (wtl_random(x) % 8) {
    case 0:
        expect(wtl_table_delete(x, table, WTL_BYTES_U64(key)));
        break;
    case 1:
        expect(wtl_table_take(x, table, WTL_BYTES_U64(key), NULL));
        break;
    case 2:
        expect(wtl_table_insert_new(x, table, WTL_BYTES_U64(key), WTL_BYTES_U64(key), 1));
        break;
    case 3:
        expect(
            wtl_table_swap(x, table, WTL_BYTES_U64(key), WTL_BYTES_U64(key), WTL_BYTES_U64(key)));
        break;
    case 4:
        expect(wtl_table_delete_value(x, table, WTL_BYTES_U64(key), WTL_BYTES_U64(key)));
        break;
    case 5:
        expect(wtl_random(x) % 16 == 0 ? wtl_table_clear(x, table) : WTL_OK);
        break;
    default:
        expect(wtl_table_insert_for(x, table, WTL_BYTES_U64(key), WTL_BYTES_U64(key),
                                    wtl_random(x) % 4));
        break;
    }
}

static enum wtl_status user_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t *turns = self;
    struct wtl_table all = {atomic_load(&counts)};
    (void)m;
    for (int i = 0; i < CALLS; i++) {
        struct wtl_table table = some(x);
        uint64_t key = wtl_random(x) % KEYS;
        if (wtl_random(x) % 2 == 0) {
            read_some(x, table, key);
        } else {
            write_some(x, table, key);
        }
        WTL_ASSERT(wtl_table_add(x, all, WTL_BYTES_U64(key % 4), 1, 0, NULL) == WTL_OK);
    }
    if (++*turns < TURNS) {
        WTL_ASSERT(program_send(x, wtl_self(x), WTL_TAG("go"), 0) == WTL_OK);
    } else {
        program_count();
    }
    return WTL_OK;
}

static WTL_ACTOR(user, uint64_t, .handle = user_handle);

/* ---- owners: a table each, which changes hands -------------------------------------------- */

static struct wtl_pid owners[OWNERS];
static _Atomic(uint64_t) heirs; /* the one who takes what is left */

static void publish(struct wtl_ctx *x, struct wtl_table table)
{
    atomic_store(&known[wtl_random(x) % WTL_COUNT(known)], table.id);
}

static struct wtl_table create_one(struct wtl_ctx *x)
{
    struct wtl_table_options options = kinds[wtl_random(x) % WTL_COUNT(kinds)];
    struct wtl_table table;
    if (wtl_random(x) % 4 == 0) {
        options.name = "the.one";
    }
    if (wtl_random(x) % 3 == 0) {
        options.heir = (struct wtl_pid){.node = wtl_self(x).node, .local = atomic_load(&heirs)};
    }
    enum wtl_status status = wtl_table_create(x, &options, &table);
    WTL_ASSERT(status == WTL_OK || status == WTL_EXISTS);
    if (status == WTL_OK) {
        publish(x, table);
    }
    return table;
}

/* A child makes a table and ends in the middle of its use; its heir may get it. */
static enum wtl_status child_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    (void)m;
    struct wtl_table table = create_one(x);
    for (uint64_t key = 0; table.id != 0 && key < KEYS; key++) {
        write_some(x, table, key);
    }
    return WTL_STOP;
}

static WTL_ACTOR(child, uint64_t, .handle = child_handle);

static enum wtl_status owner_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    uint64_t *turns = self;
    if (wtl_is(m, "table_transfer")) {
        return WTL_OK; /* it ends with this one, or is given on by nobody */
    }
    struct wtl_table table = create_one(x);
    if (table.id != 0) {
        for (uint64_t key = 0; key < KEYS; key++) {
            write_some(x, table, key);
        }
        if (wtl_random(x) % 2 == 0) {
            expect(wtl_table_give(x, table, owners[(wtl_random(x) % OWNERS)], WTL_BYTES_NONE) ==
                           WTL_OK
                       ? WTL_OK
                       : wtl_table_destroy(x, table));
        } else {
            expect(wtl_table_destroy(x, table));
        }
    }
    struct wtl_pid pid = wtl_spawn(x, &child, NULL);
    WTL_ASSERT(program_send(x, pid, WTL_TAG("go"), 0) == WTL_OK);
    (void)wtl_table_find(x, "the.one");
    if (++*turns < TURNS) {
        WTL_ASSERT(program_send(x, wtl_self(x), WTL_TAG("go"), 0) == WTL_OK);
    } else {
        program_count();
    }
    return WTL_OK;
}

static WTL_ACTOR(owner, uint64_t, .mailbox_max = WTL_MAILBOX_LIMIT, .handle = owner_handle);

/* ---- what is counted ---------------------------------------------------------------------- */

static bool on_count(struct wtl_ctx *x, struct wtl_reader key, struct wtl_reader value,
                     void *context)
{
    (void)x;
    (void)key;
    *(uint64_t *)context += wtl_get_u64(&value);
    return true;
}

static enum wtl_status keeper_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    (void)self;
    if (wtl_is(m, "begin")) {
        struct wtl_table_options options = {.access = WTL_TABLE_PUBLIC};
        struct wtl_table table;
        WTL_ASSERT(wtl_table_create(x, &options, &table) == WTL_OK);
        atomic_store(&counts, table.id);
        atomic_store(&heirs, wtl_self(x).local);
        program_count();
    } else if (wtl_is(m, "end")) {
        uint64_t sum = 0;
        struct wtl_table table = {atomic_load(&counts)};
        WTL_ASSERT(wtl_table_select(x, table, NULL, NULL, on_count, &sum) == WTL_OK);
        WTL_ASSERT(sum == (uint64_t)USERS * TURNS * CALLS);
        program_count();
    }
    return WTL_OK;
}

static WTL_ACTOR(keeper, uint64_t, .mailbox_max = WTL_MAILBOX_LIMIT, .handle = keeper_handle);

int main(void)
{
    program_begin(4, false);
    struct wtl_pid keeps = program_spawn(&keeper, NULL);
    WTL_ASSERT(program_tell(keeps, WTL_TAG("begin"), 0) == WTL_OK);
    program_wait(1);
    for (int i = 0; i < OWNERS; i++) {
        owners[i] = program_spawn(&owner, NULL);
    }
    for (int i = 0; i < OWNERS; i++) {
        WTL_ASSERT(program_tell(owners[i], WTL_TAG("go"), 0) == WTL_OK);
    }
    for (int i = 0; i < USERS; i++) {
        WTL_ASSERT(program_tell(program_spawn(&user, NULL), WTL_TAG("go"), 0) == WTL_OK);
    }
    program_wait(1 + OWNERS + USERS);
    WTL_ASSERT(program_tell(keeps, WTL_TAG("end"), 0) == WTL_OK);
    program_wait(2 + OWNERS + USERS);
    program_end("users and owners that have ended");
    return 0;
}
