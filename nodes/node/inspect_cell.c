/* inspect_cell.c - see inspect_cell.h. */
#include "node/inspect_cell.h"

#include "actor/supervisor_private.h"
#include "base/pool.h"
#include "process/proxy.h"

#define FIELDS_ALIVE 22u
/* Bytes of a name or type that are told; a module's own strings have any length. */
#define TEXT_MAX WTL_NAME_MAX

struct look {
    struct wtl__control control;
    struct wtl_pid asker;
    uint64_t local;
    uint64_t job;
    uint32_t index;
    bool deep;
};

/* ---- on the actor that is looked at ---------------------------------------------------------- */

static const char *state_word(const struct wtl__cell *cell)
{
    switch ((enum wtl__cell_state)cell->state_now) {
    case WTL__CELL_NEW:
        return "starting";
    case WTL__CELL_STOPPING:
    case WTL__CELL_DEAD:
        return "stopping";
    case WTL__CELL_FREE:
    case WTL__CELL_LIVE:
        break;
    }
    return (cell->flags & WTL__CELL_ENDING) != 0      ? "stopping"
           : (cell->flags & WTL__CELL_INITING) != 0   ? "starting"
           : (cell->flags & WTL__CELL_SUSPENDED) != 0 ? "suspended"
           : (cell->flags & WTL__CELL_UPGRADING) != 0 ? "upgrading"
           : (cell->flags & WTL__CELL_PARKED) != 0    ? "blocked"
           : (cell->flags & WTL__CELL_HELD) != 0      ? "waiting"
                                                      : "live";
}

static const char *strategy_word(enum wtl_strategy strategy)
{
    static const char *const words[] = {
        [WTL_ONE_FOR_ONE] = "one_for_one",
        [WTL_ONE_FOR_ALL] = "one_for_all",
        [WTL_REST_FOR_ONE] = "rest_for_one",
        [WTL_SIMPLE_ONE_FOR_ONE] = "simple_one_for_one",
    };
    return (unsigned)strategy < WTL_COUNT(words) ? words[strategy] : "";
}

static void put_text(struct wtl_writer *body, const char *text)
{
    wtl_put_str(body, text != NULL ? text : "", text != NULL ? strnlen(text, TEXT_MAX) : 0);
}

struct ties {
    uint64_t counts[WTL__TIE_KEPT + 1];
    uint32_t listed;
    struct wtl_writer *body; /* NULL: they are only counted */
};

static const char *tie_word(enum wtl__tie kind)
{
    return kind == WTL__TIE_LINK      ? "link"
           : kind == WTL__TIE_MONITOR ? "monitor"
           : kind == WTL__TIE_WATCHER ? "watcher"
                                      : NULL;
}

static void visit_tie(struct wtl__envelope *tie, void *context)
{
    struct ties *ties = context;
    enum wtl__tie kind = wtl__tie_of(tie);
    const char *word = tie_word(kind);
    bool over = kind == WTL__TIE_LINK && tie->msg.request != 0; /* unlinked, not yet acknowledged */
    if (kind <= WTL__TIE_KEPT && !over) {
        ties->counts[kind]++;
    }
    if (word == NULL || over || ties->listed >= WTL__LOOK_TIES_MAX) {
        return;
    }
    ties->listed++;
    if (ties->body != NULL) {
        wtl_put_array(ties->body, 3);
        put_text(ties->body, word);
        wtl_put_u64(ties->body, tie->msg.from.node);
        wtl_put_u64(ties->body, tie->msg.from.local);
    }
}

/* Puts what `list` writes, or an empty array when it is too large or there is none. */
static void put_list(struct wtl_writer *body, const struct wtl__runtime *runtime,
                     const struct wtl__cell *cell,
                     enum wtl_status (*list)(const struct wtl__runtime *runtime,
                                             const struct wtl__cell *cell, struct wtl_writer *body))
{
    uint8_t *room = wtl__pool_take(WTL__LOOK_CHILDREN_MAX);
    if (room != NULL) {
        struct wtl_writer writer = wtl_writer_over(room, WTL__LOOK_CHILDREN_MAX);
        if (list(runtime, cell, &writer) == WTL_OK) {
            wtl_put_raw(body, room, wtl_written(&writer));
            wtl__pool_give(room);
            return;
        }
        wtl__pool_give(room);
    }
    wtl_put_array(body, 0);
}

/* The state of a supervisor is read where it may be: by the holder of its run token. */
static void put_supervisor(struct wtl_writer *body, const struct wtl__runtime *runtime,
                           const struct wtl__cell *cell, bool deep)
{
    const struct wtl__supervisor *sup =
        (cell->flags & WTL__CELL_SUPERVISOR) != 0 ? cell->state : NULL;
    bool has_begun = sup != NULL && sup->order.head.next != NULL;
    put_text(body, has_begun ? strategy_word(sup->strategy) : NULL);
    wtl_put_u64(body, has_begun ? sup->intensity : 0);
    wtl_put_u64(body, has_begun ? sup->period_ms : 0);
    wtl_put_u64(body, has_begun ? sup->restarts : 0);
    if (has_begun) {
        put_list(body, runtime, cell, wtl__supervisor_tree);
    } else {
        wtl_put_array(body, 0);
    }
    if (has_begun && deep) {
        put_list(body, runtime, cell, wtl__supervisor_history);
    } else {
        wtl_put_array(body, 0);
    }
}

static void put_ties(struct wtl_writer *body, const struct wtl__cell *cell, bool deep)
{
    struct ties list = {.body = body};
    struct ties counted = {0};
    if (!deep) {
        wtl_put_array(body, 0);
        return;
    }
    wtl__ties_each(&cell->ties, visit_tie, &counted);
    wtl_put_array(body, counted.listed);
    wtl__ties_each(&cell->ties, visit_tie, &list);
}

static void put_cell(struct wtl_writer *body, const struct wtl__runtime *runtime,
                     const struct wtl__cell *cell, bool deep)
{
    struct ties ties = {0};
    uint32_t waiting = wtl__inbox_count(&cell->inbox) - cell->handled;
    wtl__ties_each(&cell->ties, visit_tie, &ties);
    put_text(body, cell->name);
    put_text(body, cell->type->name);
    put_text(body, state_word(cell));
    wtl_put_u64(body, waiting);
    wtl_put_u64(body, cell->mailbox_max);
    wtl_put_u64(body, cell->handled_total + cell->handled);
    wtl_put_u64(body, cell->memory_used + cell->type->state_size + cell->type->settings_size +
                          sizeof *cell);
    wtl_put_u64(body, ties.counts[WTL__TIE_LINK]);
    wtl_put_u64(body, ties.counts[WTL__TIE_MONITOR]);
    wtl_put_u64(body, ties.counts[WTL__TIE_WATCHER]);
    wtl_put_u64(body, ties.counts[WTL__TIE_ALARM]);
    wtl_put_u64(body, ties.counts[WTL__TIE_PENDING]);
    wtl_put_u64(body, cell->parent.node);
    wtl_put_u64(body, cell->parent.local);
    put_supervisor(body, runtime, cell, deep);
    put_ties(body, cell, deep);
    wtl_put_u64(body, wtl__proxy_process(cell));
}

/* Runs on the actor, or with no cell when it has ended. */
static void run_look(struct wtl__control *control, struct wtl__ctx *x, struct wtl__cell *cell)
{
    struct look *look = WTL_CONTAINER(control, struct look, control);
    struct wtl__runtime *runtime = x->runtime;
    struct wtl_writer body;
    /* a cell that is used again is another actor */
    bool is_alive = cell != NULL && wtl__cell_local(cell) == look->local;
    (void)wtl__message_open(&body, 256);
    wtl_put_array(&body, is_alive ? FIELDS_ALIVE + 3 : 3);
    wtl_put_u64(&body, look->job);
    wtl_put_u64(&body, look->index);
    wtl_put_u64(&body, look->local);
    if (is_alive) {
        put_cell(&body, runtime, cell, look->deep);
    }
    struct wtl__envelope *message = wtl__message_take(&body, WTL__LOCAL);
    struct wtl_pid asker = look->asker;
    wtl__pool_give(look);
    if (message != NULL) { /* without memory, the asker's deadline ends its waiting */
        message->msg.tag = WTL__TAG_LOOK;
        (void)wtl__deliver(runtime, x, asker, message);
    }
}

bool wtl__look(struct wtl__ctx *x, uint64_t local, uint64_t job, uint32_t index, bool deep)
{
    struct look *look = wtl__pool_take(sizeof *look);
    if (look == NULL) {
        return false;
    }
    *look = (struct look){.control.run = run_look,
                          .control.signal.msg.kind_ = WTL__CONTROL,
                          .asker = wtl__pid_of(x->runtime, x->cell),
                          .local = local,
                          .job = job,
                          .index = index,
                          .deep = deep};
    (void)wtl__deliver(x->runtime, x, (struct wtl_pid){.node = x->runtime->node, .local = local},
                       &look->control.signal);
    return true;
}

/* ---- on the asker -----------------------------------------------------------------------------
 */

static struct wtl__look_text get_text(struct wtl_reader *reader)
{
    struct wtl__look_text text = {0};
    text.text = wtl_get_str(reader, &text.size);
    return text;
}

/* Passes over an array whose elements are read later. */
static struct wtl_reader get_list(struct wtl_reader *reader, uint32_t *count_out)
{
    *count_out = wtl_get_array(reader);
    struct wtl_reader list = *reader;
    for (uint32_t i = 0; i < *count_out; i++) {
        wtl_skip(reader);
    }
    return list;
}

bool wtl__sight_read(const struct wtl_msg *message, struct wtl__sight *sight_out)
{
    struct wtl_reader reader = wtl_read(message);
    struct wtl__sight *sight = sight_out;
    memset(sight, 0, sizeof *sight);
    uint32_t fields = wtl_get_array(&reader);
    sight->job = wtl_get_u64(&reader);
    sight->index = (uint32_t)wtl_get_u64(&reader);
    sight->local = wtl_get_u64(&reader);
    if (fields != FIELDS_ALIVE + 3) {
        return fields == 3 && !reader.failed;
    }
    sight->is_alive = true;
    sight->name = get_text(&reader);
    sight->type = get_text(&reader);
    sight->state = get_text(&reader);
    sight->mailbox = wtl_get_u64(&reader);
    sight->mailbox_max = wtl_get_u64(&reader);
    sight->handled = wtl_get_u64(&reader);
    sight->memory_bytes = wtl_get_u64(&reader);
    sight->links = wtl_get_u64(&reader);
    sight->monitors = wtl_get_u64(&reader);
    sight->watchers = wtl_get_u64(&reader);
    sight->timers = wtl_get_u64(&reader);
    sight->calls = wtl_get_u64(&reader);
    sight->parent.node = wtl_get_u64(&reader);
    sight->parent.local = wtl_get_u64(&reader);
    sight->strategy = get_text(&reader);
    sight->intensity = wtl_get_u64(&reader);
    sight->period_ms = wtl_get_u64(&reader);
    sight->restarts = wtl_get_u64(&reader);
    sight->children = get_list(&reader, &sight->children_count);
    sight->history = get_list(&reader, &sight->history_count);
    sight->ties = get_list(&reader, &sight->ties_count);
    sight->process = wtl_get_u64(&reader);
    return !reader.failed;
}

struct wtl__sight_child wtl__sight_child(struct wtl_reader *children)
{
    struct wtl__sight_child child = {0};
    (void)wtl_get_array(children);
    if (children->at < children->end && *children->at == 0xc0) {
        wtl_get_nil(children);
    } else {
        child.id = get_text(children);
    }
    (void)wtl_get_u64(children); /* the node: this one */
    child.local = wtl_get_u64(children);
    child.state = get_text(children);
    child.restarts = wtl_get_u64(children);
    return child;
}
