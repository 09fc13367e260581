/* model.c - see model.h. */
#include "model.h"

#include <stdio.h>
#include <string.h>

#define TEXTS 8u

struct what {
    unsigned key;
    bool removes;
    int64_t value; /* of a text; what is added to a number */
};

/* The number decides, and looks random. */
static struct what what_of(uint32_t number)
{
    uint64_t mixed = (number + UINT64_C(1)) * UINT64_C(0x9e3779b97f4a7c15);
    mixed ^= mixed >> 29;
    mixed *= UINT64_C(0xbf58476d1ce4e5b9);
    mixed ^= mixed >> 32;
    struct what what = {.key = (unsigned)(mixed % MODEL_KEYS), .removes = (mixed >> 8) % 8 == 0};
    what.value = what.key < TEXTS ? (int64_t)number : 1;
    return what;
}

static void name_key(unsigned key, char name_out[8])
{
    (void)snprintf(name_out, 8, "%c%u", key < TEXTS ? 'k' : 'n', key < TEXTS ? key : key - TEXTS);
}

static void write_text(int64_t number, char text_out[MODEL_TEXT + 1])
{
    char part[24];
    (void)snprintf(part, sizeof part, "%08ld", (long)number);
    for (unsigned i = 0; i < MODEL_TEXT; i += 8) {
        memcpy(text_out + i, part, 8);
    }
    text_out[MODEL_TEXT] = '\0';
}

void model_init(struct model *model)
{
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        model->values[i] = -1;
    }
}

void model_change(struct model *model, uint32_t number)
{
    struct what what = what_of(number);
    int64_t *value = &model->values[what.key];
    if (what.removes) {
        *value = -1;
    } else if (what.key < TEXTS) {
        *value = what.value;
    } else {
        *value = (*value < 0 ? 0 : *value) + what.value;
    }
}

void model_ask(struct wtl_ctx *x, struct wtl_pid pid, uint32_t number,
               const struct wtl_call_options *options)
{
    struct what what = what_of(number);
    char name[8];
    char text[MODEL_TEXT + 1];
    name_key(what.key, name);
    if (what.removes) {
        (void)wtl_callf(x, pid, "remove", options, "key=%s", name);
    } else if (what.key < TEXTS) {
        write_text(what.value, text);
        (void)wtl_callf(x, pid, "insert", options, "key=%s value=%s", name, text);
    } else {
        (void)wtl_callf(x, pid, "add", options, "key=%s delta=%ld", name, (long)what.value);
    }
}

static bool read_value(struct wtl_reader *reader, unsigned key, int64_t *value_out)
{
    char text[MODEL_TEXT + 1];
    size_t size = 0;
    if (key >= TEXTS) {
        *value_out = wtl_get_i64(reader);
        return !reader->failed;
    }
    const char *bytes = wtl_get_str(reader, &size);
    if (reader->failed || size != MODEL_TEXT || sscanf(bytes, "%8ld", value_out) != 1) {
        return false;
    }
    write_text(*value_out, text);
    return memcmp(text, bytes, MODEL_TEXT) == 0;
}

bool model_read(struct wtl_ctx *x, const char *name, struct model *model_out)
{
    struct wtl_table table = wtl_table_find(x, name);
    struct wtl_table_info info = {.entries = 0};
    uint64_t found = 0;
    model_init(model_out);
    for (unsigned i = 0; i < MODEL_KEYS; i++) {
        uint8_t room[MODEL_TEXT + 8];
        char key[8];
        struct wtl_writer writer = wtl_writer_over(room, sizeof room);
        name_key(i, key);
        enum wtl_status status = wtl_table_lookup(x, table, WTL_BYTES_STR(key), &writer);
        if (status == WTL_OK) {
            struct wtl_reader reader = wtl_reader_over(room, wtl_written(&writer));
            found++;
            if (!read_value(&reader, i, &model_out->values[i])) {
                return false;
            }
        } else if (status != WTL_NOT_FOUND) {
            return false;
        }
    }
    return wtl_table_info(x, table, &info) == WTL_OK && info.entries == found;
}

uint32_t model_find(const struct model *begin, const struct model *is, uint32_t least,
                    uint32_t most)
{
    struct model model = *begin;
    for (uint32_t number = least; number <= most; number++) {
        if (memcmp(&model, is, sizeof model) == 0) {
            return number;
        }
        model_change(&model, number);
    }
    return UINT32_MAX;
}
