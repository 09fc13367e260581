/* node.c - `wattle node start`. Thread: the main one; the node has its own. */
#include <stdlib.h>
#include <string.h>

#include "cli/flow_file.h"
#include "flow/pack.h"
#include "node/control.h"
#include "node/control_path.h"
#include "node/equip.h"

/* Bytes of a packed flow: its texts, and a few bytes for everything else in it. */
#define PACKED_MAX  (4u * WTL_FLOW_SOURCE_MAX)
#define MODULES_MAX 64u

static enum wtl__end no_identity(const struct wtl__cli *cli)
{
    enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_NO_IDENTITY, NULL,
                                  "a node listens for nobody without an identity: --id FILE");
    wtl__fail_line(&cli->report, "help", "once for the mesh: wattle ca init DIR --mesh NAME");
    wtl__fail_line(&cli->report, "help",
                   "for this node:     wattle id new NAME --layer LAYER --ca DIR");
    return end;
}

/* What a status of the start means for the one who has typed it. */
static enum wtl__end failed(const struct wtl__cli *cli, const struct wtl_error *error)
{
    enum wtl__failure failure =
        error->status == WTL_IDENTITY  ? WTL__FAILURE_IDENTITY
        : error->status == WTL_EXISTS  ? WTL__FAILURE_EXISTS
        : error->status == WTL_TIMEOUT ? WTL__FAILURE_TIMED_OUT
        : error->status == WTL_DENIED || error->status == WTL_ABI || error->status == WTL_INVALID
            ? WTL__FAILURE_MODULE
            : WTL__FAILURE_START;
    enum wtl__end end = wtl__fail(&cli->report, failure, NULL, "%s", error->text);
    wtl__fail_line(&cli->report, "help", "wattle explain E%04u", (unsigned)failure);
    return end;
}

struct running {
    struct wtl__node *node;
    struct wtl__equipment *equipment;
    struct wtl__control_socket *control;
};

static void release(struct running *running)
{
    wtl__control_close(running->control);
    wtl__equip_detach(running->equipment);
    wtl__node_destroy(running->node);
    wtl__equip_free(running->equipment);
    wtl__control_free(running->control);
}

/* ---- flows ------------------------------------------------------------------------------------
 */

/* Checks the flow of that file and gives it to the node. */
static enum wtl__end add_flow(const struct wtl__cli *cli, struct running *running, const char *path)
{
    struct wtl__flow_file *flow = NULL;
    struct wtl_error error = {0};
    enum wtl__end end = wtl__flow_read(cli, path, &flow);
    if (end != WTL__END_OK) {
        return end;
    }
    uint8_t *packed = malloc(PACKED_MAX);
    struct wtl_writer writer = wtl_writer_over(packed, packed != NULL ? PACKED_MAX : 0);
    enum wtl_status status = packed != NULL ? wtl_flow_to_pack(&flow->ast, &writer) : WTL_NO_MEMORY;
    if (status != WTL_OK) {
        (void)wtl_fail(&error, status, "flow %s cannot be packed: %s", path,
                       wtl_status_text(status));
    } else {
        status = wtl__equip_flow(running->equipment, wtl_flow_str(&flow->ast, flow->ast.name),
                                 packed, wtl_written(&writer), flow->source, flow->size, &error);
    }
    free(packed);
    free(flow);
    return status == WTL_OK ? WTL__END_OK : failed(cli, &error);
}

static enum wtl__end add_flows(const struct wtl__cli *cli, struct running *running)
{
    enum wtl__end end = WTL__END_OK;
    const char *path = NULL;
    for (uint32_t i = 0; end == WTL__END_OK && (path = wtl__value_at(cli, "flow", i)) != NULL;
         i++) {
        end = add_flow(cli, running, path);
    }
    return end;
}

/* ---- start ------------------------------------------------------------------------------------
 */

/* The values of an option that may be repeated. False: there are too many, which was reported. */
static bool collect(const struct wtl__cli *cli, const char *option, uint32_t max,
                    const char **values_out, uint32_t *count_out)
{
    const char *value = NULL;
    *count_out = 0;
    while ((value = wtl__value_at(cli, option, *count_out)) != NULL) {
        if (*count_out == max) {
            (void)wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                            "--%s is given more than %u times", option, (unsigned)max);
            return false;
        }
        values_out[(*count_out)++] = value;
    }
    return true;
}

/* Makes the node and what is around it; nothing runs yet. */
static enum wtl_status make(const struct wtl__cli *cli, const struct wtl__node_config *config,
                            const struct wtl__equip_config *equip, struct running *running,
                            const char **control_out, struct wtl_error *error)
{
    static char path[WTL__CONTROL_PATH_MAX];
    enum wtl_status status = wtl__node_create(config, &running->node, error);
    if (status == WTL_OK) { /* first: it spawns the second actor of the node */
        status = wtl__equip_create(running->node, equip, &running->equipment, error);
    }
    *control_out = wtl__value(cli, "control");
    if (status == WTL_OK && *control_out == NULL) {
        *control_out = path;
        status = wtl__control_path(wtl__node_identity(running->node)->name, path, error);
    }
    if (status == WTL_OK) {
        status = wtl__control_create(running->node, *control_out, &running->control, error);
    }
    return status;
}

static enum wtl__end run(const struct wtl__cli *cli, struct running *running, const char *control)
{
    const struct wtl_identity *identity = wtl__node_identity(running->node);
    const char *address = wtl__node_address(running->node);
    struct wtl_error error = {0};
    enum wtl_status status = wtl__node_start(running->node, &error);
    if (status == WTL_OK) {
        status = wtl__equip_start(running->equipment, &error);
    }
    if (status != WTL_OK) {
        return failed(cli, &error);
    }
    if (!wtl__is_given(cli, "quiet")) {
        (void)fprintf(cli->out, "node %s (%s) is up%s%s, control socket %s\n", identity->name,
                      wtl_layer_name(identity->layer), address[0] != '\0' ? ", listening at " : "",
                      address, control);
        (void)fflush(cli->out);
    }
    status = wtl__node_run(running->node, &error);
    if (status == WTL_TIMEOUT) {
        (void)wtl_fail(&error, status, "the node was stopped, and not all ended in time");
    }
    return status == WTL_OK ? WTL__END_OK : failed(cli, &error);
}

enum wtl__end wtl__run_node_start(struct wtl__cli *cli)
{
    const char *joins[WTL__JOINS_MAX];
    const char *modules[MODULES_MAX];
    const char *control = NULL;
    struct running running = {0};
    struct wtl_error error = {0};
    struct wtl__equip_config equip = {.modules = modules, .dev = wtl__is_given(cli, "dev")};
    struct wtl__node_config config = {.bundle = wtl__value(cli, "id"),
                                      .listen = wtl__value(cli, "listen"),
                                      .advertise = wtl__value(cli, "advertise"),
                                      .joins = joins,
                                      .state = wtl__value(cli, "state")};
    if (config.bundle == NULL) {
        return no_identity(cli);
    }
    if (!collect(cli, "join", WTL__JOINS_MAX, joins, &config.joins_count) ||
        !collect(cli, "module", MODULES_MAX, modules, &equip.modules_count)) {
        return WTL__END_USAGE;
    }
    enum wtl_status status = make(cli, &config, &equip, &running, &control, &error);
    enum wtl__end end = status == WTL_OK ? add_flows(cli, &running) : failed(cli, &error);
    if (end == WTL__END_OK) {
        end = run(cli, &running, control);
    }
    release(&running);
    return end;
}
