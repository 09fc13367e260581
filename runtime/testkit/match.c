/* match.c - is a body what was expected? See text.h. Pure functions. */
#include "testkit/text.h"

#include <math.h>
#include <stdio.h>

/* What a format can nest, and the way to a value as text. */
#define PATH_MAX_BYTES 200u

/* Numbers differ when they do by more than this part of the larger one. */
#define TOLERANCE 1e-9

struct match {
    char path[PATH_MAX_BYTES]; /* of the value that is compared: "pos.x", "tags[1]" */
    struct wtl__test_text *why;
};

static bool differs(struct match *match, const struct wtl_reader *expected,
                    const struct wtl_reader *came)
{
    struct wtl_reader value = *expected;
    wtl__test_put(match->why, "%s%sexpected ", match->path, match->path[0] != '\0' ? ": " : "");
    wtl__test_put_value(match->why, &value);
    if (came == NULL) {
        wtl__test_put(match->why, ", and there is no such key");
    } else if (wtl_left(came) == 0) {
        wtl__test_put(match->why, ", came nothing");
    } else {
        value = *came;
        wtl__test_put(match->why, ", came ");
        wtl__test_put_value(match->why, &value);
    }
    return false;
}

/* Reads a number or a boolean, which formats write and read as 0 and 1. */
struct number {
    bool is_float;
    bool is_negative;
    uint64_t magnitude; /* of an integer */
    double value;
};

static bool read_number(struct wtl_reader *reader, struct number *number_out)
{
    struct wtl_reader again = *reader;
    enum wtl_pack_type type = wtl_peek(reader);
    *number_out = (struct number){.is_float = type == WTL_PACK_FLOAT};
    if (type == WTL_PACK_BOOL) {
        number_out->magnitude = wtl_get_bool(reader);
    } else if (type == WTL_PACK_FLOAT) {
        number_out->value = wtl_get_f64(reader);
        return !reader->failed;
    } else if (type == WTL_PACK_INT) {
        number_out->magnitude = wtl_get_u64(reader);
        if (reader->failed) {
            *reader = again;
            number_out->magnitude = -(uint64_t)wtl_get_i64(reader);
            number_out->is_negative = true;
        }
    } else {
        return false;
    }
    double value = (double)number_out->magnitude;
    number_out->value = number_out->is_negative ? -value : value;
    return !reader->failed;
}

static bool equal_numbers(const struct number *a, const struct number *b)
{
    if (!a->is_float && !b->is_float) {
        return a->is_negative == b->is_negative && a->magnitude == b->magnitude;
    }
    if (isnan(a->value) || isnan(b->value) || isinf(a->value) || isinf(b->value)) {
        return (isnan(a->value) && isnan(b->value)) || a->value == b->value;
    }
    return fabs(a->value - b->value) <= TOLERANCE * fmax(fabs(a->value), fabs(b->value));
}

static bool match_value(struct match *match, struct wtl_reader *expected, struct wtl_reader *came);

/* Where the value of that key begins in the map; false: it has none. */
static bool find_key(struct wtl_reader map, const char *key, size_t size,
                     struct wtl_reader *value_out)
{
    uint32_t left = wtl_get_map(&map);
    for (; left > 0 && !map.failed; left--) {
        size_t came_size = 0;
        const char *came = NULL;
        if (wtl_peek(&map) == WTL_PACK_STR) {
            came = wtl_get_str(&map, &came_size);
        } else {
            wtl_skip(&map);
        }
        if (came != NULL && came_size == size && memcmp(came, key, size) == 0) {
            *value_out = map;
            return true;
        }
        wtl_skip(&map);
    }
    return false;
}

static bool match_map(struct match *match, struct wtl_reader *expected, struct wtl_reader *came)
{
    size_t length = strlen(match->path);
    const struct wtl_reader map = *came;
    uint32_t left = wtl_get_map(expected);
    bool same = true;
    for (; left > 0 && same; left--) {
        size_t size = 0;
        struct wtl_reader value;
        const char *key = wtl_get_str(expected, &size);
        (void)snprintf(match->path + length, sizeof match->path - length, "%s%.*s",
                       length > 0 ? "." : "", (int)size, key);
        same = find_key(map, key, size, &value) ? match_value(match, expected, &value)
                                                : differs(match, expected, NULL);
    }
    wtl_skip(came);
    match->path[length] = '\0';
    return same;
}

static bool match_array(struct match *match, struct wtl_reader *expected, struct wtl_reader *came)
{
    size_t length = strlen(match->path);
    const struct wtl_reader whole = *expected;
    const struct wtl_reader whole_came = *came;
    uint32_t count = wtl_get_array(expected);
    if (wtl_get_array(came) != count) {
        return differs(match, &whole, &whole_came);
    }
    bool same = true;
    for (uint32_t i = 0; i < count && same; i++) {
        (void)snprintf(match->path + length, sizeof match->path - length, "[%u]", i);
        same = match_value(match, expected, came);
    }
    match->path[length] = '\0';
    return same;
}

static bool match_text(struct match *match, struct wtl_reader *expected, struct wtl_reader *came)
{
    const struct wtl_reader whole = *expected;
    const struct wtl_reader whole_came = *came;
    size_t size = 0;
    size_t size_came = 0;
    const char *text = wtl_get_str(expected, &size);
    const char *text_came = wtl_peek(came) == WTL_PACK_STR ? wtl_get_str(came, &size_came) : NULL;
    if (text_came == NULL || size != size_came || memcmp(text, text_came, size) != 0) {
        return differs(match, &whole, &whole_came);
    }
    return true;
}

/* The next values of both; `expected` was made by a format, and is valid. */
static bool match_value(struct match *match, struct wtl_reader *expected, struct wtl_reader *came)
{
    const struct wtl_reader whole = *expected;
    const struct wtl_reader whole_came = *came;
    struct number number;
    struct number number_came;
    switch (wtl_peek(expected)) {
    case WTL_PACK_MAP:
        return wtl_peek(came) == WTL_PACK_MAP ? match_map(match, expected, came)
                                              : differs(match, &whole, &whole_came);
    case WTL_PACK_ARRAY:
        return wtl_peek(came) == WTL_PACK_ARRAY ? match_array(match, expected, came)
                                                : differs(match, &whole, &whole_came);
    case WTL_PACK_STR:
        return match_text(match, expected, came);
    default:
        return (read_number(expected, &number) && read_number(came, &number_came) &&
                equal_numbers(&number, &number_came)) ||
               differs(match, &whole, &whole_came);
    }
}

bool wtl__test_match(struct wtl_reader expected, struct wtl_reader came, struct wtl__test_text *why)
{
    struct match match = {.why = why};
    return match_value(&match, &expected, &came);
}
