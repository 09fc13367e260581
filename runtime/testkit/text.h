/*
 * text.h - texts for failures: a builder that cuts instead of failing, and bodies as text.
 *
 * A body is written as the formats of pack_shape.h would have it, {seq=1 name="ada" tags=["x"]}, so
 * that what was expected and what came can be compared by eye.
 *
 * Thread: one. Owns: nothing. Bounds: what does not fit is left out, and "..." says so.
 */
#ifndef WTL_TESTKIT_TEXT_H
#define WTL_TESTKIT_TEXT_H

#include <wattle/pack.h>

struct wtl__test_text {
    char *begin;
    size_t size; /* of the memory */
    size_t used;
};

/* A builder over the caller's memory, with an empty text in it. */
struct wtl__test_text wtl__test_text_over(char *memory, size_t size);

void wtl__test_put(struct wtl__test_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The next value of the reader, which is read. */
void wtl__test_put_value(struct wtl__test_text *text, struct wtl_reader *reader);

/* A tag and a body: "hello" {name="ada"}. */
void wtl__test_put_message(struct wtl__test_text *text, struct wtl_tag tag, const uint8_t *bytes,
                           size_t size);

/* Is everything in `expected` the same in `came`? Maps are compared by the keys of `expected`;
 * numbers by value, to nine digits. What differs first is put into `why`. */
bool wtl__test_match(struct wtl_reader expected, struct wtl_reader came,
                     struct wtl__test_text *why);

#endif
