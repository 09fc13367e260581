/* key.c - see key.h. */
#include "actor/key.h"

#include "base/wide.h"

static uint64_t fold(uint64_t a, uint64_t b)
{
    struct wtl__wide product = wtl__wide_product(a, b);
    return product.low ^ product.high;
}

static uint64_t mix(uint64_t hash, uint64_t word, uint64_t seed)
{
    return fold(hash ^ word ^ UINT64_C(0x9e3779b97f4a7c15), seed | 1) + word;
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *bytes, size_t size, uint64_t seed)
{
    hash = mix(hash, size, seed);
    while (size > 0) {
        uint64_t word = 0;
        size_t part = size < sizeof word ? size : sizeof word;
        memcpy(&word, bytes, part);
        hash = mix(hash, word, seed);
        bytes += part;
        size -= part;
    }
    return hash;
}

/* The bytes of the field's value; NULL: the body has none. */
static const uint8_t *find(const struct wtl__envelope *envelope, const char *field,
                           size_t *size_out)
{
    struct wtl_reader reader = wtl_read(&envelope->msg);
    size_t wanted = strlen(field);
    if (wtl_peek(&reader) != WTL_PACK_MAP) {
        return NULL;
    }
    uint32_t count = wtl_get_map(&reader);
    for (uint32_t i = 0; i < count && i < WTL__KEY_FIELDS_MAX && !reader.failed; i++) {
        const char *name = NULL;
        size_t size = 0;
        if (wtl_peek(&reader) == WTL_PACK_STR) {
            name = wtl_get_str(&reader, &size);
        } else {
            wtl_skip(&reader);
        }
        const uint8_t *value = reader.at;
        wtl_skip(&reader);
        if (!reader.failed && name != NULL && size == wanted && memcmp(name, field, size) == 0) {
            *size_out = (size_t)(reader.at - value);
            return value;
        }
    }
    return NULL;
}

uint64_t wtl__key_hash(const struct wtl__envelope *envelope, const char *field, uint64_t seed)
{
    const struct wtl_msg *message = &envelope->msg;
    uint64_t hash = mix(mix(seed, message->tag.word[0], seed), message->tag.word[1], seed);
    if (field == NULL) {
        hash = mix(mix(hash, message->from.node, seed), message->from.local, seed);
    } else {
        size_t size = 0;
        const uint8_t *value = find(envelope, field, &size);
        if (value == NULL) {
            return 0;
        }
        hash = mix_bytes(hash, value, size, seed);
    }
    hash = fold(hash ^ seed, UINT64_C(0xa0761d6478bd642f));
    return hash != 0 ? hash : 1;
}
