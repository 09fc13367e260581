/*
 * str.c - string functions that are linked into each module, hidden; mem.c says why.
 *
 * Not here: what depends on the locale or allocates, and searches for whole strings, whose simple
 * form is quadratic. Any thread, owns nothing.
 */
#include <stdint.h>
#include <string.h>

size_t strnlen(const char *text, size_t max)
{
    size_t size = 0;
    while (size < max && text[size] != '\0') {
        size++;
    }
    return size;
}

size_t strlen(const char *text)
{
    size_t size = 0;
    while (text[size] != '\0') {
        size++;
    }
    return size;
}

int strncmp(const char *left, const char *right, size_t max)
{
    for (size_t i = 0; i < max; i++) {
        unsigned char a = (unsigned char)left[i];
        unsigned char b = (unsigned char)right[i];
        if (a != b || a == '\0') {
            return a - b;
        }
    }
    return 0;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

char *stpcpy(char *restrict to, const char *restrict from)
{
    size_t size = strlen(from);
    memcpy(to, from, size + 1);
    return to + size;
}

char *strcpy(char *restrict to, const char *restrict from)
{
    (void)stpcpy(to, from);
    return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t size)
{
    size_t used = strnlen(from, size);
    memcpy(to, from, used);
    memset(to + used, 0, size - used);
    return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
    (void)stpcpy(to + strlen(to), from);
    return to;
}

char *strncat(char *restrict to, const char *restrict from, size_t max)
{
    char *end = to + strlen(to);
    size_t used = strnlen(from, max);
    memcpy(end, from, used);
    end[used] = '\0';
    return to;
}

char *strchrnul(const char *text, int byte)
{
    while (*text != '\0' && *text != (char)byte) {
        text++;
    }
    return (char *)(uintptr_t)text;
}

char *strchr(const char *text, int byte)
{
    char *found = strchrnul(text, byte);
    return *found == (char)byte ? found : NULL;
}

char *strrchr(const char *text, int byte)
{
    return memrchr(text, byte, strlen(text) + 1);
}

/* Bytes at the head of `text` that are in `set`, or are not. */
static size_t span(const char *text, const char *set, int in)
{
    uint64_t bits[4] = {0};
    size_t size = 0;
    for (; *set != '\0'; set++) {
        bits[(unsigned char)*set / 64] |= UINT64_C(1) << (unsigned char)*set % 64;
    }
    while (text[size] != '\0' &&
           (int)(bits[(unsigned char)text[size] / 64] >> (unsigned char)text[size] % 64 & 1) ==
               in) {
        size++;
    }
    return size;
}

size_t strspn(const char *text, const char *set)
{
    return span(text, set, 1);
}

size_t strcspn(const char *text, const char *set)
{
    return span(text, set, 0);
}

char *strpbrk(const char *text, const char *set)
{
    text += span(text, set, 0);
    return *text != '\0' ? (char *)(uintptr_t)text : NULL;
}
