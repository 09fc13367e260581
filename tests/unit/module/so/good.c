/* good.c - a module as it should be: it counts, replies, and uses formats, memory and strings. */
#include <stdio.h>

/* It says what it needs: also a node of the first minor number runs it. */
#define WTL_MODULE_ABI_MINOR 0
#include <wattle/module.h>
#include <wattle/wattle.h>

struct counter_settings {
    int64_t start;
    const char *word;
};

struct counter {
    uint64_t count;
    char word[32];
};

static const struct wtl_field counter_fields[] = {
    WTL_FIELD(struct counter_settings, start, I64, "40", NULL, "What it counts from."),
    WTL_FIELD(struct counter_settings, word, STR, "word", NULL, "What it says."),
    {0},
};

static enum wtl_status counter_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    const struct counter_settings *own = settings;
    struct counter *counter = self;
    (void)x;
    (void)args;
    counter->count = (uint64_t)own->start;
    (void)snprintf(counter->word, sizeof counter->word, "%s", own->word);
    return WTL_OK;
}

/* Counts in a table that it shares with all others. */
static enum wtl_status count_in_table(struct wtl_ctx *x, const struct wtl_msg *message)
{
    static const struct wtl_table_options options = {.name = "counts", .access = WTL_TABLE_PUBLIC};
    enum wtl_status status = WTL_OK;
    int64_t sum = 0;
    if (!WTL_HAS(x->api, tables)) {
        wtl_reply_error(x, message, WTL_UNSUPPORTED, NULL);
        return WTL_OK;
    }
    struct wtl_table table = wtl_table_find(x, options.name);
    if (table.id == 0) {
        status = wtl_table_create(x, &options, &table);
    }
    if (status == WTL_OK) {
        status = wtl_table_add(x, table, WTL_BYTES_STR("all"), 1, 100, &sum);
    }
    if (status != WTL_OK) {
        wtl_reply_error(x, message, status, NULL);
        return WTL_OK;
    }
    wtl_replyf(x, message, "%ld", (long)sum);
    return WTL_OK;
}

static enum wtl_status counter_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct counter *counter = self;
    unsigned add;
    if (wtl_is(message, "table")) {
        return count_in_table(x, message);
    }
    if (wtl_getf(message, "%u", &add) != WTL_OK) {
        wtl_reply_error(x, message, WTL_BAD_PAYLOAD, NULL);
        return WTL_OK;
    }
    counter->count += add;
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 32);
    wtl_put_u64(&body, counter->count);
    wtl_reply(x, message, &body);
    return WTL_OK;
}

static WTL_ACTOR(counter, struct counter, .summary = "counts", .fields = counter_fields,
                 .settings_size = sizeof(struct counter_settings), .init = counter_init,
                 .handle = counter_handle);
static WTL_ACTOR(idle, char, .summary = "does nothing");

WTL_MODULE("good", "1.2.3", "A module as it should be.", &counter, &idle);
