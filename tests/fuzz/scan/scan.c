/*
 * scan.c - the pre-scan of bodies against msgpack-c and the cursors.
 *
 * What the scan accepts msgpack-c unpacks to its last byte, as no more objects than the budget and
 * no deeper than the bound, and wtl_skip steps over; what it refuses as broken neither of them
 * takes for one whole value, unless the scan has a rule of its own. The first byte of the input
 * picks the limits; the block ends with the input, so that a sanitizer sees a byte too far.
 */
#include <stdint.h>
#include <stdlib.h>

#include <msgpack.h>

#include <wattle/pack.h>

#include "base/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct shape {
    uint32_t objects;
    unsigned depth;
    bool own_rule; /* an extension: what msgpack-c takes and the scan may refuse */
};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void walk(const msgpack_object *object, unsigned depth, struct shape *shape)
{
    shape->objects++;
    if (object->type == MSGPACK_OBJECT_EXT) {
        shape->own_rule = true;
    }
    bool container = object->type == MSGPACK_OBJECT_ARRAY || object->type == MSGPACK_OBJECT_MAP;
    depth += container;
    shape->depth = depth > shape->depth ? depth : shape->depth;
    if (object->type == MSGPACK_OBJECT_ARRAY) {
        for (uint32_t i = 0; i < object->via.array.size; i++) {
            walk(&object->via.array.ptr[i], depth, shape);
        }
    } else if (object->type == MSGPACK_OBJECT_MAP) {
        for (uint32_t i = 0; i < object->via.map.size; i++) {
            walk(&object->via.map.ptr[i].key, depth, shape);
            walk(&object->via.map.ptr[i].val, depth, shape);
        }
    }
}

/* Is it one value and nothing behind it, for msgpack-c? */
static bool unpack(const uint8_t *bytes, size_t size, struct shape *shape)
{
    msgpack_zone zone;
    msgpack_object object;
    size_t offset = 0;
    require(msgpack_zone_init(&zone, 256));
    bool whole = msgpack_unpack((const char *)bytes, size, &offset, &zone, &object) ==
                     MSGPACK_UNPACK_SUCCESS &&
                 offset == size;
    if (whole) {
        walk(&object, 0, shape);
    }
    msgpack_zone_destroy(&zone);
    return whole;
}

/* Whether a head of 16 or 32 bits could be in there: unpacking it unchecked may cost gigabytes. */
static bool may_be_a_bomb(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] >= 0xdc && bytes[i] <= 0xdf) {
            return true;
        }
    }
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    struct wtl_scan_limits limits = (data[0] & 1) != 0 ? WTL_SCAN_CONTROL : WTL_SCAN_BODY;
    limits.ext_types = (data[0] & 2) != 0 ? ~UINT64_C(0) : 0;
    limits.depth_max = (data[0] & 4) != 0 ? 3 : WTL_SCAN_DEPTH_MAX;
    limits.elements_max = (data[0] & 8) != 0 ? 20 : 4096;
    const uint8_t *bytes = data + 1;
    size--;

    enum wtl_status status = wtl_scan(bytes, size, &limits);
    struct wtl_reader reader = wtl_reader_over(bytes, size);
    wtl_skip(&reader);
    bool skipped = !reader.failed && wtl_left(&reader) == 0;
    struct shape shape = {0};
    if (status == WTL_OK) {
        require(skipped);
        require(unpack(bytes, size, &shape));
        require(shape.objects <= limits.elements_max);
        require(shape.depth <= limits.depth_max);
    } else if (!may_be_a_bomb(bytes, size)) {
        bool whole = unpack(bytes, size, &shape);
        require(!whole || skipped);
        if (status == WTL_BAD_PAYLOAD) {
            require(!whole || shape.own_rule || limits.control);
        } else {
            require(!whole || shape.objects > limits.elements_max ||
                    shape.depth > limits.depth_max || limits.control || shape.own_rule);
        }
    }
    return 0;
}
