/*
 * core_effects.c - the queue of effects: records of one struct, its strings and its frame, one
 * behind the other in one block.
 *
 * The block grows up to WTL__EFFECTS_MAX. A frame that does not fit any more costs its link (a peer
 * that misses a frame would be wrong for good); of everything else one link of room is kept back.
 *
 * Thread: as the core. Owns: the block; what pop has handed out points into it until the next call.
 */
#include "mesh/core_private.h"

#include <stdlib.h>

#include "base/attr.h"

struct record {
    struct wtl__effect effect;
    uint32_t size;                                   /* of the whole record, a multiple of 8 */
    uint32_t address_at, name_at, text_at, frame_at; /* 0: none */
};

/* What frames leave free for the rest. */
#define RESERVE (WTL__EFFECTS_MAX / 8)

static bool reserve(struct wtl__core *core, size_t size, size_t limit)
{
    if (core->effects_at > 0 && core->effects_size + size > core->effects_capacity) {
        memmove(core->effects, core->effects + core->effects_at,
                core->effects_size - core->effects_at);
        core->effects_size -= core->effects_at;
        core->effects_at = 0;
    }
    size_t need = core->effects_size + size;
    if (need <= core->effects_capacity) {
        return need <= limit;
    }
    size_t capacity = core->effects_capacity == 0 ? 4096 : core->effects_capacity;
    while (capacity < need) {
        capacity *= 2;
    }
    if (need > limit) {
        return false;
    }
    uint8_t *larger = realloc(core->effects, capacity);
    if (larger == NULL) {
        return false;
    }
    core->effects = larger;
    core->effects_capacity = capacity;
    return true;
}

static size_t text_size(const char *text)
{
    return text == NULL ? 0 : strlen(text) + 1;
}

static uint32_t append(uint8_t *record, size_t *at, const void *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    uint32_t where = (uint32_t)*at;
    memcpy(record + *at, bytes, size);
    *at += size;
    return where;
}

static bool push(struct wtl__core *core, const struct wtl__effect *effect, size_t limit)
{
    size_t size = sizeof(struct record) + text_size(effect->address) + text_size(effect->name) +
                  text_size(effect->text) + effect->size;
    size = (size + 7) & ~(size_t)7;
    if (!reserve(core, size, limit)) {
        return false;
    }
    uint8_t *at = core->effects + core->effects_size;
    struct record record = {.effect = *effect, .size = (uint32_t)size};
    size_t used = sizeof record;
    record.address_at = append(at, &used, effect->address, text_size(effect->address));
    record.name_at = append(at, &used, effect->name, text_size(effect->name));
    record.text_at = append(at, &used, effect->text, text_size(effect->text));
    record.frame_at = append(at, &used, effect->frame, effect->size);
    memcpy(at, &record, sizeof record);
    core->effects_size += size;
    return true;
}

void wtl__core_push(struct wtl__core *core, const struct wtl__effect *effect)
{
    /* Losing one of these would leave the node wrong about its mesh for good: a node that has not
     * even memory for that is better dead. */
    bool pushed = push(core, effect, WTL__EFFECTS_MAX);
    WTL_ASSERT(pushed || effect->kind == WTL__EFFECT_NAME_LOST);
}

void wtl__core_send(struct wtl__core *core, uint32_t link, const uint8_t *frame, size_t size)
{
    struct wtl__effect effect = {
        .kind = WTL__EFFECT_SEND, .link = link, .frame = frame, .size = size};
    if (size > 0 && !push(core, &effect, WTL__EFFECTS_MAX - RESERVE)) {
        struct wtl__core_link *full = wtl__core_link_find(core, link);
        if (full != NULL) {
            wtl__core_link_close(core, full, WTL_FULL, "too much waits to be sent on this link");
        }
    }
}

static const char *text_of(const uint8_t *record, uint32_t at)
{
    return at == 0 ? NULL : (const char *)record + at;
}

bool wtl__core_effect(struct wtl__core *core, struct wtl__effect *effect_out)
{
    if (core->effects_at == core->effects_size) {
        /* an idle core holds no buffer */
        free(core->effects);
        core->effects = NULL;
        core->effects_at = core->effects_size = core->effects_capacity = 0;
        return false;
    }
    const uint8_t *at = core->effects + core->effects_at;
    struct record record;
    memcpy(&record, at, sizeof record);
    *effect_out = record.effect;
    effect_out->address = text_of(at, record.address_at);
    effect_out->name = text_of(at, record.name_at);
    effect_out->text = text_of(at, record.text_at);
    effect_out->frame = record.frame_at == 0 ? NULL : at + record.frame_at;
    core->effects_at += record.size;
    return true;
}
