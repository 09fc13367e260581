/*
 * ask.c - the commands that a node answers: `mesh`, `actor`, and `flow ls` and `show`.
 *
 * Which node: --control, else $WTL_CONTROL, else the one that answers on this machine. A question
 * to another node goes through that one: --node NAME, or the name in a pid.
 *
 * Thread: one.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/client.h"

#define TIMEOUT_MS_DEFAULT 5000
#define WATCH_MS_DEFAULT   2000

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

enum wtl__end wtl__find_socket(const struct wtl__cli *cli, const struct wtl__request *request,
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

static bool is_node_name(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    return size > 0 && size <= WTL_NAME_MAX && text[size] == '\0';
}

/* "<edge-1:42.7>" asks edge-1 for 42.7. False: what stands in front of the colon is no node. */
static bool split_pid(const char *text, struct wtl__request *request)
{
    size_t size = strlen(text);
    if (size >= 2 && text[0] == '<' && text[size - 1] == '>') {
        text++;
        size -= 2;
    }
    const char *colon = memchr(text, ':', size);
    size_t node = colon != NULL ? (size_t)(colon - text) : 0;
    if (colon != NULL) {
        (void)snprintf(request->node, sizeof request->node, "%.*s",
                       (int)(node > WTL_NAME_MAX ? WTL_NAME_MAX : node), text);
        text += node + 1;
        size -= node + 1;
    }
    (void)snprintf(request->args[0], sizeof request->args[0], "%.*s", (int)size, text);
    return colon == NULL || (node <= WTL_NAME_MAX && is_node_name(request->node));
}

enum wtl__end wtl__begin_request(const struct wtl__cli *cli, struct wtl__request *request)
{
    int64_t timeout_ms = 0;
    const char *node = wtl__value(cli, "node");
    memset(request, 0, sizeof *request);
    if (!wtl__value_ms(cli, "timeout", TIMEOUT_MS_DEFAULT, WTL__CONTROL_TIMEOUT_MS_MIN,
                       WTL__CONTROL_TIMEOUT_MS_MAX, &timeout_ms)) {
        return WTL__END_USAGE;
    }
    request->timeout_ms = (uint32_t)timeout_ms;
    if (node != NULL && !is_node_name(node)) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                                      "--node wants the name of a node; got \"%s\"", node);
        wtl__fail_line(&cli->report, "help", "wattle mesh nodes shows the names");
        return end;
    }
    (void)snprintf(request->node, sizeof request->node, "%s", node != NULL ? node : "");
    return WTL__END_OK;
}

/* The node works in another folder. */
static enum wtl__end make_absolute(const struct wtl__cli *cli, struct wtl__request *request)
{
    char path[PATH_MAX];
    if (realpath(cli->operands[1], path) == NULL) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_FILE, cli->operands[1],
                                      "cannot be found: %s", strerror(errno));
        wtl__fail_line(&cli->report, "help", "give the path of the new version's .so file");
        return end;
    }
    if (strlen(path) > WTL__CONTROL_ARG_MAX) {
        return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL, "\"%s\" is too long", path);
    }
    (void)snprintf(request->args[1], sizeof request->args[1], "%s", path);
    return WTL__END_OK;
}

static enum wtl__end make_request(const struct wtl__cli *cli, struct wtl__request *request)
{
    enum wtl__end end = wtl__begin_request(cli, request);
    if (end != WTL__END_OK) {
        return end;
    }
    (void)snprintf(request->verb, sizeof request->verb, "%s.%s", cli->command->noun,
                   cli->command->verb);
    request->args_count = cli->operands_count;
    if (cli->command->prepare != NULL && request->args_count > 1) {
        request->args_count = 1;
    }
    for (uint32_t i = 0; i < request->args_count; i++) {
        if (i >= WTL__CONTROL_ARGS_MAX || strlen(cli->operands[i]) > WTL__CONTROL_ARG_MAX) {
            return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL, "\"%s\" is too long",
                             cli->operands[i]);
        }
        (void)snprintf(request->args[i], sizeof request->args[i], "%s", cli->operands[i]);
    }
    if (cli->operands_count > 0 && strcmp(cli->command->noun, "actor") == 0 &&
        !split_pid(cli->operands[0], request)) {
        end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                        "PID wants \"<edge-1:42.7>\", 42.7 or a local name; got \"%s\"",
                        cli->operands[0]);
        wtl__fail_line(&cli->report, "help", "wattle actor ls shows them; quote the < and >");
        return end;
    }
    if (strcmp(request->verb, "module.upgrade") == 0) {
        end = make_absolute(cli, request);
        if (end != WTL__END_OK) {
            return end;
        }
    }
    const char *node = wtl__value(cli, "node");
    if (node != NULL && strcmp(node, request->node) != 0) {
        return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                         "--node says %s, and the actor is one of %s", node, request->node);
    }
    return cli->command->prepare != NULL ? cli->command->prepare(cli, request) : WTL__END_OK;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static enum wtl__end ask_and_print(const struct wtl__cli *cli, const char *path,
                                   const struct wtl__request *request)
{
    struct wtl__asked asked;
    enum wtl__end end = wtl__ask(cli, path, request, &asked);
    if (end != WTL__END_OK) {
        return end;
    }
    if (asked.reply.shape != 0) {
        end = wtl__print_reply(cli, &asked.reply);
    } else {
        wtl__print_done(cli, &asked.reply);
    }
    free(asked.bytes);
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
    end = wtl__find_socket(cli, &request, &path);
    if (end != WTL__END_OK || !wtl__is_given(cli, "watch")) {
        return end != WTL__END_OK ? end : ask_and_print(cli, path, &request);
    }
    for (;;) { /* until interrupted, or until nobody reads any more */
        (void)fputs(cli->is_terminal ? "\033[H\033[2J" : "", cli->out);
        end = ask_and_print(cli, path, &request);
        if (fflush(cli->out) != 0 || end == WTL__END_USAGE) {
            return end;
        }
        (void)poll(NULL, 0, (int)every_ms);
    }
}
