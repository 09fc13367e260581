/* inspect_node.c - `node show`: what a node holds, what it has turned away, and how often. */
#include "node/inspect_job.h"

#include "base/cap.h"
#include "certs/identity.h"

static const struct wtl__column node_columns[] = {
    {"NODE", WTL__COLUMN_TEXT, false},
    {"LAYER", WTL__COLUMN_TEXT, false},
    {"ACTORS", WTL__COLUMN_COUNT, false},
    {"MEMORY", WTL__COLUMN_BYTES, false},
    {"MEMORY-MAX", WTL__COLUMN_BYTES, false},
    {"MEMORY-STATE", WTL__COLUMN_TEXT, false},
    {"SHED", WTL__COLUMN_COUNT, false},
    {"REFUSED", WTL__COLUMN_COUNT, false},
    {"SPAWNED", WTL__COLUMN_COUNT, false},
    {"CRASHED", WTL__COLUMN_COUNT, false},
    {"RESTARTS", WTL__COLUMN_COUNT, false},
    {"DROPPED-FULL", WTL__COLUMN_COUNT, false},
    {"DROPPED-NOPROC", WTL__COLUMN_COUNT, false},
    {"DROPPED-REMOTE", WTL__COLUMN_COUNT, false},
    {"DROPPED-MEMORY", WTL__COLUMN_COUNT, false},
    {"REPLACED", WTL__COLUMN_COUNT, false},
    {"LATE-REPLIES", WTL__COLUMN_COUNT, false},
    {"STALE", WTL__COLUMN_COUNT, false},
    {"EXPIRED", WTL__COLUMN_COUNT, false},
};

static const char *scarcity_word(const struct wtl__cap_stats *memory)
{
    static const char *const words[] = {
        [WTL__SCARCE_NOT] = "ok", [WTL__SCARCE_SHED] = "sheds", [WTL__SCARCE_REFUSE] = "refuses"};
    return memory->max_bytes == 0 ? "no cap" : words[memory->scarcity];
}

void wtl__inspect_node(struct wtl_ctx *x, struct wtl__inspect *self, struct wtl__inspect_job *job)
{
    static const enum wtl__counter counters[] = {
        WTL__COUNT_SPAWNED,        WTL__COUNT_CRASHED,        WTL__COUNT_RESTARTS,
        WTL__COUNT_DROPPED_FULL,   WTL__COUNT_DROPPED_NOPROC, WTL__COUNT_DROPPED_REMOTE,
        WTL__COUNT_DROPPED_MEMORY, WTL__COUNT_REPLACED,       WTL__COUNT_LATE_REPLIES,
        WTL__COUNT_STALE,          WTL__COUNT_EXPIRED};
    const struct wtl__runtime *runtime = wtl__ctx_of(x)->runtime;
    struct wtl__cap_stats memory = wtl__cap_stats();
    struct wtl_writer reply;
    (void)wtl_message_open(x, &reply, 1024);
    wtl__reply_begin(&reply, WTL__SHAPE_RECORD, node_columns, WTL_COUNT(node_columns), 1, 1);
    wtl_put_array(&reply, WTL_COUNT(node_columns));
    wtl_put_strz(&reply, self->config->name);
    wtl_put_strz(&reply, wtl_layer_name(self->config->layer));
    wtl_put_u64(&reply, wtl__cells_live(&runtime->cells));
    wtl_put_u64(&reply, memory.held_bytes);
    wtl_put_u64(&reply, memory.max_bytes);
    wtl_put_strz(&reply, scarcity_word(&memory));
    wtl_put_u64(&reply, memory.refused[WTL__NEED_MESSAGE]);
    wtl_put_u64(&reply, memory.refused[WTL__NEED_ACTOR] + memory.refused[WTL__NEED_RUNTIME]);
    for (size_t i = 0; i < WTL_COUNT(counters); i++) {
        wtl_put_u64(&reply, wtl__counted(runtime, counters[i]));
    }
    wtl__job_reply(x, self, job, &reply);
}
