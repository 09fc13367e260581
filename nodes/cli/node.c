/* node.c - `wattle node start`. Thread: the main one; the node has its own. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/revoked.h"
#include "cli/flow_modules.h"
#include "cli/watchdog.h"
#include "flow/pack.h"
#include "node/control.h"
#include "node/control_path.h"
#include "node/equip.h"
#include "node/module_option.h"

/* Bytes of a packed flow: its texts, and a few bytes for everything else in it. */
#define PACKED_MAX  (4u * WTL_FLOW_SOURCE_MAX)
#define MODULES_MAX 64u
/* Modules that may be older than what was run. */
#define ROLLBACKS_MAX 64u

static enum wtl__end no_identity(const struct wtl__cli *cli)
{
    enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_NO_IDENTITY, NULL,
                                  "a node listens for nobody without an identity: --id FILE");
    wtl__fail_line(&cli->report, "help", "once for the mesh: wattle ca init DIR --mesh NAME");
    wtl__fail_line(&cli->report, "help",
                   "for this node:     wattle id new NAME --layer LAYER --ca DIR");
    return end;
}

/* Says what has failed; `failure` is the usual one of that step. */
static enum wtl__end failed(const struct wtl__cli *cli, enum wtl__failure failure,
                            const struct wtl_error *error)
{
    switch (error->status) {
    case WTL_IDENTITY:
        failure = WTL__FAILURE_IDENTITY;
        break;
    case WTL_EXISTS: /* two modules of one name are another matter */
        failure = failure == WTL__FAILURE_MODULE ? failure : WTL__FAILURE_IN_USE;
        break;
    case WTL_TIMEOUT:
        failure = WTL__FAILURE_TIMED_OUT;
        break;
    case WTL_NOT_FOUND:
        failure = failure == WTL__FAILURE_MODULE ? WTL__FAILURE_FILE : failure;
        break;
    default:
        break;
    }
    enum wtl__end end = wtl__fail(&cli->report, failure, NULL, "%s", error->text);
    wtl__fail_line(&cli->report, "help", "wattle explain E%04u", (unsigned)failure);
    return end;
}

static enum wtl__end check_revoked(const struct wtl__cli *cli,
                                   const struct wtl__node_config *config,
                                   const struct wtl_bundle *bundle)
{
    struct wtl_revoked *revoked = NULL;
    struct wtl_error error = {0};
    const char *word = "";
    if (config->revoked == NULL) {
        return WTL__END_OK;
    }
    enum wtl_status status = wtl_revoked_read(config->revoked, bundle, &revoked, &error);
    if (status == WTL_OK) {
        status = wtl_revoked_check(revoked, &bundle->identity, &word, &error);
    }
    wtl_revoked_destroy(revoked);
    if (status == WTL_OK) {
        return WTL__END_OK;
    }
    enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_REVOKED, NULL, "%s", error.text);
    wtl__fail_line(&cli->report, "help",
                   strcmp(word, "revoked") == 0
                       ? "wattle id new NAME --layer LAYER --ca DIR"
                       : "on the machine with the CA: wattle ca revoke --ca DIR, which makes "
                         "DIR/revoked.crl");
    return end;
}

/* What can be seen of the options before anything is made: a bundle that is refused is told apart
 * from everything else that could be wrong. */
static enum wtl__end check_options(const struct wtl__cli *cli,
                                   const struct wtl__node_config *config)
{
    struct wtl_bundle bundle = {0};
    struct wtl_error error = {0};
    struct stat found;
    if (wtl_bundle_read(config->bundle, &bundle, &error) != WTL_OK) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_IDENTITY, NULL, "%s", error.text);
        wtl__fail_line(&cli->report, "help",
                       access(config->bundle, F_OK) == 0
                           ? "wattle id show %s"
                           : "wattle id new NAME --layer LAYER --ca DIR --out %s",
                       config->bundle);
        return end;
    }
    enum wtl__end refused = check_revoked(cli, config, &bundle);
    wtl_bundle_deinit(&bundle);
    if (refused != WTL__END_OK) {
        return refused;
    }
    if (config->state != NULL && stat(config->state, &found) == 0 && !S_ISDIR(found.st_mode)) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_START, config->state,
                                      "--state wants a folder, and this is none");
        wtl__fail_line(&cli->report, "help", "give a folder of its own; it is made if need be");
        return end;
    }
    return WTL__END_OK;
}

static enum wtl__end check_module(const struct wtl__cli *cli, const char *text)
{
    struct wtl__module_option option;
    struct wtl_error error = {0};
    if (wtl__module_option_read(text, &option, &error) == WTL_OK) {
        return WTL__END_OK;
    }
    enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL, "%s", error.text);
    wtl__fail_line(&cli->report, "help", "wattle help node start");
    return end;
}

/* Which modules may run. */
static enum wtl__end read_trust(const struct wtl__cli *cli, struct wtl__trust_config *trust)
{
    trust->dev = wtl__is_given(cli, "dev");
    if (trust->dev && wtl__is_given(cli, "module-key")) {
        enum wtl__end end = wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                                      "--dev asks for no signatures, --module-key for those of "
                                      "that key: expected one of them");
        wtl__fail_line(&cli->report, "help", "leave out --dev on nodes that others rely on");
        return end;
    }
    return wtl__read_module_keys(cli, "module-key", &trust->keys);
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

/* The files of --flow, checked before anything of the node is made. */
struct flows {
    uint32_t count;
    struct wtl__flow_file *list[WTL__EQUIP_FLOWS_MAX];
};

static enum wtl__end read_flows(const struct wtl__cli *cli, struct flows *flows)
{
    const char *path = NULL;
    while ((path = wtl__value_at(cli, "flow", flows->count)) != NULL) {
        if (flows->count == WTL__EQUIP_FLOWS_MAX) {
            return wtl__fail(&cli->report, WTL__FAILURE_VALUE, NULL,
                             "--flow is given more than %u times", WTL__EQUIP_FLOWS_MAX);
        }
        enum wtl__end end = wtl__flow_read(cli, path, &flows->list[flows->count]);
        if (end != WTL__END_OK) {
            return end;
        }
        flows->count++;
    }
    return WTL__END_OK;
}

static void free_flows(struct flows *flows)
{
    while (flows->count > 0) {
        free(flows->list[--flows->count]);
    }
}

static const struct wtl_module *find_module(void *context, const char *name)
{
    return wtl__equip_module(context, name);
}

static enum wtl__end add_flow(const struct wtl__cli *cli, struct running *running,
                              struct wtl__flow_file *flow)
{
    const struct wtl__flow_known known = {.context = running->equipment,
                                          .find = find_module,
                                          .node = wtl__node_identity(running->node)};
    enum wtl__end end = wtl__flow_compare(cli, flow, &known);
    if (end != WTL__END_OK) {
        return end;
    }
    struct wtl_error error = {0};
    uint8_t *packed = malloc(PACKED_MAX);
    struct wtl_writer writer = wtl_writer_over(packed, packed != NULL ? PACKED_MAX : 0);
    enum wtl_status status = packed != NULL ? wtl_flow_to_pack(&flow->ast, &writer) : WTL_NO_MEMORY;
    if (status != WTL_OK) {
        (void)wtl_fail(&error, status, "flow %s cannot be packed: %s", flow->where,
                       wtl_status_text(status));
    } else {
        status = wtl__equip_flow(running->equipment, wtl_flow_str(&flow->ast, flow->ast.name),
                                 packed, wtl_written(&writer), flow->source, flow->size, &error);
    }
    free(packed);
    return status == WTL_OK ? WTL__END_OK : failed(cli, WTL__FAILURE_FLOW, &error);
}

static enum wtl__end add_flows(const struct wtl__cli *cli, struct running *running,
                               const struct flows *flows)
{
    enum wtl__end end = WTL__END_OK;
    for (uint32_t i = 0; end == WTL__END_OK && i < flows->count; i++) {
        end = add_flow(cli, running, flows->list[i]);
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
static enum wtl__end make(const struct wtl__cli *cli, const struct wtl__node_config *config,
                          const struct wtl__equip_config *equip, struct running *running,
                          const char **control_out)
{
    static char path[WTL__CONTROL_PATH_MAX];
    struct wtl_error error = {0};
    if (wtl__node_create(config, &running->node, &error) != WTL_OK) {
        return failed(cli, WTL__FAILURE_START, &error);
    }
    /* before the control socket: it spawns the second actor of the node */
    if (wtl__equip_create(running->node, equip, &running->equipment, &error) != WTL_OK) {
        return failed(cli, WTL__FAILURE_MODULE, &error);
    }
    *control_out = wtl__value(cli, "control");
    enum wtl_status status = WTL_OK;
    if (*control_out == NULL) {
        *control_out = path;
        status = wtl__control_path(wtl__node_identity(running->node)->name, path, &error);
    }
    if (status == WTL_OK) {
        status = wtl__control_create(running->node, *control_out, &running->control, &error);
    }
    return status == WTL_OK ? WTL__END_OK : failed(cli, WTL__FAILURE_CONTROL, &error);
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
        return failed(cli, WTL__FAILURE_START, &error);
    }
    if (!wtl__is_given(cli, "quiet")) {
        (void)fprintf(cli->out, "node %s (%s) is up%s%s, control socket %s\n", identity->name,
                      wtl_layer_name(identity->layer), address[0] != '\0' ? ", listening at " : "",
                      address, control);
        (void)fflush(cli->out);
    }
    wtl__watchdog_up();
    status = wtl__node_run(running->node, &error);
    if (status == WTL_TIMEOUT) {
        (void)wtl_fail(&error, status, "the node was stopped, and not all ended in time");
    }
    return status == WTL_OK ? WTL__END_OK : failed(cli, WTL__FAILURE_START, &error);
}

enum wtl__end wtl__run_node_start(struct wtl__cli *cli)
{
    const char *joins[WTL__JOINS_MAX];
    const char *modules[MODULES_MAX];
    const char *rollbacks[ROLLBACKS_MAX];
    const char *control = NULL;
    struct running running = {0};
    struct flows flows = {0};
    struct wtl__equip_config equip = {.linked = cli->modules,
                                      .linked_count = cli->modules_count,
                                      .modules = modules,
                                      .trust.rollbacks = rollbacks};
    struct wtl__node_config config = {.bundle = wtl__value(cli, "id"),
                                      .listen = wtl__value(cli, "listen"),
                                      .advertise = wtl__value(cli, "advertise"),
                                      .revoked = wtl__value(cli, "revoked"),
                                      .joins = joins,
                                      .state = wtl__value(cli, "state")};
    equip.trust.state = config.state;
    if (config.bundle == NULL) {
        return no_identity(cli);
    }
    if (!wtl__value_bytes(cli, "memory-max", WTL__MEMORY_MAX_MIN, &config.memory_max) ||
        !collect(cli, "join", WTL__JOINS_MAX, joins, &config.joins_count) ||
        !collect(cli, "module", MODULES_MAX, modules, &equip.modules_count) ||
        !collect(cli, "allow-rollback", ROLLBACKS_MAX, rollbacks, &equip.trust.rollbacks_count)) {
        return WTL__END_USAGE;
    }
    enum wtl__end end = check_options(cli, &config);
    for (uint32_t i = 0; end == WTL__END_OK && i < equip.modules_count; i++) {
        end = check_module(cli, modules[i]);
    }
    if (end == WTL__END_OK) {
        end = read_trust(cli, &equip.trust);
    }
    if (end == WTL__END_OK) {
        end = read_flows(cli, &flows);
    }
    int code = 0;
    if (end == WTL__END_OK && wtl__is_given(cli, "watchdog") && !wtl__watchdog_forks(&code)) {
        free_flows(&flows);
        return (enum wtl__end)code;
    }
    if (end == WTL__END_OK) {
        end = make(cli, &config, &equip, &running, &control);
    }
    if (end == WTL__END_OK) {
        end = add_flows(cli, &running, &flows);
    }
    free_flows(&flows);
    if (end == WTL__END_OK) {
        end = run(cli, &running, control);
    }
    release(&running);
    if (end == WTL__END_OK || end == WTL__END_TIMEOUT) { /* stopped as it was told to, if late */
        wtl__watchdog_stopped();
    }
    return end;
}
