/*
 * json.h - JSON in and out: strings, and whole values between JSON and msgpack.
 *
 *   json.c        a table as JSON (table.h)
 *   json_write.c  strings, and a value of msgpack as JSON
 *   json_read.c   JSON as a value of msgpack
 *
 * Thread: any. Owns: nothing.
 */
#ifndef WTL_CLI_JSON_H
#define WTL_CLI_JSON_H

#include <stdio.h>

#include <wattle/pack.h>

/* Arrays and objects within each other. */
#define WTL__JSON_DEPTH_MAX 16u

/* A string in quotes, with everything escaped that JSON wants, and what is not UTF-8 replaced. */
void wtl__json_string(FILE *file, const char *text, size_t size);

/* One value of msgpack, any bytes. What JSON does not have: binary data becomes its hexadecimal
 * digits, a key that is no string the text of its value, an extension or a number that is none
 * becomes null. Fails: false, and nothing is written, when it is not one whole value. */
bool wtl__json_value(FILE *file, const void *bytes, size_t size);

struct wtl__json_error {
    size_t at; /* counted from 0 */
    const char *text;
};

/* Puts one JSON value (RFC 8259) as msgpack: numbers without a fraction or exponent as integers
 * where they fit. Fails: false; what was put is of no use then. */
bool wtl__json_read(const char *text, size_t size, struct wtl_writer *out,
                    struct wtl__json_error *error_out) WTL_MUST_USE;

#endif
