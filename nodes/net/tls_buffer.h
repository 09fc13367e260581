/*
 * tls_buffer.h - a queue of bytes between a socket and a TLS engine.
 *
 * It owns memory only while it holds bytes, because most links of a large mesh are idle.
 *
 * Thread: that of its engine. Owns: its bytes; deinit frees them.
 */
#ifndef WTL_NET_TLS_BUFFER_H
#define WTL_NET_TLS_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include <wattle/status.h>

/* All zero is an empty buffer. */
struct wtl__tls_buffer {
    uint8_t *bytes;
    size_t start; /* first byte that was not taken */
    size_t end;   /* behind the last byte */
    size_t capacity;
};

static inline size_t wtl__tls_buffer_size(const struct wtl__tls_buffer *buffer)
{
    return buffer->end - buffer->start;
}

/* Makes room for `size` more bytes, so that the appends that follow cannot fail.
 * Fails: WTL_NO_MEMORY, with nothing changed. */
enum wtl_status wtl__tls_buffer_reserve(struct wtl__tls_buffer *buffer, size_t size) WTL_MUST_USE;

/* Fails: WTL_NO_MEMORY, with nothing appended. */
enum wtl_status wtl__tls_buffer_append(struct wtl__tls_buffer *buffer, const uint8_t *bytes,
                                       size_t size) WTL_MUST_USE;

/* Forgets `size` bytes at the front, all of them when there are fewer. */
void wtl__tls_buffer_drop(struct wtl__tls_buffer *buffer, size_t size);

void wtl__tls_buffer_deinit(struct wtl__tls_buffer *buffer);

#endif
