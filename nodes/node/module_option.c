/* module_option.c - see module_option.h. */
#include "node/module_option.h"

#include <stdio.h>

#include <wattle/settings.h>

#include "base/attr.h"

/* The longest value, with its NUL. */
#define VALUE_MAX     64u
#define BUDGET_MS_MAX (60 * 60 * 1000)

struct values {
    const char *isolation;
    const char *may;
    int64_t memory;
    int64_t budget;
};

static const struct wtl_field keys[] = {
    WTL_FIELD(struct values, isolation, STR, "node", NULL, "node or process"),
    WTL_FIELD(struct values, may, STR, "", NULL, "files, network or files+network"),
    WTL_FIELD(struct values, memory, BYTES, "0", "bytes", "of the process"),
    WTL_FIELD(struct values, budget, DURATION_MS, "0", "ms", "of one function of an actor"),
    {0},
};

/* The key whose name and '=' the text begins with. */
static const struct wtl_field *key_at(const char *text)
{
    const struct wtl_field *key = keys;
    while (key->name != NULL &&
           !(strncmp(text, key->name, strlen(key->name)) == 0 && text[strlen(key->name)] == '=')) {
        key++;
    }
    return key->name != NULL ? key : NULL;
}

/* Is that comma behind "FILE.so" and in front of "word=": an option, if one that there is not? */
static bool is_behind_file(const char *text, const char *comma)
{
    const char *word_end = comma + 1 + strcspn(comma + 1, ",=");
    return comma - text > 3 && strncmp(comma - 3, ".so", 3) == 0 && *word_end == '=';
}

/* Where the options begin: at the first comma that a key follows, so that a path may have commas.
 */
static size_t path_size(const char *text)
{
    const char *comma = strchr(text, ',');
    while (comma != NULL && key_at(comma + 1) == NULL && !is_behind_file(text, comma)) {
        comma = strchr(comma + 1, ',');
    }
    return comma != NULL ? (size_t)(comma - text) : strlen(text);
}

static enum wtl_status read_may(const char *text, unsigned *may_out, struct wtl_error *error)
{
    static const struct {
        const char *text;
        unsigned may;
    } rights[] = {{"", 0},
                  {"files", WTL__MAY_FILES},
                  {"network", WTL__MAY_NETWORK},
                  {"files+network", WTL__MAY_FILES | WTL__MAY_NETWORK},
                  {"network+files", WTL__MAY_FILES | WTL__MAY_NETWORK}};
    for (size_t i = 0; i < WTL_COUNT(rights); i++) {
        if (strcmp(text, rights[i].text) == 0) {
            *may_out = rights[i].may;
            return WTL_OK;
        }
    }
    return wtl_fail(error, WTL_INVALID, "may: expected files, network or files+network, got \"%s\"",
                    text);
}

static enum wtl_status take_values(const struct values *values, struct wtl__module_option *option,
                                   struct wtl_error *error)
{
    struct wtl__isolated_config *config = &option->config;
    option->isolated = strcmp(values->isolation, "process") == 0;
    if (!option->isolated && strcmp(values->isolation, "node") != 0) {
        return wtl_fail(error, WTL_INVALID, "isolation: expected node or process, got \"%s\"",
                        values->isolation);
    }
    enum wtl_status status = read_may(values->may, &config->may, error);
    if (status != WTL_OK) {
        return status;
    }
    if (!option->isolated && (config->may != 0 || values->memory != 0 || values->budget != 0)) {
        return wtl_fail(error, WTL_INVALID,
                        "may, memory and budget are limits of a process: add isolation=process");
    }
    if (values->memory != 0 && values->memory < (int64_t)WTL__ISOLATED_MEMORY_MIN) {
        return wtl_fail(error, WTL_INVALID, "memory: expected %u MiB or more, got %lld bytes",
                        WTL__ISOLATED_MEMORY_MIN >> 20, (long long)values->memory);
    }
    if (values->budget != 0 && (values->budget < (int64_t)WTL__ISOLATED_BUDGET_MIN ||
                                values->budget > (int64_t)BUDGET_MS_MAX)) {
        return wtl_fail(error, WTL_INVALID, "budget: expected %u ms to 1 h, got %lld ms",
                        WTL__ISOLATED_BUDGET_MIN, (long long)values->budget);
    }
    config->memory_max = (uint64_t)values->memory;
    config->budget_ms = (uint32_t)values->budget;
    return WTL_OK;
}

/* The keys behind the path, each into its place of `values`; texts into `kept`. */
static enum wtl_status read_values(const char *text, struct values *values, char kept[][VALUE_MAX],
                                   struct wtl_error *error)
{
    while (*text == ',') {
        const struct wtl_field *key = key_at(++text);
        size_t whole = strcspn(text, ",");
        if (key == NULL) {
            return wtl_fail(error, WTL_INVALID,
                            "there is no option \"%.*s\"; expected isolation=, may=, memory= or "
                            "budget=",
                            (int)whole, text);
        }
        size_t head = strlen(key->name) + 1;
        char *value = kept[key - keys];
        if (whole - head >= VALUE_MAX) {
            return wtl_fail(error, WTL_INVALID, "%s: the value is too long", key->name);
        }
        memcpy(value, text + head, whole - head);
        value[whole - head] = '\0';
        enum wtl_status status = wtl_setting_read(key, value, values, error);
        if (status != WTL_OK) {
            return status;
        }
        text += whole;
    }
    return WTL_OK;
}

enum wtl_status wtl__module_option_read(const char *text, struct wtl__module_option *option_out,
                                        struct wtl_error *error)
{
    char kept[WTL_COUNT(keys)][VALUE_MAX];
    struct values values = {.isolation = "node", .may = ""};
    size_t size = path_size(text);
    *option_out = (struct wtl__module_option){0};
    if (size == 0 || size >= sizeof option_out->path) {
        return wtl_fail(error, WTL_INVALID, "expected FILE[,isolation=process,...], got \"%.80s\"",
                        text);
    }
    memcpy(option_out->path, text, size);
    enum wtl_status status = read_values(text + size, &values, kept, error);
    if (status == WTL_OK) {
        status = take_values(&values, option_out, error);
    }
    return status == WTL_OK ? WTL_OK : wtl_while(error, status, "--module %.100s", text);
}
