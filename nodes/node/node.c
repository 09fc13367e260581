/* node.c - making a node, starting it, taking it apart. See node.h; node_stop.c ends it in order.
 */
#include "node/node_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "sched/system.h"

/* ---- create --------------------------------------------------------------------------------- */

static void ignore_sigpipe(void)
{
    struct sigaction now;
    if (sigaction(SIGPIPE, NULL, &now) == 0 && now.sa_handler == SIG_DFL) {
        (void)signal(SIGPIPE, SIG_IGN);
    }
}

/* Something that this node cannot do without: whoever keeps processes running starts it anew. */
static void vital_ended(void *context, struct wtl_pid who, struct wtl_reason reason)
{
    struct wtl__node *node = context;
    const char *name = "the supervisor of its tree";
    char text[40];
    for (uint32_t i = 0; i < node->root_config.vital_count; i++) {
        name = wtl_pid_equal(node->root_config.vital[i], who) ? node->vital_names[i] : name;
    }
    wtl__log(wtl__log_process(), WTL__LOG_ERROR, "vital_actor_ended", WTL__LOG_TEXT("name", name),
             WTL__LOG_NUMBER("slot", who.local & WTL_PID_SLOT_MAX),
             WTL__LOG_TEXT("reason", wtl_reason_text(reason, text)));
    if (node->failed[0] == '\0') { /* the first one is why */
        (void)snprintf(node->failed, sizeof node->failed, "%s has ended, %s", name, text);
    }
    wtl__node_ask_stop(node, WTL__STOP_FAILED);
}

static enum wtl_status read_identity(struct wtl__node *node, const struct wtl__node_config *config,
                                     struct wtl_error *error)
{
    if (config->bundle == NULL) {
        return wtl_fail(error, WTL_CONFIG,
                        "a node needs an identity: --id FILE, made by `wattle id issue`");
    }
    enum wtl_status status = wtl_bundle_read(config->bundle, &node->bundle, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "read identity");
    }
    struct wtl_error why = {0};
    if (wtl_bundle_verify(&node->bundle, wtl__loop_wall_s(), &why) != WTL_OK) {
        /* not fatal: it may be this machine's clock, and peers judge by their own */
        wtl__log(wtl__log_process(), WTL__LOG_ERROR, "identity_not_valid_now",
                 WTL__LOG_TEXT("reason", why.text));
    }
    status = wtl__node_config_check(config, node->bundle.identity.layer, error);
    if (status != WTL_OK || config->revoked == NULL) {
        return status;
    }
    status = wtl__revocation_create(config->revoked, &node->bundle, &node->revocation, error);
    return status == WTL_OK ? status : wtl_while(error, status, "read who is revoked");
}

static enum wtl_status make_runtime(struct wtl__node *node, const struct wtl__node_config *config,
                                    struct wtl_error *error)
{
    struct wtl_runtime_options options = {.node = node->id,
                                          .workers = config->workers,
                                          .actors_max = config->actors_max,
                                          .memory_max = config->memory_max,
                                          .battery = config->battery,
                                          .seed = node->seed};
    enum wtl_status status = wtl_runtime_create(&options, &node->runtime, error);
    if (status == WTL_OK) {
        status = wtl__loop_create(&node->loop, error);
    }
    if (status != WTL_OK) {
        return status;
    }
    struct wtl__runtime *runtime = wtl__runtime_of(node->runtime);
    status = wtl__port_init(&node->port, runtime, node->loop, node->seed);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "no memory for the outboxes");
    }
    node->has_port = true;
    /* no actor lives yet, so nobody reads these now */
    runtime->port = &wtl__port_ops;
    runtime->port_self = &node->port;
    return WTL_OK;
}

/* The TLS library looks for the processor's abilities when it first hashes, and notes them without
 * a lock: that has to be over before there are threads. */
static enum wtl_status warm_tls(struct wtl_tls_context *tls)
{
    struct wtl_tls *engine = NULL;
    size_t size;
    enum wtl_status status = wtl_tls_create(tls, WTL_TLS_DIAL, NULL, &engine);
    if (status == WTL_OK) {
        status = wtl_tls_read(engine, NULL, 0, &size);
        wtl_tls_destroy(engine);
    }
    wtl_tls_thread_end();
    return status == WTL_LATER ? WTL_OK : status;
}

static enum wtl_status make_net(struct wtl__node *node, const struct wtl__node_config *config,
                                struct wtl_error *error)
{
    enum wtl_status status = wtl_tls_context_create(&node->bundle, &node->tls, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "identity");
    }
    status = warm_tls(node->tls);
    if (status != WTL_OK) {
        return wtl_fail(error, status, "the TLS library does not work: %s",
                        wtl_status_text(status));
    }
    if (node->revocation != NULL) {
        wtl_tls_context_gate(node->tls, (struct wtl_tls_gate){.admit = wtl__revocation_admit,
                                                              .context = node->revocation});
    }
    struct wtl__net_config net = {.loop = node->loop,
                                  .tls = node->tls,
                                  .revocation = node->revocation,
                                  .listen = config->listen,
                                  .advertise = config->advertise,
                                  .port = wtl__port_for_hub(&node->port)};
    wtl__node_config_core(config, &node->bundle.identity, node->id, node->seed, &net.core);
    node->signer =
        (struct wtl__attach_signer){.bundle = &node->bundle, .revocation = node->revocation};
    net.core.sign = wtl__attach_sign;
    net.core.check = wtl__attach_check;
    net.core.context = &node->signer;
    status = wtl__net_create(&net, &node->net, error);
    if (status == WTL_OK) {
        wtl__port_bind(&node->port, node->net);
    }
    return status;
}

/* `$node` is the first actor that ever lives here: see root.h. */
static enum wtl_status spawn_root(struct wtl__node *node, const struct wtl__node_config *config,
                                  struct wtl_error *error)
{
    node->root_config = (struct wtl__root_config){
        .node = node->id,
        .name = node->bundle.identity.name,
        .layer = wtl_layer_name(node->bundle.identity.layer),
        .tree = config->tree,
        .ended = vital_ended,
        .context = node,
    };
    struct wtl__root_settings settings = {.config = &node->root_config};
    struct wtl_spawn_options options = {.name = WTL__ROOT_NAME, .settings = &settings};
    node->root = wtl__spawn(wtl__runtime_of(node->runtime), NULL, &wtl__root_actor, &options,
                            WTL__CELL_SYSTEM);
    if (node->root.local != WTL__ROOT_LOCAL) {
        return wtl_fail(error, WTL_NO_MEMORY, "no memory for the first actor");
    }
    return WTL_OK;
}

static enum wtl_status create(struct wtl__node *node, const struct wtl__node_config *config,
                              struct wtl_error *error)
{
    int ends[2];
    enum wtl_status status = read_identity(node, config, error);
    if (status != WTL_OK) {
        return status;
    }
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return wtl_fail(error, WTL_SYSTEM, "cannot make a pipe: %s", strerror(errno));
    }
    node->stop_read = ends[0];
    node->stop_write = ends[1];
    status = wtl__incarnation_init(&node->incarnation, config->state, error);
    if (status != WTL_OK) {
        return status;
    }
    node->id = wtl_identity_node_bits(&node->bundle.identity) << WTL__INCARNATION_BITS |
               node->incarnation.number;
    node->seed = config->seed;
    if (node->seed == 0 &&
        getrandom(&node->seed, sizeof node->seed, 0) != (ssize_t)sizeof node->seed) {
        node->seed = wtl__clock_now_ns(wtl__clock_system()) ^ node->id;
    }
    node->stop_ms = config->stop_ms != 0 ? config->stop_ms : WTL__STOP_MS_DEFAULT;
    status = make_runtime(node, config, error);
    if (status == WTL_OK) {
        status = make_net(node, config, error);
    }
    return status == WTL_OK ? spawn_root(node, config, error) : status;
}

enum wtl_status wtl__node_create(const struct wtl__node_config *config, struct wtl__node **node_out,
                                 struct wtl_error *error)
{
    struct wtl__node *node = calloc(1, sizeof *node);
    *node_out = NULL;
    if (node == NULL) {
        return wtl_fail(error, WTL_NO_MEMORY, "start node: no memory");
    }
    node->incarnation.lock = -1;
    node->stop_read = node->stop_write = -1;
    ignore_sigpipe();
    enum wtl_status status = create(node, config, error);
    if (status != WTL_OK) {
        wtl__node_destroy(node);
        return wtl_while(error, status, "start node");
    }
    *node_out = node;
    return WTL_OK;
}

enum wtl_status wtl__node_serve(struct wtl__node *node, struct wtl_tag tag, wtl__root_verb_fn run,
                                void *context)
{
    struct wtl__root_config *config = &node->root_config;
    for (uint32_t i = 0; i < config->verbs_count; i++) {
        if (wtl_tag_equal(config->verbs[i].tag, tag)) {
            return WTL_EXISTS;
        }
    }
    if (config->verbs_count == WTL__ROOT_VERBS_MAX) {
        return WTL_FULL;
    }
    config->verbs[config->verbs_count++] =
        (struct wtl__root_verb){.tag = tag, .run = run, .context = context};
    return WTL_OK;
}

/* ---- start and end --------------------------------------------------------------------------- */

enum wtl_status wtl__node_depend(struct wtl__node *node, struct wtl_pid actor, const char *name)
{
    if (node->root_config.vital_count == WTL__ROOT_VITAL_MAX) {
        return WTL_FULL;
    }
    node->vital_names[node->root_config.vital_count] = name;
    node->root_config.vital[node->root_config.vital_count++] = actor;
    return WTL_OK;
}

void wtl__node_set_desk(struct wtl__node *node, struct wtl__desk *desk)
{
    node->desk = desk;
}

struct wtl__desk *wtl__node_desk(const struct wtl__node *node)
{
    return node->desk;
}

enum wtl_status wtl__node_start(struct wtl__node *node, struct wtl_error *error)
{
    struct wtl__loop_source source = wtl__port_source(&node->port);
    enum wtl_status status = wtl__loop_start(node->loop, &source, error);
    if (status != WTL_OK) {
        return wtl_while(error, status, "start node");
    }
    node->is_started = true;
    wtl__runtime_poll_with(node->runtime, wtl__loop_poller(node->loop));
    const struct wtl_identity *identity = &node->bundle.identity;
    wtl__log(wtl__log_process(), WTL__LOG_INFO, "node_started",
             WTL__LOG_TEXT("node", identity->name),
             WTL__LOG_TEXT("layer", wtl_layer_name(identity->layer)),
             WTL__LOG_NUMBER("incarnation", node->incarnation.number),
             WTL__LOG_TEXT("listening", wtl__node_address(node)));
    status = wtl_runtime_tell(node->runtime, node->root, WTL_TAG("start"), NULL);
    return status == WTL_OK ? WTL_OK : wtl_fail(error, status, "start node: no root");
}

void wtl__node_destroy(struct wtl__node *node)
{
    if (node == NULL) {
        return;
    }
    if (node->has_port) {
        wtl__port_close(&node->port);
    }
    if (node->runtime != NULL) {
        /* actors first: after this no worker uses the port */
        wtl_runtime_stop(node->runtime, 0);
    }
    if (node->loop != NULL) {
        wtl__loop_stop(node->loop);
    }
    wtl__net_destroy(node->net);
    wtl_runtime_destroy(node->runtime);
    if (node->has_port) {
        wtl__port_deinit(&node->port);
    }
    wtl__loop_destroy(node->loop);
    wtl_tls_context_destroy(node->tls);
    wtl__revocation_destroy(node->revocation);
    wtl_bundle_deinit(&node->bundle);
    wtl__incarnation_deinit(&node->incarnation);
    if (node->stop_read >= 0) {
        (void)close(node->stop_read);
        (void)close(node->stop_write);
    }
    free(node);
}

/* ---- questions ------------------------------------------------------------------------------ */

const struct wtl_identity *wtl__node_identity(const struct wtl__node *node)
{
    return &node->bundle.identity;
}

uint64_t wtl__node_id(const struct wtl__node *node)
{
    return node->id;
}

const char *wtl__node_address(const struct wtl__node *node)
{
    return wtl__net_address(node->net);
}

struct wtl_runtime *wtl__node_runtime(struct wtl__node *node)
{
    return node->runtime;
}

struct wtl__loop *wtl__node_loop(struct wtl__node *node)
{
    return node->loop;
}

struct wtl__port *wtl__node_port(struct wtl__node *node)
{
    return &node->port;
}

struct wtl__net *wtl__node_net(struct wtl__node *node)
{
    return node->net;
}
