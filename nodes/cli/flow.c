/*
 * flow.c - `wattle flow check` and `wattle flow graph`: they ask no node and no network.
 *
 * Thread: one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/flow_modules.h"
#include "flow/check.h"
#include "flow/graph.h"
#include "flow/parse.h"
#include "flow/units.h"

/* "climate" of "some/where/climate.flow", as the name of a flow that does not say its own. */
static void name_of(const char *where, char name_out[WTL_FLOW_NAME_MAX + 1])
{
    const char *slash = strrchr(where, '/');
    const char *base = slash != NULL ? slash + 1 : where;
    size_t size = strcspn(base, ".");
    size = size > WTL_FLOW_NAME_MAX ? WTL_FLOW_NAME_MAX : size;
    (void)snprintf(name_out, WTL_FLOW_NAME_MAX + 1, "%.*s", (int)size, size > 0 ? base : "flow");
}

static enum wtl__end read_file(const struct wtl__cli *cli, const char *path,
                               struct wtl__flow_file *flow)
{
    bool is_input = strcmp(path, "-") == 0;
    flow->where = is_input ? "standard input" : path;
    FILE *file = is_input ? stdin : fopen(path, "rbe");
    int failed = errno;
    if (file != NULL) {
        errno = 0;
        flow->size = fread(flow->source, 1, sizeof flow->source, file);
        failed = ferror(file) != 0 ? errno : 0;
        if (!is_input) {
            (void)fclose(file);
        }
    }
    if (file == NULL || failed != 0) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_FILE, flow->where,
                                      "cannot read the flow: %s", strerror(failed));
        wtl__fail_line(&cli->report, "help", "give the path of a file, or - for standard input");
        return end;
    }
    return WTL__END_OK;
}

void wtl__flow_print(const struct wtl__cli *cli, const struct wtl__flow_file *flow)
{
    size_t size =
        wtl_flow_diags_render(&flow->diags, flow->where, flow->source, flow->size, NULL, 0);
    char *text = malloc(size + 1);
    if (text != NULL) {
        (void)wtl_flow_diags_render(&flow->diags, flow->where, flow->source, flow->size, text,
                                    size + 1);
        (void)fwrite(text, 1, size, cli->err);
        free(text);
    }
}

enum wtl__end wtl__flow_read(const struct wtl__cli *cli, const char *path,
                             struct wtl__flow_file **flow_out)
{
    char name[WTL_FLOW_NAME_MAX + 1];
    struct wtl__flow_file *flow = calloc(1, sizeof *flow);
    *flow_out = NULL;
    if (flow == NULL) {
        return wtl__fail(&cli->report, WTL__FAILURE_REFUSED, NULL, "no memory");
    }
    enum wtl__end end = read_file(cli, path, flow);
    if (end != WTL__END_OK) {
        free(flow);
        return end;
    }
    name_of(strcmp(path, "-") == 0 ? "stdin" : path, name);
    wtl_flow_diags_init(&flow->diags);
    enum wtl_status parsed =
        wtl_flow_parse(&flow->ast, flow->source, flow->size, name, &flow->diags);
    enum wtl_status checked = wtl_flow_check(&flow->ast, NULL, &flow->diags);
    wtl__flow_print(cli, flow);
    if (parsed != WTL_OK || checked != WTL_OK) {
        free(flow);
        return WTL__END_DATA;
    }
    *flow_out = flow;
    return WTL__END_OK;
}

/* Would a node refuse the flow, though it is good notation? Says why. */
static bool is_refused(const struct wtl__cli *cli, const struct wtl__flow_file *flow)
{
    struct wtl_error error = {0};
    struct wtl_units *units = malloc(sizeof *units);
    enum wtl_status status =
        units != NULL ? wtl_units_of(&flow->ast, units, &error)
                      : wtl_fail(&error, WTL_NO_MEMORY, "no memory to see what it would run");
    free(units);
    if (status != WTL_OK) {
        (void)fprintf(cli->err, "warning: nodes refuse to run it: %s\n", error.text);
    }
    return status != WTL_OK;
}

enum wtl__end wtl__run_flow_check(struct wtl__cli *cli)
{
    struct wtl__flow_file *flow = NULL;
    enum wtl__end end = wtl__flow_read(cli, cli->operands[0], &flow);
    if (flow == NULL) {
        return end;
    }
    end = wtl__flow_compare_files(cli, flow);
    if (end != WTL__END_OK) {
        free(flow);
        return end;
    }
    if (!wtl__is_given(cli, "quiet")) {
        (void)fprintf(cli->out, "ok  %s  %u stage%s, %u chain%s\n",
                      wtl_flow_str(&flow->ast, flow->ast.name), flow->ast.stage_count,
                      flow->ast.stage_count == 1 ? "" : "s", flow->ast.chain_count,
                      flow->ast.chain_count == 1 ? "" : "s");
    }
    bool refused = is_refused(cli, flow);
    bool denied = wtl__is_given(cli, "deny-warnings") && (flow->diags.warnings > 0 || refused);
    free(flow);
    return denied ? WTL__END_NO : WTL__END_OK;
}

enum wtl__end wtl__run_flow_graph(struct wtl__cli *cli)
{
    static const char *const formats[] = {
        [WTL_FLOW_TEXT] = "text", [WTL_FLOW_DOT] = "dot", [WTL_FLOW_MERMAID] = "mermaid"};
    const char *wanted = wtl__value(cli, "format");
    unsigned format = WTL_FLOW_TEXT;
    while (wanted != NULL && format <= WTL_FLOW_MERMAID && strcmp(formats[format], wanted) != 0) {
        format++;
    }
    if (format > WTL_FLOW_MERMAID) {
        return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                         "--format wants text, dot or mermaid; got \"%s\"", wanted);
    }
    struct wtl__flow_file *flow = NULL;
    enum wtl__end end = wtl__flow_read(cli, cli->operands[0], &flow);
    if (flow == NULL) {
        return end;
    }
    size_t size = wtl_flow_graph(&flow->ast, (enum wtl_flow_graph_format)format, NULL, 0);
    char *text = malloc(size + 1);
    if (text != NULL) {
        (void)wtl_flow_graph(&flow->ast, (enum wtl_flow_graph_format)format, text, size + 1);
        (void)fwrite(text, 1, size, cli->out);
    }
    free(text);
    free(flow);
    return text != NULL ? WTL__END_OK
                        : wtl__fail(&cli->report, WTL__FAILURE_REFUSED, NULL, "no memory");
}
