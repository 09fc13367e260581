/* talkers.c - the actor that each node has. See talkers.h. */
#include <stdio.h>

#include "base/attr.h"
#include "seekers.h"
#include "talkers_private.h"

#define MONITORS_MAX 32u
#define LINKS_MAX    8u
#define FRIENDS_MAX  16u
#define SHARED       3u
#define FLIES        3u
/* Several of them fill more than one record, and the window is never reached. */
#define LARGE 24000u

struct friend
{
    struct wtl_pid pid;
    bool fly;
};

enum wish { NOT_HELD = 0, ASKED, HELD };

struct talker {
    struct ears ears;
    uint64_t number;
    char name[WTL_NAME_MAX + 1];
    enum wish own;
    enum wish shared[SHARED];
    uint64_t monitors[MONITORS_MAX]; /* refs without their down yet */
    uint32_t monitors_count;
    struct wtl_pid links[LINKS_MAX];
    uint32_t links_count;
    struct friend friends[FRIENDS_MAX]; /* whom it has found once, and who may be gone */
    uint32_t friends_count;
};

void talker_name(const char *node, char name_out[WTL_NAME_MAX + 1])
{
    (void)snprintf(name_out, WTL_NAME_MAX + 1, "talker.%.50s", node);
}

enum asked_kind { CALL = 1, WHEREIS_TALKER, WHEREIS_FLY, WHEREIS_SHARED, OWN, SHARED_0 };

struct asked {
    uint64_t kind; /* enum asked_kind, SHARED_0 + K for the names that all want */
};

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context);

/* ---- names ---------------------------------------------------------------------------------- */

static void name_of_shared(unsigned k, char out[WTL_NAME_MAX + 1])
{
    (void)snprintf(out, WTL_NAME_MAX + 1, "shared.%u", k);
}

static void ask_register(struct wtl_ctx *x, const char *name, uint64_t kind)
{
    struct asked asked = {.kind = kind};
    struct wtl_call_options options = {
        .on_answer = on_answer, .context = &asked, .context_size = sizeof asked};
    checks.calls++;
    wtl_register(x, name, WTL_GLOBAL, &options);
}

static void on_registered(struct wtl_ctx *x, struct talker *talker, uint64_t kind,
                          const struct wtl_answer *answer)
{
    char name[WTL_NAME_MAX + 1];
    enum wish *wish = kind == OWN ? &talker->own : &talker->shared[kind - SHARED_0];
    if (kind == OWN) {
        memcpy(name, talker->name, sizeof name);
    } else {
        name_of_shared((unsigned)(kind - SHARED_0), name);
    }
    if (answer->status == WTL_OK) {
        *wish = HELD;
        checks.registered++;
        model_name_held(talker_node(x), wtl_self(x), name);
        seek_name(talker_node(x)->world, wtl_self(x), name);
        return;
    }
    *wish = NOT_HELD;
    checks.taken++;
    if (kind == OWN) {
        (void)wtl_after(x, 1000, WTL_TAG("again"), NULL);
    }
}

/* Takes a name that all want, or gives it up. */
static void toggle(struct wtl_ctx *x, struct talker *talker)
{
    char name[WTL_NAME_MAX + 1];
    unsigned k = (unsigned)(wtl_random(x) % SHARED);
    name_of_shared(k, name);
    if (talker->shared[k] == NOT_HELD) {
        talker->shared[k] = ASKED;
        ask_register(x, name, SHARED_0 + k);
    } else if (talker->shared[k] == HELD && wtl_random(x) % 4 == 0) {
        talker->shared[k] = NOT_HELD;
        wtl_unregister(x, name, WTL_GLOBAL);
        model_name_gone(talker_node(x), wtl_self(x), name);
    }
}

/* After a split somebody else keeps it. */
static void on_name_lost(struct wtl_ctx *x, struct talker *talker, const struct wtl_msg *message)
{
    struct wtl_reader reader = wtl_read(message);
    char name[WTL_NAME_MAX + 1] = {0};
    size_t size = 0;
    const char *text = wtl_get_str(&reader, &size);
    memcpy(name, text, size <= WTL_NAME_MAX ? size : 0);
    checks.lost++;
    model_name_gone(talker_node(x), wtl_self(x), name);
    if (strcmp(name, talker->name) == 0) {
        talker->own = NOT_HELD;
        (void)wtl_after(x, 1000, WTL_TAG("again"), NULL);
    }
    for (unsigned k = 0; k < SHARED; k++) {
        char shared[WTL_NAME_MAX + 1];
        name_of_shared(k, shared);
        if (strcmp(name, shared) == 0) {
            talker->shared[k] = NOT_HELD;
        }
    }
}

/* ---- what it does to others ----------------------------------------------------------------- */

static void toggle_monitor(struct wtl_ctx *x, struct talker *talker, struct wtl_pid pid)
{
    struct sim_node *node = talker_node(x);
    if (talker->monitors_count < MONITORS_MAX && wtl_random(x) % 3 != 0) {
        uint64_t ref = wtl_monitor(x, pid);
        talker->monitors[talker->monitors_count++] = ref;
        model_monitor(node, wtl_self(x), ref, pid);
    } else if (talker->monitors_count > 0) {
        uint32_t at = (uint32_t)(wtl_random(x) % talker->monitors_count);
        uint64_t ref = talker->monitors[at];
        talker->monitors[at] = talker->monitors[--talker->monitors_count];
        model_demonitor(node, ref);
        if (!wtl_demonitor(x, ref)) {
            violation(node->world, INV_DOWN_COMPLETE, node, NULL,
                      "expected demonitor to know a monitor without its DOWN; it did not");
        }
    }
}

static void toggle_link(struct wtl_ctx *x, struct talker *talker, struct wtl_pid pid)
{
    for (uint32_t i = 0; i < talker->links_count; i++) {
        if (wtl_pid_equal(talker->links[i], pid)) {
            talker->links[i] = talker->links[--talker->links_count];
            wtl_unlink(x, pid);
            return;
        }
    }
    if (talker->links_count < LINKS_MAX) {
        talker->links[talker->links_count++] = pid;
        wtl_link(x, pid);
    } else {
        wtl_unlink(x, talker->links[--talker->links_count]);
    }
}

static void do_to(struct wtl_ctx *x, struct talker *talker, struct friend friend)
{
    struct asked call = {.kind = CALL};
    struct wtl_call_options options = {
        .on_answer = on_answer, .context = &call, .context_size = sizeof call, .deadline_ms = 3000};
    switch (wtl_random(x) % 12) {
    case 0: /* a burst: what comes is acknowledged while the next one is half there */
        for (uint64_t left = 1 + wtl_random(x) % 4; left > 0; left--) {
            size_t size = wtl_random(x) % 2 == 0 ? wtl_random(x) % LARGE : 0;
            mouth_tell(x, friend.pid, WTL_TAG("number"), ++talker->number, size);
        }
        break;
    case 1:
    case 2:
        checks.calls++;
        (void)wtl_call(x, friend.pid, WTL_TAG("ask"), NULL, &options);
        break;
    case 3:
    case 4:
    case 5:
        toggle_monitor(x, talker, friend.pid);
        break;
    case 6:
        if (friend.fly) {
            toggle_link(x, talker, friend.pid);
        }
        break;
    case 7:
        if (friend.fly && wtl_random(x) % 2 == 0) {
            wtl_exit(x, friend.pid, WTL_REASON(WTL_EXIT_KILL, "kill"));
        }
        break;
    default:
        mouth_tell(x, friend.pid, WTL_TAG("number"), ++talker->number, 0);
        break;
    }
}

static enum wtl_status on_answer(struct wtl_ctx *x, void *self, const struct wtl_answer *answer,
                                 void *context)
{
    struct talker *talker = self;
    const struct asked *asked = context;
    checks.answers++;
    if (asked->kind >= OWN) {
        on_registered(x, talker, asked->kind, answer);
        return WTL_OK;
    }
    if (asked->kind == CALL || answer->status != WTL_OK ||
        wtl_pid_equal(answer->pid, wtl_self(x)) || talker_node(x)->world->calm) {
        return WTL_OK;
    }
    struct friend found = {.pid = answer->pid, .fly = asked->kind == WHEREIS_FLY};
    uint32_t at = talker->friends_count < FRIENDS_MAX ? talker->friends_count++
                                                      : (uint32_t)(wtl_random(x) % FRIENDS_MAX);
    talker->friends[at] = found;
    do_to(x, talker, found);
    return WTL_OK;
}

static void look_up(struct wtl_ctx *x)
{
    const struct world *world = talker_node(x)->world;
    const struct sim_node *other = &world->nodes[wtl_random(x) % world->nodes_count];
    char name[WTL_NAME_MAX + 1];
    struct asked asked = {.kind = WHEREIS_TALKER + wtl_random(x) % 3};
    struct wtl_call_options options = {
        .on_answer = on_answer, .context = &asked, .context_size = sizeof asked};
    if (asked.kind == WHEREIS_TALKER) {
        talker_name(other->name, name);
    } else if (asked.kind == WHEREIS_FLY) {
        (void)snprintf(name, sizeof name, "fly.%.40s.%u", other->name,
                       (unsigned)(wtl_random(x) % FLIES));
    } else {
        name_of_shared((unsigned)(wtl_random(x) % SHARED), name);
    }
    checks.calls++;
    wtl_whereis(x, name, &options);
}

static void tick(struct wtl_ctx *x, struct talker *talker)
{
    const struct sim_node *node = talker_node(x);
    uint64_t dice = wtl_random(x) % 16;
    if (node->world->calm) {
        return;
    }
    if (dice == 0 && !node->world->healing) {
        toggle(x, talker);
    } else if (dice == 1 && !node->world->healing) {
        char name[WTL_NAME_MAX + 1];
        (void)snprintf(name, sizeof name, "fly.%.40s.%u", node->name,
                       (unsigned)(wtl_random(x) % FLIES));
        (void)fly_spawn(x, name, 100 + wtl_random(x) % 5000);
    } else if (dice < 8 && talker->friends_count > 0) {
        do_to(x, talker, talker->friends[wtl_random(x) % talker->friends_count]);
    } else {
        look_up(x);
    }
}

/* ---- its functions -------------------------------------------------------------------------- */

static enum wtl_status talker_init(struct wtl_ctx *x, void *self, const void *settings,
                                   const struct wtl_msg *args)
{
    struct talker *talker = self;
    (void)settings;
    (void)args;
    talker_name(talker_node(x)->name, talker->name);
    model_born(talker_node(x), wtl_self(x));
    wtl_trap_exits(x, true);
    talker->own = ASKED;
    ask_register(x, talker->name, OWN);
    (void)wtl_every(x, 50 + wtl_random(x) % 200, WTL_TAG("tick"));
    return WTL_OK;
}

static enum wtl_status talker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct talker *talker = self;
    if (wtl_is(message, "number") || wtl_is(message, "echo")) {
        ears_hear(x, &talker->ears, message);
    } else if (wtl_is(message, "ask")) {
        wtl_reply(x, message, NULL);
    } else if (wtl_is(message, "again") && talker->own == NOT_HELD) {
        talker->own = ASKED;
        ask_register(x, talker->name, OWN);
    } else if (wtl_is(message, "name_lost")) {
        on_name_lost(x, talker, message);
    } else if (wtl_is(message, "tick")) {
        tick(x, talker);
    }
    return WTL_OK;
}

static enum wtl_status talker_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    struct talker *talker = self;
    model_down(talker_node(x), down);
    if (down->reason.class_ != WTL_EXIT_NOCONNECTION) {
        ears_of(&talker->ears, down->pid)->dead = true;
    }
    for (uint32_t i = 0; i < talker->monitors_count; i++) {
        if (talker->monitors[i] == down->ref) {
            talker->monitors[i] = talker->monitors[--talker->monitors_count];
            break;
        }
    }
    return WTL_OK;
}

static enum wtl_status talker_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct talker *talker = self;
    struct sim_node *node = talker_node(x);
    char text[40];
    checks.exits++;
    for (uint32_t i = 0; i < talker->links_count; i++) {
        if (wtl_pid_equal(talker->links[i], exit->from)) {
            talker->links[i] = talker->links[--talker->links_count];
            return WTL_OK;
        }
    }
    violation(node->world, INV_FINAL, node, world_node(node->world, exit->from.node),
              "expected no exit signal of one that is not linked; came %s of %lx",
              wtl_reason_text(exit->reason, text), (unsigned long)exit->from.local);
    return WTL_OK;
}

static const struct wtl_actor talker = {.size = sizeof talker,
                                        .name = "talker",
                                        .state_size = sizeof(struct talker),
                                        .init = talker_init,
                                        .handle = talker_handle,
                                        .exited = talker_exited,
                                        .down = talker_down};

void talker_boot(struct sim_node *node)
{
    (void)wtl__spawn(&node->step.runtime, NULL, &talker, NULL, 0);
}
