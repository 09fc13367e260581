/*
 * service.c - a service that is no flow, as docs/FLOWS.md, docs/ACTORS.md and docs/TABLES.md have
 * it: a producer that starts a tree, a pool in it, and a table that outlives its owner.
 */
#include <wattle/module.h>
#include <wattle/wattle.h>

/* ---- a table, and who keeps it -------------------------------------------------------------- */

struct owner {
    struct wtl_table sessions;
};

static enum wtl_status keeper_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct owner *keeper = self;
    const struct wtl_table_options options = {
        .name = "sessions", .kind = WTL_TABLE_ORDERED, .ttl_ms = 60000, .full = WTL_TABLE_EVICT};
    (void)settings;
    (void)args;
    return wtl_table_create(x, &options, &keeper->sessions);
}

/* Who says "mine" gets the table, and it comes back when that one ends. */
static enum wtl_status keeper_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct owner *keeper = self;
    if (!wtl_is(message, "mine")) {
        return WTL_OK; /* "table_transfer": it is the keeper's again */
    }
    enum wtl_status status = wtl_table_set_heir(x, keeper->sessions, wtl_self(x), WTL_BYTES_NONE);
    return status == WTL_OK ? wtl_table_give(x, keeper->sessions, message->from, WTL_BYTES_NONE)
                            : status;
}

static WTL_ACTOR(keeper, struct owner, .summary = "Keeps the table of sessions.",
                 .init = keeper_init, .handle = keeper_handle);

/* ---- a pool --------------------------------------------------------------------------------- */

static enum wtl_status session_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    uint64_t *said = self;
    if (wtl_is(message, "say")) {
        wtl_replyf(x, message, "said=%ju", ++*said);
    }
    return wtl_is(message, "leave") ? WTL_STOP : WTL_OK;
}

static WTL_ACTOR(session, uint64_t, .summary = "One who has entered.", .handle = session_handle);

static enum wtl_status on_entered(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                  void *context)
{
    struct owner *door = self;
    const struct wtl_from *from = context;
    struct wtl_writer body;
    enum wtl_status status = answer->status; /* WTL_FULL: children_max are there */
    if (status == WTL_OK) {
        status = wtl_table_insert(x, door->sessions, WTL_BYTES_U64(answer->pid.local),
                                  WTL_BYTES_STR("entered"));
    }
    (void)wtl_message_open(x, &body, 32);
    wtl_putf(&body, "local=%ju", answer->pid.local);
    wtl_reply_error_to(x, *from, status, &body);
    return WTL_OK;
}

static enum wtl_status door_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    return wtl_tell_name(x, "keeper", WTL_TAG("mine"), NULL);
}

static enum wtl_status door_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct owner *door = self;
    if (wtl_is(message, "table_transfer")) {
        door->sessions = wtl_table_find(x, "sessions");
    } else if (wtl_is(message, "enter")) {
        struct wtl_from from = wtl_defer(x, message);
        (void)wtl_supervisor_add(x, wtl_whereis_local(x, "pool"), &(struct wtl_child){0},
                                 &(struct wtl_call_options){.on_answer = on_entered,
                                                            .context = &from,
                                                            .context_size = sizeof from});
    }
    return WTL_OK;
}

static WTL_ACTOR(door, struct owner, .summary = "Lets people in.", .init = door_init,
                 .handle = door_handle);

/* ---- the tree ------------------------------------------------------------------------------- */

static enum wtl_status service_init(struct wtl_ctx *x, void *self, const void *settings,
                                    const struct wtl_msg *args)
{
    (void)self;
    (void)settings;
    (void)args;
    (void)wtl_monitor_name(x, "service"); /* the tree of a life before, whose names are taken */
    return WTL_OK;
}

/* It has ended, or there was none. */
static enum wtl_status service_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    const struct wtl_child any_session = {.type = &session, .restart = WTL_TEMPORARY};
    const struct wtl_tree pool = {.strategy = WTL_SIMPLE_ONE_FOR_ONE,
                                  .children = &any_session,
                                  .children_count = 1,
                                  .children_max = 2};
    const struct wtl_child children[] = {
        {.id = "keeper", .type = &keeper, .name = "keeper"},
        {.id = "pool", .tree = &pool, .name = "pool"},
        {.id = "door",
         .type = &door,
         .name = "door",
         .backoff = {.first_ms = 200, .max_ms = 10000},
         .progress_ms = 2000},
    };
    const struct wtl_tree tree = {.strategy = WTL_REST_FOR_ONE,
                                  .children = children,
                                  .children_count = sizeof children / sizeof children[0]};
    (void)self;
    (void)down;
    (void)wtl_supervise(x, &tree, &(struct wtl_spawn_options){.name = "service", .link = true});
    return WTL_OK;
}

static WTL_ACTOR(service, char, .summary = "Starts the service.", .kind = WTL_PRODUCER,
                 .init = service_init, .down = service_down);

static WTL_ACTOR(nobody, char, .summary = "Takes what never comes.", .kind = WTL_CONSUMER);

WTL_MODULE("service", "0.1.0", "A service that is no flow.", &service, &nobody, &keeper, &door,
           &session);
