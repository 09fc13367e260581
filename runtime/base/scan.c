/*
 * scan.c - the check of a body from elsewhere, in one pass and constant space.
 *
 * Three numbers hold it together. `left` of a level: values that its container still expects.
 * `owed`: the sum of all `left`; every value has a byte at least, so owed may never exceed the
 * bytes that are left, which refuses a huge claim at its head. `elements`: all values so far.
 * Any thread, owns nothing.
 */
#include "base/scan.h"

#include <wattle/pack.h>

#include "base/attr.h"

struct level {
    uint32_t left;
    uint32_t keys; /* control, maps: how many keys are in `keys` of the scan */
    bool map;
};

struct scan {
    const uint8_t *at;
    const uint8_t *end;
    const struct wtl_scan_limits *limits;
    uint64_t owed;
    uint32_t elements;
    unsigned depth;
    struct level levels[WTL_SCAN_DEPTH_MAX + 1]; /* [0] expects the one value */
    /* control: where the keys of each open map begin; not initialised, because bodies come often
     * and this is most of the struct */
    const uint8_t *keys[WTL_SCAN_DEPTH_MAX + 1][WTL_SCAN_KEYS_MAX];
};

/* What stands behind a head byte from 0xc0 to 0xdf. */
enum tail {
    TAIL_BAD,
    TAIL_FIXED, /* as many bytes */
    TAIL_FLOAT, /* the same, and it is a number */
    TAIL_SIZED, /* a size of as many bytes, and then that many */
    TAIL_ARRAY, /* a count of as many bytes */
    TAIL_MAP,
    TAIL_EXT,       /* a size of as many bytes, a type, and then that many */
    TAIL_FIXED_EXT, /* a type and as many bytes */
};

static const struct {
    uint8_t tail;
    uint8_t bytes;
} tails[32] = {
    {TAIL_FIXED, 0},      {TAIL_BAD, 0},       {TAIL_FIXED, 0},     {TAIL_FIXED, 0},     /* c0 */
    {TAIL_SIZED, 1},      {TAIL_SIZED, 2},     {TAIL_SIZED, 4},     {TAIL_EXT, 1},       /* c4 */
    {TAIL_EXT, 2},        {TAIL_EXT, 4},       {TAIL_FLOAT, 4},     {TAIL_FLOAT, 8},     /* c8 */
    {TAIL_FIXED, 1},      {TAIL_FIXED, 2},     {TAIL_FIXED, 4},     {TAIL_FIXED, 8},     /* cc */
    {TAIL_FIXED, 1},      {TAIL_FIXED, 2},     {TAIL_FIXED, 4},     {TAIL_FIXED, 8},     /* d0 */
    {TAIL_FIXED_EXT, 1},  {TAIL_FIXED_EXT, 2}, {TAIL_FIXED_EXT, 4}, {TAIL_FIXED_EXT, 8}, /* d4 */
    {TAIL_FIXED_EXT, 16}, {TAIL_SIZED, 1},     {TAIL_SIZED, 2},     {TAIL_SIZED, 4},     /* d8 */
    {TAIL_ARRAY, 2},      {TAIL_ARRAY, 4},     {TAIL_MAP, 2},       {TAIL_MAP, 4},       /* dc */
};

static size_t bytes_left(const struct scan *scan)
{
    return (size_t)(scan->end - scan->at);
}

static enum wtl_status step(struct scan *scan, uint64_t bytes)
{
    if (bytes > bytes_left(scan)) {
        return WTL_BAD_PAYLOAD;
    }
    scan->at += bytes;
    return WTL_OK;
}

/* Behind the head of an array or map: `count` values belong to it, keys included. */
static enum wtl_status open_level(struct scan *scan, uint64_t count, bool map)
{
    scan->owed += count;
    if (scan->owed > bytes_left(scan)) {
        return WTL_BAD_PAYLOAD;
    }
    if (scan->depth == scan->limits->depth_max ||
        count > scan->limits->elements_max - scan->elements) {
        return WTL_TOO_LARGE;
    }
    if (map && scan->limits->control && count / 2 > WTL_SCAN_KEYS_MAX) {
        return WTL_TOO_LARGE;
    }
    scan->levels[++scan->depth] = (struct level){.left = (uint32_t)count, .map = map};
    return WTL_OK;
}

static enum wtl_status check_ext(const struct scan *scan, uint8_t type)
{
    bool allowed = type < 64 && (scan->limits->ext_types >> type & 1) != 0;
    return allowed ? WTL_OK : WTL_BAD_PAYLOAD;
}

/* A float behind its head; all its bytes are there. */
static enum wtl_status check_float(const struct scan *scan)
{
    struct wtl_reader reader = {.at = scan->at - 1, .end = scan->end};
    double value = wtl_get_f64(&reader);
    return scan->limits->control && value != value ? WTL_BAD_PAYLOAD : WTL_OK;
}

/* A value with a head from 0xc0 to 0xdf, of which `at` is behind the head. */
static enum wtl_status scan_tail(struct scan *scan, uint8_t head)
{
    size_t bytes = tails[head - 0xc0].bytes;
    enum tail tail = (enum tail)tails[head - 0xc0].tail;
    uint64_t number = 0;
    size_t prefix = tail == TAIL_FIXED_EXT ? 1 : bytes;
    if (tail == TAIL_BAD || prefix > bytes_left(scan)) {
        return WTL_BAD_PAYLOAD;
    }
    if (tail == TAIL_FIXED) {
        return step(scan, bytes);
    }
    if (tail == TAIL_FLOAT) {
        enum wtl_status status = check_float(scan);
        return status != WTL_OK ? status : step(scan, bytes);
    }
    for (size_t i = 0; i < prefix; i++) {
        number = number << 8 | scan->at[i];
    }
    scan->at += prefix;
    if (tail == TAIL_SIZED) {
        return step(scan, number);
    }
    if (tail == TAIL_ARRAY || tail == TAIL_MAP) {
        return open_level(scan, tail == TAIL_MAP ? 2 * number : number, tail == TAIL_MAP);
    }
    if (tail == TAIL_FIXED_EXT) {
        enum wtl_status status = check_ext(scan, (uint8_t)number);
        return status != WTL_OK ? status : step(scan, bytes);
    }
    if (bytes_left(scan) == 0) {
        return WTL_BAD_PAYLOAD;
    }
    enum wtl_status status = check_ext(scan, *scan->at);
    return status != WTL_OK ? status : step(scan, number + 1);
}

/* One head and what belongs to it, but not the values in it. */
static enum wtl_status scan_value(struct scan *scan)
{
    uint8_t head = *scan->at++;
    if (head < 0x80 || head >= 0xe0) {
        return WTL_OK;
    }
    if (head >= 0xc0) {
        return scan_tail(scan, head);
    }
    if (head >= 0xa0) {
        return step(scan, head & 0x1f);
    }
    bool map = head < 0x90;
    return open_level(scan, (uint64_t)(head & 0x0f) * (map ? 2u : 1u), map);
}

/* Are these the same string or the same integer? */
static bool same_key(const struct scan *scan, const uint8_t *a, const uint8_t *b)
{
    struct wtl_reader reader_a = {.at = a, .end = scan->end};
    struct wtl_reader reader_b = {.at = b, .end = scan->end};
    enum wtl_pack_type type = wtl_peek(&reader_a);
    if (type != wtl_peek(&reader_b)) {
        return false;
    }
    if (type == WTL_PACK_STR) {
        size_t size_a;
        size_t size_b;
        const char *text_a = wtl_get_str(&reader_a, &size_a);
        const char *text_b = wtl_get_str(&reader_b, &size_b);
        return size_a == size_b && memcmp(text_a, text_b, size_a) == 0;
    }
    struct wtl_reader again_a = reader_a;
    struct wtl_reader again_b = reader_b;
    int64_t signed_a = wtl_get_i64(&reader_a);
    int64_t signed_b = wtl_get_i64(&reader_b);
    if (!reader_a.failed && !reader_b.failed) {
        return signed_a == signed_b;
    }
    uint64_t unsigned_a = wtl_get_u64(&again_a);
    uint64_t unsigned_b = wtl_get_u64(&again_b);
    return !again_a.failed && !again_b.failed && unsigned_a == unsigned_b;
}

/* Control: the key from `key` to where the scan is now, in the innermost map. */
static enum wtl_status check_key(struct scan *scan, const uint8_t *key)
{
    struct level *level = &scan->levels[scan->depth];
    struct wtl_reader reader = {.at = key, .end = scan->at};
    enum wtl_pack_type type = wtl_peek(&reader);
    if (type != WTL_PACK_STR && type != WTL_PACK_INT) {
        return WTL_BAD_PAYLOAD;
    }
    for (uint32_t i = 0; i < level->keys; i++) {
        if (same_key(scan, scan->keys[scan->depth][i], key)) {
            return WTL_BAD_PAYLOAD;
        }
    }
    /* open_level has refused maps of more than WTL_SCAN_KEYS_MAX */
    scan->keys[scan->depth][level->keys++] = key;
    return WTL_OK;
}

enum wtl_status wtl_scan(const void *bytes, size_t size, const struct wtl_scan_limits *limits)
{
    WTL_ASSERT(limits->depth_max <= WTL_SCAN_DEPTH_MAX);
    const uint32_t size_max = WTL_BODY_MAX;
    if (size > size_max) {
        return WTL_TOO_LARGE;
    }
    if (size == 0) {
        return WTL_OK;
    }
    struct scan scan;
    scan.at = bytes;
    scan.end = scan.at + size;
    scan.limits = limits;
    scan.owed = 1;
    scan.elements = 0;
    scan.depth = 0;
    scan.levels[0] = (struct level){.left = 1};
    while (scan.owed > 0) {
        struct level *level = &scan.levels[scan.depth];
        if (level->left == 0) {
            scan.depth--;
            continue;
        }
        if (scan.at == scan.end) {
            return WTL_BAD_PAYLOAD;
        }
        if (scan.elements == limits->elements_max) {
            return WTL_TOO_LARGE;
        }
        const uint8_t *start = scan.at;
        bool key = limits->control && level->map && level->left % 2 == 0;
        level->left--;
        scan.owed--;
        scan.elements++;
        enum wtl_status status = scan_value(&scan);
        if (status == WTL_OK && key) {
            status = level == &scan.levels[scan.depth] ? check_key(&scan, start) : WTL_BAD_PAYLOAD;
        }
        if (status != WTL_OK) {
            return status;
        }
    }
    return scan.at == scan.end ? WTL_OK : WTL_BAD_PAYLOAD;
}
