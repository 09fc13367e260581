/*
 * mem.c - memory functions that are linked into each module, hidden.
 *
 * A fault in the C library is nobody's: its locks may be held. With these, a memcpy to a bad
 * address faults in the module's own text, and costs one actor. Not here: strings (str.c). Left out
 * under a sanitizer, which has its own.
 *
 * Any thread, owns nothing. Compiled without builtins, so that no loop becomes a call of itself.
 */
#include <stdint.h>
#include <string.h>

/* Sixteen and eight bytes at any address, of any type. */
struct wide {
    uint64_t low;
    uint64_t high;
} __attribute__((packed, may_alias));

struct word {
    uint64_t value;
} __attribute__((packed, may_alias));

static void copy_up(uint8_t *to, const uint8_t *from, size_t size)
{
    while (size >= 32) {
        struct wide first = *(const struct wide *)(const void *)from;
        struct wide second = *(const struct wide *)(const void *)(from + 16);
        *(struct wide *)(void *)to = first;
        *(struct wide *)(void *)(to + 16) = second;
        to += 32;
        from += 32;
        size -= 32;
    }
    while (size >= 8) {
        *(struct word *)(void *)to = *(const struct word *)(const void *)from;
        to += 8;
        from += 8;
        size -= 8;
    }
    while (size > 0) {
        *to++ = *from++;
        size--;
    }
}

/* From the last byte to the first, for a target that begins within the source. */
static void copy_down(uint8_t *to, const uint8_t *from, size_t size)
{
    while (size >= 16) {
        size -= 16;
        struct wide wide = *(const struct wide *)(const void *)(from + size);
        *(struct wide *)(void *)(to + size) = wide;
    }
    while (size > 0) {
        size--;
        to[size] = from[size];
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_up(to, from, size);
    return to;
}

void *mempcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_up(to, from, size);
    return (uint8_t *)to + size;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from < size) {
        copy_down(to, from, size);
    } else {
        copy_up(to, from, size);
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint8_t *at = to;
    uint64_t eight = (uint8_t)byte * UINT64_C(0x0101010101010101);
    struct wide wide = {eight, eight};
    while (size >= 16) {
        *(struct wide *)(void *)at = wide;
        at += 16;
        size -= 16;
    }
    while (size > 0) {
        *at++ = (uint8_t)byte;
        size--;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t size)
{
    const uint8_t *a = left;
    const uint8_t *b = right;
    while (size >= 8 && ((const struct word *)(const void *)a)->value ==
                            ((const struct word *)(const void *)b)->value) {
        a += 8;
        b += 8;
        size -= 8;
    }
    for (; size > 0; size--, a++, b++) {
        if (*a != *b) {
            return *a - *b;
        }
    }
    return 0;
}

void *memchr(const void *bytes, int byte, size_t size)
{
    for (const uint8_t *at = bytes; size > 0; size--, at++) {
        if (*at == (uint8_t)byte) {
            return (void *)(uintptr_t)at;
        }
    }
    return NULL;
}

void *memrchr(const void *bytes, int byte, size_t size)
{
    const uint8_t *at = bytes;
    while (size > 0) {
        size--;
        if (at[size] == (uint8_t)byte) {
            return (void *)(uintptr_t)(at + size);
        }
    }
    return NULL;
}
