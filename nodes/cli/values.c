/* values.c - what was given with the options of a call. */
#include <stdlib.h>
#include <string.h>

#include <wattle/settings.h>

#include "cli/command.h"

const char *wtl__value_at(const struct wtl__cli *cli, const char *option, uint32_t index)
{
    for (uint32_t i = 0; i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, option) == 0 && index-- == 0) {
            return cli->given[i].value;
        }
    }
    return NULL;
}

bool wtl__is_given(const struct wtl__cli *cli, const char *option)
{
    for (uint32_t i = 0; i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, option) == 0) {
            return true;
        }
    }
    return false;
}

const char *wtl__value(const struct wtl__cli *cli, const char *option)
{
    const char *value = NULL;
    for (uint32_t i = 0; i < cli->given_count; i++) {
        if (strcmp(cli->given[i].option->name, option) == 0) {
            value = cli->given[i].value;
        }
    }
    return value;
}

bool wtl__value_ms(const struct wtl__cli *cli, const char *option, int64_t absent_ms,
                   int64_t min_ms, int64_t max_ms, int64_t *ms_out)
{
    static const struct wtl_field field = {.name = "time", .type = WTL_FIELD_DURATION_MS};
    const char *text = wtl__value(cli, option);
    struct wtl_error error = {0};
    *ms_out = absent_ms;
    if (text == NULL) {
        return true;
    }
    if (wtl_setting_read(&field, text, ms_out, &error) == WTL_OK && *ms_out >= min_ms &&
        *ms_out <= max_ms) {
        return true;
    }
    (void)wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                    "--%s wants a time from %lldms to %llds, such as 500ms or 5s; got \"%s\"",
                    option, (long long)min_ms, (long long)(max_ms / 1000), text);
    return false;
}

bool wtl__value_bytes(const struct wtl__cli *cli, const char *option, int64_t min_bytes,
                      uint64_t *bytes_out)
{
    static const struct wtl_field field = {.name = "size", .type = WTL_FIELD_BYTES};
    const char *text = wtl__value(cli, option);
    struct wtl_error error = {0};
    int64_t bytes = 0;
    *bytes_out = 0;
    if (text == NULL) {
        return true;
    }
    if (wtl_setting_read(&field, text, &bytes, &error) == WTL_OK && bytes >= min_bytes) {
        *bytes_out = (uint64_t)bytes;
        return true;
    }
    (void)wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                    "--%s wants a size of %lldMiB at least, such as 512MiB or 2GiB; got \"%s\"",
                    option, (long long)(min_bytes / 1048576), text);
    return false;
}

bool wtl__value_days(const struct wtl__cli *cli, const char *option, unsigned max,
                     unsigned *days_out)
{
    const char *text = wtl__value(cli, option);
    char *end = NULL;
    *days_out = 0;
    if (text == NULL) {
        return true;
    }
    unsigned long days = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || days == 0 || days > max) {
        (void)wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                        "--%s wants a number of days from 1 to %u; got \"%s\"", option, max, text);
        return false;
    }
    *days_out = (unsigned)days;
    return true;
}
