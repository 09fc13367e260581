/* stage_world.c - module t: the stages that the tests run. See stage_kit.h. */
#include "stage_kit.h"

#include <stdio.h>
#include <stdlib.h>

struct world world;

struct settings {
    const char *name;
    int64_t by; /* added, waited, asked for: whatever the stage counts */
};

static const struct wtl_field fields[] = {
    WTL_FIELD(struct settings, name, STR, "sink", NULL, "Under which it writes down."),
    WTL_FIELD(struct settings, by, I64, "0", NULL, "What it counts."),
    {0},
};

struct own {
    const struct settings *settings;
    int64_t cached;
    uint32_t handled;
};

struct value {
    long value;
    long origin;
    long number;
};

static bool read_value(const struct wtl_msg *m, struct value *v)
{
    return wtl_getf(m, "v=%ld o=%ld n=%ld", &v->value, &v->origin, &v->number) == WTL_OK;
}

static uint32_t node_of(struct wtl_ctx *x)
{
    return (uint32_t)(wtl_self(x).node / 100 - 1);
}

static enum wtl_status init(struct wtl_ctx *x, void *self, const void *settings,
                            const struct wtl_msg *args)
{
    (void)x;
    (void)args;
    ((struct own *)self)->settings = settings;
    return WTL_OK;
}

static void note(struct wtl_ctx *x, const struct wtl_msg *m, const char *who)
{
    struct value v = {0};
    cr_assert(read_value(m, &v));
    cr_assert_lt(world.seen_count, WORLD_SEEN_MAX);
    struct seen *seen = &world.seen[world.seen_count++];
    *seen = (struct seen){.value = v.value,
                          .origin = v.origin,
                          .number = v.number,
                          .key = wtl_flow_key(x, m),
                          .redelivered = wtl_flow_redelivered(x, m),
                          .at_ms = wtl_now_ns(x) / 1000000};
    (void)snprintf(seen->who, sizeof seen->who, "%.15s", who);
    if (strcmp(who, "sink") == 0) {
        cr_assert(v.origin >= 0 && v.origin < WORLD_SOURCES_MAX && v.number < WORLD_SEEN_MAX);
        world.done += !world.marks[v.origin][v.number];
        world.marks[v.origin][v.number] = true;
    }
}

/* ---- producers --------------------------------------------------------------------------------
 */

static void make(struct wtl_ctx *x, const struct own *own, struct source *source, int64_t most)
{
    static const char padding[65536];
    for (int64_t i = 0; i < most && source->made < source->limit; i++) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 64);
        wtl_put_map(&body, 4);
        WTL_PUT_KEY(&body, "v");
        wtl_put_i64(&body, own->settings->by);
        WTL_PUT_KEY(&body, "o");
        wtl_put_i64(&body, node_of(x));
        WTL_PUT_KEY(&body, "n");
        wtl_put_i64(&body, source->made + 1);
        WTL_PUT_KEY(&body, "pad");
        wtl_put_bin(&body, padding, (size_t)source->size);
        uint32_t room = wtl_flow_room(x);
        enum wtl_status status = wtl_emit(x, &body);
        cr_assert(status != WTL_OK || room > 0);
        if (status != WTL_OK) {
            cr_assert_eq(status, WTL_BUSY, "%s", wtl_status_word(status));
            source->refused++;
            return;
        }
        source->made++;
        if (source->made - world.done > source->most_ahead) {
            source->most_ahead = source->made - world.done;
        }
    }
}

static enum wtl_status src_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct source *source = &world.sources[node_of(x)];
    unsigned count;
    source->pid = wtl_self(x);
    if (wtl_is(m, "flow_ready")) {
        source->readies++;
    } else if (wtl_is(m, "flow_demand")) {
        cr_assert_eq(wtl_getf(m, "count=%u", &count), WTL_OK);
        source->demanded += count;
    } else if (wtl_is(m, "back")) {
        struct value v = {0};
        source->got_back++;
        source->last_back = read_value(m, &v) ? v.number : -1;
        return WTL_OK;
    } else if (wtl_is(m, "crash")) {
        return WTL_SYSTEM;
    }
    make(x, self, source, source->burst > 0 ? source->burst : INT64_MAX);
    return WTL_OK;
}

/* ---- processors -------------------------------------------------------------------------------
 */

static enum wtl_status emit_value(struct wtl_ctx *x, const struct value *v)
{
    return wtl_emitf(x, "v=%ld o=%ld n=%ld", v->value, v->origin, v->number);
}

/* Ends where the test wants it to. */
static bool crashes(const struct value *v)
{
    if (world.crash_at == 0 || v->number != world.crash_at) {
        return false;
    }
    world.crash_at = world.poison ? world.crash_at : 0;
    return true;
}

static enum wtl_status add_init(struct wtl_ctx *x, void *self, const void *settings,
                                const struct wtl_msg *args)
{
    world.inits++;
    ((struct own *)self)->cached = ((const struct settings *)settings)->by;
    return init(x, self, settings, args);
}

static enum wtl_status add_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct own *own = self;
    struct value v;
    if (wtl_is(m, "crash")) {
        return WTL_SYSTEM;
    }
    if (!read_value(m, &v)) {
        return WTL_OK;
    }
    if (world.hook != NULL) {
        world.hook(x, m, own->settings->name);
    }
    if (crashes(&v)) {
        return WTL_SYSTEM;
    }
    if (strcmp(own->settings->name, "sink") != 0) {
        note(x, m, own->settings->name);
    }
    v.value += own->cached;
    return emit_value(x, &v);
}

/* Its value comes from a timer of its own: by, 2 by, 3 by ... every second. */
static enum wtl_status tick_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    cr_assert_neq(wtl_every(x, 1000, WTL_TAG("tick")), 0);
    return add_init(x, self, settings, args);
}

static enum wtl_status tick_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct own *own = self;
    if (wtl_is(m, "tick")) {
        own->cached += own->settings->by;
        return WTL_OK;
    }
    return add_handle(x, self, m);
}

static enum wtl_status dup_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct value v;
    (void)self;
    cr_assert(read_value(m, &v));
    enum wtl_status status = emit_value(x, &v);
    v.value += 1000;
    return status == WTL_OK ? emit_value(x, &v) : status;
}

static enum wtl_status even_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct value v;
    (void)self;
    cr_assert(read_value(m, &v));
    if (v.number % 2 != 0) {
        wtl_drop(x, "odd");
        return WTL_OK;
    }
    return emit_value(x, &v);
}

/* Done with each message `by` milliseconds later; the answer of a piece of work in between. */
static enum wtl_status wait_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    struct own *own = self;
    struct wtl_key key;
    size_t size = 0;
    if (wtl_is(m, "waited")) {
        struct wtl_reader reader = wtl_read(m);
        const void *bytes = wtl_get_bin(&reader, &size);
        cr_assert_eq(size, sizeof key);
        memcpy(&key, bytes, size);
        cr_assert_eq(wtl_emitf(x, "none=%d", 1), WTL_INVALID, "nothing is being handled");
        struct wtl_key other = {.epoch = key.epoch, .source = key.source, .seq = key.seq + 1000};
        cr_assert_eq(x->stage->api->about(x, &other), WTL_NOT_FOUND);
        cr_assert_eq(x->stage->api->about(x, &key), WTL_OK);
        cr_assert_eq(x->stage->api->drop(x, "nobody wants it"), WTL_OK, "as if it were handled");
        cr_assert_eq(x->stage->api->about(x, NULL), WTL_OK);
        cr_assert_eq(x->stage->api->drop(x, "none"), WTL_INVALID);
        cr_assert_eq(wtl_done_key(x, &key), WTL_OK);
        return WTL_OK;
    }
    struct wtl_writer body;
    key = wtl_flow_key(x, m);
    note(x, m, own->settings->name);
    (void)wtl_message_open(x, &body, sizeof key + 8);
    wtl_put_bin(&body, &key, sizeof key);
    cr_assert_neq(wtl_after(x, (uint64_t)own->settings->by, WTL_TAG("waited"), &body), 0);
    return WTL_LATER;
}

/* ---- consumers --------------------------------------------------------------------------------
 */

static enum wtl_status sink_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    const struct own *own = self;
    if (wtl_is(m, "crash")) {
        return WTL_SYSTEM;
    }
    if (wtl_is(m, "release")) {
        for (uint32_t i = 0; i < world.held_count; i++) {
            (void)!wtl_done_key(x, &world.held[i]);
        }
        world.held_count = 0;
        return WTL_OK;
    }
    if (wtl_is(m, "shout")) {
        world.back_status = wtl_back(x, NULL);
        return WTL_OK;
    }
    if (wtl_flow_key(x, m).seq == 0) {
        return WTL_OK;
    }
    note(x, m, own->settings->name);
    if (world.hook != NULL) {
        world.hook(x, m, own->settings->name);
    }
    if (world.hold) {
        cr_assert_lt(world.held_count, 4096);
        world.held[world.held_count++] = wtl_flow_key(x, m);
        return WTL_LATER;
    }
    return WTL_OK;
}

/* Answers each message with its number. */
static enum wtl_status back_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    enum wtl_status status = sink_handle(x, self, m);
    struct value v;
    if (wtl_flow_key(x, m).seq != 0 && read_value(m, &v)) {
        struct wtl_writer body;
        (void)wtl_message_open(x, &body, 64);
        wtl_putf(&body, "v=%ld o=%ld n=%ld", v.value, v.origin, v.number);
        world.back_status = wtl_back(x, &body);
    }
    return status;
}

static enum wtl_status asker_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *m)
{
    const struct own *own = self;
    if (wtl_is(m, "more")) {
        world.back_status = wtl_ask(x, (uint32_t)own->settings->by);
        return WTL_OK;
    }
    return sink_handle(x, self, m);
}

/* ---- the module -------------------------------------------------------------------------------
 */

#define STAGE(identifier, stage_kind, init_fn, handle_fn)                                          \
    {                                                                                              \
        .size = sizeof(struct wtl_actor), .name = identifier, .kind = stage_kind,                  \
        .state_size = sizeof(struct own), .settings_size = sizeof(struct settings),                \
        .fields = fields, .init = (init_fn), .handle = (handle_fn)                                 \
    }

static const struct wtl_actor types[] = {
    STAGE("src", WTL_PRODUCER, init, src_handle),
    STAGE("add", WTL_PROCESSOR, add_init, add_handle),
    STAGE("add2", WTL_PROCESSOR, add_init, add_handle),
    STAGE("tick", WTL_PROCESSOR, tick_init, tick_handle),
    STAGE("dup", WTL_PROCESSOR, init, dup_handle),
    STAGE("even", WTL_PROCESSOR, init, even_handle),
    STAGE("wait", WTL_PROCESSOR, init, wait_handle),
    STAGE("sink", WTL_CONSUMER, init, sink_handle),
    STAGE("reply", WTL_CONSUMER, init, back_handle),
    STAGE("asker", WTL_CONSUMER, init, asker_handle),
};

void world_init(void)
{
    static bool known;
    memset(&world, 0, sizeof world);
    world.seen = calloc(WORLD_SEEN_MAX, sizeof *world.seen);
    for (size_t i = 0; i < sizeof types / sizeof types[0] && !known; i++) {
        cr_assert_eq(wtl_flow_registry_add("t", &types[i]), WTL_OK);
    }
    known = true;
}

uint32_t seen_count(const char *who)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < world.seen_count; i++) {
        count += strcmp(world.seen[i].who, who) == 0;
    }
    return count;
}

const struct seen *seen_at(const char *who, uint32_t n)
{
    for (uint32_t i = 0; i < world.seen_count; i++) {
        if (strcmp(world.seen[i].who, who) == 0 && n-- == 0) {
            return &world.seen[i];
        }
    }
    cr_assert_fail("%s has not seen so many", who);
    return NULL;
}

void seen_all(const char *who, int64_t origin, int64_t count)
{
    int64_t highest = 0;
    for (uint32_t i = 0; i < world.seen_count; i++) {
        const struct seen *seen = &world.seen[i];
        if (strcmp(seen->who, who) != 0 || seen->origin != origin) {
            continue;
        }
        cr_assert_leq(seen->number, highest + 1, "%s has seen %ld before %ld, seed %lu", who,
                      (long)seen->number, (long)highest + 1, (unsigned long)net.seed);
        highest = seen->number > highest ? seen->number : highest;
    }
    cr_assert_eq(highest, count, "%s has seen %ld of %ld, seed %lu", who, (long)highest,
                 (long)count, (unsigned long)net.seed);
}
