/* flies.c - actors that come and go. See talkers.h. */
#include <stdio.h>

#include "seekers.h"
#include "talkers_private.h"

/* Cells of one node that are taken before the first one is taken again. */
#define CHURN WTL__CHUNK_CELLS

struct fly {
    struct ears ears;
    uint64_t number;
    bool named;
    char name[WTL_NAME_MAX + 1];
};

/* ---- what all actors do --------------------------------------------------------------------- */

struct sim_node *talker_node(struct wtl_ctx *x)
{
    return wtl__ctx_of(x)->runtime->port_self;
}

struct known *ears_of(struct ears *ears, struct wtl_pid pid)
{
    for (uint32_t i = 0; i < ears->count; i++) {
        if (wtl_pid_equal(ears->known[i].pid, pid)) {
            return &ears->known[i];
        }
    }
    uint32_t at = ears->count < KNOWN_MAX ? ears->count++ : ears->oldest++ % KNOWN_MAX;
    ears->known[at] = (struct known){.pid = pid};
    return &ears->known[at];
}

void ears_hear(struct wtl_ctx *x, struct ears *ears, const struct wtl_msg *message)
{
    struct sim_node *node = talker_node(x);
    struct wtl_reader reader = wtl_read(message);
    struct known *known = ears_of(ears, message->from);
    const struct sim_node *from = world_node(node->world, message->from.node);
    (void)wtl_get_array(&reader);
    uint64_t number = wtl_get_u64(&reader);
    struct wtl_pid meant = {.node = wtl_get_u64(&reader), .local = wtl_get_u64(&reader)};
    checks.heard++;
    if (reader.failed) {
        violation(node->world, INV_AUTHENTICATED, node, from,
                  "expected a number and a pid in a message; came %u other bytes", message->size);
        return;
    }
    model_meant(node, wtl_self(x), meant);
    if (number <= known->last) {
        violation(node->world, number == known->last ? INV_ONCE : INV_ORDER, node, from,
                  "expected a number after %lu of %lx; came %lu", (unsigned long)known->last,
                  (unsigned long)message->from.local, (unsigned long)number);
    }
    if (known->dead) {
        violation(node->world, INV_DOWN_SOUND, node, from,
                  "expected nothing of %lx after its DOWN; came message %lu",
                  (unsigned long)message->from.local, (unsigned long)number);
    }
    known->last = number;
}

void mouth_tell(struct wtl_ctx *x, struct wtl_pid to, struct wtl_tag tag, uint64_t number,
                size_t padding)
{
    static const uint8_t zeroes[256];
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 64 + padding);
    size_t pieces = padding / sizeof zeroes;
    wtl_put_array(&body, 3 + (uint32_t)pieces);
    wtl_put_u64(&body, number);
    wtl_put_u64(&body, to.node);
    wtl_put_u64(&body, to.local);
    for (size_t i = 0; i < pieces; i++) {
        uint64_t random = wtl_random(x);
        uint8_t piece[sizeof zeroes];
        memcpy(piece, zeroes, sizeof piece);
        memcpy(piece, &random, sizeof random);
        wtl_put_bin(&body, piece, sizeof piece);
    }
    wtl_tell(x, to, tag, &body);
    checks.sent++;
}

/* ---- a fly ---------------------------------------------------------------------------------- */

static enum wtl_status on_named(struct wtl_ctx *x, void *state, const struct wtl_answer *answer,
                                void *context)
{
    struct fly *fly = state;
    (void)context;
    checks.answers++;
    if (answer->status == WTL_OK) {
        fly->named = true;
        checks.registered++;
        model_name_held(talker_node(x), wtl_self(x), fly->name);
        seek_name(talker_node(x)->world, wtl_self(x), fly->name);
    }
    return WTL_OK;
}

static enum wtl_status fly_init(struct wtl_ctx *x, void *state, const void *settings,
                                const struct wtl_msg *args)
{
    struct fly *fly = state;
    struct wtl_reader reader = wtl_read(args);
    size_t size = 0;
    (void)settings;
    (void)wtl_get_array(&reader);
    const char *name = wtl_get_str(&reader, &size);
    uint64_t life_ms = wtl_get_u64(&reader);
    if (reader.failed || size > WTL_NAME_MAX) {
        return WTL_INVALID;
    }
    memcpy(fly->name, name, size);
    model_born(talker_node(x), wtl_self(x));
    struct wtl_call_options options = {.on_answer = on_named};
    checks.calls++;
    wtl_register(x, fly->name, WTL_GLOBAL, &options);
    (void)wtl_after(x, life_ms, WTL_TAG("end"), NULL);
    return WTL_OK;
}

/* Its last words go to all who have spoken to it: they must come before its DOWN. */
static enum wtl_status fly_end(struct wtl_ctx *x, struct fly *fly)
{
    for (uint32_t i = 0; i < fly->ears.count; i++) {
        mouth_tell(x, fly->ears.known[i].pid, WTL_TAG("number"), ++fly->number, 0);
    }
    switch (wtl_random(x) % 4) {
    case 0:
        wtl_stop(x, WTL_REASON(WTL_EXIT_ERROR, "boredom"));
        return WTL_OK;
    case 1:
        return WTL_TIMEOUT;
    case 2:
        if (fly->named) { /* as good as dead: nobody finds it any more */
            wtl_unregister(x, fly->name, WTL_GLOBAL);
            model_name_gone(talker_node(x), wtl_self(x), fly->name);
        }
        wtl_stop(x, WTL_REASON(WTL_EXIT_SHUTDOWN, "evening"));
        return WTL_OK;
    default:
        return WTL_STOP;
    }
}

static enum wtl_status fly_handle(struct wtl_ctx *x, void *state, const struct wtl_msg *message)
{
    struct fly *fly = state;
    if (wtl_is(message, "number")) {
        ears_hear(x, &fly->ears, message);
        if (!talker_node(x)->world->calm) {
            mouth_tell(x, message->from, WTL_TAG("echo"), ++fly->number, 0);
        }
    } else if (wtl_is(message, "echo")) {
        ears_hear(x, &fly->ears, message);
    } else if (wtl_is(message, "ask")) {
        wtl_reply(x, message, NULL);
    } else if (wtl_is(message, "name_lost")) {
        fly->named = false;
        checks.lost++;
        model_name_gone(talker_node(x), wtl_self(x), fly->name);
    } else if (wtl_is(message, "end")) {
        return fly_end(x, fly);
    }
    return WTL_OK;
}

/* Quiet ends are told here; all others the runtime tells the world. */
static enum wtl_status fly_stop(struct wtl_ctx *x, void *state, struct wtl_reason reason)
{
    (void)state;
    if (wtl_reason_is_quiet(reason)) {
        model_ended(talker_node(x), wtl_self(x), reason);
    }
    return WTL_OK;
}

static const struct wtl_actor fly = {.size = sizeof fly,
                                     .name = "fly",
                                     .state_size = sizeof(struct fly),
                                     .init = fly_init,
                                     .handle = fly_handle,
                                     .stop = fly_stop};

struct wtl_pid fly_spawn(struct wtl_ctx *x, const char *name, uint64_t life_ms)
{
    struct wtl_writer args;
    (void)wtl_message_open(x, &args, 96);
    wtl_put_array(&args, 2);
    wtl_put_strz(&args, name);
    wtl_put_u64(&args, life_ms);
    struct wtl_spawn_options options = {.args = &args};
    return wtl_spawn(x, &fly, &options);
}

/* ---- many of them --------------------------------------------------------------------------- */

static enum wtl_status mite_init(struct wtl_ctx *x, void *state, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)state;
    (void)settings;
    (void)args;
    model_born(talker_node(x), wtl_self(x));
    model_ended(talker_node(x), wtl_self(x), WTL_REASON(WTL_EXIT_NORMAL, "normal"));
    return WTL_STOP;
}

static const struct wtl_actor mite = {.size = sizeof mite, .name = "mite", .init = mite_init};

void talker_boot_late(struct sim_node *node)
{
    for (uint32_t i = 0; i + 8 < CHURN; i++) {
        (void)wtl__spawn(&node->step.runtime, NULL, &mite, NULL, 0);
    }
    wtl__step_settle(&node->step);
    talker_boot(node);
}
