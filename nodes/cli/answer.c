/*
 * answer.c - what a node has answered, or that it has not: printed, and as an exit code. See ask.h.
 *
 * Thread: one.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/client.h"

/* The node's own word that time is up comes a little after it is. */
#define GRACE_MS 300

/* Does it change something? */
static bool is_change(const char *verb)
{
    static const char *const changes[] = {"actor.kill", "actor.suspend", "actor.resume",
                                          "actor.replace"};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        if (strcmp(verb, changes[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* What helps, by what went wrong and, where that matters, by what was asked. */
static const char *help_of(enum wtl__failure failure, const char *verb)
{
    switch (failure) {
    case WTL__FAILURE_TIMED_OUT:
        return "ask again, or give it more time: --timeout 20s";
    case WTL__FAILURE_UNREACHABLE:
        return "wattle mesh nodes";
    case WTL__FAILURE_NOT_FOUND:
        return strncmp(verb, "flow.", 5) == 0 ? "wattle flow ls, wattle mesh nodes"
                                              : "wattle mesh nodes, wattle actor ls";
    case WTL__FAILURE_VALUE:
        return strcmp(verb, "actor.replace") == 0
                   ? "wattle actor state PID --json shows a state of that actor"
                   : NULL;
    case WTL__FAILURE_NOT_ENABLED:
        return strcmp(verb, "actor.state") == 0 || strcmp(verb, "actor.replace") == 0
                   ? "its type can have one: .show and .replace, see <wattle/actor.h>"
                   : NULL;
    case WTL__FAILURE_UPGRADE:
        return "all go on with the version that ran; wattle module ls shows it";
    case WTL__FAILURE_NOT_ALLOWED:
        return is_change(verb)
                   ? "wattle actor tree shows what modules and flows run; a device changes "
                     "nothing elsewhere"
                   : "ask as the user who runs the node, and other nodes from an edge or cloud "
                     "node";
    default:
        return NULL;
    }
}

/* It could not be asked at all. */
static enum wtl__end no_answer(const struct wtl__cli *cli, const struct wtl__request *request,
                               const char *path, const struct wtl_error *error)
{
    enum wtl__failure failure = error->status == WTL_NOT_FOUND ? WTL__FAILURE_NO_NODE
                                : error->status == WTL_CLOSED || error->status == WTL_TOO_LARGE
                                    ? WTL__FAILURE_BAD_ANSWER
                                    : wtl__failure_of(error->status);
    enum wtl__end end = wtl__fail(&cli->report, failure, path, "%s",
                                  failure == WTL__FAILURE_NO_NODE ? "no node answers there"
                                                                  : wtl__failure_title(failure));
    const char *help = failure == WTL__FAILURE_NO_NODE ? "wattle node start --id FILE"
                                                       : help_of(failure, request->verb);
    wtl__fail_line(&cli->report, "tried", "%s", error->text);
    wtl__fail_line(&cli->report, "help", "%s",
                   help != NULL ? help : "wattle explain says more about the code");
    return end;
}

/* An upgrade has reasons of its own, which are no matter of the node. */
static enum wtl__failure failure_of(const struct wtl__request *request, enum wtl_status status)
{
    bool is_upgrade = strcmp(request->verb, "module.upgrade") == 0;
    switch (status) {
    case WTL_DENIED:
    case WTL_BUSY:
    case WTL_NO_CONNECTION:
    case WTL_SHUTDOWN:
        return wtl__failure_of(status);
    default:
        return is_upgrade ? WTL__FAILURE_UPGRADE : wtl__failure_of(status);
    }
}

/* The node has answered that it did not do it. */
static enum wtl__end refused(const struct wtl__cli *cli, const struct wtl__request *request,
                             const char *path, const struct wtl__reply *reply)
{
    char place[WTL__CONTROL_PATH_MAX + WTL_NAME_MAX + 16];
    enum wtl__failure failure = failure_of(request, reply->status);
    bool has_text = reply->text != NULL && reply->text_size > 0;
    (void)snprintf(place, sizeof place, "%s%s%s", request->node[0] != '\0' ? request->node : path,
                   request->node[0] != '\0' ? ", through " : "",
                   request->node[0] != '\0' ? path : "");
    enum wtl__end end =
        has_text ? wtl__fail(&cli->report, failure, place, "%.*s",
                             (int)(reply->text_size > 400 ? 400 : reply->text_size), reply->text)
                 : wtl__fail(&cli->report, failure, place, "%s", wtl_status_text(reply->status));
    const char *help = help_of(failure, request->verb);
    if (help != NULL) {
        wtl__fail_line(&cli->report, "help", "%s", help);
    }
    return end;
}

static enum wtl__end unknown_column(const struct wtl__cli *cli, const struct wtl__table *table,
                                    const char *column)
{
    enum wtl__end end =
        wtl__fail(&cli->report, WTL__FAILURE_COLUMN, NULL, "there is no column \"%s\"", column);
    char names[512] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < table->columns_count && used < sizeof names; i++) {
        used += (size_t)snprintf(names + used, sizeof names - used, "%s%.*s", i > 0 ? " " : "",
                                 (int)table->columns[i].size, table->columns[i].name);
    }
    wtl__fail_line(&cli->report, "help", "columns: %s", names);
    return end;
}

enum wtl__end wtl__print_table(const struct wtl__cli *cli, struct wtl__table *table)
{
    const char *column = wtl__value(cli, "sort");
    if (column != NULL && wtl__table_sort(table, column) != WTL_OK) {
        return unknown_column(cli, table, column);
    }
    if (wtl__is_given(cli, "json")) {
        wtl__table_json(table, cli->out);
    } else {
        struct wtl__table_style style = {.color = cli->may_color,
                                         .quiet = wtl__is_given(cli, "quiet")};
        wtl__table_print(table, style, cli->out);
    }
    return WTL__END_OK;
}

enum wtl__end wtl__print_reply(const struct wtl__cli *cli, struct wtl__reply *reply)
{
    struct wtl__table table;
    if (wtl__table_init(&table, reply) != WTL_OK) {
        return wtl__fail(&cli->report, WTL__FAILURE_REFUSED, NULL, "no memory for the table");
    }
    enum wtl__end end = wtl__print_table(cli, &table);
    wtl__table_deinit(&table);
    return end;
}

void wtl__print_done(const struct wtl__cli *cli, const struct wtl__reply *reply)
{
    if (wtl__is_given(cli, "json")) {
        (void)fputs("{\"ok\":true}\n", cli->out);
    } else if (!wtl__is_given(cli, "quiet")) {
        wtl__print_clean(cli->out, reply->text, reply->text_size);
        (void)fputc('\n', cli->out);
    }
}

enum wtl__end wtl__ask(const struct wtl__cli *cli, const char *path,
                       const struct wtl__request *request, struct wtl__asked *asked_out)
{
    size_t size = 0;
    struct wtl_error error = {0};
    asked_out->bytes = NULL;
    if (wtl__client_ask(path, request, (int64_t)request->timeout_ms + GRACE_MS, &asked_out->bytes,
                        &size, &error) != WTL_OK) {
        return no_answer(cli, request, path, &error);
    }
    enum wtl__end end = WTL__END_OK;
    if (wtl__reply_read(asked_out->bytes, size, &asked_out->reply) != WTL_OK) {
        end = wtl__fail(&cli->report, WTL__FAILURE_BAD_ANSWER, path,
                        "the answer of %zu bytes is not one of a node", size);
        wtl__fail_line(&cli->report, "help", "wattle version, here and on the node's machine");
    } else if (asked_out->reply.status != WTL_OK) {
        end = refused(cli, request, path, &asked_out->reply);
    }
    if (end != WTL__END_OK) {
        free(asked_out->bytes);
        asked_out->bytes = NULL;
    }
    return end;
}
