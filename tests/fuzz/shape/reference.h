/*
 * reference.h - one fixed record, read without shapes: the second opinion of the shape fuzzer.
 */
#ifndef WTL_FUZZ_SHAPE_REFERENCE_H
#define WTL_FUZZ_SHAPE_REFERENCE_H

#include <wattle/pack.h>

#define TEXT_MAX 5

struct record {
    unsigned seq;
    long long delta;
    double celsius;
    char name[TEXT_MAX + 1];
    signed char x;
    unsigned short y0;
    float y1;
};

/* The format that stands for the record, for reading. */
#define RECORD_FORMAT "seq=%u delta=%lld celsius=%lf name=%5s pos={x=%hhd y=[%hu %f]}"

/* Reads the whole body by hand, with cursors and no shape. False: it is not this record, and
 * `record` is as it was. */
bool reference_read(const uint8_t *bytes, size_t size, struct record *record);

#endif
