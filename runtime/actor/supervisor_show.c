/*
 * supervisor_show.c - what supervisors answer about themselves: lists, counts, history.
 *
 * Thread: the holder of the run token; the inspection of a supervisor runs on it (WTL__CONTROL).
 */
#include "actor/supervisor_private.h"

/* ---- lists --------------------------------------------------------------------------------- */

static const char *const state_words[] = {
    [WTL__MEMBER_DOWN] = "stopped",    [WTL__MEMBER_STARTING] = "starting",
    [WTL__MEMBER_RUNNING] = "running", [WTL__MEMBER_STOPPING] = "stopping",
    [WTL__MEMBER_ENDED] = "ended",     [WTL__MEMBER_RESTARTING] = "restarting",
};

const char *wtl__restart_word(enum wtl_restart restart)
{
    static const char *const words[] = {"permanent", "transient", "temporary"};
    return words[restart];
}

static void put_id(const struct wtl_child *spec, struct wtl_writer *body)
{
    if (spec->id != NULL) {
        wtl_put_strz(body, spec->id);
    } else {
        wtl_put_nil(body);
    }
}

static void put_members(const struct wtl__supervisor *sup, const struct wtl__list *list,
                        uint64_t node, struct wtl_writer *body)
{
    WTL_LIST_EACH (link, list) {
        const struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, order);
        wtl_put_array(body, 5);
        put_id(wtl__member_spec(sup, member), body);
        wtl_put_u64(body, member->local != 0 ? node : 0);
        wtl_put_u64(body, member->local);
        wtl_put_strz(body, state_words[member->state]);
        wtl_put_u64(body, member->restarts);
    }
}

void wtl__supervisor_put_list(const struct wtl__supervisor *sup, uint64_t node,
                              struct wtl_writer *body)
{
    wtl_put_array(body, sup->members);
    put_members(sup, &sup->order, node, body);
    put_members(sup, &sup->leaving, node, body);
}

void wtl__supervisor_put_child(const struct wtl__supervisor *sup, const struct wtl__member *member,
                               uint64_t node, struct wtl_writer *body)
{
    const struct wtl_child *spec = wtl__member_spec(sup, member);
    wtl_put_map(body, 10);
    WTL_PUT_KEY(body, "id");
    put_id(spec, body);
    WTL_PUT_KEY(body, "pid");
    wtl_put_array(body, 2);
    wtl_put_u64(body, member->local != 0 ? node : 0);
    wtl_put_u64(body, member->local);
    WTL_PUT_KEY(body, "state");
    wtl_put_strz(body, state_words[member->state]);
    WTL_PUT_KEY(body, "restarts");
    wtl_put_u64(body, member->restarts);
    WTL_PUT_KEY(body, "type");
    wtl_put_strz(body, spec->tree != NULL ? wtl__supervisor.name : spec->type->name);
    WTL_PUT_KEY(body, "kind");
    wtl_put_strz(body, spec->tree != NULL ? "supervisor" : "worker");
    WTL_PUT_KEY(body, "restart");
    wtl_put_strz(body, wtl__restart_word(spec->restart));
    WTL_PUT_KEY(body, "significant");
    wtl_put_bool(body, spec->significant);
    WTL_PUT_KEY(body, "shutdown_ms");
    wtl_put_u64(body, wtl__shutdown_ms(spec));
    WTL_PUT_KEY(body, "progress_ms");
    wtl_put_u64(body, spec->progress_ms);
}

struct count {
    uint32_t active;
    uint32_t supervisors;
};

static void count_members(const struct wtl__supervisor *sup, const struct wtl__list *list,
                          struct count *count)
{
    WTL_LIST_EACH (link, list) {
        const struct wtl__member *member = WTL_LIST_ITEM(link, struct wtl__member, order);
        count->active += member->local != 0;
        count->supervisors += wtl__member_spec(sup, member)->tree != NULL;
    }
}

void wtl__supervisor_put_count(const struct wtl__supervisor *sup, struct wtl_writer *body)
{
    struct count count = {0};
    count_members(sup, &sup->order, &count);
    count_members(sup, &sup->leaving, &count);
    wtl_put_map(body, 4);
    WTL_PUT_KEY(body, "specs");
    wtl_put_u64(body, sup->pool != NULL ? 1 : sup->members);
    WTL_PUT_KEY(body, "active");
    wtl_put_u64(body, count.active);
    WTL_PUT_KEY(body, "supervisors");
    wtl_put_u64(body, count.supervisors);
    WTL_PUT_KEY(body, "workers");
    wtl_put_u64(body, sup->members - count.supervisors);
}

/* ---- inspection ---------------------------------------------------------------------------- */

/* The state of a supervisor that has begun, or NULL. */
static const struct wtl__supervisor *state_of(const struct wtl__cell *cell)
{
    bool is_one = (cell->flags & WTL__CELL_SUPERVISOR) != 0 && cell->state != NULL;
    const struct wtl__supervisor *sup = is_one ? cell->state : NULL;
    return sup != NULL && sup->order.head.next != NULL ? sup : NULL;
}

enum wtl_status wtl__supervisor_tree(const struct wtl__runtime *runtime,
                                     const struct wtl__cell *cell, struct wtl_writer *body)
{
    const struct wtl__supervisor *sup = state_of(cell);
    if (sup == NULL) {
        return WTL_UNSUPPORTED;
    }
    wtl__supervisor_put_list(sup, runtime->node, body);
    return body->failed ? WTL_TOO_LARGE : WTL_OK;
}

enum wtl_status wtl__supervisor_history(const struct wtl__runtime *runtime,
                                        const struct wtl__cell *cell, struct wtl_writer *body)
{
    const struct wtl__supervisor *sup = state_of(cell);
    if (sup == NULL) {
        return WTL_UNSUPPORTED;
    }
    uint64_t now_ms = runtime->host->now_ns((struct wtl__runtime *)(uintptr_t)runtime) / 1000000;
    uint32_t count = sup->history == NULL               ? 0
                     : sup->restarts < WTL__HISTORY_MAX ? sup->restarts
                                                        : WTL__HISTORY_MAX;
    wtl_put_array(body, count);
    for (uint32_t i = 1; i <= count; i++) {
        const struct wtl__restarted *slot = &sup->history[(sup->restarts - i) % WTL__HISTORY_MAX];
        char text[40];
        wtl_put_array(body, 3);
        wtl_put_u64(body, now_ms - slot->at_ms);
        wtl_put_strz(body, slot->id);
        wtl_put_strz(body, wtl_reason_text(slot->reason, text));
    }
    return body->failed ? WTL_TOO_LARGE : WTL_OK;
}
