/* inspect_show.c - `actor show`: all that is known about one actor. */
#include "node/inspect_job.h"

#include <inttypes.h>
#include <stdio.h>

/* Bytes of a list that is shown in one cell. */
#define LIST_TEXT_MAX 2048u

static const struct wtl__column show_columns[] = {
    {"PID", WTL__COLUMN_TEXT, false},           {"NAME", WTL__COLUMN_TEXT, false},
    {"TYPE", WTL__COLUMN_TEXT, false},          {"STATE", WTL__COLUMN_TEXT, false},
    {"PARENT", WTL__COLUMN_TEXT, false},        {"RESTARTS", WTL__COLUMN_COUNT, false},
    {"MAILBOX", WTL__COLUMN_COUNT, false},      {"MAILBOX-MAX", WTL__COLUMN_COUNT, false},
    {"HANDLED", WTL__COLUMN_COUNT, false},      {"MEMORY", WTL__COLUMN_BYTES, false},
    {"TIMERS", WTL__COLUMN_COUNT, false},       {"CALLS", WTL__COLUMN_COUNT, false},
    {"LINKS", WTL__COLUMN_TEXT, false},         {"MONITORS", WTL__COLUMN_TEXT, false},
    {"WATCHERS", WTL__COLUMN_TEXT, false},      {"STRATEGY", WTL__COLUMN_TEXT, false},
    {"INTENSITY", WTL__COLUMN_TEXT, false},     {"CHILDREN", WTL__COLUMN_COUNT, false},
    {"LAST-RESTARTS", WTL__COLUMN_TEXT, false}, {"PROCESS", WTL__COLUMN_PROCESS, false},
};

/* Text that grows up to a bound, for a list in one cell. */
struct list_text {
    char text[LIST_TEXT_MAX];
    size_t size;
    uint32_t more; /* elements that did not fit */
};

static void list_add(struct list_text *list, const char *text)
{
    size_t size = strlen(text);
    if (list->size + size + 24 > sizeof list->text) {
        list->more++;
        return;
    }
    list->size += (size_t)snprintf(list->text + list->size, sizeof list->text - list->size, "%s%s",
                                   list->size > 0 ? ", " : "", text);
}

static void put_list(struct wtl_writer *reply, struct list_text *list)
{
    if (list->more > 0) {
        list->size += (size_t)snprintf(list->text + list->size, sizeof list->text - list->size,
                                       ", and %u more", (unsigned)list->more);
    }
    if (list->size == 0) {
        wtl_put_nil(reply);
    } else {
        wtl_put_str(reply, list->text, list->size);
    }
}

static void put_ties(struct wtl_writer *reply, const struct wtl__inspect *self,
                     const struct wtl__sight *sight, struct wtl_pid here, const char *word,
                     uint64_t count)
{
    struct wtl_reader ties = sight->ties;
    struct list_text list = {0};
    char pid[WTL__PID_TEXT];
    uint64_t listed = 0;
    for (uint32_t i = 0; i < sight->ties_count; i++) {
        size_t size = 0;
        (void)wtl_get_array(&ties);
        const char *kind = wtl_get_str(&ties, &size);
        struct wtl_pid peer = {.node = wtl_get_u64(&ties)};
        peer.local = wtl_get_u64(&ties);
        if (kind != NULL && size == strlen(word) && memcmp(kind, word, size) == 0) {
            list_add(&list, wtl__any_pid_text(self, here, peer, pid));
            listed++;
        }
    }
    list.more += (uint32_t)(count > listed ? count - listed : 0);
    put_list(reply, &list);
}

static void put_history(struct wtl_writer *reply, const struct wtl__sight *sight)
{
    struct wtl_reader history = sight->history;
    struct list_text list = {0};
    for (uint32_t i = 0; i < sight->history_count; i++) {
        size_t id_size = 0;
        size_t reason_size = 0;
        char text[128];
        (void)wtl_get_array(&history);
        uint64_t age_ms = wtl_get_u64(&history);
        const char *id = wtl_get_str(&history, &id_size);
        const char *reason = wtl_get_str(&history, &reason_size);
        if (id != NULL && reason != NULL) {
            (void)snprintf(text, sizeof text, "%.*s %.*s %" PRIu64 ".%" PRIu64 "s ago",
                           (int)id_size, id, (int)reason_size, reason, age_ms / 1000,
                           age_ms % 1000 / 100);
            list_add(&list, text);
        }
    }
    put_list(reply, &list);
}

static void put_supervisor(struct wtl_writer *reply, const struct wtl__sight *sight)
{
    char text[64];
    wtl__put_look_text(reply, sight->strategy);
    if (sight->strategy.size == 0) {
        wtl_put_nil(reply);
        wtl_put_nil(reply);
    } else {
        (void)snprintf(text, sizeof text, "%" PRIu64 " restarts in %" PRIu64 "ms", sight->intensity,
                       sight->period_ms);
        wtl_put_strz(reply, text);
        wtl_put_u64(reply, sight->children_count);
    }
    put_history(reply, sight);
}

static void put_show(struct wtl_writer *reply, struct wtl_ctx *x, const struct wtl__inspect *self,
                     const struct wtl__sight *sight, int64_t restarts)
{
    struct wtl_pid here = wtl_self(x);
    char pid[WTL__PID_TEXT];
    wtl_put_array(reply, WTL_COUNT(show_columns));
    wtl_put_strz(reply, wtl__pid_text(self->config->name, sight->local, pid));
    wtl__put_look_text(reply, sight->name);
    wtl__put_look_text(reply, sight->type);
    wtl__put_look_text(reply, sight->state);
    if (wtl_pid_is_none(sight->parent)) {
        wtl_put_nil(reply);
    } else {
        wtl_put_strz(reply, wtl__any_pid_text(self, here, sight->parent, pid));
    }
    wtl__put_known(reply, restarts);
    const uint64_t numbers[] = {sight->mailbox,      sight->mailbox_max, sight->handled,
                                sight->memory_bytes, sight->timers,      sight->calls};
    for (size_t i = 0; i < WTL_COUNT(numbers); i++) {
        wtl_put_u64(reply, numbers[i]);
    }
    put_ties(reply, self, sight, here, "link", sight->links);
    put_ties(reply, self, sight, here, "monitor", sight->monitors);
    put_ties(reply, self, sight, here, "watcher", sight->watchers);
    put_supervisor(reply, sight);
    wtl__put_process(reply, sight);
}

static void show_done(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    struct wtl__gather *gather = &job->gather;
    struct wtl__sight sight;
    struct wtl_writer reply;
    if (gather->answers[0] == NULL) {
        wtl__job_refuse_busy(x, self, job, gather->locals[0]);
        return;
    }
    if (!wtl__sight_read(gather->answers[0], &sight) || !sight.is_alive) {
        wtl__job_refuse_ended(x, self, job, gather->locals[0]);
        return;
    }
    if (gather->count == 1 && job->timer != 0 && sight.parent.node == wtl_self(x).node &&
        sight.parent.local != 0) {
        wtl__gather_add(x, job, sight.parent.local,
                        false); /* it knows the restarts, if anybody does */
        if (gather->missing > 0) {
            return;
        }
    }
    struct wtl__restarts restarts = wtl__gather_restarts(x, job);
    (void)wtl_message_open(x, &reply, 1024);
    wtl__reply_begin(&reply, WTL__SHAPE_RECORD, show_columns, WTL_COUNT(show_columns), 1, 1);
    put_show(&reply, x, self, &sight, wtl__restarts_find(&restarts, sight.local));
    wtl_free(x, restarts.list);
    wtl__job_reply(x, self, job, &reply);
}

void wtl__inspect_show(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    uint64_t local = wtl__job_actor(x, self, job);
    if (local != 0) {
        wtl__gather_one(x, self, job, local, show_done);
    }
}
