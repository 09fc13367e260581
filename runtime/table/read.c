/* read.c - everything that reads a table. See table.h. */
#include "table/table_private.h"

/* Entries that one section looks at, whether they match or not. */
#define LOOKS_MAX 128u

/* It was used: see wtl__ages_oldest. Written once until somebody looks, so that readers of one
 * entry do not take it from each other. */
static void note_use(const struct wtl__table *table, struct wtl__entry *entry)
{
    if (table->evicts &&
        (atomic_load_explicit(&entry->marks, memory_order_relaxed) & WTL__ENTRY_USED) == 0) {
        atomic_fetch_or_explicit(&entry->marks, WTL__ENTRY_USED, memory_order_relaxed);
    }
}

static struct wtl__entry *find(struct wtl__table *table, struct wtl__key key)
{
    struct wtl__store *store = wtl__table_store(table);
    struct wtl__spot spot;
    store->calls->find(store, key, &spot);
    if (spot.entry == NULL || wtl__table_is_over(table, spot.entry)) {
        return NULL;
    }
    note_use(table, spot.entry);
    return spot.entry;
}

enum wtl_status wtl__table_lookup(struct wtl__table *table, struct wtl__key key,
                                  struct wtl_writer *into)
{
    struct wtl__entry *entry = find(table, key);
    if (entry == NULL) {
        return WTL_NOT_FOUND;
    }
    if (into != NULL) {
        struct wtl_bytes value = wtl__entry_value(entry);
        wtl_put_raw(into, value.bytes, value.size);
        return into->failed ? WTL_TOO_LARGE : WTL_OK;
    }
    return WTL_OK;
}

enum wtl_status wtl__table_borrow(struct wtl__table *table, struct wtl__key key,
                                  struct wtl__holds *holds, struct wtl_reader *value_out,
                                  uint32_t *bit_out)
{
    struct wtl__entry *entry = find(table, key);
    if (entry == NULL) {
        return WTL_NOT_FOUND;
    }
    *bit_out = wtl__hold(holds, entry);
    *value_out = wtl__table_value_of(entry);
    return *bit_out != 0 ? WTL_OK : WTL_FULL;
}

struct wtl_reader wtl__table_key_of(const struct wtl__entry *entry)
{
    return wtl_reader_over(entry->bytes, entry->key_size);
}

struct wtl_reader wtl__table_value_of(const struct wtl__entry *entry)
{
    struct wtl_bytes value = wtl__entry_value(entry);
    return wtl_reader_over(value.bytes, value.size);
}

/* ---- walking ------------------------------------------------------------------------------ */

static struct wtl__key cursor_key(const struct wtl_table_cursor *cursor)
{
    return (struct wtl__key){cursor->key, cursor->size};
}

static void move_cursor(struct wtl_table_cursor *cursor, const struct wtl__entry *entry)
{
    struct wtl__key key = wtl__entry_key(entry);
    cursor->size = key.size;
    memcpy(cursor->key, key.bytes, key.size);
}

/* A step while it is made. */
struct step {
    struct wtl__table *table;
    struct wtl__entry *found;
};

static bool visit_step(void *context, struct wtl__entry *entry)
{
    struct step *step = context;
    if (!wtl__table_is_over(step->table, entry)) {
        step->found = entry;
    }
    return step->found == NULL;
}

enum wtl_status wtl__table_step(struct wtl__table *table, struct wtl_table_cursor *cursor,
                                bool backwards)
{
    struct wtl__store *store = wtl__table_store(table);
    struct step step = {.table = table};
    struct wtl__key at = cursor_key(cursor);
    if (!backwards) {
        if (!store->calls->walk(store, at, false, visit_step, &step)) {
            return WTL_NO_MEMORY;
        }
    } else if (store->calls->before == NULL) {
        return WTL_UNSUPPORTED;
    } else {
        struct wtl__entry *entry;
        while ((entry = store->calls->before(store, at)) != NULL && visit_step(&step, entry)) {
            at = wtl__entry_key(entry);
        }
    }
    if (step.found == NULL) {
        return WTL_NOT_FOUND;
    }
    move_cursor(cursor, step.found);
    return WTL_OK;
}

/* ---- selecting ---------------------------------------------------------------------------- */

/* A select within one section. */
struct looking {
    struct wtl__table *table;
    struct wtl__select *select;
    struct wtl__holds *holds;
    bool in_order;
    uint32_t looks; /* that are left in this section */
    enum wtl_status status;
};

/* Below 0: not yet; 0: it matches, or might with its prefix; above 0: nothing from here on does. A
 * hashed store is in no order: there it is 0 or below. */
static int place_of(const struct looking *looking, struct wtl__key key)
{
    const struct wtl__select *select = looking->select;
    int behind = looking->in_order ? 1 : -1;
    if (select->from.size > 0 && wtl__key_compare(key, select->from) < 0) {
        return -1;
    }
    if (select->below.size > 0 && wtl__key_compare(key, select->below) >= 0) {
        return behind;
    }
    if (select->prefix.size > 0 && !wtl__key_has_prefix(key, select->prefix)) {
        return wtl__key_compare(key, select->prefix) < 0 ? -1 : behind;
    }
    return 0;
}

static bool visit_look(void *context, struct wtl__entry *entry)
{
    struct looking *looking = context;
    struct wtl__select *select = looking->select;
    if (looking->looks == 0 || select->limit == 0 || select->count == WTL__TABLE_CHUNK) {
        looking->status = WTL_MORE;
        return false;
    }
    int place = place_of(looking, wtl__entry_key(entry));
    if (place > 0) {
        return false;
    }
    if (place == 0 && !wtl__table_is_over(looking->table, entry)) {
        uint32_t bit = wtl__hold(looking->holds, entry);
        if (bit == 0) {
            looking->status = select->count > 0 ? WTL_MORE : WTL_FULL;
            return false;
        }
        note_use(looking->table, entry);
        select->bits[select->count] = bit;
        select->entries[select->count++] = entry;
    }
    looking->looks--;
    select->limit--;
    move_cursor(select->cursor, entry);
    return true;
}

/* Where an ordered store has to begin: behind the cursor, and not before the conditions. */
static struct wtl__key begin_of(const struct wtl__select *select, bool *at_it_out)
{
    struct wtl__key begin = cursor_key(select->cursor);
    const struct wtl__key bounds[] = {select->from, select->prefix};
    *at_it_out = false;
    for (unsigned i = 0; i < WTL_COUNT(bounds); i++) {
        if (bounds[i].size > 0 && (begin.size == 0 || wtl__key_compare(bounds[i], begin) > 0)) {
            begin = bounds[i];
            *at_it_out = true;
        }
    }
    return begin;
}

enum wtl_status wtl__table_collect(struct wtl__table *table, struct wtl__select *select,
                                   struct wtl__holds *holds)
{
    struct wtl__store *store = wtl__table_store(table);
    struct looking looking = {.table = table,
                              .select = select,
                              .holds = holds,
                              .in_order = table->kind == WTL_TABLE_ORDERED,
                              .looks = LOOKS_MAX};
    bool at_it = false;
    struct wtl__key begin =
        looking.in_order ? begin_of(select, &at_it) : cursor_key(select->cursor);
    select->count = 0;
    if (!store->calls->walk(store, begin, at_it, visit_look, &looking)) {
        return WTL_NO_MEMORY;
    }
    return looking.status;
}
