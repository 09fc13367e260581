/* pem.c - see pem.h. Base64 is libsodium's, which is constant in time. Thread: any. */
#include "certs/pem.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "certs/der.h"

#define BEGIN "-----BEGIN "
#define END   "-----END "
#define DASH  "-----"

bool wtl__line_next(struct wtl__lines *lines, const char **line_out, size_t *size_out)
{
    if (lines->left == 0) {
        return false;
    }
    const char *end = memchr(lines->at, '\n', lines->left);
    size_t size = end != NULL ? (size_t)(end - lines->at) : lines->left;
    size_t taken = size + (end != NULL ? 1 : 0);
    *line_out = lines->at;
    *size_out = size > 0 && lines->at[size - 1] == '\r' ? size - 1 : size;
    lines->at += taken;
    lines->left -= taken;
    lines->number++;
    return true;
}

static bool starts_with(const char *line, size_t size, const char *word)
{
    size_t word_size = strlen(word);
    return size >= word_size && memcmp(line, word, word_size) == 0;
}

static bool is_end_of(const char *line, size_t size, const char *label)
{
    size_t label_size = strlen(label);
    return size == sizeof END - 1 + label_size + sizeof DASH - 1 && starts_with(line, size, END) &&
           memcmp(line + sizeof END - 1, label, label_size) == 0 &&
           memcmp(line + size - (sizeof DASH - 1), DASH, sizeof DASH - 1) == 0;
}

static bool read_label(const char *line, size_t size, char *label_out, size_t capacity)
{
    size_t around = sizeof BEGIN - 1 + sizeof DASH - 1;
    if (!starts_with(line, size, BEGIN) || size <= around || size - around >= capacity ||
        memcmp(line + size - (sizeof DASH - 1), DASH, sizeof DASH - 1) != 0) {
        return false;
    }
    struct wtl__der_view label = {(const uint8_t *)line + sizeof BEGIN - 1, size - around};
    (void)wtl__der_text(label, label_out, capacity);
    return true;
}

enum wtl_status wtl__pem_next(struct wtl__lines *lines, struct wtl__pem *pem_out,
                              struct wtl_error *error)
{
    const char *line = NULL;
    size_t size = 0;
    do {
        if (!wtl__line_next(lines, &line, &size)) {
            return WTL_NOT_FOUND;
        }
    } while (size == 0);
    if (!read_label(line, size, pem_out->label, sizeof pem_out->label)) {
        return wtl_fail(error, WTL_CONFIG,
                        "line %u: expected -----BEGIN ...-----, came something else",
                        lines->number);
    }
    pem_out->number = lines->number;
    pem_out->body = lines->at;
    while (wtl__line_next(lines, &line, &size)) {
        if (is_end_of(line, size, pem_out->label)) {
            pem_out->body_size = (size_t)(line - pem_out->body);
            return WTL_OK;
        }
        if (starts_with(line, size, DASH)) {
            break;
        }
    }
    return wtl_fail(error, WTL_CONFIG,
                    "line %u: expected -----END %s-----, came the end of the file or another block",
                    lines->number, pem_out->label);
}

enum wtl_status wtl__pem_decode(const struct wtl__pem *pem, uint8_t *bytes_out, size_t capacity,
                                size_t *size_out, struct wtl_error *error)
{
    if (sodium_base642bin(bytes_out, capacity, pem->body, pem->body_size, "\r\n", size_out, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        *size_out == 0) {
        return wtl_fail(error, WTL_CONFIG,
                        "line %u: expected 1 to %zu bytes in base64, came something else",
                        pem->number + 1, capacity);
    }
    return WTL_OK;
}

void wtl__text_put(struct wtl__text *text, const char *format, ...)
{
    va_list args;
    size_t room = text->capacity - text->size;
    va_start(args, format);
    int size = vsnprintf(text->bytes + text->size, room, format, args);
    va_end(args);
    if (text->overflow || size < 0 || (size_t)size >= room) {
        text->overflow = true;
        return;
    }
    text->size += (size_t)size;
}

void wtl__pem_put(struct wtl__text *text, const char *label, const struct wtl_der *der)
{
    wtl__text_put(text, BEGIN "%s" DASH "\n", label);
    for (size_t at = 0; at < der->size; at += 48) {
        size_t size = der->size - at < 48 ? der->size - at : 48;
        size_t encoded = sodium_base64_encoded_len(size, sodium_base64_VARIANT_ORIGINAL);
        if (text->overflow || text->capacity - text->size <= encoded) {
            text->overflow = true;
            return;
        }
        (void)sodium_bin2base64(text->bytes + text->size, text->capacity - text->size,
                                der->bytes + at, size, sodium_base64_VARIANT_ORIGINAL);
        text->size += encoded - 1; /* which counts the NUL */
        wtl__text_put(text, "\n");
    }
    wtl__text_put(text, END "%s" DASH "\n", label);
}
