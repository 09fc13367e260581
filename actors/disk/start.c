/* start.c - how disk.table begins: its settings, its table, and what the file has for it. See
 * table.h. */
#include <stdio.h>

#include "sqlite/connection.h"
#include "table.h"

const struct wtl_field table_fields[] = {
    WTL_FIELD(struct settings, name, STR, NULL, NULL,
              "What the table is called on its node, and who changes it."),
    WTL_FIELD(struct settings, path, STR, NULL, NULL,
              "The SQLite file, made when it is not there; of no other disk.table."),
    WTL_FIELD(struct settings, sync, STR, "full", NULL,
              "full: what was acknowledged survives a loss of power. normal: the last changes may "
              "be lost. off: the file may be damaged."),
    WTL_FIELD(struct settings, ordered, BOOL, "false", NULL, "Walks meet keys in their order."),
    WTL_FIELD(struct settings, full, STR, "refuse", NULL,
              "What happens over bytes_max: refuse, or evict what was not used for long."),
    WTL_FIELD(struct settings, bytes_max, BYTES, "64MiB", "bytes", "What the table may hold."),
    WTL_FIELD(struct settings, ttl_ms, DURATION_MS, "0ms", "ms",
              "How long an entry stays that does not say itself; 0ms: for ever."),
    {0},
};

/* ---- settings ------------------------------------------------------------------------------ */

static enum wtl_status complain_of_settings(struct wtl_ctx *x, const char *expected,
                                            const char *found)
{
    char line[200];
    (void)snprintf(line, sizeof line, "settings: expected %s, found \"%.60s\"", expected, found);
    wtl_log(x, WTL_LOG_ERROR, line);
    return WTL_CONFIG;
}

static enum wtl_status read_settings(struct wtl_ctx *x, struct state *state)
{
    static const char *const syncs[] = {"off", "normal", "full"};
    const struct settings *settings = state->settings;
    size_t path_size = strlen(settings->path);
    unsigned sync = 0;
    if (path_size == 0 || path_size > SQL_PATH_MAX) {
        return complain_of_settings(x, "a path of 1 to 1023 bytes", settings->path);
    }
    while (sync < 3 && strcmp(syncs[sync], settings->sync) != 0) {
        sync++;
    }
    if (sync == 3) {
        return complain_of_settings(x, "sync to be full, normal or off", settings->sync);
    }
    state->sync = (enum disk_sync)sync;
    state->evicts = strcmp(settings->full, "evict") == 0;
    if (!state->evicts && strcmp(settings->full, "refuse") != 0) {
        return complain_of_settings(x, "full to be refuse or evict", settings->full);
    }
    return settings->bytes_max > 0 ? WTL_OK
                                   : complain_of_settings(x, "a bytes_max of 1 or more", "0");
}

static enum wtl_status create_tables(struct wtl_ctx *x, struct state *state)
{
    const struct settings *settings = state->settings;
    struct wtl_table_options options = {
        .name = settings->name,
        .kind = settings->ordered ? WTL_TABLE_ORDERED : WTL_TABLE_SET,
        .full = state->evicts ? WTL_TABLE_EVICT : WTL_TABLE_REFUSE,
        .bytes_max = (uint64_t)settings->bytes_max,
    };
    enum wtl_status status = wtl_table_create(x, &options, &state->table);
    if (status == WTL_EXISTS) {
        (void)complain_of_settings(x, "the name of no other table", settings->name);
    } else if (status == WTL_INVALID) {
        return complain_of_settings(x, "a name of a-z, 0-9 and . _ - of at most 63 bytes",
                                    settings->name);
    }
    if (status == WTL_OK) {
        status = wtl_table_create(x, &(struct wtl_table_options){.access = WTL_TABLE_PRIVATE},
                                  &state->overlay);
    }
    return status;
}

/* ---- what the file has --------------------------------------------------------------------- */

static void load(struct wtl_ctx *x, struct state *state)
{
    struct wtl_call_options options;
    (void)wtl_call(x, state->file, WTL_TAG("read"), NULL,
                   table_answered_by(&options, start_loaded));
}

enum wtl_status start_opened(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                             void *context)
{
    struct state *state = self;
    (void)context;
    if (state->stopping) {
        return WTL_OK;
    }
    if (answer->status != WTL_OK) {
        (void)table_complain(x, state, answer->status, &answer->message);
        return answer->status;
    }
    load(x, state);
    return table_take_facts(x, state, &answer->message);
}

enum wtl_status start_fill(struct wtl_ctx *x, struct state *state)
{
    struct wtl_reader changes = wtl_reader_over(state->found, state->found_size);
    enum wtl_status status = batch_apply(x, state, changes, &state->batch.applied);
    if (status == WTL_BUSY) {
        return table_apply_later(x);
    }
    if (status == WTL_FULL || status == WTL_TOO_LARGE) {
        (void)complain_of_settings(
            x, "a bytes_max that has room for what is in the file, or full=evict",
            state->settings->path);
        return WTL_CONFIG;
    }
    wtl_free(x, state->found);
    state->found = NULL;
    state->found_size = 0;
    state->batch.applied = 0;
    if (status == WTL_OK) {
        load(x, state);
    }
    return status;
}

enum wtl_status start_loaded(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                             void *context)
{
    struct state *state = self;
    struct wtl_call_options options;
    struct wtl_reader reader = wtl_read(&answer->message);
    size_t size = 0;
    (void)context;
    if (state->stopping) {
        return WTL_OK;
    }
    if (answer->status != WTL_OK) {
        (void)table_complain(x, state, answer->status, &answer->message);
        return answer->status;
    }
    (void)wtl_get_array(&reader);
    const void *rows = wtl_get_bin(&reader, &size);
    if (size == 0) {
        wtl_register(x, state->settings->name, WTL_LOCAL, table_answered_by(&options, start_named));
        return WTL_OK;
    }
    state->found = wtl_alloc(x, size);
    if (state->found == NULL) {
        return WTL_NO_MEMORY;
    }
    memcpy(state->found, rows, size);
    state->found_size = (uint32_t)size;
    return start_fill(x, state);
}

enum wtl_status start_named(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                            void *context)
{
    struct state *state = self;
    (void)context;
    if (state->stopping) {
        return WTL_OK;
    }
    if (answer->status != WTL_OK) {
        (void)complain_of_settings(x, "the name of no other actor", state->settings->name);
        return answer->status;
    }
    state->phase = IDLE;
    wtl_done(x, WTL_OK);
    table_go_on(x, state, true);
    return WTL_OK;
}

/* Ready when the table is filled, and has its name. */
enum wtl_status start_init(struct wtl_ctx *x, void *self, const void *settings,
                           const struct wtl_msg *args)
{
    struct state *state = self;
    struct wtl_call_options options;
    struct wtl_writer body;
    (void)args;
    state->settings = settings;
    enum wtl_status status = read_settings(x, state);
    if (status == WTL_OK) {
        status = create_tables(x, state);
    }
    if (status != WTL_OK) {
        return status;
    }
    (void)wtl_message_open(x, &body, 64);
    wtl_putf(&body, "path=%s sync=%u", state->settings->path, (unsigned)state->sync);
    state->file = wtl_spawn(x, &file, &(struct wtl_spawn_options){.args = &body, .monitor = true});
    (void)wtl_call(x, state->file, WTL_TAG("open"), NULL,
                   table_answered_by(&options, start_opened));
    return WTL_LATER;
}
