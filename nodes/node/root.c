/* root.c - see root.h. */
#include "node/root.h"

struct root {
    struct wtl__root_config *config;
    struct wtl_pid tree; /* none: not started, or there is none */
    bool is_stopping;
};

static enum wtl_status root_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    struct root *root = self;
    (void)args;
    root->config = ((const struct wtl__root_settings *)settings)->config;
    wtl_trap_exits(x, true);
    return WTL_OK;
}

static void answer_ping(struct wtl_ctx *x, const struct root *root, const struct wtl_msg *message)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 96);
    wtl_put_map(&body, 3);
    WTL_PUT_KEY(&body, "node");
    wtl_put_u64(&body, root->config->node);
    WTL_PUT_KEY(&body, "name");
    wtl_put_strz(&body, root->config->name);
    WTL_PUT_KEY(&body, "layer");
    wtl_put_strz(&body, root->config->layer);
    wtl_reply(x, message, &body);
}

/* The node has spawned what comes before: now what it was configured with. */
static void start(struct wtl_ctx *x, struct root *root)
{
    for (uint32_t i = 0; i < root->config->vital_count; i++) {
        (void)wtl_monitor(x, root->config->vital[i]);
    }
    if (root->config->tree != NULL && wtl_pid_is_none(root->tree)) {
        root->tree =
            wtl_supervise(x, root->config->tree, &(struct wtl_spawn_options){.link = true});
    }
}

static enum wtl_status root_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct root *root = self;
    if (wtl_is(message, "start") && wtl_pid_is_none(message->from)) {
        start(x, root);
        return WTL_OK;
    }
    if (wtl_is(message, "ping")) {
        answer_ping(x, root, message);
        return WTL_OK;
    }
    for (uint32_t i = 0; i < root->config->verbs_count; i++) {
        const struct wtl__root_verb *verb = &root->config->verbs[i];
        if (wtl_tag_equal(verb->tag, message->tag)) {
            return verb->run(x, verb->context, message);
        }
    }
    if (message->request != 0) {
        wtl_reply_error(x, message, WTL_UNSUPPORTED, NULL);
    }
    return WTL_OK; /* anybody may send to it; what it does not know is dropped */
}

static enum wtl_status root_exited(struct wtl_ctx *x, void *self, const struct wtl_exit *exit)
{
    struct root *root = self;
    if (!wtl_pid_equal(exit->from, root->tree)) {
        return WTL_OK; /* an exit signal from outside: the root cannot be ended so */
    }
    root->tree = WTL_PID_NONE;
    if (root->is_stopping) {
        wtl_done(x, WTL_OK);
    } else if (root->config->ended != NULL) {
        root->config->ended(root->config->context, exit->from, exit->reason);
    }
    return WTL_OK;
}

/* A vital actor. One that ends in order is being stopped with the node. */
static enum wtl_status root_down(struct wtl_ctx *x, void *self, const struct wtl_down *down)
{
    const struct root *root = self;
    (void)x;
    if (down->reason.class_ != WTL_EXIT_SHUTDOWN && !root->is_stopping &&
        root->config->ended != NULL) {
        root->config->ended(root->config->context, down->pid, down->reason);
    }
    return WTL_OK;
}

static enum wtl_status root_stop(struct wtl_ctx *x, void *self, struct wtl_reason reason)
{
    struct root *root = self;
    (void)reason;
    if (wtl_pid_is_none(root->tree)) {
        return WTL_OK;
    }
    root->is_stopping = true;
    wtl_exit(x, root->tree, WTL_REASON(WTL_EXIT_SHUTDOWN, "shutdown"));
    return WTL_LATER;
}

const struct wtl_actor wtl__root_actor = {.size = sizeof(struct wtl_actor),
                                          .name = "root",
                                          .summary = "The first actor of a node.",
                                          .state_size = sizeof(struct root),
                                          .settings_size = sizeof(struct wtl__root_settings),
                                          .mailbox_policy = WTL_MAILBOX_REJECT,
                                          .init = root_init,
                                          .handle = root_handle,
                                          .exited = root_exited,
                                          .down = root_down,
                                          .stop = root_stop};
