/* inspect_kit.c - see inspect_kit.h. */
#include "inspect_kit.h"

#include <stdlib.h>
#include <string.h>

#include "cli/table.h"
#include "node/root.h"

const struct wtl_actor ikit_idle = {.size = sizeof(struct wtl_actor), .name = "idle"};

static void keep_reply(struct ikit *kit, const struct wtl__envelope *envelope)
{
    free(kit->bytes);
    kit->replies++;
    kit->size = envelope->msg.size;
    kit->bytes = malloc(kit->size + 1);
    cr_assert(kit->bytes != NULL);
    if (kit->size > 0) {
        memcpy(kit->bytes, envelope->msg.bytes, kit->size);
    }
}

static void source_ask(void *context, struct wtl_pid asker, uint64_t request,
                       enum wtl__mesh_question question, uint64_t node)
{
    struct ikit *kit = context;
    struct wtl_writer body;
    kit->asked++;
    if (kit->mesh_is_silent) {
        return;
    }
    (void)wtl__message_open(&body, 256);
    if (question == WTL__MESH_WHO) {
        cr_expect_eq(node, KIT_OTHER);
        if (kit->other_layer != 0) {
            wtl_put_array(&body, 2);
            wtl_put_strz(&body, "other-1");
            wtl_put_u64(&body, kit->other_layer);
        }
    } else {
        wtl_put_raw(&body, kit->mesh_bytes, wtl_written(&kit->mesh));
    }
    wtl__answer(&kit->step.runtime, NULL, asker, request, WTL_OK, asker,
                wtl__message_take(&body, WTL__ANSWER));
}

static void source_reply(void *context, uint64_t connection, struct wtl__envelope *reply)
{
    struct ikit *kit = context;
    cr_expect_eq(connection, 7);
    cr_assert(reply != NULL);
    keep_reply(kit, reply);
    wtl__envelope_free(reply);
}

/* Whatever leaves the node ends here. */
static enum wtl_status port_send(void *port, struct wtl__ctx *x, struct wtl_pid to,
                                 struct wtl__envelope *envelope)
{
    struct ikit *kit = port;
    (void)x;
    kit->sent++;
    kit->sent_to = to;
    kit->sent_request = envelope->msg.request;
    if (envelope->msg.kind_ == WTL__REPLY) {
        kit->has_status = true;
        kit->status = wtl__get_status(envelope);
        keep_reply(kit, envelope);
    }
    wtl__envelope_free(envelope);
    return WTL_OK;
}

static enum wtl_status port_send_name(void *port, struct wtl__ctx *x, const char *name,
                                      struct wtl__envelope *envelope)
{
    (void)port;
    (void)x;
    (void)name;
    wtl__envelope_free(envelope);
    return WTL_NOT_FOUND;
}

static const struct wtl__port_ops port_ops = {.send = port_send, .send_name = port_send_name};

/* `$node`, as far as it concerns questions. */
struct root_settings {
    struct ikit *kit;
};

struct root_state {
    struct ikit *kit;
};

static enum wtl_status root_init(struct wtl_ctx *x, void *self, const void *settings,
                                 const struct wtl_msg *args)
{
    (void)x;
    (void)args;
    ((struct root_state *)self)->kit = ((const struct root_settings *)settings)->kit;
    return WTL_OK;
}

static enum wtl_status root_handle(struct wtl_ctx *x, void *self, const struct wtl_msg *message)
{
    struct root_state *root = self;
    return wtl_tag_equal(message->tag, WTL__INSPECT_TAG)
               ? wtl__inspect_hand_on(x, &root->kit->inspect, message)
               : WTL_OK;
}

static const struct wtl_actor root = {.size = sizeof(struct wtl_actor),
                                      .name = "root",
                                      .state_size = sizeof(struct root_state),
                                      .settings_size = sizeof(struct root_settings),
                                      .init = root_init,
                                      .handle = root_handle};

void ikit_init(struct ikit *kit)
{
    struct wtl__desk *desk = kit->desk;
    memset(kit, 0, sizeof *kit);
    kit->desk = desk;
    cr_assert_eq(wtl__step_init(&kit->step, KIT_NODE, 42), WTL_OK);
    kit->step.runtime.port = &port_ops;
    kit->step.runtime.port_self = kit;
    kit->mesh = wtl_writer_over(kit->mesh_bytes, sizeof kit->mesh_bytes);
    struct root_settings settings = {.kit = kit};
    struct wtl_spawn_options options = {.name = WTL__ROOT_NAME, .settings = &settings};
    kit->root = wtl__spawn(&kit->step.runtime, NULL, &root, &options, WTL__CELL_SYSTEM);
    struct wtl__inspect_config config = {
        .source = {.context = kit, .ask = source_ask, .reply = source_reply},
        .desk = desk,
        .name = "edge-1",
        .layer = WTL_LAYER_EDGE};
    kit->inspect = wtl__inspect_spawn(&kit->step.runtime, &config);
    wtl__step_settle(&kit->step);
}

void ikit_deinit(struct ikit *kit)
{
    wtl__step_deinit(&kit->step);
    free(kit->bytes);
}

static struct wtl__request request_of(const char *verb, const char *arg)
{
    struct wtl__request request = {.timeout_ms = 5000, .args_count = arg != NULL};
    (void)snprintf(request.verb, sizeof request.verb, "%s", verb);
    (void)snprintf(request.args[0], sizeof request.args[0], "%s", arg != NULL ? arg : "");
    return request;
}

static void ask(struct ikit *kit, uint64_t node, const struct wtl__request *request)
{
    struct wtl__envelope *question = wtl__inspect_question(7, node, request);
    cr_assert(question != NULL);
    cr_assert_eq(wtl__deliver(&kit->step.runtime, NULL, kit->inspect, question), WTL_OK);
    wtl__step_settle(&kit->step);
}

void ikit_ask_with(struct ikit *kit, const struct wtl__request *request)
{
    ask(kit, 0, request);
}

void ikit_ask(struct ikit *kit, uint64_t node, const char *verb, const char *arg)
{
    struct wtl__request request = request_of(verb, arg);
    ask(kit, node, &request);
}

static struct wtl__request request_of_two(const char *verb, const char *first, const char *second)
{
    struct wtl__request request = request_of(verb, first);
    request.args_count = 2;
    (void)snprintf(request.args[1], sizeof request.args[1], "%s", second);
    return request;
}

void ikit_ask_two(struct ikit *kit, const char *verb, const char *first, const char *second)
{
    struct wtl__request request = request_of_two(verb, first, second);
    ask(kit, 0, &request);
}

static void ask_as_other(struct ikit *kit, const struct wtl__request *request)
{
    struct wtl_writer body;
    (void)wtl__message_open(&body, 256);
    wtl__request_put(&body, request);
    struct wtl__envelope *call = wtl__message_take(&body, WTL__CALL);
    cr_assert(call != NULL);
    call->msg.tag = WTL__INSPECT_TAG;
    call->msg.from = (struct wtl_pid){.node = KIT_OTHER, .local = 99};
    call->msg.request = 1234;
    cr_assert_eq(wtl__deliver(&kit->step.runtime, NULL, kit->root, call), WTL_OK);
    wtl__step_settle(&kit->step);
}

void ikit_ask_as_other(struct ikit *kit, const char *verb, const char *arg)
{
    struct wtl__request request = request_of(verb, arg);
    ask_as_other(kit, &request);
}

void ikit_ask_two_as_other(struct ikit *kit, const char *verb, const char *first,
                           const char *second)
{
    struct wtl__request request = request_of_two(verb, first, second);
    ask_as_other(kit, &request);
}

struct wtl__reply ikit_reply(struct ikit *kit)
{
    struct wtl__reply reply;
    cr_assert(kit->bytes != NULL, "nothing was answered");
    cr_assert_eq(wtl__reply_read(kit->bytes, kit->size, &reply), WTL_OK);
    return reply;
}

char *ikit_text(struct ikit *kit, bool json)
{
    struct wtl__reply reply = ikit_reply(kit);
    struct wtl__table table;
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    if (reply.shape == 0) {
        wtl__print_clean(file, reply.text, reply.text_size);
    } else {
        cr_assert_eq(wtl__table_init(&table, &reply), WTL_OK);
        if (json) {
            wtl__table_json(&table, file);
        } else {
            wtl__table_print(&table, (struct wtl__table_style){0}, file);
        }
        wtl__table_deinit(&table);
    }
    (void)fclose(file);
    return text;
}

struct wtl_pid ikit_spawn(struct ikit *kit, const char *name)
{
    struct wtl_spawn_options options = {.name = name};
    struct wtl_pid pid = wtl__spawn(&kit->step.runtime, NULL, &ikit_idle, &options, 0);
    wtl__step_settle(&kit->step);
    return pid;
}
