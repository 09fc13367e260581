/*
 * text.h - bounded output, UTF-8 and the nearest word: what lexer, errors and graphs share.
 *
 * Private to the notation. Pure functions; owns nothing.
 */
#ifndef WTL_FLOW_TEXT_H
#define WTL_FLOW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text into the caller's memory; `total` goes on counting when the memory is full, like snprintf.
 */
struct wtl__sink {
    char *out;
    size_t room;
    size_t total;
};

static inline struct wtl__sink wtl__sink_over(char *out, size_t room)
{
    return (struct wtl__sink){.out = out, .room = room};
}

void wtl__sink_bytes(struct wtl__sink *sink, const char *bytes, size_t size);
void wtl__sink_fill(struct wtl__sink *sink, char c, size_t count);

/* Bounds: one call adds at most 1023 bytes. */
void wtl__sink_format(struct wtl__sink *sink, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds text from outside: what is not printable or not UTF-8 becomes '?', so that no terminal can
 * be steered by it. */
void wtl__sink_foreign(struct wtl__sink *sink, const char *bytes, size_t size);

/* Ends the text with a NUL where there is room for one; returns its whole length. */
size_t wtl__sink_end(struct wtl__sink *sink);

/* The length of the UTF-8 character at `bytes`, 1 to 4, and its code point; 0 when it is none
 * (cut, overlong, a surrogate, too large). `size` is at least 1. */
unsigned wtl__utf8_next(const char *bytes, size_t size, uint32_t *point_out);

/* How many cells of a terminal a character takes: 0, 1 or 2. */
unsigned wtl__utf8_cells(uint32_t point);

/* Can it be printed as it is: no control character, no bidirectional override? */
bool wtl__utf8_printable(uint32_t point);

/* Finds what was meant: offer all candidates, then look at `best`, which is NULL when none is near.
 * Near: as many changed, missing, added or swapped letters as a third of the word, case aside. */
struct wtl__nearest {
    const char *wanted;
    size_t size;
    const char *best; /* what was offered; owned by whoever offered it */
    unsigned distance;
};

struct wtl__nearest wtl__nearest_to(const char *wanted, size_t size);
void wtl__nearest_offer(struct wtl__nearest *nearest, const char *candidate);

#endif
