/* bag.c - see bag.h. */
#include "table/bag.h"

#include "base/pool.h"

/* The bytes of the head of an array, at most. */
#define HEAD_MAX 5u

bool wtl__bag_takes(struct wtl_bytes value)
{
    struct wtl_reader reader = wtl_reader_over(value.bytes, value.size);
    wtl_skip(&reader);
    return !reader.failed && wtl_left(&reader) == 0;
}

uint32_t wtl__bag_open(struct wtl_bytes bag, struct wtl_bytes *values_out)
{
    struct wtl_reader reader = wtl_reader_over(bag.bytes, bag.size);
    uint32_t count = wtl_get_array(&reader);
    *values_out = wtl_bytes_over(reader.at, wtl_left(&reader));
    return count;
}

/* Steps over the next value: is it that one? */
static bool is_next(struct wtl_reader *reader, struct wtl_bytes value)
{
    const uint8_t *begin = reader->at;
    wtl_skip(reader);
    return (size_t)(reader->at - begin) == value.size &&
           memcmp(begin, value.bytes, value.size) == 0;
}

uint32_t wtl__bag_count(struct wtl_bytes bag, struct wtl_bytes value)
{
    struct wtl_reader reader = wtl_reader_over(bag.bytes, bag.size);
    uint32_t found = 0;
    for (uint32_t left = wtl_get_array(&reader); left > 0; left--) {
        found += is_next(&reader, value);
    }
    return found;
}

uint8_t *wtl__bag_without(struct wtl_bytes bag, struct wtl_bytes value, uint32_t left,
                          uint32_t *size_out)
{
    uint8_t *memory = wtl__pool_take(bag.size + HEAD_MAX);
    if (memory == NULL) {
        return NULL;
    }
    struct wtl_reader reader = wtl_reader_over(bag.bytes, bag.size);
    struct wtl_writer writer = wtl_writer_over(memory, bag.size + HEAD_MAX);
    uint32_t count = wtl_get_array(&reader);
    wtl_put_array(&writer, left);
    for (; count > 0; count--) {
        const uint8_t *begin = reader.at;
        if (!is_next(&reader, value)) {
            wtl_put_raw(&writer, begin, (size_t)(reader.at - begin));
        }
    }
    *size_out = (uint32_t)wtl_written(&writer);
    return memory;
}
