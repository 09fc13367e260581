/* release_text.c - the manifest of a release as text. See release.h. */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/civil.h"
#include "certs/pem.h"
#include "certs/release.h"

/* The longest value of a line. */
#define VALUE_MAX 96u

char *wtl__release_hash_text(const uint8_t hash[WTL_RELEASE_HASH],
                             char text_out[WTL__RELEASE_HASH_TEXT])
{
    return sodium_bin2hex(text_out, WTL__RELEASE_HASH_TEXT, hash, WTL_RELEASE_HASH);
}

bool wtl__release_hash_read(const char *text, uint8_t hash_out[WTL_RELEASE_HASH])
{
    size_t size = strlen(text);
    size_t found = 0;
    return size == WTL__RELEASE_HASH_TEXT - 1 &&
           sodium_hex2bin(hash_out, WTL_RELEASE_HASH, text, size, NULL, &found, NULL) == 0 &&
           found == WTL_RELEASE_HASH;
}

static void put(struct wtl__text *text, const struct wtl_release *release)
{
    char hash[WTL__RELEASE_HASH_TEXT];
    char at[WTL__CIVIL_TEXT];
    char end[WTL__CIVIL_TEXT];
    (void)wtl__release_hash_text(release->hash, hash);
    wtl__text_put(text, "wattle-module 1\nname %s\nversion %s\nabi %u.%u\nsize %" PRIu64 "\n",
                  release->name, release->version, release->abi_major, release->abi_minor,
                  release->size);
    wtl__text_put(text, "blake2b %s\nnumber %" PRIu64 "\nsigned %s\nexpires %s\nkey %s\n", hash,
                  release->number, wtl__civil_text(release->signed_s, at),
                  wtl__civil_text(release->expires_s, end), release->key);
}

/* ---- reading the values --------------------------------------------------------------------- */

/* Each reads one value into the release; false when there is none of that form. That it is written
 * as we would is seen at the end, for all of them at once. */

static bool read_head(const char *value, struct wtl_release *release)
{
    (void)release;
    return strcmp(value, "1") == 0;
}

static bool read_name(const char *value, struct wtl_release *release)
{
    size_t size = strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (size == 0 || size > WTL_NAME_MAX || value[size] != '\0' || value[0] < 'a') {
        return false;
    }
    memcpy(release->name, value, size + 1);
    return true;
}

static bool read_version(const char *value, struct wtl_release *release)
{
    size_t size = strlen(value);
    for (size_t i = 0; i < size; i++) {
        if (value[i] <= ' ' || value[i] > '~') {
            return false;
        }
    }
    if (size == 0 || size > WTL_RELEASE_VERSION_MAX) {
        return false;
    }
    memcpy(release->version, value, size + 1);
    return true;
}

/* Digits up to the end of the value, or up to the character `until`. */
static const char *digits(const char *at, char until, uint64_t max, uint64_t *number_out)
{
    const char *begin = at;
    uint64_t number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (number > (max - digit) / 10) {
            return NULL;
        }
        number = 10 * number + digit;
    }
    *number_out = number;
    return at > begin && *at == until ? at : NULL;
}

static bool read_abi(const char *value, struct wtl_release *release)
{
    uint64_t major;
    uint64_t minor;
    const char *dot = digits(value, '.', UINT16_MAX, &major);
    if (dot == NULL || digits(dot + 1, '\0', UINT16_MAX, &minor) == NULL) {
        return false;
    }
    release->abi_major = (uint16_t)major;
    release->abi_minor = (uint16_t)minor;
    return true;
}

static bool read_number(const char *value, uint64_t *number_out)
{
    return digits(value, '\0', UINT64_MAX, number_out) != NULL;
}

static bool read_size(const char *value, struct wtl_release *release)
{
    return read_number(value, &release->size);
}

static bool read_sequence(const char *value, struct wtl_release *release)
{
    return read_number(value, &release->number);
}

static bool read_hash(const char *value, struct wtl_release *release)
{
    return wtl__release_hash_read(value, release->hash);
}

static bool read_time(const char *value, int64_t *time_out_s)
{
    struct wtl__civil civil;
    return sscanf(value, "%4d-%2d-%2dT%2d:%2d:%2dZ", &civil.year, &civil.month, &civil.day,
                  &civil.hour, &civil.minute, &civil.second) == 6 &&
           wtl__civil_to_unix(&civil, time_out_s);
}

static bool read_signed(const char *value, struct wtl_release *release)
{
    return read_time(value, &release->signed_s);
}

static bool read_expires(const char *value, struct wtl_release *release)
{
    return read_time(value, &release->expires_s);
}

static bool read_key(const char *value, struct wtl_release *release)
{
    if (strlen(value) != WTL_KEY_ID_TEXT - 1 ||
        strspn(value, "0123456789abcdef") != WTL_KEY_ID_TEXT - 1) {
        return false;
    }
    memcpy(release->key, value, WTL_KEY_ID_TEXT);
    return true;
}

static const struct {
    const char *word;
    bool (*read)(const char *value, struct wtl_release *release);
} lines_known[] = {
    {"wattle-module", read_head}, {"name", read_name},
    {"version", read_version},    {"abi", read_abi},
    {"size", read_size},          {"blake2b", read_hash},
    {"number", read_sequence},    {"signed", read_signed},
    {"expires", read_expires},    {"key", read_key},
};

#define LINES (sizeof lines_known / sizeof lines_known[0])

/* The value of a line "word value", NUL-terminated; false when it is another line. */
static bool value_of(const char *line, size_t size, const char *word, char value_out[VALUE_MAX])
{
    size_t head = strlen(word);
    if (size <= head + 1 || size - head - 1 >= VALUE_MAX || memcmp(line, word, head) != 0 ||
        line[head] != ' ' || memchr(line, '\0', size) != NULL) {
        return false;
    }
    memcpy(value_out, line + head + 1, size - head - 1);
    value_out[size - head - 1] = '\0';
    return true;
}

enum wtl_status wtl__release_parse(const char *text, size_t size, struct wtl_release *release_out,
                                   struct wtl_error *error)
{
    struct wtl__lines lines = {.at = text, .left = size};
    char again[WTL_RELEASE_MANIFEST_MAX];
    char value[VALUE_MAX];
    *release_out = (struct wtl_release){0};
    for (size_t i = 0; i < LINES; i++) {
        const char *line = NULL;
        size_t line_size = 0;
        if (!wtl__line_next(&lines, &line, &line_size) ||
            !value_of(line, line_size, lines_known[i].word, value) ||
            !lines_known[i].read(value, release_out)) {
            return wtl_fail(error, WTL_INVALID,
                            "line %zu of the manifest: expected \"%s VALUE\", came something else",
                            i + 1, lines_known[i].word);
        }
    }
    struct wtl__text same = {.bytes = again, .capacity = sizeof again};
    put(&same, release_out);
    if (same.overflow || same.size != size || memcmp(again, text, size) != 0) {
        return wtl_fail(error, WTL_INVALID,
                        "the manifest is not written in the one way that there is for what it "
                        "says");
    }
    return WTL_OK;
}

size_t wtl__release_format(const struct wtl_release *release,
                           char text_out[WTL_RELEASE_MANIFEST_MAX])
{
    struct wtl__text text = {.bytes = text_out, .capacity = WTL_RELEASE_MANIFEST_MAX};
    struct wtl_release again;
    put(&text, release);
    return text.overflow || wtl__release_parse(text_out, text.size, &again, NULL) != WTL_OK
               ? 0
               : text.size;
}
