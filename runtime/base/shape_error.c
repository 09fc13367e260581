/*
 * shape_error.c - says what was wrong with bytes that were read by a format: which key, what was
 * expected, what came. Cold. Any thread, owns nothing.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/shape_get.h"

#define PATH_MAX_ ((WTL_SHAPE_KEY + 1) * (WTL_SHAPE_DEPTH + 1) + 1)

/* "pos.x", "tags[1]"; for the whole body "body". */
static void write_path(const struct wtl_shape *shape, unsigned index, char path[PATH_MAX_])
{
    size_t used = 0;
    unsigned position = 0; /* among its siblings */
    path[0] = '\0';
    for (unsigned i = 0; i < shape->used && i <= index && index != SHAPE_TOP;) {
        const struct wtl_shape_field *field = &shape->fields[i];
        if (field->next <= index) {
            position++;
            i = field->next; /* a sibling of where we go, or of what holds it */
            continue;
        }
        int more = 0;
        if (field->key_size > 0) {
            more = snprintf(path + used, PATH_MAX_ - used, "%s%.*s", used > 0 ? "." : "",
                            (int)field->key_size, shape->format + field->key_at);
        } else if (i > 0) {
            more = snprintf(path + used, PATH_MAX_ - used, "[%u]", position);
        }
        used += (size_t)more;
        position = 0;
        i++;
    }
    if (used == 0) {
        (void)snprintf(path, PATH_MAX_, "body");
    }
}

static void write_expected(const struct wtl_shape *shape, unsigned index, char *text, size_t size)
{
    static const struct wtl_shape_field top = {.kind = SHAPE_MAP};
    const struct wtl_shape_field *field = index == SHAPE_TOP ? &top : &shape->fields[index];
    unsigned bits = 8u * field->width;
    switch ((enum shape_kind)field->kind) {
    case SHAPE_SIGNED:
        (void)snprintf(text, size, "an integer from %" PRId64 " to %" PRId64,
                       INT64_MIN >> (64 - bits), INT64_MAX >> (64 - bits));
        return;
    case SHAPE_UNSIGNED:
        (void)snprintf(text, size, "an integer from 0 to %" PRIu64, UINT64_MAX >> (64 - bits));
        return;
    case SHAPE_FLOAT:
        (void)snprintf(text, size, "a number that fits a float");
        return;
    case SHAPE_DOUBLE:
        (void)snprintf(text, size, "a number that fits a double");
        return;
    case SHAPE_TEXT:
    case SHAPE_SIZED_TEXT:
        (void)snprintf(text, size, "a string of at most %u bytes without NULs", field->width);
        return;
    case SHAPE_MAP:
        (void)snprintf(text, size, "a map");
        return;
    case SHAPE_ARRAY:
        (void)snprintf(text, size, "an array of %u", field->count);
        return;
    }
}

static void write_text(struct wtl_reader *came, char *text, size_t size)
{
    size_t length;
    const char *found = wtl_get_str(came, &length);
    bool nul = found != NULL && memchr(found, '\0', length) != NULL;
    (void)snprintf(text, size, "a string of %zu bytes%s", length, nul ? " with a NUL" : "");
}

static void write_came(struct wtl_reader came, char *text, size_t size)
{
    struct wtl_reader again = came;
    size_t left = wtl_left(&came);
    bool bin = wtl_peek(&came) == WTL_PACK_BIN;
    switch (wtl_peek(&came)) {
    case WTL_PACK_NONE:
        (void)snprintf(text, size, "%s", left == 0 ? "nothing more" : "the reserved byte 0xc1");
        return;
    case WTL_PACK_NIL:
        (void)snprintf(text, size, "nil");
        return;
    case WTL_PACK_BOOL:
        (void)snprintf(text, size, "%s", wtl_get_bool(&came) ? "true" : "false");
        return;
    case WTL_PACK_INT:
        (void)snprintf(text, size, "%" PRId64, wtl_get_i64(&came));
        if (came.failed) {
            came = again;
            (void)snprintf(text, size, "%" PRIu64, wtl_get_u64(&came));
        }
        break;
    case WTL_PACK_FLOAT:
        (void)snprintf(text, size, "the float %g", wtl_get_f64(&came));
        break;
    case WTL_PACK_STR:
        write_text(&came, text, size);
        break;
    case WTL_PACK_BIN:
    case WTL_PACK_EXT:
        (void)snprintf(text, size, "%s", bin ? "binary data" : "an extension");
        wtl_skip(&came);
        break;
    case WTL_PACK_ARRAY:
        (void)snprintf(text, size, "an array of %" PRIu32, wtl_get_array(&came));
        wtl_skip(&again);
        came.failed = again.failed;
        break;
    case WTL_PACK_MAP:
        (void)snprintf(text, size, "a map of %" PRIu32, wtl_get_map(&came));
        wtl_skip(&again);
        came.failed = again.failed;
        break;
    }
    if (came.failed) {
        (void)snprintf(text, size, "bytes that are cut off or broken");
    }
}

enum wtl_status wtl__shape_refuse(struct wtl_error *error, const struct wtl_shape *shape,
                                  const struct shape_problem *problem)
{
    if (error == NULL) {
        return WTL_BAD_PAYLOAD;
    }
    char path[PATH_MAX_];
    char expected[96];
    char came[96];
    write_path(shape, problem->field, path);
    write_expected(shape, problem->field, expected, sizeof expected);
    write_came(problem->came, came, sizeof came);
    switch (problem->what) {
    case SHAPE_WRONG_TYPE:
    case SHAPE_WRONG_VALUE:
        return wtl_fail(error, WTL_BAD_PAYLOAD, "%s: expected %s, found %s", path, expected, came);
    case SHAPE_MISSING:
        return wtl_fail(error, WTL_BAD_PAYLOAD, "%s: expected %s, found no such key", path,
                        expected);
    case SHAPE_TWICE:
        return wtl_fail(error, WTL_BAD_PAYLOAD, "%s: expected one value, found the key twice",
                        path);
    case SHAPE_TRAILING:
        return wtl_fail(error, WTL_BAD_PAYLOAD, "%s: expected one value, found %zu bytes behind it",
                        path, wtl_left(&problem->came));
    }
    return WTL_BAD_PAYLOAD;
}
