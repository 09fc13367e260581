/* host_flows.c - flows that are managed on this node: starting, stopping, listing. See host.h. */
#include "flow/host_private.h"
#include "flow/pack.h"

#include <stdlib.h>

static struct wtl_hosted *manager_of(struct wtl_host *host, const struct wtl_host_flow *flow)
{
    struct wtl_hosted *hosted = host->hosted;
    while (hosted != NULL && (flow == NULL || hosted->flow != flow || !hosted->manager)) {
        hosted = hosted->next;
    }
    return hosted;
}

struct request {
    const uint8_t *packed;
    size_t packed_size;
    const char *source;
    size_t source_size;
};

static bool read_request(const struct wtl_msg *message, struct request *request_out)
{
    struct wtl_reader reader = wtl_read(message);
    *request_out = (struct request){.source = ""};
    for (uint32_t left = wtl_get_map(&reader); left > 0 && !reader.failed; left--) {
        if (WTL_GET_KEY(&reader, "packed")) {
            request_out->packed = wtl_get_bin(&reader, &request_out->packed_size);
        } else if (WTL_GET_KEY(&reader, "source")) {
            request_out->source = wtl_get_str(&reader, &request_out->source_size);
        } else {
            wtl_skip(&reader);
            wtl_skip(&reader);
        }
    }
    return !reader.failed && request_out->packed != NULL &&
           request_out->source_size <= WTL_FLOW_SOURCE_MAX;
}

static struct wtl_flow_manager_source *source_of(struct wtl_ctx *x, const struct request *request,
                                                 const char *name)
{
    struct wtl_flow_manager_source *source =
        malloc(sizeof *source + request->packed_size + request->source_size);
    if (source != NULL) {
        *source = (struct wtl_flow_manager_source){
            .host = wtl_self(x),
            .packed_size = (uint32_t)request->packed_size,
            .source_size = (uint32_t)request->source_size,
        };
        memcpy(source->name, name, strnlen(name, WTL_NAME_MAX)); /* it was zeroed */
        memcpy(source->bytes, request->packed, request->packed_size);
        if (request->source_size > 0) {
            memcpy(source->bytes + request->packed_size, request->source, request->source_size);
        }
    }
    return source;
}

/* The flow is valid, and `name` is its own. */
static void start(struct wtl_ctx *x, struct wtl_host *host, const struct request *request,
                  const char *name, const struct wtl_msg *message)
{
    struct wtl_host_flow *flow = wtl__host_flow(host, name, strlen(name));
    if (manager_of(host, flow) != NULL) {
        wtl__host_refuse(x, message, WTL_EXISTS, "the flow is managed here already: stop it first");
        return;
    }
    flow = flow != NULL ? flow : wtl__host_flow_new(x, host, name, strlen(name));
    struct wtl_flow_manager_source *source = flow != NULL ? source_of(x, request, name) : NULL;
    struct wtl_hosted *hosted = source != NULL ? wtl__hosted_new(x, host, flow) : NULL;
    if (hosted == NULL) {
        free(source);
        wtl__host_refuse(x, message, WTL_FULL,
                         "no room for one more flow on this node, or its name is too long");
        if (flow != NULL) {
            wtl__host_flow_end(x, host, flow);
        }
        return;
    }
    source->number = hosted->number;
    hosted->manager = true;
    hosted->source = source;
    flow->starter = wtl_defer(x, message);
    wtl__hosted_start(x, hosted);
}

void wtl__host_start(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    struct request request;
    struct wtl_error error = {0};
    if (!read_request(message, &request)) {
        wtl__host_refuse(x, message, WTL_BAD_PAYLOAD, "expected {packed: bin, source: str}");
        return;
    }
    struct wtl_flow_ast *ast = wtl_alloc(x, sizeof *ast);
    struct wtl_units *units = wtl_alloc(x, sizeof *units);
    struct wtl_reader reader = wtl_reader_over(request.packed, request.packed_size);
    enum wtl_status status = ast != NULL && units != NULL ? WTL_OK : WTL_NO_MEMORY;
    status = status == WTL_OK ? wtl_flow_from_pack(ast, &reader, &error) : status;
    status = status == WTL_OK ? wtl_units_of(ast, units, &error) : status;
    if (status != WTL_OK) {
        wtl__host_refuse(x, message, status, error.text);
    } else {
        start(x, host, &request, wtl_flow_str(ast, ast->name), message);
    }
    wtl_free(x, ast);
    wtl_free(x, units);
}

void wtl__host_held(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    uint64_t number = 0;
    struct wtl_hosted *hosted = host->hosted;
    bool shape = wtl__flow_get_numbers(message, &number, 1);
    while (hosted != NULL && (hosted->number != number || !hosted->manager)) {
        hosted = hosted->next;
    }
    if (!shape || hosted == NULL || hosted->flow == NULL) {
        return;
    }
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_ENDED)) {
        wtl__hosted_stop(x, hosted);
        return;
    }
    struct wtl_from starter = hosted->flow->starter;
    hosted->flow->starter = (struct wtl_from){0};
    if (wtl_tag_equal(message->tag, WTL_HOST_TAG_TAKEN)) {
        wtl_log(x, WTL_LOG_ERROR, "flow: it is managed by another node: the manager here ends");
        wtl__hosted_stop(x, hosted);
        wtl_reply_error_to(x, starter, WTL_EXISTS, NULL);
        return;
    }
    hosted->pid = message->from;
    hosted->state = WTL_HOSTED_RUNNING;
    if (hosted->ending) { /* it had ended itself before it could end the flow */
        wtl_tell(x, hosted->pid, WTL_HOST_TAG_END, NULL);
    }
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 64);
    wtl_putf(&body, "node=%lu local=%lu", (unsigned long)message->from.node,
             (unsigned long)message->from.local);
    wtl_reply_to(x, starter, &body);
}

void wtl__host_stop(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    char name[WTL_FLOW_NAME_MAX + 1];
    if (wtl_getf(message, "name=%63s", name) != WTL_OK) {
        wtl__host_refuse(x, message, WTL_BAD_PAYLOAD, "expected {name: str}");
        return;
    }
    struct wtl_hosted *hosted = manager_of(host, wtl__host_flow(host, name, strlen(name)));
    if (hosted == NULL || hosted->ending) {
        wtl__host_refuse(x, message, WTL_NOT_FOUND, "no flow of that name is managed here");
        return;
    }
    hosted->ending = true; /* the manager ends what runs everywhere, and then itself */
    wtl_tell(x, hosted->pid, WTL_HOST_TAG_END, NULL);
    wtl_reply(x, message, NULL);
}

void wtl__host_list(struct wtl_ctx *x, struct wtl_host *host, const struct wtl_msg *message)
{
    struct wtl_writer body;
    (void)wtl_message_open(x, &body, 256);
    wtl_put_array(&body, host->flow_count);
    for (const struct wtl_host_flow *flow = host->flows; flow != NULL; flow = flow->next) {
        uint32_t units = 0;
        bool managed = false;
        for (const struct wtl_hosted *h = host->hosted; h != NULL; h = h->next) {
            units += h->flow == flow && !h->manager;
            managed |= h->flow == flow && h->manager;
        }
        wtl_put_array(&body, 4);
        wtl_put_strz(&body, flow->name);
        wtl_put_u64(&body, flow->epoch);
        wtl_put_bool(&body, managed);
        wtl_put_u64(&body, units);
    }
    wtl_reply(x, message, &body);
}
