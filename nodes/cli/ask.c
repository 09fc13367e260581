/*
 * ask.c - the commands that a node answers: `mesh`, `actor`, and `flow ls` and `show`.
 *
 * Which node: --control, else $WTL_CONTROL, else the one that answers on this machine. A question
 * to another node goes through that one: --node NAME, or the name in a pid.
 *
 * Thread: one.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"

#define TIMEOUT_MS_DEFAULT 5000
#define WATCH_MS_DEFAULT   2000
/* The node's own word that time is up comes a little after it is. */
#define GRACE_MS 300

/* ---- which node ----------------------------------------------------------------------------- */

static enum wtl__end several(const struct wtl__cli *cli,
                             char paths[WTL__SOCKETS_MAX][WTL__CONTROL_PATH_MAX], uint32_t count)
{
    enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_SEVERAL, NULL,
                                  "%u nodes answer on this machine; which one?", (unsigned)count);
    for (uint32_t i = 0; i < count && i < 8; i++) {
        wtl__fail_line(&cli->report, "found", "%s", paths[i]);
    }
    wtl__fail_line(&cli->report, "help", "--control %s", paths[0]);
    return end;
}

static enum wtl__end none(const struct wtl__cli *cli)
{
    char folder[WTL__CONTROL_PATH_MAX];
    enum wtl__end end =
        wtl__fail(&cli->report, WTL__FAILURE_NO_NODE, NULL, "no node answers on this machine");
    wtl__fail_line(&cli->report, "tried", "--control: not given");
    wtl__fail_line(&cli->report, "tried", "$WTL_CONTROL: not set");
    for (unsigned i = 0; wtl__control_folder(i, folder); i++) {
        wtl__fail_line(&cli->report, "tried", "%s: no socket there that answers", folder);
    }
    wtl__fail_line(&cli->report, "help", "wattle node start --id FILE");
    return end;
}

/* The socket of the node that is asked, if that one runs here; else the only one. */
static const char *choose(const char *node, char paths[WTL__SOCKETS_MAX][WTL__CONTROL_PATH_MAX],
                          uint32_t count)
{
    for (uint32_t i = 0; node[0] != '\0' && i < count; i++) {
        const char *base = strrchr(paths[i], '/') + 1;
        if (strncmp(base, node, strlen(node)) == 0 && strcmp(base + strlen(node), ".sock") == 0) {
            return paths[i];
        }
    }
    return count == 1 ? paths[0] : NULL;
}

static enum wtl__end find_socket(const struct wtl__cli *cli, const struct wtl__request *request,
                                 const char **path_out)
{
    static char paths[WTL__SOCKETS_MAX][WTL__CONTROL_PATH_MAX];
    const char *given = wtl__value(cli, "control");
    given = given != NULL ? given : getenv("WTL_CONTROL");
    if (given != NULL && given[0] != '\0') {
        *path_out = given;
        return WTL__END_OK;
    }
    uint32_t count = wtl__client_sockets(paths);
    *path_out = choose(request->node, paths, count);
    if (*path_out != NULL) {
        return WTL__END_OK;
    }
    return count == 0 ? none(cli) : several(cli, paths, count);
}

/* ---- the question ---------------------------------------------------------------------------- */

/* "<edge-1:42.7>" asks edge-1 for 42.7. */
static void split_pid(const char *text, struct wtl__request *request)
{
    size_t size = strlen(text);
    if (size >= 2 && text[0] == '<' && text[size - 1] == '>') {
        text++;
        size -= 2;
    }
    const char *colon = memchr(text, ':', size);
    size_t node = colon != NULL ? (size_t)(colon - text) : 0;
    if (colon != NULL && node <= WTL_NAME_MAX) {
        (void)snprintf(request->node, sizeof request->node, "%.*s", (int)node, text);
        text += node + 1;
        size -= node + 1;
    }
    (void)snprintf(request->args[0], sizeof request->args[0], "%.*s", (int)size, text);
}

static enum wtl__end make_request(const struct wtl__cli *cli, struct wtl__request *request)
{
    int64_t timeout_ms = 0;
    const char *node = wtl__value(cli, "node");
    memset(request, 0, sizeof *request);
    if (!wtl__value_ms(cli, "timeout", TIMEOUT_MS_DEFAULT, WTL__CONTROL_TIMEOUT_MS_MIN,
                       WTL__CONTROL_TIMEOUT_MS_MAX, &timeout_ms)) {
        return WTL__END_USAGE;
    }
    request->timeout_ms = (uint32_t)timeout_ms;
    (void)snprintf(request->verb, sizeof request->verb, "%s.%s", cli->command->noun,
                   cli->command->verb);
    request->args_count = cli->operands_count;
    for (uint32_t i = 0; i < cli->operands_count; i++) {
        if (i >= WTL__CONTROL_ARGS_MAX || strlen(cli->operands[i]) > WTL__CONTROL_ARG_MAX) {
            return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL, "\"%s\" is too long",
                             cli->operands[i]);
        }
        (void)snprintf(request->args[i], sizeof request->args[i], "%s", cli->operands[i]);
    }
    if (cli->operands_count > 0 && strcmp(cli->command->noun, "actor") == 0) {
        split_pid(cli->operands[0], request);
    }
    if (node != NULL && strlen(node) > WTL_NAME_MAX) {
        return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL, "\"%s\" is no name of a node",
                         node);
    }
    if (node != NULL && request->node[0] != '\0' && strcmp(node, request->node) != 0) {
        return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                         "--node says %s, and the actor is one of %s", node, request->node);
    }
    if (node != NULL) {
        (void)snprintf(request->node, sizeof request->node, "%s", node);
    }
    return WTL__END_OK;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static const char *help_of(enum wtl__failure failure)
{
    switch (failure) {
    case WTL__FAILURE_TIMED_OUT:
        return "ask again, or give it more time: --timeout 20s";
    case WTL__FAILURE_UNREACHABLE:
        return "wattle mesh nodes";
    case WTL__FAILURE_NOT_FOUND:
        return "wattle mesh nodes, wattle actor ls";
    case WTL__FAILURE_NOT_ALLOWED:
        return "ask as the user who runs the node, and other nodes from an edge or cloud node";
    default:
        return NULL;
    }
}

/* It could not be asked at all. */
static enum wtl__end no_answer(const struct wtl__cli *cli, const char *path,
                               const struct wtl_error *error)
{
    enum wtl__failure failure = error->status == WTL_NOT_FOUND ? WTL__FAILURE_NO_NODE
                                : error->status == WTL_CLOSED || error->status == WTL_TOO_LARGE
                                    ? WTL__FAILURE_BAD_ANSWER
                                    : wtl__failure_of(error->status);
    enum wtl__end end = wtl__fail(&cli->report, failure, path, "%s",
                                  failure == WTL__FAILURE_NO_NODE ? "no node answers there"
                                                                  : wtl__failure_title(failure));
    wtl__fail_line(&cli->report, "tried", "%s", error->text);
    wtl__fail_line(&cli->report, "help", "%s",
                   failure == WTL__FAILURE_NO_NODE ? "wattle node start --id FILE"
                   : help_of(failure) != NULL      ? help_of(failure)
                                                   : "wattle explain says more about the code");
    return end;
}

/* The node has answered that it did not do it. */
static enum wtl__end refused(const struct wtl__cli *cli, const struct wtl__request *request,
                             const char *path, const struct wtl__reply *reply)
{
    char place[WTL__CONTROL_PATH_MAX + WTL_NAME_MAX + 16];
    enum wtl__failure failure = wtl__failure_of(reply->status);
    bool has_text = reply->text != NULL && reply->text_size > 0;
    (void)snprintf(place, sizeof place, "%s%s%s", request->node[0] != '\0' ? request->node : path,
                   request->node[0] != '\0' ? ", through " : "",
                   request->node[0] != '\0' ? path : "");
    enum wtl__end end =
        has_text ? wtl__fail(&cli->report, failure, place, "%.*s",
                             (int)(reply->text_size > 400 ? 400 : reply->text_size), reply->text)
                 : wtl__fail(&cli->report, failure, place, "%s", wtl_status_text(reply->status));
    if (help_of(failure) != NULL) {
        wtl__fail_line(&cli->report, "help", "%s", help_of(failure));
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

static enum wtl__end print_table(const struct wtl__cli *cli, struct wtl__reply *reply)
{
    struct wtl__table table;
    const char *column = wtl__value(cli, "sort");
    enum wtl__end end = WTL__END_OK;
    if (wtl__table_init(&table, reply) != WTL_OK) {
        return wtl__fail(&cli->report, WTL__FAILURE_REFUSED, NULL, "no memory for the table");
    }
    if (column != NULL && wtl__table_sort(&table, column) != WTL_OK) {
        end = unknown_column(cli, &table, column);
    } else if (wtl__is_given(cli, "json")) {
        wtl__table_json(&table, cli->out);
    } else {
        struct wtl__table_style style = {.color = cli->may_color,
                                         .quiet = wtl__is_given(cli, "quiet")};
        wtl__table_print(&table, style, cli->out);
    }
    wtl__table_deinit(&table);
    return end;
}

/* Something was done, and there is a line to say about it. */
static void print_done(const struct wtl__cli *cli, const struct wtl__reply *reply)
{
    if (wtl__is_given(cli, "json")) {
        (void)fputs("{\"ok\":true}\n", cli->out);
    } else if (!wtl__is_given(cli, "quiet")) {
        wtl__print_clean(cli->out, reply->text, reply->text_size);
        (void)fputc('\n', cli->out);
    }
}

static enum wtl__end ask_once(const struct wtl__cli *cli, const char *path,
                              const struct wtl__request *request)
{
    uint8_t *bytes = NULL;
    size_t size = 0;
    struct wtl__reply reply;
    struct wtl_error error = {0};
    if (wtl__client_ask(path, request, (int64_t)request->timeout_ms + GRACE_MS, &bytes, &size,
                        &error) != WTL_OK) {
        return no_answer(cli, path, &error);
    }
    enum wtl__end end = WTL__END_OK;
    enum wtl_status status = wtl__reply_read(bytes, size, &reply);
    if (status != WTL_OK) {
        end = wtl__fail(&cli->report, WTL__FAILURE_BAD_ANSWER, path,
                        "the answer of %zu bytes is not one of a node", size);
        wtl__fail_line(&cli->report, "help", "wattle version, here and on the node's machine");
    } else if (reply.status != WTL_OK) {
        end = refused(cli, request, path, &reply);
    } else if (reply.shape != 0) {
        end = print_table(cli, &reply);
    } else {
        print_done(cli, &reply);
    }
    free(bytes);
    return end;
}

enum wtl__end wtl__run_ask(struct wtl__cli *cli)
{
    const char *path = NULL;
    struct wtl__request request;
    int64_t every_ms = 0;
    if (!wtl__value_ms(cli, "watch", WATCH_MS_DEFAULT, 100, 3600000, &every_ms)) {
        return WTL__END_USAGE;
    }
    enum wtl__end end = make_request(cli, &request);
    if (end != WTL__END_OK) {
        return end;
    }
    end = find_socket(cli, &request, &path);
    if (end != WTL__END_OK || !wtl__is_given(cli, "watch")) {
        return end != WTL__END_OK ? end : ask_once(cli, path, &request);
    }
    for (;;) { /* until interrupted, or until nobody reads any more */
        (void)fputs(cli->is_terminal ? "\033[H\033[2J" : "", cli->out);
        end = ask_once(cli, path, &request);
        if (fflush(cli->out) != 0 || end == WTL__END_USAGE) {
            return end;
        }
        (void)poll(NULL, 0, (int)every_ms);
    }
}
