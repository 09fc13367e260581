/* stage.c - a stage under test: its spec, its start and its end. See stage.h. */
#include "stagekit/stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "actor/settings.h"

struct wtl_test *wtl__test_stage_of(const struct wtl_test_stage *stage)
{
    return stage->t;
}

struct wtl_test_stage *wtl__test_stage_at(struct wtl_test_stage *stage, const char *file,
                                          unsigned line)
{
    (void)wtl__test_at(stage->t, file, line);
    return stage;
}

void *wtl__test_grow(struct wtl_test_stage *stage, void *array_at, uint32_t *count,
                     uint32_t *capacity, size_t size)
{
    void **array = array_at;
    if (*count == *capacity) {
        uint32_t larger = *capacity == 0 ? 16 : 2 * *capacity;
        void *grown = wtl__test_alloc(stage->t, larger * size);
        if (*count > 0) {
            memcpy(grown, *array, *count * size);
        }
        *array = grown;
        *capacity = larger;
    }
    if (*count == WTL_TEST_STAGE_MESSAGES_MAX) {
        wtl__test_report(stage->t, "a stage under test has more than %u messages",
                         WTL_TEST_STAGE_MESSAGES_MAX);
        --*count; /* the last one is written over */
    }
    return (char *)*array + (size_t)(*count)++ * size;
}

struct wtl_msg wtl__test_copy(struct wtl_test_stage *stage, struct wtl_tag tag,
                              const uint8_t *bytes, size_t size)
{
    struct wtl_msg copy = {.tag = tag, .size = (uint32_t)size};
    if (size > 0) {
        void *memory = wtl__test_alloc(stage->t, size);
        memcpy(memory, bytes, size);
        copy.bytes = memory;
    }
    return copy;
}

/* wtl_drop was called; see struct wtl_stage_spec. */
static void dropped(struct wtl_stage_spec *spec, const struct wtl_key *key, const char *reason)
{
    struct wtl_test_stage *stage = WTL_CONTAINER(spec, struct wtl_test_stage, spec);
    if (key->seq >= 1 && key->seq <= stage->inputs_count) {
        struct wtl__test_input *input = &stage->inputs[key->seq - 1];
        input->is_dropped = true;
        (void)snprintf(input->reason, sizeof input->reason, "%s", reason);
        wtl_test_note(stage->t, "dropped message %ju: %.180s", (uintmax_t)key->seq, reason);
    }
}

/* ---- start ----------------------------------------------------------------------------------- */

static void take_settings(struct wtl_test_stage *stage, const struct wtl_actor *type,
                          const void *given)
{
    const void *settings = given != NULL ? given : wtl__test_settings(stage->t, type, (char *)NULL);
    char *own = wtl__test_alloc(stage->t, wtl__settings_size(type, settings) + 1);
    if (type->settings_size > 0 && !stage->t->is_over) {
        wtl__settings_copy(type, settings, own);
    }
    stage->spec.settings = own;
}

static void take_options(struct wtl_test_stage *stage, const struct wtl_test_stage_options *options)
{
    static const char *const one[] = {"out"};
    const char *const *ports = options->ports != NULL ? options->ports : one;
    uint32_t count = options->ports != NULL ? options->ports_count : 1;
    stage->pace = options->pace;
    stage->one_way = options->one_way;
    stage->room_is_bounded = options->pace != WTL_TEST_PUSH || options->room > 0;
    stage->room = stage->room_is_bounded ? options->room : WTL_FLOW_OUTBOX_MESSAGES;
    stage->ports_count = stage->spec.user->kind == WTL_PROCESSOR ? count : 0;
    WTL_ASSERT(count <= WTL_TEST_PORTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        stage->ports[i] = ports[i];
    }
}

static bool make_spec(struct wtl_test_stage *stage, const struct wtl_actor *type)
{
    static const enum wtl_flow_mode modes[] = {WTL_FLOW_PUSH, WTL_FLOW_DEMAND, WTL_FLOW_PULL};
    struct wtl_stage_spec *spec = &stage->spec;
    bool producer = type->kind == WTL_PRODUCER;
    spec->kind = producer ? WTL_UNIT_PRODUCER : WTL_UNIT_STAGE;
    spec->mode = producer ? modes[stage->pace] : 0;
    spec->counts = &spec->own_counts;
    spec->dropped = dropped;
    spec->instance = 1;
    (void)snprintf(spec->name, sizeof spec->name, "%s", type->name);
    if (wtl_stage_type(spec) != WTL_OK) {
        wtl__test_fail(stage->t,
                       "%s is no stage: expected an actor whose .kind is WTL_PRODUCER, "
                       "WTL_PROCESSOR or WTL_CONSUMER",
                       type->name);
        return false;
    }
    return true;
}

struct wtl_test_stage *wtl__test_stage(struct wtl_test *t, const struct wtl_actor *type,
                                       const struct wtl_test_stage_options *options)
{
    struct wtl_test_stage *stage = wtl__test_alloc(t, sizeof *stage);
    stage->t = t;
    stage->spec.user = type;
    take_options(stage, options);
    take_settings(stage, type, options->settings);
    if (t->is_over || !make_spec(stage, type)) {
        return stage;
    }
    struct wtl__test_neighbour neighbour = {.stage = stage};
    struct wtl_spawn_options spawn = {.settings = &neighbour};
    for (uint32_t i = 0; i < stage->ports_count; i++) {
        neighbour.port = i;
        stage->behind[i] = wtl__test_spawn_own(t, &wtl__test_behind, &spawn);
    }
    stage->before = wtl__test_spawn_own(t, &wtl__test_before, &spawn);
    stage->spec.host = stage->before;
    return stage;
}

struct wtl_pid wtl_test_stage_pid(struct wtl_test_stage *stage)
{
    if (!stage->t->is_over) {
        (void)wtl__test_settle(stage->t);
    }
    return stage->pid;
}

void wtl_test_stage_stop(struct wtl_test_stage *stage)
{
    if (!stage->t->is_over) {
        wtl_test_note(stage->t, "stopped stage %s", stage->spec.name);
        wtl_tell(wtl_test_ctx(stage->t), stage->before, WTL__TEST_STOP, NULL);
    }
}
