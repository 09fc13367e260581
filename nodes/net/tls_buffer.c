/*
 * tls_buffer.c - see tls_buffer.h. The bounds are those of the engine; here only the arithmetic is
 * guarded.
 */
#include "tls_buffer.h"

#include <stdlib.h>
#include <string.h>

/* A handshake flight fits the first step and two full records the second, which is what waits at
 * most on a link that is driven well; so neither is copied while the buffer grows. */
#define FIRST_CAPACITY  2048u
#define SECOND_CAPACITY (33u * 1024)

/* The smallest step that holds `wanted`, or 0. */
static size_t step_for(size_t wanted)
{
    size_t capacity = wanted <= FIRST_CAPACITY ? FIRST_CAPACITY : SECOND_CAPACITY;
    while (capacity < wanted) {
        if (__builtin_mul_overflow(capacity, 2, &capacity)) {
            return 0;
        }
    }
    return capacity;
}

enum wtl_status wtl__tls_buffer_reserve(struct wtl__tls_buffer *buffer, size_t size)
{
    size_t used = wtl__tls_buffer_size(buffer);
    if (size <= buffer->capacity - buffer->end) {
        return WTL_OK;
    }
    size_t wanted;
    if (__builtin_add_overflow(used, size, &wanted)) {
        return WTL_NO_MEMORY;
    }
    if (wanted <= buffer->capacity) {
        memmove(buffer->bytes, buffer->bytes + buffer->start, used);
    } else {
        size_t capacity = step_for(wanted);
        if (capacity == 0) {
            return WTL_NO_MEMORY;
        }
        uint8_t *bytes = malloc(capacity);
        if (bytes == NULL) {
            return WTL_NO_MEMORY;
        }
        if (used > 0) {
            memcpy(bytes, buffer->bytes + buffer->start, used);
        }
        free(buffer->bytes);
        buffer->bytes = bytes;
        buffer->capacity = capacity;
    }
    buffer->start = 0;
    buffer->end = used;
    return WTL_OK;
}

enum wtl_status wtl__tls_buffer_append(struct wtl__tls_buffer *buffer, const uint8_t *bytes,
                                       size_t size)
{
    if (size == 0) {
        return WTL_OK;
    }
    enum wtl_status status = wtl__tls_buffer_reserve(buffer, size);
    if (status == WTL_OK) {
        memcpy(buffer->bytes + buffer->end, bytes, size);
        buffer->end += size;
    }
    return status;
}

void wtl__tls_buffer_drop(struct wtl__tls_buffer *buffer, size_t size)
{
    if (size < wtl__tls_buffer_size(buffer)) {
        buffer->start += size;
    } else {
        wtl__tls_buffer_deinit(buffer);
    }
}

void wtl__tls_buffer_deinit(struct wtl__tls_buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct wtl__tls_buffer){0};
}
