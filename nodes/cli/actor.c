/*
 * actor.c - the questions about one actor that take more than its pid: `actor trace` and `actor
 * replace`. See command.h.
 *
 * Thread: one.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/json.h"

#define TRACE_EVENTS     100u
#define TRACE_EVENTS_MAX 4096u
#define TRACE_MS         5000
#define TRACE_MS_MAX     50000
/* For the way there and back, when no --timeout was given. */
#define ON_THE_WAY_MS 5000

/* The number of events; false when it is none, and that has been said. */
static bool get_count(const struct wtl__cli *cli, unsigned long *count_out)
{
    const char *text = wtl__value(cli, "count");
    char *end = NULL;
    *count_out = TRACE_EVENTS;
    if (text == NULL) {
        return true;
    }
    *count_out = strtoul(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && *count_out >= 1 &&
        *count_out <= TRACE_EVENTS_MAX) {
        return true;
    }
    (void)wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                    "--count wants a number from 1 to %u; got \"%s\"", TRACE_EVENTS_MAX, text);
    return false;
}

enum wtl__end wtl__prepare_trace(const struct wtl__cli *cli, struct wtl__request *request)
{
    unsigned long count = 0;
    int64_t for_ms = 0;
    if (!get_count(cli, &count) ||
        !wtl__value_ms(cli, "for", TRACE_MS, 100, TRACE_MS_MAX, &for_ms)) {
        return WTL__END_USAGE;
    }
    if (!wtl__is_given(cli, "timeout")) {
        request->timeout_ms = (uint32_t)for_ms + ON_THE_WAY_MS;
    }
    (void)snprintf(request->args[1], sizeof request->args[1], "%lu", count);
    (void)snprintf(request->args[2], sizeof request->args[2], "%lld", (long long)for_ms);
    request->args_count = 3;
    return WTL__END_OK;
}

enum wtl__end wtl__prepare_replace(const struct wtl__cli *cli, struct wtl__request *request)
{
    static uint8_t body[WTL__CONTROL_BODY_MAX];
    struct wtl_writer writer = wtl_writer_over(body, sizeof body);
    const char *json = cli->operands[1];
    struct wtl__json_error error;
    if (!wtl__json_read(json, strlen(json), &writer, &error)) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                                      "STATE is not JSON: at byte %zu, %s", error.at, error.text);
        wtl__fail_line(&cli->report, "help", "wattle actor state PID --json shows what it has now");
        return end;
    }
    request->body = body;
    request->body_size = (uint32_t)wtl_written(&writer);
    return WTL__END_OK;
}
